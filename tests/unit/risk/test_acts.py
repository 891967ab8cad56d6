"""Rules that act by themselves, in an engine with the real gate."""

import pytest

from sting import settings
from sting.engine import image
from sting.engine import state
from sting.model import commands
from sting.model import errors
from sting.model import records
from sting.model import riskfigures
from sting.risk import acts
from sting.risk import exposure
from sting.risk import gate
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

HALTED = records.TradingState.HALTED
REDUCING = records.TradingState.REDUCING
TRADING = records.TradingState.TRADING
# 100 units: a price that falls by 10 loses 1,000, 1 per cent of the cash.
LIMITS = {'daily_loss': 1000.0, 'daily_drawdown': 0.01, 'drawdown': 0.01}


def acting(*configured):
    """An engine with rules, each (kind, what it does, limit)."""
    made = gate.build(
        {},
        settings.Sizing(),
        scoped={
            f'{kind}-{does}': settings.ScopedRule(
                rule=kind, limit=limit, act=does
            )
            for kind, does, limit in configured
        },
    )
    world = worlds.World(*made.rules)
    world.engine._gate = made
    world.keep(world.engine.adopt_rules())
    world.held(100.0)
    return world


@pytest.mark.parametrize('kind', LIMITS)
@pytest.mark.parametrize(
    ('does', 'becomes'), [('reduce', REDUCING), ('halt', HALTED)]
)
@pytest.mark.parametrize(('price', 'acts'), [(90.01, 0), (90, 0), (89.99, 1)])
def test_it_acts_past_its_limit_and_not_at_it(kind, does, becomes, price, acts):
    world = acting((kind, does, LIMITS[kind]))
    world.bar(price=price)
    assert world.state.trading is (becomes if acts else TRADING)
    assert bool(world.state.halted_by) is bool(acts)


def test_it_tells_who_acted_and_with_which_figure():
    world = acting(('daily_loss', 'reduce', 1000.0))
    world.bar(price=80.0)
    assert world.alerts(records.Severity.CRITICAL) == [
        'REDUCING by rule daily_loss(daily_loss-reduce): '
        'daily_loss(daily_loss-reduce): 2,000 in cash is above the limit of '
        '1,000'
    ]


@pytest.mark.parametrize(('does', 'left'), [('halve', 50.0), ('close', 0.0)])
def test_it_closes_the_share_that_it_says_and_lets_nothing_grow(does, left):
    world = acting(('daily_loss', does, 1000.0))
    world.bar(price=80.0)
    assert world.state.trading is REDUCING
    (order,) = world.placed()
    assert (order.side, order.quantity) == (worlds.SELL, 100.0 - left)
    world.update(order.id, worlds.S.ACCEPTED, broker_id='b')
    world.fill(order.id, order.quantity, side=worlds.SELL)
    assert world.state.portfolio.quantity('AAPL') == left
    world.bar(price=70.0)
    assert world.placed() == []


def test_steps_follow_each_other_and_none_acts_twice():
    world = acting(
        ('daily_loss', 'halve', 1000.0), ('daily_drawdown', 'close', 0.03)
    )
    world.bar(price=85.0)
    (half,) = world.placed()
    world.update(half.id, worlds.S.ACCEPTED, broker_id='b')
    world.fill(half.id, 50.0, side=worlds.SELL)
    world.bar(price=30.0)
    (rest,) = world.placed()
    assert rest.quantity == 50.0
    world.bar(price=29.0)
    assert world.placed() == []


def test_half_follows_half():
    world = acting(
        ('daily_loss', 'halve', 1000.0), ('daily_drawdown', 'halve', 0.03)
    )
    world.bar(price=85.0)
    (half,) = world.placed()
    world.update(half.id, worlds.S.ACCEPTED, broker_id='b')
    world.fill(half.id, 50.0, side=worlds.SELL)
    world.bar(price=30.0)
    (quarter,) = world.placed()
    assert quarter.quantity == 25.0


def test_half_waits_for_the_half_before_it():
    world = acting(
        ('daily_loss', 'halve', 1000.0), ('daily_drawdown', 'halve', 0.03)
    )
    world.bar(price=60.0)
    (half,) = world.placed()
    world.update(half.id, worlds.S.ACCEPTED, broker_id='b')
    world.bar(price=60.0)
    assert world.placed() == []
    world.fill(half.id, 50.0, side=worlds.SELL)
    world.bar(price=30.0)
    (quarter,) = world.placed()
    assert quarter.quantity == 25.0


def test_what_closes_all_is_not_followed_by_what_closes_half():
    world = acting(
        ('daily_loss', 'halve', 1000.0), ('daily_drawdown', 'close', 0.03)
    )
    world.bar(price=60.0)
    (whole,) = world.placed()
    assert whole.quantity == 100.0
    world.bar(price=59.0)
    assert world.placed() == []


def test_a_halt_goes_before_what_closes():
    world = acting(
        ('daily_loss', 'close', 1000.0), ('daily_drawdown', 'halt', 0.01)
    )
    world.bar(price=60.0)
    assert world.state.trading is HALTED
    assert world.placed() == []


def test_what_is_not_known_does_nothing_by_itself():
    world = acting(('volatility', 'close', 0.1))
    world.bar(price=60.0)
    assert world.state.trading is TRADING
    found = riskfigures.RiskMetrics(volatility=0.2)
    world.engine._gate.known.metrics = lambda: found
    world.bar(price=60.0)
    assert world.state.trading is REDUCING


def test_a_halt_cancels_what_works():
    world = acting(('daily_loss', 'halt', 1000.0))
    working = world.accepted(price=50.0, type=worlds.orders.OrderType.LIMIT)
    world.bar(price=80.0)
    assert world.status(working) is worlds.S.PENDING_CANCEL


def test_it_acts_once_a_day_also_after_a_resume():
    world = acting(('drawdown', 'reduce', 0.01))
    world.bar(price=80.0)
    world.command(commands.Resume, confirm=commands.RESUME_WORD)
    world.bar(price=70.0)
    assert world.state.trading is TRADING
    world.bar(price=70.0, timestamp=world.now + state.DAY)
    assert world.state.trading is REDUCING


def test_a_halt_goes_beyond_a_reduction():
    world = acting(
        ('daily_loss', 'reduce', 1000.0), ('daily_drawdown', 'halt', 0.03)
    )
    world.bar(price=80.0)
    assert world.state.trading is REDUCING
    world.bar(price=60.0)
    assert world.state.trading is HALTED


def test_that_it_acted_and_the_peak_are_in_the_checkpoint():
    world = acting(('drawdown', 'reduce', 0.01))
    world.bar(price=80.0)
    world.command(commands.Resume, confirm=commands.RESUME_WORD)
    again = state.SystemState()
    image.restore(again, image.encode(image.capture(world.state)))
    assert (again.peak, again.acted) == (world.state.peak, world.state.acted)
    assert world.engine._gate.monitor_positions(again) is None


def test_the_peak_is_of_days_before_and_a_loss_of_days_adds_up():
    world = acting(('drawdown', 'halt', 0.25))
    world.bar(price=85.0, timestamp=world.now + state.DAY)
    world.bar(price=200.0, timestamp=world.now + state.DAY)
    world.bar(price=200.0, timestamp=world.now + state.DAY)
    assert world.state.peak == 110_000.0
    world.bar(price=85.0, timestamp=world.now + state.DAY)
    assert world.state.peak == 110_000.0
    assert world.state.trading is TRADING


@pytest.mark.parametrize(('kind', 'moved'), [('adjustment', 500), ('fee', 0)])
def test_only_what_is_paid_in_or_out_moves_the_peak(kind, moved):
    world = acting(('drawdown', 'halt', 0.25))
    before = world.state.peak
    flow = records.CashFlow(kind=records.FlowKind(kind), amount=500.0)
    world.tell(worlds.T.CASH_FLOW, flow)
    assert world.state.peak == before + moved


@pytest.mark.parametrize('amount', [-5000.0, 5000.0])
def test_what_is_paid_in_or_out_is_no_loss_and_hides_none(amount):
    world = acting(('daily_loss', 'halt', 1000.0))
    flow = records.CashFlow(kind=records.FlowKind.ADJUSTMENT, amount=amount)
    world.tell(worlds.T.CASH_FLOW, flow)
    world.bar(price=90.0)
    assert world.state.trading is TRADING
    world.bar(price=89.0)
    assert world.state.trading is HALTED


def test_what_has_no_figure_without_an_order_cannot_act():
    entry = settings.ScopedRule(rule='max_position', limit=1.0, act='halt')
    with pytest.raises(errors.ConfigError, match=r'scoped\.big: max_position'):
        gate.build({}, settings.Sizing(), scoped={'big': entry})


def test_a_backtest_has_no_acts():
    with pytest.raises(ValueError, match='running profiles'):
        settings.ScopedRule(
            rule='drawdown', limit=1.0, act='halt', backtest=True
        )


def test_a_loss_that_is_not_known_does_nothing_by_itself():
    world = worlds.World()
    rule = exposure.Drawdown(0.01)
    act = acts.Act(rule, rule, 'halt')
    world.state.peak = 100_000.0
    world.held(10.0)
    world.state.prices.pop('AAPL')
    world.state.portfolio.cash = 1.0
    assert act.due(world.state) is None
    world.state.prices['AAPL'] = 1.0
    assert act.due(world.state) is not None
