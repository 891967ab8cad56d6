import numpy as np
import pytest

from sting.backtest.figures import benchmark
from sting.data import actions
from sting.model import errors
from sting.model import records
from tests.unit.backtest import bars
from tests.unit.data import days

pytestmark = pytest.mark.unit


def moments(*minutes):
    return bars.START + bars.MINUTE * np.array(minutes, np.int64)


def test_it_is_bought_at_the_close_of_the_first_moment():
    held = benchmark.of_bars(bars.flat(10.0, 20.0, 5.0))
    assert held.name == 'X'
    assert held.equity(moments(1, 2, 3), 100.0).tolist() == [100, 200, 50]


def test_it_stands_at_its_last_close_where_it_has_no_bar():
    held = benchmark.Benchmark('I', moments(1, 4), np.array([10.0, 30.0]))
    assert held.equity(moments(2, 3, 4, 9), 1.0).tolist() == [1, 1, 3, 3]


def test_it_must_be_there_when_the_run_begins():
    held = benchmark.Benchmark('I', moments(2), np.array([10.0]))
    with pytest.raises(errors.DataError, match='I has no bar by 2020-01-01T00'):
        held.equity(moments(1, 2), 1.0)


def test_a_run_without_bars_has_an_empty_one():
    held = benchmark.Benchmark('I', moments(2), np.array([10.0]))
    assert not len(held.equity(moments(), 1.0))


def test_it_has_one_symbol():
    rows = [('A', 1, *[1.0] * 4), ('B', 1, *[1.0] * 4)]
    with pytest.raises(errors.DataError, match='one symbol, not 2: A, B'):
        benchmark.of_bars(bars.make(rows, ('A', 'B')))


HEAD = 'timestamp,open,high,low,close,volume'
NAMED = f"""{HEAD},symbol
2020-01-01T00:00:00Z,1,1,1,1,5,A
2020-01-01T00:00:00Z,2,2,2,2,5,B
2020-01-01T00:01:00Z,1,1,1,1,5,A
2020-01-01T00:01:00Z,3,3,3,3,5,B
"""
ALONE = f"""{HEAD}
2020-01-01T00:00:00Z,7,7,7,7,5
2020-01-01T00:01:00Z,8,8,8,8,5
"""


def test_a_symbol_that_runs_is_taken_from_the_run():
    found = benchmark.read('X', ('no such file',), bars.flat(10.0, 20.0))
    assert found.close.tolist() == [10.0, 20.0]


def test_a_symbol_that_does_not_run_is_read_from_the_data(tmp_path):
    path = tmp_path / 'both.csv'
    path.write_text(NAMED)
    found = benchmark.read('B', (str(path),), bars.flat(1.0), stamp='close')
    assert (found.name, found.close.tolist()) == ('B', [2.0, 3.0])
    assert found.timestamp.tolist() == moments(0, 1).tolist()
    with pytest.raises(errors.DataError, match="no symbol 'C' in the data"):
        benchmark.read('C', (str(path),), bars.flat(1.0))


def test_a_file_is_read_by_itself(tmp_path):
    path = tmp_path / 'index.csv'
    path.write_text(ALONE)
    found = benchmark.read(
        str(path), ('no such file',), bars.flat(1.0), timeframe='1d'
    )
    assert (found.name, found.close.tolist()) == ('index', [7.0, 8.0])


def test_a_file_of_several_symbols_is_refused(tmp_path):
    path = tmp_path / 'both.csv'
    path.write_text(NAMED)
    with pytest.raises(errors.DataError, match='one symbol, not 2: A, B'):
        benchmark.read(str(path), (), bars.flat(1.0))


def test_what_lies_before_the_start_is_read_too(tmp_path):
    path = tmp_path / 'index.csv'
    path.write_text(ALONE)
    found = benchmark.read(
        str(path), (), bars.flat(1.0), start='2020-01-01T00:01:30Z'
    )
    assert found.close.tolist() == [7.0, 8.0]


def test_splits_and_dividends_of_a_file_count(tmp_path):
    raw = days.flat('X', 100.0, 100.0, 50.0, 49.0)
    found = (
        actions.Action(days.session(2), 'X', records.ActionKind.SPLIT, 2.0),
        actions.Action(days.session(3), 'X', records.ActionKind.DIVIDEND, 1.0),
    )
    path = tmp_path / 'x.csv'
    path.write_text(
        'date,open,high,low,close,volume\n'
        + ''.join(
            f'{days.session(at)},{price},{price},{price},{price},5\n'
            for at, price in enumerate(raw.close.tolist())
        )
    )
    own = benchmark.read('X', (), raw, found)
    named = benchmark.read(str(path), (), days.flat('Y', 1.0), ())
    assert own.close.tolist() == pytest.approx([49.0] * 4)
    assert named.close.tolist() == raw.close.tolist()
