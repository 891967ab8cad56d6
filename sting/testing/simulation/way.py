"""The way to the simulated venue, on which each order is held to the log."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Final

from sting.broker import interface
from sting.engine import clock
from sting.engine import natives
from sting.model import errors
from sting.model import orders
from sting.testing import broker

PLAIN: Final = 'plain'
# What brokers make of attached exits, by the name of the kind of broker.
NATIVES: Final[Mapping[str, natives.Native | None]] = {
    PLAIN: None,
    'whole': natives.Native(times=frozenset(orders.TimeInForce), whole=True),
    'parts': natives.Native(times=frozenset(orders.TimeInForce), whole=False),
}


class WatchedBroker(broker.ScriptedBroker):
    """A way to the venue that tells of each order that leaves."""

    def __init__(
        self,
        venue: broker.Venue,
        time_source: clock.Clock,
        sent: Callable[[orders.Order], None],
        native: natives.Native | None = None,
    ) -> None:
        """Sets up the way.

        Args:
            venue: Where it leads.
            time_source: The engine's clock.
            sent: Told of each order in the moment when it leaves.
            native: Which entries go with their exits; None for none.
        """
        super().__init__(venue, time_source)
        self._sent = sent
        # One class has instances of every kind.
        vars(self).update(native=native)

    def sent(self, order: orders.Order) -> None:
        """Called in the very moment when an order leaves."""
        self._sent(order)

    async def place_group(
        self, group: Sequence[orders.Order]
    ) -> list[interface.OrderResponse]:
        """Sends an entry with its exits; see the interface."""
        self._check_connected()
        if self._halted is not None and self._halted(group[0]):
            raise errors.BrokerWithheldError('withheld by the emergency stop')
        for order in group:
            self.sent(order)
        native = self.native
        assert native is not None  # noqa: S101 - for the type checker.
        return await self._request(
            'place',
            lambda: self._venue.place_attached(group, whole=native.whole),
        )
