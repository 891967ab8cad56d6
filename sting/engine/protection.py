"""Protection of positions: exits that follow a position, a trail and a time.

A `Guard` of the state stands for each protected position. Its levels are held
at the broker as a stop and a limit in one group, which a trail moves by
changing the stop with each closed bar. What no order holds, since it was
refused or cancelled, and the time, are watched here: once met, the position is
closed like one that its strategy closes: cancels first, then a market order,
judged.

In one step what has become too large is made smaller before anything is added,
so that exits together never close more than is held.
"""

from collections.abc import Iterator
from collections.abc import Mapping

from sting.engine import desk
from sting.engine import exits
from sting.engine import operator
from sting.engine import state
from sting.engine import step
from sting.engine import wishes
from sting.model import commands
from sting.model import events
from sting.model import orders
from sting.model import protection
from sting.model import records

_T = events.EventType
_S = orders.OrderStatus
_CHANGEABLE = frozenset({_S.ACCEPTED, _S.PARTIALLY_FILLED})
_HALTED = records.TradingState.HALTED
SOURCE = 'protection'
# A trail moves the stop by no less than this share of the price.
_STEP = 1e-4


class Protector:
    """Keeps the exits of guarded positions as they are to be."""

    def __init__(
        self,
        turn: step.Turn,
        order_desk: desk.OrderDesk,
        wish_desk: wishes.WishDesk,
        commander: operator.Operator,
        configured: Mapping[str, protection.Protection],
    ) -> None:
        """Sets up the protection.

        Args:
            turn: Collects what comes of it.
            order_desk: Has orders judged.
            wish_desk: Closes what strategies hold.
            commander: Closes what the account holds.
            configured: By strategy, what protects its positions.
        """
        self._turn = turn
        self._desk = order_desk
        self._wishes = wish_desk
        self._operator = commander
        self._configured = configured

    def tend(self) -> None:
        """Holds the exits that this turn may concern against the state."""
        self._guard_opened()
        for symbol, cause in self._touched().items():
            self._fit(symbol, cause)

    def watch(self, symbol: str, cause: int, *, closed: bool) -> None:
        """Takes a price: moves trails, and closes what no order closes.

        Args:
            symbol: The instrument, whose price the state has.
            cause: Number of the event that brought it.
            closed: It is that of a bar's close.
        """
        system = self._turn.state
        price = system.prices.get(symbol)
        if price is None or system.trading is _HALTED:
            return
        for guard in list(system.guards.get(symbol, {}).values()):
            if self._is_leaving(guard):
                continue
            working = list(_exits(system, guard))
            why = self._met(guard, price, working)
            if why:
                self._close(guard, why, cause)
            elif closed:
                self._trail(guard, price, working, cause)

    def _guard_opened(self) -> None:
        """Has what a strategy has just opened guarded as it is configured."""
        if not self._configured:
            return
        system = self._turn.state
        for event in list(self._turn.events):
            if event.type is not _T.FILL:
                continue
            order = system.orders.get(event.data.order_id)
            owner = '' if order is None else order.strategy
            wanted = self._configured.get(owner)
            if (
                wanted is None
                or owner in system.guards.get(event.symbol, {})
                or not system.book(owner).quantity(event.symbol)
            ):
                continue
            command = commands.Protect(
                symbol=event.symbol,
                strategy=owner,
                stop_loss=wanted.stop_loss or None,
                take_profit=wanted.take_profit or None,
                trail=wanted.trailing or None,
                max_holding=wanted.max_holding,
            )
            self._command(command, event.seq)

    def _command(self, command: commands.Command, cause: int) -> events.Event:
        return self._turn.emit(
            _T.COMMAND,
            events.CommandGiven(command=command),
            SOURCE,
            cause=cause,
        )

    def _touched(self) -> dict[str, events.Event]:
        """Gives the symbols whose exits may have to change."""
        system = self._turn.state
        found: dict[str, events.Event] = {}
        for event in self._turn.events:
            data, symbol = event.data, event.symbol
            if event.type is _T.ORDER_UPDATE:
                order = system.orders.get(data.order_id)
                if order is None or not order.parent:
                    continue
            elif event.type is _T.COMMAND:
                if not isinstance(data.command, commands.Protect):
                    continue
                symbol = data.command.symbol
            elif event.type is not _T.FILL:
                continue
            found[symbol] = event
        return found

    def _fit(self, symbol: str, cause: events.Event) -> None:
        """Gives every guard of a symbol exits as large as its position."""
        system = self._turn.state
        guarded = system.guards.get(symbol, {})
        known = {guard.id for guard in guarded.values()}
        for order in list(system.working(symbol)):
            if protection.guards(order) and order.parent not in known:
                self._desk.cancel(
                    order, 'the position is closed or not protected', cause.seq
                )
        plans = []
        # The operator's is of the account, so it has what others leave.
        for owner in sorted(guarded, reverse=True):
            guard = guarded[owner]
            plans.append((guard, self._room(guard)))
        for guard, room in plans:
            self._resize(guard, room, cause, grow=False)
        for guard, room in plans:
            if not self._resize(guard, room, cause, grow=True):
                self._make(guard, room, cause)

    def _room(self, guard: protection.Guard) -> float:
        """Gives the units that a guard's exits are to close."""
        system = self._turn.state
        own = exits.standing(system, guard.owner, guard.symbol)
        room = exits.room(guard.side, *own)
        groups: dict[str, float] = {}
        for order in system.working(guard.symbol):
            if (
                order.parent
                and order.parent != guard.id
                and order.side is guard.side
                and guard.owner in ('', order.strategy)
            ):
                before = groups.get(order.parent, 0.0)
                groups[order.parent] = max(before, order.free)
        return max(0.0, room - sum(groups.values()))

    def _resize(
        self,
        guard: protection.Guard,
        room: float,
        cause: events.Event,
        *,
        grow: bool,
    ) -> bool:
        """Makes the exits of a guard larger, or smaller; says if any works."""
        working = list(_exits(self._turn.state, guard))
        for order in working:
            missing = room - order.remaining
            if abs(missing) <= orders.DUST or (missing > 0) is not grow:
                continue
            if room <= orders.DUST:
                self._desk.cancel(
                    order, 'nothing is left for it to close', cause.seq
                )
            elif order.status in _CHANGEABLE:
                self._change(order, order.filled + room, cause.seq)
        return bool(working)

    def _change(self, order: orders.Order, quantity: float, cause: int) -> None:
        """Asks for another quantity; what may not shrink is cancelled."""
        if self._was_refused(order):
            message = 'the broker refused it'
        else:
            verdict = self._desk.replace(order, cause, quantity=quantity)
            if verdict.decision is records.Decision.APPROVE:
                return
            message = verdict.message
        if quantity < order.quantity:
            self._desk.cancel(
                order, f'it could not be made smaller: {message}', cause
            )
            return
        self._turn.alert(
            records.Severity.CRITICAL,
            f'{order.id} covers {order.remaining:g} {order.symbol} instead of '
            f'{quantity - order.filled:g}: {message}',
            'orders',
            cause,
        )

    def _was_refused(self, order: orders.Order) -> bool:
        """Whether the broker has just refused to change an exit."""
        return any(
            event.type is _T.ORDER_UPDATE
            and event.source != 'engine'
            and event.data.order_id == order.id
            and bool(event.data.message)
            for event in self._turn.events
        )

    def _make(
        self, guard: protection.Guard, room: float, cause: events.Event
    ) -> None:
        """Sends the exits of a guard that has none, after a fill or command.

        Not once more after they were cancelled by hand or refused: `watch`
        has the levels then.
        """
        if room <= orders.DUST or self._is_leaving(guard):
            return
        if cause.type is _T.ORDER_UPDATE and self._had(guard):
            return
        kinds = (
            ('tp', orders.OrderType.LIMIT, 'take profit', guard.target),
            ('sl', orders.OrderType.STOP, 'stop loss', guard.stop),
        )
        for name, kind, words, level in kinds:
            if level is None:
                continue
            is_limit = kind is orders.OrderType.LIMIT
            order = orders.Order(
                id=f'{guard.id}-{cause.seq}-{name}',
                symbol=guard.symbol,
                side=guard.side,
                quantity=room,
                type=kind,
                price=level if is_limit else None,
                stop_price=None if is_limit else level,
                strategy=guard.owner,
                reason=f'{words} of the position',
                parent=guard.id,
                oco=f'{guard.id}-{cause.seq}',
            )
            self._desk.request(order, cause, source=SOURCE)

    def _had(self, guard: protection.Guard) -> bool:
        """Whether exits of a guard were sent before."""
        known = self._turn.state.orders.values()
        return any(order.parent == guard.id for order in known)

    def _is_leaving(self, guard: protection.Guard) -> bool:
        """Whether the position is being closed already."""
        system = self._turn.state
        if guard.symbol in system.closing:
            return True
        if system.exit_of(guard.owner, guard.symbol) is not None:
            return True
        return any(
            order.type is orders.OrderType.MARKET and order.side is guard.side
            for order in system.own(guard.owner, guard.symbol)
        )

    def _met(
        self,
        guard: protection.Guard,
        price: float,
        working: list[orders.Order],
    ) -> str:
        """Says what a price or the time has met that no order holds."""
        sign = guard.side.sign
        if guard.until and self._turn.now >= guard.until:
            return 'held for as long as it may be'
        held = {order.type for order in working}
        stop, target = guard.stop, guard.target
        if (
            stop is not None
            and orders.OrderType.STOP not in held
            and sign * (stop - price) <= 0
        ):
            return f'stop loss {stop:g}, watched here'
        if (
            target is not None
            and orders.OrderType.LIMIT not in held
            and sign * (target - price) >= 0
        ):
            return f'take profit {target:g}, watched here'
        return ''

    def _trail(
        self,
        guard: protection.Guard,
        price: float,
        working: list[orders.Order],
        cause: int,
    ) -> None:
        """Moves the stop of a trail after the best close."""
        level = guard.trailed(price)
        stop, sign = guard.stop, guard.side.sign
        if level is None or stop is None:
            return
        if sign * (stop - level) >= _STEP * price:
            stop = level
            self._command(
                commands.MoveStop(
                    symbol=guard.symbol, strategy=guard.owner, stop_price=level
                ),
                cause,
            )
        for order in working:
            # One that could not be changed before is changed now.
            if (
                order.stop_price is not None
                and order.status in _CHANGEABLE
                and sign * (order.stop_price - stop) > 0
            ):
                self._desk.replace(order, cause, stop_price=stop)

    def _close(self, guard: protection.Guard, why: str, cause: int) -> None:
        """Closes a position: cancels first, then a market order, judged."""
        symbol = guard.symbol
        if not guard.owner:
            event = self._command(commands.Flatten(symbol=symbol), cause)
            self._operator.carry_out(event)
            self._turn.result = None
            self._turn.alert(
                records.Severity.WARNING,
                f'{symbol} is closed: {why}',
                SOURCE,
                event.seq,
            )
            return
        signal = orders.Signal(
            symbol=symbol,
            kind=orders.SignalKind.CLOSE,
            reason=why,
            order_id=f'{guard.id}-{cause}-out',
            strategy=guard.owner,
        )
        if signal.order_id in self._turn.state.orders:
            return
        self._wishes.take(
            self._turn.emit(_T.SIGNAL, signal, SOURCE, symbol, cause)
        )


def _exits(
    system: state.SystemState, guard: protection.Guard
) -> Iterator[orders.Order]:
    """Gives the exits of a guard that work and are not on their way out."""
    for order in system.working(guard.symbol):
        if order.parent == guard.id and order.status is not _S.PENDING_CANCEL:
            yield order
