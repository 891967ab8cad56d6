"""The suite for brokers, held against Interactive Brokers."""

import logging

import pytest

from sting.net import ib
from sting.testing.brokers import suite
from tests.brokers.ibkr import world

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _decodes(caplog):
    """A wrong count of fields is only logged by the library."""
    caplog.set_level(logging.WARNING, logger=f'{ib.name()}.Decoder')
    yield
    told = [r for r in caplog.records if r.name.endswith('ecoder')]
    assert told == []


@pytest.mark.parametrize(
    'scenario', suite.SCENARIOS, ids=lambda each: each.__name__
)
async def test_interactive_brokers_is_a_broker(scenario):
    await suite.run(scenario, world.IbkrWorld())
