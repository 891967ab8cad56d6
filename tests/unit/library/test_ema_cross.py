import pytest

from sting.model import errors
from tests.unit.library import play

pytestmark = pytest.mark.unit


def cross(closes, **given):
    return play.play('ema_cross', closes, **{'fast': 1, 'slow': 2} | given)


def test_it_buys_a_crossing_above_and_closes_at_one_below():
    # The slow average: 2.5, 3.5 , 3.17, ...
    played = cross([3.0, 2.0, 4.0, 3.0, 3.0], weight=0.5)
    assert played.wishes() == [(2, 'X', 0.5), (3, 'X', 'close')]
    assert [fill[:3] for fill in played.fills] == [
        (3, 'X', 'buy'),
        (4, 'X', 'sell'),
    ]
    _, bought = played.signals[0]
    assert bought.reason == 'EMA(1) crossed above EMA(2)'
    assert bought.indicators['EMA(1)'] == 4.0


def test_a_rise_from_the_first_bar_on_is_no_crossing():
    assert not cross([1.0, 2.0, 3.0, 4.0]).signals


def test_each_symbol_is_traded_by_itself():
    bars = play.bars(A=[3.0, 2.0, 4.0, 5.0], B=[4.0, 3.0, 2.0, 1.0])
    assert cross(bars).wishes() == [(2, 'A', 0.18)]


def test_averages_the_wrong_way_round_are_refused():
    with pytest.raises(errors.StrategyError, match='fast 9 must be below'):
        cross([1.0], fast=9, slow=3)
