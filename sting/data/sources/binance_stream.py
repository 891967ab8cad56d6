"""What happens on Binance's spot market, as it happens.

Source: the WebSocket Streams part of Binance's Spot API: combined streams,
`SUBSCRIBE`, the kline, trade and bookTicker payloads, and the limits. It ends
each connection after 24 hours, sends a ping every 20 seconds, and takes five
messages a second.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import itertools
from typing import Annotated
from typing import Any
from typing import Final
from typing import NoReturn

import msgspec

from sting.data.sources import base
from sting.data.sources import streaming
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.model import timeframes
from sting.net import limits
from sting.net import wires
from sting.net import words

# Streams of one connection; of its address, which has to stay short; and of
# one message.
MOST: Final = 1024
_IN_ADDRESS: Final = 100
_IN_MESSAGE: Final = 200
_MILLISECOND: Final = 1_000_000
# Milliseconds since the epoch, before 2100.
_Moment = Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000)]


class _Envelope(msgspec.Struct):
    stream: str = ''
    data: msgspec.Raw = msgspec.Raw(b'')
    error: Any = None
    # A no comes as `error`, or as these two.
    code: Any = None
    msg: Any = None
    # Of an answer to a message of ours.
    id: Any = None


class _Bar(msgspec.Struct, rename={'opens': 't', 'closes': 'T'}):
    opens: _Moment
    closes: _Moment
    i: str
    o: float
    h: float
    l: float  # noqa: E741
    c: float
    v: float
    x: bool


class _Kline(msgspec.Struct, rename={'sent': 'E'}):
    sent: _Moment
    s: str
    k: _Bar


class _Trade(msgspec.Struct, rename={'sent': 'E', 'traded': 'T'}):
    sent: _Moment
    s: str
    t: int
    p: float
    q: float
    traded: _Moment


class _Book(msgspec.Struct, rename={'bid_size': 'B', 'ask_size': 'A'}):
    u: int
    s: str
    b: float
    bid_size: float
    a: float
    ask_size: float


_envelope = msgspec.json.Decoder(_Envelope)
# Their numbers are written as texts.
_kline = msgspec.json.Decoder(_Kline, strict=False)
_trade = msgspec.json.Decoder(_Trade, strict=False)
_book = msgspec.json.Decoder(_Book, strict=False)


class Subscriber:
    """Subscribes to what is wanted, and makes messages of what comes."""

    def __init__(
        self, wanted: base.Subscription, time_source: clocks.Clock, name: str
    ) -> None:
        """Works the streams out.

        Args:
            wanted: What is subscribed to.
            time_source: Stamps quotes, which come without a time.
            name: The source, for errors.

        Raises:
            errors.SourceRefusedError: They are more than one connection takes.
        """
        self._wanted = wanted
        self._clock = time_source
        self._name = name
        self._step = timeframes.length(wanted.timeframe)
        self.streams = tuple(_streams(wanted))
        if len(self.streams) > MOST:
            raise errors.SourceRefusedError(
                f'{name}: {len(self.streams):,} streams are more than the '
                f'{MOST:,} of a connection; ask for fewer symbols'
            )

    def url(self, address: str) -> str:
        """Gives where to connect.

        Args:
            address: Of the service: wss://...
        """
        first = '/'.join(self.streams[:_IN_ADDRESS])
        return f'{address.rstrip("/")}/stream?streams={first}'

    async def greet(self, wire: wires.Wire) -> None:
        """Subscribes to the streams that the address has no room for."""
        rest = self.streams[_IN_ADDRESS:]
        for number, some in enumerate(_batches(rest), start=1):
            message = {'method': 'SUBSCRIBE', 'params': some, 'id': number}
            await wire.send(msgspec.json.encode(message).decode())

    def decode(self, frame: wires.Frame) -> Iterable[streaming.Heard]:
        """Makes messages of a frame; see `streaming.Decode`."""
        try:
            envelope = _envelope.decode(frame)
            if envelope.stream:
                return (self._message(envelope.stream, envelope.data),)
        except streaming.UNREADABLE as error:
            self._broken(frame, str(error))
        no = envelope.error
        if no is None and envelope.code is not None:
            no = f'{envelope.code} {envelope.msg}'
        if no is not None:
            raise errors.SourceRefusedError(
                f'{self._name}: {words.plain(str(no))}'
            )
        if envelope.id is None:
            self._broken(frame, 'it names no stream')
        return ()

    def _message(self, stream: str, data: msgspec.Raw) -> streaming.Heard:
        kind = stream.partition('@')[2]
        if kind.startswith('kline_'):
            return self._bar(_kline.decode(data))
        if kind == 'trade':
            trade = _trade.decode(data)
            made = market.Trade(
                self._known(trade.s),
                trade.traded * _MILLISECOND,
                trade.p,
                trade.q,
            )
            return made, trade.t, trade.sent * _MILLISECOND
        if kind == 'bookTicker':
            book = _book.decode(data)
            quote = market.Quote(
                self._known(book.s),
                self._clock.now(),
                book.b,
                book.a,
                book.bid_size,
                book.ask_size,
            )
            return quote, book.u, None
        raise msgspec.ValidationError('nobody subscribed to it')

    def _bar(self, told: _Kline) -> streaming.Heard:
        bar = told.k
        length = (bar.closes + 1 - bar.opens) * _MILLISECOND
        if bar.i != self._wanted.timeframe or length != self._step:
            raise msgspec.ValidationError(
                f'it is no bar of {self._wanted.timeframe}'
            )
        made = market.MarketData(
            self._known(told.s),
            (bar.closes + 1) * _MILLISECOND,
            bar.o,
            bar.h,
            bar.l,
            bar.c,
            bar.v,
            self._wanted.timeframe,
            bar.x,
        )
        return made, 0, told.sent * _MILLISECOND

    def _known(self, symbol: str) -> str:
        if symbol not in self._wanted.symbols:
            raise msgspec.ValidationError('nobody subscribed to it')
        return symbol

    def _broken(self, frame: wires.Frame, why: str) -> NoReturn:
        text = frame if isinstance(frame, str) else repr(frame)
        raise errors.SourceBodyError(
            f'{self._name}: a message makes no sense ({words.plain(why)}): '
            f'{words.plain(text)[:80]}'
        ) from None


def limiter() -> limits.RateLimiter:
    """Makes the limit of what is sent: with pongs less than five a second."""
    return limits.RateLimiter(2.0, 2)


def _streams(wanted: base.Subscription) -> Iterator[str]:
    for symbol in wanted.symbols:
        name = symbol.lower()
        if base.Stream.BARS in wanted.kinds:
            yield f'{name}@kline_{wanted.timeframe}'
        if base.Stream.TRADES in wanted.kinds:
            yield f'{name}@trade'
        if base.Stream.QUOTES in wanted.kinds:
            yield f'{name}@bookTicker'


def _batches(streams: Sequence[str]) -> Iterator[tuple[str, ...]]:
    rest = iter(streams)
    while some := tuple(itertools.islice(rest, _IN_MESSAGE)):
        yield some
