import math

import pytest

from sting.model import errors
from sting.strategy import context
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
    handle = context.Handle(indicators.SMA, {'period': period}, symbol)
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


def test_an_option_that_the_class_does_not_take_is_refused():
    with pytest.raises(errors.StrategyError, match='perriod'):
        context.Handle(indicators.SMA, {'perriod': 1}, None)


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
