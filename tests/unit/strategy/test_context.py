import math

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.model import errors
from sting.strategy import context
from sting.strategy import handles
from sting.strategy import indicators
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit


def feed(shared, *rows):
    for symbol, close in rows:
        shared.update(samples.bar(close, symbol=symbol))


@pytest.fixture
def shared():
    return context.Context()


def add(shared, *, symbol=None, period=2):
    handle = handles.Handle(indicators.SMA, {'period': period}, symbol)
    shared.add(handle)
    return handle


def test_each_symbol_has_an_indicator_of_its_own(shared):
    handle = add(shared)
    feed(shared, ('A', 1.0), ('B', 10.0), ('A', 3.0), ('B', 30.0))
    assert (handle['A'].value, handle['B'].value) == (2.0, 20.0)


def test_the_handle_shows_the_symbol_of_the_last_bar(shared):
    handle = add(shared)
    feed(shared, ('A', 1.0), ('A', 3.0), ('B', 10.0))
    assert not handle.ready
    feed(shared, ('A', 5.0))
    assert handle.ready
    assert (handle.previous, handle.value) == (2.0, 4.0)


def test_a_selected_symbol_shows_its_last_values(shared):
    handle = add(shared, period=1)
    feed(shared, ('A', 1.0), ('A', 3.0), ('B', 10.0))
    shared.select('A')
    assert (handle.previous, handle.value) == (1.0, 3.0)
    shared.select('B')
    assert handle.value == 10.0


def test_a_handle_bound_to_a_symbol_takes_no_other_bars(shared):
    handle = add(shared, symbol='A', period=1)
    feed(shared, ('A', 1.0), ('B', 10.0))
    assert handle.value == 1.0
    shared.select('A')
    assert handle.value == 1.0
    with pytest.raises(errors.StrategyError, match='is of A, not of B'):
        handle['B']


def test_a_symbol_without_bars_has_an_empty_series(shared):
    series = add(shared)['Z']
    assert not series.ready
    assert math.isnan(series.previous)


def test_an_indicator_added_late_starts_at_the_next_bar(shared):
    add(shared, period=1)
    feed(shared, ('A', 1.0))
    late = add(shared, period=1)
    assert not late.ready
    feed(shared, ('A', 2.0))
    assert late.value == 2.0


def test_values_are_those_that_are_ready(shared):
    add(shared, period=1)
    add(shared, period=2)
    add(shared, period=1, symbol='B')
    feed(shared, ('A', 1.0))
    assert shared.values('A') == {'SMA(1)': 1.0}


def test_the_log_is_given_once_with_the_time_of_the_event(shared):
    shared.clock.time = 7
    shared.log.info('one')
    shared.log.warning('two')
    assert shared.log.take() == [(7, 'info', 'one'), (7, 'warning', 'two')]
    assert shared.log.take() == []


def test_the_log_keeps_the_newest_and_counts_what_it_drops(shared):
    for number in range(context.LOG_LINES + 3):
        shared.log.info(str(number))
    assert shared.log.dropped == 3
    assert shared.log.take()[0].text == '3'
    assert shared.log.dropped == 0


COLUMN = [1.0, 3.0, 5.0, 9.0]


def preload(shared, symbol, closes):
    shared.preload(symbol, {'close': np.array(closes, dtype=np.float64)})


def test_preloaded_values_come_with_their_bars(shared):
    handle = add(shared)
    preload(shared, 'A', COLUMN)
    assert not handle.ready
    seen = []
    for close in COLUMN:
        feed(shared, ('A', close))
        seen.append(handle.value)
    assert seen[1:] == [2.0, 4.0, 7.0]
    assert (handle.previous, handle['A'].previous) == (4.0, 4.0)


def test_preloaded_and_stepped_symbols_stand_side_by_side(shared):
    handle = add(shared)
    preload(shared, 'A', COLUMN)
    feed(shared, ('A', 1.0), ('B', 10.0), ('A', 3.0), ('B', 30.0))
    assert (handle['A'].value, handle['B'].value) == (2.0, 20.0)


def test_an_indicator_of_one_speed_is_stepped_beside_the_others(shared):
    class Count(indicators.Indicator):
        name = 'count'

        def __init__(self):
            self.bars = 0

        def update(self, bar):
            self.bars += 1
            return float(self.bars)

    both = add(shared, period=1), handles.Handle(Count, {}, None)
    shared.add(both[1])
    preload(shared, 'A', COLUMN)
    feed(shared, ('A', 1.0), ('A', 3.0))
    assert [handle.value for handle in both] == [3.0, 2.0]


def test_an_indicator_added_after_preloading_is_stepped(shared):
    add(shared, period=1)
    preload(shared, 'A', COLUMN)
    feed(shared, ('A', 1.0))
    late = add(shared, period=1)
    other = add(shared, period=1, symbol='B')
    feed(shared, ('A', 3.0))
    assert late.value == 3.0
    assert not other.ready


def test_preloading_after_a_bar_is_an_error(shared):
    feed(shared, ('A', 1.0))
    with pytest.raises(errors.StateError, match='A had bars before'):
        preload(shared, 'A', COLUMN)


def test_more_bars_than_were_preloaded_are_an_error(shared):
    add(shared)
    preload(shared, 'A', [1.0])
    feed(shared, ('A', 1.0))
    with pytest.raises(errors.StateError, match='more bars'):
        feed(shared, ('A', 1.0))


@hypothesis.given(
    st.lists(
        st.tuples(
            st.sampled_from('AB'), st.floats(min_value=0.01, max_value=1e5)
        ),
        max_size=60,
    ),
    st.integers(min_value=1, max_value=5),
)
def test_preloading_changes_no_value(rows, period):
    plain, loaded = context.Context(), context.Context()
    handles = add(plain, period=period), add(loaded, period=period)
    for symbol in 'AB':
        preload(loaded, symbol, [x for each, x in rows if each == symbol])
    for row in rows:
        feed(plain, row)
        feed(loaded, row)
        values = [
            np.array([each.value, each.previous]).tobytes() for each in handles
        ]
        assert values[0] == values[1]


BANDS = {'period': 2, 'width': 1.0}


def add_bands(shared):
    handle = handles.Handle(indicators.Bollinger, BANDS, None)
    shared.add(handle)
    return handle


def test_an_indicator_of_several_values_has_lines(shared):
    bands = add_bands(shared)
    feed(shared, ('A', 1.0), ('A', 3.0), ('A', 7.0))
    assert (bands.value, bands.previous) == (5.0, 2.0)
    assert (bands.upper.value, bands.upper.previous) == (7.0, 3.0)
    assert bands.line('lower').value == 3.0
    assert bands.line('middle') is bands
    assert bands.lower.ready


def test_a_symbol_has_lines_of_its_own(shared):
    bands = add_bands(shared)
    feed(shared, ('A', 1.0), ('B', 10.0), ('A', 3.0), ('B', 30.0))
    assert bands.upper.value == 30.0
    assert bands['A'].upper.value == 3.0
    shared.select('A')
    assert bands.upper.value == 3.0


def test_lines_are_logged_by_their_names(shared):
    add_bands(shared)
    feed(shared, ('A', 1.0))
    assert shared.values('A') == {}
    feed(shared, ('A', 3.0))
    assert shared.values('A') == {
        'Bollinger(2, 1)': 2.0,
        'Bollinger(2, 1).upper': 3.0,
        'Bollinger(2, 1).lower': 1.0,
    }


def test_a_longer_timeframe_has_lines_too(shared):
    shared.frames.expect('1m')
    bands = handles.Handle(indicators.Bollinger, BANDS, None, '1h')
    shared.add(bands)
    for close in (1.0, 3.0):
        shared.update_longer(samples.bar(close, symbol='A', timeframe='1h'))
    feed(shared, ('A', 9.0))
    assert bands.upper.value == 3.0
    assert set(shared.values('A')) == {
        'Bollinger(2, 1) 1h',
        'Bollinger(2, 1) 1h.upper',
        'Bollinger(2, 1) 1h.lower',
    }


class Sum(indicators.Indicator):
    """What the closes of two symbols add up to so far."""

    name = 'Sum'
    symbols = ('A', 'B')

    def __init__(self):
        self.total = 0.0

    def update(self, bar):
        self.total += bar.close
        return self.total


def test_symbols_of_one_indicator_are_together(shared):
    add(shared)
    assert shared.together('A') == {'A'}
    shared.add(handles.Handle(Sum, {}, None))
    assert shared.together('B') == {'A', 'B'}
    assert shared.together('C') == {'C'}


def test_a_renewed_symbol_has_had_no_bar(shared):
    handle, together = add(shared), handles.Handle(Sum, {}, None)
    shared.add(together)
    feed(shared, ('A', 1.0), ('A', 3.0), ('C', 10.0), ('C', 30.0))
    shared.renew(shared.together('A'))
    assert not handle['A'].ready
    assert handle['C'].value == 20.0
    feed(shared, ('A', 0.5), ('A', 1.5), ('B', 2.0))
    assert handle['A'].value == 1.0
    assert together.value == 4.0


def test_a_renewed_symbol_begins_its_longer_bars_anew(shared):
    shared.preload('A', {'close': np.array([1.0, 2.0])})
    shared.renew(frozenset({'A'}))
    handle = add(shared)
    feed(shared, ('A', 4.0), ('A', 6.0), ('A', 8.0))
    assert handle['A'].value == 7.0
