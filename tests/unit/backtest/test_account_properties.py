"""What holds of every run, whatever is ordered and however it fills."""

import collections
import dataclasses
import datetime

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.backtest import assumptions
from sting.backtest import engine
from sting.data import actions
from sting.model import costs
from sting.model import events
from sting.model import orders
from sting.model import records
from sting.risk import manager
from sting.simulator import modes
from tests.unit.backtest import bars as made
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

WANDERER = 'tests.unit.backtest.wanderer'
SEEDS = st.integers(0, 2**31)
FILLS = st.sampled_from(modes.NAMES)
few = hypothesis.settings(worlds.patient, max_examples=20)


def walk(seed):
    """Two hours by the minute, around the end of a day."""
    bars = made.walk(120, seed)
    return dataclasses.replace(
        bars, timestamp=bars.timestamp - 60 * made.MINUTE
    )


def run(seed, **options):
    requests = {}

    def watch(event):
        if event.type is events.EventType.ORDER_REQUEST:
            requests[event.data.id] = event.data

    found = engine.run(
        WANDERER,
        walk(seed),
        manager.RiskManager(()),
        parameters={'seed': seed},
        watch=watch,
        **made.assumed(
            {'cash': 1e6, 'participation': 0.0005, 'calendar': '24/7'} | options
        ),
    )
    return found, requests


def rows_of(result, bars):
    """The number of each fill's bar."""
    return np.searchsorted(bars.timestamp, np.asarray(result.fills.timestamp))


def signs_of(result):
    return np.array([side.sign for side in result.fills.side])


@few
@hypothesis.given(
    SEEDS, FILLS, st.sampled_from([0.0, 7.0]), st.sampled_from([0.0, 3.0])
)
def test_the_account_is_its_start_plus_what_was_made_less_costs_at_every_bar(
    seed, fill, commission_bps, slippage_bps
):
    result, _ = run(
        seed,
        fill=fill,
        commission_bps=commission_bps,
        slippage_bps=slippage_bps,
    )
    bars = walk(seed)
    at, signed = rows_of(result, bars), signs_of(result)
    quantity = signed * np.asarray(result.fills.quantity)
    price, fee = np.asarray(result.fills.price), np.asarray(result.fills.fee)
    traded = np.bincount(at, quantity, len(bars))
    held = np.cumsum(traded)
    # What was held before moved from close to close, what was traded from its
    # price to the close.
    moved = np.diff(bars.close, prepend=bars.close[0])
    made_by = (held - traded) * moved + np.bincount(
        at, quantity * (bars.close[at] - price), len(bars)
    )
    costs = np.bincount(at, fee, len(bars))
    curve = result.curve
    assert curve.equity == pytest.approx(
        curve.start + np.cumsum(made_by - costs), rel=1e-12
    )
    assert curve.equity == pytest.approx(
        curve.cash + held * bars.close, rel=1e-12
    )


@few
@hypothesis.given(SEEDS, FILLS)
def test_no_fill_lies_outside_its_bar_and_none_comes_before_its_decision(
    seed, fill
):
    result, requests = run(seed, fill=fill)
    bars = walk(seed)
    at, price = rows_of(result, bars), np.asarray(result.fills.price)
    assert np.all(bars.low[at] <= price)
    assert np.all(price <= bars.high[at])
    for id, timestamp in zip(
        result.fills.order_id, result.fills.timestamp, strict=True
    ):
        assert timestamp > requests[id].created


@few
@hypothesis.given(SEEDS, FILLS, st.sampled_from([0.5, 20.0]))
def test_costs_that_double_on_the_same_fills_never_help(seed, fill, bps):
    free, once, twice = (
        run(seed, fill=fill, commission_bps=each)[0]
        for each in (0.0, bps, 2.0 * bps)
    )
    for other in (once, twice):
        assert other.fills.price == free.fills.price
        assert other.fills.quantity == free.fills.quantity
    assert np.all(twice.curve.equity <= once.curve.equity)
    assert np.all(once.curve.equity <= free.curve.equity)
    lost = free.metrics.final_equity - once.metrics.final_equity
    assert lost == pytest.approx(sum(once.fills.fee), abs=1e-6)


T = events.EventType
# A split and a dividend at the midnight between the two hours.
ACTIONS = tuple(
    actions.Action(datetime.date(2020, 1, 1), 'X', kind, value)
    for kind, value in (
        (records.ActionKind.SPLIT, 4.0),
        (records.ActionKind.DIVIDEND, 0.25),
    )
)
LENDING = {
    'commission': costs.Commission(per_unit=0.01, minimum=1.0),
    'slippage': costs.Spread(bps=2.0),
    'borrow': costs.Borrow(rate=2.0),
    'margin': costs.Margin(maintenance=0.5, interest=2.0),
}


def booked(seen, start, moments):
    """Cash and units after each moment, by the payloads alone."""
    cash, held, rest = start, 0.0, collections.deque(seen)
    for moment in moments:
        # What comes between two bars has the time of the one before.
        while rest and rest[0].timestamp <= moment - (rest[0].type != T.FILL):
            told = rest.popleft().data
            if isinstance(told, orders.Fill):
                held += told.side.sign * told.quantity
                cash -= told.side.sign * told.quantity * told.price + told.fee
            elif isinstance(told, records.CashFlow):
                cash += told.amount
            elif told.kind is records.ActionKind.SPLIT:
                held *= told.ratio
        yield cash, held


@few
@hypothesis.given(SEEDS, FILLS, st.sampled_from([0.0, 1.0, 90_000.0]))
def test_the_account_is_what_was_booked_over_actions_loans_and_latency(
    seed, fill, latency_ms
):
    bars = walk(seed)
    over = np.where(bars.timestamp > made.START, 4.0, 1.0)
    four = ('open', 'high', 'low', 'close')
    prices = {name: getattr(bars, name) / over for name in four}
    bars = dataclasses.replace(bars, **prices)
    seen = []
    assumed = assumptions.Assumptions(
        cash=20_000.0,
        participation=0.0005,
        fill=fill,
        calendar='24/7',
        actions=ACTIONS,
        costs=costs.CostModel(latency_ms=latency_ms, **LENDING),
    )
    curve = engine.run(
        WANDERER,
        bars,
        manager.RiskManager(()),
        parameters={'seed': seed},
        assumed=assumed,
        watch=seen.append,
    ).curve
    kinds = T.FILL, T.CASH_FLOW, T.CORPORATE_ACTION
    changes = [each for each in seen if each.type in kinds]
    moments = bars.timestamp.tolist()
    cash, held = np.array(list(booked(changes, assumed.cash, moments))).T
    assert curve.cash == pytest.approx(cash, rel=1e-9, abs=1e-6)
    assert curve.equity == pytest.approx(
        cash + held * bars.close, rel=1e-9, abs=1e-6
    )
    assert {each.data.kind for each in changes if each.type is kinds[2]} == {
        each.kind for each in ACTIONS
    }


def test_the_runs_have_orders_and_fills_of_every_kind():
    asked, tags, kinds = set(), set(), set()
    for seed in range(6):
        result, requests = run(seed)
        asked |= {each.type for each in requests.values()}
        kinds |= {bool(each.parent) for each in requests.values()}
        tags |= set(result.fills.tag)
    assert asked == set(orders.OrderType)
    assert kinds == {True, False}
    assert tags == {'open', 'limit', 'stop', 'gap', 'close'}
