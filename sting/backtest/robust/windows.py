"""The windows of a walk-forward: one to learn on, the next to be held to."""

from typing import NamedTuple

import numpy as np

from sting.backtest.figures import metrics
from sting.data import table
from sting.model import errors


class Window(NamedTuple):
    """Rows of the bars; the last of each stretch is the first of the next.

    Attributes:
        start: The first row to learn on.
        cut: The first row of the test, behind the last one to learn on.
        end: Behind the last row of the test.
    """

    start: int
    cut: int
    end: int

    def train(self, bars: table.BarTable) -> table.BarTable:
        """Gives the bars to learn on."""
        return bars.take(slice(self.start, self.cut))

    def test(self, bars: table.BarTable) -> table.BarTable:
        """Gives the bars to be held to."""
        return bars.take(slice(self.cut, self.end))


def split(
    bars: table.BarTable, train: int, test: int, *, anchored: bool = False
) -> list[Window]:
    """Cuts bars into windows, whose tests follow each other without a gap.

    Args:
        bars: In the order of their stamps.
        train: UTC days with bars that each learns on; anchored, the first.
        test: Days that each is held to; the last may have fewer.
        anchored: Whether all begin with the first bar.

    Returns:
        At least one.

    Raises:
        errors.InputError: There are too few days.
    """
    if train < 1 or test < 1:
        raise errors.InputError(
            f'--train {train} and --test {test} have to be at least 1 day'
        )
    days = metrics.days(bars.timestamp)
    if len(days) <= train:
        raise errors.InputError(
            f'the bars have {len(days)} days: too few for --train {train} and '
            'a day to test on'
        )
    # The row with which each day begins, and behind the last.
    numbers = (bars.timestamp - 1) // metrics.DAY
    first = np.append(np.searchsorted(numbers, days), len(bars)).tolist()
    return [
        Window(
            0 if anchored else first[cut - train],
            first[cut],
            first[min(cut + test, len(days))],
        )
        for cut in range(train, len(days), test)
    ]
