"""The work W1 to W4 that sting and other engines are measured by.

Generated with numpy from fixed seeds and nothing of sting, so that a program
in another engine's environment makes the same. Prices are rounded to six
decimals, so that averages never tie.

W1: one symbol, a million one-minute bars; W2: fifty symbols with twenty
thousand each and shared cash. On both, averages of 10 and 30 closes; a
market order for 100 where the fast one crosses the slow one upwards and
nothing is held, one for -100 where it crosses downwards and something is;
fills at the next open, 0.1 % commission, 1,000,000 in cash. W3: a grid of a
thousand such runs over 10,000 bars. W4: a million quotes that are counted,
with an exponential average of the middle price. Several engines and an
independent loop agree on the expected figures.
"""

from typing import Any
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Columns = dict[str, npt.NDArray[Any]]

CASH = 1e6
COMMISSION = 0.001
QUANTITY = 100.0
FAST = 10
SLOW = 30
MINUTE_NS = 60_000_000_000
# The opening of the first bar: 2020-01-01 in UTC, nanoseconds.
OPENING_NS = 1_577_836_800_000_000_000

W1_SEED = 1
W1_BARS = 1_000_000
W2_SEEDS = range(1000, 1050)
W2_BARS = 20_000
W3_SEED = 3
W3_BARS = 10_000
W3_FAST = range(5, 25)
W3_SLOW = range(30, 80)
# A thousand runs are too short for two cores.
W3_LARGE_FAST = range(5, 55)
W3_LARGE_SLOW = range(60, 260)
W4_SEED = 4
W4_QUOTES = 1_000_000
W4_STEP_NS = 100_000_000
W4_DECAY = 2 / 101


class Outcome(NamedTuple):
    """What a run has to give.

    Attributes:
        fills: How many.
        trips: Closed round trips.
        equity: In the end, rounded to cents.
    """

    fills: int
    trips: int
    equity: float


W1 = Outcome(38_752, 19_376, 688_473.93)
W2 = Outcome(38_815, 19_395, 612_757.09)
W3_BEST = (22, 76, 998_449.02)
W3_SUM = 997_312_121.64
W4_AVERAGE = 100.054692


def bars(seed: int, count: int) -> Columns:
    """Generates the bars of one symbol.

    Args:
        seed: Of the generator.
        count: How many.

    Returns:
        open, high, low, close and volume.
    """
    draw = np.random.default_rng(seed)
    steps = draw.normal(0, 3e-4, count)
    close = np.round(100 * np.exp(np.cumsum(steps)), 6)
    before = np.concatenate(([100.0], close[:-1]))
    opening = np.round(before * np.exp(draw.normal(0, 6e-5, count)), 6)
    upper = np.maximum(opening, close)
    lower = np.minimum(opening, close)
    high = np.round(upper * (1 + np.abs(draw.normal(0, 1e-4, count))), 6)
    low = np.round(lower * (1 - np.abs(draw.normal(0, 1e-4, count))), 6)
    volume = draw.integers(10_000, 100_000, count).astype(np.float64)
    return {
        'open': opening,
        'high': high,
        'low': low,
        'close': close,
        'volume': volume,
    }


def w1() -> Columns:
    """Generates the bars of W1."""
    return bars(W1_SEED, W1_BARS)


def w2() -> dict[str, Columns]:
    """Generates the bars of W2, by symbol."""
    return {f'S{n:02}': bars(seed, W2_BARS) for n, seed in enumerate(W2_SEEDS)}


def w3() -> Columns:
    """Generates the bars of W3."""
    return bars(W3_SEED, W3_BARS)


def w4() -> Columns:
    """Generates the quotes of W4: bid and ask, in cents."""
    draw = np.random.default_rng(W4_SEED)
    middle = 100 * np.exp(np.cumsum(draw.normal(0, 1.2e-5, W4_QUOTES)))
    half = draw.integers(1, 4, W4_QUOTES) * 0.005
    return {
        'bid': np.round(middle - half, 2),
        'ask': np.round(middle + half, 2),
    }


def average(values: npt.NDArray[Any], period: int) -> npt.NDArray[Any]:
    """Gives the moving average of a column; nan where it is not full.

    Args:
        values: The column.
        period: How many of them an average is of.
    """
    sums = np.cumsum(values)
    sums[period:] -= sums[:-period].copy()
    means: npt.NDArray[Any] = sums / period
    means[: period - 1] = np.nan
    return means
