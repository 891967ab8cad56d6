import pytest

from tests.unit.library import play

pytestmark = pytest.mark.unit

QUICK = {'period': 4, 'width': 1.5, 'weight': 0.5}


def test_it_buys_below_the_band_and_sells_at_the_middle():
    closes = [10.0, 10.0, 10.0, 8.0, 8.0, 10.0, 10.0]
    played = play.play('bollinger_reversion', closes, **QUICK)
    assert played.wishes() == [(3, 'X', 0.5), (5, 'X', 'close')]
    assert [fill[:3] for fill in played.fills] == [
        (4, 'X', 'buy'),
        (6, 'X', 'sell'),
    ]
    signal = played.signals[0][1]
    assert signal.reason == 'below the lower band of Bollinger(4, 1.5)'
    assert signal.indicators['Bollinger(4, 1.5)'] == 9.5


@pytest.mark.parametrize('short', [False, True])
def test_it_sells_short_only_where_it_may(short):
    closes = [10.0, 10.0, 10.0, 12.0, 12.0, 10.0, 10.0]
    played = play.play('bollinger_reversion', closes, short=short, **QUICK)
    expected = [(3, 'X', -0.5), (5, 'X', 'close')]
    assert played.wishes() == (expected if short else [])


def test_equal_prices_are_in_no_band():
    played = play.play('bollinger_reversion', [10.0] * 9, short=True, **QUICK)
    assert not played.signals
