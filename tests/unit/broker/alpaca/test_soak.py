"""Many orders through a service that does what services do."""

import json
import random

import pytest

from tests.brokers import soak
from tests.brokers.alpaca import server as servers
from tests.brokers.alpaca import world as worlds


class Restless(servers.Server):
    """Fails before and after the deed, limits, and tells things twice."""

    draw = random.Random(7)
    trouble = 1.0
    # How often it answers a few times in a row with a 429 of a second.
    storms = 0.0
    left = 0

    def _fault(self, request):
        if len(self.asked) < 6:
            # The first connection is made before the soak begins.
            return None
        draw = self.draw.random()
        method, path = request.method, request.path
        if self.draw.random() < self.storms:
            self.left = 4
        if self.left:
            self.left -= 1
            return servers.Fault(method, path, 429, '{}', {'Retry-After': '1'})
        if draw < 0.02 * self.trouble:
            return servers.Fault(method, path, 429, '{}', {'Retry-After': '0'})
        if draw < 0.03 * self.trouble:
            return servers.Fault(method, path, 504, servers.HTML, what='late')
        if draw < 0.04 * self.trouble:
            return servers.Fault(method, path, 503, servers.HTML)
        if draw < 0.05 * self.trouble:
            return servers.Fault(method, path, 200, '{}', what='cut')
        return super()._fault(request)

    def _tell(self, message):
        super()._tell(message)
        draw = self.draw.random()
        if draw < 0.1 * self.trouble:
            super()._tell(message)
        elif draw < 0.12 * self.trouble:
            self.push(json.dumps({'stream': 'trade_updates'}).encode())
            self.push(b'nonsense')


class RestlessWorld(worlds.AlpacaWorld):
    servers = Restless


async def endure(count, seed, trouble=1.0, storms=0.0):
    there = RestlessWorld()
    there.server.trouble = trouble
    there.server.storms = storms
    try:
        held = soak.Soak(there, seed, trouble)
        await held.run(count)
        there.server.trouble = there.server.storms = 0.0
        there.server.left = 0
        await held.check()
    finally:
        await there.close()
    return held


@pytest.mark.unit
async def test_both_books_are_equal_after_300_orders():
    held = await endure(300, 24)
    assert held.counts['connections'] > 1
    assert held.counts['again'] > 0
    assert held.counts['exits'] > 2
    assert held.counts['changes'] > 5


@pytest.mark.slow
@pytest.mark.unit
@pytest.mark.timeout(900)
async def test_both_books_are_equal_after_10_000_orders():
    held = await endure(10_000, 2, storms=0.0003)
    assert held.counts['connections'] > 20
