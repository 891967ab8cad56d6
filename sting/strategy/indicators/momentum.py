"""How fast and how steadily prices move."""

import collections
import math

import numpy as np

from sting.strategy.indicators import base


class RSI(base.Running):
    """Wilder's relative strength index, 0 to 100, as in TA-Lib.

    The share of the rises in all changes, both averaged with the weight
    1 / period. Prices that never change give 0, as in TA-Lib.
    """

    low = 2

    def __init__(self, period: int = 14, field: str = 'close') -> None:
        super().__init__(period, field)

    def _steps(self) -> base.Steps:
        period = self.period
        rise = fall = 0.0
        before = yield math.nan
        for _ in range(period):
            value = yield math.nan
            if value > before:
                rise += value - before
            else:
                fall += before - value
            before = value
        rise /= period
        fall /= period
        while True:
            both = rise + fall
            moves = both >= base.NOTHING
            value = yield 100.0 * (rise / both) if moves else 0.0
            rise *= period - 1
            fall *= period - 1
            if value > before:
                rise += value - before
            else:
                fall += before - value
            rise /= period
            fall /= period
            before = value


class ROC(base.Running):
    """The rate of change over `period` bars, in per cent, as in TA-Lib."""

    def __init__(self, period: int = 10, field: str = 'close') -> None:
        super().__init__(period, field)

    def over(self, values: base.FloatArray) -> base.FloatArray:
        """Works out the whole column at once."""
        rates = np.full(len(values), math.nan)
        with np.errstate(all='ignore'):
            rates[self.period :] = _rate(
                values[self.period :], values[: -self.period]
            )
        return rates

    def _steps(self) -> base.Steps:
        window: collections.deque[float] = collections.deque()
        for _ in range(self.period):
            window.append((yield math.nan))
        value = yield math.nan
        while True:
            window.append(value)
            value = yield _rate(value, window.popleft())


def _rate(value: base.Value, before: base.Value) -> base.Value:
    """Gives a change in per cent; 0 from nothing, as TA-Lib does."""
    return base.ratio(value - before, before) * 100.0
