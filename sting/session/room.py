"""The engine and all that belongs to it, put together in its own loop."""

import asyncio
import contextlib
import functools
import os
import pathlib
import secrets

from sting import settings
from sting.broker import manager
from sting.broker import paper
from sting.data import calendars
from sting.engine import archive
from sting.engine import board
from sting.engine import bus
from sting.engine import checkpoints
from sting.engine import clock
from sting.engine import core
from sting.engine import describe
from sting.engine import history
from sting.engine import journal
from sting.engine import latency
from sting.engine import recovery
from sting.engine import sequence
from sting.engine import state
from sting.model import commands
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.model import sessions
from sting.model import specs
from sting.model import views
from sting.risk import gate
from sting.risk import stop
from sting.session import feeds
from sting.session import fills
from sting.session import intake
from sting.session import missed
from sting.session import notes
from sting.session import outlet
from sting.session import reload
from sting.session import strategies
from sting.session import watch
from sting.simulator import costs
from sting.simulator import market as simulated
from sting.strategy import handover
from sting.strategy import host
from sting.strategy import isolated

LATCH = 'halt.latch'
LOCK = 'engine.lock'
NOTES = 'strategies.log'
STRATEGIES = 'strategies'
PICTURE_S = 0.1
ACCOUNT = 'paper'


def chain_rows(path: pathlib.Path, seq: int) -> tuple[views.EventRow, ...]:
    """Gives an event and what led to it, as screens show them.

    Args:
        path: The log's file.
        seq: The event's number.

    Returns:
        The event first, its first cause last.

    Raises:
        errors.JournalError: There is no such event, or no log.
    """
    return tuple(describe.to_row(event) for event in history.why(path, seq))


class EngineRoom:
    """One profile's engine, from its log to its brokers.

    Attributes:
        bus: The way in.
    """

    def __init__(
        self,
        config: settings.Settings,
        profile: str,
        emergency: stop.EmergencyStop,
        home: settings.Home,
    ) -> None:
        """Puts the parts together; `build` reads the log and goes on."""
        self._config = config
        self._home = home
        folder = home.state(profile)
        self._chosen = config.profile(profile)
        self._name = profile
        self._stop = emergency
        self._clock = clock.MarketClock()
        self.bus = bus.EventBus()
        self._specs = _specs(config, self._chosen)
        self._simulator = simulated.MarketSimulator(
            costs.CostModel(
                commission_bps=config.paper.commission_bps,
                slippage_bps=config.paper.slippage_bps,
            ),
            participation=config.paper.participation,
            session_close=functools.partial(
                calendars.session_close, calendar=self._chosen.calendar
            ),
        )
        self._broker = paper.PaperBroker(
            self._simulator, self._clock, cash=self._chosen.cash
        )
        self._engine = core.CoreEngine(
            gate.build(config.risk.rules, config.risk.sizing, self._specs),
            symbols=self._chosen.symbols,
            strategies={spec.name: spec.number for spec in self._specs},
            matcher=self._broker.match,
        )
        self._timing = latency.BarToOrder(self._clock)
        self._board = board.Board(
            profile, self._chosen.symbols, self._engine.state, self._timing
        )
        self._feed = feeds.build(
            self._chosen.feed,
            config.feeds[self._chosen.feed],
            self._chosen.symbols,
            self._clock,
            home.config,
            self._chosen.calendar,
        )
        self._started = 0.0
        self._began = 0
        self._intake = intake.Intake(
            self.bus,
            self._broker.name,
            self._refuse_fill,
        )
        self._folder = folder
        self._notes = notes.Notes(folder / NOTES)
        self._brokers = manager.BrokerManager(
            self._broker, self._intake.report, emergency.withholds
        )
        self._feeding = feeds.FeedComponent(
            self._feed, self.bus, self._engine.state, self._clock
        )
        self._sequence: sequence.Sequence
        self._checkpoints: checkpoints.Checkpointer
        self._found: recovery.Recovered
        self._archived: str | None = None
        self._path: pathlib.Path
        self._fills: fills.ForgottenFills
        self._damage = ''
        self._behind: list[asyncio.Task[None]] = []
        self._journal: journal.Journal
        self._sessions: sessions.Sessions
        self._outlet: outlet.Outlet
        self._hosted: isolated.IsolatedHost

    @classmethod
    async def build(
        cls,
        home: settings.Home,
        config: settings.Settings,
        profile: str,
        emergency: stop.EmergencyStop,
    ) -> 'EngineRoom':
        """Restores the state from the log and connects the parts.

        Args:
            home: Where the user's files are.
            config: What is configured.
            profile: The profile's name.
            emergency: The stop.

        Returns:
            The room; nothing happens in it yet.

        Raises:
            errors.StingError: The log, the feed or the configuration is
                wrong.
        """
        chosen = config.profile(profile)
        asked = await asyncio.to_thread(
            strategies.check, config, chosen.strategies
        )
        self = cls(config, profile, emergency, home)
        strategies.check_timeframes(config, asked, self._feed.timeframe)
        path = self._path = home.log(profile)
        system = self._engine.state
        archived = await asyncio.to_thread(archive.auto, path, config.journal)
        found = recovery.restore(path, system, self._board.take)
        if found.last.seq and system.mode is not self._chosen.mode:
            raise errors.ConfigError(
                f'profile {profile} is {self._chosen.mode} but its log was '
                f'begun as {system.mode}; use another profile name'
            )
        history = await self._feed.history(
            self._chosen.symbols, feeds.WARM_UP, dict(system.last_bar)
        )
        self._board.fill_history(history)
        if history:
            self._clock.advance(history[-1].timestamp)
        self._clock.advance(system.time)
        self._sessions = await self._make_sessions()
        self._journal = await journal.Journal.open(
            path, seq=found.last.seq, head=found.last.head
        )
        self._found = found
        self._archived = archived
        try:
            if not found.last.seq:
                await self._begin_log()
            self._broker.restore(system.orders.values(), system.portfolio)
            self._connect(system)
        except BaseException:
            # Or its thread would keep the process from ending.
            await self._journal.close()
            raise
        return self

    async def _make_sessions(self) -> sessions.Sessions:
        """Makes the calendar before anybody waits for it.

        It takes seconds, and no order may wait for that under the lock that
        the stop needs.
        """
        try:
            return await asyncio.to_thread(
                calendars.sessions, self._chosen.calendar, self._clock.now()
            )
        except errors.DataError as error:
            raise errors.ConfigError(f'profile {self._name}: {error}') from None

    async def _begin_log(self) -> None:
        """Writes the first event of a new log, with the id drawn for it."""
        step = self._engine.process_event(
            bus.Incoming(
                events.EventType.LOG_CREATED,
                records.LogCreated(
                    log=secrets.token_hex(4),
                    profile=self._name,
                    mode=self._chosen.mode,
                    currency=self._chosen.currency,
                    cash=self._chosen.cash,
                ),
                'engine',
            ),
            self._clock.now(),
        )
        await self._journal.append(step.events)
        self._board.take(step.events)

    def _connect(self, system: state.SystemState) -> None:
        self._hosted = isolated.IsolatedHost(
            self._specs,
            log=system.log,
            folder=self._folder / STRATEGIES,
            time_source=self._clock,
            emit=self._intake.signals,
            status=self._intake.status,
            note=self._notes.write,
            keep=self._intake.saved,
            stale=self._intake.stale,
            sessions=lambda: self._sessions,
        )
        reloads = reload.Reloads(
            self._home, self._hosted, system, self._board, self._intake.status
        )
        self._outlet = outlet.Outlet(
            system,
            self._brokers,
            self._hosted,
            self._board,
            self._stop,
            self._timing,
            reloads.carry_out,
            self._recall,
        )
        self._sequence = sequence.Sequence(
            self._engine,
            event_bus=self.bus,
            log=self._journal,
            shown=self._board,
            outlet=self._outlet,
            time_source=self._clock,
            failed=lambda why: self._stop.trigger('engine', why),
            batch=self._config.journal.batch,
            timing=self._timing,
        )
        self._fills = fills.ForgottenFills(self._path, system, self.bus)
        self._checkpoints = checkpoints.Checkpointer(
            system,
            self._sequence,
            self._journal,
            event_bus=self.bus,
            time_source=self._clock,
            every_events=self._config.journal.checkpoint_events,
            every_s=self._config.journal.checkpoint_s,
            after=self._found.base.seq,
        )
        for component in (
            self._sequence,
            self._checkpoints,
            self._fills,
            self._brokers,
            self._outlet,
            self._feeding,
        ):
            self._engine.register_component(component)
        if self._chosen.reloads == 'auto':
            self._engine.register_component(
                watch.Watch(
                    self._home,
                    self._running,
                    reloads.tried,
                    failed=self._could_not_reload,
                    ask=self._ask_reload,
                    alert=functools.partial(
                        self._intake.alert, source='strategies'
                    ),
                )
            )

    def _running(self) -> dict[str, handover.Ran]:
        found = {spec.name: self._hosted.ran(spec.name) for spec in self._specs}
        return {name: ran for name, ran in found.items() if ran is not None}

    def _could_not_reload(self, name: str) -> bool:
        last = self._engine.state.strategies.get(name)
        return last is not None and bool(last.error)

    def _ask_reload(self, name: str) -> None:
        self._intake.command(
            bus.Lane.ORDERS, commands.ReloadStrategy(name=name), 'watch'
        )

    async def start(self) -> None:
        """Starts all parts; trading begins, unless a halt is latched."""
        system = self._engine.state
        since = system.time
        self._started = self._clock.monotonic()
        self._began = clock.LiveClock().now()
        halted = system.trading is records.TradingState.HALTED
        if self._stop.is_set and not halted:
            who, reason = self._stop.reason
            self._intake.command(
                bus.Lane.STOP, commands.Halt(who=who, reason=reason), who
            )
        elif halted:
            self._stop.hold('engine', system.halted_by, system.seq)
        self._intake.system('started', f'process {os.getpid()}')
        await self._engine.start()
        for note in self._found.notes:
            self._intake.alert(note, 'journal')
        if self._archived:
            self._intake.system('archived', self._archived)
        await self._sequence.drain()
        if self._found.base.seq:
            self._behind.append(asyncio.create_task(self._verify_older()))
        # A broker that does not answer must not keep the engine from being
        # seen and stopped.
        self._behind.append(asyncio.create_task(self._begin_trading(since)))

    async def _begin_trading(self, since: int) -> None:
        """Settles what may work at the broker, then starts strategies."""
        system = self._engine.state
        await self._brokers.reconcile(
            system.working(),
            lambda fill: self._fills.is_booked(fill, since),
            since,
        )
        if system.trading is records.TradingState.TRADING:
            for spec in self._specs:
                last = system.strategies.get(spec.name)
                out = last is not None and last.status == 'quarantined'
                if spec.enabled and not out:
                    self._intake.command(
                        bus.Lane.ORDERS,
                        commands.StartStrategy(name=spec.name),
                        'engine',
                    )

    async def _verify_older(self) -> None:
        """Holds what is older than the checkpoint against the chain."""
        try:
            await asyncio.to_thread(
                recovery.verify_older, self._path, self._found.base
            )
        except errors.JournalError as error:
            self._damage = str(error)
            self._stop.trigger('journal', self._damage)

    async def run_until(self, ended: asyncio.Event) -> None:
        """Lets the engine run until it is told to end.

        Args:
            ended: Set by whoever ends it.

        Raises:
            Exception: Whatever ended a part by itself.
        """
        waiting = asyncio.create_task(ended.wait())
        pending = {
            waiting,
            self._sequence.task,
            self._brokers.task,
            self._fills.task,
            *self._behind,
        }
        try:
            while not waiting.done():
                done, pending = await asyncio.wait(
                    pending, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    task.result()
        finally:
            waiting.cancel()

    async def stop(self) -> None:
        """Ends all parts in order and closes the log.

        The log is closed also when that is given up, as it may be while the
        log cannot be written; nothing of what is lost then was acted on.
        """
        try:
            await self._end()
        finally:
            self._sequence.task.cancel()
            await asyncio.gather(self._sequence.task, return_exceptions=True)
            await self._journal.close()
            self._notes.close()

    async def _end(self) -> None:
        if not self._sequence.task.done():
            await self._feeding.stop()
            await self._outlet.stop()
            await self._sequence.drain()
            with contextlib.suppress(errors.JournalWriteError):
                await self._checkpoints.make()
            self._intake.system('stopped', 'in order')
            await self._sequence.drain()
        for task in self._behind:
            task.cancel()
        await asyncio.gather(*self._behind, return_exceptions=True)
        await self._engine.stop()

    def submit(self, lane: bus.Lane, incoming: bus.Incoming) -> None:
        """Puts something into a lane, from any thread.

        Trading is not resumed on a log that does not verify.
        """
        if (
            self._damage
            and incoming.type is events.EventType.COMMAND
            and isinstance(incoming.data.command, commands.Resume)
        ):
            if incoming.reply is not None:
                incoming.reply(
                    commands.CommandResult(ok=False, message=self._damage)
                )
            return
        self.bus.post(lane, incoming)

    def bars(self, symbol: str, limit: int) -> tuple[market.MarketData, ...]:
        """Gives the last closed bars of a symbol, oldest first."""
        return self._board.bars(symbol, limit)

    def marks(self, symbol: str, limit: int) -> tuple[views.Mark, ...]:
        """Gives the last fills of a symbol, oldest first."""
        return self._board.marks(symbol, limit)

    def emergency_cancel(self) -> None:
        """Cancels everything at the brokers, from the stop's thread."""
        self._broker.emergency_cancel_all()

    async def picture(self, lag_ms: float = 0.0) -> views.Snapshot:
        """Makes a picture of the engine at its last durable event.

        Args:
            lag_ms: How late the loop was last, in milliseconds.

        Returns:
            The picture.
        """
        async with self._sequence.durable:
            now = self._clock.monotonic()
            return self._board.picture(
                now,
                self._rows(),
                account=ACCOUNT,
                currency=self._chosen.currency,
                halting=self._stop.pending,
                pid=os.getpid(),
                started=self._began,
                uptime_s=now - self._started,
                feeds=(self._feeding.row(),),
                brokers=(
                    views.LinkRow(self._broker.name, self._brokers.status),
                ),
                queues=(
                    *self.bus.statistics(),
                    views.QueueRow('brokers', self._brokers.waiting, 0),
                ),
                loop_lag_ms=lag_ms,
                generated=self._feed.generated,
            )

    def _rows(self) -> tuple[views.StrategyRow, ...]:
        running = self._running()
        return tuple(
            _row(
                running[spec.name].spec if spec.name in running else spec,
                self._chosen.symbols,
                self._hosted.vitals(spec.name),
            )
            for spec in self._specs
        )

    def _refuse_fill(self, fill: orders.Fill, source: str) -> str:
        return self._fills.refuse(fill, source)

    def _recall(
        self, saved: records.StrategyState, until: int, now: host.Missed
    ) -> host.Missed:
        """Reads what a strategy missed; in a thread."""
        spec = next(s for s in self._specs if s.name == saved.strategy)
        return missed.read(self._path, spec, saved, until, now)


def _row(
    spec: specs.StrategySpec, symbols: tuple[str, ...], vitals: host.Vitals
) -> views.StrategyRow:
    return views.StrategyRow(
        spec.name,
        spec.reference,
        'stopped',
        spec.symbols or symbols,
        ' '.join(f'{k}={v}' for k, v in spec.parameters.items()),
        **vitals._asdict(),
    )


def _specs(
    config: settings.Settings, chosen: settings.Profile
) -> list[specs.StrategySpec]:
    """Numbers the strategies of a profile, from 1 in configured order."""
    return [
        config.strategies[name].spec(name, number)
        for number, name in enumerate(chosen.strategies, start=1)
    ]
