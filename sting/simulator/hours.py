"""When orders may come, when their auctions are, and when they end."""

from collections.abc import Callable

from sting.model import orders
from sting.simulator import resting

_T = orders.TimeInForce
_ON_OPEN, _ON_CLOSE = orders.ON_OPEN, orders.ON_CLOSE
_AUCTIONS = _ON_OPEN | _ON_CLOSE


class Hours:
    """The hours of a market, as its orders are held against them."""

    def __init__(
        self,
        session_open: Callable[[int], int] | None,
        session_close: Callable[[int], int] | None,
        delay: int,
    ) -> None:
        """Sets them.

        Args:
            session_open: Gives the first opening of a session at or after a
                moment, both in nanoseconds; None where there are none.
            session_close: The same of their closes.
            delay: From a decision to the market, nanoseconds.
        """
        self._session_open = session_open
        self._session_close = session_close
        self._delay = delay

    def refusal(self, order: orders.Order, timestamp: int) -> str:
        """Says why an order cannot be taken; empty when it can.

        Args:
            order: The order.
            timestamp: When it arrives, nanoseconds since the epoch, UTC.
        """
        if order.time_in_force is _T.DAY and self._session_close is None:
            return 'a day order needs a session calendar; use gtc'
        kind = order.type
        if (kind in _ON_OPEN and self._session_open is None) or (
            kind in _ON_CLOSE and self._session_close is None
        ):
            return f'a {kind} order needs a session calendar'
        if order.time_in_force is _T.GTD:
            if order.expires is None:
                return 'a gtd order needs the moment at which it expires'
            if order.expires <= timestamp:
                return 'the order had expired before it arrived'
        return resting.refusal(order)

    def expiry(self, order: orders.Order) -> int | None:
        """Gives the last moment at which an order works; None for ever."""
        if order.time_in_force is _T.GTC and order.type not in _AUCTIONS:
            return None
        last = order.expires if order.time_in_force is _T.GTD else None
        if order.type in _ON_CLOSE:
            due = self.due(order)
            return due if last is None else min(due, last)
        if last is not None or order.type in _ON_OPEN:
            return last
        if order.time_in_force is _T.DAY and self._session_close is not None:
            # One nanosecond on: decided at a close, it works the next session.
            return self._session_close(order.created + 1)
        return None

    def due(self, order: orders.Order) -> int:
        """Gives when an order's auction is; 0 for an order without one."""
        if order.type not in _AUCTIONS:
            return 0
        arrives = order.created + self._delay
        if order.type in _ON_OPEN and self._session_open is not None:
            # A bar that closes at the opening is of the session before.
            return self._session_open(arrives) + 1
        if order.type in _ON_CLOSE and self._session_close is not None:
            return self._session_close(arrives + 1)
        return 0
