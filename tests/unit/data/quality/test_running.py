"""Running figures are those of the values that they stand for."""

import math

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.data.quality import rules
from sting.data.quality import running
from sting.model import market

pytestmark = pytest.mark.unit


def bar(**changes):
    values = {
        'open': 5.0,
        'high': 5.0,
        'low': 5.0,
        'close': 5.0,
        'volume': 2.0,
        **changes,
    }
    return market.MarketData('A', 1, **values)


def find(name, one):
    return running.FINDS[name](running.Seen(60, None), one, 10)


@hypothesis.given(
    st.lists(st.sampled_from([0.0, 1.0, 1.5, 2.0, 1e9]), max_size=260)
)
@hypothesis.settings(max_examples=30, deadline=None)
def test_the_median_is_that_of_the_last_values(values):
    median = running.Median()
    for value in values:
        median.add(value)
    last = values[-rules.WINDOW :]
    assert median.values == last
    assert median.ranked == sorted(last)
    if len(last) < rules.FEWEST:
        assert math.isnan(median.get())
    else:
        assert median.get() == np.median(last)


def test_every_rule_of_the_table_is_there():
    assert list(running.FINDS) == [rule.name for rule in rules.RULES]


def test_nothing_kept_grows_with_the_bars():
    seen = running.Seen(60, None)
    for nth in range(3 * rules.WINDOW):
        one = market.MarketData('A', 60 * nth, 5.0, 5.0, 5.0, 5.0, 2.0 + nth)
        for each in running.FINDS.values():
            each(seen, one, 10**18)
    assert len(seen.stamps) == rules.WINDOW
    assert len(seen.changes.values) == len(seen.volumes.values) == rules.WINDOW


@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize('name', ['open', 'high', 'low', 'close', 'volume'])
def test_what_is_no_number_is_missing(name, value):
    assert find('missing', bar(**{name: value}))


def test_numbers_whose_sum_is_none_are_not_missing():
    assert not find('missing', bar(open=1.7e308, close=1.7e308))


@pytest.mark.parametrize('name', ['open', 'high', 'low', 'close', 'volume'])
def test_prices_are_above_0_and_volumes_not_below(name):
    assert not find('price', bar())
    assert find('price', bar(**{name: -1.0}))
    assert find('price', bar(**{name: 0.0})) == (name != 'volume')


def test_prices_further_apart_than_numbers_reach_are_no_fault_here():
    seen = running.Seen(60, None)
    for price in (1e300, 1e-300, 1e300):
        for name in ('split', 'unit', 'spike'):
            one = bar(open=price, close=price)
            assert not running.FINDS[name](seen, one, 10)
