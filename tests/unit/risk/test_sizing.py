"""Sizing against calculations made otherwise."""

import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.engine import performance
from sting.model import orders
from sting.model import sizing as sizings
from sting.risk import sizing

pytestmark = pytest.mark.unit

BUY, SELL = orders.OrderSide.BUY, orders.OrderSide.SELL


def sized(method, price=50.0, equity=100_000.0, tally=None, **signal):
    wanted = orders.Signal(**{'symbol': 'X', 'side': BUY} | signal)
    return sizing.Sizer(method).size(wanted, price, equity, tally)


def tally(wins, losses, won, lost):
    return performance.Tally(
        counted=wins + losses, won_trips=wins, won=won, lost=lost
    )


def test_a_fixed_quantity_is_given_as_it_is():
    assert sized(sizings.Fixed(quantity=2.5), price=0.0) == (2.5, 'fixed')


def test_a_share_of_the_equity_is_rounded_down_to_whole_units():
    got = sized(sizings.EquityFraction(fraction=0.1), price=33.0)
    assert got.quantity == 303.0
    assert got.why == 'equity_fraction: 0.1 of 100000.00 / 33 = 303'


def test_a_move_of_the_multiple_of_the_range_loses_the_risk():
    method = sizings.AverageRange(risk=0.01, multiple=2.0, period=14)
    got = sized(method, indicators={'sizing ATR(14)': 1.25})
    assert got.quantity == 400.0
    assert got.quantity * 2.0 * 1.25 == 0.01 * 100_000.0
    assert got.why == (
        'atr: 0.01 of 100000.00 / (2 x sizing ATR(14) 1.25) = 400'
    )


def test_without_enough_bars_there_is_no_quantity_and_a_reason():
    got = sized(sizings.AverageRange(), indicators={'ATR(14)': 1.0})
    assert got == (
        0.0,
        'the sizing atr gives nothing: sizing ATR(14) needs more bars of X',
    )


def test_what_does_not_move_is_not_sized():
    got = sized(
        sizings.VolatilityTarget(), indicators={'sizing volatility(20)': 0.0}
    )
    assert got.quantity == 0.0
    assert 'is 0' in got.why


def test_a_position_at_the_target_moves_by_it():
    rng = np.random.default_rng(7)
    returns = rng.normal(0.0, 0.01, 20)
    yearly = float(np.std(returns) * math.sqrt(252.0))
    method = sizings.VolatilityTarget(target=0.1, cap=10.0)
    got = sized(method, indicators={'sizing volatility(20)': yearly})
    moved = np.std(returns * got.quantity * 50.0) * math.sqrt(252.0)
    assert moved == pytest.approx(0.1 * 100_000.0, rel=2e-3)


def test_no_more_than_the_cap_is_ordered():
    method = sizings.AverageRange(risk=0.5, cap=0.25)
    got = sized(method, indicators={'sizing ATR(14)': 0.01})
    assert got.quantity == 0.25 * 100_000.0 / 50.0
    assert got.why.endswith('capped at 0.25 of the equity = 500')


@pytest.mark.parametrize(
    ('side', 'stop', 'limit', 'quantity'),
    [
        (BUY, 48.0, None, 500.0),
        (SELL, 52.0, None, 500.0),
        (BUY, 48.0, 49.0, 1000.0),
    ],
)
def test_equal_risk_loses_the_same_at_the_stop(side, stop, limit, quantity):
    method = sizings.EqualRisk(risk=0.01)
    wanted = orders.Signal(symbol='X', side=side, stop_loss=stop, price=limit)
    got = sizing.Sizer(method).size(wanted, 50.0, 100_000.0, None)
    assert got.quantity == quantity
    assert quantity * abs((limit or 50.0) - stop) == 1_000.0


def test_equal_risk_needs_a_stop_on_the_right_side():
    none = sized(sizings.EqualRisk())
    assert none.quantity == 0.0
    assert 'no stop_loss' in none.why
    for stop in (50.0, 55.0):
        wrong = sized(sizings.EqualRisk(), stop_loss=stop)
        assert wrong.quantity == 0.0
        assert 'not beyond the entry' in wrong.why


@given(chance=st.floats(0.05, 0.95), odds=st.floats(0.2, 5.0))
def test_kellys_share_is_where_the_capital_grows_fastest(chance, odds):
    """Against a search for the most of p ln(1 + b f) + q ln(1 - f)."""
    trips = 10_000
    wins = round(chance * trips)
    exact = wins / trips
    share = sizing.kelly_fraction(wins, trips - wins, wins * odds, trips - wins)
    stakes = np.linspace(0.0, 0.999, 20_001)
    growth = exact * np.log1p(odds * stakes) + (1 - exact) * np.log1p(-stakes)
    assert max(share, 0.0) == pytest.approx(stakes[growth.argmax()], abs=1e-4)


def test_kelly_stakes_its_part_and_no_more_than_its_cap():
    # p = 0.6, b = 1: Kelly's own example stakes 0.2.
    known = tally(18, 12, 1_800.0, 1_200.0)
    half = sized(sizings.Kelly(fraction=0.5, cap=0.2), tally=known)
    assert half.quantity == 200.0
    assert '0.2000 x 0.5 = 0.1000 of 100000.00 / 50' in half.why
    capped = sized(sizings.Kelly(fraction=1.0, cap=0.05), tally=known)
    assert capped.quantity == 100.0
    assert '= 0.0500, capped' in capped.why


@pytest.mark.parametrize(
    ('known', 'why'),
    [
        (None, 'it needs 30 round trips, has 0'),
        (tally(20, 9, 1.0, 1.0), 'it needs 30 round trips, has 29'),
        (tally(30, 0, 1.0, 0.0), 'the odds are not known'),
        (tally(0, 30, 0.0, 1.0), 'the odds are not known'),
        (tally(10, 20, 1.0, 2.0), 'there is no edge'),
    ],
)
def test_kelly_without_trips_odds_or_edge_gives_nothing(known, why):
    got = sized(sizings.Kelly(), tally=known)
    assert got.quantity == 0.0
    assert why in got.why


@pytest.mark.parametrize(
    ('price', 'equity', 'why'),
    [
        (0.0, 100.0, 'X has no price yet'),
        (50.0, 0.0, 'the equity is 0'),
        (5000.0, 100.0, 'less than one unit'),
        (1e-12, 1e9, 'more than can be ordered'),
    ],
)
def test_what_cannot_be_worked_out_gives_nothing(price, equity, why):
    got = sized(sizings.EquityFraction(), price, equity)
    assert got.quantity == 0.0
    assert why in got.why


@given(
    equity=st.floats(1.0, 1e9),
    price=st.floats(0.01, 1e5),
    figure=st.floats(1e-6, 1e4),
    method=st.sampled_from(
        [
            sizings.AverageRange(),
            sizings.VolatilityTarget(),
            sizings.AverageRange(cap=0.1),
        ]
    ),
)
def test_the_cap_and_whole_units_always_hold(equity, price, figure, method):
    name = sizings.figure_of(method)
    got = sized(method, price, equity, indicators={name: figure})
    assert got.quantity == int(got.quantity) >= 0
    assert got.quantity * price <= method.cap * equity * (1 + 1e-12)
