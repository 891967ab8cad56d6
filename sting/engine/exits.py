"""Ways out: what closes a position once nothing of it works any more."""

from collections.abc import Iterator
import math

from sting.engine import differing
from sting.engine import state
from sting.model import events
from sting.model import orders

# The reason of its orders.
FLATTEN = 'flatten'


def way_out(
    system: state.SystemState, strategy: str, symbol: str
) -> tuple[orders.Order, events.Event] | None:
    """Gives the order of a strategy's way out that waits no more.

    Args:
        system: The state.
        strategy: Whose way out.
        symbol: The instrument.

    Returns:
        The order and the signal's event; None where nothing waits to go out,
        or orders of the strategy still work.
    """
    order_id = system.exit_of(strategy, symbol)
    if order_id is None or any(system.own(strategy, symbol)):
        return None
    seq, signal = system.exits[order_id]
    order = _against(
        system.book(strategy).quantity(symbol),
        order_id,
        symbol,
        signal.reason,
        strategy,
        signal.code,
    )
    return order, events.Event(
        seq, system.time, events.EventType.SIGNAL, strategy, signal, symbol
    )


def standing(
    system: state.SystemState, strategy: str, symbol: str
) -> tuple[float, float]:
    """Gives what attached exits of an owner can be for.

    Args:
        system: The state.
        strategy: The owner; empty for the operator.
        symbol: The instrument.

    Returns:
        Units that the owner holds, of the operator those of the account; and
        of a strategy what was traded by hand, else 0. Negative when short.
    """
    account = system.portfolio.quantity(symbol)
    if not strategy:
        return account, 0.0
    books = sum(book.quantity(symbol) for book in system.books.values())
    return system.book(strategy).quantity(symbol), account - books


def room(side: orders.OrderSide, own: float, by_hand: float) -> float:
    """Gives how many units exits of a side can close; see `standing`.

    What was traded by hand against a strategy's position is gone from it.

    Args:
        side: Of the exits.
        own: Units that their owner holds, negative when short.
        by_hand: Units traded by hand.
    """
    held = -side.sign * own
    if held <= 0:
        return 0.0
    return max(0.0, held - max(0.0, side.sign * by_hand))


def unsent(system: state.SystemState) -> list[orders.Order]:
    """Gives the working orders of which more fills need exits.

    Those exits go out when a fill is heard: while nobody hears, what such an
    order is filled for is bare. Exits that the broker has already are none of
    these.

    Args:
        system: The state.
    """
    there = {order.parent for order in system.working() if order.held}
    return [
        order
        for order in system.working()
        if order.attaches and order.id not in there
    ]


def attached(
    entry: orders.Order, quantity: float, *, ending: str = '', held: float = 0.0
) -> Iterator[orders.Order]:
    """Gives the exits that an order asks for.

    Args:
        entry: The order.
        quantity: Units that each of them is for.
        ending: Sets their ids apart from those of earlier ones.
        held: Units that wait at the broker for fills of the order.
    """
    kinds = (
        (
            orders.TAKE_PROFIT,
            orders.OrderType.LIMIT,
            'take profit',
            entry.take_profit,
        ),
        (orders.STOP_LOSS, orders.OrderType.STOP, 'stop loss', entry.stop_loss),
    )
    for name, kind, words, level in kinds:
        if level is None:
            continue
        is_limit = kind is orders.OrderType.LIMIT
        yield orders.Order(
            id=f'{entry.id}{name}{ending}',
            symbol=entry.symbol,
            side=entry.side.opposite,
            quantity=quantity,
            type=kind,
            price=level if is_limit else None,
            stop_price=None if is_limit else level,
            strategy=entry.strategy,
            reason=f'{words} of {entry.id}',
            code=entry.code,
            parent=entry.id,
            oco=entry.id,
            broker=entry.broker if held else '',
            held=held,
        )


def left(system: state.SystemState, order: orders.Order) -> float:
    """Gives how much of an order closes what is really held.

    What the operator traded by hand is in the account and in no strategy's
    book. Where it runs against a strategy's position, that much of it is gone:
    closing it once more would open a position in the account.

    Args:
        system: The state.
        order: What is wanted.

    Returns:
        Units: the order's own quantity, or less where it is of a strategy and
        against a position that the operator has closed, all or in part.
    """
    books, symbol = system.books, order.symbol
    book = books.get(order.strategy)
    held = 0.0 if book is None else book.quantity(symbol)
    if not held or order.side.sign * held > 0:
        return order.quantity
    by_hand = system.portfolio.quantity(symbol) - (
        held
        if len(books) == 1
        else sum(each.quantity(symbol) for each in books.values())
    )
    if not by_hand and not any(system.own('', symbol)):
        return order.quantity
    for working in system.own('', order.symbol):
        if working.type is orders.OrderType.MARKET:
            by_hand += working.signed_remaining
    if by_hand * held >= 0 or abs(by_hand) <= orders.DUST:
        return order.quantity
    rest = abs(held) - abs(by_hand)
    for working in system.own(order.strategy, order.symbol):
        # Attached exits shrink with the position by themselves.
        if working.side is order.side and not working.parent:
            rest -= working.remaining
    return min(order.quantity, max(0.0, rest))


def flatten(system: state.SystemState, symbol: str) -> orders.Order | None:
    """Gives the order of a flatten that waits no more.

    Args:
        system: The state.
        symbol: The instrument.

    Returns:
        The order; None where no flatten waits, or orders still work.
    """
    order_id = system.closing.get(symbol)
    if order_id is None or any(system.working(symbol)):
        return None
    held = system.portfolio.quantity(symbol)
    if system.differences:
        # With nothing that both books have, risk says what stands in the way.
        held = differing.closable(system, symbol) or held
    return _against(
        _slice(held, system.slices.get(symbol, 1.0)),
        order_id,
        symbol,
        FLATTEN,
    )


def is_closing(system: state.SystemState) -> bool:
    """Whether a flatten waits, or an order of one works.

    Args:
        system: The state.
    """
    return bool(system.closing) or any(
        order.reason == FLATTEN and not order.strategy
        for order in system.working()
    )


def _slice(held: float, share: float) -> float:
    """Gives a part of a position; whole units of whole units, rounded up."""
    part = held * share
    if held.is_integer():
        # A hair above a whole number is that number.
        part = math.copysign(math.ceil(abs(part) - orders.DUST), held)
    return part


def _against(
    held: float,
    order_id: str,
    symbol: str,
    reason: str,
    strategy: str = '',
    code: str = '',
) -> orders.Order:
    side = orders.OrderSide.SELL if held > 0 else orders.OrderSide.BUY
    return orders.Order(
        id=order_id,
        symbol=symbol,
        side=side,
        quantity=abs(held),
        strategy=strategy,
        reason=reason,
        code=code,
    )
