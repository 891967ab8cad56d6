"""The gate as configured."""

import pytest

from sting import settings
from sting.model import specs
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


def test_strategies_have_rules_behind_those_of_the_account():
    made = gate.build(
        {'buying_power': settings.Rule(limit=1.0)},
        settings.Sizing(),
        [
            specs.StrategySpec('a', 'r', limits=specs.Limits(max_loss=5.0)),
            specs.StrategySpec('b', 'r', capital=1_000.0),
        ],
    )
    assert made.rule_set().names == (
        'halted',
        'buying_power',
        'strategy_max_loss(a)',
        'strategy_capital(b)',
    )
    assert made.rule_set().limits == (None, 1.0, 5.0, 1.0)
    world = worlds.World(X=10.0)
    assert made.size('X', 10.0, world.system, 'b') == 10.0
    assert made.size('X', 10.0, world.system, 'a') == 1_000.0
    assert made.equity('b', world.system) == 1_000.0


def test_a_gate_for_one_strategy_leaves_the_other_as_it_is():
    made = gate.build({}, settings.Sizing())
    other = made.holding(specs.StrategySpec('a', 'r', capital=5.0))
    assert other.rule_set().names == ('halted', 'strategy_capital(a)')
    assert made.rule_set().names == ('halted',)
