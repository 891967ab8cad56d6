"""The engine: takes an event, changes the state, gives effects.

No clock, no random number and no I/O: what it does follows from the events.
What it wants done outside comes back as effects, which are carried out only
after the events that decided them are durable.
"""

import abc
from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import msgspec

from sting.engine import brackets
from sting.engine import bus
from sting.engine import desk
from sting.engine import doors
from sting.engine import express
from sting.engine import failures
from sting.engine import inbox
from sting.engine import natives as natives_lib
from sting.engine import operator
from sting.engine import protection
from sting.engine import routes as routes_lib
from sting.engine import state
from sting.engine import step
from sting.engine import stops
from sting.engine import targets
from sting.engine import wishes
from sting.model import commands
from sting.model import corporate
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.model import views

_T = events.EventType
_SIGNAL = _T.SIGNAL

# The source of what a broker played in this process reports.
PLAYED = 'broker:paper'


# Why a broker reduces a position that the account cannot carry any more.
MARGIN_CALL = 'margin call'

# What a broker that is played in this process does with market data: it fills
# its orders in the very step that takes them.
Matcher = Callable[[Any], Sequence[step.Report]]


class Component(abc.ABC):
    """A part of the engine that is started and stopped with it.

    Attributes:
        name: Its name in logs and errors.
    """

    name: str

    @abc.abstractmethod
    async def start(self) -> None:
        """Starts it; returns when it works."""

    @abc.abstractmethod
    async def stop(self) -> None:
        """Ends it in order; returns when nothing of it runs."""


class CoreEngine:
    """Takes one event after another."""

    def __init__(
        self,
        gate: desk.Gate,
        *,
        symbols: tuple[str, ...] = (),
        strategies: Mapping[str, int] | None = None,
        matcher: Matcher | None = None,
        taker: express.Taker | None = None,
        routes: routes_lib.Routes | None = None,
        natives: natives_lib.Natives | None = None,
    ) -> None:
        """Sets up an engine without history.

        Args:
            gate: Risk.
            symbols: What may be traded.
            strategies: The number of each strategy by its name, from 1.
            matcher: The broker played in this process, if there is one.
            taker: What it takes an order with; see `settle_signal`.
            routes: Which of several brokers an order goes to; None for one.
            natives: Which brokers take exits with their entry.
        """
        self._turn = step.Turn()
        self._gate = gate
        self._matcher = matcher
        self._desk = desk.OrderDesk(
            self._turn, gate, frozenset(symbols), routes, natives
        )
        self._brackets = brackets.Brackets(self._turn, self._desk)
        self._wishes = wishes.WishDesk(self._turn, self._desk)
        self._express = (
            None
            if taker is None or gate.protections
            else express.Express(
                self._turn, self._desk, frozenset(symbols), taker, PLAYED
            )
        )
        self._failures = failures.Failures(self._turn, self._desk, self._wishes)
        numbers = dict(strategies or {})
        self._inbox = inbox.Inbox(self._turn, self._desk, numbers)
        self._operator = operator.Operator(
            self._turn, self._desk, self._inbox, strategies=numbers
        )
        self._protector = protection.Protector(
            self._turn,
            self._desk,
            self._wishes,
            self._operator,
            gate.protections,
        )
        self._protected = bool(gate.protections)
        self._components: list[Component] = []
        self._takers: Mapping[
            events.EventType, Callable[[bus.Incoming], None]
        ] = {
            _T.MARKET_DATA: self._take_bar,
            _T.QUOTE: self._take_price,
            _T.TRADE: self._take_price,
            _T.ORDER_UPDATE: self._take_report,
            _T.FILL: self._take_report,
            _T.CASH_FLOW: self._take_flow,
            _T.CORPORATE_ACTION: self._take_action,
            _T.RECONCILIATION: self._inbox.take,
            _T.STOP_REPORT: self._desk.stops.take,
            _T.COMMAND: self._take_command,
            _T.SIGNAL: self._take_signal,
            _T.SIGNAL_REFUSED: self._take_refusal,
            _T.STRATEGY_STATUS: self._take_status,
        }

    @property
    def stops(self) -> stops.Stops:
        """What becomes of the orders that an emergency stop meets."""
        return self._desk.stops

    @property
    def state(self) -> state.SystemState:
        """What the events so far have made."""
        return self._turn.state

    def register_component(self, component: Component) -> None:
        """Adds a part that is started and stopped with the engine.

        Args:
            component: Started after those before it, stopped before them.
        """
        self._components.append(component)

    @property
    def components(self) -> tuple[Component, ...]:
        """The parts that are started and stopped with it, in order."""
        return tuple(self._components)

    async def start(self) -> None:
        """Starts every component in order; on a failure stops those before."""
        started: list[Component] = []
        try:
            for component in self._components:
                await component.start()
                started.append(component)
        except BaseException:
            for component in reversed(started):
                await component.stop()
            raise

    async def stop(self) -> None:
        """Stops every component, the last one first."""
        for component in reversed(self._components):
            await component.stop()

    def process_event(self, incoming: bus.Incoming, now: int) -> step.Step:
        """Takes the next event.

        Args:
            incoming: What happened.
            now: Its time, nanoseconds since the epoch, UTC.

        Returns:
            The events that came of it and what to do.

        Raises:
            errors.OrderError: A command whose order makes no sense.
            errors.RefusedError: A command that is not allowed now. In both
                cases nothing happened, and no number was used.
        """
        self._turn.begin(now)
        taker = self._takers.get(incoming.type)
        if taker is None:
            self._react(self._emit(incoming))
        else:
            taker(incoming)
        return self._end()

    def weigh(
        self,
        command: commands.SubmitOrder | commands.ReplaceOrder,
        now: int,
    ) -> views.Judgement:
        """Gives what risk would say of an order or a change; sends nothing.

        Args:
            command: What would be asked for.
            now: The time, nanoseconds since the epoch, UTC.

        Raises:
            errors.OrderError: It makes no sense.
            errors.RefusedError: It is not allowed now.
        """
        self._turn.begin(now)
        verdict = self._operator.weigh(command)
        return views.Judgement(
            decision=verdict.decision,
            quantity=verdict.quantity,
            message=verdict.message,
            rules=tuple(records.figures(self._desk.gate.rule_set(), verdict)),
        )

    def process_signal(
        self, signal: orders.Signal, strategy: str, cause: int, now: int
    ) -> step.Step:
        """Takes what a strategy wants; as `process_event`.

        Args:
            signal: What it wants.
            strategy: Its name.
            cause: Number of the event that it answers.
            now: The time, nanoseconds since the epoch, UTC.
        """
        self._turn.begin(now)
        self._answer(signal, strategy, signal.symbol, cause)
        return self._end()

    def settle_signal(
        self, signal: orders.Signal, strategy: str, cause: int, now: int
    ) -> step.Step:
        """Takes what a strategy wants all the way to the market.

        As `process_signal`, with nothing else waiting to be carried out. A
        plain order is at the market played in this process when this returns,
        and the step says what the market answered.

        Args:
            signal: As there, and so are the others.
            strategy: Its name.
            cause: Number of the event that it answers.
            now: The time, nanoseconds since the epoch, UTC.
        """
        self._turn.begin(now)
        if self._express is None or not self._express.carry(
            signal, strategy, cause
        ):
            self._answer(signal, strategy, signal.symbol, cause)
        return self._end()

    def process_report(
        self, report: step.Report, source: str, now: int
    ) -> step.Step:
        """Takes what a broker reports of an order; as `process_event`.

        Args:
            report: A fill or a change of state.
            source: Which broker says so.
            now: The time, nanoseconds since the epoch, UTC.
        """
        self._turn.begin(now)
        self._desk.report(report, source)
        return self._end()

    def process_bar(self, bar: market.MarketData) -> step.Step | None:
        """Takes a closed bar whose event is kept elsewhere, by column.

        For backtests: as `process_event`, but no event is made of the bar
        itself; it has the number after the last one all the same.

        Args:
            bar: The bar.

        Returns:
            What came of it; None when nothing did.
        """
        system = self._turn.state
        system.count(bar)
        reports = self._matcher(bar) if self._matcher is not None else ()
        breaches = self._gate.breaches(system)
        if system.guards and bar.symbol in system.guards:
            return self._take_guarded(reports, breaches, bar, closed=True)
        if self._express is not None and len(reports) == 1 and not breaches:
            came = self._express.book(reports[0], bar.timestamp)
            if came is not None:
                return came
        return self._take_played(reports, breaches, bar.timestamp)

    def process_quote(
        self, quote: market.Quote, reports: Sequence[step.Report]
    ) -> step.Step | None:
        """Takes a quote whose event is kept elsewhere; as `process_bar`.

        Args:
            quote: The quote.
            reports: What the market made of it.

        Returns:
            What came of it; None when nothing did.
        """
        system = self._turn.state
        system.count_quote(quote)
        breaches = self._gate.breaches(system)
        if system.guards and quote.symbol in system.guards:
            return self._take_guarded(reports, breaches, quote, closed=False)
        return self._take_played(reports, breaches, quote.timestamp)

    def _take_guarded(
        self,
        reports: Sequence[step.Report],
        breaches: Sequence[str],
        data: market.MarketData | market.Quote,
        *,
        closed: bool,
    ) -> step.Step | None:
        """Takes data of a protected position; as `_take_played`."""
        number = self._turn.state.seq
        self._turn.begin(data.timestamp)
        for report in reports:
            self._desk.report(report, PLAYED)
        if breaches:
            self._warn(breaches, number)
        self._protector.watch(data.symbol, number, closed=closed)
        done = self._end()
        return done if done.events else None

    def _take_played(
        self,
        reports: Sequence[step.Report],
        breaches: Sequence[str],
        now: int,
    ) -> step.Step | None:
        """Takes what market data that were counted have led to."""
        if not reports and not breaches:
            return None
        number = self._turn.state.seq
        self._turn.begin(now)
        for report in reports:
            self._desk.report(report, PLAYED)
        if breaches:
            self._warn(breaches, number)
        return self._end()

    def _end(self) -> step.Step:
        turn = self._turn
        if self._desk.ended:
            self._desk.end_groups()
        if turn.state.brackets:
            self._brackets.tend()
        if turn.guarded or self._protected or turn.state.guards:
            self._protector.tend()
        return turn.end()

    def call_margin(
        self,
        message: str,
        symbols: Iterable[str],
        source: str,
        keep: Container[str] = (),
    ) -> step.Step:
        """Tells of a margin call, and cancels what would be in its way.

        Args:
            message: One sentence for a person.
            symbols: What will be reduced; what works there is cancelled.
            source: Who calls.
            keep: Ids of orders that stay: those of calls before.
        """
        self._turn.begin(self.state.time)
        alert = records.Alert(
            severity=records.Severity.CRITICAL,
            message=message,
            source=MARGIN_CALL,
        )
        event = self._turn.emit(_T.RISK_ALERT, alert, source)
        for symbol in symbols:
            for order in list(self.state.working(symbol)):
                if order.id not in keep:
                    self._desk.cancel(order, MARGIN_CALL, event.seq)
        return self._turn.end()

    def reduce(
        self, cuts: Mapping[str, float], called: events.Event
    ) -> tuple[step.Step, list[orders.Order]]:
        """Reduces positions by market orders, judged like all others.

        Args:
            cuts: Units to take off, by symbol, negative for a sale.
            called: The event of the margin call.

        Returns:
            What came of it, and the orders after their verdicts.
        """
        self._turn.begin(self.state.time)
        made = []
        for nth, (symbol, units) in enumerate(cuts.items(), start=1):
            owners = [
                name
                for name, book in self.state.books.items()
                if book.quantity(symbol) * units < 0
            ]
            order = orders.Order(
                id=f'{self.state.log}-{called.seq}-0-{nth}',
                symbol=symbol,
                side=orders.OrderSide.BUY
                if units > 0
                else orders.OrderSide.SELL,
                quantity=abs(units),
                strategy=owners[0] if owners else '',
                reason=MARGIN_CALL,
            )
            made.append(self._desk.request(order, called))
        return self._turn.end(), made

    def adopt_rules(self) -> step.Step:
        """Logs the rules in force, when they differ from the log's."""
        self._turn.begin(self.state.time)
        rules = self._gate.rule_set()
        if self.state.rules[1] != rules:
            self._turn.emit(_T.RULE_SET, rules, 'risk')
        return self._turn.end()

    def _take_bar(self, incoming: bus.Incoming) -> None:
        if self._refuses(incoming):
            return
        event = self._emit(incoming)
        # A bar first fills orders, then reaches strategies.
        if self._matcher is not None and event.data.closed:
            for report in self._matcher(event.data):
                self._desk.report(report, PLAYED)
        turn, gate = self._turn, self._gate
        turn.effects.append(step.Notify(event))
        # With nothing to tell a bar costs as little as it can.
        if breaches := gate.breaches(turn.state):
            self._warn(breaches, event.seq)
        if losers := gate.to_stop():
            self._stop_losers(losers, event.seq)
        if turn.state.guards:
            self._watch(event, closed=event.data.closed)
        if deed := gate.monitor_positions(turn.state):
            self._act(deed, event.seq)

    def _watch(self, event: events.Event, *, closed: bool) -> None:
        """Holds a price against the guards of what is held."""
        if event.symbol in self._turn.state.guards:
            self._protector.watch(event.symbol, event.seq, closed=closed)

    def _act(self, deed: targets.Deed, cause: int) -> None:
        """Does what a rule asks for after a bar."""
        change, share = deed
        if change.state is records.TradingState.HALTED:
            return self._desk.halt(change.who, change.reason, cause)
        self._desk.reduce(change.who, change.reason, cause)
        message = f'{change.state} by {change.who}: {change.reason}'
        if share:
            message += f'; {share:.0%} of each position is closed'
        self._turn.alert(records.Severity.CRITICAL, message, 'risk', cause)
        if share:
            closes = events.CommandGiven(command=commands.Flatten(share=share))
            self._operator.carry_out(
                self._turn.emit(_T.COMMAND, closes, 'risk', cause=cause)
            )

    def _stop_losers(self, names: Sequence[str], cause: int) -> None:
        """Stops the strategies that have lost too much."""
        for name in names:
            last = self._turn.state.strategies.get(name)
            if last is not None and last.status in state.ALIVE:
                stop = events.CommandGiven(
                    command=commands.StopStrategy(name=name)
                )
                self._operator.carry_out(
                    self._turn.emit(_T.COMMAND, stop, 'risk', cause=cause)
                )

    def _warn(self, breaches: Sequence[str], cause: int) -> None:
        """Tells of what a bar has made go wrong."""
        for message in breaches:
            self._turn.alert(records.Severity.CRITICAL, message, 'risk', cause)

    def _take_price(self, incoming: bus.Incoming) -> None:
        if self._refuses(incoming):
            return
        event = self._emit(incoming)
        if self._matcher is not None:
            for report in self._matcher(event.data):
                self._desk.report(report, PLAYED)
        self._turn.effects.append(step.Notify(event))
        self._watch(event, closed=False)

    def _take_flow(self, incoming: bus.Incoming) -> None:
        flow = incoming.data
        order = self._turn.state.orders.get(flow.order_id)
        if order is not None and order.strategy and not flow.shares:
            # What an order cost is its strategy's.
            shares = {order.strategy: flow.amount}
            flow = msgspec.structs.replace(flow, shares=shares)
            incoming = msgspec.structs.replace(incoming, data=flow)
        self._turn.effects.append(step.Notify(self._emit(incoming)))

    def _take_action(self, incoming: bus.Incoming) -> None:
        action: records.CorporateAction = incoming.data
        system, symbol = self._turn.state, action.symbol
        if not corporate.is_sound(action):
            self._turn.alert(
                records.Severity.WARNING,
                f'{incoming.source}: a {action.kind} of {symbol} makes no '
                'sense and is not booked',
                'data',
                0,
            )
            return
        held = system.portfolio.quantity(symbol)
        event = self._emit(incoming)
        self._turn.effects.append(step.Notify(event))
        if action.kind is records.ActionKind.DIVIDEND:
            self._pay(action, event)
        elif held:
            position = system.portfolio.positions[symbol]
            self._turn.emit(
                _T.POSITION_UPDATE, position, 'engine', symbol, event.seq
            )
        if action.kind is records.ActionKind.DELISTING:
            self._desk.cancel_working(symbol, 'delisted', event.seq)

    def _pay(
        self, action: records.CorporateAction, cause: events.Event
    ) -> None:
        """Books what a dividend brings, where anything is held."""
        system, symbol = self._turn.state, action.symbol
        shares = {
            name: book.quantity(symbol)
            for name, book in system.books.items()
            if book.quantity(symbol)
        }
        held = system.portfolio.quantity(symbol)
        if not held and not shares:
            return
        flow = corporate.dividend(action, held, shares)
        for name, venue in system.venues.items():
            if venue.quantity(symbol):
                flow = msgspec.structs.replace(flow, broker=name)
        event = self._turn.emit(_T.CASH_FLOW, flow, 'engine', symbol, cause.seq)
        self._turn.effects.append(step.Notify(event))

    def _take_report(self, incoming: bus.Incoming) -> None:
        self._desk.report(incoming.data, incoming.source)

    def _take_command(self, incoming: bus.Incoming) -> None:
        self._operator.check(incoming.data.command)
        self._operator.carry_out(self._emit(incoming))

    def _take_signal(self, incoming: bus.Incoming) -> None:
        self._answer(
            incoming.data, incoming.source, incoming.symbol, incoming.cause
        )

    def _answer(
        self, signal: orders.Signal, strategy: str, symbol: str, cause: int
    ) -> None:
        """Makes of a signal an event, and an order or a refusal."""
        if self._wishes.admits(signal, cause):
            self._wishes.take(
                self._turn.emit(_SIGNAL, signal, strategy, symbol, cause)
            )

    def _take_status(self, incoming: bus.Incoming) -> None:
        status: records.StrategyStatus = incoming.data
        if status.status != 'starting':
            last = self.state.strategies.get(status.strategy)
            event = self._emit(incoming)
            if status.status in failures.FAILED:
                self._failures.take(event)
            elif status.status == 'stopped' and status.policy:
                self._failures.leave(event, status.detail)
            elif status.error:
                self._turn.alert(
                    records.Severity.WARNING,
                    f'strategy {status.strategy} goes on as it was: '
                    f'{status.error}',
                    'strategies',
                    event.seq,
                )
            elif status.status == 'lost':
                self._turn.alert(
                    records.Severity.WARNING,
                    f'strategy {status.strategy} is lost: {status.detail}',
                    'strategies',
                    event.seq,
                )
            elif (
                last is not None
                and status.status == 'running'
                and last.status in ('running', 'lost')
            ):
                # It goes on otherwise than before, which a person should see.
                self._turn.alert(
                    records.Severity.INFO,
                    f'strategy {status.strategy}: {status.detail}',
                    'strategies',
                    event.seq,
                )
        elif self._may_restart(status.strategy):
            event = self._emit(incoming)
            self._turn.effects.append(step.Start(status.strategy, event.seq))

    def _may_restart(self, name: str) -> bool:
        """Whether a strategy that failed may be started again by itself."""
        last = self.state.strategies.get(name)
        waits = last is not None and last.status == 'restarting'
        return waits and self.state.trading is not records.TradingState.HALTED

    def _take_refusal(self, incoming: bus.Incoming) -> None:
        self._wishes.refused(
            incoming.data, incoming.symbol, incoming.source, incoming.cause
        )

    def _refuses(self, incoming: bus.Incoming) -> bool:
        """Tells of market data that make no sense, which change nothing."""
        issue = doors.fault(incoming.data, self._turn.state)
        if issue is not None:
            incoming = msgspec.structs.replace(
                incoming, type=_T.DATA_ISSUE, data=issue
            )
            self._react(self._emit(incoming))
        return issue is not None

    def _emit(self, incoming: bus.Incoming) -> events.Event:
        return self._turn.emit(
            incoming.type,
            incoming.data,
            incoming.source,
            incoming.symbol,
            incoming.cause,
        )

    def _react(self, event: events.Event) -> None:
        if event.type is _T.DATA_ISSUE:
            self._turn.effects.append(step.Notify(event))
