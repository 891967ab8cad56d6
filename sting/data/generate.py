"""One-minute bars made up from real daily ones.

A day's minutes meet its open, high, low, close and volume exactly; between
these the price walks at random. The same day gives the same minutes anywhere.
"""

from collections.abc import Sequence
import hashlib
from itertools import pairwise

import numpy as np

from sting.data import calendars
from sting.data import table
from sting.model import market

# Prices that are drawn for each minute: its open and close are among them.
_POINTS = 5
# A walk's range is on average this many times its deviation at the end.
_RANGE = 1.6
# Of days that rise, the share in which the low comes before the high.
_LOW_FIRST = 0.75


def day(
    daily: Sequence[market.MarketData],
    seed: int = 0,
    calendar: str = calendars.DEFAULT,
) -> table.BarTable:
    """Makes the minutes of several symbols on one day.

    Args:
        daily: Daily bars, at least one.
        seed: Another one gives other minutes.
        calendar: The exchange whose minutes they are.

    Raises:
        DataError: There is no such calendar.
    """
    return table.BarTable.merge([minutes(bar, seed, calendar) for bar in daily])


def minutes(
    daily: market.MarketData,
    seed: int = 0,
    calendar: str = calendars.DEFAULT,
) -> table.BarTable:
    """Makes the minutes of one symbol on one day.

    Args:
        daily: A daily bar, stamped with its session's close.
        seed: Another one gives other minutes.
        calendar: The exchange whose minutes they are.

    Returns:
        A bar for each minute of the session; prices but the day's four are
        in cents, volumes are whole where the day's is.

    Raises:
        DataError: There is no such calendar.
    """
    session = calendars.session_of(daily.timestamp, calendar)
    stamps = calendars.minutes(session, calendar)
    key = f'{seed} {daily.symbol} {session}'.encode()
    drawn = hashlib.blake2b(key, digest_size=16).digest()
    rng = np.random.default_rng(int.from_bytes(drawn))
    activity = _activity(len(stamps))
    path = _path(daily, np.repeat(activity, _POINTS), rng)
    prices = path.reshape(len(stamps), _POINTS)
    return table.BarTable(
        (daily.symbol,),
        np.zeros(len(stamps), np.int32),
        stamps,
        open=prices[:, 0].copy(),
        high=prices.max(axis=1),
        low=prices.min(axis=1),
        close=prices[:, -1].copy(),
        volume=_volumes(daily.volume, activity, rng),
        timeframe='1m',
        generated=True,
    )


def _activity(count: int) -> table.FloatArray:
    """How busy each minute is: most at the open and the close."""
    middle = np.linspace(-1, 1, count)
    return np.asarray(0.5 + middle**2 + 0.5 * middle**8)


def _path(
    daily: market.MarketData,
    activity: table.FloatArray,
    rng: np.random.Generator,
) -> table.FloatArray:
    """Walks from open to close by way of the extremes, and not beyond."""
    count = len(activity)
    knots = _knots(daily, count, rng)
    low, high = np.log(daily.low), np.log(daily.high)
    variance = activity / activity.sum() * ((high - low) / _RANGE) ** 2
    walk = np.cumsum(rng.standard_normal(count) * np.sqrt(variance))
    clock = np.cumsum(variance)
    logs = np.empty(count)
    for (first, start), (last, end) in pairwise(sorted(knots.items())):
        part = slice(first, last + 1)
        passed = clock[part] - clock[first]
        share = passed / passed[-1] if passed[-1] > 0 else passed
        drift = np.log(end / start) - (walk[last] - walk[first])
        logs[part] = np.log(start) + walk[part] - walk[first] + share * drift
    if high > low:
        logs = low + _fold((logs - low) / (high - low)) * (high - low)
    prices = np.clip(np.round(np.exp(logs), 2), daily.low, daily.high)
    prices[list(knots)] = list(knots.values())
    return np.asarray(prices)


def _knots(
    daily: market.MarketData, count: int, rng: np.random.Generator
) -> dict[int, float]:
    """Fixes where the day's open, close, high and low fall."""
    early, late = sorted(rng.choice(np.arange(1, count - 1), 2, replace=False))
    rises = daily.close >= daily.open
    low_first = (rng.random() < _LOW_FIRST) == rises
    low, high = (early, late) if low_first else (late, early)
    ends = (daily.open, daily.close)
    knots = {0: daily.open, count - 1: daily.close}
    if daily.low not in ends:
        knots[int(low)] = daily.low
    if daily.high not in ends:
        knots[int(high)] = daily.high
    return knots


def _fold(share: table.FloatArray) -> table.FloatArray:
    """Reflects what left 0 to 1 back into it."""
    return np.asarray(1 - np.abs(np.mod(share, 2) - 1))


def _volumes(
    total: float, activity: table.FloatArray, rng: np.random.Generator
) -> table.FloatArray:
    """Shares out a volume; whole parts, and any fraction in the last."""
    weights = activity * rng.lognormal(0, 0.5, len(activity))
    whole = int(total)
    exact = weights / weights.sum() * whole
    parts = np.floor(exact)
    left = whole - int(parts.sum())
    parts[np.argsort(parts - exact, kind='stable')[:left]] += 1
    parts[-1] += total - whole
    return np.asarray(parts)
