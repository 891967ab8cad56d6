"""What is to be said of a run in figures, and how each is worked out.

The ratios are those of empyrical, over daily returns, with 252 days a year and
a risk-free rate of 0. A day's return is its last equity over that of the day
before, the first day's over the starting cash. What is undefined is None.

Where empyrical and quantstats differ, empyrical's definition is ours: value at
risk is historical (quantstats assumes normal returns), alpha compounds
(quantstats multiplies by 252). Skew and kurtosis, which only quantstats has,
are the sample's.
"""

import dataclasses
import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DAYS_A_YEAR = 252
# The share of the days that the tails are made of.
TAIL = 0.05
DAY = 86_400_000_000_000
# Returns that differ by less than this differ by rounding alone.
STILL = 1e-13
# Of the largest number that a float holds, rounded down.
LARGEST_LOG = 709.0


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
        omega: Gains over losses of the daily returns.
        max_drawdown: Deepest fall from a peak, at any bar; 0 or less.
        longest_drawdown_s: The longest time below a peak, seconds.
        value_at_risk: The daily return that one day in twenty falls short of.
        conditional_value_at_risk: The mean daily return of those days.
        skew: Of the daily returns; below 0 when the losses are the larger.
        kurtosis: Of the daily returns, in excess of a normal law's.
        tail_ratio: The best over the worst twentieth of the daily returns.
        best_day: The highest daily return.
        worst_day: The lowest.
        days: How many daily returns there are.
        win_rate: Share of the round trips that made a profit after fees.
        profit_factor: Profits over losses of the round trips, after fees.
        expectancy: Mean profit of a round trip, in the account's currency.
        mean_win: Mean profit of those that won.
        mean_loss: Mean profit of those that lost; below 0.
        payoff_ratio: Mean profit over mean loss.
        most_wins: The most round trips won in a row.
        most_losses: The most lost in a row.
        mean_mae: Mean of how far a round trip was against its entry at worst,
            a fraction of the entry's price; 0 or less.
        mean_mfe: Mean of how far it was in its favour at best; 0 or more.
        exposure: Share of the bars with a position.
        turnover: Value traded over the mean equity.
        fees: Of fills, in the account's currency.
        financing: What borrowing cost: the next two together.
        borrow_fees: Of positions sold short.
        interest: Of cash that was owed.
        dividends: What came in for positions; below 0 for short ones.
        benchmark_return: What the benchmark made meanwhile.
        alpha: Yearly return beyond what beta explains.
        beta: How much of the benchmark's daily moves the account takes part in.
        information_ratio: Mean over deviation of the daily returns beyond the
            benchmark's; a day, as in empyrical and quantstats.
    """

    final_equity: float
    total_return: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    omega: float | None
    max_drawdown: float
    longest_drawdown_s: float
    value_at_risk: float | None
    conditional_value_at_risk: float | None
    skew: float | None
    kurtosis: float | None
    tail_ratio: float | None
    best_day: float | None
    worst_day: float | None
    days: int
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    mean_win: float | None
    mean_loss: float | None
    payoff_ratio: float | None
    most_wins: int
    most_losses: int
    mean_mae: float | None
    mean_mfe: float | None
    exposure: float | None
    turnover: float | None
    fees: float
    financing: float
    borrow_fees: float
    interest: float
    dividends: float
    benchmark_return: float | None
    alpha: float | None
    beta: float | None
    information_ratio: float | None


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
    levels = np.concatenate(([start], equity[last_of_days(timestamp)]))
    gone = np.flatnonzero(levels <= 0)
    if len(gone):
        levels = levels[: gone[0] + 1]
    return levels[1:] / levels[:-1] - 1.0


def days(timestamp: IntArray) -> IntArray:
    """Gives the UTC days that have a bar, as days since the epoch.

    Args:
        timestamp: Rising, nanoseconds since the epoch, UTC.

    Returns:
        As many as there are daily returns, if the money lasts.
    """
    if not len(timestamp):
        return np.empty(0, dtype=np.int64)
    last = timestamp[last_of_days(timestamp)]
    return (last - 1) // DAY


def last_of_days(timestamp: IntArray) -> IntArray:
    """Gives the place of each day's last stamp."""
    numbers = (timestamp - 1) // DAY
    return np.append(np.flatnonzero(np.diff(numbers)), len(numbers) - 1)


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
    growth = compounded(float(np.prod(1.0 + returns)), len(returns))
    return None if math.isnan(growth) else growth


def compounded(growth: float, days: int) -> float:
    """Gives the growth a year of what has grown in so many days.

    Args:
        growth: How many times what it was; at least 0.
        days: Above 0.

    Returns:
        A fraction; nan where what was there is lost and more, and where no
        float can hold it.
    """
    if not growth >= 0.0:
        return math.nan
    years = DAYS_A_YEAR / days
    if growth > 1.0 and math.log(growth) * years > LARGEST_LOG:
        return math.nan
    return math.pow(growth, years) - 1.0


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
    if deviation < STILL:
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
    if downside < STILL:
        return None
    return float(np.mean(returns)) / downside * math.sqrt(DAYS_A_YEAR)


def calmar(growth: float | None, max_drawdown: float) -> float | None:
    """Yearly growth over the size of the maximum drawdown."""
    if growth is None or max_drawdown >= 0:
        return None
    return growth / -max_drawdown


def omega(returns: FloatArray) -> float | None:
    """The sum of the gains over the sum of the losses, day by day.

    Keating and Shadwick (2002), with a threshold of 0.
    """
    if len(returns) < 2:
        return None
    losses = -float(np.sum(returns[returns < 0]))
    if losses < STILL:
        return None
    return float(np.sum(returns[returns > 0])) / losses


def value_at_risk(returns: FloatArray) -> float | None:
    """The 5 % quantile of the returns, between two of them by their distance.

    Historical: nothing is assumed of their law. Below 0 when it is a loss.
    """
    if not len(returns):
        return None
    return float(np.quantile(returns, TAIL))


def conditional_value_at_risk(returns: FloatArray) -> float | None:
    """The mean of the worst twentieth of the returns, at least of one.

    Also called expected shortfall; Rockafellar and Uryasev (2000). Those are
    the lowest int((n - 1) * 0.05) + 1 of n.
    """
    if not len(returns):
        return None
    last = int((len(returns) - 1) * TAIL)
    return float(np.mean(np.partition(returns, last)[: last + 1]))


def tail_ratio(returns: FloatArray) -> float | None:
    """The 95 % quantile over the size of the 5 % quantile."""
    if not len(returns):
        return None
    low, high = np.quantile(returns, (TAIL, 1.0 - TAIL)).tolist()
    if abs(low) < STILL:
        return None
    return float(abs(high / low))


def skew(returns: FloatArray) -> float | None:
    """The sample's skewness: G1 of Joanes and Gill (1998), as in pandas.

    sqrt(n (n - 1)) / (n - 2) times the third central moment over the second
    to the power of 1.5.
    """
    count = len(returns)
    if count < 3:
        return None
    away = returns - np.mean(returns)
    second = float(np.mean(away**2))
    if second < STILL**2:
        return None
    biased = float(np.mean(away**3)) / math.pow(second, 1.5)
    return biased * math.sqrt(count * (count - 1)) / (count - 2)


def kurtosis(returns: FloatArray) -> float | None:
    """The sample's excess kurtosis: G2 of Joanes and Gill (1998).

    (n - 1) / ((n - 2) (n - 3)) times ((n + 1) g + 6), where g is the fourth
    central moment over the square of the second, less 3; as in pandas.
    """
    count = len(returns)
    if count < 4:
        return None
    away = returns - np.mean(returns)
    second = float(np.mean(away**2))
    if second < STILL**2:
        return None
    biased = float(np.mean(away**4)) / second**2 - 3.0
    return (
        (count - 1) / ((count - 2) * (count - 3)) * ((count + 1) * biased + 6.0)
    )


def beta(returns: FloatArray, benchmark: FloatArray) -> float | None:
    """The covariance with the benchmark over the benchmark's variance.

    Sharpe (1964).

    Args:
        returns: Of the account, day by day.
        benchmark: Of the benchmark, on the same days.
    """
    if len(returns) < 2:
        return None
    away = benchmark - np.mean(benchmark)
    variance = float(np.mean(away**2))
    if variance < STILL**2:
        return None
    return float(np.mean(away * returns)) / variance


def alpha(returns: FloatArray, benchmark: FloatArray) -> float | None:
    """The mean daily return beyond beta times the benchmark's, compounded.

    Jensen (1968): (1 + mean(returns - beta * benchmark)) ** 252 - 1.
    """
    slope = beta(returns, benchmark)
    if slope is None:
        return None
    mean = float(np.mean(returns - slope * benchmark))
    if mean < -1.0:
        return None
    try:
        return math.pow(1.0 + mean, DAYS_A_YEAR) - 1.0
    except OverflowError:
        return None


def information_ratio(
    returns: FloatArray, benchmark: FloatArray
) -> float | None:
    """Mean over sample deviation of the returns beyond the benchmark's.

    Sharpe (1994). It is that of a day; times the root of 252, of a year.
    """
    if len(returns) < 2:
        return None
    active = returns - benchmark
    deviation = float(np.std(active, ddof=1))
    if deviation < STILL:
        return None
    return float(np.mean(active)) / deviation


def win_rate(pnl: FloatArray) -> float | None:
    """The share of round trips with a profit."""
    return float(np.mean(pnl > 0)) if len(pnl) else None


def profit_factor(pnl: FloatArray) -> float | None:
    """The sum of the profits over the sum of the losses."""
    losses = -float(np.sum(pnl[pnl < 0]))
    if not losses:
        return None
    return float(np.sum(pnl[pnl > 0])) / losses


def payoff_ratio(pnl: FloatArray) -> float | None:
    """The mean of the profits over the mean of the losses."""
    gain = mean(pnl[pnl > 0])
    loss = mean(pnl[pnl < 0])
    return None if gain is None or loss is None else gain / -loss


def mean(values: FloatArray) -> float | None:
    """The mean, if there are any."""
    return float(np.mean(values)) if len(values) else None


def longest_streak(hits: npt.NDArray[np.bool_]) -> int:
    """The most that are true in a row."""
    edges = np.flatnonzero(np.diff(hits.astype(np.int8), prepend=0, append=0))
    return int(np.max(edges[1::2] - edges[::2], initial=0))
