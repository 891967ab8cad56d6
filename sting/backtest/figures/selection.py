"""How much of a result is the search that found it.

Whoever tries a hundred strategies and shows the best one shows luck as well.
These figures say how much luck that many trials explain.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import itertools
import math
import statistics

import numpy as np
import numpy.typing as npt

from sting.backtest.figures import metrics
from sting.model import errors

FloatArray = npt.NDArray[np.float64]

# The Euler-Mascheroni constant.
_GAMMA = 0.5772156649015329
_NORMAL = statistics.NormalDist()
# Splits of a matrix that are worked out at once.
_AT_ONCE = 512
# More blocks have more splits than anybody waits for.
_MOST_BLOCKS = 20


def probabilistic_sharpe(
    returns: FloatArray, threshold: float = 0.0
) -> float | None:
    """The probability that the true Sharpe ratio is above a threshold.

    Bailey and Lopez de Prado (2012): the normal law at
    (SR - threshold) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2), where
    SR is the mean over the deviation of a day, g3 and g4 are skewness and
    kurtosis of the returns, all as of the sample they are.

    Args:
        returns: Day by day.
        threshold: A Sharpe ratio of a day, not of a year.

    Returns:
        From 0 to 1; None where the Sharpe ratio is undefined.
    """
    found = moments(returns)
    if found is None:
        return None
    ratio = float(np.mean(returns)) / float(np.std(returns, ddof=1))
    return probability_above(ratio, threshold, len(returns), *found)


def moments(returns: FloatArray) -> tuple[float, float] | None:
    """Gives skewness and kurtosis as of the sample they are.

    Args:
        returns: Day by day.

    Returns:
        The skewness, and the kurtosis, 3 for a normal law; None where the
        returns do not differ.
    """
    if len(returns) < 2 or float(np.std(returns, ddof=1)) < metrics.STILL:
        return None
    away = returns - np.mean(returns)
    second = float(np.mean(away**2))
    return (
        float(np.mean(away**3)) / math.pow(second, 1.5),
        float(np.mean(away**4)) / second**2,
    )


def probability_above(
    ratio: float, threshold: float, count: int, skew: float, kurtosis: float
) -> float | None:
    """The probability that the true Sharpe ratio is above a threshold.

    Args:
        ratio: The one that was measured, of a day.
        threshold: Of a day too.
        count: On how many days.
        skew: Of the returns.
        kurtosis: Theirs, 3 for a normal law.

    Returns:
        As `probabilistic_sharpe`; None where the returns leave no doubt.
    """
    variance = 1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio**2
    # Of a sample it is never below 0; at 0 nothing is left to chance.
    if variance < metrics.STILL:
        return None
    score = (ratio - threshold) * math.sqrt((count - 1) / variance)
    return _NORMAL.cdf(score)


def expected_best_sharpe(trials: int, variance: float) -> float:
    """The Sharpe ratio that the best of many worthless trials is expected at.

    Bailey and Lopez de Prado (2014): sqrt(variance) times
    ((1 - g) Z(1 - 1 / trials) + g Z(1 - 1 / (trials e))), where Z is the
    normal law's quantile and g the Euler-Mascheroni constant.

    Args:
        trials: How many independent ones, at least 1.
        variance: Of their Sharpe ratios.

    Returns:
        In the unit of the trials' Sharpe ratios; 0 for a single one.

    Raises:
        errors.InputError: A figure is out of range.
    """
    if trials < 1 or not variance >= 0:
        raise errors.InputError(
            f'{trials} trials with a variance of {variance:g} cannot be: '
            'there is at least one, and no variance is below 0'
        )
    if trials == 1:
        return 0.0
    high = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    higher = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return math.sqrt(variance) * ((1.0 - _GAMMA) * high + _GAMMA * higher)


def deflated_sharpe(
    returns: FloatArray, trial_sharpes: Sequence[float]
) -> float | None:
    """The probability that the best of many trials is better than luck.

    Bailey and Lopez de Prado (2014): the probabilistic Sharpe ratio, with the
    expected best of that many worthless trials as its threshold.

    Args:
        returns: Of the trial that was chosen, day by day.
        trial_sharpes: The Sharpe ratios of all trials, its own too, each of a
            day, not of a year.

    Returns:
        From 0 to 1; below 0.95 the result may well be luck. None where the
        Sharpe ratio is undefined.

    Raises:
        errors.InputError: There is no trial.
    """
    trials = len(trial_sharpes)
    variance = float(np.var(trial_sharpes, ddof=1)) if trials > 1 else 0.0
    return deflated_among(returns, trials, variance)


def deflated_among(
    returns: FloatArray, trials: int, variance: float
) -> float | None:
    """As `deflated_sharpe`, of trials that somebody else counted.

    Args:
        returns: Of the trial that was chosen, day by day.
        trials: How many there were, at least 1.
        variance: Of their Sharpe ratios of a day.

    Raises:
        errors.InputError: A figure is out of range.
    """
    return probabilistic_sharpe(returns, expected_best_sharpe(trials, variance))


def overfitting_probability(returns: FloatArray, blocks: int = 16) -> float:
    """How often the best in one half of the time is below the median after.

    Combinatorially symmetric cross-validation, Bailey, Borwein, Lopez de
    Prado and Zhu (2017). The days are cut into blocks, every choice of half
    of them is once the sample, and the trial with its best Sharpe ratio is
    ranked among all on the other half.

    Args:
        returns: Day by row, trial by column; at least two trials.
        blocks: How many, even, from 2 to 20. Days that are left over at the
            end do not count.

    Returns:
        The share of the splits in which the chosen trial is at or below the
        median: about a half for worthless trials, 0 where the best stays the
        best.

    Raises:
        errors.InputError: A figure is out of range.
    """
    days, trials = returns.shape
    length = days // blocks if blocks > 0 else 0
    if blocks % 2 or not 2 <= blocks <= _MOST_BLOCKS or trials < 2:
        raise errors.InputError(
            f'{trials} trials in {blocks} blocks cannot be split: it takes two '
            f'trials, and an even number of blocks up to {_MOST_BLOCKS}'
        )
    if length < 2:
        raise errors.InputError(
            f'{days} days are too few for {blocks} blocks: it takes two a block'
        )
    parts = returns[: length * blocks].reshape(blocks, length, trials)
    # Sums about the mean of all, so that nothing is lost in the squares.
    parts = parts - returns[: length * blocks].mean(axis=0)
    sums, squares = parts.sum(axis=1), (parts**2).sum(axis=1)
    means = returns[: length * blocks].mean(axis=0)
    count = length * blocks // 2
    lost = total = 0
    for chosen in _splits(blocks):
        inside = _sharpes(chosen @ sums, chosen @ squares, means, count)
        rest = 1.0 - chosen
        outside = _sharpes(rest @ sums, rest @ squares, means, count)
        best = np.argmax(inside, axis=1)
        own = outside[np.arange(len(best)), best][:, None]
        # Of equals, half are taken to be below.
        rank = (outside < own).sum(axis=1) + (
            (outside == own).sum(axis=1) + 1
        ) / 2
        lost += int((rank / (trials + 1) <= 0.5).sum())
        total += len(best)
    return lost / total


def _splits(blocks: int) -> Iterator[FloatArray]:
    """Gives every choice of half of the blocks, some at a time, as rows."""
    choices = itertools.combinations(range(blocks), blocks // 2)
    while some := list(itertools.islice(choices, _AT_ONCE)):
        chosen = np.zeros((len(some), blocks))
        np.put_along_axis(chosen, np.array(some), 1.0, axis=1)
        yield chosen


def _sharpes(
    sums: FloatArray, squares: FloatArray, means: FloatArray, count: int
) -> FloatArray:
    """Gives Sharpe ratios of a day; 0 where the returns do not differ."""
    about = sums / count
    variance = (squares - about * sums) / (count - 1)
    deviation = np.sqrt(np.maximum(variance, 0.0))
    moved = deviation > metrics.STILL
    ratios = np.zeros_like(sums)
    np.divide(about + means, deviation, out=ratios, where=moved)
    return ratios
