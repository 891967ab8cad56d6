"""Follows a stream over every connection that it takes."""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Final

import msgspec

from sting.data.sources import arrivals as arriving
from sting.data.sources import base
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.net import limits
from sting.net import sockets
from sting.net import wires

# A message; a number that grows from one of its kind and symbol to the next, 0
# where there is none; and when it was sent, nanoseconds since the epoch, UTC,
# None where it does not say.
Heard = tuple[base.Message, int, int | None]
# Makes messages of a frame. Raises SourceBodyError where it makes no sense,
# SourceRefusedError where it is a no, SourceUnavailableError where it tells
# of the connection's end.
Decode = Callable[[wires.Frame], Iterable[Heard]]
# What decoders raise of what they cannot read, brackets without end included.
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
# Frames in a row that make no sense, after which it is connected anew.
NONSENSE: Final = 20
# Seconds for asking what was missed, while what is new waits.
REFILL_S: Final = 20.0


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a service streams, and how it is listened to.

    Attributes:
        url: ws:// or wss://.
        policy: How the connection is kept.
        is_open: Whether messages are to be expected at a moment, nanoseconds
            since the epoch, UTC.
    """

    url: str
    policy: wires.Policy = wires.Policy()
    is_open: Callable[[int], bool] = lambda moment: True


class Follower:
    """Follows one subscription.

    Attributes:
        arrivals: What came, by what became of it.
    """

    def __init__(
        self,
        socket: sockets.Socket,
        decode: Decode,
        wanted: base.Subscription,
        watch: base.Watch,
        time_source: clocks.Clock,
        *,
        refill: base.Refill | None,
        every: bool,
    ) -> None:
        """Sets up; nothing is connected yet.

        Args:
            socket: The connection; its greeting subscribes.
            decode: Makes messages of frames.
            wanted: What is subscribed to.
            watch: Whom to ask and to tell.
            time_source: Tells the time.
            refill: Gives what was missed; None where nobody can.
            every: The service closes a bar in each interval, so that one that
                does not come was lost.
        """
        self.arrivals = arriving.Arrivals(wanted, time_source.now, watch.tell)
        self._socket = socket
        self._decode = decode
        self._wanted = wanted
        self._watch = watch
        self._clock = time_source
        self._refill = refill
        self._every = every
        self._nonsense = 0
        self._bars = base.Stream.BARS in wanted.kinds
        # From when on bars are wanted of symbols of which none is known.
        self._begun = 0
        # Symbols of which something may be missing, still to be asked for.
        self._owed: set[str] = set()

    async def messages(self) -> AsyncIterator[base.Message]:
        """Gives what comes, until the socket is closed.

        Raises:
            errors.SourceRefusedError: The service says no.
            errors.ConfigError: Its address is none.
        """
        self._begun = self._clock.now()
        try:
            while not self._socket.is_closed:
                try:
                    messages = await self._more()
                except errors.SourceUnavailableError:
                    # The connection is gone; the next round makes another.
                    continue
                except errors.SourceRefusedError as error:
                    self._socket.drop(str(error))
                    raise
                for message in messages:
                    yield message
        finally:
            await self._socket.close()

    async def _more(self) -> list[base.Message]:
        """Gives what one frame, or a new connection, brings."""
        if not self._socket.is_connected:
            await self._socket.open()
            self.arrivals.reconnected()
            # Bars may have closed while there was no connection.
            self._owe(self._wanted.symbols)
            return [*await self._missed(self._wanted.symbols)]
        frame = await self._socket.receive()
        passed: list[base.Message] = []
        for message, order, sent in self._read(frame):
            self._watch.monitor.heard(message.symbol, sent)
            if isinstance(message, market.MarketData) and message.closed:
                passed += await self._closed(message)
            elif self.arrivals.passes(message, order):
                passed.append(message)
        return passed

    def _owe(self, symbols: Iterable[str]) -> None:
        if self._bars:
            self._owed.update(symbols)

    async def _closed(self, bar: market.MarketData) -> list[market.MarketData]:
        """Gives a closed bar, and before it those that are missing."""
        if not self.arrivals.is_possible(bar):
            return []
        passed = []
        missing = self.arrivals.missing(bar)
        if missing and (self._every or bar.symbol in self._owed):
            self._owe((bar.symbol,))
            passed = await self._missed((bar.symbol,), bar.timestamp)
            if self._every or bar.symbol in self._owed:
                self._tell_gap(bar)
        if self.arrivals.passes(bar):
            self._owed.discard(bar.symbol)
            passed.append(bar)
        return passed

    def _read(self, frame: wires.Frame) -> list[Heard]:
        """Makes messages of a frame; none of what makes no sense."""
        heard: list[Heard] = []
        try:
            heard.extend(self._decode(frame))
        except errors.SourceBodyError as error:
            self._nonsense += 1
            self.arrivals.counts['garbage'] += 1
            # It may have been a bar.
            self._owe(self._wanted.symbols)
            self._watch.monitor.complain('garbage', str(error))
            if self._nonsense >= NONSENSE:
                self._nonsense = 0
                self._socket.drop(
                    f'{self._socket.name}: {NONSENSE} messages in a row make '
                    'no sense'
                )
        except errors.SourceUnavailableError as error:
            self._socket.drop(str(error))
        else:
            self._nonsense = 0
        return heard

    async def _missed(
        self, symbols: tuple[str, ...], before: int | None = None
    ) -> list[market.MarketData]:
        """Asks for what was missed; gives what is new of it, in its order.

        Args:
            symbols: Of which; those are asked for of which something is owed.
            before: Only bars with a stamp below it; None for all.
        """
        refill = self._refill
        asked = tuple(name for name in symbols if name in self._owed)
        if not asked or refill is None:
            return []
        newest = self.arrivals.newest
        after = {name: newest.get(name, self._begun) for name in asked}
        try:
            async with asyncio.timeout(REFILL_S):
                found = await refill(asked, self._wanted.timeframe, after)
        except (errors.SourceError, TimeoutError) as error:
            said = str(error) or f'no answer within {REFILL_S:g} s'
            # It is asked for again before the next bar.
            self._watch.monitor.complain(
                'refill', f'what was missed cannot be had: {said}'
            )
            return []
        self._owed.difference_update(asked)
        return [
            bar
            for bar in sorted(found.rows(), key=_order)
            if bar.symbol in after
            and bar.timestamp > newest.get(bar.symbol, self._begun)
            and (before is None or bar.timestamp < before)
            and self.arrivals.is_possible(bar)
            and self.arrivals.passes(bar)
        ]

    def _tell_gap(self, bar: market.MarketData) -> None:
        missing = self.arrivals.missing(bar)
        if not missing:
            return
        self.arrivals.counts['missing'] += missing
        self._watch.tell(
            market.DataIssue(
                bar.symbol,
                self._clock.now(),
                'gap',
                f'{missing:,} bars before that of '
                f'{market.to_iso(bar.timestamp)} did not come and could not be '
                'had',
            )
        )


def connect(
    name: str,
    place: Place,
    time_source: clocks.Clock,
    watch: base.Watch,
    *,
    url: str,
    greet: sockets.Greet,
    limiter: limits.RateLimiter | None = None,
    headers: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    seed: int = 0,
) -> sockets.Socket:
    """Makes the socket of a subscription; nothing is connected yet.

    Args:
        name: The source.
        place: Where it streams, and how it is listened to.
        time_source: Waits.
        watch: Its monitor is told how the connection is.
        url: The place's own, with what the subscription adds.
        greet: Subscribes.
        limiter: How often something may be sent.
        headers: Sent when connecting.
        secrets: Texts that never stand in an error.
        seed: Of the waits, so that two streams do not come back together.
    """
    return sockets.Socket(
        name,
        url,
        time_source,
        watch.monitor,
        policy=place.policy,
        greet=greet,
        is_open=lambda: place.is_open(time_source.now()),
        limiter=limiter,
        headers=headers,
        secrets=secrets,
        seed=seed,
    )


def _order(bar: market.MarketData) -> tuple[int, str]:
    return bar.timestamp, bar.symbol
