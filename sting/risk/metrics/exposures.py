"""How much is held, in what, and how it is spread. Values are money."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from sting.model import riskfigures

FloatArray = npt.NDArray[np.float64]


def grouped(
    values: Iterable[tuple[str, float]],
) -> tuple[riskfigures.Exposure, ...]:
    """Adds up what is held, by name.

    Args:
        values: Names, and what is held under them, negative when short; a
            name may come again.

    Returns:
        By name, the largest gross first.
    """
    sides: dict[str, list[float]] = {}
    for name, value in values:
        side = sides.setdefault(name, [0.0, 0.0])
        side[value < 0] += abs(value)
    found = [
        riskfigures.Exposure(name, long, short)
        for name, (long, short) in sides.items()
    ]
    found.sort(key=lambda row: (-row.gross, row.name))
    return tuple(found)


def share(part: float, whole: float) -> float | None:
    """Gives a part as a fraction; None of nothing or less."""
    return part / whole if whole > 0 else None


def concentration(values: FloatArray) -> float | None:
    """Gives the Herfindahl-Hirschman index: the sum of the squared shares.

    Args:
        values: What is held of each name, negative when short.

    Returns:
        From 1/n for n names of equal size to 1 for a single one; None where
        nothing is held. Source: Hirschman (1964), The Paternity of an Index.
    """
    gross = float(np.abs(values).sum())
    if gross <= 0:
        return None
    shares = np.abs(values) / gross
    return float(shares @ shares)


def drawdown(highest: float, equity: float) -> float | None:
    """Gives the loss from a height as a share of it.

    Args:
        highest: Equity then.
        equity: Equity now.

    Returns:
        0 or more; None where the height is 0 or less.
    """
    return max(0.0, 1.0 - equity / highest) if highest > 0 else None


def exit_days(
    quantity: float, volume_a_day: float, participation: float
) -> float | None:
    """Gives how long it takes to get out of a position.

    Args:
        quantity: Units held, negative when short.
        volume_a_day: Units traded on a mean day.
        participation: The share of the volume that may be ours.

    Returns:
        Trading days; None without volume.
    """
    if volume_a_day <= 0:
        return None
    return abs(quantity) / (volume_a_day * participation)
