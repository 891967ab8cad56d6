"""Bars in folders, a file a timeframe and symbol."""

import dataclasses

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pyarrow.dataset
import pytest

from sting.data import files
from sting.data import folders
from sting.model import errors
from tests.unit.data import tables
from tests.unit.data.sources import services

pytestmark = pytest.mark.unit


@hypothesis.settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=list(hypothesis.HealthCheck),
)
@hypothesis.given(
    tables.bar_tables(symbols=('..', 'A', 'B/2'), min_size=2),
    st.integers(0, 30),
)
def test_what_is_added_in_parts_is_read_whole(tmp_path_factory, bars, cut):
    folder = tmp_path_factory.mktemp('bars')
    cut = 1 + cut % (len(bars) - 1)
    first = bars.take(slice(0, cut))
    folders.write(folder, first, '24/7')
    folders.write(folder, bars.take(slice(cut // 2, None)), '24/7')
    read = files.read(folder).table
    assert list(read.rows()) == list(bars.rows())


@pytest.mark.parametrize(
    ('bars', 'calendar'),
    [(services.days(10), 'XNYS'), (services.stocks(1), 'XNYS')],
)
def test_one_bar_alone_says_how_long_it_is(tmp_path, bars, calendar):
    one = bars.take(slice(0, 1))
    folders.write(tmp_path, one, calendar)
    assert list(files.read(tmp_path).table.rows()) == list(one.rows())


def test_lengths_lie_beside_each_other(tmp_path):
    folders.write(tmp_path, services.stocks(1))
    folders.write(tmp_path, services.days(10))
    days = files.read(tmp_path, timeframe='1d').table
    assert days.digest() == services.days(10).digest()


def test_other_programs_read_what_the_names_say(tmp_path):
    folders.write(tmp_path, services.stocks(1, every=100))
    found = pyarrow.dataset.dataset(tmp_path, partitioning='hive').to_table()
    assert set(found.column_names) == {
        *('timestamp', 'open', 'high', 'low', 'close', 'volume'),
        *('timeframe', 'symbol'),
    }
    assert set(found['symbol'].to_pylist()) == {'AAA', 'BBB'}


def changed(bars):
    high = bars.high.copy()
    high[-1] += 1
    return dataclasses.replace(bars, high=high)


def test_another_bar_is_refused_or_replaces_and_nothing_is_in_between(
    tmp_path,
):
    bars = services.stocks(1, every=50)
    folders.write(tmp_path, bars)
    other = changed(bars)
    with pytest.raises(
        errors.DataError, match=r'bars\.parquet: BBB has another.*--replace'
    ):
        folders.write(tmp_path, other)
    assert files.read(tmp_path, timeframe='1m').table.digest() == bars.digest()
    folders.write(tmp_path, other, replace=True)
    read = files.read(tmp_path, timeframe='1m').table
    assert read.digest() == other.digest()
    assert not list(tmp_path.rglob('.*'))


def test_symbols_without_bars_have_no_file(tmp_path):
    bars = services.stocks(1)
    only = bars.take(np.flatnonzero(bars.symbol_index == 0))
    folders.write(tmp_path, only)
    assert len([*tmp_path.rglob('*.parquet')]) == 1


def test_a_place_that_takes_no_folder_is_told(tmp_path):
    (tmp_path / 'bars').write_text('')
    with pytest.raises(errors.InputError, match='cannot be written'):
        folders.write(tmp_path / 'bars', services.stocks(1))
