"""Which working orders could open a position, or add to one."""

from collections.abc import Iterator

from sting.engine import state
from sting.model import orders


def openings(system: state.SystemState) -> Iterator[orders.Order]:
    """Gives the working orders that may do more than shrink a position.

    Those against a position stay, the oldest first, as long as all of them
    together cannot turn it; of a group only one can fill whole. Attached exits
    stay and are counted first: the engine keeps them as large as the position.

    Args:
        system: The state.

    Yields:
        The orders that do not stay.
    """
    for symbol in system.busy():
        held = system.portfolio.quantity(symbol)
        left = abs(held)
        counted: dict[str, float] = {}
        for order in sorted(system.working(symbol), key=_is_no_exit):
            if held * order.side.sign >= 0:
                if not order.parent:
                    yield order
                continue
            group = order.oco or order.id
            before = counted.get(group, 0.0)
            more = max(0.0, order.exposed - before)
            if more > left + orders.DUST and not order.parent:
                yield order
                continue
            counted[group] = before + more
            left -= more


def _is_no_exit(order: orders.Order) -> bool:
    return not order.parent
