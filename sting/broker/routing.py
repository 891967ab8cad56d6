"""Which broker an order goes to, and which one has it."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Final
from typing import Protocol

from sting.broker import lanes
from sting.broker import link as links
from sting.model import orders

# Homes that are remembered before those of ended orders are forgotten.
_REMEMBERED: Final = 10_000

Reduces = Callable[[orders.Order], bool]


def reduces_nothing(order: orders.Order) -> bool:
    """Says of every order that it makes no position smaller."""
    del order
    return False


class Way(Protocol):
    """The way to a broker, as far as routing knows it."""

    @property
    def name(self) -> str:
        """The broker's name."""

    @property
    def link(self) -> links.BrokerLink:
        """The connection to it."""

    def send(self, errand: lanes.Errand) -> None:
        """Takes an errand."""

    def forget(self, order_id: str) -> None:
        """Leaves an order to another broker."""

    def ask_again(self, order_id: str) -> None:
        """Has the open question of an order asked with the next turn."""


class Router:
    """Chooses a broker for each new order, and remembers which one it was.

    An order of before the engine's start may be at any broker: it is where it
    is found, and nowhere only once all of them have said so.

    While the broker of an order is lost, the backup takes new orders: never
    one that may have been sent, and none that makes a position smaller, which
    is held where it was bought.
    """

    def __init__(
        self,
        main: str,
        routes: Mapping[str, str],
        backup: str,
        policy: links.Policy,
        reduces: Reduces = reduces_nothing,
    ) -> None:
        """Sets up a router; `join` names the ways.

        Args:
            main: The broker of all that is not routed elsewhere.
            routes: Brokers by symbol.
            backup: Takes new orders for a broker that is lost; empty for none.
            policy: How long a broker may be lost before that.
            reduces: Whether an order makes a position smaller.
        """
        self._main = main
        self._routes = routes
        self._backup = backup
        self._policy = policy
        self._reduces = reduces
        self._ways: dict[str, Way] = {}
        self._homes: dict[str, Way] = {}
        self._absent: dict[str, set[str]] = {}

    def join(self, way: Way) -> None:
        """Takes a way in."""
        self._ways[way.name] = way

    def first(self, order: orders.Order) -> Way:
        """Gives the broker that an order is for."""
        return self._ways[self._routes.get(order.symbol, self._main)]

    def choose(self, order: orders.Order, now: float) -> Way:
        """Gives the broker that takes a new order, and remembers it.

        Args:
            order: The order.
            now: Seconds of the loop.
        """
        way = self.first(order)
        lost = now - way.link.lost_at > self._policy.patience_s
        if not way.link.ready and lost:
            way = self._instead(order, way) or way
        self._keep(order.id, way)
        return way

    def ways_of(self, order_id: str) -> list[Way]:
        """Gives the brokers that may have an order."""
        home = self._homes.get(order_id)
        return list(self._ways.values()) if home is None else [home]

    def may_be(self, order_id: str, way: Way) -> bool:
        """Whether an order may be at a broker."""
        return way in self.ways_of(order_id)

    def claim(self, order_id: str, way: Way) -> None:
        """Notes that a broker has an order: no other has."""
        if self._homes.get(order_id) is not way:
            self._settle(order_id, way)

    def missing(self, order: orders.Order, way: Way) -> bool:
        """Notes that a broker says that it does not have an order.

        Returns:
            Whether that way is to do what follows: it is the order's own, and
            no other broker has it.
        """
        home = self._homes.get(order.id)
        if home is None and len(self._ways) > 1:
            absent = self._absent.setdefault(order.id, set())
            absent.add(way.name)
            if len(absent) < len(self._ways):
                return False
            home = self.first(order)
            self._settle(order.id, home)
            if home is not way:
                home.ask_again(order.id)
        return home is None or home is way

    def move(self, errand: lanes.Errand, way: Way) -> bool:
        """Gives a new order, which was not sent, to the backup.

        Returns:
            Whether it took it.
        """
        instead = self._instead(errand.order, way)
        if instead is None:
            return False
        self._keep(errand.order.id, instead)
        instead.send(errand)
        return True

    def prune(self, live: set[str]) -> None:
        """Forgets where ended orders were, once there are many.

        Args:
            live: The orders that work.
        """
        if len(self._homes) > _REMEMBERED:
            self._homes = {k: v for k, v in self._homes.items() if k in live}

    def _instead(self, order: orders.Order, way: Way) -> Way | None:
        backup = self._ways.get(self._backup)
        if backup is None or backup is way or not backup.link.ready:
            return None
        return None if order.parent or self._reduces(order) else backup

    def _settle(self, order_id: str, home: Way) -> None:
        self._keep(order_id, home)
        self._absent.pop(order_id, None)
        for way in self._ways.values():
            if way is not home:
                way.forget(order_id)

    def _keep(self, order_id: str, way: Way) -> None:
        # With one broker there is nothing to remember.
        if len(self._ways) > 1:
            self._homes[order_id] = way
