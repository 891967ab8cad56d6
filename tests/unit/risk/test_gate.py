"""The gate as configured."""

import pytest

from sting import settings
from sting.model import errors
from sting.model import market
from sting.model import orders
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


def sized(made, world, strategy='', price=100.0):
    signal = orders.Signal(symbol='X', side=worlds.BUY, strategy=strategy)
    return made.sized(signal, price, world.system).quantity


def test_the_sizing_is_the_configured_one():
    made = gate.build({}, settings.Sizing(fraction=0.5))
    world = worlds.World(X=100.0)
    assert sized(made, world) == 500.0


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
    assert sized(made, world, 'b', 10.0) == 10.0
    assert sized(made, world, 'a', 10.0) == 1_000.0
    assert made.equity('b', world.system) == 1_000.0


def test_a_gate_for_one_strategy_leaves_the_other_as_it_is():
    made = gate.build({}, settings.Sizing())
    other = made.holding(specs.StrategySpec('a', 'r', capital=5.0))
    assert other.rule_set().names == ('halted', 'strategy_capital(a)')
    assert made.rule_set().names == ('halted',)


def test_scoped_rules_come_behind_those_of_the_account():
    made = gate.build(
        {'buying_power': settings.Rule(limit=1.0)},
        settings.Sizing(),
        scoped={
            'pace': settings.ScopedRule(rule='order_rate', limit=5.0),
            'off': settings.ScopedRule(
                rule='order_rate', limit=5.0, enabled=False
            ),
            'big': settings.ScopedRule(
                rule='max_position', limit=3.0, soft=True, reduce=True
            ),
        },
    )
    assert made.rule_set().names == (
        'halted',
        'buying_power',
        'order_rate(pace)',
        'max_position(big)',
    )
    assert [(rule.soft, rule.reduces) for rule in made.rules] == [
        (False, False),
        (False, False),
        (True, True),
    ]


@pytest.mark.parametrize(
    ('symbols', 'expected'),
    [((), [1.0, 1.0, None]), (('Y',), [None, 1.0, None])],
)
def test_a_sector_is_what_the_instruments_say(symbols, expected):
    made = gate.build(
        {},
        settings.Sizing(),
        scoped={
            'tech': settings.ScopedRule(
                rule='restricted',
                limit=0.0,
                scope=settings.Scope(sector='tech', symbols=symbols),
            )
        },
        instruments={
            'X': market.Instrument('X', sector='tech'),
            'Y': market.Instrument('Y', sector='tech'),
            'Z': market.Instrument('Z', sector='oil'),
        },
    )
    world = worlds.World(X=100.0, Y=100.0, Z=100.0)
    figures = [
        made.evaluate_order(worlds.order(symbol=each), world.system).figures[1]
        for each in 'XYZ'
    ]
    assert figures == expected


@pytest.mark.parametrize(
    ('rule', 'scope', 'match'),
    [
        ('max_position', settings.Scope(sector='oil'), r'scoped\.a: .*oil'),
        ('daily_loss', settings.Scope(strategy='s'), r'scoped\.a: .*account'),
    ],
)
def test_a_rule_that_cannot_be_held_is_refused(rule, scope, match):
    entry = settings.ScopedRule(rule=rule, limit=1.0, scope=scope)
    with pytest.raises(errors.ConfigError, match=match):
        gate.build({}, settings.Sizing(), scoped={'a': entry})


def test_a_backtest_has_the_scoped_rules_that_say_so():
    made = gate.for_backtest(
        settings.Risk(
            rules={},
            backtest={'buying_power': settings.Rule(limit=1.0)},
            scoped={
                'a': settings.ScopedRule(rule='restricted', limit=0.0),
                'b': settings.ScopedRule(
                    rule='restricted', limit=0.0, backtest=True
                ),
            },
        )
    )
    assert made.rule_set().names == ('halted', 'buying_power', 'restricted(b)')


def test_the_list_of_what_may_be_sold_short_is_the_configured_one():
    entry = settings.ScopedRule(rule='shortable', limit=0.0, listed=('X',))
    made = gate.build({}, settings.Sizing(), scoped={'lent': entry})
    world = worlds.World(X=100.0, Y=100.0)
    figures = [
        made.evaluate_order(
            worlds.order(worlds.SELL, 5.0, each), world.system
        ).figures[1]
        for each in 'XY'
    ]
    assert figures == [None, 5.0]
