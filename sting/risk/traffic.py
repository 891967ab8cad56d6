"""Rules of how orders come: rates, repeats, open ones, old prices."""

import math

from sting.engine import state
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.risk import rules
from sting.risk import scopes

_STOPS = frozenset(
    {
        orders.OrderType.STOP,
        orders.OrderType.STOP_LIMIT,
        orders.OrderType.TRAILING_STOP,
    }
)


class _InTime(scopes.ScopedRule):
    """A rule of the orders in the last seconds."""

    def __init__(self, limit: float, window_s: float = 60.0) -> None:
        if limit >= state.DONE_ORDERS:
            raise errors.ConfigError(
                f'{self.name}: limit {limit:g} must be below '
                f'{state.DONE_ORDERS}, which is how many orders are remembered'
            )
        super().__init__(limit, window_s)

    def since(self, order: orders.Order, view: scopes.View) -> int:
        """Gives the moment after which orders count, nanoseconds UTC."""
        return max(view.system.time, order.created) - self.window


class OrderRate(_InTime):
    """Orders in the last seconds, this one too."""

    name = 'order_rate'
    unit = 'orders in the window'

    def measure(self, order: orders.Order, view: scopes.View) -> float | None:
        """How many; None for an attached exit and what shrinks."""
        if order.parent or rules.shrinks(order, view):
            return None
        since = self.since(order, view)
        return 1.0 + len(view.sent(since, order.id))


class MessageRate(_InTime):
    """Orders, cancels and changes in the last seconds, this one too."""

    name = 'message_rate'
    unit = 'messages in the window'

    def measure(self, order: orders.Order, view: scopes.View) -> float | None:
        """How many; None for an attached exit and what shrinks.

        A change is held against it like an order; a cancel is counted, and
        never held up.
        """
        if order.parent or rules.shrinks(order, view):
            return None
        since = self.since(order, view)
        return 1.0 + len(view.sent(since, '')) + view.asked(since)


class RepeatedOrders(_InTime):
    """Orders of the last seconds that ask for the same as this one."""

    name = 'repeated_orders'
    unit = 'equal orders before it in the window'

    def measure(self, order: orders.Order, view: scopes.View) -> float | None:
        """How many; None for an attached exit and what shrinks."""
        if order.parent or rules.shrinks(order, view):
            return None
        wanted = _terms(order)
        since = self.since(order, view)
        symbol = order.symbol
        same = [
            other
            for other in view.sent(since, order.id)
            if other.symbol == symbol and _terms(other) == wanted
        ]
        return float(len(same))


def _terms(order: orders.Order) -> tuple[object, ...]:
    return (
        order.symbol,
        order.side,
        order.quantity,
        order.type,
        order.price,
        order.stop_price,
        order.strategy,
    )


class CancelRatio(_InTime):
    """Share of the orders of the last seconds that were cancelled."""

    name = 'cancel_ratio'
    unit = 'of the orders in the window'

    def measure(self, order: orders.Order, view: scopes.View) -> float | None:
        """The share; None before ten orders, and for what shrinks."""
        if rules.shrinks(order, view):
            return None
        sent = view.sent(self.since(order, view), order.id)
        if len(sent) < 10:
            return None
        statuses = [other.status for other in sent]
        return statuses.count(orders.OrderStatus.CANCELLED) / len(sent)


class MaxOpenOrders(scopes.ScopedRule):
    """Working orders, this one too."""

    name = 'max_open_orders'
    unit = 'working orders'

    def measure(self, order: orders.Order, view: scopes.View) -> float | None:
        """How many; None for an attached exit and what shrinks."""
        if order.parent or rules.shrinks(order, view):
            return None
        return 1.0 + view.working_but(order)


class SelfTrade(scopes.ScopedRule):
    """Working orders of the other side that an order could trade with."""

    name = 'self_trade'
    unit = 'working orders that it would cross'

    def measure(self, order: orders.Order, view: scopes.View) -> float | None:
        """How many; None for a stop, which waits, and an attached exit."""
        if order.parent or (order.type in _STOPS and not order.triggered):
            return None
        sign = order.side.sign
        mine = _reaches(order)
        return float(
            sum(
                other.side is not order.side
                and (other.type not in _STOPS or other.triggered)
                and sign * mine >= sign * _reaches(other)
                for other in view.working(order.symbol)
            )
        )


def _reaches(order: orders.Order) -> float:
    """Gives the worst price that an order takes; infinite without a limit."""
    prices = [p for p in (order.price, order.changing_price) if p is not None]
    if not prices:
        return order.side.sign * math.inf
    return max(prices) if order.side.sign > 0 else min(prices)


class MaxBarAge(scopes.ScopedRule):
    """Seconds since the last closed bar of the order's symbol."""

    name = 'max_bar_age'
    unit = 's since its last bar'
    unknown = 'there is no bar yet'

    def measure(self, order: orders.Order, view: scopes.View) -> float | None:
        """The seconds; None for what shrinks a position."""
        if rules.shrinks(order, view):
            return None
        last = view.system.last_bar.get(order.symbol)
        if last is None:
            return math.inf
        now = max(view.system.time, order.created)
        return max(0.0, (now - last) / market.NANOSECONDS)
