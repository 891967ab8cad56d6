"""What is to be said of a run in figures, and how each is worked out.

The ratios are those of empyrical, over daily returns, with 252 days a year and
a risk-free rate of 0. A day's return is its last equity over that of the day
before, the first day's over the starting cash. What is undefined is None.
"""

import dataclasses
import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DAYS_A_YEAR = 252
_DAY = 86_400_000_000_000
# Returns that differ by less than this differ by rounding alone.
_STILL = 1e-13


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceMetrics:
    """The figures of a run; fractions, not per cent.

    Attributes:
        final_equity: Cash and holdings at the end, at the last close.
        total_return: Final equity over the starting cash, less 1.
        cagr: The yearly growth that compounds to the total return.
        volatility: Deviation of the daily returns, a year.
        sharpe: Mean over deviation of the daily returns, a year.
        sortino: Mean over downside deviation of the daily returns, a year.
        calmar: CAGR over the size of the maximum drawdown.
        max_drawdown: Deepest fall from a peak, at any bar; 0 or less.
        win_rate: Share of the round trips that made a profit after fees.
        profit_factor: Profits over losses of the round trips, after fees.
        exposure: Share of the bars with a position.
        turnover: Value traded over the mean equity.
        fees: In the account's currency.
    """

    final_equity: float
    total_return: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float
    win_rate: float | None
    profit_factor: float | None
    exposure: float | None
    turnover: float | None
    fees: float


def daily_returns(
    timestamp: IntArray, equity: FloatArray, start: float
) -> FloatArray:
    """Gives the returns from day to day.

    A bar that closes at midnight belongs to the day that ends there.

    Args:
        timestamp: Of each equity, rising, nanoseconds since the epoch, UTC.
        equity: Cash and holdings at each.
        start: The equity before the first.

    Returns:
        One return for each UTC day that has a bar, until the equity is gone.
    """
    if not len(timestamp):
        return np.empty(0)
    days = (timestamp - 1) // _DAY
    last = np.append(np.flatnonzero(np.diff(days)), len(days) - 1)
    levels = np.concatenate(([start], equity[last]))
    gone = np.flatnonzero(levels <= 0)
    if len(gone):
        levels = levels[: gone[0] + 1]
    return levels[1:] / levels[:-1] - 1.0


def drawdowns(equity: FloatArray, start: float) -> FloatArray:
    """Gives how far each equity is below the peak so far: 0 or less.

    Args:
        equity: Cash and holdings, oldest first.
        start: The equity before the first, which counts as a peak.

    Returns:
        Equity over peak, less 1.
    """
    peaks = np.maximum(np.maximum.accumulate(equity), start)
    return equity / peaks - 1.0


def cagr(returns: FloatArray) -> float | None:
    """The growth a year that compounds to these daily returns."""
    if not len(returns):
        return None
    growth = float(np.prod(1.0 + returns))
    if growth < 0:
        return None
    try:
        return math.pow(growth, DAYS_A_YEAR / len(returns)) - 1.0
    except OverflowError:
        return None


def volatility(returns: FloatArray) -> float | None:
    """The sample deviation of daily returns, a year."""
    if len(returns) < 2:
        return None
    return float(np.std(returns, ddof=1)) * math.sqrt(DAYS_A_YEAR)


def sharpe(returns: FloatArray) -> float | None:
    """Mean over sample deviation of daily returns, a year."""
    if len(returns) < 2:
        return None
    deviation = float(np.std(returns, ddof=1))
    if deviation < _STILL:
        return None
    return float(np.mean(returns)) / deviation * math.sqrt(DAYS_A_YEAR)


def sortino(returns: FloatArray) -> float | None:
    """Mean over downside deviation of daily returns, a year.

    The downside deviation is the root of the mean square of the returns, with
    the gains counted as 0.
    """
    if len(returns) < 2:
        return None
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2)))
    if downside < _STILL:
        return None
    return float(np.mean(returns)) / downside * math.sqrt(DAYS_A_YEAR)


def calmar(growth: float | None, max_drawdown: float) -> float | None:
    """Yearly growth over the size of the maximum drawdown."""
    if growth is None or max_drawdown >= 0:
        return None
    return growth / -max_drawdown


def win_rate(pnl: FloatArray) -> float | None:
    """The share of round trips with a profit."""
    return float(np.mean(pnl > 0)) if len(pnl) else None


def profit_factor(pnl: FloatArray) -> float | None:
    """The sum of the profits over the sum of the losses."""
    losses = -float(np.sum(pnl[pnl < 0]))
    if not losses:
        return None
    return float(np.sum(pnl[pnl > 0])) / losses
