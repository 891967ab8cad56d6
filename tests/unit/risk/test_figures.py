"""Each figure, held against cases written by hand."""

import math

import pytest

from sting.model import orders
from sting.risk import figures

pytestmark = pytest.mark.unit

BUY, SELL = 1, -1
DUST = orders.DUST


def test_a_figure_passes_up_to_its_limit_and_what_rounding_adds():
    assert figures.passes(1.0, 1.0)
    assert figures.passes(1.0 + 1e-10, 1.0)
    assert not figures.passes(1.0 + 1e-8, 1.0)
    assert not figures.passes(math.nan, 1.0)
    assert figures.passes(math.inf, math.inf)


@pytest.mark.parametrize(
    ('sign', 'held', 'after', 'expected'),
    [
        (BUY, 0.0, 5.0, False),
        (BUY, 5.0, 9.0, False),
        (SELL, 5.0, 3.0, True),
        (SELL, 5.0, 0.0, True),
        (SELL, 5.0, -1e-10, True),
        (SELL, 5.0, -1.0, False),
        (BUY, -5.0, -3.0, True),
        (BUY, -5.0, 1.0, False),
        (SELL, 5.0, -11.0, False),
        # Nothing is left of the order: what is held stays.
        (SELL, 5.0, 5.0, True),
        (BUY, 5.0, 5.0, False),
        (BUY, 0.0, 0.0, False),
        (SELL, 5.0, 6.0, False),
        (SELL, 0.5, 0.2, True),
        (SELL, 1.0, 0.5, True),
        (BUY, -0.5, -0.2, True),
        # Dust behind flat is flat, and not a hair more.
        (SELL, 5.0, -DUST, True),
        (SELL, 5.0, -2 * DUST, False),
        (BUY, -5.0, DUST, True),
        (BUY, -5.0, 2 * DUST, False),
    ],
)
def test_only_what_takes_from_a_position_shrinks_it(
    sign, held, after, expected
):
    assert figures.shrinks(sign, held, after) is expected


@pytest.mark.parametrize(
    ('sign', 'price', 'stop', 'expected'),
    [
        (BUY, 0.0, 0.0, 100.0),
        (BUY, 90.0, 0.0, 90.0),
        (BUY, 90.0, 120.0, 90.0),
        (BUY, 0.5, 0.0, 0.5),
        (BUY, 0.0, 120.0, 120.0),
        (SELL, 90.0, 0.0, 100.0),
        (SELL, 110.0, 0.0, 110.0),
        (SELL, 0.0, 90.0, 100.0),
    ],
)
def test_an_order_counts_at_the_worse_price(sign, price, stop, expected):
    assert figures.worst_price(sign, 100.0, price, stop) == expected


@pytest.mark.parametrize(
    ('sign', 'price', 'stop', 'triggered', 'expected'),
    [
        (BUY, 110.0, 0.0, False, 0.1),
        (BUY, 90.0, 0.0, False, 0.0),
        (SELL, 90.0, 0.0, False, 0.1),
        (BUY, 0.0, 90.0, False, 0.1),
        (BUY, 0.0, 90.0, True, 0.0),
        (SELL, 0.0, 110.0, False, 0.1),
        (SELL, 80.0, 110.0, False, 0.2),
        (SELL, 95.0, 120.0, False, 0.2),
        (SELL, 0.5, 0.0, False, 0.995),
        (BUY, 0.0, 0.5, False, 0.995),
        (BUY, 0.0, 0.0, False, 0.0),
    ],
)
def test_a_collar_measures_the_side_that_costs_money(
    sign, price, stop, triggered, expected
):
    found = figures.collar(sign, 100.0, price, stop, triggered)
    assert found == pytest.approx(expected)


def test_without_a_last_price_the_distance_is_not_known():
    assert figures.collar(BUY, 0.0, 1.0, 0.0, False) == math.inf


def test_value_counts_long_and_short_alike():
    assert figures.notional(-3.0, 10.0) == figures.notional(3.0, 10.0) == 30.0


def test_without_equity_nothing_can_be_borrowed_on_it():
    assert figures.leverage(50.0, 100.0) == 0.5
    assert figures.leverage(0.5, 0.5) == 1.0
    assert figures.leverage(50.0, 0.0) == math.inf
    assert figures.leverage(0.0, -1.0) == math.inf


@pytest.mark.parametrize(
    ('held', 'after', 'price', 'coming', 'expected'),
    [
        (40.0, 50.0, 100.0, 1000.0, 5000.0),
        (40.0, 50.0, 110.0, 1100.0, 5500.0),
        (40.0, 50.0, 50.0, 500.0, 4500.0),
        (-40.0, 10.0, 50.0, 2500.0, 500.0),
        # At the last price itself the whole counts at it, whatever others
        # cost.
        (40.0, 50.0, 100.0, 600.0, 5000.0),
        (0.0, 10.0, 50.0, 300.0, 500.0),
        (0.5, 10.5, 50.0, 400.0, 450.0),
        (-5.0, 5.0, 50.0, 2000.0, 1500.0),
    ],
)
def test_what_is_held_is_worth_the_last_price_at_least(
    held, after, price, coming, expected
):
    assert figures.worth(held, after, 100.0, price, coming) == expected
