"""The figures of one run of a sweep, from what its loop counts as it goes.

They are those of `backtest.figures.metrics`, by the same definitions: a sweep
has no time to lay every run out in tables. `trip_after` is compiled into the
loop; the rest is worked out for many runs at once. What is undefined is nan.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from sting.backtest.figures import metrics
from sting.model import orders

FloatArray = npt.NDArray[np.float64]

# Of a round trip that is under way: 1 for a long one, -1 for a short one, 0 for
# none; units held; their value on the way in; on the way out; fees.
Trip = tuple[float, float, float, float, float]
NO_TRIP: Final[Trip] = (0.0, 0.0, 0.0, 0.0, 0.0)

# What a sweep tells of each run, by its name in a result's JSON.
FIGURES: Final = (
    'orders',
    'fills',
    'trades',
    'final_equity',
    'total_return',
    'cagr',
    'volatility',
    'sharpe',
    'sortino',
    'calmar',
    'omega',
    'max_drawdown',
    'win_rate',
    'profit_factor',
    'expectancy',
    'exposure',
    'turnover',
    'fees',
)
COUNTS: Final = ('orders', 'fills', 'trades')
# The fewer or the smaller, the better.
LOWER: Final = frozenset({'orders', 'fills', 'volatility', 'turnover', 'fees'})


def trip_after(
    sign: int, quantity: float, price: float, fee: float, trip: Trip
) -> tuple[Trip, bool, float]:
    """Takes a fill into a symbol's round trip; as `trades.round_trips`.

    Args:
        sign: 1 for a buy, -1 for a sell.
        quantity: Units traded, above 0.
        price: A unit.
        fee: In the account's currency.
        trip: The round trip before.

    Returns:
        The round trip after it; whether the one before ended, and what that
        made, after fees.
    """
    side, held, paid, received, charged = trip
    rest, ended, pnl = quantity, False, 0.0
    if side == -sign:
        closing = min(quantity, abs(held))
        share = fee * closing / quantity
        held -= side * closing
        received += closing * price
        charged += share
        if abs(held) >= orders.DUST:
            return (side, held, paid, received, charged), False, 0.0
        ended, pnl = True, (received - paid) * side - charged
        rest = quantity - closing
        if rest < orders.DUST:
            return NO_TRIP, True, pnl
        fee -= share
        side = 0.0
    if side == 0.0:
        side, held, paid, received, charged = float(sign), 0.0, 0.0, 0.0, 0.0
    held += side * rest
    trip = (side, held, paid + rest * price, received, charged + fee)
    return trip, ended, pnl


def fall_after(
    equity: float, peak: float, trough: float, depth: float
) -> tuple[float, float, float]:
    """Takes an equity into the deepest fall from a peak.

    Args:
        equity: Cash and holdings.
        peak: The highest before; the start counts.
        trough: The lowest since that peak.
        depth: The deepest fall from the peaks before that one.

    Returns:
        Peak, trough and depth after it.
    """
    # Chosen before the branch, so that it is none itself.
    low = equity if equity < trough else trough
    if equity > peak:
        return equity, equity, deepest(peak, trough, depth)
    return peak, low, depth


def deepest(peak: float, trough: float, depth: float) -> float:
    """Gives the deepest fall so far: equity over peak, less 1; 0 or less.

    As the least of `metrics.drawdowns`, since below one peak the lowest
    equity is the deepest.
    """
    return min(depth, trough / peak - 1.0)


# What a loop tells of a run, in the columns of a table; `held` counts bars with
# a position, `whole` is the sum of the equities.
TOLD: Final = (
    'orders',
    'fills',
    'held',
    'fault',
    'wanted',
    'asked',
    'level',
    'final_equity',
    'max_drawdown',
    'whole',
    'fees',
    'traded',
    'trades',
    'won',
    'gains',
    'losses',
)


def of_runs(
    told: FloatArray, levels: FloatArray, start: float, bars: int
) -> FloatArray:
    """Gives the figures of many runs.

    Args:
        told: For each run a row of `TOLD`.
        levels: For each, the equities at the ends of the days.
        start: The equity before the first bar.
        bars: How many.

    Returns:
        For each run a row of `FIGURES`.
    """
    of = dict(zip(TOLD, told.T, strict=True))
    trips, traded = of['trades'], of['traded']
    mean = of['whole'] / bars if bars else np.zeros(len(told))
    with np.errstate(all='ignore'):
        found = {
            **of,
            'total_return': of['final_equity'] / start - 1.0,
            'win_rate': of['won'] / trips,
            'profit_factor': np.where(
                of['losses'] > 0.0, of['gains'] / of['losses'], math.nan
            ),
            'expectancy': (of['gains'] - of['losses']) / trips,
            'exposure': of['held'] / bars if bars else of['held'] * math.nan,
            'turnover': np.where(mean > 0.0, traded / mean, math.nan),
            **of_levels(levels, start, of['max_drawdown']),
        }
    return np.stack([found[name] for name in FIGURES], axis=1)


def daily(levels: FloatArray, start: float) -> FloatArray:
    """Gives the returns from day to day; as `metrics.daily_returns`.

    Args:
        levels: For each run a row of the equities at the ends of the days.
        start: The equity before the first day.

    Returns:
        For each run a row; what follows the day on which the equity is gone
        has no meaning.
    """
    before = np.empty_like(levels)
    before[:, :1] = start
    before[:, 1:] = levels[:, :-1]
    made: FloatArray = levels / before - 1.0
    return made


def days_of(levels: FloatArray) -> int:
    """Gives how many days of one run count: until the equity is gone."""
    gone = np.flatnonzero(levels <= 0.0)
    return int(gone[0]) + 1 if len(gone) else len(levels)


def of_levels(
    levels: FloatArray, start: float, depths: FloatArray
) -> dict[str, FloatArray]:
    """Gives CAGR, volatility, Sharpe, Sortino, Calmar and Omega of many runs.

    Args:
        levels: For each run a row of the equities at the ends of the days.
        start: The equity before the first day.
        depths: Their maximum drawdowns, 0 or less.
    """
    returns = daily(levels, start)
    found = _ratios(returns)
    for run in np.flatnonzero((levels <= 0.0).any(axis=1)).tolist():
        alone = returns[run : run + 1, : days_of(levels[run])]
        for name, value in _ratios(alone).items():
            found[name][run] = value[0]
    found['calmar'] = np.where(depths < 0.0, found['cagr'] / -depths, math.nan)
    return found


def _ratios(returns: FloatArray) -> dict[str, FloatArray]:
    """Gives what follows from daily returns alone, for a row each."""
    runs, count = returns.shape
    names = ('cagr', 'volatility', 'sharpe', 'sortino', 'omega')
    found = {name: np.full(runs, math.nan) for name in names}
    if not count:
        return found
    growth = np.prod(1.0 + returns, axis=1).tolist()
    found['cagr'][:] = [metrics.compounded(each, count) for each in growth]
    if count < 2:
        return found
    year = math.sqrt(metrics.DAYS_A_YEAR)
    mean = np.mean(returns, axis=1)
    deviation = np.std(returns, axis=1, ddof=1)
    below = np.minimum(returns, 0.0)
    downside = np.sqrt(np.mean(below * below, axis=1))
    losses = -np.sum(below, axis=1)
    gains = np.sum(np.maximum(returns, 0.0), axis=1)
    found['volatility'] = deviation * year
    found['sharpe'] = _over(mean, deviation) * year
    found['sortino'] = _over(mean, downside) * year
    found['omega'] = _over(gains, losses)
    return found


def _over(values: FloatArray, scale: FloatArray) -> FloatArray:
    """Divides, where a scale is more than rounding."""
    return np.where(scale >= metrics.STILL, values / scale, math.nan)
