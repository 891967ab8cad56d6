import itertools

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.backtest import trades
from sting.backtest.figures import excursions
from sting.model import orders
from tests.unit.backtest import bars
from tests.unit.backtest import runs

pytestmark = pytest.mark.unit

BUY, SELL = runs.BUY, runs.SELL
# Minute: open, high, low, close.
PRICES = {
    1: (100.0, 110.0, 90.0, 105.0),
    2: (105.0, 108.0, 95.0, 100.0),
    3: (100.0, 120.0, 80.0, 100.0),
}
TABLE = bars.make([('X', minute, *four) for minute, four in PRICES.items()])


def fills(*rows, symbol='X'):
    """A table of (minute, side, quantity, price[, tag])."""
    table = trades.FillTable()
    for minute, side, quantity, price, *tag in rows:
        table.append(
            orders.Fill(
                order_id='o',
                execution_id='e',
                symbol=symbol,
                side=side,
                quantity=quantity,
                price=price,
                timestamp=bars.START + minute * bars.MINUTE,
                tag=tag[0] if tag else 'open',
            )
        )
    return table


def measured(*rows, table=TABLE):
    trips = excursions.measured(trades.round_trips(fills(*rows)), table)
    return list(zip(trips.mae.tolist(), trips.mfe.tolist(), strict=True))


def test_a_long_trip_from_open_to_open():
    # The bar of the exit counts with the exit's price alone.
    assert measured((1, BUY, 1, 100.0), (3, SELL, 1, 100.0)) == [
        (pytest.approx(-0.1), pytest.approx(0.1))
    ]


def test_a_short_trip_is_the_other_way_round():
    assert measured((2, SELL, 1, 105.0), (3, BUY, 1, 84.0)) == [
        (pytest.approx(-3 / 105), pytest.approx(21 / 105))
    ]


def test_a_bar_entered_inside_counts_whole_only_against_the_trip():
    assert measured((1, BUY, 1, 100.0, 'stop'), (2, SELL, 1, 101.0)) == [
        (pytest.approx(-0.1), pytest.approx(0.05))
    ]


def test_bars_after_one_entered_inside_count_whole():
    assert measured((2, BUY, 1, 100.0, 'limit'), (4, SELL, 1, 100.0)) == [
        (pytest.approx(-0.2), pytest.approx(0.2))
    ]


def test_a_trip_within_one_bar_has_its_two_prices():
    assert measured((1, BUY, 1, 100.0), (1, SELL, 1, 99.0, 'stop')) == [
        (pytest.approx(-0.01), 0.0)
    ]


def test_trips_that_follow_each_other_at_once():
    # Turned round at the open of the second bar.
    assert measured(
        (1, BUY, 1, 100.0), (2, SELL, 2, 105.0), (3, BUY, 1, 100.0)
    ) == [
        (pytest.approx(-0.1), pytest.approx(0.1)),
        (pytest.approx(-3 / 105), pytest.approx(10 / 105)),
    ]


def test_no_trips_have_no_excursions():
    assert measured() == []


def test_each_symbol_has_its_own_bars():
    table = bars.make(
        [
            ('A', 1, 10.0, 20.0, 5.0, 10.0),
            ('B', 1, 10.0, 11.0, 9.0, 10.0),
            ('A', 2, 10.0, 10.0, 10.0, 10.0),
            ('B', 2, 10.0, 10.0, 10.0, 10.0),
        ],
        ('A', 'B'),
    )
    both = fills((1, BUY, 1, 10.0), (2, SELL, 1, 10.0), symbol='B')
    for row in fills((1, BUY, 1, 10.0), (2, SELL, 1, 10.0), symbol='A').rows():
        symbol, side, quantity, price, _, timestamp = row
        both.append(
            orders.Fill(
                order_id='o',
                execution_id='e',
                symbol=symbol,
                side=side,
                quantity=quantity,
                price=price,
                timestamp=timestamp,
                tag='open',
            )
        )
    found = excursions.measured(trades.round_trips(both), table)
    assert found.symbol == ['B', 'A']
    assert found.mae.tolist() == [pytest.approx(-0.1), pytest.approx(-0.5)]
    assert found.mfe.tolist() == [pytest.approx(0.1), pytest.approx(1.0)]


@st.composite
def paths(draw):
    """A walk, and moments at which a position is turned round."""
    table = bars.walk(draw(st.integers(2, 40)), draw(st.integers(0, 99)))
    minutes = draw(
        st.lists(
            st.integers(1, len(table)), min_size=2, max_size=8, unique=True
        )
    )
    return table, sorted(minutes)


@hypothesis.given(paths(), st.sampled_from([BUY, SELL]))
def test_as_a_loop_over_the_bars_finds_them(path, side):
    table, minutes = path
    rows = []
    for at, minute in enumerate(minutes):
        price = float(table.open[minute - 1])
        rows.append((minute, side, 2 if at else 1, price))
        side = SELL if side is BUY else BUY
    found = measured(*rows, table=table)
    for at, (enter, leave) in enumerate(itertools.pairwise(rows)):
        sign = 1.0 if enter[1] is BUY else -1.0
        own = slice(enter[0] - 1, leave[0] - 1)
        seen = [leave[3], *table.high[own], *table.low[own]]
        moves = [sign * (price / enter[3] - 1.0) for price in seen]
        assert found[at] == (
            pytest.approx(min(0.0, *moves), abs=1e-12),
            pytest.approx(max(0.0, *moves), abs=1e-12),
        )
