"""Orders of which one cancels the others, and exits that only reduce."""

from collections.abc import Callable
from collections.abc import Container
from collections.abc import Sequence
import math

from sting.engine import exits
from sting.model import market
from sting.model import orders
from sting.simulator import matching
from sting.simulator import modes
from sting.simulator import resting

# Gives what a strategy, or for '' the operator, holds of a symbol, and what was
# traded by hand; see `exits.standing`.
Holding = Callable[[str, str], tuple[float, float]]


class Groups:
    """The groups that work, and what their owners hold on the bar in hand.

    Attributes:
        holding: Asked, by strategy and symbol, before an attached exit fills;
            without it one fills for whatever quantity it has.
        reducing: Ids of other orders that are never to open a position.
        members: By group, its orders by id; only groups that work are there.
    """

    def __init__(self) -> None:
        """Begins without groups."""
        self.holding: Holding | None = None
        self.reducing: Container[str] = ()
        self.members: dict[str, dict[str, resting.Resting]] = {}
        # Units traded on the bar in hand, by strategy; only with groups.
        self._moved: dict[str, float] = {}

    def add(self, entry: resting.Resting) -> None:
        """Takes an order that has begun to work."""
        if entry.order.oco:
            members = self.members.setdefault(entry.order.oco, {})
            members[entry.order.id] = entry

    def drop(self, entry: resting.Resting) -> None:
        """Forgets an order that works no more."""
        if entry.order.oco:
            members = self.members[entry.order.oco]
            del members[entry.order.id]
            if not members:
                del self.members[entry.order.oco]

    def others(self, entry: resting.Resting) -> Sequence[resting.Resting]:
        """Gives what else works of an order's group, or did before it."""
        members = self.members.get(entry.order.oco, {}).values()
        return [each for each in members if each is not entry]

    def begin(self) -> None:
        """Begins a bar: what was traded before is known to be held."""
        if self._moved:
            self._moved.clear()

    def arrange(
        self,
        line: list[resting.Resting],
        bar: market.MarketData,
        mode: int,
        touch: bool,
    ) -> list[resting.Resting]:
        """Puts orders into the order in which a bar meets them.

        Args:
            line: All orders of its symbol, in order of arrival.
            bar: The bar.
            mode: Of filling; see `modes`.
            touch: A limit that a bar only touches is filled.

        Returns:
            The same orders. What the open decides comes first, attached exits
            and the orders of groups of one side behind all others there. Of the
            rest `path` takes what it meets first; else these follow, the worse
            one first, and then the others, since the bar does not say what came
            first. `optimistic` turns these two about.
        """

        def place(entry: resting.Resting) -> tuple[float, float]:
            attached = self._competes(entry)
            if mode == modes.PATH:
                return matching.met(entry, bar, touch), attached
            # The trigger of a trailing stop may be nowhere yet.
            rank = math.inf
            if entry.stop_price or not entry.trails:
                rank = matching.rank(entry, bar, mode, touch)
            if rank == -math.inf:
                return 0, attached
            if attached:
                return 2, rank
            return (1 if mode == modes.OPTIMISTIC else 3), 0

        return sorted(line, key=place)

    def _competes(self, entry: resting.Resting) -> bool:
        """Whether an order is an exit, or of a group of one side."""
        if entry.order.parent or not entry.order.oco:
            return bool(entry.order.parent)
        return all(each.sign == entry.sign for each in self.others(entry))

    def note(self, entry: resting.Resting, quantity: float) -> None:
        """Notes a fill on the bar in hand, of any order."""
        if not self.members and not self.reducing:
            return
        name = entry.order.strategy
        before = self._moved.get(name, 0.0)
        self._moved[name] = before + entry.sign * quantity

    def room(self, order: orders.Order) -> float:
        """Gives the units that an order can close which only reduces.

        Asked is what its owner held before the bar in hand; what was traded on
        it is added.
        """
        if self.holding is None:
            return order.quantity
        own, by_hand = self.holding(order.strategy, order.symbol)
        if order.strategy:
            own += self._moved.get(order.strategy, 0.0)
            by_hand += self._moved.get('', 0.0)
        else:
            own += sum(self._moved.values())
        return exits.room(order.side, own, by_hand)
