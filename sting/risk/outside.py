"""Rules of what the state does not have: the figures of risk, the calendar.

Both are known to a running profile alone. A verdict keeps the figure that it
was given by, so that nothing has to be worked out anew from the log.
"""

import bisect
from collections.abc import Callable
import dataclasses
import math

from sting.engine import state
from sting.model import market
from sting.model import orders
from sting.model import riskfigures
from sting.model import sessions as sessions_lib
from sting.risk import exposure
from sting.risk import figures
from sting.risk import rules
from sting.risk import scopes


def _nothing() -> riskfigures.RiskMetrics | None:
    return None


@dataclasses.dataclass
class Known:
    """What a running profile knows besides its state.

    Attributes:
        metrics: Gives the newest figures of risk; None before the first.
        sessions: When the profile's exchange trades; None before the start.
    """

    metrics: Callable[[], riskfigures.RiskMetrics | None] = _nothing
    sessions: sessions_lib.Sessions | None = None


class OutsideRule(scopes.ScopedRule):
    """A rule of what is known besides the state.

    Attributes:
        known: What is known; one for all rules of a gate.
    """

    def __init__(self, limit: float, window_s: float = 60.0) -> None:
        super().__init__(limit, window_s)
        self.known = Known()

    @classmethod
    def check(cls, scope: scopes.Scope) -> str:
        """Says that it is of the account; empty for the account."""
        return '' if scope.is_whole else 'it is of the account, drop `for`'


class Measured(OutsideRule, exposure.OfAccount):
    """A rule of a figure that is measured once a second."""

    unknown = 'it is not known: see `sting risk`'

    def standing(self, system: state.SystemState) -> float:
        """The figure; infinite where it is not known."""
        found = self.known.metrics()
        # An empty book has no risk, and nothing to measure it by.
        if not system.portfolio.held:
            return 0.0
        value = None if found is None else self.of(found)
        return math.inf if value is None else value

    def of(self, found: riskfigures.RiskMetrics) -> float | None:
        """Gives the rule's figure; None where it is not known.

        Args:
            found: The newest figures.
        """
        raise NotImplementedError


class Volatility(Measured):
    """How much the book's return on equity varies, a year."""

    name = 'volatility'
    unit = 'a year'

    def of(self, found: riskfigures.RiskMetrics) -> float | None:
        """The larger of the plain one and that of the newest bars."""
        both = found.volatility, found.volatility_ewma
        values = [value for value in both if value is not None]
        return max(values, default=None)


class ValueAtRisk(Measured):
    """What the book may lose over the horizon, over the equity."""

    name = 'value_at_risk'
    unit = 'of the equity'

    def of(self, found: riskfigures.RiskMetrics) -> float | None:
        """The largest of all methods at the highest confidence."""
        if not found.tails:
            return None
        most = max(tail.confidence for tail in found.tails)
        loss = max(
            tail.value_at_risk
            for tail in found.tails
            if tail.confidence == most
        )
        return figures.leverage(max(0.0, loss), found.equity)


class Correlation(Measured):
    """Mean correlation of what is held, weighted by value."""

    name = 'correlation'
    unit = 'on average'

    def of(self, found: riskfigures.RiskMetrics) -> float | None:
        """The mean; 0 for a single position or a negative mean."""
        if len(found.symbols) < 2:
            return 0.0
        if found.correlation is None:
            return None
        return max(0.0, found.correlation)


class SessionHours(OutsideRule):
    """Seconds before the next session or behind the last one."""

    name = 'session_hours'
    unit = 's outside of a session'
    unknown = 'the calendar does not cover this time'

    def measure(self, order: orders.Order, view: scopes.View) -> float | None:
        """The seconds, 0 within a session; None for what shrinks."""
        if order.parent or rules.shrinks(order, view):
            return None
        sessions = self.known.sessions
        if sessions is None:
            return math.inf
        now = max(view.system.time, order.created)
        place = bisect.bisect_right(sessions.opens, now)
        if not 0 < place < len(sessions.opens):
            return math.inf
        behind = now - sessions.closes[place - 1]
        if behind <= 0:
            return 0.0
        before = sessions.opens[place] - now
        return min(behind, before) / market.NANOSECONDS
