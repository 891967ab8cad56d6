"""The gate as configured."""

import pytest

from sting import settings
from sting.risk import gate
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit


def test_the_rules_are_those_that_are_enabled_in_their_order():
    made = gate.build(
        {
            'price_collar': settings.Rule(limit=0.05),
            'max_position': settings.Rule(limit=7.0, enabled=False),
            'buying_power': settings.Rule(limit=1.0),
        },
        settings.Sizing(),
    )
    assert made.rule_set().names == ('halted', 'price_collar', 'buying_power')
    assert made.rule_set().limits == (None, 0.05, 1.0)


def test_the_sizing_is_the_configured_one():
    made = gate.build({}, settings.Sizing(fraction=0.5))
    world = worlds.World(X=100.0)
    assert made.size('X', 100.0, world.system) == 500.0


def test_every_shipped_rule_can_be_built(tmp_path):
    config = settings.load(settings.Home.find({'STING_HOME': str(tmp_path)}))
    made = gate.build(config.risk.rules, config.risk.sizing)
    assert set(made.rule_set().names) == {'halted', *config.risk.rules}
