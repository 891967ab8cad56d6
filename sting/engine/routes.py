"""To which of several brokers an order goes.

A symbol is at one broker at a time: where it is held, or an order of it works,
its next order goes, too. So an order that closes goes to where the position
is, and no order is moved once it is decided.
"""

from collections.abc import Mapping

import msgspec

from sting.engine import state
from sting.model import market
from sting.model import orders


class Routes(msgspec.Struct, frozen=True, kw_only=True):
    """What a profile of several brokers says of them.

    Attributes:
        main: The broker of all symbols that are not routed elsewhere.
        by_symbol: Brokers of the others.
        backup: Takes new orders for a broker that is lost; empty for none.
        patience_s: How long that has to be lost before.
    """

    main: str
    by_symbol: Mapping[str, str] = {}
    backup: str = ''
    patience_s: float = 5.0

    def choose(
        self, order: orders.Order, system: state.SystemState, now: int
    ) -> str:
        """Gives the broker that an order goes to.

        Args:
            order: The order; one that names a broker goes there.
            system: The state to decide it in.
            now: The time, nanoseconds since the epoch, UTC.
        """
        wanted = (
            order.broker
            or _holder(order, system)
            or next((o.broker for o in system.working(order.symbol)), '')
        )
        if wanted:
            return wanted
        wanted = self.by_symbol.get(order.symbol, self.main)
        if (
            self.backup
            and self.backup not in system.lost
            and self._is_lost(wanted, system, now)
        ):
            return self.backup
        return wanted

    def refusal(
        self, order: orders.Order, system: state.SystemState, now: int
    ) -> str:
        """Says why an order cannot go to its broker.

        Args:
            order: The order, with its broker.
            system: The state.
            now: The time, nanoseconds since the epoch, UTC.

        Returns:
            One sentence with a remedy; empty where nothing is wrong.
        """
        if self._is_lost(order.broker, system, now):
            return (
                f'broker {order.broker} is not connected: trading in '
                f'{order.symbol} waits for it'
            )
        return _divided(order, system)

    def _is_lost(
        self, broker: str, system: state.SystemState, now: int
    ) -> bool:
        since = system.lost.get(broker, now)
        return now - since > self.patience_s * market.NANOSECONDS


def _divided(order: orders.Order, system: state.SystemState) -> str:
    """Says that one order cannot close what is held at several brokers.

    A late fill can leave a symbol at two of them.
    """
    held = {
        name: book.quantity(order.symbol)
        for name, book in system.venues.items()
        if book.quantity(order.symbol)
    }
    if len(held) < 2:
        return ''
    most = max(0.0, -order.side.sign * held.get(order.broker, 0.0))
    if order.quantity <= most + orders.DUST:
        return ''
    where = ' and '.join(f'{held[name]:g} at {name}' for name in held)
    return (
        f'{order.symbol} is at several brokers, {where}; close each by an '
        'order of its own, none larger than what is there'
    )


def _holder(order: orders.Order, system: state.SystemState) -> str:
    """Gives the broker that holds most of what an order can close."""
    held = {
        name: -order.side.sign * book.quantity(order.symbol)
        for name, book in system.venues.items()
        if book.quantity(order.symbol)
    }
    return max(held, key=held.__getitem__, default='')
