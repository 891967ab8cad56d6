"""A log that is made shorter tells the same state."""

import pathlib
import tempfile

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.engine import chain
from sting.engine import export
from sting.engine import history
from sting.engine import renumber
from sting.engine import state
from sting.model import commands
from sting.model import events
from sting.model import market
from sting.model import orders
from tests.unit.engine import histories
from tests.unit.engine import logs
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T = worlds.T
DAY = state.DAY


def shortened(world, first):
    numbers = renumber.Renumberer(world.events, first)
    return [
        numbers.event(event)
        for event in world.events
        if numbers.keeps(event.seq)
    ]


def three_days():
    """Quiet days, each with a bar a minute, the last one just begun."""
    world = worlds.World()
    for day in range(3):
        for minute in range(5):
            world.now = worlds.NOON + day * DAY + minute * worlds.MINUTE
            world.bar('AAPL', 100.0 + day)
            world.bar('IBM', 50.0 + minute)
    return world


def test_market_data_of_the_days_before_goes_but_for_the_last():
    world = three_days()
    left = shortened(world, world.state.seq - 2)
    bars = [e.data for e in left if e.type is T.MARKET_DATA]
    assert [(b.symbol, b.timestamp // DAY) for b in bars[:2]] == [
        (b.symbol, (worlds.NOON + DAY) // DAY) for b in bars[:2]
    ]
    assert len(bars) == 2 + 10
    assert [e.seq for e in left] == list(range(1, len(left) + 1))
    assert [e.type for e in left[:2]] == [T.LOG_CREATED, T.RULE_SET]


def test_what_others_refer_to_stays():
    world = three_days()
    bar = world.events[4]
    assert bar.type is T.MARKET_DATA
    signal = orders.Signal(
        symbol='AAPL', strategy='sma', side=worlds.BUY, quantity=1.0,
        order_id=f'ab-{bar.seq}-1-1',
    )  # fmt: skip
    world.tell(T.SIGNAL, signal, 'sma', 'AAPL', bar.seq)
    left = shortened(world, world.state.seq)
    (signal,) = (e for e in left if e.type is T.SIGNAL)
    cause = left[signal.cause - 1]
    assert (cause.type, cause.timestamp) == (T.MARKET_DATA, bar.timestamp)
    assert signal.data.order_id == f'ab-{cause.seq}-1-1'
    (request,) = (e for e in left if e.type is T.ORDER_REQUEST)
    assert (request.data.id, request.data.seq, request.data.cause) == (
        signal.data.order_id, request.seq, signal.seq,
    )  # fmt: skip


def test_a_cause_that_is_gone_is_none():
    world = three_days()
    world.tell(T.TRADE, market.Trade('AAPL', 1, 1.0, 1.0), 'feed', 'AAPL', 4)
    assert shortened(world, world.state.seq)[-1].cause == 0


def test_trades_and_unclosed_bars_are_the_last_price():
    world = worlds.World()
    world.bar('AAPL', 1.0)
    world.tell(T.TRADE, market.Trade('AAPL', 1, 2.0, 1.0), 'feed', 'AAPL')
    world.tell(
        T.MARKET_DATA, worlds.bar('IBM', 3.0, closed=False), 'feed', 'IBM'
    )
    world.tell(T.QUOTE, market.Quote('AAPL', 1, 1.0, 2.0, 1.0, 1.0), 'feed')
    world.now += DAY
    world.bar('MSFT', 4.0)
    world.bar('MSFT', 4.0)
    left = shortened(world, world.state.seq)
    assert [e.type for e in left[2:]] == [
        T.MARKET_DATA, T.TRADE, T.MARKET_DATA, T.MARKET_DATA, T.MARKET_DATA,
    ]  # fmt: skip
    system = folded(left)
    assert system.prices == world.state.prices
    assert system.last_bar == world.state.last_bar


def test_of_quotes_that_are_all_there_is_the_last_stays():
    world = worlds.World()
    for day in range(3):
        for nth in range(3):
            stamp = worlds.NOON + day * DAY + nth
            quote = market.Quote('AAPL', stamp, 9.0 + nth, 10.0, 1.0, 1.0)
            world.tell(T.QUOTE, quote, 'feed', 'AAPL')
    left = shortened(world, world.state.seq)
    quotes = [e.data.timestamp for e in left if e.type is T.QUOTE]
    begun = worlds.NOON + 2 * DAY
    assert quotes == [begun - DAY + 2, begun, begun + 1, begun + 2]
    again = state.SystemState()
    for event in left:
        again.apply(event)
    assert again.prices == world.state.prices
    assert again.day_equity == world.state.day_equity


@pytest.mark.parametrize('kind', [T.MARKET_DATA, T.TRADE])
def test_the_first_price_of_a_day_begins_it_whatever_brings_it(kind):
    world = three_days()
    world.fill('theirs', 5.0, 90.0)
    evening = market.Trade('AAPL', world.now, 140.0, 1.0)
    world.tell(T.TRADE, evening, 'feed', 'AAPL')
    stamp = world.now + DAY
    data = {
        T.MARKET_DATA: worlds.bar('AAPL', 150.0, stamp, closed=False),
        T.TRADE: market.Trade('AAPL', stamp, 150.0, 1.0),
    }[kind]
    world.tell(kind, data, 'feed', 'AAPL')
    world.bar('AAPL', 200.0, timestamp=stamp + worlds.MINUTE)
    world.bar('AAPL', 201.0)
    left = shortened(world, world.state.seq)
    assert folded(left).day_equity == world.state.day_equity


def test_ids_of_others_stay_as_they_are():
    world = three_days()
    for order_id in ('theirs', 'ab-x-1', 'cd-1-0-1', 'ab-99999-0-1'):
        world.fill(order_id, 1.0)
    world.command(commands.Halt, who='operator')
    left = shortened(world, world.state.seq)
    fills = [e.data.order_id for e in left if e.type is T.FILL]
    assert fills == ['theirs', 'ab-x-1', 'cd-1-0-1', 'ab-99999-0-1']


@hypothesis.given(histories.histories, st.floats(0.0, 1.0))
@hypothesis.settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_it_verifies_and_replays_to_the_same_state(acts, share):
    world = histories.played(acts)
    first = max(2, int(share * world.state.seq))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'events.db'
        logs.write_quickly(path, world.events)
        file = path.with_name('new.db')
        done = export.export(path, file, first=first)
        assert chain.verify(file).ok
        middle = _told(history.state_at(file, seq=done.first))
        end = history.state_at(file)
        assert middle == _told(history.state_at(path, seq=first))
    assert _told(end) == _told(world.state)
    assert end.seq <= world.state.seq


def _told(system):
    """All of a state but numbers of events."""
    book = system.portfolio
    return (
        system.log,
        system.time,
        system.trading,
        system.halted_by,
        system.day_equity,
        system.prices,
        system.last_bar,
        (book.cash, book.positions, list(book.held)),
        {n: (b.cash, b.positions) for n, b in system.books.items()},
        system.strategies,
        system.rules[1],
        list(system.closing),
        [
            (o.symbol, o.side, o.quantity, o.filled, o.status, o.price, o.fees)
            for o in system.orders.values()
        ],
        [o.symbol for o in system.working()],
    )


def test_a_late_bar_of_a_day_before_begins_no_day():
    world = three_days()
    world.fill('theirs', 5.0, 90.0)
    # Not told to the engine, which by now would turn the late one away.
    for day, price in ((3, 110.0), (3, 120.0), (2, 7.0), (3, 8.0)):
        bar = worlds.bar('AAPL', price, timestamp=worlds.NOON + day * DAY)
        world.events.append(
            events.Event(
                len(world.events) + 1,
                bar.timestamp,
                T.MARKET_DATA,
                'feed',
                bar,
                'AAPL',
            )
        )
    left = shortened(world, len(world.events))
    assert len(left) < len(world.events)
    assert _told(folded(left)) == _told(folded(world.events))


def folded(found):
    system = state.SystemState()
    for event in found:
        system.apply(event)
    return system
