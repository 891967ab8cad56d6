import pytest

from sting.model import errors
from sting.risk import manager
from sting.risk import rules
from tests.unit.library import play

pytestmark = pytest.mark.unit

QUICK = {'first': 'A', 'second': 'B', 'period': 5, 'entry': 1.5}
CALM = [10.0, 10.1, 9.9, 10.0, 10.1]


def pair(ahead, **given):
    bars = play.bars(A=[*CALM, *ahead], B=[20.0] * (5 + len(ahead)))
    return play.play('pairs_zscore', bars, **QUICK | given)


def test_it_sells_the_dear_one_and_buys_the_cheap_one():
    played = pair([11.0, 11.0])
    assert played.wishes()[:2] == [(5, 'A', -0.4), (5, 'B', 0.4)]
    assert [fill[:3] for fill in played.fills[:2]] == [
        (6, 'A', 'sell'),
        (6, 'B', 'buy'),
    ]
    signal = played.signals[0][1]
    assert signal.reason.startswith('RatioZScore(5, A, B) is +1.9')
    assert 'RatioZScore(5, A, B)' in signal.indicators


def test_it_buys_the_first_when_that_is_the_cheap_one():
    assert pair([9.0, 9.0]).wishes()[:2] == [(5, 'A', 0.4), (5, 'B', -0.4)]


def test_it_leaves_when_the_ratio_is_back():
    played = pair([11.0, 10.2, 10.2])
    assert played.wishes()[2:4] == [(6, 'A', 'close'), (6, 'B', 'close')]
    assert len(played.fills) == 4


def test_it_gives_up_when_the_ratio_runs_away_and_waits():
    # A deviation of 2 is all that five bars can show.
    given = {'entry': 1.2, 'stop': 1.9, 'exit': 0.1}
    played = pair([10.2, 11.9, 11.9, 12.0, 12.1], **given)
    assert played.wishes()[:4] == [
        (5, 'A', -0.4),
        (5, 'B', 0.4),
        (6, 'A', 'close'),
        (6, 'B', 'close'),
    ]
    assert 'gave up at +1.9' in played.signals[2][1].reason
    # Beyond the entry again, but it has not been normal in between.
    assert len(played.signals) == 4


def test_it_decides_when_both_have_closed():
    bars = play.bars(
        A=[*CALM, 11.0, 11.0], B=[*[20.0] * 5, None, 20.0], C=[1.0] * 7
    )
    played = play.play('pairs_zscore', bars, **QUICK)
    assert {day for day, *_ in played.wishes()} == {6}


def test_levels_the_wrong_way_round_are_refused():
    with pytest.raises(errors.StrategyError, match='must rise in this order'):
        pair([], exit=3.0)


@pytest.mark.parametrize('refused', ['A', 'B'])
def test_where_one_is_refused_the_other_goes_too(refused):
    class Without(rules.RiskRule):
        name = 'without'
        unit = ''

        def figure(self, order, system):
            return float(order.symbol == refused)

    gate = manager.RiskManager([Without(0.5)])
    bars = play.bars(A=[*CALM, 11.0, 11.5, 12.0, 12.5], B=[20.0] * 9)
    played = play.play('pairs_zscore', bars, gate, **QUICK)
    assert not any(played.strategy.portfolio.held)
    assert {day for day, *_ in played.fills} <= {6, 7}
    # Nor is it tried again before the ratio has been normal.
    opened = [day for day, _, what in played.wishes() if what != 'close']
    assert opened == [5, 5]
