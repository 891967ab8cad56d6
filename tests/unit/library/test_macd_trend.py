import pytest

from sting.model import errors
from tests.unit.library import play

pytestmark = pytest.mark.unit

QUICK = {'fast': 1, 'slow': 2, 'signal': 2, 'trend': 4, 'weight': 0.5}
DIP = [10.0, 11.0, 12.0, 13.0, 12.5, 12.0, 14.0, 16.0, 15.0, 13.0]


def test_it_buys_an_upturn_above_the_average_and_sells_the_next_down():
    played = play.play('macd_trend', DIP, **QUICK)
    assert (6, 'X', 0.5) in played.wishes()
    assert played.fills[0][:3] == (7, 'X', 'buy')
    assert played.fills[1][2] == 'sell'
    _, bought = next(
        (day, signal) for day, signal in played.signals if day == 6
    )
    assert bought.reason == (
        'MACD(1, 2, 2) crossed above its signal, above EMA(4)'
    )
    assert 'MACD(1, 2, 2).signal' in bought.indicators


def test_an_upturn_below_the_average_is_left_alone():
    fall = [40.0, 36.0, 32.0, 28.0, 24.0, 20.0, 21.0, 21.0, 19.0]
    played = play.play('macd_trend', fall, **QUICK)
    assert not played.fills


def test_averages_the_wrong_way_round_are_refused():
    with pytest.raises(errors.StrategyError, match='fast 9 must be below'):
        play.play('macd_trend', [1.0], fast=9, slow=3)
