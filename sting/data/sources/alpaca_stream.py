"""What happens on American exchanges, as Alpaca streams it.

Bars of the past are those of `alpaca_history`.

Source: the real-time stock data part of Alpaca's Market Data API, version 2:
the greeting, the schemas of bars, updated bars, trades and quotes, and the
codes of errors. Messages are lists in MessagePack.
"""

from collections.abc import AsyncIterator
from collections.abc import Iterator
from collections.abc import Mapping
import struct
from typing import Final

import msgspec
from msgspec import msgpack

from sting.data import table
from sting.data.sources import alpaca_history
from sting.data.sources import base
from sting.data.sources import refills
from sting.data.sources import streaming
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.net import sockets
from sting.net import wires
from sting.net import words

TIMEFRAME: Final = '1m'
_MINUTE: Final = 60 * market.NANOSECONDS
_HEADERS: Final[Mapping[str, str]] = {'Content-Type': 'application/msgpack'}
# What an error of theirs is: a no that would come again, or something that may
# pass. An account has one connection; after a drop the old one may still count.
CODES: Final[Mapping[int, type[errors.SourceError]]] = {
    400: errors.SourceRefusedError,  # invalid syntax
    401: errors.SourceUnavailableError,  # not authenticated
    402: errors.SourceRefusedError,  # auth failed
    403: errors.SourceUnavailableError,  # already authenticated
    404: errors.SourceUnavailableError,  # auth timeout
    405: errors.SourceRefusedError,  # symbol limit exceeded
    406: errors.SourceUnavailableError,  # connection limit exceeded
    407: errors.SourceUnavailableError,  # slow client
    408: errors.SourceRefusedError,  # v2 not enabled
    409: errors.SourceRefusedError,  # insufficient subscription
    410: errors.SourceRefusedError,  # invalid subscribe action
    500: errors.SourceUnavailableError,  # internal error
}
_CHANNELS: Final[Mapping[base.Stream, tuple[str, ...]]] = {
    base.Stream.BARS: ('bars', 'updatedBars'),
    base.Stream.QUOTES: ('quotes',),
    base.Stream.TRADES: ('trades',),
}


class _Kind(msgspec.Struct):
    T: str


class _Success(msgspec.Struct):
    msg: str


class _Error(msgspec.Struct):
    code: int
    msg: str = ''


class _Bar(msgspec.Struct):
    S: str
    t: msgpack.Ext
    o: float
    h: float
    l: float  # noqa: E741
    c: float
    v: float


class _Trade(msgspec.Struct):
    S: str
    t: msgpack.Ext
    p: float
    s: float


class _Quote(msgspec.Struct, rename={'ask_size': 'as'}):
    S: str
    t: msgpack.Ext
    bp: float
    bs: float
    ap: float
    ask_size: float


_messages = msgpack.Decoder(list[msgspec.Raw])
_kind = msgpack.Decoder(_Kind)
_success = msgpack.Decoder(_Success)
_error = msgpack.Decoder(_Error)
_bar = msgpack.Decoder(_Bar)
_trade = msgpack.Decoder(_Trade)
_quote = msgpack.Decoder(_Quote)
_channels = msgpack.Decoder(dict[str, str | list[str]])


class AlpacaSource(base.DataSource):
    """Bars, quotes and trades of stocks and funds, past and as they happen."""

    def __init__(
        self,
        place: streaming.Place | None,
        time_source: clocks.Clock,
        key: str,
        secret: str,
        name: str = 'alpaca',
        history: alpaca_history.AlpacaHistory | None = None,
    ) -> None:
        """Sets up the source.

        Args:
            place: Where it streams; the end of the address names the feed.
                None for bars of the past alone.
            time_source: Waits.
            key: Of an account there.
            secret: The same.
            name: Its name in the configuration.
            history: Has its bars of the past; without it, it has none, and
                what a stream missed is asked of whoever watches.
        """
        self.name = name
        self.capabilities = base.Capabilities(
            timeframes=frozenset(alpaca_history.INTERVALS if history else ()),
            streams=frozenset(base.Stream if place else ()),
        )
        self._history = history
        self._place = place
        self._clock = time_source
        self._key = key
        self._secret = secret
        self._sockets: list[sockets.Socket] = []

    async def get_bars(self, request: base.Request) -> table.BarTable:
        """Gives closed bars of the past; see the interface."""
        if self._history is not None:
            return await self._history.get_bars(request)
        raise errors.SourceRefusedError(
            f'{self.name} has no bars of the past; name another source of '
            f'{request.timeframe}'
        )

    def stream(
        self, wanted: base.Subscription, watch: base.Watch
    ) -> AsyncIterator[base.Message]:
        """Gives what happens, as it happens; see the interface."""
        if self._place is None:
            return super().stream(wanted, watch)
        bars = base.Stream.BARS in wanted.kinds
        if bars and wanted.timeframe != TIMEFRAME:
            raise errors.SourceRefusedError(
                f'{self.name} has bars of {TIMEFRAME}, not of '
                f'{wanted.timeframe}'
            )
        secrets = (self._key, self._secret)
        subscriber = _Subscriber(wanted, self.name, *secrets)
        socket = streaming.connect(
            self.name,
            self._place,
            self._clock,
            watch,
            url=self._place.url,
            greet=subscriber.greet,
            headers=_HEADERS,
            secrets=secrets,
            seed=len(self._sockets),
        )
        self._sockets.append(socket)
        own = refills.own(self, self._clock) if self._history else None
        return streaming.Follower(
            socket,
            subscriber.decode,
            wanted,
            watch,
            self._clock,
            refill=watch.refill or own,
            # A minute without a trade has no bar.
            every=False,
        ).messages()

    def wake(self) -> None:
        """Takes a sign of life; see the interface."""
        if self._history is not None:
            self._history.wake()

    async def close(self) -> None:
        """Ends its connections."""
        for socket in self._sockets:
            await socket.close()
        if self._history is not None:
            await self._history.close()


class _Subscriber:
    """Says who is there and what is wanted, and makes messages of frames."""

    def __init__(
        self, wanted: base.Subscription, name: str, key: str, secret: str
    ) -> None:
        self._wanted = wanted
        self._name = name
        self._key = key
        self._secret = secret
        self._asked = {
            channel: list(wanted.symbols)
            for kind in sorted(wanted.kinds)
            for channel in _CHANNELS[kind]
        }

    async def greet(self, wire: wires.Wire) -> None:
        """Gives the key, and subscribes.

        Raises:
            errors.SourceRefusedError: The key is wrong.
            errors.SourceError: It does not answer as it should.
        """
        await self._hears(wire, 'connected')
        given = {'action': 'auth', 'key': self._key, 'secret': self._secret}
        await wire.send(msgpack.encode(given))
        await self._hears(wire, 'authenticated')
        await wire.send(msgpack.encode({'action': 'subscribe', **self._asked}))

    def decode(self, frame: wires.Frame) -> Iterator[streaming.Heard]:
        """Makes messages of a frame; see `streaming.Decode`."""
        fault: errors.SourceBodyError | None = None
        for raw in self._split(frame):
            try:
                heard = self._message(raw)
            except streaming.UNREADABLE as error:
                # What comes behind it may be sound.
                fault = self._broken(str(error))
                continue
            if heard is not None:
                yield heard
        if fault is not None:
            raise fault

    def _message(self, raw: msgspec.Raw) -> streaming.Heard | None:
        kind = _kind.decode(raw).T
        if kind in {'b', 'u'}:
            bar = _bar.decode(raw)
            made = market.MarketData(
                self._known(bar.S),
                # Theirs is the time at which it opened.
                _nanoseconds(bar.t) + _MINUTE,
                bar.o,
                bar.h,
                bar.l,
                bar.c,
                bar.v,
            )
            return made, 0, None
        if kind == 't':
            trade = _trade.decode(raw)
            when = _nanoseconds(trade.t)
            symbol = self._known(trade.S)
            return market.Trade(symbol, when, trade.p, trade.s), 0, when
        if kind == 'q':
            quote = _quote.decode(raw)
            when = _nanoseconds(quote.t)
            best = market.Quote(
                self._known(quote.S),
                when,
                quote.bp,
                quote.ap,
                quote.bs,
                quote.ask_size,
            )
            return best, 0, when
        if kind == 'error':
            raise self._failure(_error.decode(raw))
        if kind == 'subscription':
            self._check(_channels.decode(raw))
        # Others tell of nothing that was asked for.
        return None

    async def _hears(self, wire: wires.Wire, word: str) -> None:
        """Waits for one of the words of the greeting."""
        for raw in self._split(await wire.receive()):
            try:
                kind = _kind.decode(raw).T
                if kind == 'error':
                    raise self._failure(_error.decode(raw))
                if kind == 'success' and _success.decode(raw).msg == word:
                    return
            except streaming.UNREADABLE as error:
                raise self._broken(str(error)) from None
        raise self._broken(f'it does not say that it is {word}')

    def _check(self, told: Mapping[str, str | list[str]]) -> None:
        """Refuses a subscription to less than what was asked for."""
        for channel, symbols in self._asked.items():
            lacking = sorted(set(symbols).difference(told.get(channel, ())))
            if lacking:
                raise errors.SourceRefusedError(
                    f'{self._name} does not give {channel} of '
                    + words.plain(', '.join(lacking))
                )

    def _failure(self, told: _Error) -> errors.SourceError:
        kind = CODES.get(told.code, errors.SourceUnavailableError)
        said = words.plain(told.msg, (self._key, self._secret))
        hint = (
            '; this account is connected elsewhere' if told.code == 406 else ''
        )
        return kind(f'{self._name}: {told.code} {said}{hint}')

    def _split(self, frame: wires.Frame) -> list[msgspec.Raw]:
        if isinstance(frame, str):
            raise self._broken(f'it is text: {words.plain(frame)[:60]}')
        try:
            return _messages.decode(frame)
        except streaming.UNREADABLE as error:
            raise self._broken(str(error)) from None

    def _known(self, symbol: str) -> str:
        if symbol not in self._wanted.symbols:
            raise msgspec.ValidationError('nobody subscribed to it')
        return symbol

    def _broken(self, why: str) -> errors.SourceBodyError:
        return errors.SourceBodyError(
            f'{self._name}: a message makes no sense ({words.plain(why)})'
        )


def _nanoseconds(moment: msgpack.Ext) -> int:
    """Reads a timestamp of MessagePack, exact to the nanosecond.

    Source: the timestamp extension type of the MessagePack specification.

    Raises:
        msgspec.ValidationError: It is none.
    """
    data = bytes(moment.data)
    nanoseconds: int
    seconds: int
    if moment.code != -1 or len(data) not in {4, 8, 12}:
        raise msgspec.ValidationError('a time is none')
    if len(data) == 12:
        nanoseconds, seconds = struct.unpack('>Iq', data)
    else:
        number = int.from_bytes(data, 'big')
        nanoseconds, seconds = number >> 34, number & 0x3_FFFF_FFFF
    if not 0 <= seconds < 2**32 or nanoseconds >= market.NANOSECONDS:
        raise msgspec.ValidationError('a time is none')
    return seconds * market.NANOSECONDS + nanoseconds
