"""What is kept of market data."""

import numpy as np
import pytest

from sting.data import kept
from sting.data import store
from sting.data import table

pytestmark = pytest.mark.unit

SECOND = 10**9


def write(folder, symbol, month, *seconds):
    values = np.ones(len(seconds))
    columns = dict.fromkeys(('open', 'high', 'low', 'close', 'volume'), values)
    stamps = np.array(seconds, np.int64) * SECOND
    bars = table.BarTable.single(symbol, '1m', stamps, columns)
    made = store.BarStore(folder)
    key = store.Key('yahoo', symbol, '1m', month)
    made.write(key, store.Month(bars, ()))
    return made.path(key)


def test_the_months_of_a_symbol_are_one_row(tmp_path):
    first = write(tmp_path, 'A', '1970-01', 60, 120)
    second = write(tmp_path, 'A', '1970-02', 2_678_460)
    write(tmp_path, 'B', '1970-01')
    one, other = kept.rows(tmp_path)
    assert (one.symbol, one.bars, one.damaged) == ('A', 3, 0)
    assert (one.first, one.last) == (60 * SECOND, 2_678_460 * SECOND)
    assert one.size == first.stat().st_size + second.stat().st_size
    assert (other.symbol, other.bars, other.first) == ('B', 0, 0)
    assert one.to_json()['first'] == '1970-01-01T00:01:00Z'
    assert other.to_json()['first'] is None


def test_a_damaged_file_is_counted(tmp_path):
    write(tmp_path, 'A', '1970-01', 60)
    write(tmp_path, 'A', '1970-02', 2_678_460).write_bytes(b'nonsense')
    (row,) = kept.rows(tmp_path)
    assert (row.bars, row.damaged) == (1, 1)


def test_nothing_is_kept_at_first(tmp_path):
    assert list(kept.rows(tmp_path / 'none')) == []
