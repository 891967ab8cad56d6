"""Alpaca's adapter, held against the suite for all brokers."""

import pytest

from sting.testing.brokers import suite
from tests.brokers.alpaca import world

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    'scenario', suite.SCENARIOS, ids=lambda each: each.__name__
)
async def test_alpaca_is_a_broker(scenario):
    await suite.run(scenario, world.AlpacaWorld())
