"""What a backtest found, as text."""

import itertools

import pytest

from tests.unit.tui.screens import backtest_program
from tui import themes
from tui.screens import backtest_pages as pages

pytestmark = pytest.mark.unit

PALETTE = themes.Palette(themes.load_all()['dark'])
FOUND = backtest_program.FIGURES


def trip(pnl, days=1):
    return {
        'pnl': str(pnl),
        'entry_time': '2012-06-01T20:00:00Z',
        'exit_time': f'2012-06-{1 + days:02}T20:00:00Z',
    }


@pytest.mark.parametrize(
    ('width', 'cells'),
    [(90, ('+0.4', '-6.1', '+3.0', '-3.0')), (60, ('0', '-6', '+3', '-3'))],
)
def test_months_have_sign_and_figure_at_any_width(width, cells):
    lines = pages.months(FOUND, width, PALETTE).plain.splitlines()
    assert lines[1].split() == ['2012', *cells]
    assert max(map(len, lines[:2])) <= width


def test_a_deep_month_is_a_block_of_colour():
    found = pages.months(FOUND, 90, PALETTE)
    grounds = {
        found.plain[span.start : span.end].strip(): span.style
        for span in found.spans
    }
    assert grounds['-6.1'] == PALETTE.style('surface!', 'down')
    assert grounds['+0.4'] == PALETTE.style('up')
    assert grounds['+3.0'] == PALETTE.style('up!')


def test_what_is_not_there_is_said():
    assert pages.months({}, 80, PALETTE).plain == pages.NO_MONTHS
    assert pages.spread([], {}, 80, PALETTE).plain == pages.NO_TRADES
    assert pages.fills({}, PALETTE).plain == pages.NO_RANGE


def test_every_value_is_in_one_class_and_zero_is_an_edge():
    values = [-250.0, -1.0, 0.0, 3.0, 975.0]
    bins = pages.histogram(values)
    assert sum(count for _, _, count in bins) == len(values)
    assert any(low == 0 for low, _, _ in bins)
    for (_, high, _), (low, _, _) in itertools.pairwise(bins):
        assert high == low
    assert pages.histogram([5.0, 5.0]) == [(5.0, 6.0, 2)]


def test_the_spread_tells_best_worst_and_how_long_trades_were_held():
    trips = [trip(975), trip(-250, 3), trip(20, 2)]
    written = pages.spread(trips, FOUND, 60, PALETTE).plain
    assert '+975.00  -250.00' in written
    assert '1 won  1 lost' in written
    assert 'held, median' in written
    assert max(map(len, written.splitlines())) <= 60


def test_a_trip_without_its_moments_has_no_length():
    assert pages.held_s({'entry_time': 'x', 'exit_time': ''}) is None


def test_modes_of_filling_stand_worst_first():
    written = pages.fills({'range': backtest_program.RANGE}, PALETTE).plain
    lines = written.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == [
        'pessimistic',
        'next_open',
    ]
    assert 'not the same in all modes: 1 fill, 12.50%' in written
