import copy
import math

import pytest

from sting.model import errors
from sting.strategy import handles
from sting.strategy import indicators

pytestmark = pytest.mark.unit


def bands(symbol=None, timeframe=''):
    options = {'period': 2, 'width': 1.0}
    return handles.Handle(indicators.Bollinger, options, symbol, timeframe)


def test_an_option_that_the_class_does_not_take_is_refused():
    with pytest.raises(errors.StrategyError, match='perriod'):
        handles.Handle(indicators.SMA, {'perriod': 1}, None)


def test_lines_begin_without_a_value():
    handle = bands()
    assert [handle.ready, handle.upper.ready, handle['A'].ready] == [False] * 3
    assert math.isnan(handle.upper.previous)


def test_a_line_that_there_is_not_is_named_with_those_there_are():
    with pytest.raises(errors.StrategyError, match='middle, upper, lower'):
        bands().line('top')
    with pytest.raises(AttributeError, match="has no line 'uper'"):
        _ = bands().uper
    plain = handles.Handle(indicators.SMA, {'period': 2}, None)
    with pytest.raises(AttributeError, match='it has only the one value'):
        _ = plain.upper


def test_a_line_can_be_copied():
    copied = copy.copy(handles.Line('line'))
    assert copied.name == 'line'
    assert copy.copy(bands()['A']).upper.name == 'Bollinger(2, 1).upper'


def test_the_timeframe_is_in_the_name():
    handle = bands(timeframe='1h')
    assert handle.name == 'Bollinger(2, 1) 1h'
    assert handle['A'].upper.name == 'Bollinger(2, 1) 1h.upper'


def test_a_handle_bound_to_a_symbol_covers_no_other():
    handle = bands('A')
    assert handle.covers('A')
    assert not handle.covers('B')
    with pytest.raises(errors.StrategyError, match='is of A, not of B'):
        handle['B']
