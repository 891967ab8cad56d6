"""Exposure, concentration, short sales and losses, to the unit."""

import pytest

from sting.model import records
from sting.risk import catalog
from sting.risk import exposure
from sting.risk import manager
from sting.risk import scopes
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit

BUY, SELL = worlds.BUY, worlds.SELL
order = worlds.order
APPROVE, DENY = records.Decision.APPROVE, records.Decision.DENY


def judge(name, limit, one, world, scope=None):
    kind = {**catalog.OF_ACCOUNT, **catalog.OF_SCOPE}[name]
    rule = scopes.Scoped('r', kind(limit), scope or scopes.Scope())
    verdict = manager.RiskManager([rule]).evaluate_order(one, world.system)
    return verdict.decision


def world(held=0.0, pending=0.0, side=BUY):
    made = worlds.World(X=100.0, Y=100.0)
    if held:
        made.hold('X', held)
    if pending:
        made.pend(order(side, pending, id='p1', price=100.0))
    return made


# Rule, its limit, units at the limit, held and working before; the equity is
# 100,000 and a unit is worth 100.
LIMITS = [
    ('gross_exposure', 0.01, 10.0, 0.0, 0.0),
    ('gross_exposure', 0.06, 10.0, 25.0, 25.0),
    ('net_exposure', 0.01, 10.0, 0.0, 0.0),
    ('net_exposure', 0.06, 10.0, 25.0, 25.0),
    ('concentration', 0.01, 10.0, 0.0, 0.0),
    ('concentration', 0.06, 10.0, 25.0, 25.0),
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
    assert judge(name, limit, one, before) is expected


@pytest.mark.parametrize(
    'name', ['gross_exposure', 'net_exposure', 'concentration']
)
def test_getting_out_always_passes(name):
    assert judge(name, 0.0, order(SELL, 10.0), world(10.0)) is APPROVE
    assert judge(name, 0.0, order(SELL, 5.0), world(10.0)) is APPROVE
    assert judge(name, 0.0, order(BUY, 5.0), world(-10.0)) is APPROVE
    assert judge(name, 0.0, order(SELL, 21.0), world(10.0)) is DENY


@pytest.mark.parametrize(
    'name', ['gross_exposure', 'net_exposure', 'concentration']
)
def test_without_a_price_nothing_passes(name):
    one = order(BUY, 1.0, symbol='Z')
    assert judge(name, 1e9, one, world()) is DENY


def test_net_exposure_lets_a_hedge_pass_and_gross_does_not():
    one = order(SELL, 10.0, symbol='Y')
    assert judge('net_exposure', 0.01, one, world(20.0)) is APPROVE
    assert judge('gross_exposure', 0.02, one, world(20.0)) is DENY


def test_net_exposure_counts_other_symbols_that_work():
    made = world()
    made.pend(order(BUY, 10.0, symbol='Y', id='p'))
    made.pend(order(SELL, 10.0, symbol='Y', id='q'))
    assert judge('net_exposure', 0.02, order(BUY, 10.0), made) is APPROVE
    assert judge('net_exposure', 0.02, order(BUY, 11.0), made) is DENY


def test_net_exposure_counts_what_works_in_several_symbols():
    made = world()
    made.price('Z', 100.0)
    for nth, symbol in enumerate('XYYZ'):
        made.pend(order(BUY, 10.0, symbol, f'p{nth}', price=100.0))
    # 40 units that work, and this order's; twice, as what is kept is used.
    for _ in range(2):
        assert judge('net_exposure', 0.05, order(BUY, 10.0), made) is APPROVE
        assert judge('net_exposure', 0.05, order(BUY, 11.0), made) is DENY


@pytest.mark.parametrize(
    ('held', 'work', 'quantity', 'expected'),
    [
        (0.0, 0.0, 5.0, APPROVE),
        (0.0, 0.0, 6.0, DENY),
        (10.0, 0.0, 15.0, APPROVE),
        (10.0, 0.0, 16.0, DENY),
        (10.0, 4.0, 11.0, APPROVE),
        (10.0, 4.0, 12.0, DENY),
    ],
)
def test_short_sales_end_at_their_units(held, work, quantity, expected):
    made = world(held, work, SELL)
    assert judge('max_short', 5.0, order(SELL, quantity), made) is expected


def test_only_what_is_listed_may_be_sold_short():
    rule = exposure.Shortable(5.0, ['X'])
    made = world()
    assert rule.figure(order(SELL, 50.0), made.system) is None
    assert rule.figure(order(SELL, 50.0, symbol='Y'), made.system) == 50.0
    assert rule.figure(order(BUY, 50.0, symbol='Y'), made.system) is None


def test_a_buy_is_no_short_sale():
    assert judge('max_short', 0.0, order(BUY, 5.0), world()) is APPROVE


def test_what_is_restricted_may_only_be_left():
    only_x = scopes.Scope(symbols=frozenset('X'))
    made = world(10.0)
    assert judge('restricted', 0.0, order(BUY), made, only_x) is DENY
    assert judge('restricted', 0.0, order(SELL), made, only_x) is APPROVE
    other = order(BUY, symbol='Y')
    assert judge('restricted', 0.0, other, made, only_x) is APPROVE


@pytest.mark.parametrize(
    ('price', 'expected'), [(95.0, APPROVE), (94.0, APPROVE), (93.0, DENY)]
)
@pytest.mark.parametrize(
    ('name', 'limit'), [('daily_loss', 600.0), ('daily_drawdown', 0.006)]
)
def test_a_loss_of_the_day_ends_what_opens(name, limit, price, expected):
    made = world(100.0)
    made.price('X', price)
    assert judge(name, limit, order(BUY), made) is expected
    assert judge(name, limit, order(SELL, 100.0), made) is APPROVE


def test_a_gain_is_no_loss():
    made = world(100.0)
    made.price('X', 200.0)
    assert judge('daily_loss', 0.0, order(BUY), made) is APPROVE
    assert judge('daily_drawdown', 0.0, order(BUY), made) is APPROVE


def test_a_loss_of_the_day_is_the_accounts():
    for kind in (exposure.DailyLoss, exposure.DailyDrawdown):
        assert 'account' in kind.check(scopes.Scope('a'))
        assert kind.check(scopes.Scope()) == ''
