"""One life of an engine that begins in the middle of another's log.

The engine, risk and the strategies are those that trade; the market is the
simulator, and an event is answered by every strategy before the next, so that
two lives over the same events are the same.
"""

import collections
from collections.abc import Iterable
import functools
import pathlib

import msgspec

from sting import settings
from sting.backtest import ownrules
from sting.broker import interface
from sting.broker import registry
from sting.data import calendars
from sting.engine import bus
from sting.engine import clock
from sting.engine import core
from sting.engine import exits
from sting.engine import image
from sting.engine import state
from sting.engine import step
from sting.model import errors
from sting.model import events
from sting.model import orders
from sting.model import records
from sting.model import specs
from sting.risk import gate
from sting.session import feeds
from sting.session import missed
from sting.session import travel
from sting.settings import brokers
from sting.strategy import host
from sting.strategy import inprocess
from sting.strategy import loader
from sting.strategy import runner

_T = events.EventType
# What the market says: this, and nothing else of the log, happens again.
MARKET = frozenset({_T.MARKET_DATA, _T.QUOTE, _T.TRADE})
_PLAYED = f'broker:{brokers.PAPER}'


class Tally(msgspec.Struct):
    """What is counted of a life.

    Attributes:
        orders: Orders that were asked for.
        denied: Of these, the ones that risk kept back.
        fills: Fills.
        fees: What they cost, in the account's currency.
    """

    orders: int = 0
    denied: int = 0
    fills: int = 0
    fees: float = 0.0

    def take(self, event: events.Event) -> None:
        """Counts an event."""
        if event.type is _T.ORDER_REQUEST:
            self.orders += 1
        elif event.type is _T.FILL:
            self.fills += 1
            self.fees += event.data.fee
        elif event.type is _T.RISK_VERDICT:
            self.denied += event.data.decision is records.Decision.DENY


class Life:
    """An engine that goes on from a moment of a log.

    Attributes:
        tally: What is counted of it.
        notes: What a reader has to know.
    """

    def __init__(
        self,
        config: settings.Settings,
        profile: str,
        chosen: Iterable[specs.StrategySpec],
        begun: image.Image,
    ) -> None:
        """Sets up an engine in the state of a moment.

        Args:
            config: What is configured, the limits of risk among it.
            profile: The profile's name.
            chosen: The strategies that run, with their parameters.
            begun: The state; it is taken over.
        """
        self.tally = Tally()
        self.notes: list[str] = []
        self._specs = tuple(chosen)
        self._forked = begun.seq
        self._clock = clock.VirtualClock(begun.time)
        self._calendar = config.profile(profile).calendar
        self._engine = self._make_engine(config, profile)
        image.put(self.state, begun)
        self._broker.restore(
            self.state.orders.values(),
            self.state.portfolio,
            prices=self.state.prices,
        )
        self._broker.know(functools.partial(exits.standing, self.state))
        self._reports: collections.deque[interface.Report] = collections.deque()
        self._running: dict[
            str, tuple[runner.StrategyRunner, host.Subscription]
        ] = {}

    def _make_engine(
        self, config: settings.Settings, profile: str
    ) -> core.CoreEngine:
        made = registry.build(brokers.PAPER, config, profile, self._clock, {})
        if not isinstance(made, interface.Played):
            raise errors.ConfigError('the paper broker is not played here')
        self._broker = made
        judge = gate.build(
            config.risk.rules,
            config.risk.sizing,
            self._specs,
            config.risk.scoped,
            config.instruments,
        )
        for rule in ownrules.make(config):
            judge.add_risk_rule(rule)
        judge.known.sessions = calendars.sessions(
            self._calendar, self._clock.now()
        )
        return core.CoreEngine(
            judge,
            symbols=config.profile(profile).symbols,
            strategies={spec.name: spec.number for spec in self._specs},
            matcher=made.match,
        )

    @property
    def state(self) -> state.SystemState:
        """What the life has come to."""
        return self._engine.state

    async def begin(self, path: pathlib.Path, there: travel.Travel) -> None:
        """Has the rules known, and the strategies go on.

        Args:
            path: The log's file.
            there: The log at the moment of the fork.

        Raises:
            errors.StrategyError: One cannot be loaded, or raised.
        """
        await self._broker.connect(self._hear, lambda _: False)
        await self._settle(self._engine.adopt_rules())
        for spec in self._specs:
            await self._start(path, spec, there)

    def _hear(self, report: interface.Report | records.CashFlow) -> None:
        # The simulated market pays nothing out.
        if not isinstance(report, records.CashFlow):
            self._reports.append(report)

    async def take(self, event: events.Event) -> None:
        """Lets the market do again what it did.

        Args:
            event: Of the log, of a type in MARKET.
        """
        self._clock.advance(event.timestamp)
        incoming = bus.Incoming(
            event.type, event.data, event.source, event.symbol
        )
        await self._settle(self._engine.process_event(incoming, self._now))

    @property
    def _now(self) -> int:
        return self._clock.now()

    async def _start(
        self,
        path: pathlib.Path,
        spec: specs.StrategySpec,
        there: travel.Travel,
    ) -> None:
        """Has a strategy go on where it was, as far as the log knows that."""
        kind = loader.load(spec.reference)
        feeder = runner.StrategyRunner(
            loader.instantiate(kind, spec.name, spec.values),
            number=spec.number,
            log=self.state.log,
            timeframes=spec.timeframes,
            sessions=lambda: calendars.sessions(self._calendar, self._now),
            sizing=spec.sizing,
        )
        heard = host.Subscription(spec)
        past = self._past(path, spec)
        feeder.adopt(past.book)
        await feeder.start(self._now, self.state.seq)
        after = past.events[0].event.timestamp if past.events else None
        for bar in there.history(feeds.WARM_UP):
            wanted = not spec.symbols or bar.symbol in spec.symbols
            if wanted and (after is None or bar.timestamp < after):
                feeder.warm_up(bar)
        if past.state:
            feeder.load_state(past.state)
        else:
            self.notes.append(
                f'{spec.name}: the log has no state of it up to there; it was '
                'warmed up from the bars before and knows nothing else of them'
            )
        await feeder.recall(self._now, past.working)
        # What it wants on that it wanted then, and that was answered.
        for each in past.events:
            if heard.takes(each.event, each.order):
                await inprocess.answer(feeder, each)
        feeder.take_log()
        self._running[spec.name] = feeder, heard

    def _past(
        self, path: pathlib.Path, spec: specs.StrategySpec
    ) -> host.Missed:
        """Gives the strategy's saved state and what came after it."""
        system = self.state
        working = [o for o in system.working() if o.strategy == spec.name]
        now = host.Missed(b'', system.book(spec.name).copy(), working)
        saved = system.saved.get(spec.name)
        if saved is None:
            return now
        # The rules in force took numbers that the log has not.
        found = missed.read(path, spec, saved, self._forked + 1, now)
        if found.note:
            self.notes.append(f'{spec.name}: {found.note}')
        return found

    async def _settle(self, came: step.Step) -> None:
        """Carries out what came of an event, until nothing more comes."""
        steps = collections.deque([came])
        while steps:
            came = steps.popleft()
            for event in came.events:
                self.tally.take(event)
            for effect in came.effects:
                steps.extend(await self._act(effect))
            while self._reports:
                steps.append(
                    self._engine.process_report(
                        self._reports.popleft(), _PLAYED, self._now
                    )
                )

    async def _act(self, effect: step.Effect) -> list[step.Step]:
        if isinstance(effect, step.Notify):
            return await self._tell(effect)
        if isinstance(effect, step.Place):
            await self._broker.place_order(effect.order)
        elif isinstance(effect, step.Cancel):
            answer = await self._broker.cancel_order(effect.order.id)
            if not answer.accepted:
                self._reports.append(_gone(effect.order, answer.message))
        elif isinstance(effect, step.Replace):
            changed = await self._broker.replace_order(
                effect.order.id,
                quantity=effect.quantity,
                price=effect.price,
                stop_price=effect.stop_price,
            )
            if not changed.accepted:
                self._reports.append(_gone(effect.order, changed.message))
        elif isinstance(effect, step.Stop):
            self._running.pop(effect.strategy, None)
        return []

    async def _tell(self, told: step.Notify) -> list[step.Step]:
        """Has the strategies that it concerns answer an event."""
        made: list[step.Step] = []
        for name, (feeder, heard) in tuple(self._running.items()):
            if not heard.takes(told.event, told.order):
                continue
            try:
                signals = await inprocess.answer(feeder, told)
            except errors.StrategyError as error:
                del self._running[name]
                self.notes.append(f'{name} failed: {error}')
                continue
            finally:
                feeder.take_log()
            made += [
                self._engine.process_signal(
                    signal, name, told.event.seq, self._now
                )
                for signal in signals
            ]
        return made


def _gone(order: orders.Order, message: str) -> orders.OrderUpdate:
    """Says that the simulated market does not have an order any more."""
    return orders.OrderUpdate(
        order_id=order.id,
        status=order.resting,
        message=message,
        quantity=order.quantity,
    )
