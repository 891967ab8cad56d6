"""The loop: number, write, then act; with a real log, bus and board."""

import asyncio
import contextlib

import pytest

from sting.engine import board
from sting.engine import bus
from sting.engine import chain
from sting.engine import clock
from sting.engine import core
from sting.engine import reader
from sting.engine import sequence
from sting.engine import step
from sting.model import commands
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import records
from sting.risk import manager
from tests.unit.engine import logs
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T = worlds.T
ORDERS, MARKET, STOP = bus.Lane.ORDERS, bus.Lane.MARKET, bus.Lane.STOP


class Outlet:
    """Keeps what it is to do, with how far the log's file was by then."""

    def __init__(self, path):
        self._path = path
        self.acted = []

    def act(self, effect):
        durable = max(logs.seqs(self._path), default=0)
        self.acted.append((effect, durable))


class Engine:
    """A sequence and all that it works with."""

    def __init__(self, path, log, batch):
        self.path = path
        self.log = log
        self.bus = bus.EventBus()
        self.clock = clock.VirtualClock(worlds.NOON)
        self.core = core.CoreEngine(
            manager.RiskManager(), symbols=worlds.SYMBOLS
        )
        self.board = board.Board('test', worlds.SYMBOLS, self.core.state)
        self.outlet = Outlet(path)
        self.failures = asyncio.Queue()
        self.replies = []
        self.loop = sequence.Sequence(
            self.core,
            event_bus=self.bus,
            log=log,
            shown=self.board,
            outlet=self.outlet,
            time_source=self.clock,
            failed=self.failures.put_nowait,
            batch=batch,
        )

    def put(self, lane, kind, data, symbol=''):
        self.bus.put(
            lane, bus.Incoming(kind, data, 'test', symbol, 0, self.reply)
        )

    def reply(self, result):
        durable = max(logs.seqs(self.path), default=0)
        self.replies.append((result, durable))

    def created(self):
        self.put(ORDERS, T.LOG_CREATED, worlds.CREATED)

    def command(self, command, lane=ORDERS):
        self.put(lane, T.COMMAND, events.CommandGiven(command=command))

    def submit(self, symbol='AAPL'):
        self.command(
            commands.SubmitOrder(symbol=symbol, side=worlds.BUY, quantity=10.0)
        )

    def bar(self, number, symbol='AAPL'):
        data = worlds.bar(symbol, timestamp=worlds.NOON + number)
        self.put(MARKET, T.MARKET_DATA, data, symbol)

    def stored(self):
        return list(reader.read(self.path))


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'events.db'


@contextlib.asynccontextmanager
async def running(path, batch=sequence.BATCH):
    async with logs.opened(path) as log:
        engine = Engine(path, log, batch)
        await engine.loop.start()
        try:
            yield engine
        finally:
            if not engine.loop.task.done():
                await engine.loop.stop()


async def test_the_rules_are_logged_first(path):
    async with running(path) as engine:
        (event,) = engine.stored()
        assert event.type is T.RULE_SET
        assert engine.core.state.rules[0] == 1


async def test_what_is_put_in_is_logged_and_shown(path):
    async with running(path) as engine:
        engine.created()
        engine.bar(1)
        await engine.loop.drain()
        assert [e.type for e in engine.stored()] == [
            T.RULE_SET,
            T.LOG_CREATED,
            T.MARKET_DATA,
        ]
        shown = engine.board.picture(engine.clock.monotonic(), ())
        assert [row.seq for row in shown.events] == [1, 2, 3]
        assert shown.watch[0].age_s is not None
    assert chain.verify(path).events == 3


async def test_effects_and_replies_come_after_the_commit(path):
    async with running(path) as engine:
        engine.submit()
        engine.submit('IBM')
        await engine.loop.drain()
        (first, seen), (second, seen_too) = engine.outlet.acted
        assert isinstance(first, step.Place)
        assert (first.order.symbol, second.order.symbol) == ('AAPL', 'IBM')
        # Both are in one commit, rules before them.
        assert seen == seen_too == 7
        (answer, replied), _ = engine.replies
        assert (answer.ok, answer.seq, replied) == (True, 2, 7)


async def test_what_waits_is_written_in_one_commit(path):
    async with running(path) as engine:
        for number in range(30):
            engine.bar(number)
        await engine.loop.drain()
        # Every effect saw all of them durable.
        assert {durable for _, durable in engine.outlet.acted} == {31}


async def test_a_batch_is_bounded(path):
    async with running(path, batch=4) as engine:
        for number in range(10):
            engine.bar(number)
        await engine.loop.drain()
        durable = [seq for _, seq in engine.outlet.acted]
        assert durable == [5] * 4 + [9] * 4 + [11] * 2


async def test_a_stop_goes_before_what_waits(path):
    async with running(path) as engine:
        engine.bar(1)
        engine.submit()
        engine.command(commands.Halt(who='operator'), STOP)
        await engine.loop.drain()
        assert [e.type for e in engine.stored()][1:4] == [
            T.COMMAND,
            T.TRADING_STATE,
            T.RISK_ALERT,
        ]
        assert not any(
            isinstance(effect, step.Place) for effect, _ in engine.outlet.acted
        )
        assert [answer.ok for answer, _ in engine.replies] == [True, False]


async def test_bars_move_the_clock(path):
    async with running(path) as engine:
        engine.bar(77)
        engine.submit()
        await engine.loop.drain()
        # Orders go first, so the order is from before the bar.
        assert [e.timestamp - worlds.NOON for e in engine.stored()[1:]] == [
            0, 0, 0, 77,
        ]  # fmt: skip


@pytest.mark.parametrize(
    ('command', 'message', 'wrong_input'),
    [
        (commands.Resume(confirm='no'), 'type RESUME', False),
        (
            commands.SubmitOrder(symbol='X', side=worlds.BUY, quantity=1.0),
            'X is not in this profile',
            True,
        ),
    ],
)
async def test_a_refused_command_is_answered_and_no_event(
    path, command, message, wrong_input
):
    async with running(path) as engine:
        engine.command(command)
        await engine.loop.drain()
        ((answer, _),) = engine.replies
        assert not answer.ok
        assert message in answer.message
        assert answer.wrong_input is wrong_input
        assert answer.seq == 0
        assert len(engine.stored()) == 1


async def test_a_refused_command_needs_no_reply(path):
    async with running(path) as engine:
        given = events.CommandGiven(command=commands.Resume(confirm='no'))
        engine.bus.put(ORDERS, bus.Incoming(T.COMMAND, given, 'test'))
        await engine.loop.drain()
        assert len(engine.stored()) == 1


async def test_a_batch_that_cannot_be_written_is_tried_until_it_is(path):
    async with running(path) as engine:
        logs.fill_disk(path)
        engine.submit()
        told = await engine.failures.get()
        engine.submit('IBM')
        await asyncio.sleep(0.02)
        # Told once, nothing more taken, nothing done, nothing shown.
        assert engine.failures.empty()
        assert 'database or disk is full' in told
        assert engine.outlet.acted == engine.replies == []
        assert engine.bus.statistics()[ORDERS].waiting == 1
        shown = engine.board.picture(0.0, ())
        assert [row.seq for row in shown.events] == [1]
        logs.free_disk(path)
        await engine.loop.drain()
        assert [e.seq for e in engine.stored()] == list(range(1, 8))
        placed = [effect.order.symbol for effect, _ in engine.outlet.acted]
        assert placed == ['AAPL', 'IBM']
        assert engine.failures.empty()
    assert chain.verify(path).ok


async def test_a_second_failure_is_told_again(path):
    async with running(path) as engine:
        for _ in range(2):
            logs.fill_disk(path)
            engine.submit()
            assert 'full' in await engine.failures.get()
            logs.free_disk(path)
            await engine.loop.drain()
        assert engine.failures.empty()


async def test_what_ends_the_loop_comes_out_of_drain(path):
    async with running(path) as engine:
        # No gate gives such an event; the state refuses it.
        engine.put(MARKET, T.RISK_VERDICT, None)
        engine.bar(1)
        with pytest.raises(AttributeError):
            await engine.loop.drain()
        assert engine.loop.task.done()


async def test_stop_ends_after_the_batch_in_hand(path):
    async with running(path) as engine:
        engine.submit()
        await asyncio.sleep(0)
        await engine.loop.stop()
        assert engine.loop.task.cancelled()
        placed = [effect for effect, _ in engine.outlet.acted]
        stored = [e.type for e in engine.stored()]
        assert len(placed) == stored.count(T.ORDER_REQUEST) == 1


async def test_a_loop_that_was_not_started_has_no_task(path):
    async with logs.opened(path) as log:
        engine = Engine(path, log, 10)
        with pytest.raises(errors.StateError, match='has not been started'):
            _ = engine.loop.task


async def test_a_state_that_is_held_is_the_logs(path):
    async with running(path) as engine:
        for number in range(20):
            engine.bar(number)
            async with engine.loop.durable:
                assert engine.core.state.seq == max(logs.seqs(path))
            await asyncio.sleep(0)
        await engine.loop.drain()


async def test_data_of_every_kind_pass(path):
    async with running(path) as engine:
        engine.put(
            MARKET, T.QUOTE, market.Quote('AAPL', 1, 1.0, 2.0, 1.0, 1.0), 'AAPL'
        )
        status = records.SystemStatus(component='feed:x', status='connected')
        engine.put(bus.Lane.REPORTS, T.SYSTEM_STATUS, status)
        await engine.loop.drain()
        assert [e.type for e in engine.stored()[1:]] == [
            T.SYSTEM_STATUS,
            T.QUOTE,
        ]
