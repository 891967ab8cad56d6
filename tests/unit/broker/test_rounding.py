"""Ticks and lots, by decimals."""

import decimal

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.broker import rounding
from sting.model import market
from tests.unit.broker import stations

pytestmark = pytest.mark.unit

FLOOR = decimal.ROUND_FLOOR
STEPS = st.sampled_from([0.0001, 0.01, 0.05, 0.1, 0.25, 1.0, 3.0, 100.0])
FIGURES = st.floats(1e-6, 1e12)


@pytest.mark.parametrize(
    ('value', 'size', 'rounded'),
    [
        (0.3, 0.1, 0.3),
        (0.7, 0.1, 0.7),
        (1.15, 0.05, 1.15),
        (100.004, 0.01, 100.0),
        (7.0, 10.0, 0.0),
        (123.456, 0.0, 123.456),
        (1e15, 0.01, 1e15),
    ],
)
def test_what_is_written_decides(value, size, rounded):
    assert rounding.to_step(value, size, FLOOR) == rounded


@hypothesis.given(FIGURES, STEPS)
def test_rounding_down_goes_less_than_a_step(value, size):
    rounded = rounding.to_step(value, size, FLOOR)
    # As written, or the error of the double would count.
    exact = decimal.Decimal(repr(value)) - decimal.Decimal(repr(rounded))
    assert 0 <= exact < decimal.Decimal(repr(size)) or value > 2**53 * size


@hypothesis.given(FIGURES, STEPS, st.sampled_from([FLOOR, 'ROUND_CEILING']))
def test_rounding_again_changes_nothing(value, size, mode):
    once = rounding.to_step(value, size, mode)
    assert rounding.to_step(once, size, mode) == once


@hypothesis.given(st.integers(0, 10**9), STEPS)
def test_a_whole_number_of_steps_stays(count, size):
    value = float(decimal.Decimal(repr(size)) * count)
    for mode in (FLOOR, 'ROUND_CEILING', 'ROUND_HALF_EVEN'):
        assert rounding.to_step(value, size, mode) == value


@hypothesis.given(st.sampled_from(['buy', 'sell']), st.floats(1.0, 1e6), STEPS)
def test_a_limit_never_gets_worse(side, price, tick):
    order = stations.order(side=side)
    one = market.Instrument('AAPL', tick=tick)
    terms = rounding.to_terms(order, rounding.Terms(1.0, price, None), one)
    assert order.side.sign * (terms.price - price) <= 0


def test_a_trigger_goes_to_the_nearest_tick():
    one = market.Instrument('AAPL', tick=0.05)
    wanted = rounding.Terms(None, None, 90.03)
    assert rounding.to_terms(stations.order(), wanted, one) == rounding.Terms(
        None, None, 90.05
    )


@pytest.mark.parametrize(
    ('wanted', 'words'),
    [
        ((7.0, None, None), '7 AAPL is less than a lot of 10'),
        ((10.0, 0.01, None), 'a price of 0.01 is less than a tick of 0.05'),
        ((10.0, None, 0.02), 'a price of 0.02 is less than a tick of 0.05'),
        ((10.0, 1.0, 2.0), ''),
        ((None, 1.0, None), ''),
    ],
)
def test_where_nothing_is_left_it_says_so(wanted, words):
    one = market.Instrument('AAPL', tick=0.05, lot=10.0)
    wanted = rounding.Terms(*wanted)
    terms = rounding.to_terms(stations.order(), wanted, one)
    said = rounding.fault(wanted, terms, one)
    assert said.startswith(words)
    assert bool(said) == bool(words)
