"""Columns in a file: written, let go of, and still there."""

import pathlib
import pickle

import numpy as np
import pytest

from sting.data import pages
from sting.model import errors

pytestmark = pytest.mark.unit

OPEN = pathlib.Path('/proc/self/fd')
KINDS = {'number': np.int64, 'price': np.float64, 'held': np.bool_}


def test_columns_begin_with_zeros():
    made = pages.Pages(KINDS, 5_000)
    for name, kind in KINDS.items():
        assert made.column(name).dtype == kind
        assert len(made.column(name)) == 5_000
        assert not made.column(name).any()


def test_a_column_keeps_what_is_written():
    made = pages.Pages(KINDS, 7_000)
    made.write('number', 0, np.arange(5_000))
    made.write('price', 0, np.full(7_000, 2.5))
    made.write('number', 5_000, [])
    made.write('number', 5_000, range(5_000, 7_000))
    made.release()
    assert made.column('number').tolist() == list(range(7_000))
    assert made.column('number', 3).tolist() == [0, 1, 2]
    assert made.column('price').tolist() == [2.5] * 7_000


def test_a_column_may_be_changed_and_let_go_of():
    made = pages.Pages(KINDS, 3)
    found = made.column('price')
    found += 1
    made.release()
    assert found.tolist() == [1, 1, 1]


def test_without_rows_there_are_empty_columns():
    made = pages.Pages(KINDS, 0)
    made.release()
    assert made.column('price').dtype == np.float64
    assert len(made.column('price')) == 0


def test_another_process_gets_no_pages():
    made = pages.Pages(KINDS, 3)
    made.write('price', 0, [1.5] * 3)
    other, copy = pickle.loads(pickle.dumps((made, made.column('price'))))
    other.release()
    assert copy.tolist() == [1.5] * 3


def test_files_are_closed_with_the_columns():
    opened = len(list(OPEN.iterdir()))
    made = pages.Pages(KINDS, 3)
    found = made.column('price')
    del made
    assert found.tolist() == [0, 0, 0]
    del found
    assert len(list(OPEN.iterdir())) == opened


def test_a_full_disk_is_told_of(monkeypatch):
    made = pages.Pages(KINDS, 3)
    # /dev/full takes what is written as a disk without room does.
    with pathlib.Path('/dev/full').open('r+b') as full:
        monkeypatch.setattr(made, '_file', full.fileno())
        with pytest.raises(errors.DataError, match=r'No space left.*TMPDIR'):
            made.write('price', 0, [1.0])
