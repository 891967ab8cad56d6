import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.data import times
from sting.model import errors

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('timeframe', 'seconds'),
    [('30s', 30), ('1m', 60), ('5m', 300), ('4h', 14400), ('1d', 86400)],
)
def test_timeframes_have_their_length(timeframe, seconds):
    assert times.timeframe_ns(timeframe) == seconds * 10**9


@pytest.mark.parametrize('text', ['', 'm', '0m', '1w', '1 m', '-1m', '1.5h'])
def test_other_text_is_no_timeframe(text):
    with pytest.raises(errors.DataError, match='no timeframe'):
        times.timeframe_ns(text)


@hypothesis.given(st.integers(1, 999), st.sampled_from('smhd'))
def test_a_name_has_the_length_that_it_names(count, unit):
    step = count * times.UNITS[unit]
    name = times.name_timeframe(step)
    assert name is not None
    assert times.timeframe_ns(name) == step


def test_a_name_uses_the_largest_unit():
    assert times.name_timeframe(times.UNITS['d']) == '1d'
    assert times.name_timeframe(90 * times.UNITS['m']) == '90m'


def test_half_a_second_has_no_name():
    assert times.name_timeframe(times.UNITS['s'] // 2) is None


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
    assert last - first == times.UNITS['d'] - 1


def test_a_moment_counts_its_zone():
    there = times.parse_moment('2013-03-01T09:30:00-05:00', last=True)
    assert there == times.parse_moment('2013-03-01T14:30:00')


def test_other_text_is_no_date():
    with pytest.raises(errors.DataError, match='no date'):
        times.parse_moment('yesterday')
