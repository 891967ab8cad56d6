"""Time that a test moves by hand."""

import asyncio

from sting.engine import clock

SOON = 20.0


class Clock(clock.Clock):
    """Stands still until it is moved; whoever sleeps then wakes in order."""

    def __init__(self, start):
        self._now = start
        self._sleepers = []

    def now(self):
        return self._now

    def monotonic(self):
        return self._now / 10**9

    async def sleep(self, seconds):
        until = self._now + round(seconds * 10**9)
        if until <= self._now:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((until, woken))
        await woken

    def advance(self, timestamp):
        pass

    def following(self, end):
        """The first moment at which somebody wakes, `end` at the latest."""
        return min([end, *(until for until, _ in self._sleepers)])

    def move(self, to):
        """Moves on to a moment, and wakes those who waited for it."""
        self._now = max(self._now, to)
        waiting, self._sleepers = self._sleepers, []
        for until, woken in waiting:
            if woken.done():
                continue
            if until <= self._now:
                woken.set_result(None)
            else:
                self._sleepers.append((until, woken))


async def settle():
    """Lets all that can go on go on, where nothing waits for the outside."""
    for _ in range(60):
        await asyncio.sleep(0)
