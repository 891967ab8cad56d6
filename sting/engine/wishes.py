"""What strategies want: an order, a cancel, or a refusal that says why not."""

import msgspec

from sting.engine import desk
from sting.engine import doors
from sting.engine import step
from sting.engine import targets
from sting.model import events
from sting.model import orders
from sting.model import records

_G = records.Gate
_ORDER, _CANCEL = orders.SignalKind.ORDER, orders.SignalKind.CANCEL
_T = events.EventType
_TOO_LATE = frozenset({_G.STALE, _G.STOPPED})
# The states of a strategy that has no say any more.
OUT = frozenset({'stopped', 'failed', 'quarantined'})


class WishDesk:
    """Makes orders of signals; each one leads to an order or to a refusal."""

    def __init__(self, turn: step.Turn, order_desk: desk.OrderDesk) -> None:
        self._turn = turn
        self._desk = order_desk

    def admits(self, signal: orders.Signal, cause: int) -> bool:
        """Whether a signal becomes an event.

        One that makes no sense is told of and left out. One whose order is
        in the log already is left out too: an event that is answered again
        after a crash gives the same ids.

        Args:
            signal: What a strategy wants.
            cause: Number of the event that it answers.
        """
        gate, reason = self._barrier(signal)
        if gate is None:
            return True
        if gate is _G.DOORS:
            self._complain(signal, reason, cause)
        refusal = records.Refusal(
            order_id=signal.order_id,
            strategy=signal.strategy,
            gate=gate,
            reason=reason,
            signal=signal,
        )
        self.refused(refusal, signal.symbol, 'engine', cause)
        return False

    def refused(
        self, refusal: records.Refusal, symbol: str, source: str, cause: int
    ) -> None:
        """Emits that what never was a signal's event becomes no order.

        So this event has to tell of the signal; of one that cannot be
        written, what can be.

        Args:
            refusal: What stopped it.
            symbol: The instrument.
            source: Who says so.
            cause: Number of the event that was answered.
        """
        signal = refusal.signal
        clean = records.Refusal(
            order_id=_text(refusal.order_id),
            strategy=_text(refusal.strategy),
            gate=refusal.gate,
            reason=_text(refusal.reason),
            signal=None if signal is None else doors.kept(signal),
        )
        event = self._turn.emit(
            _T.SIGNAL_REFUSED, clean, source, _text(symbol), cause
        )
        order = never_made(event)
        if order is not None:
            self._turn.effects.append(step.Notify(event, order))

    def _complain(self, signal: orders.Signal, fault: str, cause: int) -> None:
        self._turn.alert(
            records.Severity.WARNING,
            f'{signal.strategy} wants what makes no sense: {fault}',
            'orders',
            cause,
        )

    def _barrier(
        self, signal: orders.Signal
    ) -> tuple[records.Gate | None, str]:
        """Says what keeps a signal from being an event."""
        fault = doors.signal_fault(signal)
        if fault:
            return _G.DOORS, fault
        system = self._turn.state
        if signal.kind is not _CANCEL:
            order = system.orders.get(signal.order_id)
            if order is not None:
                return _G.DUPLICATE, f'{order.id} is {order.status} already'
            if signal.order_id in system.exits:
                return _G.DUPLICATE, f'{signal.order_id} waits already'
        status = system.strategies.get(signal.strategy)
        if status is not None and status.status in OUT:
            return _G.STOPPED, f'{signal.strategy} is {status.status}'
        return None, ''

    def take(self, event: events.Event) -> None:
        """Makes an order of what a strategy wants.

        Args:
            event: The signal's event.
        """
        signal: orders.Signal = event.data
        if signal.kind is _ORDER:
            self._order(signal, event)
        elif signal.kind is _CANCEL:
            self._cancel(signal, event.seq)
        elif not (signal.is_exit and self._waits(signal, event.seq)):
            self._order(signal, event)

    def _cancel(self, signal: orders.Signal, seq: int) -> None:
        order = self._turn.state.orders.get(signal.order_id)
        if order is None or order.strategy != signal.strategy:
            reason = f'{signal.strategy} has no order {signal.order_id}'
        elif self._desk.cancel(order, signal.reason, seq):
            return
        else:
            reason = f'it is {order.status} already'
        self._turn.refuse(signal, _G.CANCEL, reason, seq)

    def _waits(self, signal: orders.Signal, seq: int) -> bool:
        """Whether a way out has to wait for cancels, of its own or another.

        The cancels go first, so that no stop is left that could open a
        position.
        """
        where = signal.strategy, signal.symbol
        for order in list(self._turn.state.own(*where)):
            self._desk.cancel(order, signal.reason, seq)
        waiting = self._turn.state.exit_of(*where)
        if waiting not in (None, signal.order_id):
            self._turn.refuse(
                signal, _G.EXIT, f'{waiting} waits to go out already', seq
            )
        return waiting is not None

    def _order(self, signal: orders.Signal, event: events.Event) -> None:
        system = self._turn.state
        side, quantity, sizing = targets.wanted(signal, system, self._desk.gate)
        # Written so that nan fails too.
        if not quantity <= orders.LARGEST:
            fault = f'{quantity:g} {signal.symbol}'
            self._complain(signal, fault, event.seq)
            self._turn.refuse(signal, _G.DOORS, fault, event.seq)
        elif side is None or quantity <= orders.DUST:
            self._turn.refuse(signal, *self._nothing(signal, sizing), event.seq)
        else:
            now = self._turn.now
            order = _made(
                signal, side, quantity, now, event.seq, system.seq + 1, sizing
            )
            self._desk.request(order, event)

    def _nothing(
        self, signal: orders.Signal, sizing: str
    ) -> tuple[records.Gate, str]:
        """Says why a signal comes to no quantity at all."""
        system = self._turn.state
        symbol = signal.symbol
        unsized = (
            signal.kind is orders.SignalKind.ORDER
            or signal.kind is orders.SignalKind.TARGET_WEIGHT
        )
        if unsized and symbol not in system.prices:
            return _G.PRICE, f'{symbol} has no price yet'
        if signal.kind is orders.SignalKind.ORDER:
            return _G.PRICE, sizing or 'the sizing gives nothing'
        heading = targets.heading(system, signal.strategy, symbol)
        return _G.REACHED, f'it comes to {heading:g} {symbol} already'


def never_made(event: events.Event) -> orders.Order | None:
    """Gives what a strategy is told of a wish that came too late.

    Else it would wait for an order that there never was.

    Args:
        event: A refusal.

    Returns:
        The order as denied, never judged; None where it is not told.
    """
    refusal: records.Refusal = event.data
    signal = refusal.signal
    if (
        signal is None
        or refusal.gate not in _TOO_LATE
        or signal.kind is orders.SignalKind.CANCEL
    ):
        return None
    wanted = signal.quantity or signal.weight or 0.0
    side = orders.OrderSide.BUY if wanted >= 0 else orders.OrderSide.SELL
    return msgspec.structs.replace(
        _made(signal, signal.side or side, abs(signal.quantity or 0.0)),
        status=orders.OrderStatus.DENIED,
        resting=orders.OrderStatus.DENIED,
        message=refusal.reason,
        updated=event.timestamp,
        cause=event.cause,
    )


def _made(
    signal: orders.Signal,
    side: orders.OrderSide,
    quantity: float,
    now: int = 0,
    cause: int = 0,
    seq: int = 0,
    sizing: str = '',
) -> orders.Order:
    return orders.Order(
        id=signal.order_id,
        symbol=signal.symbol,
        side=side,
        quantity=quantity,
        type=signal.type,
        price=signal.price,
        stop_price=signal.stop_price,
        trail=signal.trail,
        take_profit=signal.take_profit,
        stop_loss=signal.stop_loss,
        time_in_force=signal.time_in_force,
        expires=signal.expires,
        strategy=signal.strategy,
        reason=signal.reason,
        created=now,
        updated=now,
        cause=cause,
        seq=seq,
        code=signal.code,
        oco=_group(signal) if signal.oco else '',
        extended_hours=signal.extended_hours,
        sizing=sizing,
    )


def _group(signal: orders.Signal) -> str:
    """Names a group for all brokers: one of a strategy and a symbol."""
    return f'{signal.strategy}:{signal.symbol}:{signal.oco}'


def _text(value: object) -> str:
    """Gives text that the log can keep, whatever a strategy's code made."""
    return str(value).encode(errors='replace').decode()
