"""What was traded, and at what price."""

import math

from sting.strategy.indicators import base

_HOUR = 3_600_000_000_000


class OBV(base.OfBars):
    """On-balance volume, as in TA-Lib.

    It begins with the first bar's volume; from then on a bar's volume is added
    when it closed above the bar before, taken away when below. It is exact as
    long as volumes are whole.
    """

    fields = ('close', 'volume')

    def __init__(self) -> None:
        super().__init__('OBV()')

    def _steps(self) -> base.Steps:
        before, balance = yield math.nan
        while True:
            close, volume = yield balance
            if close > before:
                balance += volume
            elif close < before:
                balance -= volume
            before = close


class VWAP(base.OfBars):
    """The price of the day so far, weighted by volume.

    A bar's price is (high + low + close) / 3, and a day begins at `hour` UTC:
    put it between two sessions of the exchange. 0 suits those of America and
    Europe, and markets that never close; 12 those of the Pacific; 22 futures in
    Chicago. It is nan until something is traded.
    """

    fields = ('timestamp', 'high', 'low', 'close', 'volume')

    def __init__(self, hour: int = 0) -> None:
        """Makes one before its first bar.

        Args:
            hour: When a day begins, hours from midnight in UTC, 0 to 23.

        Raises:
            errors.StrategyError: It is no such number.
        """
        base.check_whole(self, hour=hour, low=0, high=23)
        self.hour = hour
        super().__init__(base.name_of(self, *([hour] if hour else [])))

    def _steps(self) -> base.Steps:
        offset = self.hour * _HOUR
        day = None
        notional = units = 0.0
        value = math.nan
        while True:
            timestamp, high, low, close, volume = yield value
            # A bar that closes at the end of a day belongs to that day.
            now = (timestamp - 1 - offset) // (24 * _HOUR)
            if now != day:
                day, notional, units, value = now, 0.0, 0.0, math.nan
            notional += (high + low + close) / 3.0 * volume
            units += volume
            if units:
                value = notional / units
