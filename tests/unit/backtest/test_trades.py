import hypothesis
from hypothesis import strategies as st
import msgspec
import numpy as np
import pytest

from sting.backtest import texts
from sting.backtest import trades
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from tests.unit.backtest import runs

pytestmark = pytest.mark.unit

BUY, SELL = runs.BUY, runs.SELL


def trips(*rows):
    table = trades.round_trips(runs.fills(*rows))
    return list(
        zip(
            table.side,
            table.quantity.tolist(),
            table.entry_price.tolist(),
            table.exit_price.tolist(),
            table.pnl.tolist(),
            table.fees.tolist(),
            strict=True,
        )
    )


def test_a_long_round_trip():
    assert trips((BUY, 10, 100.0, 1.0), (SELL, 10, 103.0, 2.0)) == [
        (BUY, 10.0, 100.0, 103.0, 27.0, 3.0)
    ]


def test_a_short_round_trip():
    assert trips((SELL, 10, 100.0), (BUY, 10, 103.0)) == [
        (SELL, 10.0, 100.0, 103.0, -30.0, 0.0)
    ]


def test_times_are_of_the_first_and_the_last_fill():
    table = trades.round_trips(
        runs.fills((BUY, 1, 5.0), (BUY, 1, 5.0), (SELL, 2, 5.0))
    )
    assert table.entry_time.tolist() == [1_000_000_000]
    assert table.exit_time.tolist() == [3_000_000_000]


def test_parts_are_averaged():
    found = trips(
        (BUY, 10, 100.0), (BUY, 30, 104.0), (SELL, 20, 110.0), (SELL, 20, 100.0)
    )
    assert found == [(BUY, 40.0, 103.0, 105.0, 80.0, 0.0)]


def test_what_is_open_at_the_end_does_not_count():
    assert trips((BUY, 10, 100.0), (SELL, 4, 103.0)) == []


def test_a_reversal_ends_one_and_begins_another():
    found = trips(
        (BUY, 10, 100.0, 1.0), (SELL, 40, 102.0, 4.0), (BUY, 30, 101.0, 3.0)
    )
    assert found == [
        (BUY, 10.0, 100.0, 102.0, 18.0, 2.0),
        (SELL, 30.0, 102.0, 101.0, 24.0, 6.0),
    ]


def test_dust_counts_as_flat():
    found = trips((BUY, 0.1, 10.0), (BUY, 0.2, 10.0), (SELL, 0.3, 10.0))
    assert len(found) == 1


def test_each_symbol_has_its_own():
    table = runs.fills((BUY, 1, 5.0), (BUY, 1, 5.0), (SELL, 1, 6.0))
    table.symbol = texts.Names(('X', 'Y', 'X'))
    assert trades.round_trips(table).symbol == ['X']


def test_no_fills_make_no_trips():
    table = runs.fills()
    assert len(trades.round_trips(table)) == 0
    assert (table.traded(), table.fees()) == (0.0, 0.0)


def test_what_was_traded_and_paid_is_summed():
    table = runs.fills((BUY, 2, 5.0, 0.5), (SELL, 1, 6.0, 0.25))
    assert (table.traded(), table.fees()) == (16.0, 0.75)
    assert len(table) == 2


FILLS = st.lists(
    st.tuples(
        st.sampled_from([BUY, SELL]),
        st.integers(min_value=1, max_value=50),
        st.integers(min_value=1, max_value=200).map(float),
        st.integers(min_value=0, max_value=9).map(float),
    ),
    max_size=60,
)


@hypothesis.given(FILLS)
def test_profits_and_what_is_open_add_up_to_the_books(rows):
    table = runs.fills(*rows)
    book = portfolio.Portfolio()
    for at, (side, quantity, price, fee) in enumerate(rows):
        book.apply(
            orders.Fill(
                order_id='o',
                execution_id=str(at),
                symbol='X',
                side=side,
                quantity=quantity,
                price=price,
                fee=fee,
            )
        )
    if book.held:
        held = book.quantity('X')
        side = SELL if held > 0 else BUY
        last = rows[-1][2]
        table = runs.fills(*rows, (side, abs(held), last))
        book.cash += held * last
    found = trades.round_trips(table)
    assert float(found.pnl.sum()) == pytest.approx(book.cash, abs=1e-6)
    assert float(found.fees.sum()) == pytest.approx(book.fees())


@hypothesis.given(FILLS, st.integers(min_value=1, max_value=200).map(float))
def test_ended_and_open_trips_add_up_to_cash_and_holdings(rows, last):
    table = runs.fills(*rows)
    ended = trades.round_trips(table)
    still_open = trades.all_trips(table, {'X': last})[1]
    signed = [(1 if side is BUY else -1) * n for side, n, *_ in rows]
    worth = sum(
        n * (last - price) - fee
        for n, (_, _, price, fee) in zip(signed, rows, strict=True)
    )
    found = float(ended.pnl.sum()) + sum(trip.pnl for trip in still_open)
    assert found == pytest.approx(worth, abs=1e-6)
    assert bool(still_open) == bool(sum(signed))


def test_an_open_trip_by_hand():
    table = runs.fills(
        (SELL, 4, 10.0, 1.0), (SELL, 2, 13.0, 1.0), (BUY, 3, 9.0, 0.5)
    )
    assert trades.all_trips(table, {'X': 12.0})[1] == (
        trades.OpenTrip(
            symbol='X',
            side=SELL,
            quantity=3.0,
            entry_time=1_000_000_000,
            entry_price=11.0,
            last_price=12.0,
            # 66 taken in, 27 paid, 36 to pay, 2.5 of fees.
            pnl=0.5,
            fees=2.5,
        ),
    )


def test_round_trips_are_picked_by_number():
    table = trades.round_trips(
        runs.fills((BUY, 1, 1.0), (SELL, 1, 2.0), (BUY, 1, 3.0), (SELL, 1, 4.0))
    )
    picked = table.take(np.array([1]))
    assert (picked.symbol, picked.side) == (['X'], [BUY])
    assert picked.entry_price.tolist() == [3.0]
    assert picked.mae is None


def changed(table, row, **change):
    table.changes.append(trades.Change(row, 'X', **change))
    return table


def test_a_split_comes_between_the_fills_that_it_came_between():
    table = runs.fills((BUY, 10, 100.0), (SELL, 20, 60.0), (BUY, 4, 60.0))
    changed(table, 1, ratio=2.0)
    done, (still_open,) = trades.all_trips(table, {'X': 61.0})
    assert done.quantity.tolist() == [20.0]
    assert done.entry_price.tolist() == [50.0]
    assert done.pnl.tolist() == [200.0]
    assert (still_open.quantity, still_open.pnl) == (4.0, 4.0)


def test_a_change_after_the_last_fill_is_of_what_is_open():
    table = runs.fills((SELL, 10, 100.0))
    changed(changed(table, 1, ratio=2.0), 1, cash=-15.0)
    _, (still_open,) = trades.all_trips(table, {'X': 50.0})
    assert (still_open.quantity, still_open.entry_price) == (20.0, 50.0)
    assert still_open.pnl == -15.0


def test_a_change_of_what_is_flat_changes_nothing():
    table = runs.fills((BUY, 1, 5.0), (SELL, 1, 6.0))
    changed(changed(table, 0, ratio=2.0), 2, cash=9.0)
    assert trades.round_trips(table).pnl.tolist() == [1.0]


def test_a_flow_of_the_account_is_of_no_round_trip():
    table = runs.fills()
    flow = records.CashFlow(kind=records.FlowKind.INTEREST, amount=1.0)
    table.flow(flow)
    assert not table.changes
    table.flow(msgspec.structs.replace(flow, symbol='X'))
    assert table.changes == [trades.Change(0, 'X', cash=1.0)]


def test_a_delisting_of_what_is_not_held_is_no_fill():
    table = runs.fills()
    gone = records.CorporateAction(
        symbol='X', kind=records.ActionKind.DELISTING, price=1.0
    )
    table.act(gone, 0.0, 7)
    assert len(table) == 0
