"""Rules of the figures of risk and of the calendar."""

import math

import pytest

from sting import settings
from sting.model import market
from sting.model import riskfigures
from sting.model import sessions
from sting.risk import gate
from sting.risk import outside
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit

MINUTE = 60 * market.NANOSECONDS
HOURS = sessions.Sessions(
    calendar='TEST',
    days=(0, 1),
    opens=(10 * MINUTE, 100 * MINUTE),
    closes=(20 * MINUTE, 110 * MINUTE),
)


def figure(rule, order=None, *, held=10.0, known=None):
    world = worlds.World(X=100.0)
    if held:
        world.hold('X', held)
    rule.known = known or outside.Known()
    return rule.figure(order or worlds.order(), world.system)


def measured(**fields):
    found = riskfigures.RiskMetrics(equity=1000.0, **fields)
    return outside.Known(metrics=lambda: found)


@pytest.mark.parametrize(
    'kind', [outside.Volatility, outside.ValueAtRisk, outside.Correlation]
)
def test_what_is_not_measured_yet_denies_unless_nothing_is_held(kind):
    assert figure(kind(1.0)) == math.inf
    assert figure(kind(1.0), held=0.0) == 0.0


@pytest.mark.parametrize(
    'kind', [outside.Volatility, outside.ValueAtRisk, outside.Correlation]
)
def test_what_shrinks_a_position_passes(kind):
    assert figure(kind(0.0), worlds.order(worlds.SELL, quantity=1.0)) is None


def test_too_few_bars_deny():
    many = tuple(riskfigures.Exposure(s, 1.0, 0.0) for s in 'XY')
    assert figure(outside.Volatility(1.0), known=measured()) == math.inf
    assert figure(outside.ValueAtRisk(1.0), known=measured()) == math.inf
    known = measured(symbols=many)
    assert figure(outside.Correlation(1.0), known=known) == math.inf


def test_a_gain_is_no_value_at_risk_and_what_moves_against_no_correlation():
    tails = (riskfigures.TailRisk('normal', 0.95, -5.0, 1.0),)
    many = tuple(riskfigures.Exposure(s, 1.0, 0.0) for s in 'XY')
    assert figure(outside.ValueAtRisk(1.0), known=measured(tails=tails)) == 0.0
    known = measured(symbols=many, correlation=-0.5)
    assert figure(outside.Correlation(1.0), known=known) == 0.0
    known = measured(symbols=many[:1])
    assert figure(outside.Correlation(1.0), known=known) == 0.0


@pytest.mark.parametrize(
    ('minute', 'seconds'),
    [
        (9, math.inf),
        (10, 0.0),
        (15, 0.0),
        (20, 0.0),
        (21, 60.0),
        (60, 2400.0),
        (99, 60.0),
        (100, math.inf),
    ],
)
def test_session_hours_count_the_seconds_to_the_nearest_session(
    minute, seconds
):
    order = worlds.order(created=minute * MINUTE)
    rule = outside.SessionHours(0.0)
    assert figure(rule, order, known=outside.Known(sessions=HOURS)) == seconds


def test_without_a_calendar_yet_nothing_opens_a_position():
    assert figure(outside.SessionHours(0.0)) == math.inf
    shrinks = worlds.order(worlds.SELL, quantity=1.0)
    assert figure(outside.SessionHours(0.0), shrinks) is None


def test_the_gate_has_one_place_for_what_its_rules_know():
    made = gate.build(
        {},
        settings.Sizing(),
        scoped={
            kind: settings.ScopedRule(rule=kind, limit=0.0)
            for kind in ('session_hours', 'volatility')
        },
    )
    made.known.sessions = HOURS
    world = worlds.World(X=100.0)
    late = worlds.order(created=21 * MINUTE)
    verdict = made.evaluate_order(late, world.system)
    assert verdict.message == (
        'session_hours(session_hours): 60 s outside of a session is above '
        'the limit of 0'
    )
    assert verdict.figures == (0.0, 60.0, 0.0)


@pytest.mark.parametrize(
    'kind', ['session_hours', 'volatility', 'value_at_risk', 'correlation']
)
def test_a_backtest_does_not_know_them(kind):
    with pytest.raises(ValueError, match='a backtest does not know'):
        settings.ScopedRule(rule=kind, limit=1.0, backtest=True)


@pytest.mark.parametrize('kind', ['session_hours', 'volatility'])
def test_they_are_of_the_account(kind):
    entry = settings.ScopedRule(
        rule=kind, limit=1.0, scope=settings.Scope(symbols=('X',))
    )
    with pytest.raises(Exception, match='drop `for`'):
        gate.build({}, settings.Sizing(), scoped={'mine': entry})
