import dataclasses

import hypothesis
from hypothesis import strategies as st
import pytest
from rich import style as rich_style

from sting.model import market
from sting.model import orders
from sting.model import views
from tui.charts import candles

pytestmark = pytest.mark.unit

MINUTE = 60 * market.NANOSECONDS
START = 1_338_561_000 * market.NANOSECONDS
BODIES = '┃║╽╿╻╹'
CANDLE = BODIES + '│╷╵'


def bar(number, open_, high, low, close, volume=100.0):
    return market.MarketData(
        'GOOG', START + number * MINUTE, open_, high, low, close, volume
    )


def texts(strips):
    return [strip.text for strip in strips]


def column(strips, place):
    return ''.join(text[place] for text in texts(strips))


def fill(number, side=orders.OrderSide.BUY):
    return views.Mark(START + number * MINUTE, 10.0, side, 100.0)


prices = st.floats(1e-6, 1e9)


@st.composite
def bar_lists(draw):
    found = []
    for number in range(draw(st.integers(0, 60))):
        four = sorted(draw(st.lists(prices, min_size=4, max_size=4)))
        open_, close = draw(st.permutations(four[1:3]))
        volume = draw(st.floats(0, 1e12))
        found.append(bar(number, open_, four[3], four[0], close, volume))
    return tuple(found)


mark_lists = st.lists(
    st.builds(
        fill, st.integers(-5, 70), st.sampled_from(list(orders.OrderSide))
    ),
    max_size=5,
)


@hypothesis.given(
    bar_lists(),
    mark_lists,
    st.integers(0, 150),
    st.integers(0, 40),
    st.integers(-2, 80),
)
@hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
def test_every_strip_is_as_wide_as_asked(bars, marks, width, height, offset):
    strips = candles.render(bars, width, height, marks=marks, offset=offset)

    assert len(strips) == height
    assert all(strip.cell_length == width for strip in strips)
    assert all(
        sum(part.cell_length for part in strip) == width for strip in strips
    )


@hypothesis.given(
    bar_lists().filter(bool), st.integers(70, 120), st.integers(4, 40)
)
@hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
def test_the_highest_high_and_the_lowest_low_are_seen(bars, width, height):
    high = max(one.high for one in bars)
    low = min(one.low for one in bars)
    hypothesis.assume(high - low > high * 1e-9)
    hypothesis.assume(max(one.volume for one in bars) > 0)

    plain = texts(candles.render(bars, width, height))
    rows = [
        number
        for number, text in enumerate(plain)
        if any(character in CANDLE for character in text)
    ]

    # The candles use every row from the top down to the volume's peak.
    assert rows[0] == 0
    assert rows[-1] == height - 1 or '█' in plain[rows[-1] + 1]


def test_no_bars_say_so():
    strips = candles.render((), 40, 9)

    assert candles.EMPTY in strips[4].text


def test_no_bars_in_a_tiny_place_leave_it_blank():
    assert texts(candles.render((), 4, 2)) == ['    ', '    ']


def test_a_rising_bar_is_hollow_and_a_falling_one_filled():
    rising = bar(0, 10.0, 14.0, 8.0, 13.0)
    falling = bar(1, 13.0, 14.0, 8.0, 10.0)

    strips = candles.render((rising, falling), 20, 30)
    drawn = [text for text in texts(strips) if '║' in text or '┃' in text]

    assert all('║┃' in text for text in drawn)
    assert len(drawn) > 5


def test_wick_and_body_meet_in_half_cells():
    # 4 rows, 8 half cells: one a unit of price.
    wick_up = bar(0, 10.0, 17.0, 10.0, 12.0)

    strips = candles.render((wick_up,), 5, 4)

    assert column(strips, 4) == '││╽║'


def test_the_newest_bar_is_at_the_right():
    low = bar(0, 10.0, 10.0, 10.0, 10.0)
    high = bar(1, 20.0, 20.0, 20.0, 20.0)

    strips = candles.render((low, high), 6, 4)

    assert column(strips, 5)[0] == '╹'
    assert column(strips, 4)[3] == '╻'


def test_an_offset_looks_back():
    low = bar(0, 10.0, 10.0, 10.0, 10.0)
    high = bar(1, 20.0, 20.0, 20.0, 20.0)

    strips = candles.render((low, high), 6, 4, offset=1)

    assert column(strips, 5).strip(' ┈') in BODIES
    assert column(strips, 4).strip(' ┈') == ''


def test_an_offset_beyond_the_first_bar_shows_the_first_bar():
    bars = tuple(bar(n, 10.0, 11.0, 9.0, 10.0) for n in range(3))

    assert texts(candles.render(bars, 30, 9, offset=99)) == texts(
        candles.render(bars, 30, 9, offset=2)
    )


def test_equal_prices_lie_in_the_middle():
    bars = tuple(bar(n, 10.0, 10.0, 10.0, 10.0) for n in range(3))

    strips = candles.render(bars, 30, 9)

    rows = [n for n, text in enumerate(texts(strips)) if '╹' in text]
    rows += [n for n, text in enumerate(texts(strips)) if '╻' in text]
    assert rows in ([3], [4])


def test_the_last_price_is_on_the_axis():
    bars = (bar(0, 10.0, 12.0, 8.0, 11.37), bar(1, 11.37, 15.0, 9.0, 12.34))

    strips = candles.render(bars, 40, 12)

    line = next(text for text in texts(strips) if '12.34' in text)
    assert line.startswith(candles.LAST_LINE * 5)


def test_the_last_price_is_left_out_when_it_is_out_of_sight():
    bars = (bar(0, 10.0, 10.5, 9.5, 10.0), bar(1, 20.0, 20.5, 19.5, 20.0))

    strips = candles.render(bars, 40, 12, offset=1)

    assert not any(candles.LAST_LINE in text for text in texts(strips))
    assert not any('20.00' in text for text in texts(strips))


def test_a_buy_is_marked_below_its_bar_and_a_sell_above():
    bars = tuple(bar(n, 10.0, 11.0, 9.0, 10.5) for n in range(6))
    marks = (fill(2), fill(4, orders.OrderSide.SELL))

    strips = candles.render(bars, 40, 20, marks=marks)

    places = {
        mark: (row, text.index(mark))
        for row, text in enumerate(texts(strips))
        for mark in (candles.BUY_MARK, candles.SELL_MARK)
        if mark in text
    }
    buy, sell = places[candles.BUY_MARK], places[candles.SELL_MARK]
    assert texts(strips)[buy[0] - 1][buy[1]] in CANDLE
    assert texts(strips)[sell[0] + 1][sell[1]] in CANDLE
    assert sell[1] - buy[1] == 2


def test_a_fill_after_the_newest_bar_is_marked_at_the_newest():
    bars = tuple(bar(n, 10.0, 11.0, 9.0, 10.5) for n in range(6))

    strips = candles.render(bars, 10, 8, marks=(fill(9),))

    assert any(text[9] == candles.BUY_MARK for text in texts(strips))


def test_a_fill_between_two_bars_is_marked_at_the_later():
    bars = tuple(bar(n, 10.0, 11.0, 9.0, 10.5) for n in range(0, 12, 2))

    strips = candles.render(bars, 10, 8, marks=(fill(7),))

    assert any(text[8] == candles.BUY_MARK for text in texts(strips))


@pytest.mark.parametrize('number', [-10, 30])
def test_a_fill_of_a_bar_that_is_not_shown_is_not_marked(number):
    bars = tuple(bar(n, 10.0, 11.0, 9.0, 10.5) for n in range(50))

    strips = candles.render(bars, 10, 8, marks=(fill(number),))

    assert not any(candles.BUY_MARK in text for text in texts(strips))


def test_the_most_volume_fills_its_rows():
    bars = (
        bar(0, 10.0, 11.0, 9.0, 10.0, 800.0),
        bar(1, 10.0, 11.0, 9.0, 10.0, 400.0),
        bar(2, 10.0, 11.0, 9.0, 10.0, 1.0),
        bar(3, 10.0, 11.0, 9.0, 10.0, 0.0),
    )

    strips = candles.render(bars, 8, 8)

    assert strips[6].text == '    █▄▁ '


def test_the_axis_writes_more_decimals_where_prices_are_small():
    bars = (bar(0, 1e-5, 3e-5, 1e-5, 2e-5), bar(1, 2e-5, 4e-5, 2e-5, 3e-5))

    strips = candles.render(bars, 60, 20)

    assert any(' 0.00003' in text for text in texts(strips))


def test_a_narrow_chart_gives_up_the_axis():
    bars = (bar(0, 100.0, 110.0, 90.0, 101.25),)

    assert not any(
        '101.25' in text for text in texts(candles.render(bars, 10, 10))
    )


def test_styles_come_from_the_palette():
    red = rich_style.Style.parse('bold red')
    palette = dataclasses.replace(candles.PLAIN, down=red)
    falling = bar(0, 13.0, 14.0, 8.0, 10.0)

    strips = candles.render((falling,), 5, 4, palette=palette)

    assert red in {
        part.style for strip in strips for part in strip if '┃' in part.text
    }
