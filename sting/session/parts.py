"""All that belongs to an engine, made and put together."""

import asyncio
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import functools
import os
import pathlib
import secrets
from typing import Self

import msgspec

from sting import settings
from sting.backtest import ownrules
from sting.broker import interface
from sting.broker import link
from sting.broker import manager
from sting.broker import reconcile
from sting.broker import reconciler
from sting.broker import registry
from sting.data import calendars
from sting.data import feed as feed_lib
from sting.engine import archive
from sting.engine import board
from sting.engine import bus
from sting.engine import checkpoints
from sting.engine import clock
from sting.engine import core
from sting.engine import exits
from sting.engine import journal
from sting.engine import latency
from sting.engine import natives
from sting.engine import recovery
from sting.engine import routes
from sting.engine import sequence
from sting.engine import state
from sting.engine import subscribers
from sting.model import commands
from sting.model import errors
from sting.model import events
from sting.model import orders
from sting.model import records
from sting.model import sessions
from sting.model import specs
from sting.monitor import availability
from sting.monitor import outgoing
from sting.risk import gate
from sting.risk import guardian
from sting.risk import rules
from sting.risk import stop
from sting.session import alerting
from sting.session import cleaning
from sting.session import easing
from sting.session import feeds
from sting.session import fills
from sting.session import guarding
from sting.session import intake
from sting.session import measuring
from sting.session import missed
from sting.session import node as node_lib
from sting.session import notes
from sting.session import observing
from sting.session import outlet
from sting.session import places
from sting.session import planned
from sting.session import redaction
from sting.session import reload
from sting.session import reporting
from sting.session import sampling
from sting.session import scheduling
from sting.session import strategies
from sting.session import symbols
from sting.session import watch
from sting.settings import keys
from sting.strategy import handover
from sting.strategy import host
from sting.strategy import isolated
from sting.strategy import nodes as nodes_lib

NOTES = 'strategies.log'
STRATEGIES = 'strategies'


class Parts:
    """One profile's engine, as it is before anything happens.

    Attributes:
        bus: The way in.
    """

    # What is told once the engine runs.
    _unsaid = ''
    _easing: easing.Easing
    _nodes: nodes_lib.Nodes | None = None
    # Without a schedule strategies run with the engine.
    _plan: planned.Plan | None = None
    _scheduling: scheduling.Scheduling | None = None

    def __init__(
        self,
        config: settings.Settings,
        profile: str,
        emergency: stop.EmergencyStop,
        home: settings.Home,
        own: Sequence[rules.RiskRule],
    ) -> None:
        """Puts the parts together; `build` reads the log and goes on."""
        self._config = config
        self._home = home
        folder = home.state(profile)
        self._chosen = config.profile(profile)
        self._name = profile
        self._stop = emergency
        self._clock = feeds.clock_of(config.feeds[self._chosen.feed])
        self.bus = bus.EventBus()
        self._specs = _specs(config, self._chosen)
        self._outside = [
            self._make_broker(name) for name in self._chosen.venues
        ]
        # That of most symbols; nearly always there is no other.
        self._broker = played = self._outside[0]
        self._played = played if isinstance(played, interface.Played) else None
        judge = gate.build(
            config.risk.rules,
            config.risk.sizing,
            self._specs,
            config.risk.scoped,
            config.instruments,
        )
        for rule in own:
            judge.add_risk_rule(rule)
        self._known = judge.known
        self._known.metrics = lambda: self._measuring.found
        self._engine = core.CoreEngine(
            judge,
            symbols=self._chosen.symbols,
            strategies={spec.name: spec.number for spec in self._specs},
            matcher=None if self._played is None else self._played.match,
            routes=self._routes(),
            natives=self._natives(),
        )
        self._engine.stops.is_pulled = lambda: emergency.is_set
        self._engine.stops.keeps = config.risk.stop.keep_protective
        if self._played is not None:
            self._played.know(
                functools.partial(exits.standing, self._engine.state)
            )
        self._timing = latency.BarToOrder(self._clock)
        self._board = board.Board(
            profile,
            self._chosen.symbols,
            self._engine.state,
            self._timing,
            self._chosen.group_of,
        )
        self._symbols = symbols.Symbols(
            self._chosen, self._engine.state, self._board, self._make_feed
        )
        self._feeding: feeds.FeedComponent
        self._started = 0.0
        # The time of the log's last event before the start.
        self._since = 0
        self._began = 0
        self._intake = intake.Intake(self.bus, self._refuse_fill)
        self._folder = folder
        self._notes = notes.Notes(
            folder / NOTES, redaction.Redactor(os.environ, keys.given)
        )
        self._reconcilers = self._make_reconcilers()
        first, *others = map(self._way_to, self._outside)
        self._brokers = manager.BrokerManager(
            *first[:2],
            emergency.withholds,
            time_source=self._clock,
            policy=link.Policy(patience_s=self._chosen.patience_s),
            instruments=config.instruments,
            told=self._intake.link,
            reconciled=first[2],
            others=others,
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
        self._measuring: measuring.Measuring
        self._sampling: sampling.Sampling
        self._reports = reporting.StopReports(
            self._engine.stops, self._intake.stopped, self._clock
        )

    @property
    def _several(self) -> bool:
        return len(self._outside) > 1

    def _routes(self) -> routes.Routes | None:
        """Gives where orders go, where there is more than one broker."""
        chosen = self._chosen
        if not self._several:
            return None
        return routes.Routes(
            main=chosen.broker,
            by_symbol={
                symbol: chosen.route(symbol) for symbol in chosen.symbols
            },
            backup=chosen.backup,
            patience_s=chosen.patience_s,
        )

    def _natives(self) -> natives.Natives:
        """Gives the brokers that take exits with their entry."""
        return {
            each.name if self._several else '': each.native
            for each in self._outside
            if each.native is not None
        }

    def _make_feed(self, wanted: tuple[str, ...]) -> feed_lib.Feed:
        return feeds.build(
            self._chosen.feed,
            self._config,
            wanted,
            self._clock,
            self._home,
            self._chosen.calendar,
            self._name,
        )

    def _way_to(self, broker: interface.BrokerInterface) -> manager.Other:
        """Gives a broker, what takes its reports, and what looks at it."""
        return (
            broker,
            functools.partial(self._intake.report, broker.name),
            functools.partial(self._compare_books, broker.name),
        )

    def _make_reconcilers(self) -> dict[str, reconciler.Reconciler]:
        """Makes what looks at the book of each broker outside, by its name.

        That of one that is played here is made of our own.
        """
        if self._played is not None:
            return {}
        return {
            each.name: self._make_reconciler(each) for each in self._outside
        }

    def _make_reconciler(
        self, broker: interface.BrokerInterface
    ) -> reconciler.Reconciler:
        chosen = self._chosen.at(broker.name) if self._several else self._chosen
        return reconciler.Reconciler(
            broker,
            self._engine.state,
            sink=functools.partial(self._intake.report, broker.name),
            tell=functools.partial(self._intake.reconciliation, broker.name),
            at=broker.name if self._several else '',
            booked=lambda fill: self._fills.is_booked(fill, self._since),
            time_source=clock.LiveClock(),
            expected=reconcile.Expected(
                currency=chosen.currency,
                account=chosen.account,
                slack=chosen.cash_slack,
            ),
            every_s=chosen.reconcile_s,
        )

    def _make_broker(self, name: str) -> interface.BrokerInterface:
        return registry.build(
            name, self._config, self._name, self._clock, os.environ
        )

    async def _compare_books(self, broker: str) -> None:
        """Has what differs from a broker's book known, before any wish."""
        if broker in self._reconcilers:
            await self._reconcilers[broker].reconciled()
            await self._sequence.drain()

    @classmethod
    async def build(
        cls,
        home: settings.Home,
        config: settings.Settings,
        profile: str,
        emergency: stop.EmergencyStop,
    ) -> Self:
        """Restores the state from the log and connects the parts.

        Args:
            home: Where the user's files are.
            config: What is configured.
            profile: The profile's name.
            emergency: The stop.

        Returns:
            The parts; nothing happens in them yet.

        Raises:
            errors.StingError: The log, the feed or the configuration is
                wrong.
        """
        chosen = config.profile(profile)
        asked = await asyncio.to_thread(
            strategies.check, config, chosen.strategies
        )
        own = await asyncio.to_thread(ownrules.make, config)
        self = cls(config, profile, emergency, home, own)
        await self._restore(asked)
        return self

    async def _restore(self, asked: Mapping[str, Iterable[str]]) -> None:
        """Reads the log, and makes what needs it."""
        path = self._path = self._home.log(self._name)
        system = self._engine.state
        archived = await asyncio.to_thread(
            archive.auto, path, self._config.journal
        )
        found = recovery.restore(path, system, self._board.take)
        if found.last.seq and system.mode is not self._chosen.mode:
            raise errors.ConfigError(
                f'profile {self._name} is {self._chosen.mode} but its log was '
                f'begun as {system.mode}; use another profile name'
            )
        places.check(self._name, self._chosen, self._outside, system)
        self._unfollowed = await self._symbols.open()
        try:
            await self._restore_behind(found, asked, archived)
        except BaseException:
            await self._symbols.feed.close()
            raise

    async def _restore_behind(
        self,
        found: recovery.Recovered,
        asked: Mapping[str, Iterable[str]],
        archived: str | None,
    ) -> None:
        """Makes what needs the feed."""
        path, system, feed = self._path, self._engine.state, self._symbols.feed
        strategies.check_timeframes(self._config, asked, feed.timeframe)
        history = await feed.history(
            feed.symbols, feeds.WARM_UP, dict(system.last_bar)
        )
        self._feeding = feeds.FeedComponent(feed, self.bus, system, self._clock)
        self._board.fill_history(history)
        if history:
            self._clock.advance(history[-1].timestamp)
        self._clock.advance(system.time)
        self._sessions = await self._make_sessions()
        self._known.sessions = self._sessions
        self._plan = await self._make_plan()
        self._journal = await journal.Journal.open(
            path, seq=found.last.seq, head=found.last.head
        )
        self._found = found
        self._archived = archived
        try:
            if not found.last.seq:
                await self._begin_log()
            if self._played is not None:
                self._played.restore(
                    system.orders.values(),
                    system.portfolio,
                    prices=system.prices,
                )
            self._connect(system)
        except BaseException:
            # Or its thread would keep the process from ending.
            await self._journal.close()
            raise

    async def _make_sessions(self) -> sessions.Sessions:
        """Makes the calendar before anybody waits for it.

        It takes seconds, and no order may wait for that under the lock that
        the stop needs.
        """
        try:
            return await self._sessions_of(self._chosen.calendar)
        except errors.DataError as error:
            raise errors.ConfigError(f'profile {self._name}: {error}') from None

    async def _make_plan(self) -> planned.Plan | None:
        """Makes the sessions of the schedule, if there is one."""
        schedule = self._chosen.schedule
        if schedule is None:
            return None
        found = self._sessions
        if schedule.calendar:
            try:
                found = await self._sessions_of(schedule.calendar)
            except errors.DataError as error:
                path, line = self._config.places.get(
                    f'sting.yaml: schedule of {self._name}', (None, None)
                )
                raise errors.ConfigError(
                    f'profile {self._name}: schedule: {error}',
                    path=path,
                    line=line,
                ) from None
        return planned.Plan(schedule, found)

    async def _sessions_of(self, calendar: str) -> sessions.Sessions:
        return await asyncio.to_thread(
            calendars.sessions, calendar, self._clock.now()
        )

    async def _begin_log(self) -> None:
        """Writes the first event of a new log, with the id drawn for it."""
        created = records.LogCreated(
            log=secrets.token_hex(4),
            profile=self._name,
            mode=self._chosen.mode,
            currency=self._chosen.currency,
            cash=self._chosen.cash,
        )
        if self._played is None:
            created = await places.begin(created, self._outside)
        step = self._engine.process_event(
            bus.Incoming(events.EventType.LOG_CREATED, created, 'engine'),
            self._clock.now(),
        )
        await self._journal.append(step.events)
        self._board.take(step.events)

    @property
    def account(self) -> str:
        """The account that answers; of several brokers those of the log."""
        if not self._several:
            return self._broker.account
        return ','.join(each.account for each in self._engine.state.places)

    def _connect(self, system: state.SystemState) -> None:
        self._nodes = self._make_nodes()
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
            late=self._intake.late,
            sessions=lambda: self._sessions,
            show=self._board.read,
            elsewhere=self._nodes,
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
            self._symbols.is_added,
            self._follow,
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
        # First, so that it ends last: until then there may be alerts.
        self._alerts = self._make_alerts(system.log)
        if self._alerts is not None:
            self._engine.register_component(self._alerts)
        self._availability = self._make_availability(system.log)
        if self._availability is not None:
            self._engine.register_component(self._availability)
        if self._nodes is not None:
            self._engine.register_component(self._nodes)
        self._scheduling = self._make_scheduling()
        observers = self._make_observers(system.log)
        if observers is not None:
            self._engine.register_component(observers)
        self._measuring = self._make_measuring()
        self._sampling = sampling.Sampling(
            self._path,
            [spec.name for spec in self._specs],
            timing=self._timing,
            hosted=self._hosted,
            brokers=self._brokers,
            counts=self._sequence.counts,
            time_source=self._clock,
        )
        self._easing = easing.Easing(
            self._config.resources,
            lambda: self._sampling.found,
            log=self._path,
            loop=self._sequence,
            tell=self._intake,
            let_go=self._let_go,
            reduce=self._reduce,
            halt=self._halt,
            time_source=clock.LiveClock(),
        )
        if self._played is None:
            self._engine.register_component(
                guarding.Guarding(
                    self._outside,
                    self._folder / stop.LATCH,
                    self._intake.alert,
                    cancel=self._chosen.on_disconnect == 'cancel',
                    keep=self._to_keep,
                )
            )
        self._engine.register_component(
            cleaning.Cleaning(
                self._home,
                self._config.retention,
                self._intake,
                clock.LiveClock(),
            )
        )
        for component in (
            self._sequence,
            self._checkpoints,
            self._fills,
            self._brokers,
            self._outlet,
            self._feeding,
            self._measuring,
            self._sampling,
            self._easing,
            self._reports,
        ):
            self._engine.register_component(component)
        for each in self._reconcilers.values():
            self._engine.register_component(each)
        if self._chosen.reloads == 'auto':
            self._engine.register_component(
                watch.Watch(
                    self._home,
                    self._running_here,
                    reloads.tried,
                    failed=self._could_not_reload,
                    ask=self._ask_reload,
                    alert=functools.partial(
                        self._intake.alert, source='strategies'
                    ),
                )
            )

    def _let_go(self) -> None:
        """Frees what the feed, which may be another one by now, can read."""
        self._symbols.feed.let_go()

    def _reduce(self, why: str) -> None:
        """Lets only through what shrinks a position; for lack of something."""
        if self._engine.state.trading is records.TradingState.TRADING:
            self._intake.command(
                bus.Lane.STOP,
                commands.Reduce(who=easing.WHO, reason=why),
                'engine',
            )

    def _halt(self, why: str) -> None:
        """Stops everything, for lack of something."""
        if self._engine.state.trading is not records.TradingState.HALTED:
            self._stop.trigger(easing.WHO, why)

    def _to_keep(self) -> list[guardian.Keep]:
        """Gives what the guardian leaves alone, by our ids and the brokers'."""
        met, known = self._engine.stops, self._engine.state.orders
        protective, later = met.to_keep(), met.after()

        def named(ids: frozenset[str], broker: str) -> frozenset[str]:
            there = [known[each] for each in ids]
            return frozenset(
                name
                for one in there
                if one.broker in ('', broker)
                for name in (one.id, one.broker_id)
                if name
            )

        return [
            guardian.Keep(
                each.name,
                named(protective, each.name),
                named(later, each.name),
            )
            for each in self._outside
        ]

    def _make_alerts(self, log: str) -> outgoing.AlertsOut | None:
        try:
            return alerting.build(
                self._config,
                self._name,
                home=self._home,
                log=log,
                journaled=self._journal,
                event_bus=self.bus,
                tell=self._intake.alert,
                first=self._found.last.seq,
            )
        except errors.JournalError as error:
            # No reason not to trade, but one to be told.
            self._unsaid = f'no alerts go out: {error}'
            return None

    def _make_availability(self, log: str) -> availability.Keeper | None:
        """Makes it for a market; what is played has a time of its own."""
        feed = self._config.feeds[self._chosen.feed]
        if not isinstance(feed, settings.MarketFeed):
            return None
        return availability.Keeper(
            self._folder,
            self._path,
            log,
            journaled=self._journal,
            sessions=lambda: (
                self._sessions if self._plan is None else self._plan.sessions
            ),
            time_source=self._clock,
        )

    def _make_nodes(self) -> nodes_lib.Nodes | None:
        return node_lib.for_engine(
            self._chosen,
            self._name,
            self._home,
            os.environ,
            functools.partial(self._intake.alert, source='nodes'),
        )

    def _make_scheduling(self) -> scheduling.Scheduling | None:
        if self._plan is None or self._chosen.schedule is None:
            return None
        live = isinstance(
            self._config.feeds[self._chosen.feed], settings.MarketFeed
        )
        return scheduling.Scheduling(
            self._chosen.schedule,
            self._plan,
            self._specs,
            system=self._engine.state,
            tell=self._intake,
            time_source=self._clock,
            look_s=scheduling.LOOK_S if live else scheduling.PLAYED_LOOK_S,
        )

    def _make_observers(self, log: str) -> core.Component | None:
        return node_lib.publishing(
            self._chosen,
            self._name,
            self._home,
            os.environ,
            log=log,
            subscribe=lambda handler: subscribers.PageSubscriber(
                observing.NAME,
                handler,
                log=self._journal,
                path=self._path,
                # Another log has another cursor.
                folder=self._folder / observing.FOLDER / log,
                event_bus=self.bus,
                time_source=clock.LiveClock(),
                first=self._found.last.seq,
            ),
            alert=functools.partial(self._intake.alert, source='observers'),
        )

    def _make_measuring(self) -> measuring.Measuring:
        return measuring.Measuring(
            self._engine.state,
            self._board,
            self._sequence,
            configured=self._config.risk.metrics,
            symbols=lambda: self._symbols.all,
            sectors={
                symbol: instrument.sector
                for symbol, instrument in self._config.instruments.items()
            },
            scale=measuring.scale_of(
                self._symbols.feed.timeframe, self._sessions
            ),
        )

    async def _follow(self) -> None:
        """Has the feed give what is followed now; tells where it does not."""
        try:
            await self._symbols.follow(self._feeding)
        except errors.StingError as error:
            self._intake.alert(
                f'the symbols that were followed go on as before: {error}',
                self._feeding.name,
            )

    def _running(self) -> dict[str, handover.Ran]:
        found = {spec.name: self._hosted.ran(spec.name) for spec in self._specs}
        return {name: ran for name, ran in found.items() if ran is not None}

    def _running_here(self) -> dict[str, handover.Ran]:
        """Gives what runs of this machine's files."""
        there = self._nodes
        return {
            name: ran
            for name, ran in self._running().items()
            if there is None or not there.has(name)
        }

    def _could_not_reload(self, name: str) -> bool:
        last = self._engine.state.strategies.get(name)
        return last is not None and bool(last.error)

    def _ask_reload(self, name: str) -> None:
        self._intake.command(
            bus.Lane.ORDERS, commands.ReloadStrategy(name=name), 'watch'
        )

    def _refuse_fill(self, fill: orders.Fill, source: str) -> str:
        return self._fills.refuse(fill, source)

    def _recall(
        self, saved: records.StrategyState, until: int, now: host.Missed
    ) -> host.Missed:
        """Reads what a strategy missed; in a thread."""
        spec = next(s for s in self._specs if s.name == saved.strategy)
        if not spec.symbols:
            spec = msgspec.structs.replace(spec, symbols=self._chosen.symbols)
        return missed.read(self._path, spec, saved, until, now)


def _specs(
    config: settings.Settings, chosen: settings.Profile
) -> list[specs.StrategySpec]:
    """Numbers the strategies of a profile, from 1 in configured order."""
    return [
        config.strategies[name].spec(name, number)
        for number, name in enumerate(chosen.strategies, start=1)
    ]
