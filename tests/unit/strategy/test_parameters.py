import math

import numpy as np
import pytest

from sting.model import errors
from sting.strategy import parameters

pytestmark = pytest.mark.unit

DECLARED = {
    'fast': parameters.Parameter(10, low=2, high=50),
    'weight': parameters.Parameter(0.5, low=0.0),
    'short': parameters.Parameter(False),
    'field': parameters.Parameter('close', choices=('open', 'close')),
    'note': parameters.Parameter('', doc='anything'),
}


def test_defaults_stand_where_nothing_is_given():
    assert parameters.resolve(DECLARED, {}) == {
        'fast': 10,
        'weight': 0.5,
        'short': False,
        'field': 'close',
        'note': '',
    }


@pytest.mark.parametrize(
    ('name', 'given', 'value'),
    [
        ('fast', '12', 12),
        ('fast', 12.0, 12),
        ('weight', '0.25', 0.25),
        ('weight', 1, 1.0),
        ('short', 'yes', True),
        ('short', 'OFF', False),
        ('short', True, True),
        ('field', 'open', 'open'),
        ('note', ' as it is ', ' as it is '),
    ],
)
def test_what_is_given_takes_the_type_of_the_default(name, given, value):
    found = parameters.resolve(DECLARED, {name: given})[name]
    assert found == value
    assert type(found) is type(DECLARED[name].default)


@pytest.mark.parametrize(
    ('name', 'given', 'allowed'),
    [
        ('fast', '1', 'an int from 2 to 50'),
        ('fast', 51, 'an int from 2 to 50'),
        ('fast', '1.5', 'an int from 2 to 50'),
        ('fast', 2.5, 'an int from 2 to 50'),
        ('fast', True, 'an int from 2 to 50'),
        ('fast', math.inf, 'an int from 2 to 50'),
        ('fast', math.nan, 'an int from 2 to 50'),
        ('fast', None, 'an int from 2 to 50'),
        ('weight', 'nan', 'a float of at least 0'),
        ('weight', '-1', 'a float of at least 0'),
        ('short', 'maybe', 'a bool'),
        ('short', 1, 'a bool'),
        ('field', 'volume', 'one of open, close'),
        ('note', 3, 'a str'),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(name, given, allowed):
    with pytest.raises(errors.StrategyError) as caught:
        parameters.resolve(DECLARED, {name: given})
    assert str(caught.value) == (
        f'parameter {name} is {given!r}; it must be {allowed}'
    )


@pytest.mark.parametrize(
    ('default', 'given', 'kind'),
    [
        (np.float64(1.5), np.float32(0.5), float),
        (np.int64(3), np.int32(4), int),
        (3, np.float64(4.0), int),
        (np.str_('a'), np.str_('b'), str),
    ],
)
def test_values_of_numpy_become_plain(default, given, kind):
    each = parameters.Parameter(default)
    assert type(each.default) is kind
    assert type(each.convert(given)) is kind
    assert each.convert(given) == given


def test_an_unknown_name_is_answered_with_the_nearest_and_the_list():
    with pytest.raises(errors.StrategyError) as caught:
        parameters.resolve(DECLARED, {'fats': 3}, where='--set')
    assert str(caught.value) == (
        "--set: there is no parameter 'fats'; did you mean 'fast'? "
        '(it takes fast, weight, short, field, note)'
    )


def test_a_name_like_no_other_is_answered_with_the_list_alone():
    with pytest.raises(errors.StrategyError, match=r"'zzz' \(it takes fast"):
        parameters.resolve(DECLARED, {'zzz': 3})


def test_a_strategy_without_parameters_says_so():
    with pytest.raises(errors.StrategyError, match='takes none'):
        parameters.resolve({}, {'fast': 3})


def test_only_an_upper_bound_is_told():
    with pytest.raises(errors.StrategyError, match=r'an int of at most 5$'):
        parameters.resolve({'n': parameters.Parameter(1, high=5)}, {'n': 6})


def test_a_default_out_of_its_own_bounds_is_refused():
    with pytest.raises(errors.StrategyError, match='default 1 must be an int'):
        parameters.Parameter(1, low=2)


def test_a_default_of_another_type_is_refused():
    with pytest.raises(errors.StrategyError, match='not a list'):
        parameters.Parameter([1])
