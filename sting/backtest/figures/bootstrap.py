"""How else a run might have gone: its returns drawn again.

A single path is one draw. Drawn again, day by day or by blocks, the returns
give other paths, and a figure's values on them the band in which it lies.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sting.model import errors

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def places(
    count: int, block: int, paths: int, chance: np.random.Generator
) -> IntArray:
    """Draws places by circular blocks, Politis and Romano (1992).

    Each block begins anywhere and goes on from the end to the beginning, so
    that every place is as likely as any other.

    Args:
        count: How many places there are, at least 1.
        block: How many in a row are drawn together: 1 for round trips, which
            do not follow from each other; some weeks for days, whose
            volatility does.
        paths: How many paths.
        chance: Where the draws come from.

    Returns:
        For each path as many places as there are.

    Raises:
        errors.InputError: A figure is out of range.
    """
    if count < 1 or paths < 1 or not 1 <= block <= count:
        raise errors.InputError(
            f'{paths} paths of {count} values in blocks of {block} cannot be '
            'drawn: a block has from one value to all of them'
        )
    needed = -(-count // block)
    starts = chance.integers(0, count, size=(paths, needed))
    drawn = (starts[:, :, None] + np.arange(block)) % count
    found: IntArray = drawn.reshape(paths, needed * block)[:, :count]
    return found


def redrawn(
    values: FloatArray,
    figure: Callable[[FloatArray], float | None],
    *,
    block: int,
    paths: int,
    chance: np.random.Generator,
) -> FloatArray:
    """Gives a figure's values on paths that are drawn again.

    Args:
        values: Daily returns, or profits of round trips.
        figure: What is asked of each path; see `metrics`.
        block: As `places`; the next two as well.
        paths: How many.
        chance: Where the draws come from.

    Returns:
        Rising; paths on which it is undefined are left out.
    """
    drawn = (
        figure(values[own]) for own in places(len(values), block, paths, chance)
    )
    return np.sort([value for value in drawn if value is not None])


def band(found: FloatArray, level: float = 0.9) -> tuple[float, float] | None:
    """Gives the middle of a figure's values.

    Args:
        found: Its values on all paths.
        level: The share of them that is to lie inside.

    Returns:
        The lower and the upper end; None without values.
    """
    if not len(found):
        return None
    outside = (1.0 - level) / 2.0
    low, high = np.quantile(found, (outside, 1.0 - outside)).tolist()
    return low, high
