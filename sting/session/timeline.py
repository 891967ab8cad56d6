"""What happened in a log, as marks on a line from first event to last."""

import bisect
from collections.abc import Callable
import pathlib
from typing import Any
from typing import NamedTuple

from sting.engine import reader
from sting.model import commands
from sting.model import events
from sting.model import orders
from sting.model import records

# Events that are looked through at once.
_PART = 50_000

_T = events.EventType
_KINDS = (
    _T.FILL,
    _T.RISK_ALERT,
    _T.TRADING_STATE,
    _T.COMMAND,
    _T.RISK_VERDICT,
    _T.ORDER_UPDATE,
)
# What the text of a payload has to hold to be worth reading.
_WORTH = {
    _T.COMMAND: ('reload', 'rollback'),
    _T.RISK_VERDICT: ('deny',),
    _T.ORDER_UPDATE: ('rejected',),
}
_STATES = {
    records.TradingState.HALTED: 'halt',
    records.TradingState.REDUCING: 'reduce',
    records.TradingState.TRADING: 'resume',
}


class Mark(NamedTuple):
    """Something that a person looks for in a log.

    Attributes:
        seq: The event's number.
        timestamp: When, nanoseconds since the epoch, UTC.
        kind: fill, alert, halt, reduce, resume, reload or refused.
    """

    seq: int
    timestamp: int
    kind: str


# From the one that matters most, for where several share a place.
KINDS = ('halt', 'reduce', 'resume', 'reload', 'refused', 'fill', 'alert')


class Timeline:
    """The marks of a log, read part by part.

    It may be looked at from other threads while one reads on.

    Attributes:
        read: Number of the last event that was looked at.
    """

    def __init__(self, path: pathlib.Path) -> None:
        """Begins with nothing read.

        Args:
            path: The log's file.
        """
        self.read = 0
        self._path = path
        self._marks: list[Mark] = []

    def extend(self, last: int, go_on: Callable[[], bool]) -> bool:
        """Reads on.

        Args:
            last: Up to this event.
            go_on: Asked between two parts whether to.

        Returns:
            Whether it came there.

        Raises:
            errors.JournalError: The log cannot be read.
        """
        while self.read < last:
            until = min(self.read + _PART, last)
            rows = reader.of_kinds(self._path, _KINDS, self.read, until)
            self._marks += [
                Mark(seq, timestamp, kind)
                for seq, timestamp, name, text in rows
                if (kind := _kind(seq, events.EventType(name), text))
            ]
            self.read = until
            if not go_on():
                return False
        return True

    def marks(self) -> tuple[Mark, ...]:
        """Gives the marks so far, the oldest first."""
        return tuple(self._marks)

    def after(self, seq: int, kind: str = '') -> Mark | None:
        """Gives the next mark behind an event; None where there is none.

        Args:
            seq: The event's number.
            kind: Only marks of this kind; empty for any.
        """
        start = bisect.bisect_right(self._marks, seq, key=_seq)
        found = (m for m in self._marks[start:] if kind in ('', m.kind))
        return next(found, None)

    def before(self, seq: int, kind: str = '') -> Mark | None:
        """Gives the last mark before an event; None where there is none.

        Args:
            seq: The event's number.
            kind: Only marks of this kind; empty for any.
        """
        end = bisect.bisect_left(self._marks, seq, key=_seq)
        older = reversed(self._marks[:end])
        return next((m for m in older if kind in ('', m.kind)), None)

    def buckets(self, count: int, last: int) -> list[dict[str, int]]:
        """Counts the marks in equal parts of the log.

        Args:
            count: How many parts.
            last: The log's last event.

        Returns:
            Of each part how many marks of each kind it has.
        """
        found: list[dict[str, int]] = [{} for _ in range(count)]
        for mark in self._marks:
            place = place_of(mark.seq, last, count)
            parts = found[place]
            parts[mark.kind] = parts.get(mark.kind, 0) + 1
        return found


def place_of(seq: int, last: int, count: int) -> int:
    """Gives the part in which an event lies.

    Args:
        seq: The event's number, from 1.
        last: The log's last event.
        count: How many equal parts there are.

    Returns:
        From 0 to one below `count`.
    """
    if last <= 1 or count <= 1:
        return 0
    return min((seq - 1) * count // last, count - 1)


def _seq(mark: Mark) -> int:
    return mark.seq


def _kind(seq: int, kind: events.EventType, text: str) -> str:
    """Says what kind of mark an event is; empty for none."""
    words = _WORTH.get(kind)
    if words is not None and not any(word in text for word in words):
        return ''
    if kind is _T.FILL:
        return 'fill'
    if kind is _T.RISK_ALERT:
        return 'alert'
    return _kind_of(kind, reader.payload(seq, kind.value, text))


def _kind_of(kind: events.EventType, data: Any) -> str:
    if kind is _T.TRADING_STATE:
        return _STATES[data.state]
    if kind is _T.COMMAND:
        reloads = (commands.ReloadStrategy, commands.RollbackStrategy)
        return 'reload' if isinstance(data.command, reloads) else ''
    if kind is _T.RISK_VERDICT:
        denied = data.decision is records.Decision.DENY
        return 'refused' if denied else ''
    rejected = data.status is orders.OrderStatus.REJECTED
    return 'refused' if rejected else ''
