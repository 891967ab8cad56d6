"""Binance and Yahoo on loopback, in a thread.

They have all minutes up to now, Binance hours and Yahoo days as well.
"""

import asyncio
import contextlib
import json
import threading
import time

from aiohttp import test_utils
from aiohttp import web
from websockets.asyncio import server

from sting.data import calendars
from sting.model import market

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
PRICES = {'binance': 1000.0, 'yahoo': 2000.0}


def minute():
    """The close of the newest minute, seconds since the epoch."""
    return int(time.time()) // MINUTE * MINUTE


def _is_session(day):
    """Whether New York trades at 15:00 UTC of a day, seconds at its begin."""
    return calendars.is_open((day + 15 * HOUR) * market.NANOSECONDS)


class Exchanges:
    """Services that have every minute of every symbol up to some moment.

    Attributes:
        fails: Names of those that refuse to serve this place.
        upto: By name, the close of the last minute that it has, seconds.
        asked: By name, how often it was asked.
    """

    def __init__(self):
        self.fails = set()
        self.upto = {}
        self.asked = dict.fromkeys(PRICES, 0)
        self.rest = ''
        self._quoted = 0
        self.streams = ''
        self._loop = asyncio.new_event_loop()
        self._connections = set()
        self._ready = threading.Event()
        self._ends = asyncio.Event()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=(self._serve(),)
        )

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *what):
        self._loop.call_soon_threadsafe(self._ends.set)
        self._thread.join(30)
        self._loop.close()

    @property
    def listening(self):
        """How many listen to the stream."""
        return len(self._connections)

    def push(self, symbol, close):
        """Binance streams the minute that closes then."""
        price = f'{PRICES["binance"]:.2f}'
        told = {
            't': (close - MINUTE) * 1000,
            'T': close * 1000 - 1,
            's': symbol,
            'i': '1m',
            **dict.fromkeys('ohlc', price),
            'v': '5.0',
            'x': True,
        }
        self._tell(
            f'{symbol.lower()}@kline_1m',
            {
                'e': 'kline',
                'E': int(time.time() * 1000),
                's': symbol,
                'k': told,
            },
        )

    def quote(self, symbol, bid, ask, size):
        """Binance streams what is bid and asked, and how much of it."""
        self._quoted += 1
        told = {'u': self._quoted, 's': symbol, 'b': f'{bid:.2f}'}
        told |= {'a': f'{ask:.2f}', 'B': f'{size:.1f}', 'A': f'{size:.1f}'}
        self._tell(f'{symbol.lower()}@bookTicker', told)

    def _tell(self, stream, data):
        message = json.dumps({'stream': stream, 'data': data})

        async def send():
            for connection in list(self._connections):
                await connection.send(message)

        asyncio.run_coroutine_threadsafe(send(), self._loop).result(30)

    def drop(self):
        """Binance's streams break."""

        def abort():
            for connection in self._connections:
                connection.transport.abort()

        self._loop.call_soon_threadsafe(abort)

    async def _serve(self):
        app = web.Application()
        app.router.add_get('/api/v3/klines', self._klines)
        app.router.add_get('/v8/finance/chart/{symbol}', self._chart)
        async with contextlib.AsyncExitStack() as stack:
            rest = test_utils.TestServer(app)
            await rest.start_server()
            stack.push_async_callback(rest.close)
            streams = await stack.enter_async_context(
                server.serve(self._listened, '127.0.0.1', 0, compression=None)
            )
            self.rest = str(rest.make_url('/')).rstrip('/')
            port = streams.sockets[0].getsockname()[1]
            self.streams = f'ws://127.0.0.1:{port}'
            self._ready.set()
            await self._ends.wait()

    async def _listened(self, connection):
        self._connections.add(connection)
        try:
            await connection.wait_closed()
        finally:
            self._connections.discard(connection)

    def _closes(self, name, first, last, step=MINUTE):
        """The bars that open from one second to another."""
        self.asked[name] += 1
        if name in self.fails:
            raise web.HTTPUnavailableForLegalReasons(link='', text='not here')
        last = min(last + step, self.upto.get(name, minute()), minute())
        first = -(-first // step) * step + step
        return range(first, last + 1, step)

    async def _klines(self, request):
        first = int(request.query['startTime']) // 1000
        last = int(request.query['endTime']) // 1000
        step = {'1m': MINUTE, '1h': HOUR}[request.query['interval']]
        price = f'{PRICES["binance"]:.2f}'
        rows = [
            [
                (close - step) * 1000,
                *[price] * 4,
                f'{1 + close // MINUTE % 7}.0',
                close * 1000 - 1,
                '0',
                7,
                '0',
                '0',
                '0',
            ]
            for close in self._closes('binance', first, last, step)
        ]
        return web.json_response(rows[: int(request.query['limit'])])

    async def _chart(self, request):
        first = int(request.query['period1'])
        last = int(request.query['period2'])
        step = {'1m': MINUTE, '1d': DAY}[request.query['interval']]
        closes = self._closes('yahoo', first, last, step)
        if step == DAY:
            closes = [close for close in closes if _is_session(close - DAY)]
        columns = {
            name: [PRICES['yahoo']] * len(closes)
            for name in ('open', 'high', 'low', 'close')
        }
        columns['volume'] = [1 + close // MINUTE % 7 for close in closes]
        found = {
            'meta': {'currency': 'USD', 'gmtoffset': 0},
            'timestamp': [close - step for close in closes],
            'indicators': {'quote': [columns]},
        }
        return web.json_response({'chart': {'result': [found], 'error': None}})
