"""The market on quotes: at which side, how much, and when."""

import pytest

from sting.model import costs
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.simulator import quoted
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

S = orders.OrderStatus
INF = float('inf')
order = worlds.order
DECIDED, MINUTE = worlds.DECIDED, worlds.MINUTE


def quote(at, bid, ask, bid_size=1e6, ask_size=1e6, symbol='AAPL'):
    """A quote `at` minutes after the decision of `order`."""
    return market.Quote(
        symbol, DECIDED + round(at * MINUTE), bid, ask, bid_size, ask_size
    )


def opened(model=None, **options):
    return quoted.QuotedMarket(
        model,
        session_close=worlds.session_close,
        session_open=worlds.session_open,
        **options,
    )


@pytest.fixture
def sim():
    return opened()


def sent(sim, *many):
    for one in many:
        assert sim.submit(one, one.created)[0].status is not S.REJECTED
    return sim


def fills(reports):
    return [
        (one.order_id, one.quantity, one.price, one.tag)
        for one in reports
        if isinstance(one, orders.Fill)
    ]


def statuses(reports):
    return [
        (one.order_id, one.status)
        for one in reports
        if isinstance(one, orders.OrderUpdate)
    ]


@pytest.mark.parametrize(('side', 'price'), [('buy', 10.2), ('sell', 10.1)])
def test_a_market_order_fills_at_the_first_later_quote(sim, side, price):
    sent(sim, order(side=side))
    assert sim.on_quote(quote(0, 9.0, 9.1)) == []
    assert fills(sim.on_quote(quote(1, 10.1, 10.2))) == [
        ('o1', 10.0, price, 'quote')
    ]
    assert sim.working() == []


def test_the_size_there_bounds_what_is_had_and_later_quotes_give_the_rest():
    sim = sent(opened(participation=0.5), order('a'), order('b'))
    first = sim.on_quote(quote(1, 10.0, 10.1, ask_size=24.0))
    assert fills(first) == [
        ('a', 10.0, 10.1, 'quote'), ('b', 2.0, 10.1, 'quote')
    ]  # fmt: skip
    again = sim.on_quote(quote(2, 10.2, 10.3, ask_size=4.0))
    assert fills(again) == [('b', 2.0, 10.3, 'quote')]
    assert sim.working()[0].filled == 4.0


def test_a_size_of_nothing_is_not_known_and_fills_whole(sim):
    sent(sim, order(quantity=1e6))
    reports = sim.on_quote(quote(1, 10.0, 10.1, ask_size=0.0))
    assert fills(reports) == [('o1', 1e6, 10.1, 'quote')]


def test_each_side_has_a_size_of_its_own():
    sim = sent(opened(participation=1.0), order('a'), order('b', 'sell'))
    reports = sim.on_quote(quote(1, 10.0, 10.1, 7.0, 6.0))
    assert fills(reports) == [
        ('a', 6.0, 10.1, 'quote'), ('b', 7.0, 10.0, 'quote')
    ]  # fmt: skip


@pytest.mark.parametrize(
    ('side', 'limit', 'price'), [('buy', 9.9, 9.8), ('sell', 10.4, 10.6)]
)
def test_a_limit_fills_at_the_quote_that_reaches_it(sim, side, limit, price):
    sent(sim, order(side=side, type='limit', price=limit))
    assert sim.on_quote(quote(1, 10.0, 10.1)) == []
    far = (9.7, 9.8) if side == 'buy' else (10.6, 10.7)
    assert fills(sim.on_quote(quote(2, *far))) == [('o1', 10.0, price, 'quote')]


def test_a_limit_fills_where_the_other_side_stands_at_it(sim):
    sent(sim, order(type='limit', price=10.0))
    assert sim.on_quote(quote(1, 10.0, 10.01)) == []
    assert fills(sim.on_quote(quote(2, 9.9, 10.0)))


def test_a_stop_is_triggered_by_the_side_that_it_trades_with(sim):
    sent(sim, order('b', 'buy', type='stop', stop_price=10.5))
    sent(sim, order('s', 'sell', type='stop', stop_price=9.5))
    assert sim.on_quote(quote(1, 9.6, 10.4)) == []
    assert fills(sim.on_quote(quote(2, 9.4, 10.7))) == [
        ('b', 10.0, 10.7, 'stop'), ('s', 10.0, 9.4, 'stop')
    ]  # fmt: skip


def test_a_stop_that_gets_a_part_goes_on_as_a_market_order():
    sim = sent(opened(participation=1.0))
    sent(sim, order(side='sell', type='stop', stop_price=9.5))
    reports = sim.on_quote(quote(1, 9.4, 9.6, bid_size=4.0))
    assert fills(reports) == [('o1', 4.0, 9.4, 'stop')]
    assert fills(sim.on_quote(quote(2, 9.9, 10.0))) == [
        ('o1', 6.0, 9.9, 'quote')
    ]


def test_a_stop_limit_waits_for_its_limit_once_it_is_triggered(sim):
    sent(sim, order(type='stop_limit', stop_price=10.5, price=10.6))
    assert fills(sim.on_quote(quote(1, 10.6, 10.7))) == []
    assert fills(sim.on_quote(quote(2, 10.4, 10.45))) == [
        ('o1', 10.0, 10.45, 'quote')
    ]


def test_a_trailing_stop_follows_the_side_that_it_trades_with(sim):
    sim.on_quote(quote(0, 10.0, 10.4))
    sent(sim, order(side='sell', type='trailing_stop', trail=1.0))
    assert sim.working()[0].stop_price == 9.0
    sim.on_quote(quote(1, 10.5, 10.9))
    assert sim.working()[0].stop_price == 9.5
    assert fills(sim.on_quote(quote(2, 9.5, 9.9))) == [
        ('o1', 10.0, 9.5, 'stop')
    ]


def test_a_trailing_stop_begins_at_a_quote_that_was_passed_over(sim):
    quotes = [quote(-2, 9.0, 9.1), quote(-1, 10.0, 10.4)]
    stretch = market.Stretch(
        quotes, ['AAPL'] * 2, [each.timestamp for each in quotes],
        [each.middle for each in quotes], [1], True,
    )  # fmt: skip
    sim.pass_over(stretch, 0, 2)
    sent(sim, order(type='trailing_stop', trail=1.0))
    assert sim.working()[0].stop_price == 11.4


def test_of_several_symbols_each_has_its_last_quote(sim):
    quotes = [quote(-1, 9.0, 9.1), quote(-1, 5.0, 5.2, symbol='IBM')]
    stretch = market.Stretch(
        quotes, ['AAPL', 'IBM'], [each.timestamp for each in quotes],
        [each.middle for each in quotes], [], False,
    )  # fmt: skip
    sim.pass_over(stretch, 0, 2)
    sent(sim, order(symbol='IBM', type='trailing_stop', trail=1.0))
    assert sim.working()[0].stop_price == 6.2


def test_what_one_of_a_group_fills_cancels_the_others(sim):
    sent(
        sim,
        order('up', 'sell', type='limit', price=11.0, oco='g'),
        order('down', 'sell', type='stop', stop_price=9.0, oco='g'),
    )
    reports = sim.on_quote(quote(1, 11.2, 11.3))
    assert fills(reports) == [('up', 10.0, 11.2, 'quote')]
    assert ('down', S.CANCELLED) in statuses(reports)
    assert sim.working() == []


def test_of_a_group_of_both_sides_the_buy_comes_first(sim):
    sent(
        sim,
        order('s', 'sell', type='stop', stop_price=10.0, oco='g'),
        order('b', 'buy', type='stop', stop_price=10.1, oco='g'),
    )
    reports = sim.on_quote(quote(1, 10.0, 10.1))
    assert [each[0] for each in fills(reports)] == ['b']
    assert ('s', S.CANCELLED) in statuses(reports)


def test_immediate_or_cancel_has_one_quote(sim):
    sent(sim, order(tif='ioc', quantity=10.0))
    reports = sim.on_quote(quote(1, 9.0, 9.1, ask_size=16.0))
    assert fills(reports) == [('o1', 4.0, 9.1, 'quote')]
    assert statuses(reports) == [('o1', S.CANCELLED)]


def test_a_day_order_ends_with_the_session(sim):
    sent(sim, order(type='limit', price=1.0, tif='day'))
    assert sim.on_quote(quote(10, 9.0, 9.1)) == []
    assert statuses(sim.on_quote(quote(10.1, 9.0, 9.1))) == [('o1', S.EXPIRED)]


def test_an_order_on_open_has_the_first_quote_after_it(sim):
    sent(sim, order(type='market_on_open'))
    assert sim.on_quote(quote(3, 9.0, 9.1)) == []
    assert fills(sim.on_quote(quote(3.1, 9.2, 9.3))) == [
        ('o1', 10.0, 9.3, 'quote')
    ]


@pytest.mark.parametrize('kind', sorted(orders.ON_CLOSE))
def test_an_order_on_close_is_rejected(sim, kind):
    (update,) = sim.submit(order(type=kind), DECIDED)
    assert update.status is S.REJECTED
    assert 'quotes have no close' in update.message


def test_with_a_latency_only_quotes_after_the_arrival_count():
    sim = sent(opened(costs.CostModel(latency_ms=90_000)), order())
    assert sim.on_quote(quote(1, 9.0, 9.1)) == []
    assert fills(sim.on_quote(quote(1.5, 9.2, 9.3))) == [
        ('o1', 10.0, 9.3, 'quote')
    ]


def test_costs_come_on_top_of_the_spread():
    model = costs.CostModel(commission_bps=10.0, slippage_bps=100.0)
    sim = sent(opened(model), order())
    (fill,) = sim.on_quote(quote(1, 9.9, 10.0))
    assert fill.price == pytest.approx(10.1)
    assert fill.fee == pytest.approx(0.101)


@pytest.mark.parametrize(('ask', 'bps'), [(10.1, 1.0), (9.9, 5.0)])
def test_a_limit_that_the_quote_before_had_not_reached_is_a_maker(ask, bps):
    model = costs.CostModel(commission=costs.Commission(bps=5.0, maker_bps=1.0))
    sim = opened(model)
    sim.on_quote(quote(0, 9.5, ask))
    sent(sim, order(type='limit', price=10.0))
    (fill,) = sim.on_quote(quote(1, 9.5, 9.8))
    assert fill.fee == pytest.approx(98.0 * bps / 1e4)


@pytest.mark.parametrize(
    'model',
    [
        costs.CostModel(slippage=costs.Volatility(share=0.1)),
        costs.CostModel(slippage=costs.Volume(coefficient=0.1)),
        costs.CostModel(impact=costs.Impact(coefficient=1.0)),
    ],
)
def test_costs_that_look_back_on_bars_are_refused(model):
    with pytest.raises(errors.ConfigError, match='do not work on quotes'):
        opened(model)


def test_orders_that_wait_leave_a_band_free(sim):
    assert sim.band('AAPL') == quoted.Band(-INF, INF, -INF, INF, INF)
    sent(
        sim,
        order('a', 'buy', type='limit', price=9.0),
        order('b', 'buy', type='limit', price=8.0, tif='day'),
        order('c', 'buy', type='stop', stop_price=12.0),
        order('d', 'sell', type='limit', price=11.0),
        order('e', 'sell', type='stop_limit', stop_price=7.0, price=6.0),
    )
    assert sim.band('AAPL') == quoted.Band(
        7.0, 11.0, 9.0, 12.0, DECIDED + 10 * MINUTE
    )


def test_a_stop_limit_that_was_triggered_waits_as_a_limit(sim):
    sent(sim, order(type='stop_limit', stop_price=10.5, price=10.6))
    sim.on_quote(quote(1, 10.6, 10.7))
    assert sim.band('AAPL') == quoted.Band(-INF, INF, 10.6, INF, INF)


@pytest.mark.parametrize(
    'wants',
    [
        {},
        {'type': 'trailing_stop', 'trail': 1.0},
        {'type': 'limit', 'price': 1.0, 'tif': 'ioc'},
        {'type': 'market_on_open'},
    ],
)
def test_what_any_quote_may_change_leaves_nothing_free(sim, wants):
    assert sent(sim, order(**wants)).band('AAPL') is None


def test_a_stop_that_is_filled_in_part_leaves_nothing_free():
    sim = sent(opened(), order(type='stop', stop_price=10.5))
    sim.on_quote(quote(1, 10.6, 10.7, ask_size=4.0))
    assert sim.band('AAPL') is None


def test_with_a_latency_nothing_is_free():
    sim = opened(costs.CostModel(latency_ms=1.0))
    assert sent(sim, order(type='limit', price=1.0)).band('AAPL') is None
