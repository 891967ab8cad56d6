import math

import pytest

from sting.risk import manager
from sting.risk import rules
from tests.unit.library import play

pytestmark = pytest.mark.unit

QUICK = {'lookback': 5, 'top': 1, 'weight': 0.9}
# January is days 0 to 30, February 31 to 59.
A = [100.0 + day for day in range(31)] + [130.0 - day for day in range(60)]
B = [100.0 - day for day in range(31)] + [70.0 + day for day in range(60)]


def rotate(**closes):
    return play.play('momentum_rotation', play.bars(**closes), **QUICK)


def test_it_moves_into_the_strongest_of_the_month_before():
    played = rotate(A=A, B=B)
    # A rose in January, so it is bought at the first bar of February; B
    # rose in February, so it is bought in March, when A is sold.
    assert played.wishes() == [
        (31, 'A', 0.9),
        (60, 'A', 'close'),
        (61, 'B', 0.9),
    ]
    assert [fill[:3] for fill in played.fills] == [
        (32, 'A', 'buy'),
        (61, 'A', 'sell'),
        (62, 'B', 'buy'),
    ]
    assert played.signals[0][1].reason == 'number 1 of 2: +4.0% in 5 bars'


def test_it_is_out_when_all_have_fallen():
    falling = [200.0 - day for day in range(70)]
    assert not rotate(A=falling, B=falling).signals


def test_what_stays_is_brought_to_its_weight():
    rising = [100.0 + day for day in range(70)]
    falling = rising[::-1]
    assert rotate(A=rising, B=falling).wishes() == [
        (31, 'A', 0.9),
        (60, 'A', 0.9),
    ]


def test_what_has_no_bar_at_the_end_of_the_month_is_not_chosen():
    gone = [day if day < 20 else None for day in map(float, range(1, 60))]
    played = rotate(A=gone, B=[100.0 + day for day in range(59)])
    assert {symbol for _, symbol, _ in played.wishes()} == {'B'}


def test_one_that_is_not_traded_any_more_holds_nobody_up():
    gone = [a if day < 40 else None for day, a in enumerate(A)]
    played = rotate(A=gone, B=B)
    assert (60, 'B', 0.9) in played.wishes()


def test_what_is_denied_is_tried_on_five_bars():
    class Nothing(rules.RiskRule):
        name = 'nothing'
        unit = ''

        def figure(self, order, system):
            return 1.0

    gate = manager.RiskManager([Nothing(0.5)])
    rising = [100.0 + day for day in range(50)]
    played = play.play('momentum_rotation', rising, gate, **QUICK)
    assert [day for day, *_ in played.wishes()] == [31, 32, 33, 34, 35]


def test_a_rate_that_is_not_there_yet_is_not_saved():
    saved = rotate(A=[1.0] * 3).strategy.save_state()
    assert saved['last'] == {}
    assert not math.isnan(saved['since'])
