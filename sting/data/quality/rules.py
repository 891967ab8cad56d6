"""The rules that bars are held against, as a table.

A rule finds bars and says nothing of what is done about them. The rules are
asked in order, and a bar that is rejected or left out is not shown to those
after it. Rules that look back use no bar but those before, so that live bars
and a file of them get the same verdicts.
"""

from collections.abc import Callable
import dataclasses
import enum
from typing import Final

import numpy as np

from sting.data import table
from sting.data.quality import batch as batches
from sting.model import timeframes

Batch = batches.Batch
Found = batches.BoolArray

# Bars that a rule which looks back compares with, and the fewest it needs.
WINDOW: Final = 100
FEWEST: Final = 20
# A median absolute deviation of a normal distribution, in deviations of it.
NORMAL: Final = 1.4826
# A change is a spike from so many deviations on, and so large.
DEVIATIONS: Final = 12.0
LEAST_DAILY: Final = 0.05
LEAST: Final = 0.01
# A volume is absurd from so many medians on.
MEDIANS: Final = 1000.0
# So many equal bars in a row are a feed that repeats itself.
REPEATS: Final = 4
HUNDRED: Final = float(np.log(100.0))
# Ratios that splits have, new units for one old; their inverses are reverse
# splits.
RATIOS: Final = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0)
NEAR: Final = 0.05


class Action(enum.StrEnum):
    """What is done about bars that a rule has found."""

    OFF = 'off'
    WARN = 'warn'
    REPAIR = 'repair'
    REJECT = 'reject'


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule.

    Attributes:
        name: Its name in the configuration.
        doc: What is wrong with the bars that it finds, in a few words.
        find: Says which bars it finds.
        default: What is done about them.
        repair: Gives the bars after a repair; None where there is none.
        repaired: What the repair does, in a few words.
        hard: What it finds is no bar that anything could be made of: it is
            left out or rejected, and nothing else.
    """

    name: str
    doc: str
    find: Callable[[Batch], Found]
    default: Action
    repair: Callable[[Batch, Found], Batch] | None = None
    repaired: str = ''
    hard: bool = False

    def may(self, action: Action) -> bool:
        """Whether this can be done about what it finds."""
        if self.hard:
            return action in (Action.REPAIR, Action.REJECT)
        return action is not Action.REPAIR or self.repair is not None


def _missing(bars: Batch) -> Found:
    found = np.zeros(len(bars), np.bool_)
    for name in (*batches.PRICES, 'volume'):
        found |= ~np.isfinite(getattr(bars, name))
    return found


def _price(bars: Batch) -> Found:
    found = bars.volume < 0
    for name in batches.PRICES:
        found |= getattr(bars, name) <= 0
    return found


def _range(bars: Batch) -> Found:
    top = np.maximum(bars.open, bars.close)
    bottom = np.minimum(bars.open, bars.close)
    return np.asarray((bars.high < top) | (bars.low > bottom))


def _future(bars: Batch) -> Found:
    return bars.timestamp > bars.now


def _order(bars: Batch) -> Found:
    """Finds bars that come after one with a later stamp."""
    latest = np.maximum.accumulate(bars.timestamp)
    return np.asarray(bars.timestamp < latest)


def _duplicate(bars: Batch) -> Found:
    """Finds bars whose stamp another one had before."""
    order = np.argsort(bars.timestamp, kind='stable')
    again = np.zeros(len(bars), np.bool_)
    again[order[1:]] = np.diff(bars.timestamp[order]) == 0
    return again


def _stale(bars: Batch) -> Found:
    """Finds bars that equal several before them, volume and all."""
    same = np.zeros(len(bars), np.bool_)
    same[1:] = bars.volume[1:] > 0
    for name in (*batches.PRICES, 'volume'):
        column = getattr(bars, name)
        same[1:] &= column[1:] == column[:-1]
    run = same.copy()
    for back in range(1, REPEATS - 1):
        run[back:] &= same[:-back]
        run[:back] = False
    return run


def _idle(bars: Batch) -> Found:
    return np.asarray(bars.volume == 0)


def _volume(bars: Batch) -> Found:
    """Finds volumes far above the median of those before."""
    middle = _medians(bars, bars.volume)
    return (middle > 0) & (bars.volume > MEDIANS * middle)


def _jumps(bars: Batch) -> table.FloatArray:
    """Gives the log change from each bar's close before to its open."""
    change = np.zeros(len(bars))
    change[1:] = np.log(bars.open[1:] / bars.close[:-1])
    return change


def _unit(bars: Batch) -> Found:
    """Finds jumps by a hundred, as from pounds to pence."""
    return np.abs(np.abs(_jumps(bars)) - HUNDRED) < NEAR


def split_ratio(jump: float) -> float:
    """Gives the ratio of a split whose jump this is nearest to.

    Args:
        jump: Log of the open over the close before.

    Returns:
        New units for one old; below 1 for a reverse split.
    """
    ratios = np.concatenate([np.array(RATIOS), 1.0 / np.array(RATIOS)])
    return float(ratios[np.argmin(np.abs(np.log(ratios) + jump))])


def _split(bars: Batch) -> Found:
    """Finds jumps from one day to another by the ratio of a split."""
    change = np.abs(_jumps(bars))
    logs = np.log(np.array(RATIOS))
    near = np.zeros(len(bars), np.bool_)
    for each in logs.tolist():
        near |= np.abs(change - each) < NEAR
    day = bars.timestamp // timeframes.DAY
    near[1:] &= day[1:] != day[:-1]
    return near


def _spike(bars: Batch) -> Found:
    """Finds changes far outside of those before, by their median size."""
    change = np.zeros(len(bars))
    change[1:] = np.abs(np.log(bars.close[1:] / bars.close[:-1]))
    least = LEAST_DAILY if bars.step >= timeframes.DAY else LEAST
    usual = NORMAL * _medians(bars, change)
    known = np.isfinite(usual)
    limit = np.maximum(DEVIATIONS * np.where(known, usual, 0.0), least)
    found = known & (change > limit)
    return found & ~_split(bars) & ~_unit(bars)


def _medians(bars: Batch, values: table.FloatArray) -> table.FloatArray:
    """Gives the median of the values before each; NaN where they are few."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    rolling = pd.Series(values).rolling(WINDOW, min_periods=FEWEST)
    return np.asarray(rolling.median().shift(1), np.float64)


def outside(hours: batches.Hours, stamps: table.IntArray) -> Found:
    """Says which bars do not close within the hours of an exchange."""
    place = np.searchsorted(hours.closes, stamps)
    place = np.minimum(place, len(hours.closes) - 1)
    return (stamps <= hours.opens[place]) | (stamps > hours.closes[place])


def _hours(bars: Batch) -> Found:
    if bars.hours is None or bars.step >= timeframes.DAY:
        return np.zeros(len(bars), np.bool_)
    return outside(bars.hours, bars.timestamp)


def missing_before(bars: Batch) -> table.IntArray:
    """Counts the bars that are missing between each and the one before.

    Args:
        bars: In the order of their stamps.

    Returns:
        For each bar, a count; bars outside of the hours have none.
    """
    count = np.zeros(len(bars), np.int64)
    if not bars.step:
        # Bars that end with what is traded come when they do.
        return count
    number = _numbers(bars)
    count[1:] = np.maximum(np.diff(number) - 1, 0)
    if bars.hours is not None and bars.step < timeframes.DAY:
        away = outside(bars.hours, bars.timestamp)
        count[away] = 0
        count[1:][away[:-1]] = 0
    return count


def _numbers(bars: Batch) -> table.IntArray:
    """Numbers the bars that there could be, and gives those of the bars."""
    hours, stamps = bars.hours, bars.timestamp
    if hours is None:
        return -(-stamps // bars.step)
    if bars.step >= timeframes.DAY:
        return np.searchsorted(hours.closes, stamps).astype(np.int64)
    room = -((hours.opens - hours.closes) // bars.step)
    before = np.concatenate(([0], np.cumsum(room)))
    place = np.minimum(
        np.searchsorted(hours.closes, stamps), len(hours.closes) - 1
    )
    nth = -((hours.opens[place] - stamps) // bars.step)
    return np.asarray(before[place] + np.clip(nth, 0, room[place]))


def _gap(bars: Batch) -> Found:
    return missing_before(bars) > 0


def _left_out(bars: Batch, found: Found) -> Batch:
    return bars.take(~found)


def _sorted(bars: Batch, found: Found) -> Batch:
    return bars.take(np.argsort(bars.timestamp, kind='stable'))


def _widened(bars: Batch, found: Found) -> Batch:
    return dataclasses.replace(
        bars,
        high=np.maximum(bars.high, np.maximum(bars.open, bars.close)),
        low=np.minimum(bars.low, np.minimum(bars.open, bars.close)),
    )


RULES: Final = (
    Rule(
        name='missing',
        doc='a value is missing, no number, or infinite',
        find=_missing,
        default=Action.REJECT,
        repair=_left_out,
        repaired='left out',
        hard=True,
    ),
    Rule(
        name='price',
        doc='a price is not above 0, or a volume below it',
        find=_price,
        default=Action.REJECT,
        repair=_left_out,
        repaired='left out',
        hard=True,
    ),
    Rule(
        name='range',
        doc='open or close lies outside of high and low',
        find=_range,
        default=Action.REJECT,
        repair=_widened,
        repaired='high and low widened',
    ),
    Rule(
        name='future',
        doc='the bar closes after now',
        find=_future,
        default=Action.REJECT,
        repair=_left_out,
        repaired='left out',
    ),
    Rule(
        name='order',
        doc='the bar comes after one with a later stamp',
        find=_order,
        default=Action.WARN,
        repair=_sorted,
        repaired='put in order',
    ),
    Rule(
        name='duplicate',
        doc='a second bar of one stamp',
        find=_duplicate,
        default=Action.REJECT,
        repair=_left_out,
        repaired='left out',
    ),
    Rule(
        name='gap',
        doc="bars are missing before it, by the exchange's hours",
        find=_gap,
        default=Action.WARN,
    ),
    Rule(
        name='hours',
        doc='it closes while the exchange does not trade',
        find=_hours,
        default=Action.WARN,
        repair=_left_out,
        repaired='left out',
    ),
    Rule(
        name='split',
        doc='the price jumps from day to day as at a split',
        find=_split,
        default=Action.WARN,
    ),
    Rule(
        name='unit',
        doc='the price jumps by a hundred, as from pounds to pence',
        find=_unit,
        default=Action.WARN,
    ),
    Rule(
        name='spike',
        doc='the price changes far more than it did before',
        find=_spike,
        default=Action.WARN,
        repair=_left_out,
        repaired='left out',
    ),
    Rule(
        name='stale',
        doc='it equals several bars before it, volume and all',
        find=_stale,
        default=Action.WARN,
        repair=_left_out,
        repaired='left out',
    ),
    Rule(
        name='volume',
        doc='the volume is far above that of the bars before',
        find=_volume,
        default=Action.WARN,
    ),
    Rule(
        name='idle',
        doc='nothing was traded',
        find=_idle,
        default=Action.WARN,
        repair=_left_out,
        repaired='left out',
    ),
)
BY_NAME: Final = {rule.name: rule for rule in RULES}
