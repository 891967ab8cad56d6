"""Value at risk and expected shortfall, three ways.

Losses are positive. Each function gives both for one confidence, in the unit of
what it is given: of money, money; of fractions, fractions.
"""

import math
import statistics
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_NORMAL = statistics.NormalDist()
# Beyond these the expansion of Cornish and Fisher gives no quantile any more:
# it has to rise with the probability.
_STEPS = 512
# Added to a covariance that is not positive definite by rounding, as a share
# of its mean variance.
_RIDGE = 1e-10


class Tail(NamedTuple):
    """A tail of losses.

    Attributes:
        value_at_risk: What is not passed with the confidence.
        shortfall: The mean loss beyond it.
    """

    value_at_risk: float
    shortfall: float


def historical(gains: FloatArray, confidence: float) -> Tail:
    """Takes what happened as what may happen.

    Args:
        gains: Profit of each bar, 1 or more of them.
        confidence: Above 0.5 and below 1.

    Returns:
        The quantile, between two bars where it falls so, and the mean of the
        losses at least as large. Source: Acerbi and Tasche (2002), Expected
        shortfall: a natural coherent alternative to value at risk.
    """
    losses = -gains
    at_risk = float(np.quantile(losses, confidence))
    return Tail(at_risk, float(losses[losses >= at_risk].mean()))


def normal(mean: float, deviation: float, confidence: float) -> Tail:
    """Takes gains as normal.

    VaR = z sigma - mu, ES = sigma phi(z) / (1 - confidence) - mu. Source:
    McNeil, Frey and Embrechts (2015), Quantitative Risk Management, 2.3.4.

    Args:
        mean: Of the gains.
        deviation: Their standard deviation, 0 or more.
        confidence: Above 0.5 and below 1.
    """
    z = _NORMAL.inv_cdf(confidence)
    return Tail(
        z * deviation - mean,
        _NORMAL.pdf(z) / (1.0 - confidence) * deviation - mean,
    )


def cornish_fisher(
    mean: float,
    deviation: float,
    skew: float,
    excess: float,
    confidence: float,
) -> Tail | None:
    """Bends the normal quantile by the skew and the excess kurtosis.

    Source: Cornish and Fisher (1937); the form of Favre and Galeano (2002).
    The shortfall is the mean of the bent quantiles beyond the confidence.

    Args:
        mean: Of the gains.
        deviation: Their standard deviation, 0 or more.
        skew: Their skewness.
        excess: Their kurtosis less 3.
        confidence: Above 0.5 and below 1.

    Returns:
        The tail; None where the expansion does not rise in the tail, and is no
        quantile.
    """
    # Of the gains' lower tail, whose probability is evenly sliced.
    share = (np.arange(_STEPS) + 0.5) / _STEPS * (1.0 - confidence)
    places = np.array([_NORMAL.inv_cdf(each) for each in share])
    z = _NORMAL.inv_cdf(1.0 - confidence)
    bent = _bend(np.append(places, z), skew, excess)
    if np.any(np.diff(bent) < 0):
        return None
    return Tail(
        -mean - deviation * float(bent[-1]),
        -mean - deviation * float(bent[:-1].mean()),
    )


def _bend(z: FloatArray, skew: float, excess: float) -> FloatArray:
    return (
        z
        + (z**2 - 1) * skew / 6
        + (z**3 - 3 * z) * excess / 24
        - (2 * z**3 - 5 * z) * skew**2 / 36
    )


def monte_carlo(
    values: FloatArray,
    together: FloatArray,
    paths: int,
    chance: np.random.Generator,
) -> FloatArray:
    """Draws gains of a book whose symbols are normal together.

    Each draw has its opposite, so that the mean is exact. Source: Glasserman
    (2003), Monte Carlo Methods in Financial Engineering, 2.3.3 and 4.2.

    Args:
        values: What is held of each symbol, negative when short.
        together: Covariance of their returns over the horizon.
        paths: How many, rounded up to an even number.
        chance: Where the draws come from.

    Returns:
        The gain of each path, in the unit of the values.
    """
    drawn = chance.standard_normal(((paths + 1) // 2, len(values)))
    # A draw is L z; the book's gain of it is v' L z, without making the rest.
    gains = drawn @ (_root(together).T @ values)
    return np.concatenate((gains, -gains))


def _root(together: FloatArray) -> FloatArray:
    level = float(np.trace(together)) / len(together)
    if level <= 0:
        return np.zeros_like(together)
    try:
        found = np.linalg.cholesky(together)
    except np.linalg.LinAlgError:
        # Symbols that move as one: of rank below full.
        ridge = np.eye(len(together)) * level * _RIDGE
        found = np.linalg.cholesky(together + ridge)
    return found.astype(np.float64, copy=False)


def skew_and_excess(gains: FloatArray) -> tuple[float, float]:
    """Gives the sample's skewness and its kurtosis less 3, 0 of constants.

    Args:
        gains: 2 or more.
    """
    moves = gains - gains.mean()
    variance = float((moves**2).mean())
    if math.sqrt(variance) <= abs(float(gains.mean())) * _RIDGE:
        return 0.0, 0.0
    return (
        float((moves**3).mean()) / variance**1.5,
        float((moves**4).mean()) / variance**2 - 3.0,
    )
