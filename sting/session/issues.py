"""Which faults of the data a person is told of, and how often."""

import collections
from typing import Final

from sting.model import market
from sting.model import records

# A fault of many symbols at once is told of for a few of them.
MOST: Final = 3
WITHIN_S: Final = 60.0
_SEVERE: Final = {
    'switched': records.Severity.WARNING,
    'restored': records.Severity.INFO,
    'stale': records.Severity.WARNING,
    'fresh': records.Severity.INFO,
    'rejected': records.Severity.WARNING,
    'future': records.Severity.WARNING,
    'gap': records.Severity.WARNING,
    'revised': records.Severity.WARNING,
    'lost': records.Severity.WARNING,
    'skew': records.Severity.WARNING,
}


class Warnings:
    """Makes alerts of what is wrong with the data, not too many of a kind."""

    def __init__(self, source: str) -> None:
        """Begins without any.

        Args:
            source: Who raises them.
        """
        self._source = source
        self._told: dict[str, collections.deque[float]] = {}

    def of(self, issue: market.DataIssue, now: float) -> records.Alert | None:
        """Gives the alert for a fault.

        Args:
            issue: The fault.
            now: Seconds of the monotonic clock.

        Returns:
            The alert; None for what no person has to know, and for what came
            too often.
        """
        severity = _SEVERE.get(issue.issue)
        if severity is None:
            return None
        told = self._told.setdefault(
            issue.issue, collections.deque(maxlen=MOST)
        )
        if len(told) == MOST and now - told[0] < WITHIN_S:
            return None
        told.append(now)
        about = f'{issue.symbol}: ' if issue.symbol else ''
        more = ''
        if len(told) == MOST and now - told[0] < WITHIN_S:
            more = '; more of this kind are among the events'
        return records.Alert(
            severity=severity,
            message=f'{about}{issue.issue}: {issue.detail}{more}',
            source=self._source,
        )
