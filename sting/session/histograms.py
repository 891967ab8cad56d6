"""How long things took, summed up."""

from collections.abc import Collection
import itertools
import math

import numpy as np

from sting.model import health

_ENDS = np.array(health.ENDS_MS) / 1e3


def histogram(name: str, took: Collection[float]) -> health.Latency | None:
    """Sums up how long something took.

    Args:
        name: What.
        took: The seconds.

    Returns:
        The figures; None where it never happened.
    """
    if not took:
        return None
    # Half the time that a sorted list takes, in which the engine has to wait
    # for the interpreter.
    ranked = np.sort(np.fromiter(took, float, len(took)))
    below = np.searchsorted(ranked, _ENDS, side='right').tolist()
    return health.Latency(
        name,
        tuple(b - a for a, b in itertools.pairwise([0, *below, len(ranked)])),
        p50_ms=float(ranked[_place(len(ranked), 0.5)]) * 1e3,
        p99_ms=float(ranked[_place(len(ranked), 0.99)]) * 1e3,
        max_ms=float(ranked[-1]) * 1e3,
    )


def _place(count: int, share: float) -> int:
    """The place of the nearest-rank percentile."""
    return max(math.ceil(share * count), 1) - 1
