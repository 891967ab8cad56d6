"""The suite for brokers, held against Interactive Brokers."""

import pytest

from sting.testing.brokers import suite
from tests.brokers.ibkr import world

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    'scenario', suite.SCENARIOS, ids=lambda each: each.__name__
)
async def test_interactive_brokers_is_a_broker(scenario):
    await suite.run(scenario, world.IbkrWorld())
