"""How far runs are apart."""

import pytest

from sting.backtest import ambiguity
from tests.unit.backtest import runs

pytestmark = pytest.mark.unit

BUY, SELL = runs.BUY, runs.SELL


def outcome(equity, **more):
    given = {
        'final_equity': equity,
        'total_return': equity / 100.0 - 1.0,
        'max_drawdown': -0.1,
        'sharpe': None,
        'fills': 2,
        'trades': 1,
    }
    return ambiguity.Outcome(**given | more)


def made(**fields):
    outcomes = {'next_open': outcome(98.0), 'path': outcome(101.2)}
    given = {'start': 100.0, 'outcomes': outcomes, 'ambiguous': 1, 'fills': 4}
    return ambiguity.FillRange(**given | fields)


def test_the_range_is_from_the_lowest_to_the_highest_over_the_start():
    found = made()
    assert (found.lowest, found.highest) == (98.0, 101.2)
    assert found.width == pytest.approx(0.032)
    assert found.share == 0.25


def test_without_a_fill_there_is_no_ambiguous_one():
    assert made(ambiguous=0, fills=0).share == 0.0


def test_json_has_each_mode_and_the_ambiguous_fills():
    found = made().to_json()
    assert list(found) == ['next_open', 'path', 'ambiguous_fills']
    assert found['path'] == {
        'final_equity': 101.2,
        'total_return': pytest.approx(0.012),
        'max_drawdown': -0.1,
        'sharpe': None,
        'fills': 2,
        'trades': 1,
    }
    assert found['ambiguous_fills'] == {'count': 1, 'share': 0.25}


FILLS = (BUY, 1.0, 100.0), (SELL, 1.0, 110.0), (BUY, 2.0, 105.0)


@pytest.mark.parametrize(
    ('other', 'expected', 'why'),
    [
        (FILLS, (0, 3), 'the same'),
        (FILLS[:2], (1, 3), 'one is missing'),
        ((*FILLS, (SELL, 1.0, 9.0)), (1, 4), 'one is more'),
        ((*FILLS[:2], (BUY, 2.0, 104.0)), (1, 3), 'another price'),
        ((*FILLS[:2], (BUY, 3.0, 105.0)), (0, 3), 'units alone are no price'),
        ((*FILLS[:2], (SELL, 2.0, 105.0)), (2, 4), 'the other side'),
        ((), (3, 3), 'none'),
    ],
)
def test_fills_that_runs_do_not_agree_on_are_counted(other, expected, why):
    one, two = runs.fills(*FILLS), runs.fills(*other)
    assert ambiguity.differing([one, two]) == expected, why
    assert ambiguity.differing([two, one, one]) == expected, why


def test_fills_of_one_moment_are_told_apart_by_their_order():
    one, two = runs.fills(*FILLS[:1] * 2), runs.fills(*FILLS[:1] * 3)
    for table in (one, two):
        table.timestamp = [7] * len(table)
    assert ambiguity.differing([one, two]) == (1, 3)
