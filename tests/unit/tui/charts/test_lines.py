import hypothesis
from hypothesis import strategies as st
import pytest
from textual import app

from tests.unit.tui import apps
from tui.charts import lines

pytestmark = pytest.mark.unit

values = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=300)


class Shown(app.App[None]):
    def __init__(self, *plots):
        super().__init__()
        self._plots = plots

    def compose(self):
        yield from self._plots


async def paint(*plots, size=(80, 24)):
    shown = Shown(*plots)
    async with apps.run(shown, size) as pilot:
        await pilot.pause()
        return [
            strip.text for strip in shown.screen._compositor.render_strips()
        ]


def days(count):
    return [
        f'2012-{1 + number // 28:02}-{1 + number % 28:02}T21:00:00Z'
        for number in range(count)
    ]


@hypothesis.given(values, st.integers(-3, 100))
def test_thinning_keeps_both_ends_and_the_extremes(them, most):
    kept = lines.thin(them, most)

    assert kept == sorted(set(kept))
    assert {0, len(them) - 1} <= set(kept)
    assert min(them) in [them[place] for place in kept]
    assert max(them) in [them[place] for place in kept]
    assert len(kept) <= max(most, 2) + 2


def test_few_values_are_all_kept():
    assert lines.thin([3.0, 1.0, 2.0], 4) == [0, 1, 2]


def test_time_ticks_begin_with_the_first_and_end_with_the_last():
    ticks = lines.time_ticks(days(100), 4)

    assert ticks[0] == (0, '2012-01-01')
    assert ticks[-1] == (99, '2012-04-16')
    assert len(ticks) == 4


def test_short_spans_show_the_time_of_day():
    times = [f'2012-06-01T14:{n:02}:00Z' for n in range(60)]

    assert lines.time_ticks(times, 3)[0] == (0, '2012-06-01 14:00')


def test_one_time_has_one_tick():
    assert lines.time_ticks(days(1), 4) == [(0, '2012-01-01 21:00')]


def test_no_times_have_no_ticks():
    assert lines.time_ticks([], 4) == []


async def test_equity_is_labelled_in_short_money():
    equity = [100_000.0 + 500.0 * number for number in range(100)]

    text = '\n'.join(await paint(lines.EquityPlot(days(100), equity)))

    assert '100k' in text
    assert '140k' in text
    assert '2012-01-01' in text


async def test_drawdown_is_labelled_in_per_cent_and_hangs_from_the_top():
    drawdown = [-0.003 * number for number in range(100)]

    shown = await paint(lines.DrawdownPlot(days(100), drawdown))

    text = '\n'.join(shown)
    assert '-20%' in text
    assert ' 0%' in text
    assert shown[4].count('⣿') > shown[15].count('⣿')


@pytest.mark.parametrize('count', [0, 1, 2, 50])
@pytest.mark.parametrize('size', [(80, 24), (12, 4), (3, 2)])
async def test_any_length_and_size_can_be_drawn(count, size):
    flat = [5.0] * count

    shown = await paint(
        lines.EquityPlot(days(count), flat),
        lines.DrawdownPlot(days(count), [0.0] * count),
        size=size,
    )

    assert len(shown) == size[1]
