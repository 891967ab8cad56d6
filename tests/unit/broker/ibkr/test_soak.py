"""Many orders through a gateway that does what gateways do."""

import collections
import random

import pytest

from sting.broker.ibkr import trader
from sting.model import orders
from sting.net import ib
from tests.brokers import soak
from tests.brokers.ibkr import gateway as gateways
from tests.brokers.ibkr import wire
from tests.brokers.ibkr import world

# Orders and trades that are listed as those of the day.
DAY = 250
# What has to be asked again when it is lost, and what hangs up then.
LOST = frozenset({gateways.PLACE, gateways.CANCEL, gateways.EXECUTIONS})


class Restless(gateways.Gateway):
    """Tells things twice, in any order, not at all, and ends that are none.

    It hangs up in the middle of anything, before it is done or after; and it
    loses its own connection, during which it tells nothing.

    Attributes:
        trouble: How much of it.
        cut: Whether its own connection is lost.
        counts: What happened how often.
        day: How much is listed; None for everything.
    """

    def __init__(self, venue, symbols):
        super().__init__(venue, symbols)
        self.draw = random.Random(7)
        self.trouble = 1.0
        self.cut = False
        self.counts = collections.Counter()
        self.day = DAY

    def tell(self, report):
        if not self.cut:
            super().tell(report)
            return
        # What becomes of it is counted, and nobody hears of it.
        self.frames(report, self.held(report.order_id))
        self.counts['unheard'] += 1

    def frames(self, report, held):
        frames = super().frames(report, held)
        draw = self.draw.random() / self.trouble if self.trouble else 1.0
        if draw < 0.1:
            self.counts['shuffled'] += 1
            self.draw.shuffle(frames)
        elif draw < 0.15:
            self.counts['twice'] += 1
            frames = [each for each in frames for _ in range(2)]
        elif draw < 0.17 and isinstance(report, orders.Fill):
            # A trade that is only in the list.
            self.counts['hidden'] += 1
            frames = [
                each for each in frames if each[4:6] not in (b'11', b'59')
            ]
        elif draw < 0.19:
            self.counts['no end'] += 1
            code = self.draw.choice([103, 104, 161, 10147, 10148, 10349])
            frames.append(wire.error(held.number, code, 'something'))
        return frames

    def take(self, client, fields):
        draw = self.draw.random() / self.trouble if self.trouble else 1.0
        if fields[0] not in LOST or draw > 0.01:
            super().take(client, fields)
            return
        self.counts['hung up'] += 1
        if draw > 0.005:
            super().take(client, fields)
        client.send(wire.error(-1, 100, 'Max rate of messages exceeded'))
        client.hang_up()

    def done(self):
        found = super().done()
        if self.day is None:
            return found
        return sorted(found, key=lambda each: each.updated)[-self.day :]

    def trades(self):
        found = super().trades()
        return found if self.day is None else found[-self.day :]


class RestlessWorld(world.IbkrWorld):
    gateways = Restless

    async def drop(self):
        gateway = self.gateway
        if gateway.draw.random() < 0.5:
            await super().drop()
            return

        def cut():
            gateway.cut = True
            gateway.counts['cut'] += 1
            lost = 'Connectivity between IB and TWS has been lost.'
            gateway.say(wire.error(-1, 1100, lost))

        self.call(cut)
        await self.noticed()

    async def restore(self):
        def back():
            if self.gateway.cut:
                self.gateway.cut = False
                code = self.gateway.draw.choice([1101, 1102])
                self.gateway.say(wire.error(-1, code, 'restored'))

        self.call(back)
        await super().restore()


async def endure(count, seed, monkeypatch, trouble=1.0):
    monkeypatch.setattr(trader, 'RATE', 20_000.0)
    monkeypatch.setattr(trader, 'BURST', 20_000)
    monkeypatch.setattr(ib.load().Client, 'MaxRequests', 0)
    there = RestlessWorld()
    there.gateway.trouble = trouble
    there.gateway.draw.seed(seed)
    try:
        held = soak.Soak(there, seed, trouble)
        await held.run(count)
        # The books are held against each other in peace, and whole.
        there.gateway.trouble, there.gateway.day = 0.0, None
        await held.check()
    finally:
        await there.close()
    held.counts |= there.gateway.counts
    return held


@pytest.mark.unit
async def test_both_books_are_equal_after_150_orders(monkeypatch):
    held = await endure(150, 1, monkeypatch)
    assert held.counts['connections'] > 1
    assert held.counts['again'] > 0
    assert held.counts['exits'] > 2


@pytest.mark.slow
@pytest.mark.unit
@pytest.mark.timeout(1_800)
async def test_both_books_are_equal_after_10_000_orders(monkeypatch):
    held = await endure(10_000, 2, monkeypatch)
    assert held.counts['connections'] > 100
