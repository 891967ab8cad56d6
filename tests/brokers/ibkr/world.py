"""A market behind a gateway of its own, for the suite of brokers."""

import asyncio

from sting import settings
from sting.broker import ibkr
from sting.engine import clock as clocks
from sting.net import loops
from sting.testing.brokers import venues
from tests.brokers.ibkr import gateway as gateways
from tests.brokers.ibkr import wire

PATIENCE_S = 20.0


class IbkrWorld(venues.VenueWorld):
    """A venue, and a gateway before it, in a thread of their own.

    So the gateway answers while the loop of a scenario is blocked.

    Attributes:
        gateway: What the broker speaks to.
        answer_s: Seconds after which the broker gives an answer up.
    """

    whole = True

    def __init__(self, costs=None):
        self.thread = loops.LoopThread('gateway')
        self.answer_s = 10.0
        self.ways = []
        super().__init__(costs)
        self.gateway = self.do(self._made())

    def make(self):
        self.ways.append(
            ibkr.build(
                settings.Gateway(
                    calendar='XNYS',
                    host='127.0.0.1',
                    port=self.gateway.port,
                    client_id=71,
                    answer_s=self.answer_s,
                ),
                clocks.LiveClock(),
            )
        )
        return self.ways[-1]

    def do(self, work):
        """Has something done in the gateway's thread, and waits for it."""
        return self.thread.send(work).result(PATIENCE_S)

    def call(self, work):
        """Calls something in the gateway's thread, and waits for it."""

        async def there():
            return work()

        return self.do(there())

    async def trade(self, *bar, **more):
        self.do(super().trade(*bar, **more))

    async def place_elsewhere(self, *terms):
        self.do(super().place_elsewhere(*terms))

    async def trade_elsewhere(self, *terms):
        self.do(super().trade_elsewhere(*terms))

    async def drop(self):
        def cut():
            self.gateway.refusing = True
            self.gateway.drop()

        self.call(cut)
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
            self.gateway.say(
                wire.execution(fill, held, name), wire.fee(fill, name)
            )

        self.call(again)

    async def close(self):
        for way in self.ways:
            await way.disconnect()
        self.do(self.gateway.stop())
        await self.thread.stop()

    async def _made(self):
        made = gateways.Gateway(self.venue, self.symbols)
        await made.start()
        return made

    def _later(self, seconds, call, *given):
        # Called in the gateway's loop.
        asyncio.get_running_loop().call_later(seconds, call, *given)
