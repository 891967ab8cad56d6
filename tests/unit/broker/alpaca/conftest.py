"""A world of Alpaca, and a desk in it."""

import pytest

from sting.testing.brokers import desk as desks
from tests.brokers.alpaca import world as worlds


@pytest.fixture
async def world():
    made = worlds.AlpacaWorld()
    yield made
    await made.close()


@pytest.fixture
async def desk(world):
    made = desks.Desk(world)
    await made.open()
    yield made
    made.check()
    await made.close()
