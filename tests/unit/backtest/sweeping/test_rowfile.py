"""Rows come out of Parquet as they went in, and a file is whole or absent."""

import json
import math
import pathlib

import numpy as np
import pyarrow.parquet
import pytest

from sting.backtest.figures import summaries
from sting.backtest.sweeping import rowfile
from sting.backtest.sweeping import spaces
from sting.backtest.sweeping import sweeps
from sting.model import errors

pytestmark = pytest.mark.unit

SPACE = spaces.Space(
    (
        spaces.Axis('fast', (3, 4, 5)),
        spaces.Axis('share', (0.1, 0.2)),
        spaces.Axis('kind', ('a', 'b')),
        spaces.Axis('fees', (True, False)),
    )
)


def block(first, count, wrong=()):
    figures = np.arange(count * len(summaries.FIGURES), dtype=np.float64)
    figures = figures.reshape(count, -1) + first
    for at in wrong:
        figures[at] = math.nan
    return sweeps.Block(
        range(first, first + count), figures, {at: f'no {at}' for at in wrong}
    )


def written(path, *blocks, **about):
    with rowfile.RowFile(path, SPACE, about) as file:
        for each in blocks:
            file.add(each)
    return pyarrow.parquet.read_table(path)


def test_rows_are_read_as_they_were(tmp_path):
    blocks = [block(0, 5), block(5, 7, wrong=(2,))]
    table = written(tmp_path / 'x.parquet', *blocks, strategy='s', cash=1)
    rows = table.to_pylist()
    assert [row['number'] for row in rows] == list(range(12))
    for row in rows:
        point = SPACE.point(row['number'])
        point['fees_'] = point.pop('fees')
        assert {name: row[name] for name in point} == point
    assert rows[7]['error'] == 'no 2'
    assert {rows[7][name] for name in summaries.FIGURES} == {None}
    assert rows[6]['error'] is None
    assert rows[6]['sharpe'] == blocks[1].figures[1][7]
    assert type(rows[6]['trades']) is int
    about = json.loads(table.schema.metadata[b'sting'])
    assert about == {'strategy': 's', 'cash': 1}


def test_rows_are_written_in_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(rowfile, 'GROUP', 4)
    path = tmp_path / 'x.parquet'
    written(path, *(block(at, 2) for at in range(0, 10, 2)))
    assert pyarrow.parquet.ParquetFile(path).num_row_groups == 3


def test_no_rows_are_a_file_with_columns(tmp_path):
    table = written(tmp_path / 'x.parquet')
    assert table.num_rows == 0
    assert 'final_equity' in table.column_names


def test_nothing_is_left_of_what_is_broken_off(tmp_path):
    path = tmp_path / 'x.parquet'
    path.write_text('of before')
    file = rowfile.RowFile(path, SPACE, {})
    file.add(block(0, 3))
    with pytest.raises(KeyboardInterrupt), file:
        raise KeyboardInterrupt
    assert [each.name for each in tmp_path.iterdir()] == ['x.parquet']
    assert path.read_text() == 'of before'


@pytest.mark.parametrize('name', ['', 'nowhere/x.parquet'])
def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path, name):
    with pytest.raises(errors.InputError, match=r'cannot be written: .*name a'):
        rowfile.RowFile(tmp_path / name, SPACE, {})
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    path = tmp_path / 'x.parquet'

    def full(self, other):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(pathlib.Path, 'replace', full)
    with pytest.raises(errors.InputError, match='No space left'):
        written(path, block(0, 3))
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_on_the_way_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(rowfile, 'GROUP', 1)
    file = rowfile.RowFile(tmp_path / 'x.parquet', SPACE, {})

    def full(table):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(file._writer, 'write_table', full)
    with (
        pytest.raises(errors.InputError, match=r'x\.parquet.*No space left'),
        file,
    ):
        file.add(block(0, 3))
    assert not list(tmp_path.iterdir())
