import numpy as np
import pytest

from sting.data import times
from sting.model import errors
from sting.model import timeframes

pytestmark = pytest.mark.unit


def test_common_step_is_counted_within_symbols():
    stamps = np.array([0, 1, 60, 61, 120, 121, 400], np.int64)
    index = np.array([0, 1, 0, 1, 0, 1, 0], np.int32)
    assert times.common_step(stamps, index) == 60


def test_common_step_needs_two_rows_of_a_symbol():
    stamps = np.array([0, 1], np.int64)
    assert times.common_step(stamps, np.array([0, 1], np.int32)) is None


def test_a_date_is_its_first_moment_or_its_last():
    first = times.parse_moment('2013-03-01')
    last = times.parse_moment('2013-03-01', last=True)
    assert first == 1362096000 * 10**9
    assert last - first == timeframes.DAY - 1


def test_a_moment_counts_its_zone():
    there = times.parse_moment('2013-03-01T09:30:00-05:00', last=True)
    assert there == times.parse_moment('2013-03-01T14:30:00')


def test_other_text_is_no_date():
    with pytest.raises(errors.DataError, match='no date'):
        times.parse_moment('yesterday')
