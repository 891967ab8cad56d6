"""Where the ticks of a chart go, and what they say."""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
import datetime
import math

from sting.model import market

MINUTE = 60 * market.NANOSECONDS
DAY = 24 * 60 * MINUTE
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
# Prices show cents until they are so high that nobody reads them.
_CENTS_BELOW = 100_000.0


def nice_step(span: float, count: int) -> float:
    """Gives a round step that cuts a span into at most `count` parts.

    Args:
        span: Length of the axis, above 0, in the axis' units.
        count: How many parts there may be, at least 1.

    Returns:
        1, 2, 2.5 or 5 times a power of ten.
    """
    # A hair less, so that 0.01 in four parts is 0.0025 in floats too.
    raw = span / max(count, 1) * (1 - 1e-9)
    power = 10.0 ** math.floor(math.log10(raw))
    return next(
        (power * step for step in _STEPS if power * step >= raw), power * 10.0
    )


def price_ticks(low: float, high: float, count: int) -> list[float]:
    """Gives round prices between two prices, lowest first.

    Args:
        low: Lowest price of the axis.
        high: Highest price of the axis.
        count: About how many parts there may be.

    Returns:
        The prices; none where low and high are too close together to tell
        them apart.
    """
    if not high > low:
        return []
    step = nice_step(high - low, count)
    first = math.ceil(low / step)
    last = math.floor(high / step)
    return [number * step for number in range(first, last + 1)]


def price_decimals(low: float, high: float, count: int) -> int:
    """Says with how many decimals the prices of an axis are written."""
    cents = 2 if abs(high) < _CENTS_BELOW else 0
    if not high > low:
        return cents
    step = nice_step(high - low, count)
    needed = math.ceil(-math.log10(step) - 1e-9)
    # A step of 2.5 needs a decimal more than one of 2.
    if abs(step * 10.0**needed - round(step * 10.0**needed)) > 1e-6:
        needed += 1
    return min(max(needed, cents), 10)


@dataclasses.dataclass(frozen=True)
class _Period:
    """A rhythm in which times are labelled.

    Attributes:
        key: Two times with the same key are in the same period.
        text: What is written where a period begins.
        width: Cells that the text takes.
    """

    key: Callable[[datetime.datetime], object]
    text: str
    width: int


def _minutes(count: int) -> _Period:
    return _Period(
        lambda when: (
            (when.toordinal() * 1440 + when.hour * 60 + when.minute) // count
        ),
        '%H:%M',
        5,
    )


_INTRADAY = tuple(
    _minutes(count) for count in (1, 2, 5, 10, 15, 30, 60, 120, 240, 720)
)
_DATES = (
    _Period(lambda when: when.toordinal(), '%d %b', 6),
    _Period(lambda when: when.isocalendar()[:2], '%d %b', 6),
    _Period(lambda when: (when.year, when.month), '%b %Y', 8),
    _Period(lambda when: (when.year, (when.month - 1) // 3), '%b %Y', 8),
    _Period(lambda when: when.year, '%Y', 4),
    _Period(lambda when: when.year // 5, '%Y', 4),
)


def _beginnings(
    times: Sequence[datetime.datetime], period: _Period
) -> list[int]:
    """Gives the positions at which a new period begins."""
    keys = [period.key(when) for when in times]
    return [
        index for index in range(1, len(keys)) if keys[index] != keys[index - 1]
    ]


def time_labels(timestamps: Sequence[int], width: int) -> list[tuple[int, str]]:
    """Chooses labels for a time axis with one column a bar.

    The labels stand where a round period begins, so that they keep their
    bars when the chart moves on.

    Args:
        timestamps: When each bar closes, oldest first, nanoseconds since the
            epoch, UTC.
        width: Cells that there are, at least one a bar.

    Returns:
        Column of the bar and text; the texts do not touch each other.
    """
    if not timestamps:
        return []
    times = [market.to_datetime(stamp) for stamp in timestamps]
    periods: tuple[_Period, ...] = _DATES
    if timestamps[-1] - timestamps[0] < DAY * len(timestamps) // 2:
        periods = _INTRADAY + _DATES
    for period in periods:
        places = _beginnings(times, period)
        if len(places) * (period.width + 2) <= width:
            break
    if not places:
        places = [0]
        period = periods[0]
    labels: list[tuple[int, str]] = []
    free = 0
    for place in places:
        if free <= place <= width - period.width:
            labels.append((place, times[place].strftime(period.text)))
            free = place + period.width + 1
    return labels
