"""Columns in files: written, let go of, and still there."""

import pickle

import numpy as np
import pytest

from sting.data import pages

pytestmark = pytest.mark.unit


def test_a_column_begins_with_zeros_and_keeps_what_is_written():
    made = pages.Pages()
    column = made.column(np.int64, 5_000)
    assert not column.any()
    column[:] = np.arange(5_000)
    made.release()
    assert column.tolist() == list(range(5_000))


def test_another_process_gets_no_pages():
    made = pages.Pages()
    column = made.column(np.float64, 3)
    column[:] = 1.5
    other, copy = pickle.loads(pickle.dumps((made, column)))
    other.release()
    assert copy.tolist() == [1.5] * 3
