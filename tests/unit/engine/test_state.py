"""The state: numbering, prices, orders, books, what is forgotten."""

import dataclasses

import hypothesis
from hypothesis import strategies as st
import msgspec
import pytest

from sting.engine import image
from sting.engine import state
from sting.model import commands
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from tests.unit.data import tables
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
BUY, SELL = worlds.BUY, worlds.SELL
DAY = state.DAY


@pytest.mark.parametrize('seq', [0, 1, 3])
def test_only_the_next_number_is_taken(seq):
    system = state.SystemState()
    seen = records.AlertSeen(up_to=0)
    system.apply(events.Event(1, 5, T.ALERT_SEEN, 'operator', seen))
    with pytest.raises(errors.StateError, match='cannot follow event 1'):
        system.apply(events.Event(seq, 6, T.ALERT_SEEN, 'operator', seen))
    assert (system.seq, system.time) == (1, 5)


def test_a_log_begins_with_its_id_mode_and_cash():
    system = worlds.World().state
    assert (system.log, system.mode) == ('ab', records.Mode.PAPER)
    assert system.portfolio.cash == system.day_equity == worlds.CASH
    assert system.rules[0] == 2
    assert system.rules[1].names == ('halted',)


def test_prices_come_from_bars_and_trades():
    world = worlds.World()
    world.bar('AAPL', 101.0)
    assert world.state.prices == {'AAPL': 101.0}
    assert world.state.last_bar == {'AAPL': world.now}
    world.tell(T.TRADE, market.Trade('AAPL', 1, 102.0, 5.0))
    assert world.state.prices == {'AAPL': 102.0}


def quote(symbol, bid, ask, timestamp=1):
    return market.Quote(symbol, timestamp, bid, ask, 1.0, 1.0)


def test_quotes_give_a_price_where_no_bar_and_no_trade_has():
    world = worlds.World()
    world.bar('IBM', 50.0)
    world.tell(T.QUOTE, quote('IBM', 60.0, 61.0))
    world.tell(T.QUOTE, quote('AAPL', 100.0, 101.0))
    world.tell(T.QUOTE, quote('AAPL', 101.0, 103.0))
    assert world.state.prices == {'IBM': 50.0, 'AAPL': 102.0}
    assert set(world.state.last_bar) == {'IBM'}


@pytest.mark.parametrize('kind', [T.MARKET_DATA, T.TRADE])
def test_a_bar_or_a_trade_counts_before_the_quotes_from_then_on(kind):
    world = worlds.World()
    world.tell(T.QUOTE, quote('AAPL', 100.0, 101.0))
    data = {
        T.MARKET_DATA: worlds.bar('AAPL', 90.0, worlds.NOON),
        T.TRADE: market.Trade('AAPL', worlds.NOON, 90.0, 1.0),
    }[kind]
    world.tell(kind, data, 'feed:test', 'AAPL')
    world.tell(T.QUOTE, quote('AAPL', 110.0, 111.0))
    assert world.state.prices == {'AAPL': 90.0}


def test_a_quote_that_gives_a_price_begins_the_day():
    world = worlds.World()
    world.tell(T.QUOTE, quote('AAPL', 99.0, 101.0, worlds.NOON))
    world.held(10.0)
    world.tell(T.QUOTE, quote('AAPL', 119.0, 121.0, worlds.NOON + 1))
    world.tell(T.QUOTE, quote('AAPL', 89.0, 91.0, worlds.NOON + DAY))
    assert world.state.day_equity == worlds.CASH + 200.0
    assert world.state.equity() == worlds.CASH - 100.0


def test_an_image_knows_whose_price_is_of_a_quote():
    world = worlds.World()
    world.tell(T.QUOTE, quote('AAPL', 100.0, 101.0))
    again = state.SystemState()
    image.restore(again, image.encode(image.capture(world.state)))
    assert again.quoted == {'AAPL'}


def test_an_open_bar_gives_a_price_and_is_not_the_last_bar():
    world = worlds.World()
    world.bar('AAPL', 101.0, closed=False)
    assert world.state.prices == {'AAPL': 101.0}
    assert world.state.last_bar == {}


def test_a_day_begins_with_the_equity_before_its_first_bar():
    world = worlds.World()
    world.held(10.0)
    world.bar('AAPL', 110.0)
    assert world.state.day_equity == worlds.CASH
    world.bar('AAPL', 150.0, timestamp=worlds.NOON + DAY)
    assert world.state.day_equity == worlds.CASH + 100.0
    assert world.state.equity() == worlds.CASH + 500.0


def test_a_bar_that_closes_at_midnight_belongs_to_the_day_that_ends():
    world = worlds.World()
    world.held(10.0)
    midnight = worlds.NOON + DAY // 2
    world.bar('AAPL', 110.0, timestamp=midnight)
    assert world.state.day_equity == worlds.CASH
    world.bar('AAPL', 150.0, timestamp=midnight + worlds.MINUTE)
    assert world.state.day_equity == worlds.CASH + 100.0


@pytest.mark.parametrize('kind', [T.MARKET_DATA, T.TRADE])
def test_the_first_price_of_a_day_begins_it_whatever_brings_it(kind):
    world = worlds.World()
    world.held(10.0)
    stamp = worlds.NOON + DAY
    data = {
        T.MARKET_DATA: worlds.bar('AAPL', 90.0, stamp, closed=False),
        T.TRADE: market.Trade('AAPL', stamp, 90.0, 1.0),
    }[kind]
    world.tell(kind, data, 'feed:test', 'AAPL')
    world.bar('AAPL', 80.0, timestamp=stamp + worlds.MINUTE)
    assert world.state.day_equity == worlds.CASH
    assert world.state.equity() == worlds.CASH - 200.0


def test_a_bar_kept_elsewhere_counts_as_one_event():
    world = worlds.World()
    seq = world.state.seq
    world.state.count(worlds.bar('AAPL', 101.0, timestamp=worlds.NOON + 7))
    assert world.state.seq == seq + 1
    assert world.state.time == worlds.NOON + 7
    assert world.state.prices == {'AAPL': 101.0}
    assert world.state.last_bar == {'AAPL': worlds.NOON + 7}


def test_working_orders_are_given_by_symbol_in_order_of_arrival():
    world = worlds.World()
    first = world.order(symbol='IBM')
    second = world.order(symbol='AAPL')
    third = world.order(symbol='IBM')
    assert [o.id for o in world.state.working('IBM')] == [first, third]
    assert [o.id for o in world.state.working()] == [first, third, second]
    assert world.state.working_count() == 3
    assert list(world.state.working('MSFT')) == []
    world.update(first, S.CANCELLED)
    assert [o.id for o in world.state.working('IBM')] == [third]
    assert world.state.working_count() == 2


def test_exposed_is_what_is_held_or_works():
    world = worlds.World()
    world.held(symbol='IBM')
    world.order(symbol='AAPL')
    world.order(symbol='IBM')
    world.update(world.order(symbol='MSFT'), S.CANCELLED)
    assert sorted(world.state.exposed()) == ['AAPL', 'IBM']


def test_done_orders_are_forgotten_beyond_the_bound(monkeypatch):
    monkeypatch.setattr(state, 'DONE_ORDERS', 3)
    world = worlds.World()
    working = world.accepted()
    ids = [world.accepted() for _ in range(5)]
    for order_id in ids:
        world.fill(order_id, 10.0)
    assert list(world.state.orders) == [working, *ids[2:]]
    assert not world.state.knows_execution(worlds.fill(ids[0], 10.0))
    assert world.state.knows_execution(worlds.fill(ids[4], 10.0))


def test_denied_orders_are_forgotten_too(monkeypatch):
    monkeypatch.setattr(state, 'DONE_ORDERS', 2)
    world = worlds.World()
    world.command(commands.Halt, who='operator')
    ids = [world.order() for _ in range(4)]
    assert list(world.state.orders) == ids[2:]


def test_an_order_done_in_several_steps_is_forgotten_once(monkeypatch):
    monkeypatch.setattr(state, 'DONE_ORDERS', 2)
    world = worlds.World()
    late = world.accepted()
    world.update(late, S.CANCELLED)
    world.fill(late, 4.0, execution_id='x1')
    world.fill(late, 6.0, execution_id='x2')
    assert world.status(late) is S.FILLED
    ids = [world.accepted() for _ in range(3)]
    for order_id in ids:
        world.update(order_id, S.CANCELLED)
    assert list(world.state.orders) == ids[1:]


def test_an_execution_is_known_by_order_and_id():
    world = worlds.World()
    order_id = world.accepted()
    world.fill(order_id, 4.0, execution_id='x1')
    knows = world.state.knows_execution
    assert knows(worlds.fill(order_id, 4.0, execution_id='x1'))
    assert not knows(worlds.fill(order_id, 4.0, execution_id='x2'))
    assert not knows(worlds.fill('other', 4.0, execution_id='x1'))


def test_a_strategys_fills_make_its_own_book():
    world = worlds.World()
    world.signal('ab-9-1-1', side=BUY, quantity=10.0)
    world.fill('ab-9-1-1', 10.0, 100.0, fee=1.0)
    world.held(5.0)
    assert world.state.book('sma').quantity('AAPL') == 10.0
    assert world.state.book('sma').cash == -1001.0
    assert world.state.portfolio.quantity('AAPL') == 15.0
    assert world.state.book('mean').cash == 0.0
    assert list(world.state.books) == ['sma']


def test_a_halt_is_kept_with_who_and_why_until_trading():
    world = worlds.World()
    world.command(commands.Halt, who='signal', reason='SIGQUIT')
    assert world.state.trading is records.TradingState.HALTED
    assert world.state.halted_by == 'signal: SIGQUIT'
    world.command(commands.Halt, who='operator')
    assert world.state.halted_by == 'operator'
    world.command(commands.Resume, confirm='RESUME')
    assert world.state.trading is records.TradingState.TRADING
    assert world.state.halted_by == ''


def test_no_strategy_outlives_its_engine():
    world = worlds.World()
    world.run('sma')
    world.command(commands.StartStrategy, name='mean')
    failed = records.StrategyStatus(
        strategy='old', status='failed', detail='why'
    )
    world.tell(T.STRATEGY_STATUS, failed)
    world.tell(
        T.SYSTEM_STATUS,
        records.SystemStatus(component='feed:demo', status='connected'),
    )
    assert world.state.strategies['sma'].status == 'running'
    world.tell(
        T.SYSTEM_STATUS,
        records.SystemStatus(component='engine', status='started'),
    )
    assert {n: s.status for n, s in world.state.strategies.items()} == {
        'sma': 'stopped',
        'mean': 'stopped',
        'old': 'failed',
    }
    assert world.state.strategies['old'].detail == 'why'


def test_a_verdict_may_let_less_through():
    world = worlds.World()
    system = world.state
    order = orders.Order(id='r', symbol='AAPL', side=BUY, quantity=10.0)
    verdict = records.Verdict(
        order_id='r', decision=records.Decision.REDUCE, quantity=4.0
    )
    world.tell(T.ORDER_REQUEST, order)
    assert not system.orders['r'].is_working
    world.tell(T.RISK_VERDICT, verdict)
    assert (system.orders['r'].status, system.orders['r'].quantity) == (
        S.SUBMITTED,
        4.0,
    )
    world.tell(T.RISK_VERDICT, verdict)
    assert system.orders['r'].status is S.SUBMITTED


def row(event):
    return (
        event.seq,
        event.timestamp,
        event.type.value,
        events.encode(event.data),
    )


class TestReplay:
    """Events as a log has them."""

    def traded(self):
        world = worlds.World()
        world.bar('AAPL', 100.0)
        world.held(5.0)
        world.accepted(quantity=3.0)
        world.bar('IBM', 50.0, closed=False)
        world.command(commands.Halt)
        return world

    def test_it_gives_the_state_that_there_was(self):
        world = self.traded()
        system = state.SystemState()
        system.replay(map(row, world.events[:4]))
        system.replay(map(row, world.events[4:]))
        assert worlds.image(system) == worlds.image(world.state)

    def test_what_changes_nothing_is_not_decoded(self):
        system = state.SystemState()
        system.replay([(1, 5, T.RISK_ALERT.value, 'no JSON')])
        assert (system.seq, system.time) == (1, 5)

    @pytest.mark.parametrize(
        ('bad', 'error'),
        [
            ((3, 5, T.RISK_ALERT.value, '{}'), errors.StateError),
            ((2, 5, 'omen', '{}'), KeyError),
            ((2, 5, T.FILL.value, '{}'), msgspec.MsgspecError),
        ],
    )
    def test_what_cannot_follow_ends_it(self, bad, error):
        system = state.SystemState()
        with pytest.raises(error):
            system.replay([(1, 5, T.RISK_ALERT.value, '{}'), bad])


@hypothesis.given(
    table=tables.bar_tables(), place=st.integers(0, 30), hours=st.integers(1, 9)
)
def test_bars_passed_over_leave_what_each_of_them_leaves(table, place, hours):
    # So that some bars begin a day.
    stamps = tables.NOON + (table.timestamp - tables.NOON) * 60 * hours
    table = dataclasses.replace(table, timestamp=stamps)
    place = min(place, len(table))
    one_by_one, at_once = state.SystemState(), state.SystemState()
    for system in (one_by_one, at_once):
        system.portfolio = portfolio.Portfolio.of(
            7.0, [portfolio.Position(symbol='A', quantity=3.0)]
        )
    for bar in table.rows():
        one_by_one.count(bar)
    (stretch,) = table.stretches(100)
    at_once.pass_over(stretch, 0, place)
    at_once.pass_over(stretch, place, len(table))
    for name in ('seq', 'time', 'prices', 'last_bar', 'day_equity'):
        assert getattr(at_once, name) == getattr(one_by_one, name)


def test_a_quote_kept_elsewhere_counts_as_one_event():
    world = worlds.World()
    seq = world.state.seq
    world.held(10.0)
    world.state.count_quote(quote('AAPL', 119.0, 121.0, worlds.NOON + DAY))
    assert world.state.seq > seq
    assert world.state.time == worlds.NOON + DAY
    assert world.state.prices == {'AAPL': 120.0}
    assert world.state.day_equity == worlds.CASH
    assert world.state.equity() == worlds.CASH + 200.0
