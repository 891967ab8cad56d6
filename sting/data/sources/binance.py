"""Bars of Binance's spot market, over its public interfaces.

Source: the `klines` part of Binance's Spot REST API, version 3; what is
streamed is in `binance_stream`.
"""

from collections.abc import AsyncIterator
from collections.abc import Sequence
from typing import Any
from typing import Final

from sting.data import table
from sting.data.sources import base
from sting.data.sources import binance_stream
from sting.data.sources import refills
from sting.data.sources import rows
from sting.data.sources import streaming
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import timeframes
from sting.net import http
from sting.net import sockets

PATH: Final = '/api/v3/klines'
# Of one answer, at most; and what one counts for with their limit.
PAGE: Final = 1000
WEIGHT: Final = 2
_MILLISECOND: Final = 1_000_000
_COLUMNS: Final = ('open', 'high', 'low', 'close', 'volume')
_FIELDS: Final = 7
INTERVALS: Final = frozenset(
    (
        *('1m', '3m', '5m', '15m', '30m'),
        *('1h', '2h', '4h', '6h', '8h', '12h'),
        *('1d', '1w'),
    )
)


class BinanceSource(base.DataSource):
    """Bars of pairs such as BTCUSDT; times of days are UTC."""

    capabilities = base.Capabilities(timeframes=INTERVALS, batch=1)

    def __init__(
        self,
        client: http.HttpClient,
        time_source: clocks.Clock,
        name: str = 'binance',
        place: streaming.Place | None = None,
    ) -> None:
        """Sets up the source.

        Args:
            client: Asks the service.
            time_source: Tells which bar is closed.
            name: Its name in the configuration.
            place: Where it streams; None for bars of the past alone.
        """
        self.name = name
        self._client = client
        self._clock = time_source
        self._place = place
        self._sockets: list[sockets.Socket] = []
        if place is not None:
            self.capabilities = base.Capabilities(
                timeframes=INTERVALS, batch=1, streams=frozenset(base.Stream)
            )

    async def get_bars(self, request: base.Request) -> table.BarTable:
        """Gives closed bars of the past; see the interface."""
        return table.BarTable.merge(
            [await self._bars(name, request) for name in request.symbols],
            checked=False,
        )

    def stream(
        self, wanted: base.Subscription, watch: base.Watch
    ) -> AsyncIterator[base.Message]:
        """Gives what happens, as it happens; see the interface."""
        if self._place is None:
            return super().stream(wanted, watch)
        if wanted.timeframe not in INTERVALS:
            raise errors.SourceRefusedError(
                f'{self.name} has no bars of {wanted.timeframe}'
            )
        subscriber = binance_stream.Subscriber(wanted, self._clock, self.name)
        socket = streaming.connect(
            self.name,
            self._place,
            self._clock,
            watch,
            url=subscriber.url(self._place.url),
            greet=subscriber.greet,
            limiter=binance_stream.limiter(),
            seed=len(self._sockets),
        )
        self._sockets.append(socket)
        return streaming.Follower(
            socket,
            subscriber.decode,
            wanted,
            watch,
            self._clock,
            refill=watch.refill or refills.own(self, self._clock),
            # Of pairs that were not traded too.
            every=True,
        ).messages()

    def wake(self) -> None:
        """Takes a sign of life; see the interface."""
        self._client.wake()

    async def close(self) -> None:
        """Ends its connections."""
        for socket in self._sockets:
            await socket.close()
        await self._client.close()

    async def _bars(self, symbol: str, request: base.Request) -> table.BarTable:
        step = timeframes.length(request.timeframe)
        # Theirs are the times at which bars open.
        begin = -(-(request.start - step) // _MILLISECOND)
        end = (min(request.end, self._clock.now()) - step) // _MILLISECOND
        found: list[Sequence[Any]] = []
        last = request.end
        while begin <= end:
            page, known = await self._client.get_dated(
                PATH,
                {
                    'symbol': symbol,
                    'interval': request.timeframe,
                    'startTime': begin,
                    'endTime': end,
                    'limit': PAGE,
                },
                weight=WEIGHT,
            )
            self._check(symbol, page)
            found += page
            # The last one may still be open.
            last = min(request.end, known)
            if len(page) < PAGE:
                break
            following = max(row[0] for row in page) + step // _MILLISECOND
            if following <= begin:
                rows.broken(self.name, symbol, 'a page begins before the last')
            begin = following
        bars = self._made(symbol, request, found, step)
        return bars.select(start=request.start, end=last)

    def _check(self, symbol: str, page: Any) -> None:
        """Refuses a page that is no list of bars."""
        if not isinstance(page, list):
            rows.broken(self.name, symbol, 'the answer is no list of bars')
        for row in page:
            if (
                not isinstance(row, list)
                or len(row) < _FIELDS
                or type(row[0]) is not int
            ):
                rows.broken(self.name, symbol, f'{str(row)[:60]} is no bar')

    def _made(
        self,
        symbol: str,
        request: base.Request,
        found: Sequence[Sequence[Any]],
        step: int,
    ) -> table.BarTable:
        times = [row[0] for row in found]
        opens = rows.moments(self.name, symbol, times, _MILLISECOND)
        return rows.single(
            self.name,
            symbol,
            request.timeframe,
            opens + step,
            {
                name: [row[place] for row in found]
                for place, name in enumerate(_COLUMNS, start=1)
            },
        )
