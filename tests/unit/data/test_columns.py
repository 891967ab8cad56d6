"""Columns of Arrow as arrays."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from sting.data import columns

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('column', 'expected'),
    [
        (pa.chunked_array([[1.0, 2.0], [3.0]]), [1.0, 2.0, 3.0]),
        (pa.chunked_array([], pa.int64()), []),
        (pa.array([4, 5], pa.int32()), [4, 5]),
    ],
)
def test_column_keeps_values_and_type(column, expected):
    found = columns.array(column)
    assert found.tolist() == expected
    assert found.dtype == np.dtype(column.type.to_pandas_dtype())


def test_array_may_be_written():
    found = columns.array(pa.array([1.0]))
    found[0] = 2.0
    assert found.tolist() == [2.0]


def test_pandas_is_not_imported_for_it():
    code = (
        'import sys, pyarrow; from sting.data import columns; '
        'columns.array(pyarrow.nulls(3, pyarrow.float64()).drop_null()); '
        'print("pandas" in sys.modules)'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True
    )
    assert done.stdout == 'False\n', done.stderr
