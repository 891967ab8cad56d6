"""Of sting.yaml: in which hours a profile's strategies run."""

import re
from typing import Final
from typing import Literal
from typing import NamedTuple

import msgspec

from sting.model import timeframes

_MOMENT = re.compile(r'(open|close)(?:\s*([+-])\s*(\d{1,5})\s*([smh]))?')
_MOST: Final = timeframes.DAY


class Moment(NamedTuple):
    """A moment of a session.

    Attributes:
        anchor: What it is counted from, open or close.
        offset: Nanoseconds after that; below 0 for before.
    """

    anchor: str
    offset: int

    def of(self, opens: int, closes: int) -> int:
        """Gives it of a session.

        Args:
            opens: When it opens, nanoseconds since the epoch, UTC.
            closes: When it closes, likewise.
        """
        return (opens if self.anchor == 'open' else closes) + self.offset


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """The sessions in which strategies run; between them the engine waits.

    Attributes:
        calendar: The exchange whose sessions they are; empty for that of the
            profile.
        start: When strategies are started: `open` or `close`, and how long
            before or after it, as in `open - 15m`.
        stop: When they are stopped, likewise.
        orders: What becomes of working orders then: those for the day are
            cancelled, all are, or they are kept. What protects a position that
            is kept is always kept.
        positions: Whether positions are kept or closed then.
    """

    calendar: str = ''
    start: str = 'open'
    stop: str = 'close'
    orders: Literal['day', 'all', 'keep'] = 'day'
    positions: Literal['keep', 'flatten'] = 'keep'

    def __post_init__(self) -> None:
        """Refuses what is no moment, and an end that makes no sense."""
        begins, ends = self.begins, self.ends
        if begins.anchor == ends.anchor and begins.offset >= ends.offset:
            raise ValueError(f'start: {self.start} is not before {self.stop}')
        if (begins.anchor, ends.anchor) == ('close', 'open'):
            raise ValueError(
                'start: it is counted from the close and stop from the open; '
                'a session has its open first'
            )
        if self.positions == 'flatten' and not (
            ends.anchor == 'open' or ends.offset < 0
        ):
            raise ValueError(
                f'positions: flatten at {self.stop} finds a closed market; '
                'write a stop before it, such as stop: close - 5m'
            )

    @property
    def begins(self) -> Moment:
        """When strategies are started."""
        return _moment('start', self.start)

    @property
    def ends(self) -> Moment:
        """When they are stopped."""
        return _moment('stop', self.stop)


def _moment(key: str, text: str) -> Moment:
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            f'{key}: {text!r} is no moment of a session; write open or close, '
            'and how long before or after it, such as open - 15m'
        )
    anchor, sign, count, unit = found.groups()
    offset = int(count) * timeframes.UNITS[unit] if count else 0
    if offset > _MOST:
        raise ValueError(f'{key}: {text!r} is more than a day away')
    return Moment(anchor, -offset if sign == '-' else offset)
