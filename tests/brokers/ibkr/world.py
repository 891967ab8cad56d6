"""A market behind a gateway of its own, for the suite of brokers."""

import asyncio
import contextlib

import msgspec

from sting import settings
from sting.broker import ibkr
from sting.engine import clock as clocks
from sting.model import market
from sting.testing.brokers import desk as desks
from sting.testing.brokers import venues
from tests.brokers.ibkr import gateway as gateways
from tests.brokers.ibkr import wire

PATIENCE_S = 20.0


class IbkrWorld(venues.VenueWorld):
    """A venue, and a gateway before it, in a thread of their own.

    Attributes:
        gateway: What the broker speaks to.
        account: What the next broker is told to trade.
    """

    whole = True
    gateways = gateways.Gateway

    def __init__(self, costs=None):
        super().__init__(costs, apart=True)
        self.account = ''
        self.ways = []
        self.gateway = self.gateways(self.venue, self.symbols)
        self.do(self.gateway.start())

    def make(self):
        self.ways.append(
            ibkr.build(
                settings.Gateway(
                    calendar='XNYS',
                    host='127.0.0.1',
                    port=self.gateway.port,
                    client_id=71,
                    answer_s=PATIENCE_S,
                ),
                clocks.LiveClock(),
                self.account,
            )
        )
        return self.ways[-1]

    def patience(self, seconds):
        """Says when the broker gives an answer up, from now on."""
        way = self.ways[-1]
        way._gateway = msgspec.structs.replace(way._gateway, answer_s=seconds)
        trader = way._trader
        trader._place = trader.session._place = way._place(72)

    def do(self, work):
        """Has something done in the gateway's thread, and waits for it."""
        sent = asyncio.run_coroutine_threadsafe(work, self._loop)
        return sent.result(PATIENCE_S)

    def call(self, work):
        """Calls something in the gateway's thread, and waits for it."""
        self.do(self._call(work))

    def bar(self, symbol, price):
        """Gives a bar of a minute from now on, at one price."""
        self.clock.advance(self.clock.now() + venues.MINUTE)
        return market.MarketData(
            symbol, self.clock.now(), price, price, price, price, 1e6
        )

    async def drop(self):
        def cut():
            self.gateway.refusing = True
            self.gateway.drop()

        self.call(cut)
        await self.noticed()

    async def noticed(self):
        """Waits until the broker knows that a connection is gone."""
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE_S
        while any(way.monitor.works for way in self.ways):
            assert loop.time() < end, 'the broker did not notice'
            await asyncio.sleep(0.002)

    async def restore(self):
        self.gateway.refusing = False

    async def repeat(self):
        fill = self.venue.fills[-1]

        def again():
            held = self.gateway.held(fill.order_id)
            name = self.gateway.execution_id(fill)
            self.gateway.say_to(
                held,
                wire.execution(fill, held, name),
                wire.fee(fill.fee, name),
            )

        self.call(again)

    async def close(self):
        for way in self.ways:
            await way.disconnect()
        await self.there(self.gateway.stop())
        await self.end()


@contextlib.asynccontextmanager
async def at_desk():
    """Gives a trader whose broker is connected to a world of its own."""
    there = IbkrWorld()
    desk = desks.Desk(there)
    try:
        await desk.open()
        yield desk
        desk.check()
    finally:
        await there.close()
