"""From the decision to the market."""

import pytest

from sting.model import costs
from sting.model import errors
from sting.model import orders
from sting.model import timeframes
from sting.simulator import latency
from sting.simulator import market as simulated
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

S = orders.OrderStatus
bar = worlds.bar
order = worlds.order
MINUTE = worlds.MINUTE


def market_with(milliseconds):
    return simulated.MarketSimulator(
        costs.CostModel(latency_ms=milliseconds),
        session_close=worlds.session_close,
        session_open=worlds.session_open,
    )


def filled(reports):
    return [each for each in reports if isinstance(each, orders.Fill)]


def test_the_bar_that_opens_before_the_arrival_fills_nothing():
    sim = market_with(50.0)
    sim.submit(order(), worlds.DECIDED)
    # It opened at the very moment of the decision.
    assert sim.on_bar(bar(1, 100, 101, 99)) == []
    (fill,) = sim.on_bar(bar(2, 102, 103, 101))
    assert fill.price == 102


def test_finer_bars_give_a_finer_answer():
    sim = market_with(500.0)
    sim.submit(order(), worlds.DECIDED)
    second = {'timeframe': '1s'}
    assert sim.on_bar(bar(1 / 60, 100, 101, 99, **second)) == []
    (fill,) = sim.on_bar(bar(2 / 60, 102, 103, 101, **second))
    assert fill.price == 102


def test_an_arrival_at_the_opening_is_in_time():
    sim = market_with(60_000.0)
    sim.submit(order(), worlds.DECIDED)
    assert filled(sim.on_bar(bar(2, 102, 103, 101)))


def test_the_exits_of_an_order_are_at_the_market_with_it():
    sim = market_with(50.0)
    sim.submit(order(type='limit', price=95.0, parent='o0'), worlds.DECIDED)
    assert sim.working()[0].parent == 'o0'
    assert filled(sim.on_bar(bar(1, 94, 95, 93)))


def test_without_a_latency_the_next_bar_fills():
    sim = market_with(0.0)
    sim.submit(order(), worlds.DECIDED)
    assert filled(sim.on_bar(bar(1, 100, 101, 99)))


def test_a_cancel_on_its_way_loses_against_a_fill():
    sim = market_with(50.0)
    sim.submit(order(type='limit', price=95.0), worlds.DECIDED)
    sim.on_bar(bar(1, 100, 101, 99))
    assert sim.cancel('o1', worlds.DECIDED + MINUTE) == []
    (fill,) = sim.on_bar(bar(2, 96, 97, 94))
    assert fill.price == 95


def test_a_cancel_takes_the_order_out_before_a_bar_that_opens_later():
    sim = market_with(50.0)
    sim.submit(order(type='limit', price=95.0), worlds.DECIDED)
    sim.cancel('o1', worlds.DECIDED)
    assert sim.on_bar(bar(1, 96, 97, 94)) == []
    (update,) = sim.on_bar(bar(2, 96, 97, 94))
    assert (update.order_id, update.status) == ('o1', S.CANCELLED)
    assert sim.working() == []


def test_a_cancel_that_comes_after_its_time_finds_it_expired():
    sim = market_with(120_000.0)
    expires = worlds.DECIDED + MINUTE
    sim.submit(
        order(type='limit', price=95.0, tif='gtd', expires=expires),
        worlds.DECIDED,
    )
    sim.cancel('o1', worlds.DECIDED)
    (update,) = sim.on_bar(bar(4, 96, 97, 94))
    assert update.status is S.EXPIRED


def test_a_report_says_that_a_cancel_is_on_its_way():
    sim = market_with(90_000.0)
    exits = {'side': 'sell', 'quantity': 10.0, 'parent': 'o', 'oco': 'o'}
    sim.submit(order('tp', type='limit', price=101.0, **exits), worlds.DECIDED)
    sim.submit(order('sl', type='stop', stop_price=95.0, **exits), 0)
    sim.cancel('sl', worlds.DECIDED)
    fill, update = sim.on_bar(bar(1, 100, 102, 99, volume=16.0))
    assert (fill.order_id, fill.quantity) == ('tp', 4.0)
    assert (update.order_id, update.quantity) == ('sl', 6.0)
    assert update.status is S.PENDING_CANCEL


def test_the_market_itself_takes_orders_out_at_once():
    sim = market_with(90_000.0)
    sim.submit(order('a', type='limit', price=95.0), worlds.DECIDED)
    sim.submit(order('b', type='limit', price=95.0), worlds.DECIDED)
    sim.cancel('a', worlds.DECIDED)
    (update,) = sim.cancel_all(worlds.DECIDED, keep={'b'})
    assert (update.order_id, update.status) == ('a', S.CANCELLED)
    assert [each.id for each in sim.working()] == ['b']


def test_a_second_cancel_does_not_delay_the_first():
    sim = market_with(90_000.0)
    sim.submit(order(type='limit', price=95.0), worlds.DECIDED)
    sim.cancel('o1', worlds.DECIDED)
    sim.cancel('o1', worlds.DECIDED + 3 * MINUTE)
    assert sim.on_bar(bar(3, 96, 97, 94))[0].status is S.CANCELLED


def test_a_change_holds_from_its_arrival_on():
    sim = market_with(50.0)
    sim.submit(order(type='limit', price=95.0), worlds.DECIDED)
    assert sim.replace('o1', worlds.DECIDED + MINUTE, price=98.0) == []
    assert sim.on_bar(bar(2, 99, 99, 97)) == []
    change, fill = sim.on_bar(bar(3, 99, 99, 97))
    assert (change.price, fill.price) == (98.0, 98.0)


def test_a_change_that_a_fill_made_void_leaves_the_order():
    sim = market_with(50.0)
    sim.submit(order(quantity=600.0), worlds.DECIDED)
    sim.on_bar(bar(2, 99, 99, 97, volume=2000.0))
    sim.replace('o1', worlds.DECIDED + 2 * MINUTE, quantity=550.0)
    sim.on_bar(bar(3, 99, 99, 97, volume=300.0))
    refused, fill = sim.on_bar(bar(4, 99, 99, 97))
    assert refused.status is S.PARTIALLY_FILLED
    assert 'filled already' in refused.message
    assert fill.quantity == 25.0


def test_a_change_that_makes_no_sense_is_told_at_once():
    sim = market_with(50.0)
    sim.submit(order(), worlds.DECIDED)
    with pytest.raises(errors.BrokerRejectedError):
        sim.replace('o1', worlds.DECIDED, price=98.0)


def test_an_order_that_misses_its_auction_waits_for_the_next():
    # Sessions open at 13, 23, ... minutes; it arrives a second too late.
    sim = market_with(181_000.0)
    sim.submit(order(type='market_on_open'), worlds.DECIDED)
    assert [
        at for at in range(1, 16) if filled(sim.on_bar(bar(at, 9, 9, 9)))
    ] == [14]


@pytest.mark.parametrize(
    ('kind', 'price'), [('market_on_open', 100), ('market_on_close', 103)]
)
def test_an_auction_needs_no_bar_that_opens_after_the_arrival(kind, price):
    sim = market_with(50.0)
    sim.submit(order(type=kind), worlds.DECIDED)
    # It opened at the decision; the auctions are at 13 and 20 minutes.
    (fill,) = filled(sim.on_bar(bar(10, 100, 104, 99, 103, timeframe='10m')))
    assert fill.price == price


def test_a_day_opens_with_its_session():
    lag = latency.Latency(1.0, worlds.session_open)
    daily = bar(20, 1, 1, 1, timeframe='1d')
    begun = daily.timestamp - timeframes.DAY
    assert lag.opening(daily) == worlds.session_open(begun)


def test_without_sessions_a_day_opens_a_day_before_its_close():
    lag = latency.Latency(1.0, None)
    daily = bar(20, 1, 1, 1, timeframe='1d')
    assert lag.opening(daily) == daily.timestamp - timeframes.DAY
