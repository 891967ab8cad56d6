"""Orders on quotes and trades, as the paper broker works them."""

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.model import costs
from sting.model import market
from sting.model import orders
from sting.simulator import ticks
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

SECOND = market.NANOSECONDS
order = worlds.order


def quote(at, bid, ask, bid_size=100.0, ask_size=100.0, symbol='AAPL'):
    """A quote so many seconds after the decision."""
    stamp = worlds.DECIDED + at * SECOND
    return market.Quote(symbol, stamp, bid, ask, bid_size, ask_size)


def trade(at, price, size, symbol='AAPL'):
    return market.Trade(symbol, worlds.DECIDED + at * SECOND, price, size)


@pytest.fixture
def traded():
    return ticks.TickMarket(
        session_close=worlds.session_close, session_open=worlds.session_open
    )


def fills(reports):
    return [
        (one.order_id, one.quantity, one.price)
        for one in reports
        if isinstance(one, orders.Fill)
    ]


def test_a_market_order_pays_what_is_asked(traded):
    traded.submit(order(), worlds.DECIDED)
    told = fills(traded.on_quote(quote(1, 99.0, 101.0)))
    assert told == [('o1', 10.0, 101.0)]


def test_a_sale_gets_what_is_bid(traded):
    traded.submit(order(side='sell'), worlds.DECIDED)
    told = fills(traded.on_quote(quote(1, 99.0, 101.0)))
    assert told == [('o1', 10.0, 99.0)]


def test_nothing_slips_from_a_quote():
    traded = ticks.TickMarket(costs.CostModel(slippage_bps=10.0))
    traded.submit(order(), worlds.DECIDED)
    assert fills(traded.on_quote(quote(1, 99.0, 100.0))) == [
        ('o1', 10.0, 100.0)
    ]
    traded.submit(order('o2', created=worlds.DECIDED), worlds.DECIDED)
    (later,) = fills(traded.on_bar(worlds.bar(5, 100.0, 101.0, 99.0)))
    assert later[2] == pytest.approx(100.1)


def test_no_more_fills_than_is_shown(traded):
    traded.submit(order(quantity=250.0), worlds.DECIDED)
    told = [
        fills(traded.on_quote(quote(1, 99.0, 101.0))),
        fills(traded.on_quote(quote(2, 99.0, 102.0))),
        fills(traded.on_quote(quote(3, 99.0, 103.0))),
    ]
    assert told == [
        [('o1', 100.0, 101.0)],
        [('o1', 100.0, 102.0)],
        [('o1', 50.0, 103.0)],
    ]


def test_what_was_taken_is_gone_until_the_side_changes(traded):
    traded.submit(order(quantity=250.0), worlds.DECIDED)
    traded.on_quote(quote(1, 99.0, 101.0))
    assert fills(traded.on_quote(quote(2, 98.0, 101.0))) == []
    again = quote(3, 98.0, 101.0, ask_size=120.0)
    assert fills(traded.on_quote(again)) == [('o1', 120.0, 101.0)]


def test_orders_of_one_side_share_what_is_shown(traded):
    for name in ('o1', 'o2'):
        traded.submit(order(name, quantity=80.0), worlds.DECIDED)
    assert fills(traded.on_quote(quote(1, 99.0, 101.0))) == [
        ('o1', 80.0, 101.0),
        ('o2', 20.0, 101.0),
    ]


def test_a_size_that_is_not_known_fills_whole(traded):
    traded.submit(order(quantity=500.0), worlds.DECIDED)
    told = fills(traded.on_quote(quote(1, 99.0, 101.0, ask_size=0.0)))
    assert told == [('o1', 500.0, 101.0)]


def test_a_limit_fills_once_it_is_crossed(traded):
    traded.submit(order(type='limit', price=100.0), worlds.DECIDED)
    assert fills(traded.on_quote(quote(1, 99.0, 100.5))) == []
    told = fills(traded.on_quote(quote(2, 99.0, 99.5)))
    assert told == [('o1', 10.0, 99.5)]


def test_a_stop_is_triggered_by_the_side_that_it_trades_with(traded):
    traded.submit(
        order(side='sell', type='stop', stop_price=98.0), worlds.DECIDED
    )
    assert fills(traded.on_quote(quote(1, 98.5, 99.0))) == []
    assert fills(traded.on_quote(quote(2, 97.5, 99.0))) == [('o1', 10.0, 97.5)]


def test_a_resting_limit_waits_for_those_before_it(traded):
    traded.on_quote(quote(1, 100.0, 101.0, bid_size=50.0))
    bid = order(type='limit', price=100.0, created=worlds.DECIDED + SECOND)
    traded.submit(bid, worlds.DECIDED + SECOND)
    assert fills(traded.on_trade(trade(2, 100.0, 30.0))) == []
    assert fills(traded.on_trade(trade(3, 100.0, 24.0))) == [('o1', 4.0, 100.0)]
    assert fills(traded.on_trade(trade(4, 100.0, 50.0))) == [('o1', 6.0, 100.0)]


def test_a_trade_through_a_limit_fills_it(traded):
    traded.on_quote(quote(1, 100.0, 101.0, bid_size=50.0))
    bid = order(type='limit', price=100.0, created=worlds.DECIDED + SECOND)
    traded.submit(bid, worlds.DECIDED + SECOND)
    assert fills(traded.on_trade(trade(2, 99.9, 7.0))) == [('o1', 7.0, 100.0)]


def test_cancels_before_it_shorten_the_line(traded):
    traded.on_quote(quote(1, 100.0, 101.0, bid_size=50.0))
    bid = order(type='limit', price=100.0, created=worlds.DECIDED + SECOND)
    traded.submit(bid, worlds.DECIDED + SECOND)
    traded.on_quote(quote(2, 100.0, 101.0, bid_size=5.0))
    assert fills(traded.on_trade(trade(3, 100.0, 8.0))) == [('o1', 3.0, 100.0)]


def test_inside_the_spread_it_is_the_first(traded):
    traded.on_quote(quote(1, 99.0, 101.0))
    bid = order(type='limit', price=100.0, created=worlds.DECIDED + SECOND)
    traded.submit(bid, worlds.DECIDED + SECOND)
    assert fills(traded.on_trade(trade(2, 100.0, 4.0))) == [('o1', 4.0, 100.0)]


def test_below_the_best_price_it_joins_last_when_that_comes(traded):
    traded.on_quote(quote(1, 100.0, 101.0))
    bid = order(type='limit', price=99.0, created=worlds.DECIDED + SECOND)
    traded.submit(bid, worlds.DECIDED + SECOND)
    assert fills(traded.on_trade(trade(2, 99.0, 500.0))) == []
    traded.on_quote(quote(3, 99.0, 101.0, bid_size=20.0))
    assert fills(traded.on_trade(trade(4, 99.0, 23.0))) == [('o1', 3.0, 99.0)]


def test_another_price_is_another_line(traded):
    traded.on_quote(quote(1, 100.0, 101.0, bid_size=50.0))
    bid = order(type='limit', price=100.5, created=worlds.DECIDED + SECOND)
    traded.submit(bid, worlds.DECIDED + SECOND)
    traded.replace('o1', worlds.DECIDED + SECOND, price=100.0)
    assert fills(traded.on_trade(trade(2, 100.0, 50.0))) == []
    assert fills(traded.on_trade(trade(3, 100.0, 2.0))) == [('o1', 2.0, 100.0)]


def test_less_keeps_the_place(traded):
    traded.on_quote(quote(1, 100.0, 101.0, bid_size=50.0))
    bid = order(type='limit', price=100.0, created=worlds.DECIDED + SECOND)
    traded.submit(bid, worlds.DECIDED + SECOND)
    traded.on_trade(trade(2, 100.0, 50.0))
    traded.replace('o1', worlds.DECIDED + SECOND, quantity=5.0)
    assert fills(traded.on_trade(trade(3, 100.0, 9.0))) == [('o1', 5.0, 100.0)]


def test_without_quotes_a_trade_is_a_price(traded):
    traded.submit(order(), worlds.DECIDED)
    traded.submit(order('o2', type='limit', price=99.0), worlds.DECIDED)
    assert fills(traded.on_trade(trade(1, 100.0, 6.0))) == [('o1', 6.0, 100.0)]
    assert fills(traded.on_trade(trade(2, 99.0, 4.0))) == [('o1', 4.0, 99.0)]
    assert fills(traded.on_trade(trade(3, 98.9, 99.0))) == [('o2', 10.0, 98.9)]


def test_bars_fill_nothing_while_there_are_quotes(traded):
    traded.on_quote(quote(30, 99.0, 101.0))
    later = worlds.DECIDED + 31 * SECOND
    traded.submit(order(created=later), later)
    assert traded.on_bar(worlds.bar(1, 100.0, 101.0, 99.0)) == []
    told = fills(traded.on_bar(worlds.bar(3, 100.0, 101.0, 99.0)))
    assert told == [('o1', 10.0, 100.0)]


def test_the_close_is_that_of_the_bar(traded):
    traded.submit(order(type='market_on_close', tif='day'), worlds.DECIDED)
    traded.on_quote(quote(570, 99.0, 101.0))
    told = fills(traded.on_bar(worlds.bar(10, 100.0, 106.0, 99.0, close=105.0)))
    assert told == [('o1', 10.0, 105.0)]


def test_an_order_for_an_auction_stands_in_no_line(traded):
    traded.on_quote(quote(0, 99.0, 101.0))
    terms = {'price': 99.0, 'tif': 'day'}
    traded.submit(order(type='limit_on_close', **terms), worlds.DECIDED)
    assert traded.on_trade(trade(1, 98.0, 1000.0)) == []
    assert traded.on_quote(quote(2, 90.0, 91.0)) == []
    told = fills(traded.on_bar(worlds.bar(10, 100.0, 106.0, 97.0, close=98.0)))
    assert told == [('o1', 10.0, 98.0)]


def test_one_moment_fills_an_order_once(traded):
    traded.submit(order(quantity=250.0), worlds.DECIDED)
    traded.on_quote(quote(1, 99.0, 101.0))
    assert fills(traded.on_quote(quote(1, 99.0, 102.0))) == []
    assert fills(traded.on_quote(quote(2, 99.0, 102.0)))


def test_an_order_for_the_day_ends_on_a_quote(traded):
    traded.submit(order(type='limit', price=50.0, tif='day'), worlds.DECIDED)
    (told,) = traded.on_quote(quote(700, 99.0, 101.0))
    assert told.status is orders.OrderStatus.EXPIRED


def test_what_stood_before_orders_that_are_gone_is_forgotten(traded):
    traded.on_quote(quote(0, 99.0, 101.0))
    for number in range(1_000):
        traded.submit(
            order(f'o{number}', type='limit', price=99.0), worlds.DECIDED
        )
        traded.cancel(f'o{number}', worlds.DECIDED)
    assert len(traded._ahead) < 100


moves = st.lists(
    st.tuples(
        st.sampled_from(['quote', 'trade', 'buy', 'sell', 'bid', 'offer']),
        st.integers(95, 105),
        st.integers(1, 3),
        st.integers(0, 40),
    ),
    max_size=40,
)


@worlds.patient
@hypothesis.given(moves)
def test_no_order_gets_more_or_worse_than_it_asked_for(steps):
    traded = ticks.TickMarket()
    sent = {}
    seen = set()
    for at, (what, price, spread, size) in enumerate(steps, start=1):
        now = worlds.DECIDED + at * SECOND
        told = []
        if what == 'quote':
            told = traded.on_quote(quote(at, price, price + spread, size, size))
        elif what == 'trade':
            told = traded.on_trade(trade(at, price, size + 1.0))
        else:
            limit = what in ('bid', 'offer')
            name = f'o{at}'
            sent[name] = order(
                name,
                'buy' if what in ('buy', 'bid') else 'sell',
                float(size + 1),
                'limit' if limit else 'market',
                price=float(price) if limit else None,
                created=now,
            )
            traded.submit(sent[name], now)
        for fill in told:
            if not isinstance(fill, orders.Fill):
                continue
            wanted = sent[fill.order_id]
            assert fill.execution_id not in seen
            seen.add(fill.execution_id)
            assert fill.timestamp > wanted.created
            if wanted.price is not None:
                sign = wanted.side.sign
                assert sign * (wanted.price - fill.price) >= 0
        filled = {}
        for left in traded.working():
            filled[left.id] = left.filled
            assert left.filled < left.quantity
