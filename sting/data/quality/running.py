"""The rules of the table for bars that come one after the other.

Each rule keeps what it needs of the bars that reached it, so that a bar costs
the same however far a rule looks back, and no array is made of one bar. A
rule's formula is that of its name in `rules`.
"""

import bisect
from collections.abc import Callable
from collections.abc import Mapping
import copy
import math
from typing import Final
from typing import Self

import msgspec

from sting.data.quality import batch as batches
from sting.data.quality import rules
from sting.model import market
from sting.model import timeframes

_LOGS: Final = tuple(math.log(each) for each in rules.RATIOS)
_LEAST_JUMP: Final = min(_LOGS) - rules.NEAR


class Median(msgspec.Struct):
    """The median of the last values, kept while they come.

    Attributes:
        values: In the order in which they came.
        ranked: The same by size.
    """

    values: list[float] = []
    ranked: list[float] = []

    def add(self, value: float) -> None:
        """Takes a value, and drops the oldest beyond `rules.WINDOW`."""
        if len(self.values) == rules.WINDOW:
            oldest = self.values.pop(0)
            del self.ranked[bisect.bisect_left(self.ranked, oldest)]
        self.values.append(value)
        bisect.insort(self.ranked, value)

    def get(self) -> float:
        """Gives the median; NaN where values are few."""
        count = len(self.ranked)
        if count < rules.FEWEST:
            return math.nan
        middle = count // 2
        if count % 2:
            return self.ranked[middle]
        return (self.ranked[middle - 1] + self.ranked[middle]) / 2

    def copy(self) -> Self:
        """Gives another one of the same values."""
        return type(self)(self.values.copy(), self.ranked.copy())


class Seen(msgspec.Struct):
    """What the rules keep of the bars that reached them.

    Attributes:
        step: Length of a bar, nanoseconds; 0 for bars that have none.
        hours: When the exchange trades; None where it always does.
        count: How many bars came.
        latest: The latest stamp.
        stamps: The last stamps, for those that come again.
        newest: The latest of them.
        gap: The stamp of the bar before.
        split: The bar before.
        unit: The bar before.
        spike: The bar before.
        changes: Sizes of the closes' changes.
        stale: The bar before.
        repeats: How many bars up to it equal the one before them.
        volumes: Those of the last bars.
    """

    step: int
    hours: batches.Hours | None
    count: int = 0
    latest: int = batches.NEVER
    stamps: list[int] = []
    newest: int = batches.NEVER
    gap: int | None = None
    split: market.MarketData | None = None
    unit: market.MarketData | None = None
    spike: market.MarketData | None = None
    changes: Median = msgspec.field(default_factory=Median)
    stale: market.MarketData | None = None
    repeats: int = 0
    volumes: Median = msgspec.field(default_factory=Median)

    def copy(self) -> Self:
        """Gives another one, which goes its own way."""
        made = copy.copy(self)
        made.stamps = self.stamps.copy()
        made.changes = self.changes.copy()
        made.volumes = self.volumes.copy()
        return made


Bar = market.MarketData


def _missing(seen: Seen, bar: Bar, now: int) -> bool:
    # The sum is a number where all are, but for sums beyond all numbers.
    finite = math.isfinite
    return not (
        finite(bar.open + bar.high + bar.low + bar.close + bar.volume)
        or all(
            map(finite, (bar.open, bar.high, bar.low, bar.close, bar.volume))
        )
    )


def _price(seen: Seen, bar: Bar, now: int) -> bool:
    return (
        bar.volume < 0
        or bar.open <= 0
        or bar.high <= 0
        or bar.low <= 0
        or bar.close <= 0
    )


def _range(seen: Seen, bar: Bar, now: int) -> bool:
    high, low = bar.high, bar.low
    return not low <= bar.open <= high or not low <= bar.close <= high


def _future(seen: Seen, bar: Bar, now: int) -> bool:
    return bar.timestamp > now


def _order(seen: Seen, bar: Bar, now: int) -> bool:
    if bar.timestamp < seen.latest:
        return True
    seen.latest = bar.timestamp
    return False


def _duplicate(seen: Seen, bar: Bar, now: int) -> bool:
    stamp, stamps = bar.timestamp, seen.stamps
    found = stamp <= seen.newest and stamp in stamps
    seen.newest = max(seen.newest, stamp)
    stamps.append(stamp)
    if len(stamps) > rules.WINDOW:
        del stamps[0]
    return found


def _gap(seen: Seen, bar: Bar, now: int) -> bool:
    before, seen.gap = seen.gap, bar.timestamp
    if before is None or not seen.step or bar.timestamp <= before:
        return False
    step, hours = seen.step, seen.hours
    if hours is None:
        return -(-bar.timestamp // step) + before // -step > 1
    first, last = hours.stretch(before), hours.stretch(bar.timestamp)
    if step >= timeframes.DAY:
        # A stamp behind the last close is one further.
        beyond = (bar.timestamp > last.closes) - (before > first.closes)
        return last.place - first.place + beyond > 1
    if _is_away(first, before) or _is_away(last, bar.timestamp):
        return False
    count = _nth(last, bar.timestamp, step) - _nth(first, before, step)
    if first.place != last.place:
        passed = slice(first.place, last.place)
        rooms = -((hours.opens[passed] - hours.closes[passed]) // step)
        count += int(rooms.sum())
    return count > 1


def _nth(stretch: batches.Stretch, stamp: int, step: int) -> int:
    """Numbers the bars of a stretch, from 1, by a stamp that is in it."""
    return -((stretch.opens - stamp) // step)


def _is_away(stretch: batches.Stretch, stamp: int) -> bool:
    return stamp <= stretch.opens or stamp > stretch.closes


def _hours(seen: Seen, bar: Bar, now: int) -> bool:
    if seen.hours is None or seen.step >= timeframes.DAY:
        return False
    return _is_away(seen.hours.stretch(bar.timestamp), bar.timestamp)


def _split(seen: Seen, bar: Bar, now: int) -> bool:
    before, seen.split = seen.split, bar
    return before is not None and _is_split(before, bar)


def _unit(seen: Seen, bar: Bar, now: int) -> bool:
    before, seen.unit = seen.unit, bar
    return before is not None and _is_unit(before, bar)


def _spike(seen: Seen, bar: Bar, now: int) -> bool:
    before, seen.spike = seen.spike, bar
    change = 0.0
    if before is not None:
        change = abs(_log(bar.close / before.close))
    usual = rules.NORMAL * seen.changes.get()
    seen.changes.add(change)
    daily = seen.step >= timeframes.DAY
    limit = max(
        rules.DEVIATIONS * usual, rules.LEAST_DAILY if daily else rules.LEAST
    )
    return (
        math.isfinite(usual)
        and change > limit
        and before is not None
        and not _is_split(before, bar)
        and not _is_unit(before, bar)
    )


def _stale(seen: Seen, bar: Bar, now: int) -> bool:
    before, seen.stale = seen.stale, bar
    same = (
        before is not None
        and bar.close == before.close
        and bar.volume == before.volume > 0
        and bar.open == before.open
        and bar.high == before.high
        and bar.low == before.low
    )
    seen.repeats = seen.repeats + 1 if same else 0
    return seen.repeats >= rules.REPEATS - 1


def _volume(seen: Seen, bar: Bar, now: int) -> bool:
    middle = seen.volumes.get()
    seen.volumes.add(bar.volume)
    return middle > 0 and bar.volume > rules.MEDIANS * middle


def _idle(seen: Seen, bar: Bar, now: int) -> bool:
    return bar.volume == 0


def _is_split(before: Bar, bar: Bar) -> bool:
    jump = abs(_log(bar.open / before.close))
    return (
        jump > _LEAST_JUMP
        and bar.timestamp // timeframes.DAY
        != before.timestamp // timeframes.DAY
        and any(abs(jump - each) < rules.NEAR for each in _LOGS)
    )


def _is_unit(before: Bar, bar: Bar) -> bool:
    jump = abs(_log(bar.open / before.close))
    return abs(jump - rules.HUNDRED) < rules.NEAR


def _log(ratio: float) -> float:
    # Of prices that differ by more than numbers can.
    return math.log(ratio) if ratio else -math.inf


Find = Callable[[Seen, Bar, int], bool]
# Says whether a bar is found, and takes it for seen.
FINDS: Final[Mapping[str, Find]] = {
    'missing': _missing,
    'price': _price,
    'range': _range,
    'future': _future,
    'order': _order,
    'duplicate': _duplicate,
    'gap': _gap,
    'hours': _hours,
    'split': _split,
    'unit': _unit,
    'spike': _spike,
    'stale': _stale,
    'volume': _volume,
    'idle': _idle,
}
