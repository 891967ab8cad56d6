"""One life of the engine: its parts, put together as a session does it."""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from sting.broker import interface
from sting.broker import lanes
from sting.broker import link as links
from sting.broker import manager
from sting.broker import reconcile
from sting.broker import reconciler
from sting.data import feed as feeds_lib
from sting.engine import board
from sting.engine import bus
from sting.engine import checkpoints
from sting.engine import clock
from sting.engine import core
from sting.engine import desk
from sting.engine import recovery
from sting.engine import sequence
from sting.engine import state
from sting.engine import step
from sting.model import commands
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.model import specs
from sting.model import stops
from sting.net import monitor
from sting.risk import manager as risk
from sting.risk import rules
from sting.risk import stop
from sting.session import feeds
from sting.session import outlet
from sting.strategy import inprocess
from sting.testing import broker
from sting.testing.simulation import disk
from sting.testing.simulation import oracle

LOG = 'sim'
CASH = 100_000.0
SYMBOLS = ('AAA', 'BBB')
LIMITS = {
    'max_order_notional': 6_000.0,
    'max_position': 100.0,
    'buying_power': 1.0,
}
# Heartbeats are rare, so that a world does not take long.
POLICY = links.Policy(heartbeat_s=30.0)
STRATEGY = 'sting.testing.simulation.strategies:Erratic'
SPECS = [
    specs.StrategySpec('one', STRATEGY, number=1),
    specs.StrategySpec('two', STRATEGY, number=2, symbols=('AAA',)),
]


class MemoryLatch(stop.Latch):
    """The latch of the stop, which outlives a process as its file does."""

    def __init__(self) -> None:
        """Sets up a latch that is not set."""
        self._set = False
        self._pulls = 0
        self._reason = ('', '')

    @property
    def pulls(self) -> int:
        """How often it was set."""
        return self._pulls

    @property
    def is_set(self) -> bool:
        """Whether everything is to stand still."""
        return self._set

    @property
    def reason(self) -> tuple[str, str]:
        """Who set it and why."""
        return self._reason

    def set(self, who: str, reason: str, *, counts: bool = True) -> None:
        """Sets the flag."""
        self._set = True
        self._pulls += counts
        self._reason = (who, reason)

    def clear(self) -> None:
        """Lifts the flag."""
        self._set = False

    def sync(self) -> None:
        """Has nothing to write."""

    def close(self) -> None:
        """Has nothing to close."""


class Stop(stop.EmergencyStop):
    """The emergency stop, whose thread is a later turn of the loop."""

    def _hand_over(self, pull: stop.Pull) -> None:
        asyncio.get_running_loop().call_later(0.001, self._carry_out, pull)


class CheckedEngine(core.CoreEngine):
    """The engine, held against the books after every event."""

    def __init__(
        self, gate: desk.Gate, books: oracle.Books, **options: Any
    ) -> None:
        """Sets up an engine without history.

        Args:
            gate: Risk.
            books: What the events so far add up to.
            **options: What the engine takes.
        """
        super().__init__(gate, **options)
        self._books = books

    def process_event(self, incoming: bus.Incoming, now: int) -> step.Step:
        """Takes the next event; see `CoreEngine`."""
        return self._checked(super().process_event(incoming, now))

    def adopt_rules(self) -> step.Step:
        """Logs the rules in force; see `CoreEngine`."""
        return self._checked(super().adopt_rules())

    def _checked(self, taken: step.Step) -> step.Step:
        for event in taken.events:
            self._books.take(event)
        oracle.compare(self._books, self.state)
        if self.state.brackets:
            oracle.check_exits(self.state)
        if any(_is_halt(event) for event in taken.events):
            self._books.check_halt()
        return taken


class _Stream:
    """Gives what comes into a queue; nothing is left of it when it dies."""

    def __init__(self, bars: asyncio.Queue[market.MarketData]) -> None:
        self._bars = bars

    def __aiter__(self) -> '_Stream':
        return self

    async def __anext__(self) -> market.MarketData:
        return await self._bars.get()


class WorldFeed(feeds_lib.Feed):
    """Gives on what the world sends."""

    name = 'world'
    symbols = SYMBOLS

    def __init__(self) -> None:
        """Sets up a feed that waits for bars."""
        self.bars: asyncio.Queue[market.MarketData] = asyncio.Queue()

    def stream(
        self, after: Mapping[str, int]
    ) -> AsyncIterator[market.MarketData]:
        """Gives bars as they come, whatever they are; see `Feed`."""
        return _Stream(self.bars)

    async def history(
        self, symbols: Sequence[str], count: int, after: Mapping[str, int]
    ) -> list[market.MarketData]:
        """Has no bars of before; see `Feed`."""
        return []


class HandedBrokers(manager.BrokerManager):
    """The brokers, with a note of when each order was handed over.

    Attributes:
        handed: By order that was not sent yet, seconds of the loop.
    """

    def __init__(self, *given: Any, **options: Any) -> None:
        """Sets up the ways to the brokers; see `BrokerManager`."""
        super().__init__(*given, **options)
        self.handed: dict[str, float] = {}

    def send(self, errand: lanes.Errand) -> None:
        """Takes an errand; see `BrokerManager`."""
        if isinstance(errand, step.Place):
            now = asyncio.get_running_loop().time()
            self.handed[errand.order.id] = now
        super().send(errand)


class Process:
    """One life of the engine.

    Attributes:
        bus: The way in.
        feed: Takes the world's bars.
        engine: The engine.
        books: What its events add up to.
        stop: The emergency stop.
    """

    def __init__(
        self,
        adapter: broker.ScriptedBroker,
        latch: stop.Latch,
        time_source: clock.Clock,
        books: oracle.Books,
        repeats: Callable[[], bool],
        *,
        looks: bool = True,
    ) -> None:
        """Puts together what needs no log.

        Args:
            adapter: The way to the broker.
            latch: Of the emergency stop.
            time_source: The machine's clock.
            books: What the log adds up to so far.
            repeats: Whether signals come twice this time.
            looks: Whether the broker's book is held against ours.
        """
        self._repeats = repeats
        self._looks = looks
        self.bus = oracle.CheckedBus()
        self.feed = WorldFeed()
        self.books = books
        self._clock = time_source
        self._adapter = adapter
        self.stop = Stop(
            latch,
            self._cancel_everything,
            self._announce,
            self._tell_stopped,
            self._clock,
        )
        self.engine = CheckedEngine(
            risk.RiskManager(
                [rules.RULES[name](limit) for name, limit in LIMITS.items()]
            ),
            books,
            symbols=SYMBOLS,
            strategies={spec.name: spec.number for spec in SPECS},
            natives={} if adapter.native is None else {'': adapter.native},
        )
        self.reconciler = reconciler.Reconciler(
            adapter,
            self.engine.state,
            sink=self._sink,
            tell=self._tell_differences,
            booked=self.engine.state.knows_execution,
            time_source=self._clock,
            expected=reconcile.Expected(),
            every_s=60.0 if looks else 0.0,
        )
        self.brokers = HandedBrokers(
            adapter,
            self._sink,
            self.stop.withholds,
            time_source=self._clock,
            policy=POLICY,
            told=self._tell_link,
            reconciled=self._compare_books,
        )
        self._board = board.Board('simulation', SYMBOLS, self.engine.state)
        self.sequence: sequence.Sequence

    async def run(self, storage: disk.Disk, batch: int, every: int) -> None:
        """Recovers, reconciles and trades.

        Args:
            storage: Where the log is.
            batch: Events committed together, at most.
            every: Events between two checkpoints.
        """
        system = self.engine.state
        found = recovery.restore(storage.path, system, self._board.take)
        if found.last.seq:
            oracle.compare(self.books, system)
        log = disk.SimulatedJournal(storage, found.last)
        if not found.last.seq:
            created = self.engine.process_event(_created(), self._clock.now())
            await log.append(created.events)
        self._connect(log, batch, every)
        await self._start(system)
        await self.sequence.task

    def _connect(
        self, log: disk.SimulatedJournal, batch: int, every: int
    ) -> None:
        system = self.engine.state
        strategies = inprocess.InProcessHost(
            SPECS,
            log=LOG,
            time_source=self._clock,
            emit=self._take_signals,
            status=self._take_status,
        )
        ways = outlet.Outlet(
            system, self.brokers, strategies, self._board, self.stop
        )
        self.sequence = sequence.Sequence(
            self.engine,
            event_bus=self.bus,
            log=log,
            shown=self._board,
            outlet=ways,
            time_source=self._clock,
            failed=lambda why: self.stop.trigger('engine', why),
            batch=batch,
        )
        keeper = checkpoints.Checkpointer(
            system,
            self.sequence,
            log,
            event_bus=self.bus,
            time_source=self._clock,
            every_events=every,
            every_s=3600.0,
        )
        feeding = feeds.FeedComponent(self.feed, self.bus, system, self._clock)
        for part in (
            self.sequence,
            keeper,
            self.brokers,
            self.reconciler,
            ways,
            feeding,
        ):
            self.engine.register_component(part)

    async def _start(self, system: state.SystemState) -> None:
        """Starts as the session does: halt first, trade last."""
        since = system.time
        halted = system.trading is records.TradingState.HALTED
        if self.stop.is_set and not halted:
            who, reason = self.stop.reason
            self.command(commands.Halt(who=who, reason=reason), bus.Lane.STOP)
        elif halted:
            self.stop.hold('engine', system.halted_by, system.seq)
        self.bus.put(bus.Lane.REPORTS, _started())
        self.brokers.know(system.working, system.knows_execution, since)
        await self.engine.start()
        await self.sequence.drain()
        await self.brokers.reconcile()
        if system.trading is records.TradingState.TRADING:
            for spec in SPECS:
                self.command(commands.StartStrategy(name=spec.name))

    def command(
        self,
        command: commands.Command,
        lane: bus.Lane = bus.Lane.ORDERS,
        reply: bus.Reply | None = None,
    ) -> None:
        """Puts a command into the sequence."""
        self.bus.put(
            lane,
            bus.Incoming(
                events.EventType.COMMAND,
                events.CommandGiven(command=command),
                'operator',
                reply=reply,
            ),
        )

    def _take_signals(
        self, name: str, cause: int, signals: Sequence[orders.Signal]
    ) -> None:
        if self._repeats():
            signals = [*signals, *signals]
        for signal in signals:
            self.bus.put(
                bus.Lane.ORDERS,
                bus.Incoming(
                    events.EventType.SIGNAL,
                    signal,
                    name,
                    symbol=signal.symbol,
                    cause=cause,
                ),
            )

    def _announce(self, who: str, reason: str) -> None:
        self.command(
            commands.Halt(who=who, reason=reason),
            bus.Lane.STOP,
            lambda _: self.stop.logged(),
        )

    def _cancel_everything(self, since: float) -> list[stops.BrokerStop]:
        del since
        told = self._adapter.emergency_cancel_all()
        return [
            stops.BrokerStop(
                broker=self._adapter.name,
                cancelled=told.cancelled,
                unknown=told.unknown,
            )
        ]

    def _tell_stopped(self, report: stops.StopReport) -> None:
        self.bus.put(
            bus.Lane.REPORTS,
            bus.Incoming(events.EventType.STOP_REPORT, report, 'stop'),
        )

    def _sink(self, report: interface.Told) -> None:
        kind = (
            events.EventType.FILL
            if isinstance(report, orders.Fill)
            else events.EventType.ORDER_UPDATE
        )
        self.bus.post(
            bus.Lane.REPORTS, bus.Incoming(kind, report, 'broker:scripted')
        )

    async def _compare_books(self) -> None:
        if self._looks:
            await self.reconciler.reconciled()
            await self.sequence.drain()

    def _tell_differences(self, found: records.Reconciliation) -> None:
        self.bus.put(
            bus.Lane.REPORTS,
            bus.Incoming(
                events.EventType.RECONCILIATION, found, 'broker:scripted'
            ),
        )

    def _tell_link(self, change: monitor.Change) -> None:
        self.bus.put(
            bus.Lane.REPORTS,
            bus.Incoming(
                events.EventType.SYSTEM_STATUS,
                records.SystemStatus(
                    component=f'broker:{change.name}',
                    status=change.state.value,
                    detail=change.reason,
                ),
                'engine',
            ),
        )

    def _take_status(self, status: records.StrategyStatus) -> None:
        self.bus.put(
            bus.Lane.ORDERS,
            bus.Incoming(
                events.EventType.STRATEGY_STATUS, status, status.strategy
            ),
        )


def _is_halt(event: events.Event) -> bool:
    return (
        event.type is events.EventType.TRADING_STATE
        and event.data.state is records.TradingState.HALTED
    )


def _created() -> bus.Incoming:
    return bus.Incoming(
        events.EventType.LOG_CREATED,
        records.LogCreated(
            log=LOG, profile='simulation', mode=records.Mode.PAPER, cash=CASH
        ),
        'engine',
    )


def _started() -> bus.Incoming:
    return bus.Incoming(
        events.EventType.SYSTEM_STATUS,
        records.SystemStatus(component=state.ENGINE, status='started'),
        'engine',
    )
