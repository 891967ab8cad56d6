"""The suite for brokers, held against the scripted one."""

import pytest

from sting.model import errors
from sting.testing import broker
from sting.testing.brokers import suite
from sting.testing.brokers import venues

pytestmark = pytest.mark.unit


class Way(broker.ScriptedBroker):
    """The scripted broker, which loses what its world says."""

    def __init__(self, world):
        super().__init__(world.venue, world.clock)
        self.world = world

    async def connect(self, sink, halted):
        if not self.world.venue.connected:
            raise errors.BrokerUnknownError('scripted: nobody is there')
        await super().connect(sink, halted)


class ScriptedWorld(venues.VenueWorld):
    """A venue, and the scripted broker as the way to it."""

    def __init__(self):
        super().__init__()
        self.ways = []

    def make(self):
        self.ways.append(Way(self))
        return self.ways[-1]

    async def drop(self):
        self.venue.drop()
        self.ways[-1].monitor.lost('the venue is gone')

    async def restore(self):
        self.venue.restore()

    async def repeat(self):
        self.venue.repeat()

    async def close(self):
        pass


@pytest.mark.parametrize(
    'scenario', suite.SCENARIOS, ids=lambda each: each.__name__
)
async def test_the_scripted_broker_is_a_broker(scenario):
    await suite.run(scenario, ScriptedWorld())
