"""Lengths of bars, and which can be built from which."""

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.model import errors
from sting.model import timeframes

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('timeframe', 'seconds'),
    [
        ('30s', 30),
        ('1m', 60),
        ('5m', 300),
        ('4h', 14400),
        ('1d', 86400),
        ('1w', 604800),
    ],
)
def test_timeframes_have_their_length(timeframe, seconds):
    assert timeframes.length(timeframe) == seconds * 10**9


@pytest.mark.parametrize('text', ['', 'm', '0m', '1y', '1 m', '-1m', '1.5h'])
def test_other_text_is_no_timeframe(text):
    with pytest.raises(errors.DataError, match='no timeframe'):
        timeframes.length(text)


@hypothesis.given(st.integers(1, 999), st.sampled_from('smhdw'))
def test_a_name_has_the_length_that_it_names(count, unit):
    step = count * timeframes.UNITS[unit]
    name = timeframes.name(step)
    assert name is not None
    assert timeframes.length(name) == step


def test_a_name_uses_the_largest_unit():
    assert timeframes.name(timeframes.UNITS['d']) == '1d'
    assert timeframes.name(90 * timeframes.UNITS['m']) == '90m'


def test_what_no_timeframe_can_be_has_no_name():
    assert timeframes.name(1_362_100_060 * timeframes.UNITS['s']) is None


def test_half_a_second_has_no_name():
    assert timeframes.name(timeframes.UNITS['s'] // 2) is None


@pytest.mark.parametrize('asked', ['30s', '1m', '90m', '5h', '1d', '1w'])
def test_these_can_be_asked_for(asked):
    assert timeframes.fault(asked) == ''


@pytest.mark.parametrize(
    ('asked', 'words'),
    [
        ('hourly', "'hourly' is no timeframe"),
        ('60m', "'60m' is written '1h'"),
        ('24h', "'24h' is written '1d'"),
        ('7d', "'7d' is written '1w'"),
        ('2d', "'1d', a session, and '1w', a trading week"),
        ('2w', "'1d', a session, and '1w', a trading week"),
    ],
)
def test_these_cannot(asked, words):
    assert words in timeframes.fault(asked)


@pytest.mark.parametrize(
    ('asked', 'own'),
    [
        ('1m', '1m'),
        ('1h', '60m'),
        ('1h', '1m'),
        ('1d', '7m'),
        ('1w', '1d'),
        ('1d', '1d'),
    ],
)
def test_longer_bars_are_built_from_shorter_ones(asked, own):
    assert timeframes.mismatch(asked, own) == ''


@pytest.mark.parametrize(
    ('asked', 'own', 'words'),
    [
        ('1m', '1h', 'ask for 1h or longer, or give finer data'),
        ('1h', '1d', 'ask for 1d or longer'),
        ('1h', '25m', 'ask for a multiple of 25m'),
    ],
)
def test_shorter_or_uneven_bars_are_not(asked, own, words):
    assert words in timeframes.mismatch(asked, own)


@pytest.mark.parametrize(
    'timeframe', ['tick:100', 'volume:10000', 'volume:0.5', 'dollar:1000000']
)
def test_bars_that_end_with_what_is_traded_have_no_length(timeframe):
    assert timeframes.length(timeframe) == 0
    assert timeframes.fault(timeframe) == ''
    assert timeframes.mismatch(timeframe, timeframe) == ''
    made = timeframes.traded(timeframe)
    assert timeframes.traded_name(*made) == timeframe


@pytest.mark.parametrize(
    'timeframe',
    ['tick:0', 'tick:1.5', 'volume:10.', 'dollar:1e6', 'volume:..', '5m'],
)
def test_what_is_written_otherwise_does_not_say_what_is_traded(timeframe):
    assert timeframes.traded(timeframe) is None


@pytest.mark.parametrize(('kind', 'size'), [('tick', 1.5), ('volume', 0.0)])
def test_bars_of_no_size_have_no_name(kind, size):
    with pytest.raises(errors.DataError, match='cannot be made'):
        timeframes.traded_name(kind, size)


@pytest.mark.parametrize(
    ('asked', 'own'),
    [('1h', 'tick:100'), ('tick:100', '1m'), ('volume:5', 'tick:100')],
)
def test_what_ends_with_trades_is_not_built_by_time(asked, own):
    assert 'cannot be built' in timeframes.mismatch(asked, own)
