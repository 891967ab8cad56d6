"""The emergency stop pulled for real, in throw-away sessions on paper."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
import pathlib
import resource
import sqlite3
import tempfile
import threading
from typing import Final
from typing import TypeVar
from typing import cast

import msgspec

from sting import settings
from sting.broker import drills
from sting.broker import interface
from sting.broker import paper
from sting.engine import bus
from sting.engine import clock as clocks
from sting.model import commands
from sting.model import drills as results
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.model import stops
from sting.session import room
from sting.session import workstation
from sting.settings import brokers

_T = TypeVar('_T')

PROFILE: Final = 'drill'
# Those that bars are generated of; a profile's own may be any.
SYMBOLS: Final = ('AAPL', 'IBM', 'MSFT', 'GOOG', 'FB')
# Goals: milliseconds from the flag to the last order that left, and to the
# first cancel.
ORDER_MS = 20.0
CANCEL_MS = 50.0
# What works when the stop is pulled, what waits, how long the loop is blocked.
WORKING = 20
QUEUED = 100_000
BLOCK_S = 2.0
# How long an emergency cancel hangs that does.
HANG_S = 2.0
# Orders are asked for so long before the flag and after it.
_AFTER_S: Final = 0.1
_APART_S: Final = 0.001
PATIENCE_S: Final = 60.0
_LOOK_S: Final = 0.005
_QUIET_S: Final = 3_600.0
# Waits of so many seconds are held against the clock before each case: on a
# machine where the worst of them is so many milliseconds late, or more, a goal
# may be missed for want of a processor.
_WAIT_S: Final = 0.001
_WAITS: Final = 50
BUSY_MS = 5.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one case has shown.

    Times are milliseconds since the stop was pulled.

    Attributes:
        case: Which.
        ok: Whether the goals are met, and nothing works any more.
        flag_ms: Until the flag was set and whoever pulled could go on.
        order_ms: Until the last order left; 0 where none did after the flag.
        first_ms: Until the first cancel.
        last_ms: Until the last one.
        report_ms: Until the report was durable; None where none came.
        cancelled: How many orders were cancelled.
        left: How many work on at the broker.
        late_ms: How late a wait of a millisecond was before, at worst.
        busy: Whether that is so much that a missed goal says little.
    """

    case: str
    ok: bool
    flag_ms: float
    order_ms: float
    first_ms: float | None
    last_ms: float | None
    report_ms: float | None
    cancelled: int
    left: int
    late_ms: float = 0.0
    busy: bool = False


class _Wire(drills.DrilledBroker):
    """The way to a paper broker, with the moments of what leaves."""

    def __init__(
        self, inner: paper.PaperBroker, time_source: clocks.Clock
    ) -> None:
        super().__init__(inner, drills.Trouble(), time_source)
        self.inner = inner
        self.hangs = False
        self.stuck = False
        self.taken: set[str] = set()
        self._let_go = threading.Event()
        self.last_order: float | None = None
        self.cancels: list[float] = []

    async def place_order(self, order: orders.Order) -> interface.OrderResponse:
        """Sends an order; for ever, where the broker hangs."""
        answer = await super().place_order(order)
        self.last_order = self._clock.monotonic()
        while self.hangs:
            await self._clock.sleep(_LOOK_S)
        return answer

    def emergency_cancel_all(
        self, keep: Collection[str] = ()
    ) -> interface.EmergencyReport:
        """Takes all orders out, now, or later where it is stuck."""
        self.cancels.append(self._clock.monotonic())
        if self.stuck:
            self._let_go.wait(HANG_S)
        told = super().emergency_cancel_all(keep)
        self.taken.update(told.cancelled)
        self.cancels.append(self._clock.monotonic())
        return told

    async def cancel_order(self, order_id: str) -> interface.CancelResponse:
        """Takes an order out, and notes when."""
        answer = await super().cancel_order(order_id)
        if answer.accepted:
            self.taken.add(order_id)
        self.cancels.append(self._clock.monotonic())
        return answer

    def release(self) -> None:
        """Gives no trouble from here on."""
        self.hangs = False
        self._let_go.set()


class _Room(room.EngineRoom):
    """An engine whose broker is watched."""

    wire: _Wire

    def _make_broker(self, name: str) -> interface.BrokerInterface:
        made = super()._make_broker(name)
        self.wire = _Wire(cast(paper.PaperBroker, made), self._clock)
        return self.wire


class _Session(workstation.Session):
    """A session that can be given trouble."""

    ROOM = _Room
    _lock: sqlite3.Connection | None = None
    _sizes: tuple[int, int] | None = None

    @property
    def wire(self) -> _Wire:
        """The watched broker."""
        return cast(_Room, self._room).wire

    def flood(self) -> None:
        """Fills the lane of market data, and returns when it is full."""
        done = threading.Event()
        symbol = self.snapshot().watch[0].symbol
        (last,) = self.bars(symbol, 1)
        waiting = [
            bus.Incoming(
                events.EventType.MARKET_DATA,
                msgspec.structs.replace(
                    last, timestamp=last.timestamp + nth * market.NANOSECONDS
                ),
                'drill',
                symbol,
            )
            for nth in range(1, QUEUED + 1)
        ]

        def fill() -> None:
            lanes = cast(_Room, self._room).bus
            for incoming in waiting:
                lanes.put(bus.Lane.MARKET, incoming)
            done.set()

        self._running_loop().call_soon_threadsafe(fill)
        done.wait(PATIENCE_S)

    def block(self) -> None:
        """Blocks the loop with Python code, and returns once it is blocked."""
        begun = threading.Event()

        def busy() -> None:
            begun.set()
            end = self._clock.monotonic() + BLOCK_S
            while self._clock.monotonic() < end:
                sum(range(100))

        self._running_loop().call_soon_threadsafe(busy)
        begun.wait(PATIENCE_S)

    def hang(self) -> None:
        """Has the broker take one more order, and never answer it."""
        before = self.wire.last_order
        self.wire.hangs = True
        _until(lambda: self.wire.last_order != before)

    def stick(self) -> None:
        """Has the emergency cancel hang."""
        self.wire.stuck = True

    def lock(self) -> None:
        """Locks the log, as another program may."""
        self._lock = sqlite3.connect(
            self._log, isolation_level=None, timeout=PATIENCE_S
        )
        self._lock.execute('BEGIN IMMEDIATE')

    def fill_up(self) -> None:
        """Has the disk take no more of the log."""
        size = self._log.with_name(f'{self._log.name}-wal').stat().st_size
        self._sizes = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, self._sizes[1]))

    def relieve(self) -> None:
        """Ends the trouble."""
        self.wire.release()
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        if self._sizes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, self._sizes)
            self._sizes = None

    @property
    def _log(self) -> pathlib.Path:
        return self._home.log(self.profile)


def _calm(session: _Session) -> None:
    """Gives no trouble: orders work, and more are asked for all the time."""
    del session


CASES: Final = {
    'working orders': _calm,
    '100,000 events queued': _Session.flood,
    'the loop blocked by Python': _Session.block,
    'a broker that hangs': _Session.hang,
    'an emergency cancel that hangs': _Session.stick,
    'the log locked': _Session.lock,
    'the disk full': _Session.fill_up,
}


def run(config: settings.Settings, profile: str, case: str) -> Outcome:
    """Pulls the stop for real, in a session of its own.

    It has the rules of a profile, generated prices, a paper broker and a home
    that is thrown away: nothing of the profile itself is touched.

    Args:
        config: What is configured.
        profile: The profile's name.
        case: A name of CASES.

    Raises:
        errors.StingError: The session could not be started, or risk lets no
            order of the drill through.
    """
    with tempfile.TemporaryDirectory(prefix='sting-drill-') as folder:
        home = settings.Home.find({'STING_HOME': folder})
        session = _Session(home, _arranged(config, profile), PROFILE)
        session.start()
        try:
            return _pull(session, case)
        finally:
            session.relieve()
            session.close()


def result(profile: str, found: Sequence[Outcome]) -> results.Result:
    """Gives what is kept of a drill.

    Args:
        profile: Whose rules it had.
        found: What each case has shown.
    """
    return results.Result(
        profile=profile,
        at=clocks.LiveClock().now(),
        cases=tuple(
            results.Case(
                case=one.case,
                ok=one.ok,
                order_ms=one.order_ms,
                first_ms=one.first_ms,
                report_ms=one.report_ms,
                left=one.left,
                busy=one.busy,
            )
            for one in found
        ),
    )


def _arranged(config: settings.Settings, profile: str) -> settings.Settings:
    """Gives the configuration with the drill's own profile and feed."""
    chosen = msgspec.structs.replace(
        config.profile(profile),
        mode=records.Mode.PAPER,
        broker=brokers.PAPER,
        account='',
        accounts={},
        routes={},
        backup='',
        feed=PROFILE,
        symbols=SYMBOLS,
        strategies=(),
        schedule=None,
        reload='manual',
    )
    quiet = settings.DemoFeed(interval_s=_QUIET_S)
    return msgspec.structs.replace(
        config,
        profiles={PROFILE: chosen},
        feeds={PROFILE: quiet},
        paper=msgspec.structs.replace(config.paper, drill=None),
        monitor=settings.Monitor(),
    )


def _pull(session: _Session, case: str) -> Outcome:
    clock = clocks.LiveClock()
    order = _order(session)
    for _ in range(WORKING):
        _ask(session, order)
    _until(lambda: len(session.wire.inner.working_ids()) >= WORKING)
    late = _lateness(clock)
    ended = threading.Event()
    asker = threading.Thread(
        target=_go_on_asking, args=(session, order, ended), daemon=True
    )
    asker.start()
    ended.wait(_AFTER_S)
    CASES[case](session)
    since = clock.monotonic()
    pull = session.emergency_stop('drill', case)
    flag = clock.monotonic() - since
    ended.wait(_AFTER_S)
    ended.set()
    asker.join(PATIENCE_S)
    session.relieve()
    report = _reported(session, pull)
    took = clock.monotonic() - since
    told = None if report is None else (report, took)
    found = _outcome(session.wire, case, since, flag, told)
    return msgspec.structs.replace(found, late_ms=late, busy=late >= BUSY_MS)


def _outcome(
    wire: _Wire,
    case: str,
    since: float,
    flag: float,
    told: tuple[stops.StopReport, float] | None,
) -> Outcome:
    left = len(wire.inner.working_ids())
    last = (wire.last_order or since) - since
    # Where the disk is full the engine pulls the stop itself, before we do.
    times = [max(0.0, each - since) * 1000.0 for each in wire.cancels]
    first = min(times) if times else None
    order_ms = max(0.0, last) * 1000.0
    return Outcome(
        case=case,
        ok=bool(
            told
            and not left
            and order_ms <= ORDER_MS
            and first is not None
            and first <= CANCEL_MS
        ),
        flag_ms=flag * 1000.0,
        order_ms=order_ms,
        first_ms=first,
        last_ms=max(times) if times else None,
        report_ms=told[1] * 1000.0 if told else None,
        cancelled=len(wire.taken),
        left=left,
    )


def _lateness(clock: clocks.Clock) -> float:
    """Gives how late short waits are here, at worst, in milliseconds."""
    pause, worst = threading.Event(), 0.0
    for _ in range(_WAITS):
        before = clock.monotonic()
        pause.wait(_WAIT_S)
        worst = max(worst, clock.monotonic() - before - _WAIT_S)
    return worst * 1000.0


def _order(session: _Session) -> commands.SubmitOrder:
    """Gives an order that waits in the market, below the last price."""
    # The history has a price, too, but risk goes by that of a bar that came.
    _until(lambda: session.snapshot().watch[0].age_s is not None)
    row = session.snapshot().watch[0]
    return commands.SubmitOrder(
        symbol=row.symbol,
        side=orders.OrderSide.BUY,
        quantity=1.0,
        type=orders.OrderType.LIMIT,
        price=round((row.last or 0.0) * 0.98, 2),
        reason='drill',
    )


def _ask(session: _Session, order: commands.SubmitOrder) -> None:
    answer = session.submit(order).result(PATIENCE_S)
    if not answer.ok:
        raise errors.RefusedError(
            f'the drill cannot place its orders: {answer.message}'
        )


def _go_on_asking(
    session: _Session, order: commands.SubmitOrder, ended: threading.Event
) -> None:
    while not ended.wait(_APART_S):
        session.submit(order)


def _reported(session: _Session, pull: int) -> stops.StopReport | None:
    def told() -> stops.StopReport | None:
        report = session.snapshot().stop
        return report if report and report.pull >= pull else None

    return _until(told)


def _until(condition: Callable[[], _T]) -> _T:
    """Waits until something holds, for as long as there is patience."""
    clock = clocks.LiveClock()
    end = clock.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not (found := condition()) and clock.monotonic() < end:
        pause.wait(_LOOK_S)
    return found
