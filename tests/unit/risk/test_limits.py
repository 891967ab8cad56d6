"""Every kind of rule: under its limit, at it, past it; with what works, too."""

import math

import pytest

from sting.model import orders
from sting.model import records
from sting.model import riskfigures
from sting.model import sessions
from sting.risk import catalog
from sting.risk import manager
from sting.risk import outside
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit

KINDS = {**catalog.OF_ACCOUNT, **catalog.OF_SCOPE}
APPROVE, DENY = records.Decision.APPROVE, records.Decision.DENY
SELL = {'side': worlds.SELL}
BUY_LIMIT = {'price': 100.0}
# A second before the order that is judged, where a rule looks back.
WORKS = {'price': 100.0, 'quantity': 5.0, 'created': 1}
ASKED = {'quantity': 10.0, 'created': 2}

# By kind: the order; its figure alone; and with an order of 5 that works.
# The account has 100,000 in cash; X costs 100.
TABLE = {
    'max_order_notional': ({}, 1000.0, 1000.0),
    'max_position': ({}, 10.0, 15.0),
    'max_position_notional': ({}, 1000.0, 1500.0),
    'price_collar': ({'price': 105.0}, 0.05, 0.05),
    'buying_power': ({}, 0.01, 0.015),
    'gross_exposure': ({}, 0.01, 0.015),
    'net_exposure': ({}, 0.01, 0.015),
    'concentration': ({}, 0.01, 0.015),
    'max_short': (SELL, 10.0, 15.0),
    'shortable': (SELL, 10.0, 15.0),
    'restricted': ({}, 1.0, 1.0),
    'daily_loss': ({}, 500.0, 500.0),
    'daily_drawdown': ({}, 0.005, 0.005),
    'drawdown': ({}, 0.005, 0.005),
    'order_rate': ({}, 1.0, 2.0),
    'message_rate': ({}, 1.0, 2.0),
    'repeated_orders': ({'quantity': 5.0, **BUY_LIMIT}, 0.0, 1.0),
    'cancel_ratio': ({}, 0.5, 0.5),
    'max_open_orders': ({}, 1.0, 2.0),
    'self_trade': ({}, 0.0, 1.0),
    'max_bar_age': ({'created': 7_000_000_001}, 7.0, 7.0),
    'session_hours': ({'created': 7_000_000_001}, 2.0, 2.0),
    'volatility': ({}, 0.25, 0.25),
    'value_at_risk': ({}, 0.03, 0.03),
    'correlation': ({}, 0.6, 0.6),
}
MEASURED = ('volatility', 'value_at_risk', 'correlation')
# What a running profile knows besides.
KNOWN = outside.Known(
    metrics=lambda: riskfigures.RiskMetrics(
        equity=100_000.0,
        volatility=0.2,
        volatility_ewma=0.25,
        correlation=0.6,
        symbols=(
            riskfigures.Exposure('X', 1000.0, 0.0),
            riskfigures.Exposure('Y', 1000.0, 0.0),
        ),
        tails=(
            riskfigures.TailRisk('normal', 0.95, 9000.0, 9500.0),
            riskfigures.TailRisk('normal', 0.99, 2000.0, 3000.0),
            riskfigures.TailRisk('historical', 0.99, 3000.0, 3500.0),
        ),
    ),
    sessions=sessions.Sessions(
        calendar='TEST',
        days=(0, 1),
        opens=(0, 10**12),
        closes=(5_000_000_001, 2 * 10**12),
    ),
)
LOSING = ('daily_loss', 'daily_drawdown', 'drawdown')


def test_every_kind_of_rule_is_in_the_table():
    assert set(TABLE) == set(KINDS)


def judged(kind, limit, *, working):
    """Gives the verdict of one rule."""
    world = worlds.World(X=100.0, Y=100.0)
    more, *_ = TABLE[kind]
    asked = worlds.order(**(ASKED | more))
    if kind in LOSING:
        # 10 units of another that fell by 50.
        world.hold('Y', 10.0)
        world.price('Y', 50.0)
    if kind in MEASURED:
        world.hold('Y', 10.0)
    if kind == 'cancel_ratio':
        for nth in range(10):
            _send(world, nth, cancelled=nth % 2 == 0)
    if working and kind == 'cancel_ratio':
        # One more of each.
        _send(world, 10, cancelled=True)
        _send(world, 11, cancelled=False)
    elif working:
        side = worlds.SELL if kind == 'self_trade' else asked.side
        world.pend(worlds.order(side, id='works', **WORKS))
    rule = KINDS[kind](limit)
    if isinstance(rule, outside.OutsideRule):
        rule.known = KNOWN
    gate = manager.RiskManager([rule])
    return gate.evaluate_order(asked, world.system)


def _send(world, nth, *, cancelled):
    """Has an order of another symbol sent, and cancelled or not."""
    sent = world.pend(
        worlds.order(symbol='Y', id=f's{nth}', created=1, quantity=1.0)
    )
    if cancelled:
        world.take(
            worlds.T.ORDER_UPDATE,
            orders.OrderUpdate(
                order_id=sent.id, status=orders.OrderStatus.CANCELLED
            ),
            'Y',
        )


@pytest.mark.parametrize('working', [False, True])
@pytest.mark.parametrize('kind', TABLE)
def test_the_figure_is_that_of_the_table(kind, working):
    verdict = judged(kind, 0.0, working=working)
    assert verdict.figures[1] == pytest.approx(TABLE[kind][1 + working])


@pytest.mark.parametrize('working', [False, True])
@pytest.mark.parametrize('kind', TABLE)
def test_an_order_passes_under_and_at_the_limit_and_not_past_it(kind, working):
    figure = TABLE[kind][1 + working]
    step = figure / 100.0 or 1.0
    assert judged(kind, figure + step, working=working).decision is APPROVE
    assert judged(kind, figure, working=working).decision is APPROVE
    if figure:
        past = judged(kind, figure - step, working=working)
        assert (past.decision, past.failed) == (DENY, (1,))


@pytest.mark.parametrize('kind', LOSING)
def test_a_loss_that_is_not_known_denies_what_opens(kind):
    world = worlds.World(X=100.0, Y=100.0)
    gate = manager.RiskManager([KINDS[kind](1e6)])
    world.system.peak = 100_000.0
    asked = worlds.order()
    assert gate.evaluate_order(asked, world.system).decision is APPROVE
    # Counted at what was paid, which hides whatever it has lost.
    world.hold('Z', 10.0)
    verdict = gate.evaluate_order(asked, world.system)
    assert verdict.decision is DENY
    assert 'has no price' in verdict.message
    world.price('Z', 90.0)
    assert gate.evaluate_order(asked, world.system).decision is APPROVE
    world.system.portfolio.cash = math.nan
    assert gate.evaluate_order(asked, world.system).decision is DENY


def test_what_shrinks_passes_without_a_known_loss():
    world = worlds.World(X=100.0)
    world.hold('X', 10.0)
    world.hold('Z', 10.0)
    gate = manager.RiskManager([KINDS['daily_loss'](1e6)])
    asked = worlds.order(worlds.SELL, 5.0)
    assert gate.evaluate_order(asked, world.system).decision is APPROVE
