import pytest

from sting.model import errors
from tests.unit.library import play

pytestmark = pytest.mark.unit

QUICK = {'period': 2, 'weight': 0.5}
# Up, then a fast fall.
FALL = [10.0, 11.0, 12.0, 11.0, 9.0]


def test_it_buys_a_fast_fall_and_sells_the_recovery():
    played = play.play('rsi_reversion', [*FALL, 9.0, 12.0, 12.0], **QUICK)
    assert played.wishes() == [(4, 'X', 0.5), (6, 'X', 'close')]
    assert [fill[:3] for fill in played.fills] == [
        (5, 'X', 'buy'),
        (7, 'X', 'sell'),
    ]
    assert played.signals[0][1].reason == 'RSI(2) fell to 16.7'


def test_its_patience_ends():
    falling = [*FALL, 8.9, 8.8, 8.7, 8.6, 8.5]
    played = play.play('rsi_reversion', falling, patience=3, **QUICK)
    assert played.wishes() == [(4, 'X', 0.5), (7, 'X', 'close')]
    assert played.signals[1][1].reason == 'no recovery in 3 bars'


def test_a_market_that_stands_still_is_left_alone():
    assert not play.play('rsi_reversion', [10.0] * 20, **QUICK).signals


def test_levels_the_wrong_way_round_are_refused():
    with pytest.raises(errors.StrategyError, match='oversold 40 must be below'):
        play.play('rsi_reversion', [1.0], oversold=40, recovered=40)
