"""What an engine and a node say of a source that is on the node, as bytes.

Each piece of a `net.courier` is one of these, in MessagePack: an engine opens
a stream with what it asks for, and the node answers until it is done.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import Final

import msgspec

from sting.data import actions
from sting.data import table
from sting.data.sources import base
from sting.model import errors
from sting.model import market

# Bars of one piece, some 110 kB: it has to stay below courier.PIECE.
PAGE: Final = 2_000
_COLUMNS: Final = ('open', 'high', 'low', 'close', 'volume')
# What a source fails with, by its name on the way; the narrowest first.
_FAULTS: Final[dict[str, type[errors.SourceError]]] = {
    'limited': errors.SourceLimitedError,
    'unavailable': errors.SourceUnavailableError,
    'refused': errors.SourceRefusedError,
    'body': errors.SourceBodyError,
}


class _Said(msgspec.Struct, frozen=True, array_like=True):
    """The base of all."""


class Ask(_Said, frozen=True, tag=0):
    """Closed bars of the past; answered by Rows and Done.

    Attributes:
        source: Whom to ask.
        request: What for.
    """

    source: str
    request: base.Request


class AskActions(_Said, frozen=True, tag=1):
    """Splits and dividends; answered by Actions and Done.

    Attributes:
        source: Whom to ask.
        symbols: The instruments.
        start: The first moment, nanoseconds since the epoch, UTC.
    """

    source: str
    symbols: tuple[str, ...]
    start: int


class Follow(_Said, frozen=True, tag=2):
    """What happens; answered by Came, Wrong and Link for as long as wanted.

    Attributes:
        source: Whom to follow.
        wanted: What of it.
    """

    source: str
    wanted: base.Subscription


class Rows(_Said, frozen=True, tag=3):
    """Some bars of one symbol, in order.

    Attributes:
        symbol: The instrument.
        timestamp: Their stamps.
        columns: open, high, low, close and volume.
    """

    symbol: str
    timestamp: list[int]
    columns: tuple[
        list[float], list[float], list[float], list[float], list[float]
    ]


class Actions(_Said, frozen=True, tag=4):
    """Some splits and dividends.

    Attributes:
        found: They.
    """

    found: tuple[actions.Action, ...]


class Bar(_Said, frozen=True, tag=5):
    """A bar came.

    Attributes:
        message: It.
    """

    message: market.MarketData


class Quote(_Said, frozen=True, tag=6):
    """A quote came.

    Attributes:
        message: It.
    """

    message: market.Quote


class Trade(_Said, frozen=True, tag=7):
    """A trade came.

    Attributes:
        message: It.
    """

    message: market.Trade


class Wrong(_Said, frozen=True, tag=8):
    """Something is wrong with the data.

    Attributes:
        issue: What.
    """

    issue: market.DataIssue


class Link(_Said, frozen=True, tag=9):
    """The source's own connection is another way now.

    Attributes:
        state: One of `net.monitor.Link`.
        reason: Why; empty where nothing is wrong.
    """

    state: str
    reason: str


class Failed(_Said, frozen=True, tag=10):
    """It could not be done; the last word of a stream.

    Attributes:
        fault: What kind it is.
        reason: One sentence.
        wait_s: Seconds to wait, where that was said.
    """

    fault: str
    reason: str
    wait_s: float | None = None

    def error(self) -> errors.SourceError:
        """Gives it as what the source raised."""
        if self.fault == 'limited':
            return errors.SourceLimitedError(self.reason, self.wait_s)
        kind = _FAULTS.get(self.fault, errors.SourceUnavailableError)
        return kind(self.reason)


class Done(_Said, frozen=True, tag=11):
    """That was all; the last word of a stream."""


Asked = Ask | AskActions | Follow
Given = Rows | Actions | Bar | Quote | Trade | Wrong | Link | Failed | Done
Came = Bar | Quote | Trade
_CAME: Final[dict[type[base.Message], Any]] = {
    market.MarketData: Bar,
    market.Quote: Quote,
    market.Trade: Trade,
}

encode = msgspec.msgpack.Encoder().encode
_asked = msgspec.msgpack.Decoder(Asked)
_given = msgspec.msgpack.Decoder(Given)


def asked(data: bytes) -> Asked:
    """Reads what an engine says.

    Raises:
        msgspec.MsgspecError: It is no such thing.
        UnicodeDecodeError: It is no such thing.
        errors.DataError: It asks for what makes no sense.
    """
    found: Asked = _asked.decode(data)
    return found


def given(data: bytes) -> Given:
    """Reads what a node says.

    Raises:
        msgspec.MsgspecError: It is no such thing.
        UnicodeDecodeError: It is no such thing.
    """
    found: Given = _given.decode(data)
    return found


def came(message: base.Message) -> Came:
    """Wraps what a stream gives."""
    made: Came = _CAME[type(message)](message)
    return made


def failed(error: errors.SourceError) -> Failed:
    """Wraps what a source raised."""
    fault = next(
        (name for name, kind in _FAULTS.items() if isinstance(error, kind)),
        'unavailable',
    )
    return Failed(fault, str(error), getattr(error, 'wait_s', None))


def pages(found: table.BarTable) -> Iterator[Rows]:
    """Cuts bars into what fits into pieces; each symbol has one at least."""
    for symbol in found.symbols:
        part = found.of(symbol)
        for start in range(0, max(len(part), 1), PAGE):
            piece = slice(start, start + PAGE)
            columns = [getattr(part, name)[piece].tolist() for name in _COLUMNS]
            yield Rows(symbol, part.timestamp[piece].tolist(), (*columns,))


def join(rows: Iterable[Rows], timeframe: str) -> table.BarTable:
    """Makes bars of what came in pieces.

    Args:
        rows: Those of one symbol in order.
        timeframe: Length of a bar.

    Raises:
        errors.SourceBodyError: They do not fit together.
    """
    by_symbol: dict[str, list[Rows]] = {}
    for each in rows:
        by_symbol.setdefault(each.symbol, []).append(each)
    parts = [_table(name, of, timeframe) for name, of in by_symbol.items()]
    if not parts:
        raise errors.SourceBodyError('the node gave no bars, and no symbol')
    return table.BarTable.merge(parts, checked=False)


def _table(symbol: str, rows: Sequence[Rows], timeframe: str) -> table.BarTable:
    stamps = [stamp for each in rows for stamp in each.timestamp]
    columns = {
        name: [value for each in rows for value in each.columns[nth]]
        for nth, name in enumerate(_COLUMNS)
    }
    if any(len(values) != len(stamps) for values in columns.values()):
        raise errors.SourceBodyError(f'{symbol}: columns of other lengths')
    return table.BarTable.single(symbol, timeframe, stamps, columns)
