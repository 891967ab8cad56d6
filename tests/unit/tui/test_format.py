"""Figures and foreign text as the terminal writes them."""

import math

from hypothesis import given
from hypothesis import strategies as st
import pytest
from rich import cells

from sting.model import market
from tui import format as text_format

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('AAPL', 'AAPL'),
        ('Ünïcode 漢字', 'Ünïcode 漢字'),
        ('two\nlines\tand', 'two lines and'),
        ('\x1b[31mred', '\ufffd[31mred'),
        ('a\u202eb', 'a\ufffdb'),
        ('a\u200bb', 'a\ufffdb'),
        ('a\x07', 'a\ufffd'),
    ],
)
def test_clean_keeps_print_and_replaces_what_steers(text, shown):
    assert text_format.clean(text) == shown


@given(st.text())
def test_cleaned_text_is_one_line_without_controls(text):
    shown = text_format.clean(text)
    assert len(shown) == len(text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)
    assert len(shown.splitlines()) <= 1


@given(st.text(), st.integers(0, 40), st.sampled_from(['left', 'right']))
def test_fitted_text_has_exactly_the_width(text, width, align):
    fitted = text_format.fit(text_format.clean(text), width, align)
    assert cells.cell_len(fitted) == width


def test_fit_says_that_something_was_cut():
    assert text_format.fit('sma_cross_fast', 8) == 'sma_cro…'


def test_fit_aligns_right():
    assert text_format.fit('9.5', 5, 'right') == '  9.5'


@pytest.mark.parametrize(
    ('write', 'value', 'text'),
    [
        (text_format.price, 571.2, '571.20'),
        (text_format.price, 0.0123, '0.0123'),
        (text_format.price, 0.0, '0.00'),
        (text_format.price, None, '-'),
        (text_format.price, math.nan, '-'),
        (text_format.quantity, 100.0, '100'),
        (text_format.quantity, 0.125, '0.125'),
        (text_format.quantity, -1000.0, '-1,000'),
        (text_format.quantity, None, '-'),
        (text_format.money, 1234.5, '1,234.50'),
        (text_format.money, math.inf, '-'),
        (text_format.gain, 12.5, '+12.50'),
        (text_format.gain, -12.5, '-12.50'),
        (text_format.gain, -0.001, '0.00'),
        (text_format.gain, math.nan, '-'),
        (text_format.percent, 0.0123, '+1.23%'),
        (text_format.percent, -0.00001, '0.00%'),
        (text_format.percent, None, '-'),
        (text_format.compact, 950.0, '950'),
        (text_format.compact, 999.5, '1.00k'),
        (text_format.compact, 1_234.0, '1.23k'),
        (text_format.compact, 999_999.0, '1.00M'),
        (text_format.compact, 45_600_000.0, '45.6M'),
        (text_format.compact, math.nan, '-'),
        (text_format.duration, 0.43, '0s'),
        (text_format.duration, -3.0, '0s'),
        (text_format.duration, 59.0, '59s'),
        (text_format.duration, 3_700.0, '1h'),
        (text_format.duration, 200_000.0, '2d'),
        (text_format.duration, None, '-'),
    ],
)
def test_figures(write, value, text):
    assert write(value) == text


@given(st.floats(1, 1e11))
def test_compact_never_needs_more_than_five_cells(value):
    assert len(text_format.compact(value)) <= 5


def test_times_are_utc():
    stamp = 1_338_500_000 * market.NANOSECONDS
    assert text_format.clock(stamp) == '21:33:20'
    assert text_format.date_clock(stamp) == '2012-05-31 21:33:20'


def test_no_time_is_a_dash():
    assert text_format.clock(0) == '-'
    assert text_format.date_clock(0) == '-'


@pytest.mark.parametrize(
    ('number', 'noun', 'text'),
    [
        (1, 'order', '1 order'),
        (0, 'order', '0 orders'),
        (2, 'strategy', '2 strategies'),
    ],
)
def test_count_has_its_plural(number, noun, text):
    assert text_format.count(number, noun) == text


def test_wrap_breaks_at_blanks():
    assert text_format.wrap('buy 10 AAPL limit', 8) == [
        'buy 10',
        'AAPL',
        'limit',
    ]


@given(st.text(st.characters(codec='ascii')), st.integers(1, 30))
def test_wrapped_lines_fit(text, width):
    lines = text_format.wrap(text_format.clean(text), width)
    assert lines
    assert all(cells.cell_len(line) <= width for line in lines)


@pytest.mark.parametrize(
    ('text', 'short'),
    [
        ('/home/me/s/dip.py:7: KeyError: x', 'dip.py:7: KeyError: x'),
        ('dip failed: /a b/dip.py:7: no', 'dip failed: /a b/dip.py:7: no'),
        ('x /etc/sting.yaml:3: y', 'x sting.yaml:3: y'),
        ('mend /etc/sting.yaml', 'mend /etc/sting.yaml'),
        ('a/b/dip.py:7', 'a/b/dip.py:7'),
    ],
)
def test_places_in_code_are_shortened_to_their_files(text, short):
    assert text_format.file_names(text) == short


@pytest.mark.parametrize(
    ('number', 'text'),
    [
        (None, '-'),
        (float('nan'), '-'),
        (0, '0 B'),
        (999, '999 B'),
        (999.6, '1.0 kB'),
        (1_000, '1.0 kB'),
        (9_949_999, '9.9 MB'),
        (9_960_000, '10 MB'),
        (999_700_000, '1.0 GB'),
        (2.5e12, '2.5 TB'),
        (-1_500_000, '-1.5 MB'),
    ],
)
def test_bytes_in_their_largest_unit(number, text):
    assert text_format.size(number) == text


@pytest.mark.parametrize(
    ('number', 'text'),
    [
        (None, '-'),
        (0.2, '0 B/h'),
        (1_500_000, '+1.5 MB/h'),
        (-2_000, '-2.0 kB/h'),
    ],
)
def test_growth_has_its_sign(number, text):
    assert text_format.growth(number) == text


@pytest.mark.parametrize(
    ('ms', 'text'),
    [
        (0.0, '0 µs'),
        (0.0124, '12 µs'),
        (0.0996, '0.10 ms'),
        (0.994, '0.99 ms'),
        (0.996, '1.0 ms'),
        (99.9, '99.9 ms'),
        (99.96, '100 ms'),
        (999.4, '999 ms'),
        (999.6, '1.00 s'),
        (12_340.0, '12.34 s'),
        (float('inf'), '-'),
    ],
)
def test_how_long_something_took(ms, text):
    assert text_format.took(ms) == text
