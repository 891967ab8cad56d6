"""The world of Alpaca's adapter: its service on loopback, over a venue."""

import asyncio
import json

from sting.broker.alpaca import broker
from sting.broker.alpaca import rest
from sting.engine import clock as clocks
from sting.simulator import costs as costs_lib
from sting.testing.brokers import venues
from tests.brokers.alpaca import server as servers


class AlpacaWorld(venues.VenueWorld):
    """A service in a thread of its own; `async with`, or `close` it."""

    servers = servers.Server

    def __init__(self, **options):
        super().__init__(costs_lib.CostModel(), apart=True)
        self.server = self.servers(self, self.symbols)
        self.ways = []
        self.options = {'per_minute': 1e6, 'burst': 10_000, **options}
        asyncio.run_coroutine_threadsafe(
            self.server.start(), self._loop
        ).result(30)

    def access(self, **changed):
        given = {
            'name': 'alpaca',
            'url': f'http://127.0.0.1:{self.server.port}',
            'key': servers.KEY,
            'secret': servers.SECRET,
            'timeout_s': 10.0,
        }
        return rest.Access(**(given | changed))

    def make(self, **access):
        way = broker.AlpacaBroker(
            self.access(**access),
            f'ws://127.0.0.1:{self.server.port}/stream',
            clocks.LiveClock(),
            **self.options,
        )
        self.ways.append(way)
        return way

    async def drop(self):
        await self.there(self.server.drop())
        way = self.ways[-1]
        async with asyncio.timeout(60):
            while way.monitor.works:  # noqa: ASYNC110 - of another thread
                await asyncio.sleep(0.002)

    async def restore(self):
        self.server.down = False

    async def repeat(self):
        await self.push(json.dumps(self.server.exchange.last_fill).encode())

    async def push(self, frame):
        """Sends a frame on the stream."""
        await self.there(self._call(self.server.push, frame))

    async def close(self):
        for way in self.ways:
            await way.disconnect()
        await self.there(self.server.stop())
        await self.end()
