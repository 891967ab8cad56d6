"""Orders: judged, cancelled, and what brokers report of them."""

from collections.abc import Mapping
from collections.abc import Sequence
import math
from typing import Protocol

import msgspec

from sting.engine import exits
from sting.engine import natives as natives_lib
from sting.engine import openings
from sting.engine import routes as routes_lib
from sting.engine import state
from sting.engine import step
from sting.engine import stops
from sting.engine import targets
from sting.model import checks
from sting.model import errors
from sting.model import events
from sting.model import lifecycle
from sting.model import orders
from sting.model import portfolio
from sting.model import protection
from sting.model import records

_T = events.EventType
_S = orders.OrderStatus
# What each order needs; a name of a module costs a fraction of a member.
_ORDER_REQUEST = _T.ORDER_REQUEST
_RISK_VERDICT = _T.RISK_VERDICT
_ORDER_UPDATE = _T.ORDER_UPDATE
_FILL = _T.FILL
_POSITION_UPDATE = _T.POSITION_UPDATE
_REFUSED = orders.REFUSED
_SUBMITTED, _DENIED, _REJECTED = _S.SUBMITTED, _S.DENIED, _S.REJECTED
_CANCELLED = _S.CANCELLED
# Sums of fills may differ by this share of an order's quantity.
_ROUNDING = 1e-9


class Gate(Protocol):
    """Risk, as the engine sees it."""

    @property
    def protections(self) -> Mapping[str, protection.Protection]:
        """What protects the positions of strategies, by their names."""
        ...

    def rule_set(self) -> records.RuleSet:
        """Gives the rules in force."""
        ...

    def evaluate_order(
        self,
        order: orders.Order,
        system: state.SystemState,
        *,
        flatten: bool = False,
    ) -> records.Verdict:
        """Judges an order.

        Args:
            order: The order, not yet counted as working.
            system: The state to judge it in.
            flatten: The operator's typed flatten.

        Returns:
            The verdict.
        """
        ...

    def sized(
        self, signal: orders.Signal, price: float, system: state.SystemState
    ) -> targets.Sized:
        """Gives the quantity of an order that names none."""
        ...

    def equity(self, strategy: str, system: state.SystemState) -> float:
        """Gives what a strategy's shares are of, in cash."""
        ...

    def breaches(self, system: state.SystemState) -> Sequence[str]:
        """Gives what a bar has made go wrong, each thing once."""
        ...

    def to_stop(self) -> Sequence[str]:
        """Gives the strategies to stop for what was just told."""
        ...

    def monitor_positions(
        self, system: state.SystemState
    ) -> targets.Deed | None:
        """Gives what a rule does by itself after a bar, if anything."""
        ...


class OrderDesk:
    """Has orders judged and keeps them in step with the brokers."""

    def __init__(
        self,
        turn: step.Turn,
        gate: Gate,
        symbols: frozenset[str],
        routes: routes_lib.Routes | None = None,
        natives: natives_lib.Natives | None = None,
    ) -> None:
        self._turn = turn
        self._routes = routes
        self.natives = natives or {}
        self.gate = gate
        self._symbols = symbols
        self.stops = stops.Stops(turn)
        # Filled orders of groups, and the events that tell.
        self.ended: list[tuple[orders.Order, int]] = []

    def report(self, report: step.Report, source: str) -> None:
        """Takes what a broker reports of an order.

        Args:
            report: A fill or a change of state; a fill reported before is
                dropped, an illegal move becomes an alert.
            source: Which broker says so.
        """
        if isinstance(report, orders.OrderUpdate):
            self.update(report, source, 0)
        else:
            self._fill(report, source)
        system = self._turn.state
        if not (system.closing or system.exits) or not self._turn.events:
            return
        order = system.orders.get(report.order_id)
        if order is None:
            return
        if order.symbol in system.closing:
            self.close(order.symbol, self._turn.events[-1])
        self._leave(order.strategy, order.symbol)

    def update(
        self, update: orders.OrderUpdate, source: str, cause: int
    ) -> None:
        """Takes a change of an order's state.

        Args:
            update: What became of the order.
            source: Who says so.
            cause: Number of the event that led to it; 0 for the verdict that
                let the order go.
        """
        turn = self._turn
        known = turn.state.orders
        order = known.get(update.order_id)
        if order is None:
            turn.alert(
                records.Severity.WARNING,
                f'{source} reports an order that is not ours: '
                f'{update.order_id} {update.status}',
                'orders',
                cause,
            )
            return
        try:
            lifecycle.check_update(order, update)
        except errors.IllegalTransitionError as error:
            turn.alert(
                records.Severity.WARNING, f'{source}: {error}', 'orders', cause
            )
            return
        if update.status is _CANCELLED:
            self.stops.lose(order)
        event = turn.emit(
            _ORDER_UPDATE, update, source, order.symbol, cause or order.judged
        )
        after = known[order.id]
        turn.effects.append(step.Notify(event, after))
        status = after.status
        withheld = status is _DENIED and order.status is _SUBMITTED
        lost = status is _CANCELLED and self._never_arrived(order)
        if withheld:
            self.stops.withhold(order.id)
        if status is _REJECTED or withheld or lost:
            entry = known.get(order.parent)
            if entry is not None and entry.status in _REFUSED:
                # It went with its entry, and there is nothing to close.
                return
            turn.alert(
                _severity(order),
                f'{source} {after.status} {order.side} {order.quantity:g} '
                f'{order.symbol}{_bare(order)}: {after.message}',
                'orders',
                event.seq,
            )

    def _never_arrived(self, order: orders.Order) -> bool:
        """Whether an exit is missing at the broker that has its entry."""
        entry = self._turn.state.orders.get(order.parent)
        return (
            order.status in (_SUBMITTED, _S.UNKNOWN)
            and not order.broker_id
            and entry is not None
            and (entry.is_working or entry.filled > 0)
        )

    def _fill(self, fill: orders.Fill, source: str) -> None:
        turn, system = self._turn, self._turn.state
        if system.knows_execution(fill):
            return
        order = system.orders.get(fill.order_id)
        if (
            order is None
            or order.status in _REFUSED
            or not checks.is_sound(fill)
            or not checks.belongs(fill, order)
        ):
            self._odd_fill(fill, source, order)
            return
        over = fill.quantity - self._to_close(order)
        event, after, own = self._book(fill, source, order)
        if after.oco and not after.parent and after.status is _S.FILLED:
            self.ended.append((after, event.seq))
        turn.effects.append(step.Notify(event, after, own))
        if after.filled > after.quantity + orders.DUST:
            self.halt(
                'engine',
                f'order {order.id} was filled for {after.filled:g}, '
                f'more than its {after.quantity:g}',
                event.seq,
            )
        elif over > max(orders.DUST, after.quantity * _ROUNDING):
            turn.alert(
                records.Severity.CRITICAL,
                f'exits of {order.parent} closed {over:g} {order.symbol} more '
                'than it opened; look at the position',
                'orders',
                event.seq,
            )

    def _to_close(self, order: orders.Order) -> float:
        """Gives the units that fills of an order may close as an exit."""
        if not order.parent or protection.guards(order):
            return math.inf
        entries = self._turn.state.brackets.get(order.symbol, {})
        return entries.get(order.parent, 0.0)

    def _book(
        self, fill: orders.Fill, source: str, order: orders.Order
    ) -> tuple[events.Event, orders.Order, portfolio.Position | None]:
        """Emits a fill of an order and the position after it.

        As `Turn.emit` does, but with the order at hand.
        """
        turn, system, symbol = self._turn, self._turn.state, fill.symbol
        now, seq = turn.now, system.seq + 1
        system.time = now
        whole, after, own = system.book_fill(fill, order)
        system.seq = seq + 1
        event = events.Event(
            seq, now, _FILL, source, fill, symbol, order.judged
        )
        turn.events += (
            event,
            events.Event(
                seq + 1, now, _POSITION_UPDATE, 'engine', whole, symbol, seq
            ),
        )
        return event, after, own

    def _odd_fill(
        self, fill: orders.Fill, source: str, order: orders.Order | None
    ) -> None:
        """Takes a fill that makes no sense, or is of no order that wants it."""
        turn = self._turn
        if not checks.is_sound(fill):
            turn.alert(
                records.Severity.CRITICAL,
                f'{source} reports a fill that makes no sense, not booked: '
                f'{fill.quantity:g} {fill.symbol} at {fill.price:g}, '
                f'fee {fill.fee:g}, {fill.order_id}',
                'orders',
                0,
            )
            return
        if order is not None and order.status in _REFUSED:
            # It is real at the broker, whatever was said before: book it.
            self.halt(
                'engine',
                f'{source} filled {order.id}, which was {order.status}',
                order.judged,
            )
        elif order is not None:
            # Real in the account, but nothing of what the order asked for.
            self.halt(
                'engine',
                f'{source} filled {fill.side} {fill.symbol} for {order.id}, '
                f'which is {order.side} {order.symbol}',
                order.judged,
            )
        symbol = fill.symbol
        event = turn.emit(_FILL, fill, source, symbol)
        position = turn.state.portfolio.positions[symbol]
        turn.emit(_POSITION_UPDATE, position, 'engine', symbol, event.seq)
        turn.alert(
            records.Severity.CRITICAL,
            f'{source} filled {fill.side} {fill.quantity:g} {fill.symbol} '
            f'for an order that is not ours: {fill.order_id}',
            'orders',
            event.seq,
        )

    def _leave(self, strategy: str, symbol: str) -> None:
        """Sends a strategy's way out once nothing of it works any more."""
        if not self._turn.state.exits:
            return
        found = exits.way_out(self._turn.state, strategy, symbol)
        if found is not None:
            self.request(*found)

    def end_groups(self) -> None:
        """Cancels what is left of groups of which one order was filled.

        A broker that knows groups has done so in the same reports.
        """
        ended, self.ended = self.ended, []
        for done, cause in ended:
            for other in list(self._turn.state.working(done.symbol)):
                if other.oco == done.oco and not other.parent:
                    self.cancel(
                        other, f'{done.id} of its group is filled', cause
                    )

    def request(
        self,
        order: orders.Order,
        cause: events.Event,
        *,
        flatten: bool = False,
        source: str = '',
    ) -> orders.Order:
        """Creates an order and has it judged, in one step.

        Args:
            order: What is wanted; one whose `seq` is not the next number
                gets this turn's numbers and time.
            cause: The event that asks for it.
            flatten: The operator's typed flatten.
            source: Who asks for it; empty for the source of that event.

        Returns:
            The order after the verdict: submitted or denied.
        """
        order, verdict = self.weigh(order, cause.seq, flatten=flatten)
        return self.judged(order, verdict, source or cause.source)

    def weigh(
        self, order: orders.Order, cause: int = 0, *, flatten: bool = False
    ) -> tuple[orders.Order, records.Verdict]:
        """Judges an order, and does nothing else.

        Args:
            order: As `request`.
            cause: Number of the event that asks for it.
            flatten: As `request`.

        Returns:
            The order as it would be sent, and the verdict.
        """
        turn, system = self._turn, self._turn.state
        gone = 0.0
        if not order.parent:
            gone = order.quantity - exits.left(system, order)
        if orders.DUST < gone < order.quantity - orders.DUST:
            order = msgspec.structs.replace(
                order, quantity=order.quantity - gone
            )
            gone = 0.0
        if order.seq != system.seq + 1:
            now = turn.now
            order = msgspec.structs.replace(
                order,
                created=now,
                updated=now,
                cause=cause,
                seq=system.seq + 1,
            )
        symbol = order.symbol
        refusal = '' if symbol in self._symbols else self.foreign(symbol)
        if self._routes is not None:
            broker = self._routes.choose(order, system, turn.now)
            order = msgspec.structs.replace(order, broker=broker)
            refusal = refusal or self._routes.refusal(order, system, turn.now)
        verdict = self.gate.evaluate_order(order, system, flatten=flatten)
        if gone > orders.DUST:
            refusal = (
                f'the operator has closed what {order.strategy} holds of '
                f'{order.symbol} by hand'
            )
        if refusal:
            verdict = msgspec.structs.replace(
                verdict, decision=records.Decision.DENY, message=refusal
            )
        return order, verdict

    def judged(
        self, order: orders.Order, verdict: records.Verdict, source: str
    ) -> orders.Order:
        """Creates an order that has been judged.

        Args:
            order: What is wanted, with this turn's numbers and time.
            verdict: What risk said of it.
            source: Who asks for it.

        Returns:
            The order after the verdict: submitted or denied.
        """
        turn, system = self._turn, self._turn.state
        symbol = order.symbol
        request = turn.emit(_ORDER_REQUEST, order, source, symbol, order.cause)
        judged = turn.emit(_RISK_VERDICT, verdict, 'risk', symbol, request.seq)
        after = system.orders[order.id]
        if after.status is _SUBMITTED:
            turn.effects.append(step.Place(after))
            if verdict.message:
                turn.alert(
                    records.Severity.WARNING,
                    f'{verdict.decision} {order.side} {order.quantity:g} '
                    f'{symbol}: {verdict.message}',
                    'risk',
                    judged.seq,
                )
            if self.natives and after.attaches:
                self._attach(after, judged)
            return after
        turn.effects.append(step.Notify(judged, after))
        turn.alert(
            _severity(order),
            f'denied {order.side} {order.quantity:g} {order.symbol}'
            f'{_bare(order)}: {verdict.message}',
            'risk',
            judged.seq,
        )
        return after

    def _attach(self, entry: orders.Order, cause: events.Event) -> None:
        """Sends the exits of an order with it, where its broker takes them.

        Either all of them or none, in which case they go out with its fills.
        """
        if not natives_lib.fits(entry, self._turn.state, self.natives):
            return
        made = list(exits.attached(entry, entry.quantity, held=entry.quantity))
        verdicts = [self.weigh(order, cause.seq)[1] for order in made]
        if all(one.decision is records.Decision.APPROVE for one in verdicts):
            for order in made:
                self.request(order, cause, source='engine')

    def replace(
        self,
        order: orders.Order,
        cause: int,
        *,
        quantity: float | None = None,
        price: float | None = None,
        stop_price: float | None = None,
    ) -> records.Verdict:
        """Has a change of a working order judged, and asks for it.

        Args:
            order: The order, which the broker has answered.
            cause: Number of the event that led to it.
            quantity: Units wanted in all; None to keep.
            price: The limit; None to keep.
            stop_price: The trigger; None to keep.

        Returns:
            The verdict; nothing was asked for unless it approves.
        """
        verdict = self.gate.evaluate_order(
            replaced(order, quantity, price, stop_price), self._turn.state
        )
        judged = self._turn.emit(
            _T.RISK_VERDICT, verdict, 'risk', order.symbol, cause
        )
        if verdict.decision is not records.Decision.APPROVE:
            return verdict
        self.update(
            orders.OrderUpdate(
                order_id=order.id,
                status=_S.PENDING_REPLACE,
                quantity=quantity,
                price=price,
                stop_price=stop_price,
            ),
            'engine',
            judged.seq,
        )
        self._turn.effects.append(
            step.Replace(
                self._turn.state.orders[order.id], quantity, price, stop_price
            )
        )
        return verdict

    def foreign(self, symbol: str) -> str:
        """Says that a symbol may not be traded here.

        Args:
            symbol: The instrument.

        Returns:
            One sentence; empty when it may.
        """
        system = self._turn.state
        if self.follows(symbol) or symbol in system.portfolio.positions:
            return ''
        return f'{symbol} is not in this profile; its symbols are ' + ', '.join(
            sorted(self._symbols.union(system.watched))
        )

    def follows(self, symbol: str) -> bool:
        """Says whether a symbol is the profile's, or was added to it."""
        return symbol in self._symbols or symbol in self._turn.state.watched

    def cancel(self, order: orders.Order, reason: str, cause: int) -> bool:
        """Asks for the cancel of a working order.

        Args:
            order: The order; nothing happens when it is done.
            reason: Why, for the log.
            cause: Number of the event that led to it.

        Returns:
            Whether it was asked; not when that has been done before.
        """
        if not order.is_working or order.status is _S.PENDING_CANCEL:
            return False
        self.update(
            orders.OrderUpdate(
                order_id=order.id, status=_S.PENDING_CANCEL, message=reason
            ),
            'engine',
            cause,
        )
        self._turn.effects.append(
            step.Cancel(self._turn.state.orders[order.id])
        )
        return True

    def close(self, symbol: str, cause: events.Event) -> orders.Order | None:
        """Closes a position of a flatten once nothing of it works any more.

        Args:
            symbol: A symbol that a flatten waits for.
            cause: The event that lets it go on.

        Returns:
            The order after the verdict; None while there is one to wait for,
            or nothing left to close.
        """
        order = exits.flatten(self._turn.state, symbol)
        if order is None:
            return None
        return self.request(order, cause, flatten=True)

    def cancel_working(
        self,
        symbol: str | None,
        reason: str,
        cause: int,
        side: orders.OrderSide | None = None,
    ) -> int:
        """Asks for the cancel of all working orders.

        Args:
            symbol: Only of this instrument; None for all.
            reason: Why, for the log.
            cause: Number of the event that led to it.
            side: Only of this side; None for both.

        Returns:
            How many worked.
        """
        working = [
            order
            for order in self._turn.state.working(symbol)
            if side in (None, order.side)
        ]
        for order in working:
            self.cancel(order, reason, cause)
        return len(working)

    def reduce(self, who: str, reason: str, cause: int) -> int:
        """Lets only orders pass that shrink a position; as `halt`.

        What works and could open one, or add to one, is cancelled.

        Returns:
            How many cancels were asked for.
        """
        change = self._turn.emit(
            _T.TRADING_STATE,
            records.TradingStateChange(
                state=records.TradingState.REDUCING, who=who, reason=reason
            ),
            'engine',
            cause=cause,
        )
        opening = list(openings.openings(self._turn.state))
        return sum(
            self.cancel(order, 'reducing', change.seq) for order in opening
        )

    def halt(self, who: str, reason: str, cause: int) -> None:
        """Stops everything: nothing new, cancels out, strategies stopped.

        Args:
            who: operator, signal, a rule's name, ...
            reason: Why, for the log.
            cause: Number of the event that led to it.
        """
        change = self._turn.emit(
            _T.TRADING_STATE,
            records.TradingStateChange(
                state=records.TradingState.HALTED, who=who, reason=reason
            ),
            'engine',
            cause=cause,
        )
        self._turn.effects.append(step.Hold(who, reason, change.seq))
        self.stops.begin()
        for order in list(self.stops.to_cancel()):
            self.cancel(order, 'halted', change.seq)
        for name, status in self._turn.state.strategies.items():
            if status.status in state.ALIVE:
                self._turn.effects.append(step.Stop(name, change.seq))
        book = self._turn.state.portfolio
        bare = ', '.join(
            f'{s} {book.quantity(s):+g}'
            for s in book.held
            if not self.stops.protects(s)
        )
        self._turn.alert(
            records.Severity.CRITICAL,
            f'{bare or "no positions"} left bare; '
            f'HALTED by {who}{": " if reason else ""}{reason}',
            'stop',
            change.seq,
        )


def replaced(
    order: orders.Order,
    quantity: float | None,
    price: float | None,
    stop_price: float | None,
) -> orders.Order:
    """Gives an order with other terms; None keeps what is."""
    return msgspec.structs.replace(
        order,
        quantity=order.quantity if quantity is None else quantity,
        price=order.price if price is None else price,
        stop_price=order.stop_price if stop_price is None else stop_price,
    )


def _severity(order: orders.Order) -> records.Severity:
    """Says how much it matters that an order does not work."""
    if order.parent:
        return records.Severity.CRITICAL
    return records.Severity.WARNING


def _bare(order: orders.Order) -> str:
    """Says what an attached exit that does not work leaves behind."""
    return f', which leaves {order.parent} without it' if order.parent else ''
