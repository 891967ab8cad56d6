"""Bars of a longer timeframe, built from those that the feed has."""

from collections.abc import Callable

from sting.model import market
from sting.model import sessions as hours
from sting.model import timeframes

# The bar that ended before, and the one that ends now.
Ended = tuple[market.MarketData | None, market.MarketData | None]
Take = Callable[[market.MarketData], Ended | None]


class Resampler:
    """Builds the bars of one timeframe of one symbol.

    Only whole bars come out of it: the one under way when the first bar comes
    is left out, unless it begins with that bar.
    """

    __slots__ = (
        '_close',
        '_daily',
        '_ended',
        '_ends',
        '_high',
        '_last',
        '_low',
        '_open',
        '_sessions',
        '_step',
        '_timeframe',
        '_under_way',
        '_volume',
        '_whole',
    )

    def __init__(
        self, timeframe: str, own: str, sessions: hours.Sessions
    ) -> None:
        """Sets up one that has had no bar.

        Args:
            timeframe: What it builds.
            own: Of the bars that it is given.
            sessions: When the exchange trades.
        """
        self._timeframe = timeframe
        self._sessions = sessions
        self._step = timeframes.length(own)
        self._daily = self._step >= timeframes.DAY
        self._under_way = False
        self._whole = True
        self._ends = 0
        # When the one before ended; before the first there is none.
        self._ended: int | None = None
        self._last = 0
        self._open = self._high = self._low = self._close = self._volume = 0.0

    def take(self, bar: market.MarketData) -> Ended | None:
        """Takes the next bar.

        Args:
            bar: A closed bar of the symbol, newer than the one before.

        Returns:
            The bar that ended before this one, as this one shows, and the
            bar that ends with this one, None where there is none; None where
            neither is.

        Raises:
            errors.DataError: It is of a year without sessions.
        """
        moment = bar.timestamp
        if self._daily:
            # A day may be stamped later than its session closes: at midnight.
            moment = self._sessions.last_close(moment)
        if self._under_way and moment < self._ends:
            # By far the most bars are in the middle of one.
            self._add(bar)
            return None
        late = None
        if self._under_way and moment > self._ends:
            late = self._end(bar.symbol)
        if not self._under_way:
            self._begin(bar, moment)
        self._add(bar)
        return late, self._end(bar.symbol) if moment >= self._ends else None

    def _add(self, bar: market.MarketData) -> None:
        self._high = max(self._high, bar.high)
        self._low = min(self._low, bar.low)
        self._volume += bar.volume
        self._close = bar.close
        self._last = bar.timestamp

    def _begin(self, bar: market.MarketData, moment: int) -> None:
        starts, ends = self._sessions.period(self._timeframe, moment)
        if self._ended is None:
            self._whole = moment - self._step <= starts
        elif ends <= self._ended:
            # That one is out already; this is of what comes next.
            _, ends = self._sessions.period(self._timeframe, self._ended + 1)
        self._under_way = True
        self._ends = ends
        self._open = bar.open
        self._high = bar.high
        self._low = bar.low
        self._volume = 0.0

    def _end(self, symbol: str) -> market.MarketData | None:
        whole, self._whole = self._whole, True
        self._under_way = False
        self._ended = self._ends
        if not whole:
            return None
        return market.MarketData(
            symbol,
            max(self._ends, self._last),
            self._open,
            self._high,
            self._low,
            self._close,
            self._volume,
            self._timeframe,
        )
