"""A manager with brokers in virtual time, and all that was reported."""

import asyncio

import msgspec

from sting.broker import link as links
from sting.broker import manager
from sting.model import orders
from sting.simulator import market as simulated
from sting.testing import broker as scripted
from sting.testing.simulation import loop as loops
from tests.unit.simulator import worlds

S = orders.OrderStatus
DECIDED = worlds.DECIDED


def order(id='o1', status=S.SUBMITTED, **more):
    """Makes an order, decided when the clock begins."""
    made = worlds.order(id=id, created=DECIDED, **more)
    return msgspec.structs.replace(made, status=status, resting=S.ACCEPTED)


def limit(id='o1', **more):
    """Makes an order that works until it is cancelled."""
    return order(id, type='limit', price=90.0, **more)


class Loop(loops.VirtualLoop):
    """Virtual time in which looking at the clock takes a nanosecond.

    A limiter waits for as little as its floats are wrong.
    """

    def time(self):
        """Seconds since the beginning."""
        self._waiting.now += 1e-9
        return super().time()


class Slow(scripted.Script):
    """Takes its time with each request, by its name."""

    def __init__(self, **seconds):
        self.seconds = seconds
        self.errors = {}
        self.arrives = False

    def fate(self, request):
        """Says how long a request takes, and how it fails."""
        return scripted.Fate(
            out_s=self.seconds.get(request, 0.001),
            arrives=self.arrives or request not in self.errors,
            error=self.errors.get(request),
        )


class Broker(scripted.ScriptedBroker):
    """A scripted broker of a name, which notes when it is asked for what."""

    name = 'main'

    def __init__(self, station, name, groups=False):
        vars(self).update(name=name, groups=groups)
        self.script = Slow()
        self.venue = scripted.Venue(
            simulated.MarketSimulator(),
            self.script,
            later=station.loop.call_outside,
            now=station.clock.now,
            cash=100_000.0,
        )
        super().__init__(self.venue, station.clock)
        self.station = station
        self.calls = []
        self.together = []

    async def connect(self, sink, halted):
        self._note('connect')
        await super().connect(sink, halted)

    async def place_order(self, order):
        self._note('place', order.id)
        return await super().place_order(order)

    async def place_group(self, group):
        self.together.append([each.id for each in group])
        if group[-1].held:
            return await self._request(
                'place',
                lambda: self.venue.place_attached(
                    group, whole=self.native.whole
                ),
            )
        return [await self.place_order(each) for each in group]

    async def cancel_order(self, order_id):
        self._note('cancel', order_id)
        return await super().cancel_order(order_id)

    async def get_order_by_client_id(self, order_id):
        self._note('ask', order_id)
        return await super().get_order_by_client_id(order_id)

    def _note(self, verb, *given):
        now = self.station.loop.time()
        self.calls.append((round(now, 2), verb, *given))

    def said(self, verb):
        """Gives what was asked for by one verb."""
        return [call[2:] for call in self.calls if call[1] == verb]

    def times(self, verb):
        """Gives when a verb was used, seconds."""
        return [call[0] for call in self.calls if call[1] == verb]


class Station:
    """A manager, its brokers, and all that they tell."""

    def __init__(self, *others, groups=False, policy=None, **more):
        self.loop = Loop()
        self.clock = loops.LoopClock(self.loop, DECIDED)
        self.halted = False
        self.reports = []
        self.changes = []
        self.broker = Broker(self, 'main', groups)
        self.brokers = {'main': self.broker}
        for name in others:
            self.brokers[name] = Broker(self, name)
        self.policy = links.Policy(**(policy or {}))
        self.manager = manager.BrokerManager(
            self.broker,
            self.reports.append,
            lambda order: self.halted,
            time_source=self.clock,
            policy=self.policy,
            told=self.changes.append,
            others=[
                (self.brokers[name], self.reports.append, manager.nothing)
                for name in others
            ],
            **more,
        )

    def play(self, scene):
        """Plays a scene with a started manager, then ends it."""
        self.loop.run_until_complete(self._play(scene))
        self.loop.close()

    async def _play(self, scene):
        await self.manager.start()
        try:
            await scene(self)
        finally:
            await self.manager.stop()

    async def passes(self, seconds):
        """Lets time pass."""
        await asyncio.sleep(seconds)

    def statuses(self):
        """Gives the reports on orders, in order."""
        return [
            (one.order_id, one.status)
            for one in self.reports
            if isinstance(one, orders.OrderUpdate)
        ]

    def message(self):
        """Gives the reason in the last report."""
        return self.reports[-1].message

    def states(self):
        """Gives the states that the connections went through."""
        return [str(change.state) for change in self.changes]
