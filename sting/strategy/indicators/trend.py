"""Whether prices go somewhere, and how steadily."""

import math

from sting.strategy.indicators import averages
from sting.strategy.indicators import base
from sting.strategy.indicators import volatility

_NOTHING = (math.nan, math.nan, math.nan)


class MACD(base.OfBars):
    """The distance of two exponential averages, and its own average.

    Lines: `macd`, the fast average less the slow one; `signal`, its
    exponential average; `histogram`, the first less the second. As in TA-Lib
    the fast average begins at the bar of the slow one's first value, with the
    mean of the bars that end there.
    """

    lines = ('macd', 'signal', 'histogram')

    def __init__(
        self,
        fast: int = 12,
        slow: int = 26,
        signal: int = 9,
        field: str = 'close',
    ) -> None:
        """Makes one before its first bar.

        Args:
            fast: Bars of the fast average.
            slow: Bars of the slow one, more than of the fast one.
            signal: Values in the average of the distance.
            field: The part of the bar that is averaged.

        Raises:
            errors.StrategyError: An option is not allowed.
        """
        base.check_whole(self, fast=fast, signal=signal)
        base.check_whole(self, slow=slow, low=fast + 1)
        base.check_field(self, field)
        self.fast = fast
        self.slow = slow
        self.signal = signal
        self.fields = (field,)
        super().__init__(base.name_of(self, fast, slow, signal, field=field))

    def _steps(self) -> base.Steps:
        fast = base.begin(averages.exponential(self.fast))
        slow = base.begin(averages.exponential(self.slow))
        signal = base.begin(averages.exponential(self.signal))
        value = yield _NOTHING
        for _ in range(self.slow - self.fast):
            slow(value)
            value = yield _NOTHING
        for _ in range(self.fast - 1):
            fast(value)
            slow(value)
            value = yield _NOTHING
        while True:
            macd = fast(value) - slow(value)
            average = signal(macd)
            value = yield macd, average, macd - average


class ADX(base.OfBars):
    """Wilder's average directional index, 0 to 100, as in TA-Lib.

    Lines: `adx`, how strong the trend is, whatever its direction; `plus` and
    `minus`, the directional indicators +DI and -DI.
    """

    lines = ('adx', 'plus', 'minus')
    fields = ('high', 'low', 'close')

    def __init__(self, period: int = 14) -> None:
        """Makes one before its first bar.

        Args:
            period: Of Wilder's smoothing, from 2 on.

        Raises:
            errors.StrategyError: It is no whole number from 2 on.
        """
        base.check_whole(self, period=period, low=2)
        self.period = period
        super().__init__(base.name_of(self, period))

    def _steps(self) -> base.Steps:
        period = self.period
        directions = base.begin(_directions(period))
        row = yield _NOTHING
        # The first bar has none before it, and one less than a period is
        # only added up.
        for _ in range(period):
            directions(row)
            row = yield _NOTHING
        total = 0.0
        for _ in range(period - 1):
            plus, minus = directions(row)
            total += _strength(plus, minus) or 0.0
            row = yield math.nan, plus, minus
        plus, minus = directions(row)
        adx = (total + (_strength(plus, minus) or 0.0)) / period
        while True:
            row = yield adx, plus, minus
            plus, minus = directions(row)
            strength = _strength(plus, minus)
            if strength is not None:
                adx = (adx * (period - 1) + strength) / period


def _directions(period: int) -> base.Steps:
    """Gives +DI and -DI; is sent high, low and close."""
    row = yield math.nan, math.nan
    plus = minus = spread = 0.0
    found = (math.nan, math.nan)
    seen = 0
    while True:
        high, low, close = row
        row = yield found
        seen += 1
        up, down = row[0] - high, low - row[1]
        if seen >= period:
            plus -= plus / period
            minus -= minus / period
            spread -= spread / period
        if up < down and down > 0:
            minus += down
        elif up > down and up > 0:
            plus += up
        spread += volatility.true_range(row[0], row[1], close)
        if seen < period:
            continue
        if spread >= base.NOTHING:
            found = 100.0 * (plus / spread), 100.0 * (minus / spread)
        else:
            found = 0.0, 0.0


def _strength(plus: float, minus: float) -> float | None:
    """Gives how far the two lie apart, 0 to 100; None where both are 0."""
    both = plus + minus
    return 100.0 * (abs(minus - plus) / both) if both else None
