"""Rules of what there is to trade: the members of a universe, the listed."""

from collections.abc import Mapping

from sting.engine import state
from sting.model import market
from sting.model import orders
from sting.risk import rules

# By symbol: after which moment and up to which it belongs, nanoseconds UTC.
Spans = Mapping[str, tuple[tuple[int, int], ...]]


class Membership(rules.RiskRule):
    """How often an order would open or add outside of the universe: 0 or 1.

    What shrinks a position always passes, so that nobody is held in by the
    end of a membership.
    """

    name = 'universe'
    unit = 'outside of the universe'

    def __init__(self, spans: Spans) -> None:
        """Sets up the rule.

        Args:
            spans: When each instrument belongs; one that is not there never
                does.
        """
        super().__init__(0.0)
        self._spans = spans
        self._said = ''

    def figure(
        self, order: orders.Order, system: state.SystemState
    ) -> float | None:
        """1 for what may not be opened now; None for what shrinks."""
        if rules.shrinks(order, system):
            return None
        now = system.time
        spans = self._spans.get(order.symbol, ())
        if any(begin < now <= end for begin, end in spans):
            return 0.0
        day = market.to_datetime(now).date()
        self._said = f'{order.symbol} is no member of the universe on {day}'
        return 1.0

    def sentence(self, figure: float) -> str:
        """Says which symbol is no member, and when."""
        return f'{self.name}: {self._said}'


class Delisted(rules.RiskRule):
    """How often an order is in what is traded no more: 0 or 1."""

    name = 'delisted'
    unit = 'in what is delisted'

    def __init__(self, moments: Mapping[str, int]) -> None:
        """Sets up the rule.

        Args:
            moments: By symbol, after which moment it is traded no more,
                nanoseconds since the epoch, UTC.
        """
        super().__init__(0.0)
        self._moments = moments
        self._said = ''

    def figure(
        self, order: orders.Order, system: state.SystemState
    ) -> float | None:
        """1 for what is traded no more; None for what is never delisted."""
        moment = self._moments.get(order.symbol)
        if moment is None:
            return None
        day = market.to_datetime(moment).date()
        self._said = f'{order.symbol} is delisted since {day}'
        return float(system.time >= moment)

    def sentence(self, figure: float) -> str:
        """Says what is delisted, and since when."""
        return f'{self.name}: {self._said}'
