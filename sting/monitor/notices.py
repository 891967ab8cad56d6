"""Alerts as messages for people who do not sit at the screen."""

from collections.abc import Sequence
from typing import Final

import msgspec

from sting.model import events
from sting.model import market
from sting.model import records

# What one message holds at most: lines, and characters of each.
LINES: Final = 100
_LENGTH: Final = 500
# What parts of the engine say of themselves, and how much that matters here.
_STATES: Final = {
    'lost': records.Severity.WARNING,
    'silent': records.Severity.WARNING,
    'failed': records.Severity.WARNING,
    'connected': records.Severity.INFO,
    'started': records.Severity.INFO,
    'stopped': records.Severity.INFO,
}
RANKS: Final = tuple(records.Severity)


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that is to be told.

    Attributes:
        seq: Number of its event.
        timestamp: When, nanoseconds since the epoch, UTC.
        severity: How much it matters.
        message: One sentence.
        source: What raised it.
        more: How often it came again since it was told.
    """

    seq: int
    timestamp: int
    severity: records.Severity
    message: str
    source: str = ''
    more: int = 0

    @property
    def rank(self) -> int:
        """How much it matters, as a number."""
        return RANKS.index(self.severity)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent at once.

    Attributes:
        title: Its first line.
        body: The rest, plain text.
        severity: The highest in it.
        seqs: Numbers of the events that it tells.
    """

    title: str
    body: str
    severity: records.Severity
    seqs: tuple[int, ...] = ()


def of(event: events.Event) -> Notice | None:
    """Makes a notice of an event; None where there is nothing to tell.

    Args:
        event: An alert, or what a part of the engine says of its state: that
            a connection was lost is no alert on a screen that shows it.
    """
    told = event.data
    if isinstance(told, records.Alert):
        severity, message, source = told.severity, told.message, told.source
    elif told.status in _STATES:
        severity, source = _STATES[told.status], told.component
        detail = f': {told.detail}' if told.detail else ''
        message = f'{source} is {told.status}{detail}'
    else:
        return None
    return Notice(
        seq=event.seq,
        timestamp=event.timestamp,
        severity=severity,
        message=message,
        source=source,
    )


def compose(who: str, told: Sequence[Notice], dropped: int = 0) -> Message:
    """Writes one message of one notice or of several.

    Args:
        who: The profile and its mode.
        told: What it tells, at least one.
        dropped: How many were too many to be kept.
    """
    worst = max(told, key=lambda one: one.rank).severity
    lines = [_line(one, alone=len(told) == 1) for one in told[:LINES]]
    left = len(told) - len(lines)
    if left:
        lines.append(f'and {left} more')
    if dropped:
        lines.append(f'and {dropped} older ones that were not kept')
    if left or dropped:
        lines.append('all of them: sting log show --type risk_alert')
    if len(told) == 1:
        title = f'sting {who}: {worst}'
    else:
        severe = sum(one.severity is worst for one in told)
        title = f'sting {who}: {len(told)} alerts, {severe} {worst}'
    return Message(
        title=title,
        body='\n'.join(lines),
        severity=worst,
        seqs=tuple(one.seq for one in told),
    )


def _line(one: Notice, *, alone: bool) -> str:
    time = market.to_iso(one.timestamp)
    text = _clean(one.message)
    if one.more:
        text += f' ({one.more} more of it)'
    if alone:
        return f'{text}\n{_clean(one.source)}, event {one.seq}, {time}'
    return f'{time} {one.severity} {_clean(one.source)}: {text}'


def _clean(text: str) -> str:
    """Makes text from outside one line without control characters."""
    shown = ''.join(
        c if c.isprintable() else c.encode('unicode_escape').decode()
        for c in text
    )
    return shown if len(shown) <= _LENGTH else f'{shown[:_LENGTH]}...'
