"""What a parameter may be set to."""

import pytest

from sting.model import errors
from sting.model import parameters

pytestmark = pytest.mark.unit

FAST = parameters.Setting('fast', 10, 'an int from 2 to 99', low=2, high=99)
KIND = parameters.Setting('kind', 'ema', 'one of ema', choices=('ema', 'sma'))
SHARE = parameters.Setting('share', 0.5, 'a float')
SETTINGS = (FAST, KIND, SHARE)


def test_values_and_texts_become_of_the_parameters_types():
    given = {'fast': '12', 'kind': 'sma', 'share': 1}
    found = parameters.convert(SETTINGS, given)
    assert found == {'fast': 12, 'kind': 'sma', 'share': 1.0}
    assert [type(each) for each in found.values()] == [int, str, float]


def test_none_holds_for_any_name():
    given = {'fast': None, 'gone': None}
    assert parameters.convert(SETTINGS, given) == given


@pytest.mark.parametrize(
    ('name', 'value', 'why'),
    [
        ('fast', 1, 'parameter fast is 1; it must be an int from 2 to 99'),
        ('fast', '2.5', "parameter fast is '2.5'"),
        ('fast', True, 'parameter fast is True'),
        ('kind', 'wma', 'it must be one of ema'),
        ('share', float('nan'), 'parameter share is nan'),
        ('fats', 5, "no parameter 'fats'; did you mean 'fast'?"),
    ],
)
def test_what_is_not_allowed_is_told(name, value, why):
    with pytest.raises(errors.StrategyError) as caught:
        parameters.convert(SETTINGS, {name: value})
    assert why in str(caught.value)


def test_a_strategy_without_parameters_says_so():
    with pytest.raises(errors.StrategyError, match='takes none'):
        parameters.convert((), {'fast': 1})
