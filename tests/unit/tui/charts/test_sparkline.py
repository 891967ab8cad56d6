import hypothesis
from hypothesis import strategies as st
import pytest

from tui.charts import sparkline

pytestmark = pytest.mark.unit

values = st.lists(st.floats(1e-9, 1e12), max_size=60)


@hypothesis.given(values, st.integers(-1, 80))
def test_it_is_as_wide_as_asked(closes, width):
    assert len(sparkline.render(closes, width)) == max(width, 0)


@hypothesis.given(values.filter(lambda them: len(set(them)) > 1))
def test_lowest_and_highest_are_the_ends_of_the_scale(closes):
    drawn = sparkline.render(closes, len(closes))

    assert drawn[closes.index(min(closes))] == '▁'
    assert drawn[closes.index(max(closes))] == '█'


def test_a_rise_is_a_stair():
    assert sparkline.render(range(8), 8) == '▁▂▃▄▅▆▇█'


def test_the_newest_values_are_kept_and_stand_at_the_right():
    assert sparkline.render([9.0, 1.0, 2.0], 2) == '▁█'
    assert sparkline.render([1.0, 2.0], 4) == '  ▁█'


def test_equal_values_are_a_line_in_the_middle():
    assert sparkline.render([5.0, 5.0], 3) == ' ▄▄'
