"""The limit of requests is held, and cancels overtake what waits for it.

A minute is a second here: the service allows 100 requests in it, and the
broker is told to ask 90 times at most, as the shipped settings have it by half.
"""

import asyncio
import collections

import pytest

from sting.testing.brokers import desk as desks
from tests.brokers.alpaca import server as servers
from tests.brokers.alpaca import world as worlds

pytestmark = pytest.mark.unit

MINUTE_S = 1.0
ALLOWED = 100
ASKED = 90
BURST = 10


class Strict(servers.Server):
    """Answers 429 to whatever is more than it allows.

    Attributes:
        refused: How often it did.
    """

    def __init__(self, *given):
        super().__init__(*given)
        self.refused = 0
        self._times = collections.deque()

    def _fault(self, request):
        now = asyncio.get_running_loop().time()
        while self._times and self._times[0] <= now - MINUTE_S:
            self._times.popleft()
        self._times.append(now)
        if len(self._times) > ALLOWED:
            self.refused += 1
            method, path = request.method, request.path
            return servers.Fault(method, path, 429, '{}', {'Retry-After': '1'})
        return super()._fault(request)


class StrictWorld(worlds.AlpacaWorld):
    servers = Strict


async def queue(count):
    """Sends so many orders at once, and a cancel behind them.

    Returns:
        The service, and how many orders it had when it had the cancel.
    """
    # Of these, what goes at once comes off what a minute brings.
    per_minute = (ASKED - BURST) * 60 / MINUTE_S + BURST
    world = StrictWorld(per_minute=per_minute, burst=BURST)
    desk = desks.Desk(world)
    try:
        await desk.open()
        first = await desk.place(type='limit', price=95.0)
        sending = [
            asyncio.create_task(desk.send(desk.make(type='limit', price=94.0)))
            for _ in range(count)
        ]
        await desk.until(lambda: len(posts(world)) > BURST, 'some to be sent')
        assert (await desk.broker.cancel_order(first)).accepted
        before = len(posts(world))
        answers = await asyncio.gather(*sending)
        assert all(answer.accepted for answer in answers)
        assert len(posts(world)) == count + 1
        await desk.ended(first, 'cancelled')
        assert len(world.venue.working()) == count
        await desk.close()
    finally:
        await world.close()
    return world.server, before


def posts(world):
    return [path for method, path in world.server.asked if method == 'POST']


async def test_no_limit_is_passed_and_cancels_overtake():
    server, before = await queue(130)
    assert server.refused == 0
    # It waited for no more than its own turn, of the reserve.
    assert before < 130


@pytest.mark.slow
async def test_a_thousand_that_wait_pass_no_limit():
    server, before = await queue(1_000)
    assert server.refused == 0
    assert before < 500
