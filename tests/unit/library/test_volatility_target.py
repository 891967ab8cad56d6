import pytest

from sting.model import orders
from sting.risk import manager
from sting.risk import rules
from tests.unit.library import play

pytestmark = pytest.mark.unit

QUICK = {
    'period': 2,
    'bars_per_year': 1.0,
    'target': 0.02,
    'share': 0.4,
    'most': 0.8,
}


def target(closes, gate=None, **given):
    return play.play('volatility_target', closes, gate, **QUICK | given)


def test_it_holds_less_of_what_moves_more():
    # Returns of +10 % and -10 %: a deviation of 0.1, five times the target.
    played = target([100.0, 110.0, 99.0, 99.0])
    assert played.wishes()[0] == (2, 'X', 0.08)
    assert played.signals[0][1].reason == 'Volatility(2, 1) is 10.0%'
    # Half as wild, twice as much.
    assert played.wishes()[1] == (3, 'X', 0.16)


def test_of_what_does_not_move_it_holds_the_most():
    played = target([100.0] * 6)
    assert played.wishes() == [(2, 'X', 0.8)]


def test_a_small_change_is_not_traded():
    closes = [100.0, 110.0, 99.0, 109.0]
    assert len(target(closes, band=0.0).signals) == 2
    assert len(target(closes, band=0.1).signals) == 1


def test_what_came_to_nothing_is_wanted_again():
    class Nothing(rules.RiskRule):
        name = 'nothing'
        unit = ''

        def figure(self, order, system):
            return float(order.type is orders.OrderType.MARKET)

    gate = manager.RiskManager([Nothing(0.5)])
    assert len(target([100.0] * 6, gate).signals) == 4
