"""Sums have the same bits with every Python."""

import functools
import operator

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.model import totals

pytestmark = pytest.mark.unit

_NUMBERS = st.floats(allow_nan=False)


@hypothesis.given(st.lists(_NUMBERS, max_size=60), _NUMBERS)
def test_each_sum_is_rounded_from_left_to_right(values, start):
    wanted = functools.reduce(operator.add, values, start)
    assert repr(totals.total(values, start)) == repr(wanted)


def test_nothing_that_was_rounded_away_comes_back():
    assert totals.total([1e100, 1.0, -1e100]) == 0.0
