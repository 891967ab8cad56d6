"""The gate: limits met and passed, trading states, verdicts and sizing."""

import math

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.model import orders
from sting.model import portfolio
from sting.model import records
from sting.model import specs
from sting.risk import manager
from sting.risk import metrics
from sting.risk import rules
from sting.risk import scopes
from sting.settings import metrics as measured
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit

BUY, SELL = worlds.BUY, worlds.SELL
World = worlds.World
order = worlds.order
APPROVE, DENY = records.Decision.APPROVE, records.Decision.DENY


def gate(**limits):
    return manager.RiskManager(
        [rules.RULES[name](limit) for name, limit in limits.items()]
    )


def world(held=0.0, pending=0.0, side=BUY):
    made = World(X=100.0)
    if held:
        made.hold('X', held)
    if pending:
        made.pend(order(side, pending, id='p1', price=100.0))
    return made


# rule, its limit, quantity at the limit, units held and working before.
LIMITS = [
    ('max_order_notional', 1_000.0, 10.0, 0.0, 0.0),
    ('max_order_notional', 1_000.0, 10.0, 25.0, 25.0),
    ('max_position', 10.0, 10.0, 0.0, 0.0),
    ('max_position', 60.0, 10.0, 25.0, 25.0),
    ('max_position_notional', 1_000.0, 10.0, 0.0, 0.0),
    ('max_position_notional', 6_000.0, 10.0, 25.0, 25.0),
    ('buying_power', 0.01, 10.0, 0.0, 0.0),
    ('buying_power', 0.06, 10.0, 25.0, 25.0),
]


@pytest.mark.parametrize('side', [BUY, SELL])
@pytest.mark.parametrize(('name', 'limit', 'quantity', 'held', 'work'), LIMITS)
@pytest.mark.parametrize(
    ('past', 'expected'), [(-1.0, APPROVE), (0.0, APPROVE), (1.0, DENY)]
)
def test_a_limit_holds_to_the_unit(
    name, limit, quantity, held, work, side, past, expected
):
    before = world(held * side.sign, work, side)
    one = order(side, quantity + past)
    verdict = gate(**{name: limit}).evaluate_order(one, before.system)
    assert verdict.decision is expected
    assert verdict.failed == ((1,) if expected is DENY else ())


@pytest.mark.parametrize('side', [BUY, SELL])
@pytest.mark.parametrize(
    ('cents', 'expected'), [(-1, APPROVE), (0, APPROVE), (1, DENY)]
)
def test_a_collar_holds_to_the_cent(side, cents, expected):
    # A sixteenth: no rounding stands between the price and the limit.
    limit = 100.0 + side.sign * (6.25 + cents / 100)
    verdict = gate(price_collar=0.0625).evaluate_order(
        order(side, 1.0, price=limit), world().system
    )
    assert verdict.decision is expected


@pytest.mark.parametrize(
    ('above', 'expected'), [(1e-12, APPROVE), (1e-6, DENY)]
)
def test_rounding_is_not_above_a_limit(above, expected):
    one = order(BUY, 10.0 * (1.0 + above))
    verdict = gate(max_position=10.0).evaluate_order(one, world().system)
    assert verdict.decision is expected


@pytest.mark.parametrize('held', [40.0, -40.0])
def test_an_order_that_shrinks_a_position_passes_every_rule(held):
    before = world(held)
    all_zero = gate(**dict.fromkeys(rules.RULES, 0.0))
    one = order(SELL if held > 0 else BUY, 40.0)
    verdict = all_zero.evaluate_order(one, before.system)
    assert verdict.decision is APPROVE
    assert verdict.figures == (0.0, None, None, None, None, None)


def test_without_a_price_an_order_is_denied_in_a_clear_sentence():
    verdict = gate(max_order_notional=1e9).evaluate_order(
        order(), World().system
    )
    assert verdict.decision is DENY
    assert verdict.message == 'max_order_notional: there is no price yet'
    # Infinity is no JSON.
    assert verdict.figures == (0.0, None)


def test_a_verdict_has_every_figure_and_names_the_rules_that_failed():
    before = world()
    asked = gate(max_order_notional=900.0, max_position=50.0, buying_power=0.0)
    before.take(worlds.T.RULE_SET, asked.rule_set())
    verdict = asked.evaluate_order(order(BUY, 10.0), before.system)
    assert verdict == records.Verdict(
        order_id='new',
        decision=DENY,
        figures=(0.0, 1_000.0, 10.0, 0.01),
        failed=(1, 3),
        rules=before.system.seq,
        quantity=10.0,
        message=(
            'max_order_notional: 1,000 in cash is above the limit of 900; '
            'buying_power: 0.01 times the equity is above the limit of 0'
        ),
    )


def test_the_failed_numbers_are_places_in_the_rule_set():
    asked = gate(max_order_notional=900.0, max_position=50.0)
    verdict = asked.evaluate_order(order(BUY, 10.0), world().system)
    names = [asked.rule_set().names[number] for number in verdict.failed]
    assert names == ['max_order_notional']


def test_the_rule_set_leads_with_the_trading_state():
    asked = gate(max_position=50.0)
    assert asked.rule_set() == records.RuleSet(
        names=('halted', 'max_position'),
        limits=(None, 50.0),
        units=('state', 'units'),
    )


def test_a_rule_that_is_added_is_in_the_rule_set_and_holds():
    asked = gate()
    assert asked.rule_set().names == ('halted',)
    asked.add_risk_rule(rules.MaxPosition(5.0))
    assert asked.rule_set().names == ('halted', 'max_position')
    verdict = asked.evaluate_order(order(BUY, 10.0), world().system)
    assert verdict.decision is DENY


def test_a_rule_without_a_limit_lets_all_pass():
    asked = manager.RiskManager([rules.MaxPosition(None)])
    verdict = asked.evaluate_order(order(BUY, 1e9), world().system)
    assert verdict.decision is APPROVE
    assert verdict.figures == (0.0, 1e9)


# state, typed flatten, the order shrinks the position: does it pass?
STATES = [
    ('TRADING', False, False, True),
    ('TRADING', False, True, True),
    ('REDUCING', False, False, False),
    ('REDUCING', False, True, True),
    ('REDUCING', True, False, False),
    ('REDUCING', True, True, True),
    ('HALTED', False, False, False),
    ('HALTED', False, True, False),
    ('HALTED', True, False, False),
    ('HALTED', True, True, True),
]


@pytest.mark.parametrize('held', [40.0, -40.0])
@pytest.mark.parametrize(('name', 'flatten', 'shrinks', 'passes'), STATES)
def test_what_a_trading_state_admits(name, flatten, shrinks, passes, held):
    before = world(held)
    before.trading(name)
    out = SELL if held > 0 else BUY
    one = order(out, 40.0) if shrinks else order(out, 41.0)
    verdict = gate().evaluate_order(one, before.system, flatten=flatten)
    assert (verdict.decision is APPROVE) is passes
    assert verdict.failed == (() if passes else (0,))
    assert verdict.figures == ((0.0,) if passes else (1.0,))


def test_halted_says_who_and_why():
    before = world()
    before.trading('HALTED', 'signal', 'SIGUSR1')
    verdict = gate().evaluate_order(order(), before.system)
    assert verdict.message == (
        'trading is HALTED (signal: SIGUSR1); '
        'this order does not shrink a position'
    )


def test_halted_says_the_same_of_an_order_that_shrinks():
    before = world(40.0)
    before.trading('HALTED')
    verdict = gate().evaluate_order(order(SELL, 1.0), before.system)
    assert verdict.message == 'trading is HALTED (operator: test)'


def test_a_flatten_is_judged_by_the_other_rules_too():
    before = world(40.0)
    before.trading('HALTED')
    collar = gate(price_collar=0.05)
    one = order(SELL, 40.0, price=50.0)
    verdict = collar.evaluate_order(one, before.system, flatten=True)
    assert verdict.failed == (1,)


@pytest.mark.parametrize(
    ('price', 'expected'), [(100.0, 100.0), (99.0, 101.0), (0.0, 0.0)]
)
def test_sizing_gives_whole_units_worth_a_share_of_the_equity(price, expected):
    asked = manager.RiskManager(size_fraction=0.1)
    signal = orders.Signal(symbol='X', side=BUY)
    assert asked.sized(signal, price, world().system).quantity == expected


def test_figures_are_finite_or_none():
    verdict = gate(**dict.fromkeys(rules.RULES, 1.0)).evaluate_order(
        order(BUY, 1.0, price=1.0), World().system
    )
    assert all(
        figure is None or math.isfinite(figure) for figure in verdict.figures
    )


@pytest.mark.parametrize(
    ('side', 'stop', 'expected'),
    [
        (SELL, 160.0, DENY),
        (SELL, 103.0, APPROVE),
        (SELL, 50.0, APPROVE),
        (BUY, 60.0, DENY),
        (BUY, 97.0, APPROVE),
        (BUY, 200.0, APPROVE),
    ],
)
def test_a_collar_denies_a_stop_that_would_trigger_at_once(
    side, stop, expected
):
    one = order(side, 1.0, stop_price=stop)
    verdict = gate(price_collar=0.05).evaluate_order(one, world().system)
    assert verdict.decision is expected


def configured():
    """A gate over a strategy with a capital and a loss that it may make."""
    limits = specs.Limits(max_loss=100.0)
    made = manager.RiskManager()
    made.add_strategy(
        specs.StrategySpec('a', 'r', capital=1_000.0, limits=limits)
    )
    return made


def test_breaches_are_those_of_every_strategy_and_told_once():
    before = world(40.0)
    assert manager.RiskManager().breaches(before.system) == ()
    assert not manager.RiskManager().watches
    made = configured()
    assert made.watches
    assert made.breaches(before.system) == []
    book = before.system.books.setdefault('a', portfolio.Portfolio())
    book.cash = -101.0
    (told,) = made.breaches(before.system)
    assert told.startswith('strategy_max_loss(a)')
    assert made.breaches(before.system) == []


def test_nothing_is_sized_by_a_capital_that_is_lost():
    before = world()
    book = before.system.books.setdefault('a', portfolio.Portfolio())
    book.cash = -400.0
    assert configured().equity('a', before.system) == 600.0
    book.cash = -2_000.0
    assert configured().equity('a', before.system) == 0.0
    signal = orders.Signal(symbol='X', side=BUY, strategy='a')
    assert configured().sized(signal, 100.0, before.system) == (
        0.0,
        'the sizing equity_fraction gives nothing: the equity is 0',
    )


def test_a_lent_account_has_the_buying_power_of_its_initial_margin():
    own = manager.RiskManager([rules.BuyingPower(0.8), rules.MaxPosition(5)])
    lent = own.lending(0.5)
    assert [rule.limit for rule in lent.rules] == [1.6, 5]
    assert lent.rule_set().limits == (None, 1.6, 5)
    assert [rule.limit for rule in own.rules] == [0.8, 5]


def test_another_gate_asks_one_rule_more():
    gate = manager.RiskManager([rules.MaxPosition(5.0)])
    gate.rule_set()
    other = gate.also(rules.MaxOrderNotional(10.0))
    assert other.rule_set().names[1:] == ('max_position', 'max_order_notional')
    assert gate.rule_set().names[1:] == ('max_position',)


def scoped(kind, limit, **more):
    return scopes.Scoped('r', kind(limit), scopes.Scope(), **more)


def test_a_soft_limit_tells_and_lets_pass():
    made = manager.RiskManager([scoped(rules.MaxPosition, 5.0, soft=True)])
    verdict = made.evaluate_order(order(BUY, 6.0), world().system)
    assert (verdict.decision, verdict.failed) == (APPROVE, ())
    assert verdict.quantity == 6.0
    assert 'max_position(r): 6 units' in verdict.message


@hypothesis.given(
    limit=st.integers(0, 40),
    notional=st.integers(0, 4_000),
    quantity=st.floats(0.5, 60.0),
    side=st.sampled_from([BUY, SELL]),
    held=st.integers(-30, 30),
    pending=st.integers(0, 10),
)
@hypothesis.settings(max_examples=100, deadline=None)
def test_what_is_reduced_passes_and_one_unit_more_does_not(
    limit, notional, quantity, side, held, pending
):
    system = world(float(held), float(pending), side).system
    kinds = [(rules.MaxPosition, limit), (rules.MaxOrderNotional, notional)]
    hard = manager.RiskManager([scoped(*each) for each in kinds])
    made = manager.RiskManager([scoped(*each, reduces=True) for each in kinds])
    one = order(side, quantity)
    verdict = made.evaluate_order(one, system)
    alone = hard.evaluate_order(one, system)
    passing = [
        units
        for units in range(1, math.ceil(quantity))
        if hard.evaluate_order(order(side, float(units)), system).decision
        is APPROVE
    ]
    if alone.decision is APPROVE:
        assert (verdict.decision, verdict.quantity) == (APPROVE, quantity)
    elif passing:
        assert verdict.decision is records.Decision.REDUCE
        assert verdict.quantity == max(passing)
        assert verdict.message.endswith(f'reduced from {quantity:g}')
    else:
        assert verdict.decision is DENY


def test_a_rule_that_does_not_reduce_denies_for_all():
    made = manager.RiskManager(
        [
            scoped(rules.MaxPosition, 5.0, reduces=True),
            scoped(rules.MaxOrderNotional, 550.0),
        ]
    )
    system = world().system
    assert made.evaluate_order(order(BUY, 6.0), system).decision is DENY


def test_a_reduced_order_has_passed_the_rules_that_it_did_not_fail():
    made = manager.RiskManager(
        [
            rules.BuyingPower(None),
            scoped(rules.MaxPosition, 1.0, soft=True),
            scoped(rules.MaxPosition, 5.0, reduces=True),
        ]
    )
    verdict = made.evaluate_order(order(BUY, 60.0), world().system)
    assert verdict.decision is records.Decision.REDUCE
    assert (verdict.quantity, verdict.failed) == (5.0, (3,))


@pytest.mark.parametrize(
    'more',
    [
        {'parent': 'p'},
        {'oco': 'g'},
        {'status': orders.OrderStatus.ACCEPTED},
    ],
)
def test_exits_groups_and_changes_are_denied_not_reduced(more):
    made = manager.RiskManager([scoped(rules.MaxPosition, 5.0, reduces=True)])
    verdict = made.evaluate_order(order(BUY, 6.0, **more), world().system)
    assert verdict.decision is DENY


def test_a_halt_reduces_nothing():
    before = world()
    before.trading('HALTED')
    made = manager.RiskManager([scoped(rules.MaxPosition, 5.0, reduces=True)])
    verdict = made.evaluate_order(order(BUY, 6.0), before.system)
    assert verdict.decision is DENY


def test_it_gives_the_metrics_of_the_state_and_remembers_the_peak():
    gate = manager.RiskManager()
    world = worlds.World(X=100.0)
    world.hold('X', 10.0)
    history = metrics.History(61)
    found = gate.calculate_risk_metrics(
        world.system, history, measured.Metrics(), universe=('X',)
    )
    assert (found.gross, found.equity) == (1_000.0, worlds.CASH)
    assert 'volatility' in found.missing
    world.price('X', 50.0)
    found = gate.calculate_risk_metrics(
        world.system, history, measured.Metrics()
    )
    assert found.peak_drawdown == pytest.approx(500.0 / worlds.CASH)
