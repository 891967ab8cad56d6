"""Acme passes the suite for brokers: `pytest test_acme_broker.py`."""

import acme
import pytest

from sting.testing.brokers import suite


@pytest.mark.parametrize(
    'scenario', suite.SCENARIOS, ids=lambda each: each.__name__
)
async def test_acme_is_a_broker(scenario):
    world = acme.AcmeWorld()
    await suite.run(scenario, await world.begin())
