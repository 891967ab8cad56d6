"""The suite at the real services' play-money accounts: `make test-sandbox`.

Each broker takes part whose keys, or whose gateway, the environment names.
"""

import os

import pytest

from sting import settings
from sting.broker import registry
from sting.engine import clock
from sting.testing.brokers import sandbox
from sting.testing.brokers import suite

# What has to be in the environment, and the profile that is used.
BROKERS = {
    'alpaca': ('STING_ALPACA_KEY', 'alpaca_paper'),
    'ibkr': ('STING_IBKR_SANDBOX', 'ibkr_paper'),
}
ASKED = [
    (name, profile)
    for name, (variable, profile) in BROKERS.items()
    if os.environ.get(variable)
]


def test_there_is_a_sandbox_to_test_in():
    assert ASKED, (
        'set STING_ALPACA_KEY and STING_ALPACA_SECRET to the keys of a paper '
        'account at Alpaca, or STING_IBKR_SANDBOX=1 where a paper gateway of '
        'Interactive Brokers listens; see docs/guides/WRITING_A_BROKER.md'
    )


@pytest.mark.parametrize(
    'scenario', suite.AT_REST, ids=lambda each: each.__name__
)
@pytest.mark.parametrize(('broker', 'profile'), ASKED)
async def test_it_is_a_broker(broker, profile, scenario):
    config = settings.load(settings.Home.find())

    def build():
        return registry.build(
            broker, config, profile, clock.LiveClock(), os.environ
        )

    world = await sandbox.SandboxWorld(build).begin()
    await suite.run(scenario, world)
