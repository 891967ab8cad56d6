"""Raw and adjusted prices are told apart; splits nobody named are told of."""

import pytest

from sting.data import actions
from sting.data import splits
from sting.data import table
from sting.model import records
from tests.unit.data import days

pytestmark = pytest.mark.unit

K = records.ActionKind
DAY = days.session(2)
RAW = days.bars('A', (400.0, 404.0), (404.0, 400.0), (103.0, 99.0))
ADJUSTED = days.bars('A', (100.0, 101.0), (101.0, 100.0), (103.0, 99.0))


def split(ratio=4.0, day=DAY, symbol='A'):
    return actions.Action(day, symbol, K.SPLIT, ratio)


def test_a_split_that_raw_prices_show_is_applied():
    assert splits.applicable(RAW, [split()]) == ((split(),), [])


def test_a_split_of_adjusted_prices_is_left_out_and_told():
    found = (split(), split(2.0, symbol='B'))
    kept, (warning,) = splits.applicable(ADJUSTED, found)
    assert kept == found[1:]
    assert warning == (
        'A: the prices are adjusted for splits already, so those of '
        f'{DAY} are not applied'
    )


def test_dividends_of_adjusted_prices_are_applied_and_told():
    paid = actions.Action(days.session(1), 'A', K.DIVIDEND, 1.0)
    kept, (warning,) = splits.applicable(ADJUSTED, (paid, split()))
    assert kept == (paid,)
    assert 'its dividends are, in full' in warning


def test_a_reverse_split_is_told_apart_too():
    reverse = split(0.1)
    raw = days.flat('A', 2.0, 2.0, 21.0)
    assert splits.applicable(raw, [reverse])[0] == (reverse,)
    even = days.flat('A', 20.0, 20.0, 21.0)
    assert splits.applicable(even, [reverse])[0] == ()


@pytest.mark.parametrize(('first', 'kept'), [(400.0, 2), (200.0, 0)])
def test_a_small_split_goes_by_the_others(first, kept):
    bars = days.flat('A', first, 200.0, 200.0, 198.0)
    found = (split(2.0, days.session(1)), split(1.05))
    assert len(splits.applicable(bars, found)[0]) == kept


def test_a_split_without_bars_around_it_is_kept():
    early = split(day=days.FIRST)
    assert splits.applicable(RAW, [early]) == ((early,), [])


def test_many_splits_are_told_in_short():
    bars = days.flat('A', *[100.0] * 8)
    found = [split(2.0, days.session(at)) for at in range(1, 6)]
    _, (warning,) = splits.applicable(bars, found)
    assert warning.endswith('and 2 more are not applied')


def test_a_jump_like_a_split_is_told():
    (warning,) = splits.unexplained(RAW)
    assert f'jumps at {DAY} as at a split of 4:1;' in warning


def test_a_jump_like_a_reverse_split_is_told():
    raw = days.flat('A', 2.0, 2.0, 20.1, 20.1, 4.0)
    (warning,) = splits.unexplained(raw)
    assert 'as at a split of 1:10, and 1 more;' in warning


@pytest.mark.parametrize('price', [99.0, 84.0, 56.0])
def test_other_jumps_are_not_told(price):
    bars = days.flat('A', 100.0, 100.0, price)
    assert list(splits.unexplained(bars)) == []


def test_a_split_that_is_known_is_not_told():
    assert list(splits.unexplained(RAW, [split()])) == []
    paid = actions.Action(DAY, 'A', K.DIVIDEND, 1.0)
    assert list(splits.unexplained(RAW, [paid, split(symbol='B')]))


def test_one_bar_has_no_jump_and_each_symbol_is_looked_at():
    both = table.BarTable.merge(
        [days.flat('B', 1.0), days.flat('C', 9.0, 9.0, 3.0)]
    )
    (warning,) = splits.unexplained(both)
    assert warning.startswith('C: ')
