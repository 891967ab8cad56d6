"""Market data and instruments.

Times are nanoseconds since the epoch in UTC. A bar is stamped with the moment
it closes, the first at which it may be known.
"""

import datetime
from typing import Any
from typing import NamedTuple

from sting.model import payload

NANOSECONDS = 1_000_000_000


def to_datetime(timestamp: int) -> datetime.datetime:
    """Turns nanoseconds into a datetime in UTC, cut to microseconds."""
    seconds, rest = divmod(timestamp, NANOSECONDS)
    return datetime.datetime.fromtimestamp(
        seconds, tz=datetime.UTC
    ) + datetime.timedelta(microseconds=rest // 1000)


def to_nanoseconds(moment: datetime.datetime) -> int:
    """Turns a datetime that says its time zone into nanoseconds."""
    since = moment - to_datetime(0)
    return since // datetime.timedelta(microseconds=1) * 1000


def to_iso(timestamp: int) -> str:
    """Writes nanoseconds as ISO 8601 in UTC: 2013-03-01T21:00:00Z."""
    return to_datetime(timestamp).isoformat().replace('+00:00', 'Z')


class MarketData(payload.Payload, frozen=True):
    """A bar.

    Attributes:
        symbol: The instrument.
        timestamp: When the bar closes, nanoseconds since the epoch, UTC.
        open: First price.
        high: Highest price.
        low: Lowest price.
        close: Last price.
        volume: Units traded.
        timeframe: Length of the bar: a number and s, m, h or d; '1m', '1d'; or
            what ends it: 'tick:100'.
        closed: False while the bar may still change.
    """

    symbol: str
    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    timeframe: str = '1m'
    closed: bool = True

    @property
    def time(self) -> datetime.datetime:
        """When the bar closes, in UTC."""
        return to_datetime(self.timestamp)


class Stretch(NamedTuple):
    """Closed bars in their order, with the columns that are asked for often.

    Attributes:
        bars: The bars; or quotes, whose last prices are their middles.
        symbols: Their instruments.
        stamps: Their timestamps.
        closes: Their last prices.
        ends: The places of bars that are stamped later than the one before.
        of_one: They are all of one instrument.
    """

    bars: list[Any]
    symbols: list[str]
    stamps: list[int]
    closes: list[float]
    ends: list[int]
    of_one: bool


class Quote(payload.Payload, frozen=True):
    """The best bid and ask.

    Attributes:
        symbol: The instrument.
        timestamp: Nanoseconds since the epoch, UTC.
        bid: Best price bid.
        ask: Best price asked.
        bid_size: Units bid for.
        ask_size: Units offered.
    """

    symbol: str
    timestamp: int
    bid: float
    ask: float
    bid_size: float
    ask_size: float

    @property
    def time(self) -> datetime.datetime:
        """When the quote was made, in UTC."""
        return to_datetime(self.timestamp)

    @property
    def middle(self) -> float:
        """The price halfway between bid and ask."""
        return (self.bid + self.ask) / 2


class Trade(payload.Payload, frozen=True):
    """A trade in the market.

    Attributes:
        symbol: The instrument.
        timestamp: Nanoseconds since the epoch, UTC.
        price: Price of the trade.
        size: Units traded.
    """

    symbol: str
    timestamp: int
    price: float
    size: float

    @property
    def time(self) -> datetime.datetime:
        """When it happened, in UTC."""
        return to_datetime(self.timestamp)


# Issues that say of a symbol that its price is old, and that it is not so any
# more.
STALE = 'stale'
FRESH = 'fresh'


class DataIssue(payload.Payload, frozen=True):
    """Something is wrong with the data of a symbol.

    Attributes:
        symbol: The instrument; empty where a whole feed is meant.
        timestamp: Nanoseconds since the epoch, UTC.
        issue: What it is, in one word: stale, gap, rejected, switched, ...; see
            the guide to market data.
        detail: One sentence for a person.
    """

    symbol: str
    timestamp: int
    issue: str
    detail: str = ''


class Instrument(payload.Payload, frozen=True):
    """What is known of something that can be traded.

    Attributes:
        symbol: Its name everywhere in sting.
        tick: Smallest step of a price; 0 leaves prices as they are.
        lot: Smallest step of a quantity; 0 leaves quantities as they are.
        multiplier: What a move of the price by 1 is worth, a unit.
        currency: The currency it is quoted in; empty where it is not known.
        sector: What its issuer does; empty where it is not known.
        calendar: Its exchange's name in exchange_calendars, or 24/7; empty
            where it is not known.
    """

    symbol: str
    tick: float = 0.0
    lot: float = 0.0
    multiplier: float = 1.0
    currency: str = ''
    sector: str = ''
    calendar: str = ''

    def misfit(self, calendar: str, currency: str = '') -> str:
        """Says why it cannot be traded together with others.

        Args:
            calendar: The exchange whose sessions count for all of them.
            currency: The one currency of the account; empty for any.

        Returns:
            One sentence with the remedy; empty where nothing is wrong.
        """
        if currency and self.currency not in ('', currency):
            return (
                f'{self.symbol} is in {self.currency} and the account in '
                f'{currency}, and an account has one currency; leave '
                f'{self.symbol} out'
            )
        if self.calendar not in ('', calendar):
            return (
                f'{self.symbol} has the hours of {self.calendar}, not of '
                f'{calendar}; name calendar {self.calendar}, or leave '
                f'{self.symbol} out'
            )
        if self.multiplier != 1.0:
            return (
                f'{self.symbol} has the multiplier {self.multiplier:g}, and '
                f'books count 1 for all; leave {self.symbol} out'
            )
        return ''
