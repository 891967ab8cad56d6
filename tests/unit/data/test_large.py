"""Large files: the same bars as read into memory, or left to that way."""

import dataclasses

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pyarrow as pa
from pyarrow import parquet
import pytest

from sting.data import files
from sting.data import large
from sting.data import places
from sting.data import raw
from sting.data import table
from sting.model import errors
from tests.unit.data import tables

pytestmark = pytest.mark.unit


@pytest.fixture
def small(monkeypatch):
    """Has all files count as large, in parts of three."""
    monkeypatch.setattr(large, 'ROWS', 1)
    monkeypatch.setattr(large, '_BATCH', 3)
    monkeypatch.setattr(table, 'PIECE', 4)


def equal(one, other):
    return (
        one.symbols == other.symbols
        and one.timeframe == other.timeframe
        and list(one.rows()) == list(other.rows())
        and one.digest() == other.digest()
    )


def write(folder, *parts):
    paths = [folder / f'{number}.parquet' for number in range(len(parts))]
    for part, path in zip(parts, paths, strict=True):
        tables.write(part, path)
    return paths


def both(paths, **options):
    """Reads files at once and, where they are large, in parts."""
    assert large.are_large(places.expand(paths))
    in_parts = files.read(paths, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large, 'ROWS', 10**9)
        at_once = files.read(paths, **options)
    assert at_once.table.pages is None
    return in_parts, at_once


@hypothesis.settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(
    bars=tables.bar_tables(min_size=2),
    stamp=st.sampled_from(['open', 'close']),
)
def test_bars_read_in_parts_are_those_read_at_once(
    small, tmp_path, bars, stamp
):
    paths = write(tmp_path, bars)
    in_parts, at_once = both(paths, stamp=stamp, timeframe='1m')
    assert equal(in_parts.table, at_once.table)
    assert in_parts.warnings == at_once.warnings
    assert in_parts.table.pages is not None


@hypothesis.settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(bars=tables.bar_tables(min_size=4))
def test_files_of_several_symbols_are_merged_by_time(small, tmp_path, bars):
    parts = [bars.of(name) for name in bars.symbols]
    parts = [part for part in parts if len(part)]
    paths = write(tmp_path, *parts)
    in_parts, at_once = both(paths, timeframe='1m')
    assert equal(in_parts.table, at_once.table)
    assert in_parts.warnings == at_once.warnings


def test_the_timeframe_is_inferred_of_all_parts(small, tmp_path):
    # The first rows are further apart than most.
    paths = write(tmp_path, tables.flat([0, 5, 10, *range(20, 40)]))
    in_parts, at_once = both(paths)
    assert in_parts.table.timeframe == at_once.table.timeframe == '1m'


def test_a_range_of_a_large_file_is_kept(small, tmp_path):
    bars = tables.flat(range(20))
    paths = write(tmp_path, bars)
    span = {'start': int(bars.timestamp[5]), 'end': int(bars.timestamp[9])}
    in_parts, at_once = both(paths, stamp='close', **span)
    assert len(in_parts.table) == 5
    assert equal(in_parts.table, at_once.table)


def test_rows_that_are_not_sorted_are_read_at_once(small, tmp_path):
    bars = tables.flat(range(9)).take(np.array([0, 1, 2, 4, 3, 5, 6, 7, 8]))
    (path,) = write(tmp_path, bars)
    loaded = files.read(path)
    assert loaded.table.pages is None
    assert len(loaded.warnings) == 1


def test_two_bars_of_one_stamp_in_two_files_are_told_of(small, tmp_path):
    bars = tables.flat(range(9))
    paths = write(tmp_path, bars, bars)
    with pytest.raises(errors.DataError, match='has two bars stamped'):
        files.read(paths)


def test_a_wrong_row_is_named_by_its_place_in_the_file(small, tmp_path):
    bars = tables.flat(range(9))
    close = bars.close.copy()
    close[7] = 99.0
    (path,) = write(tmp_path, dataclasses.replace(bars, close=close))
    with pytest.raises(errors.DataError, match='row 8: close 99 is outside'):
        files.read(path)


@pytest.mark.parametrize('name', ['bars.csv', 'none.parquet'])
def test_other_files_are_never_large(small, tmp_path, name):
    path = tmp_path / name
    if name.endswith('csv'):
        tables.write(tables.flat(range(9)), path)
    assert not large.are_large(places.expand([path]))
    assert raw.parquet_rows(path) == 0


def test_the_timeframe_may_be_said_in_all_parts_or_in_none(small, tmp_path):
    path = tmp_path / 'bars.parquet'
    data = tables.arrow(tables.flat(range(8)))
    said = ['tick:9'] * 7
    for last, frame in (('tick:9', 'tick:9'), ('M1', '1m')):
        parquet.write_table(
            data.append_column('timeframe', [[*said, last]]), path
        )
        assert files.read(path).table.timeframe == frame


@pytest.mark.parametrize('unit', [1, 10**3, 10**6, 10**9])
def test_times_in_numbers_are_those_read_at_once(small, tmp_path, unit):
    bars = tables.flat(range(9))
    (path,) = write(tmp_path, bars)
    whole = parquet.read_table(path)
    numbers = bars.timestamp // unit
    place = whole.schema.get_field_index('timestamp')
    parquet.write_table(
        whole.set_column(place, 'timestamp', pa.array(numbers)), path
    )
    in_parts, at_once = both([path])
    assert in_parts.table.pages is not None
    assert equal(in_parts.table, at_once.table)


def test_numbers_of_two_units_are_told_of(small, tmp_path):
    bars = tables.flat(range(6))
    (path,) = write(tmp_path, bars)
    whole = parquet.read_table(path)
    seconds = bars.timestamp // 10**9
    # The parts have three rows each: either is sound by itself.
    numbers = np.where(np.arange(6) < 3, seconds, seconds * 1_000)
    place = whole.schema.get_field_index('timestamp')
    parquet.write_table(
        whole.set_column(place, 'timestamp', pa.array(numbers)), path
    )
    with pytest.raises(errors.DataError, match=r'row 1: timestamp \d+ is none'):
        files.read(path)


@pytest.mark.parametrize(
    ('rows', 'paths', 'expected'), [(9, 1, True), (8, 1, False), (9, 2, True)]
)
def test_files_are_large_by_their_rows(
    monkeypatch, tmp_path, rows, paths, expected
):
    monkeypatch.setattr(large, 'ROWS', 9)
    (path,) = write(tmp_path, tables.flat(range(rows)))
    found = places.expand([path] * paths)
    assert large.are_large(found) is expected
