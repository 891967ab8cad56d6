"""How strategies do, folded from events."""

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.backtest import trades
from sting.engine import performance
from sting.engine import recovery
from sting.engine import state
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.risk import rules
from tests.unit.engine import logs
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
BUY, SELL = worlds.BUY, worlds.SELL
KIND = orders.SignalKind
SECOND = market.NANOSECONDS


@pytest.fixture
def world():
    made = worlds.World(rules.MaxOrderNotional(50_000.0))
    made.bar('AAPL', 100.0)
    return made


def figures(world, strategy='sma'):
    system = world.state
    return performance.picture(
        system.ledger.tallies[strategy], system.book(strategy), system.prices
    )


def trade(world, order_id, side, quantity, price, **fill):
    world.signal(order_id, side=side, quantity=quantity)
    fill = {'side': side, 'execution_id': f'x{order_id}'} | fill
    world.fill(order_id, quantity, price, **fill)


def test_before_it_has_done_anything_there_are_no_ratios():
    made = performance.picture(performance.Tally(), portfolio.Portfolio(), {})
    assert (made.hit_rate, made.slippage_bps) == (None, None)
    assert (made.bar_to_order_s, made.since, made.realized) == (None, 0, 0.0)


def test_profit_and_fees_are_those_of_its_book(world):
    trade(world, 'ab-1', BUY, 10.0, 101.0, fee=2.0)
    trade(world, 'ab-2', SELL, 4.0, 106.0, fee=1.0)
    world.bar('AAPL', 110.0)
    made = figures(world)
    assert (made.realized, made.unrealized, made.fees) == (20.0, 54.0, 3.0)
    assert (made.fills, made.orders, made.signals) == (2, 2, 2)


def test_a_position_without_a_price_is_worth_what_was_paid():
    world = worlds.World()
    trade(world, 'ab-1', BUY, 10.0, 101.0)
    assert figures(world).unrealized == 0.0


def test_slippage_is_a_cost_against_the_price_at_the_decision(world):
    trade(world, 'ab-1', BUY, 10.0, 101.0)
    assert figures(world).slippage == 10.0
    trade(world, 'ab-2', SELL, 10.0, 98.0)
    made = figures(world)
    assert made.slippage == 30.0
    assert made.slippage_bps == pytest.approx(150.0)


def test_a_better_price_is_a_negative_slippage(world):
    trade(world, 'ab-1', SELL, 10.0, 101.0)
    assert figures(world).slippage == -10.0


def test_later_bars_do_not_change_the_price_of_the_decision(world):
    world.signal('ab-1', side=BUY, quantity=10.0)
    world.bar('AAPL', 104.0)
    world.fill('ab-1', 10.0, 105.0)
    assert figures(world).slippage == 50.0


def test_a_way_out_that_waited_counts_from_its_decision(world):
    world.protected()
    world.signal('ab-3', kind=KIND.CLOSE)
    world.bar('AAPL', 90.0)
    world.update('ab-2', S.CANCELLED)
    world.fill('ab-3', 100.0, 90.0, side=SELL, execution_id='x3')
    assert figures(world).slippage == 1000.0


def test_without_a_price_at_the_decision_nothing_is_compared():
    world = worlds.World()
    trade(world, 'ab-1', BUY, 10.0, 101.0)
    assert (figures(world).slippage, figures(world).slippage_bps) == (0.0, None)


def test_round_trips_end_flat_or_on_the_other_side(world):
    trade(world, 'ab-1', BUY, 10.0, 100.0)
    trade(world, 'ab-2', SELL, 4.0, 110.0)
    assert figures(world).trips == 0
    trade(world, 'ab-3', SELL, 16.0, 101.0)
    assert (figures(world).trips, figures(world).wins) == (1, 1)
    trade(world, 'ab-4', BUY, 10.0, 102.0)
    made = figures(world)
    assert (made.trips, made.wins, made.hit_rate) == (2, 1, 0.5)


def test_fees_can_make_a_loss_of_a_gain(world):
    trade(world, 'ab-1', BUY, 10.0, 100.0, fee=3.0)
    trade(world, 'ab-2', SELL, 10.0, 100.5, fee=3.0)
    assert (figures(world).trips, figures(world).wins) == (1, 0)


def test_what_was_not_traded_is_counted_by_what_stopped_it(world):
    world.signal('ab-1', side=BUY, quantity=501.0)
    world.signal('ab-2', kind=KIND.CLOSE)
    world.signal('ab-3', side=None)
    world.signal('ab-4', kind=KIND.CANCEL)
    made = figures(world)
    assert (made.signals, made.orders, made.denied) == (4, 1, 1)
    assert made.untraded == 2


def test_a_repetition_is_not_counted_as_untraded(world):
    world.signal('ab-1', side=BUY, quantity=1.0)
    world.signal('ab-1', side=BUY, quantity=1.0)
    assert (figures(world).signals, figures(world).untraded) == (2, 0)


def test_an_order_that_the_stop_kept_back_is_denied(world):
    world.signal('ab-1', side=BUY, quantity=1.0)
    world.update('ab-1', S.DENIED)
    assert figures(world).denied == 1


def test_the_operators_orders_are_no_strategys(world):
    world.held()
    denied = world.order(quantity=501.0)
    assert world.status(denied) is S.DENIED
    assert world.state.ledger == performance.Ledger()


def test_the_time_from_the_bars_close_to_the_order_is_the_mean(world):
    world.now += 2 * SECOND
    world.signal('ab-1', side=BUY, quantity=1.0)
    world.now += 2 * SECOND
    world.signal('ab-2', side=BUY, quantity=1.0)
    assert figures(world).bar_to_order_s == 3.0


def test_an_attached_exit_is_no_slippage(world):
    world.signal('ab-1', side=BUY, quantity=10.0, stop_loss=90.0)
    world.fill('ab-1', 10.0)
    world.fill('ab-1-sl', 10.0, 90.0, side=SELL, execution_id='out')
    made = figures(world)
    assert (made.orders, made.slippage, made.slippage_bps) == (2, 0.0, 0.0)


def test_each_strategy_has_its_own(world):
    trade(world, 'ab-1', BUY, 10.0, 101.0)
    world.signal('ab-2', strategy='mean', side=BUY, quantity=1.0)
    assert figures(world).fills == 1
    assert figures(world, 'mean').fills == 0


def test_decisions_of_forgotten_and_refused_orders_are_forgotten(
    world, monkeypatch
):
    monkeypatch.setattr(state, 'DONE_ORDERS', 3)
    for number in range(9):
        trade(world, f'ab-{number}', BUY, 1.0, 100.0)
        world.signal(f'no-{number}', symbol='IBM', kind=KIND.CLOSE)
        world.signal(f'wide-{number}', side=BUY, quantity=501.0)
    assert len(world.state.ledger.decided) <= 3


def test_an_order_that_no_signal_asked_for_is_decided_when_it_is_made():
    ledger = performance.Ledger()
    order = orders.Order(
        id='ab-1', symbol='AAPL', side=SELL, quantity=1.0, strategy='sma'
    )
    ledger.request(order, 100.0, None, 1)
    assert ledger.decided == {'ab-1': 100.0}
    assert ledger.tallies['sma'] == performance.Tally(since=1, made=1)


def test_a_copy_does_not_change():
    ledger = performance.Ledger()
    ledger.of('sma', 1).opened['AAPL'] = 1.0, 2.0
    copy = ledger.copy()
    ledger.of('sma', 1).opened.clear()
    ledger.of('sma', 1).signals = 3
    ledger.decided['ab-1'] = 1.0
    assert copy.tallies['sma'].opened == {'AAPL': (1.0, 2.0)}
    assert (copy.tallies['sma'].signals, copy.decided) == (0, {})


def test_a_restart_goes_on_with_the_figures(world, tmp_path):
    trade(world, 'ab-1', BUY, 10.0, 101.0, fee=1.0)
    trade(world, 'ab-2', SELL, 10.0, 103.0, fee=1.0)
    path = tmp_path / 'events.db'
    logs.write_quickly(path, world.events)
    system = state.SystemState()
    recovery.restore(path, system, lambda event: None)
    assert system.ledger == world.state.ledger
    assert system.ledger.tallies['sma'].trips == 1


fills = st.lists(
    st.tuples(
        st.sampled_from([BUY, SELL]),
        st.integers(1, 4),
        st.integers(95, 105),
        st.sampled_from([0.0, 0.5, 3.0]),
    ),
    max_size=40,
)


@hypothesis.given(fills)
def test_round_trips_are_those_that_a_backtest_counts(given):
    table = trades.FillTable()
    tally = performance.Tally()
    book = portfolio.Portfolio()
    for number, (side, quantity, price, fee) in enumerate(given):
        fill = orders.Fill(
            order_id='o', execution_id=str(number), symbol='X', side=side,
            quantity=float(quantity), price=float(price), fee=fee,
        )  # fmt: skip
        table.append(fill)
        before = book.positions.get('X', portfolio.Position(symbol='X'))
        tally.trade(fill, before, book.apply(fill))
    trips = trades.round_trips(table)
    assert tally.trips == len(trips)
    # By another way of adding up, so that what is nearly 0 may differ.
    sure = (abs(trips.pnl) > 1e-9).all()
    hypothesis.assume(sure)
    assert tally.wins == int((trips.pnl > 0).sum())
