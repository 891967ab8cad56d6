"""Corporate actions: read, placed in time, laid over bars."""

import datetime
import pickle

import hypothesis
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.data import actions
from sting.data import table
from sting.data import times
from sting.model import errors
from sting.model import records
from tests.unit.data import days

pytestmark = pytest.mark.unit

K = records.ActionKind
V = actions.View
DAY = datetime.date(2020, 9, 16)


def written(tmp_path, *lines, header='date,symbol,kind,value'):
    path = tmp_path / 'actions.csv'
    path.write_text('\n'.join([header, *lines]) + '\n')
    return path


def split(ratio, day=DAY, symbol='A'):
    return actions.Action(day, symbol, K.SPLIT, ratio)


def dividend(amount, day=DAY, symbol='A'):
    return actions.Action(day, symbol, K.DIVIDEND, amount)


def test_actions_are_read_and_sorted(tmp_path):
    path = written(
        tmp_path,
        '2020-08-31,AAPL,dividend,0.2',
        '2020-08-31,AAPL,split,4:1',
        '2020-07-01,X,delisting,',
        '2020-07-02,Y,delisting,3.5',
        '2014-06-09,AAPL,split,7',
        '2020-07-02,B,split,1:10',
    )
    assert actions.read(path) == (
        actions.Action(datetime.date(2014, 6, 9), 'AAPL', K.SPLIT, 7.0),
        actions.Action(datetime.date(2020, 7, 1), 'X', K.DELISTING),
        actions.Action(datetime.date(2020, 7, 2), 'B', K.SPLIT, 0.1),
        actions.Action(datetime.date(2020, 7, 2), 'Y', K.DELISTING, 3.5),
        actions.Action(datetime.date(2020, 8, 31), 'AAPL', K.SPLIT, 4.0),
        actions.Action(datetime.date(2020, 8, 31), 'AAPL', K.DIVIDEND, 0.2),
    )


def test_a_yaml_file_gives_the_same(tmp_path):
    path = tmp_path / 'actions.yaml'
    path.write_text(
        'actions:\n'
        "  - {date: 2020-09-16, symbol: A, kind: split, value: '4:1'}\n"
    )
    assert actions.read(path) == (split(4.0),)


@pytest.mark.parametrize(
    ('line', 'said'),
    [
        ('2020-08-31,A,merger,4', "unknown kind 'merger'"),
        ('2020-08-31,A,splt,4', "did you mean 'split'?"),
        ('2020-08-31,A,split,', 'the value of a split is new units'),
        ('2020-08-31,A,split,0', 'the value of a split is new units'),
        ('2020-08-31,A,split,1', 'the value of a split is new units'),
        ('2020-08-31,A,split,4:0', 'the value of a split is new units'),
        ('2020-08-31,A,split,nan', 'the value of a split is new units'),
        ('2020-08-31,A,split,inf', 'the value of a split is new units'),
        ('2020-08-31,A,dividend,-1', 'the value of a dividend is cash'),
        ('2020-08-31,A,dividend,4:1', 'the value of a dividend is cash'),
        ('2020-08-31,A,delisting,-1', 'the value of a delisting is the price'),
        ('31.8.2020,A,split,4', 'date'),
        ('2020-08-31,,split,4', 'is no symbol'),
    ],
)
def test_a_row_that_makes_no_sense_is_named(tmp_path, line, said):
    path = written(tmp_path, '2020-08-31,B,split,4', line)
    with pytest.raises(errors.DataError) as caught:
        actions.read(path)
    assert f'{path}:3: ' in str(caught.value)
    assert said in str(caught.value)


def test_a_second_split_of_a_day_is_refused(tmp_path):
    path = written(tmp_path, '2020-08-31,A,split,4', '2020-08-31,A,split,4')
    with pytest.raises(errors.DataError, match=r':3: a second split'):
        actions.read(path)


def test_two_dividends_of_a_day_are_two(tmp_path):
    line = '2020-08-31,A,dividend,4'
    assert len(actions.read(written(tmp_path, line, line))) == 2


def test_an_action_holds_from_midnight_in_new_york():
    found = actions.moment(split(4.0))
    assert found == times.parse_moment('2020-09-16T04:00:00Z')
    found = actions.moment(split(4.0), '24/7')
    assert found == times.parse_moment('2020-09-16T00:00:00Z')


def test_equal_actions_have_equal_digests_and_can_be_sent():
    found = (split(4.0), dividend(1.0))
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert actions.digest(again) == actions.digest(found)
    assert actions.digest(found[:1]) != actions.digest(found)


# A 4:1 split on the third session, then a dividend of 1 on the fifth.
BARS = days.bars(
    'A',
    (400.0, 404.0, 10.0),
    (404.0, 400.0, 20.0),
    (101.0, 102.0, 80.0),
    (102.0, 100.0, 80.0),
    (99.0, 99.0, 80.0),
)
FOUND = (split(4.0), dividend(1.0, days.session(4)))


def test_the_raw_view_is_the_table_itself():
    assert actions.adjusted(BARS, FOUND, V.RAW) is BARS
    assert actions.adjusted(BARS, (), V.BACK) is BARS


def test_the_back_adjusted_view_keeps_the_last_prices():
    made = actions.adjusted(BARS, FOUND, V.BACK, dividends=False)
    assert made.close.tolist() == [101.0, 100.0, 102.0, 100.0, 99.0]
    assert made.open.tolist() == [100.0, 101.0, 101.0, 102.0, 99.0]
    assert made.volume.tolist() == [40.0, 80.0, 80.0, 80.0, 80.0]
    assert (made.low <= made.open).all()


def test_the_forward_adjusted_view_keeps_the_first_prices():
    made = actions.adjusted(BARS, FOUND, V.FORWARD, dividends=False)
    assert made.close.tolist() == [404.0, 400.0, 408.0, 400.0, 396.0]
    assert made.volume.tolist() == [10.0, 20.0, 20.0, 20.0, 20.0]


def test_a_dividend_takes_its_share_of_the_close_before():
    made = actions.adjusted(BARS, FOUND, V.BACK)
    assert made.close.tolist() == pytest.approx(
        [101 * 0.99, 99.0, 102 * 0.99, 99.0, 99.0]
    )
    # The dividend is all that was earned on the last day.
    assert made.close[4] / made.close[3] == pytest.approx(1.0)


def test_a_dividend_on_the_day_of_a_split_is_for_the_new_units():
    both = actions.in_order((dividend(1.0), split(4.0)))
    made = actions.adjusted(BARS, both, V.BACK)
    assert made.close[1] == pytest.approx(100.0 * 0.99)


def test_what_lies_outside_of_the_bars_changes_nothing():
    outside = (
        split(4.0, days.FIRST),
        split(2.0, datetime.date(2021, 9, 16)),
        split(3.0, symbol='B'),
        actions.Action(DAY, 'A', K.DELISTING),
    )
    made = actions.adjusted(BARS, outside, V.BACK)
    assert made.close.tolist() == BARS.close.tolist()


def test_each_symbol_has_its_own():
    other = days.flat('B', 8.0, 8.0, 4.0, 4.0, 4.0)
    both = table.BarTable.merge([BARS, other])
    found = (*FOUND, split(2.0, symbol='B'))
    made = actions.adjusted(both, found, V.BACK, dividends=False)
    assert made.of('A').close.tolist() == [101.0, 100.0, 102.0, 100.0, 99.0]
    assert made.of('B').close.tolist() == [4.0] * 5


@given(
    ratios=st.lists(st.sampled_from([2.0, 4.0, 0.5, 0.1]), max_size=3),
    prices=st.lists(st.floats(1.0, 500.0), min_size=6, max_size=6),
)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
def test_views_differ_by_one_factor_and_are_undone(ratios, prices):
    found = [
        split(ratio, days.session(at)) for at, ratio in enumerate(ratios, 2)
    ]
    smooth = days.flat('A', *prices)
    raw = smooth.close.copy()
    for at, ratio in enumerate(ratios, 2):
        raw[at:] /= ratio
    made = days.flat('A', *raw)
    back = actions.adjusted(made, found, V.BACK)
    forward = actions.adjusted(made, found, V.FORWARD)
    np.testing.assert_allclose(forward.close, smooth.close, rtol=1e-12)
    factor = forward.close / back.close
    np.testing.assert_allclose(factor, factor[0], rtol=1e-12)


@pytest.mark.parametrize('ending', ['csv', 'parquet', 'yaml'])
def test_what_is_written_is_read_back(tmp_path, ending):
    found = (
        split(0.1, datetime.date(2014, 6, 9)),
        split(4.0),
        dividend(0.2),
        actions.Action(DAY, 'B', K.DELISTING),
        actions.Action(DAY, 'C', K.DELISTING, 3.5),
    )
    path = tmp_path / f'actions.{ending}'
    actions.write(path, reversed(found))
    assert actions.read(path) == actions.in_order(found)
    actions.write(path, ())
    assert actions.read(path) == ()


def test_actions_are_written_to_files_of_known_kinds(tmp_path):
    with pytest.raises(errors.InputError, match='has to end in'):
        actions.write(tmp_path / 'actions.json', ())


@given(st.lists(st.sampled_from([0.1, 0.5, 2.0, 3.0, 7.0]), max_size=3))
def test_raw_prices_come_back_of_restated_ones(ratios):
    bars = days.flat('A', *map(float, range(10, 20)))
    found = [
        split(ratio, DAY + datetime.timedelta(days=number), bars.symbols[0])
        for number, ratio in enumerate(ratios)
    ]
    restated = actions.restated(bars, found)
    back = actions.as_traded(restated, found)
    np.testing.assert_allclose(back.close, bars.close, rtol=1e-12)
    np.testing.assert_allclose(back.volume, bars.volume, rtol=1e-12)
