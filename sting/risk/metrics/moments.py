"""Means, spreads and how returns move together.

Returns are simple, one row a bar, the oldest first, one column a symbol.
"""

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# What the sum of squares of constant returns may come to by rounding.
_NOTHING = 1e-24


def volatility(returns: FloatArray) -> float:
    """Gives the sample's standard deviation, of one bar.

    Args:
        returns: Of one series, 2 or more.
    """
    return float(np.std(returns, ddof=1))


def ewma_volatility(returns: FloatArray, decay: float) -> float:
    """Gives the volatility with exponentially less weight for older bars.

    The mean is taken as 0. Source: J.P. Morgan and Reuters, RiskMetrics
    Technical Document (1996), 5.2; the weights are made to add up to 1.

    Args:
        returns: Of one series, the oldest first, 1 or more.
        decay: The weight of a bar over that of the next.
    """
    weights = decay ** np.arange(len(returns) - 1, -1, -1, dtype=np.float64)
    return math.sqrt(float(weights @ returns**2) / float(weights.sum()))


def beta(returns: FloatArray, benchmark: FloatArray) -> float | None:
    """Gives the slope of returns on those of a benchmark.

    Args:
        returns: Of the book.
        benchmark: Of the benchmark, bar by bar the same moments.

    Returns:
        Covariance over the benchmark's variance; None where that is 0.
    """
    moves = benchmark - benchmark.mean()
    spread = float(moves @ moves)
    if spread <= _NOTHING:
        return None
    return float(moves @ (returns - returns.mean())) / spread


def shrunk(returns: FloatArray) -> tuple[FloatArray, float]:
    """Gives the covariance, shrunk towards equal and unrelated variances.

    With few bars for the number of symbols the sample's covariance has no
    inverse and understates the risk of what looks hedged. Source: Ledoit and
    Wolf (2004), A well-conditioned estimator for large-dimensional covariance
    matrices, Journal of Multivariate Analysis 88, equations 11 to 14.

    Args:
        returns: One row a bar, one column a symbol.

    Returns:
        The covariance, and the weight of the target in it, 0 to 1.
    """
    count, size = returns.shape
    moves = returns - returns.mean(axis=0)
    sample: FloatArray = moves.T @ moves / count
    level = float(np.trace(sample)) / size
    squared = float(np.einsum('ij,ij->', sample, sample))
    distance = squared - size * level**2
    if distance <= _NOTHING:
        return sample, 0.0
    # The sum over bars of the squared distance of their own products to the
    # sample's; a bar's products have the norm of its squares' sum.
    norms = np.einsum('ij,ij->i', moves, moves)
    spread = float(norms @ norms) / count**2 - squared / count
    weight = min(max(spread / distance, 0.0), 1.0)
    found = (1.0 - weight) * sample
    found[np.diag_indices(size)] += weight * level
    return found, weight


def mean_correlation(together: FloatArray, values: FloatArray) -> float | None:
    """Gives the mean correlation of pairs, weighted by what is held of both.

    Args:
        together: The covariance.
        values: What is held of each, negative when short; a short one counts
            with the opposite sign, since its loss is the other's gain.

    Returns:
        From -1 to 1: 1 where all gains and losses come together; None where
        fewer than two move.
    """
    deviation = np.sqrt(np.diag(together))
    moving = (deviation > math.sqrt(_NOTHING)) & (values != 0)
    if int(moving.sum()) < 2:
        return None
    held, deviation = values[moving], deviation[moving]
    pairs = together[np.ix_(moving, moving)] / np.outer(deviation, deviation)
    alone = float(held @ held)
    weight = float(np.abs(held).sum()) ** 2 - alone
    return float(np.clip((held @ pairs @ held - alone) / weight, -1.0, 1.0))
