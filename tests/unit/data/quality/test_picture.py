"""Where findings lie, as a line of characters."""

import numpy as np
import pytest

from sting.data.quality import picture

pytestmark = pytest.mark.unit


def strip(*stamps, width=10, all_bars=100):
    return picture.strip(np.array(stamps, np.int64), 0, 100, width, all_bars)


def test_a_mark_stands_where_a_bar_is():
    assert strip(0, 35, 100) == '.  .     .'


def test_more_bars_make_a_darker_mark():
    assert strip(*[50] * 4, *[99] * 10) == '     =   @'


def test_one_moment_fills_one_cell():
    line = picture.strip(np.array([7]), 7, 7, 5, 1)
    assert line == '@    '
