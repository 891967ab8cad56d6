"""Bars made of trades, of quotes or of shorter bars, one row at a time.

A bar of time has what is traded from the moment at which it opens to just
before it closes; only the very close of a session, where its auction is, still
belongs to it. Where bars begin and end is `Sessions.period`'s to say: daylight
saving, half days and holidays come from there. A time without a trade has no
bar.

A bar of ticks, of volume or of dollars ends with the trade that makes it full
(Lopez de Prado, Advances in Financial Machine Learning, 2018, 2.3.1). A trade
is never split: one larger than a bar ends the bar that it falls into, whose
volume is then above the size, and the next begins with nothing. A trade has
one moment and one price, and bars cut of it would pretend to more. Where two
bars end at one moment, the later one is stamped a nanosecond after the other.

`bar_tables` makes the same bars of whole tables.
"""

import abc
from typing import Final
from typing import NamedTuple

from sting.model import errors
from sting.model import market
from sting.model import sessions as hours
from sting.model import timeframes

# Sums of tenths miss a whole by a little: ten trades of 0.1 fill a bar of 1.
_NEARLY: Final = 1 - 1e-9


class Span(NamedTuple):
    """When a bar of time begins and ends, nanoseconds since the epoch, UTC.

    Attributes:
        starts: When it opens; a day has what is traded before that too.
        ends: What it is stamped with.
        closing: It has what is traded at `ends` too, the close of a session.
    """

    starts: int
    ends: int
    closing: bool


def span(hours_: hours.Sessions, timeframe: str, moment: int) -> Span:
    """Gives the bar of time that a trade belongs to.

    Args:
        hours_: When the exchange trades.
        timeframe: One that `timeframes.fault` has nothing against.
        moment: Of the trade, nanoseconds since the epoch, UTC.

    Raises:
        errors.DataError: It is of a year without sessions.
    """
    # For bars, the end of one belongs to it; for trades, to the next.
    inside = moment if hours_.ends_at(moment) else moment + 1
    starts, ends = hours_.period(timeframe, inside)
    return Span(starts, ends, hours_.ends_at(ends))


def enough(size: float) -> float:
    """Gives from which sum on a bar of a size is full.

    Args:
        size: Trades, units or money.
    """
    return size * _NEARLY


def check(timeframe: str, *, priced: bool, counted: bool) -> None:
    """Refuses bars that cannot be made of some rows.

    Args:
        timeframe: Of the bars to make.
        priced: The rows are quotes: they have prices alone.
        counted: Each row is a trade or a quote, not a bar of several.

    Raises:
        errors.DataError: It is no timeframe, or the rows do not say what
            such bars need.
    """
    fault = timeframes.fault(timeframe)
    made = timeframes.traded(timeframe)
    if not fault and made is not None:
        if made.kind == 'tick' and not counted:
            fault = (
                f'bars of {timeframe} cannot be made of bars, which do not '
                'say how many trades they have; give trades'
            )
        elif made.kind != 'tick' and priced:
            fault = (
                f'bars of {timeframe} cannot be made of quotes, with which '
                'nothing is traded; give trades'
            )
    if fault:
        raise errors.DataError(fault)


class Builder(abc.ABC):
    """Makes bars of the trades or quotes of one symbol, as they come.

    Attributes:
        late: Trades that came after their bar, and are in none.
    """

    def __init__(self, symbol: str, timeframe: str) -> None:
        """Sets up one that has had no trade; `make` makes the right one."""
        self.late = 0
        self._symbol = symbol
        self._timeframe = timeframe
        self._under_way = False
        # When the bar before ended.
        self._ended = 0
        self._open = self._high = self._low = self._close = self._volume = 0.0

    def trade(self, trade: market.Trade) -> market.MarketData | None:
        """Takes the next trade.

        Args:
            trade: Of the symbol.

        Returns:
            The bar that this shows to have ended, or that ends with it.

        Raises:
            errors.DataError: It is of a year without sessions.
        """
        return self._take(trade.timestamp, trade.price, trade.size)

    def quote(self, quote: market.Quote) -> market.MarketData | None:
        """Takes the next quote: its mid is the price, and nothing is traded.

        Args:
            quote: Of the symbol.

        Returns:
            As `trade`.

        Raises:
            errors.DataError: As `trade`; or the bars are of volume or
                dollars.
        """
        return self._take(quote.timestamp, (quote.bid + quote.ask) / 2, 0.0)

    @abc.abstractmethod
    def until(self, moment: int) -> market.MarketData | None:
        """Ends the bar whose time is over, with or without another trade.

        Args:
            moment: All trades before it are known; nanoseconds since the
                epoch, UTC.

        Returns:
            The bar; None where none has ended. Bars that end with what is
            traded wait for it.
        """

    @abc.abstractmethod
    def _take(
        self, stamp: int, price: float, size: float
    ) -> market.MarketData | None:
        """Takes what is traded."""

    def _add(self, price: float, size: float) -> None:
        if not self._under_way:
            self._under_way = True
            self._open = self._high = self._low = price
            self._volume = 0.0
        elif price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._close = price
        self._volume += size

    def _end(self, stamp: int) -> market.MarketData:
        self._under_way = False
        self._ended = stamp
        return market.MarketData(
            self._symbol,
            stamp,
            self._open,
            self._high,
            self._low,
            self._close,
            self._volume,
            self._timeframe,
        )


class _OfTime(Builder):
    """Bars that end with time."""

    def __init__(
        self, symbol: str, timeframe: str, sessions: hours.Sessions
    ) -> None:
        super().__init__(symbol, timeframe)
        self._sessions = sessions
        self._span = Span(0, 0, False)

    def until(self, moment: int) -> market.MarketData | None:
        _, ends, closing = self._span
        if not self._under_way or moment < ends + closing:
            return None
        return self._end(ends)

    def _take(
        self, stamp: int, price: float, size: float
    ) -> market.MarketData | None:
        over = self.until(stamp)
        if not self._under_way:
            found = span(self._sessions, self._timeframe, stamp)
            if found.ends <= self._ended:
                self.late += 1
                return None
            self._span = found
        elif stamp < self._span.starts and self._is_late(stamp):
            self.late += 1
            return None
        self._add(price, size)
        return over

    def _is_late(self, stamp: int) -> bool:
        """Whether a trade is of an earlier bar than that under way."""
        # A day has what is traded before it opens.
        found = span(self._sessions, self._timeframe, stamp)
        return found.ends < self._span.ends


class _Traded(Builder):
    """Bars that end with what is traded."""

    def __init__(
        self, symbol: str, timeframe: str, ends: timeframes.Traded
    ) -> None:
        super().__init__(symbol, timeframe)
        self._kind, size = ends
        self._full = enough(size)
        self._sum = 0.0
        self._newest = 0

    def quote(self, quote: market.Quote) -> market.MarketData | None:
        check(self._timeframe, priced=True, counted=True)
        return super().quote(quote)

    def until(self, moment: int) -> market.MarketData | None:
        return None

    def _take(
        self, stamp: int, price: float, size: float
    ) -> market.MarketData | None:
        self._add(price, size)
        self._newest = max(self._newest, stamp)
        if self._kind == 'tick':
            self._sum += 1
        else:
            self._sum += size if self._kind == 'volume' else price * size
        if self._sum < self._full:
            return None
        self._sum = 0.0
        return self._end(max(self._newest, self._ended + 1))


def make(
    symbol: str, timeframe: str, sessions: hours.Sessions | None = None
) -> Builder:
    """Sets up what makes bars of trades or quotes as they come.

    Args:
        symbol: The instrument.
        timeframe: Of the bars: '5m', '1d', 'tick:100', 'volume:10000', ...
        sessions: When the exchange trades; only bars of time need it.

    Raises:
        errors.DataError: There are no such bars, or they need sessions.
    """
    check(timeframe, priced=False, counted=True)
    ends = timeframes.traded(timeframe)
    if ends is not None:
        return _Traded(symbol, timeframe, ends)
    if sessions is None:
        raise errors.DataError(
            f'bars of {timeframe} need the hours of an exchange'
        )
    return _OfTime(symbol, timeframe, sessions)
