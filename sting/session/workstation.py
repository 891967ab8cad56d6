"""A workstation: an engine on a thread and an event loop of its own."""

import asyncio
from collections.abc import Callable
from concurrent import futures
import contextlib
import os
import threading
from typing import ClassVar

import msgspec

from sting import settings
from sting.engine import bus
from sting.engine import causes
from sting.engine import clock
from sting.engine import journal
from sting.model import commands
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import records
from sting.model import stops
from sting.model import views
from sting.monitor import health
from sting.monitor import metrics
from sting.risk import drilled
from sting.risk import stop
from sting.session import exporting
from sting.session import frozen
from sting.session import outputs
from sting.session import room

CLOSE_S = 30.0
# After so long without a durable state the picture says so.
STUCK_S = 0.5

# The engine's thread answers, and so does a sender that finds it ended.
_FIRST_COUNTS = contextlib.suppress(futures.InvalidStateError)
_TOO_SOON = commands.CommandResult(
    ok=False, message='the stop is not in the log yet; resume when it is'
)


def open_session(
    profile: str | None = None,
    *,
    home: settings.Home | None = None,
    config: settings.Settings | None = None,
    confirm: str = '',
) -> 'Session':
    """Prepares the workstation of a profile.

    Args:
        profile: Its name; None for the configured default.
        home: Where the user's files are; None to find them.
        config: What is configured; None to load it.
        confirm: The account's number as the operator typed it; LIVE does not
            start without it.

    Returns:
        The workstation, not started yet.

    Raises:
        errors.ConfigError: Something configured is wrong.
        errors.InputError: It is LIVE, and another account was typed.
    """
    home = home or settings.Home.find()
    config = config or settings.load(home)
    name = profile or config.default
    chosen = config.profile(name)
    if chosen.mode is records.Mode.LIVE and confirm != chosen.typed:
        raise errors.InputError(
            f'profile {name} is LIVE: real money; it starts only with '
            f'{chosen.to_type}, as sting.yaml has it, typed: --confirm ACCOUNT'
        )
    return Session(home, config, name)


def latch(home: settings.Home, profile: str, who: str, reason: str) -> None:
    """Latches HALTED for the next start of a profile's engine.

    Args:
        home: Where the user's files are.
        profile: The profile's name.
        who: Who stops it.
        reason: Why.
    """
    flag = stop.Latch(home.state(profile) / stop.LATCH)
    flag.set(who, reason)
    flag.sync()
    flag.close()


class Session:
    """The engine of one profile, seen from other threads.

    It is a `model.workstation.Workstation`.

    Attributes:
        profile: The profile's name.
        mode: What is at stake in it.
        failure: Why the engine ended by itself; None while it has not.
        beats: How often the engine's loop has turned, ten times a second.
    """

    ROOM: ClassVar[type[room.EngineRoom]] = room.EngineRoom

    def __init__(
        self, home: settings.Home, config: settings.Settings, profile: str
    ) -> None:
        """Prepares a workstation; see `open_session`."""
        chosen = config.profile(profile)
        self.profile = profile
        self.mode = chosen.mode
        self.failure: BaseException | None = None
        self.beats = 0
        self._home = home
        self._config = config
        self._clock = clock.LiveClock()
        self._folder = home.state(profile)
        self._snapshot = views.Snapshot(
            profile=profile,
            mode=chosen.mode,
            currency=chosen.currency,
            watch=tuple(
                views.WatchRow(s, group=chosen.group_of.get(s, ''))
                for s in chosen.symbols
            ),
        )
        self._latch = stop.Latch(self._folder / stop.LATCH)
        self._drilled = drilled.Last(self._folder)
        self._stop = stop.EmergencyStop(
            self._latch,
            self._cancel_everything,
            self._announce,
            self._tell_stopped,
            again=self._cancel_again,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room: room.EngineRoom | frozen.FrozenRoom | None = None
        self._ended: asyncio.Event | None = None
        self._work: asyncio.Task[None] | None = None
        self._told: stops.StopReport | None = None
        self._ready = threading.Event()
        self._asked: set[futures.Future[commands.CommandResult]] = set()
        self._thread = threading.Thread(
            target=self._run, name='engine', daemon=True
        )

    def start(self) -> None:
        """Starts the engine and waits until it works.

        Raises:
            errors.StingError: It could not start; nothing of it runs.
        """
        self._stop.start()
        self._thread.start()
        self._ready.wait()
        if self.failure is not None:
            self._thread.join()
            self._stop.close()
            raise self.failure

    @property
    def is_running(self) -> bool:
        """Whether the engine runs."""
        return self._ready.is_set() and self._thread.is_alive()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until the engine has ended.

        Args:
            timeout: At most so many seconds; None for as long as it takes.

        Returns:
            Whether it has.
        """
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def snapshot(self) -> views.Snapshot:
        """Gives the newest picture of the engine."""
        return self._snapshot

    def bars(self, symbol: str, limit: int) -> tuple[market.MarketData, ...]:
        """Gives the last closed bars of a symbol, oldest first."""
        return () if self._room is None else self._room.bars(symbol, limit)

    def marks(self, symbol: str, limit: int) -> tuple[views.Mark, ...]:
        """Gives the last fills of a symbol, oldest first."""
        return () if self._room is None else self._room.marks(symbol, limit)

    def lines(self, symbol: str, limit: int) -> tuple[views.Line, ...]:
        """Gives the indicators that strategies have of a symbol."""
        return () if self._room is None else self._room.lines(symbol, limit)

    def submit(
        self, command: commands.Command
    ) -> futures.Future[commands.CommandResult]:
        """Puts a command into the sequence; see `Workstation.submit`.

        A resume is refused when a stop was pulled after it, or is not yet an
        event: it would lift a halt that its sender has not seen.
        """
        answer: futures.Future[commands.CommandResult] = futures.Future()
        if isinstance(command, commands.Resume) and self._stop.pending:
            answer.set_result(_TOO_SOON)
            return answer
        self._asked.add(answer)
        answer.add_done_callback(self._asked.discard)

        def reply(result: commands.CommandResult) -> None:
            with _FIRST_COUNTS:
                answer.set_result(result)

        refusal = None
        if isinstance(command, commands.Resume):
            refusal = self._resume_refusal(self._stop.count)
        try:
            self._post(
                bus.Lane.ORDERS,
                command,
                source='operator',
                reply=reply,
                refusal=refusal,
            )
        except errors.NotRunningError as error:
            with _FIRST_COUNTS:
                answer.set_exception(error)
        return answer

    def _resume_refusal(self, count: int) -> Callable[[], str]:
        """Gives what refuses a resume typed after so many stops."""

        def refusal() -> str:
            if self._stop.count == count and not self._stop.pending:
                return ''
            who, reason = self._stop.reason
            return f'a stop came in between, by {who}: {reason}'

        return refusal

    def emergency_stop(self, who: str, reason: str, latched: int = 0) -> int:
        """Stops everything at once; see `Workstation.emergency_stop`."""
        return self._stop.trigger(who, reason, latched)

    def judge(
        self, command: commands.SubmitOrder | commands.ReplaceOrder
    ) -> futures.Future[views.Judgement]:
        """Asks what risk would say; see `Workstation.judge`."""
        loop, asked = self._running_loop(), self._room
        if asked is None:
            raise errors.NotRunningError('the engine is still starting')
        return asyncio.run_coroutine_threadsafe(asked.judge(command), loop)

    def why(self, seq: int) -> futures.Future[tuple[views.Cause, ...]]:
        """Walks from an event back to what caused it."""
        path = self._home.log(self.profile)
        loop = self._running_loop()
        return asyncio.run_coroutine_threadsafe(
            asyncio.to_thread(causes.explain, path, seq), loop
        )

    def output(
        self, strategy: str, limit: int
    ) -> futures.Future[tuple[str, ...]]:
        """Reads what a strategy wrote and printed last."""
        loop = self._running_loop()
        return asyncio.run_coroutine_threadsafe(
            asyncio.to_thread(outputs.read, self._folder, strategy, limit), loop
        )

    def close(self) -> None:
        """Ends the engine in order, and waits until its log is closed.

        An engine that cannot end, because its log cannot be written, is given
        up after CLOSE_S seconds; `failure` says so.
        """
        if self._thread.is_alive() and self._loop and self._ended:
            # An engine that ends by itself closes its loop before its thread.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(CLOSE_S)
            if self._thread.is_alive() and self._work:
                self._loop.call_soon_threadsafe(self._work.cancel)
                self._thread.join(CLOSE_S)
        if not self._thread.is_alive():
            self._stop.close()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None or not self._thread.is_alive():
            raise errors.NotRunningError('the engine is not running')
        return self._loop

    def _post(
        self,
        lane: bus.Lane,
        command: commands.Command,
        *,
        source: str,
        reply: bus.Reply,
        refusal: Callable[[], str] | None = None,
    ) -> None:
        self._running_loop()
        if self._room is None:
            raise errors.NotRunningError('the engine is still starting')
        incoming = bus.Incoming(
            events.EventType.COMMAND,
            events.CommandGiven(command=command),
            source,
            reply=reply,
            refusal=refusal,
        )
        try:
            self._room.submit(lane, incoming)
        except RuntimeError:
            # The loop was closed a moment ago.
            raise errors.NotRunningError('the engine has ended') from None

    def _announce(self, who: str, reason: str) -> None:
        """Puts a stop into its lane; before the start it is found latched."""
        try:
            self._post(
                bus.Lane.STOP,
                commands.Halt(who=who, reason=reason),
                source=who,
                reply=lambda _: self._stop.logged(),
            )
        except errors.NotRunningError:
            # No loop takes it any more; the latch holds all the same.
            self._stop.logged()

    def _cancel_everything(self, since: float) -> tuple[stops.BrokerStop, ...]:
        if self._room is None:
            return ()
        return self._room.emergency_cancel(since)

    def _cancel_again(self, since: float, broker: str) -> stops.BrokerStop:
        if self._room is None:
            return stops.BrokerStop(broker=broker)
        return self._room.emergency_again(since, broker)

    def _tell_stopped(self, report: stops.StopReport) -> None:
        """Has the report of a stop logged, while there is a loop for it."""
        self._told = report
        if self._room is not None:
            with contextlib.suppress(RuntimeError):
                self._room.stopped(report)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            self.failure = errors.JournalWriteError(
                'the log could not be written; what was not in it is lost, '
                'and nothing of that was acted on'
            )
        # The boundary of the engine's thread: whatever ends it is told to
        # whoever holds the session, and nothing may be sent any more.
        except BaseException as error:  # noqa: BLE001
            self.failure = error
            if self._ready.is_set():
                self._latch.set('engine', f'{type(error).__name__}: {error}')
                self._cancel_everything(self._clock.monotonic())
                ended = views.Snapshot(
                    profile=self.profile,
                    mode=self.mode,
                    state=records.TradingState.HALTED,
                    reason=f'the engine ended: {error}',
                )
                self._snapshot = msgspec.structs.replace(
                    ended, verdict=health.judge(ended)
                )
        finally:
            self._ready.set()
            self._refuse_unanswered()

    def _refuse_unanswered(self) -> None:
        """Answers what was asked too late to be taken."""
        for answer in tuple(self._asked):
            with _FIRST_COUNTS:
                answer.set_exception(
                    errors.NotRunningError('the engine has ended')
                )

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._work = asyncio.current_task()
        self._ended = asyncio.Event()
        lock = journal.Lock(self._folder / room.LOCK)
        started = market.to_iso(self._clock.now())
        lock.sign(f'process {os.getpid()}, started {started}')
        try:
            engine_room = await self._build()
            # Before it starts, or a stop pulled meanwhile would find no lane.
            self._room = engine_room
            try:
                await engine_room.start()
                with exporting.running(
                    self._config.monitor, self._facts, engine_room.alert
                ):
                    await self._watch(engine_room, self._ended)
            finally:
                await engine_room.stop()
                self._snapshot = await engine_room.picture()
        finally:
            lock.release()

    def _facts(self) -> metrics.Facts:
        """Gives what an exporter gives out, from its thread."""
        known = self._room
        sums, counts = ({}, {}) if known is None else known.timed
        return metrics.Facts(self._snapshot, sums, counts)

    async def _build(self) -> room.EngineRoom | frozen.FrozenRoom:
        try:
            return await self.ROOM.build(
                self._home, self._config, self.profile, self._stop
            )
        except errors.JournalCorruptError as error:
            self._stop.hold('journal', str(error))
            return frozen.FrozenRoom(
                self._home, self._config, self.profile, error
            )

    async def _watch(
        self,
        engine_room: room.EngineRoom | frozen.FrozenRoom,
        ended: asyncio.Event,
    ) -> None:
        """Shows the engine until it ends."""
        self._snapshot = await engine_room.picture()
        picture = asyncio.create_task(self._paint(engine_room))
        self._ready.set()
        try:
            await engine_room.run_until(ended)
        finally:
            picture.cancel()

    def _show_stuck(self) -> None:
        """Says that nothing can be made durable, over the last picture."""
        who, reason = self._stop.reason
        stuck = msgspec.structs.replace(
            self._snapshot,
            state=records.TradingState.HALTED,
            halting=True,
            reason=f'{who}: {reason}' if self._stop.is_set else 'the log waits',
            stop=self._undurable(),
        )
        self._snapshot = msgspec.structs.replace(
            stuck, verdict=health.judge(stuck)
        )

    def _undurable(self) -> stops.StopReport | None:
        """Gives the newest report, which cannot be an event now."""
        last = self._snapshot.stop
        told = self._told
        if told is None:
            return last
        if last and (last.pulled, last.tries) >= (told.pulled, told.tries):
            return last
        bare = tuple(
            stops.BarePosition(symbol=row.symbol, quantity=row.quantity)
            for row in self._snapshot.positions
            if row.quantity
        )
        return msgspec.structs.replace(told, bare=bare)

    async def _paint(
        self, engine_room: room.EngineRoom | frozen.FrozenRoom
    ) -> None:
        """Makes a picture as often as it may, and measures the lag."""
        lag = 0.0
        while True:
            try:
                async with asyncio.timeout(STUCK_S):
                    picture = await engine_room.picture(lag)
                self._snapshot = msgspec.structs.replace(
                    picture,
                    drill=self._drilled.read(),
                    verdict=health.judge(picture),
                )
            except TimeoutError:
                self._show_stuck()
            self.beats += 1
            # Another process may have set the latch.
            self._stop.heed()
            before, every_s = self._clock.monotonic(), engine_room.every_s
            await asyncio.sleep(every_s)
            late = self._clock.monotonic() - before - every_s
            lag = max(0.0, late) * 1000.0
