"""DataSource: one door to every source of market data."""

import abc
from collections.abc import AsyncIterator
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import enum

import msgspec

from sting.data import actions
from sting.data import table
from sting.model import errors
from sting.model import market
from sting.model import timeframes
from sting.net import monitor as monitors

Message = market.MarketData | market.Quote | market.Trade


class Stream(enum.StrEnum):
    """What a source tells of as it happens."""

    BARS = 'bars'
    QUOTES = 'quotes'
    TRADES = 'trades'


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Closed bars of the past.

    Attributes:
        symbols: The instruments, as this profile names them.
        timeframe: Length of a bar: 1m, 1h, 1d.
        start: The first stamp wanted, nanoseconds since the epoch, UTC. A bar
            is stamped with its close.
        end: The last stamp wanted.
    """

    symbols: tuple[str, ...]
    timeframe: str
    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuses a request that asks for nothing.

        Raises:
            errors.DataError: It names no symbol, no timeframe that there is,
                or ends before it starts.
        """
        timeframes.length(self.timeframe)
        if not self.symbols:
            raise errors.DataError('no symbol is asked for')
        if self.end < self.start:
            raise errors.DataError(
                f'the end {market.to_iso(self.end)} is before the start '
                f'{market.to_iso(self.start)}'
            )


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of a stream.

    Attributes:
        symbols: The instruments, as this profile names them.
        timeframe: Length of a bar.
        kinds: Bars, quotes, trades.
        after: The stamp of the newest closed bar known of each symbol. What
            closed since comes first; of a symbol without one it is what
            closed since the stream began.
    """

    symbols: tuple[str, ...]
    timeframe: str
    kinds: frozenset[Stream] = frozenset({Stream.BARS})
    after: Mapping[str, int] = {}

    def __post_init__(self) -> None:
        """Refuses a subscription to nothing.

        Raises:
            errors.DataError: It names no symbol, nothing of it, or no
                timeframe that there is.
        """
        timeframes.length(self.timeframe)
        if not self.symbols:
            raise errors.DataError('no symbol is subscribed to')
        if not self.kinds:
            raise errors.DataError('nothing of the symbols is subscribed to')


# Gives the closed bars of symbols that are newer than the stamp of each.
Refill = Callable[
    [tuple[str, ...], str, Mapping[str, int]], Awaitable[table.BarTable]
]


def untold(issue: market.DataIssue) -> None:
    """Is told of what is wrong and does nothing."""


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a stream asks, and whom it tells.

    Attributes:
        monitor: Knows how the connection is.
        refill: Gives what was missed; raises a SourceError where it cannot.
            None for the source's own bars of the past.
        tell: Called with what is wrong with the data: gap, late, revised,
            future, rejected, garbage.
    """

    monitor: monitors.ConnectionMonitor
    refill: Refill | None = None
    tell: Callable[[market.DataIssue], None] = untold


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a source can do.

    Attributes:
        timeframes: Lengths of bars that it has of the past; empty for none,
            None for any.
        streams: What it tells of as it happens.
        batch: How many symbols one request may name.
        adjusted: Its prices of the past are adjusted for splits.
        lasting: It keeps its bars itself, and its owner may mend them: they
            are asked for each time and kept nowhere else.
        actions: It has splits and dividends.
    """

    timeframes: frozenset[str] | None = frozenset()
    streams: frozenset[Stream] = frozenset()
    batch: int = 1
    adjusted: bool = False
    lasting: bool = False
    actions: bool = False

    def has(self, timeframe: str) -> bool:
        """Whether it has bars of this length of the past."""
        return self.timeframes is None or timeframe in self.timeframes


class DataSource(abc.ABC):
    """A source of market data.

    A source gives what it was given, in our units and with our stamps: it
    repairs nothing, leaves nothing out but bars that are not closed yet, and
    says no by an exception, never by an empty answer. Validation, retries of
    whole requests, failover and caching are done around it.

    Attributes:
        name: Its name in the configuration.
        capabilities: What it can do.
    """

    name: str
    capabilities: Capabilities

    @abc.abstractmethod
    async def get_bars(self, request: Request) -> table.BarTable:
        """Gives closed bars of the past.

        Args:
            request: What is wanted; its timeframe is one that the source has.

        Returns:
            The bars in the order of their stamps, as they came, not validated.
            A symbol that the source knows and that has no bars there has none.

        Raises:
            errors.SourceUnavailableError: It cannot be reached, or not now.
            errors.SourceRefusedError: It says no.
            errors.SourceBodyError: What it gave makes no sense.
        """

    async def get_actions(
        self, symbols: Sequence[str], start: int
    ) -> tuple[actions.Action, ...]:
        """Gives the splits and dividends of instruments until now.

        Args:
            symbols: The instruments.
            start: The first moment, nanoseconds since the epoch, UTC.

        Returns:
            What became of them by date and symbol, as it was told on the day:
            a dividend is in cash for a unit of then.

        Raises:
            errors.SourceUnavailableError: It cannot be reached, or not now.
            errors.SourceRefusedError: It says no, or has none.
            errors.SourceBodyError: What it gave makes no sense.
        """
        raise errors.SourceRefusedError(f'{self.name} has no corporate actions')

    def stream(
        self, wanted: Subscription, watch: Watch
    ) -> AsyncIterator[Message]:
        """Gives what happens, as it happens, until it is closed.

        A connection that breaks is made again, every subscription is back, and
        what was missed comes before what is new. Closing the iterator ends the
        connection.

        Args:
            wanted: What is subscribed to.
            watch: Whom to ask and to tell.

        Returns:
            Bars (those that may still change too, with `closed` false), quotes
            and trades. Closed bars of a symbol come once each and in the order
            of their stamps.

        Raises:
            errors.SourceRefusedError: It says no.
        """
        raise errors.SourceRefusedError(f'{self.name} has no stream')

    def wake(self) -> None:
        """Takes a sign of life: a rest after failures is over.

        A source that is never left alone has nothing to do.
        """
        return

    @abc.abstractmethod
    async def close(self) -> None:
        """Ends its connections; nothing of it runs afterwards."""
