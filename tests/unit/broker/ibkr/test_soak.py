"""Many orders through a gateway that does what gateways do."""

import random

import pytest

from sting.broker.ibkr import trader
from sting.model import orders
from sting.net import ib
from tests.brokers import soak
from tests.brokers.ibkr import gateway as gateways
from tests.brokers.ibkr import wire
from tests.brokers.ibkr import world


class Restless(gateways.Gateway):
    """Tells things twice, in any order, not at all, and ends that are none."""

    draw = random.Random(7)
    trouble = 1.0

    def frames(self, report, held):
        frames = super().frames(report, held)
        draw = self.draw.random() / self.trouble
        if draw < 0.1:
            self.draw.shuffle(frames)
        elif draw < 0.15:
            frames = [each for each in frames for _ in range(2)]
        elif draw < 0.17 and isinstance(report, orders.Fill):
            # A trade that is only in the list.
            frames = [
                each for each in frames if each[4:6] not in (b'11', b'59')
            ]
        elif draw < 0.19:
            code = self.draw.choice([103, 104, 161, 10147, 10148, 10349])
            frames.append(wire.error(held.number, code, 'something'))
        return frames


class RestlessWorld(world.IbkrWorld):
    gateways = Restless


async def endure(count, seed, monkeypatch, trouble=1.0):
    monkeypatch.setattr(trader, 'RATE', 20_000.0)
    monkeypatch.setattr(trader, 'BURST', 20_000)
    monkeypatch.setattr(ib.load().Client, 'MaxRequests', 0)
    there = RestlessWorld()
    there.gateway.trouble = trouble
    try:
        held = soak.Soak(there, seed, trouble)
        await held.run(count)
        await held.check()
    finally:
        await there.close()
    return held


@pytest.mark.unit
async def test_both_books_are_equal_after_300_orders(monkeypatch):
    held = await endure(300, 1, monkeypatch)
    assert held.counts['connections'] > 3
    assert held.counts['again'] > 0


@pytest.mark.slow
@pytest.mark.unit
@pytest.mark.timeout(1_800)
async def test_both_books_are_equal_after_10_000_orders(monkeypatch):
    held = await endure(10_000, 2, monkeypatch, trouble=0.1)
    assert held.counts['connections'] > 10
