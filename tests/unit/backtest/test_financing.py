"""What borrowing costs in a run, and what margin calls do."""

import textwrap

import hypothesis
from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.backtest import assumptions
from sting.backtest import engine
from sting.backtest import financing
from sting.backtest.reporting import report
from sting.model import costs
from sting.model import events
from sting.model import records
from sting.risk import manager
from sting.risk import rules
from tests.unit.backtest import bars as worlds

pytestmark = pytest.mark.unit

T = events.EventType
DAY = 1440
HALF = costs.Margin(initial=0.5, maintenance=0.25)


@pytest.fixture
def write(tmp_path):
    """Writes a strategy that answers its nth bar; gives its path."""

    def written(**answers):
        lines = [
            f'if self.bars == {name.removeprefix("bar")}:\n    {verb}'
            for name, verb in answers.items()
        ]
        body = textwrap.indent('\n'.join(lines), ' ' * 8)
        path = tmp_path / 'mine.py'
        path.write_text(
            'from sting import strategy\n\n\n'
            'class Mine(strategy.AbstractStrategy):\n'
            '    async def on_start(self):\n        self.bars = 0\n\n'
            '    async def on_market_data(self, data):\n'
            f'        self.bars += 1\n{body}\n'
        )
        return str(path)

    return written


def daily(*prices, days=None, symbol='X'):
    """Bars of one price each, at noon of these days; one after another."""
    days = days or range(len(prices))
    return [
        (symbol, day * DAY + 720, *[price] * 4)
        for day, price in zip(days, prices, strict=True)
    ]


def run(path, rows, *limits, symbols=('X',), cash=1000.0, seen=None, **model):
    return engine.run(
        path,
        worlds.make(rows, symbols),
        manager.RiskManager(limits),
        assumed=assumptions.Assumptions(
            cash=cash, costs=costs.CostModel(**model), participation=1.0
        ),
        watch=None if seen is None else seen.append,
    )


def of(seen, kind):
    return [each.data for each in seen if each.type is kind]


def test_a_short_position_pays_by_calendar_days(write):
    # Friday, Monday, Tuesday: sold on Monday's bar, held over one night.
    seen = []
    found = run(
        write(bar1="self.sell('X', 10)"),
        daily(100.0, 100.0, 110.0, 110.0, days=(0, 1, 2, 5)),
        borrow=costs.Borrow(rate=0.36),
        seen=seen,
    )
    # 10 x 100 x 0.36 / 360 for a night, 10 x 110 x 0.36 / 360 x 3 for three.
    flows = of(seen, T.CASH_FLOW)
    assert [each.amount for each in flows] == pytest.approx([-1.0, -3.3])
    assert flows[1].kind is records.FlowKind.BORROW
    assert (flows[1].symbol, flows[1].quantity) == ('X', -10.0)
    assert (flows[1].rate, flows[1].detail) == (0.36, '3 days')
    assert flows[1].shares == pytest.approx({engine.NAME: -3.3})
    assert found.metrics.borrow_fees == pytest.approx(4.3)
    assert found.metrics.financing == pytest.approx(4.3)
    assert found.metrics.final_equity == pytest.approx(1000 - 100 - 4.3)


def test_the_account_of_a_day_has_what_the_night_cost(write):
    found = run(
        write(bar1="self.sell('X', 10)"),
        daily(100.0, 100.0, 100.0),
        borrow=costs.Borrow(rate=0.36),
    )
    assert found.curve.equity.tolist() == pytest.approx([1000, 1000, 999])


def test_a_symbol_may_have_a_rate_of_its_own_and_long_ones_pay_nothing(write):
    seen = []
    run(
        write(bar2="self.sell('X', 1); self.sell('Y', 1); self.buy('Z', 1)"),
        [
            *daily(100.0, 100.0, 100.0),
            *daily(100.0, 100.0, 100.0, symbol='Y'),
            *daily(100.0, 100.0, 100.0, symbol='Z'),
        ],
        symbols=('X', 'Y', 'Z'),
        borrow=costs.Borrow(symbols={'Y': 3.6}),
        seen=seen,
    )
    (flow,) = of(seen, T.CASH_FLOW)
    assert (flow.symbol, flow.amount) == ('Y', pytest.approx(-1.0))


def test_cash_that_is_owed_bears_interest(write):
    seen = []
    found = run(
        write(bar1="self.buy('X', 15)"),
        daily(100.0, 100.0, 100.0),
        margin=costs.Margin(initial=0.5, maintenance=0.25, interest=0.36),
        seen=seen,
    )
    (flow,) = of(seen, T.CASH_FLOW)
    # 500 x 0.36 / 360
    assert flow.amount == pytest.approx(-0.5)
    assert flow.kind is records.FlowKind.INTEREST
    assert flow.shares == pytest.approx({engine.NAME: -0.5})
    assert found.metrics.interest == pytest.approx(0.5)
    assert found.metrics.borrow_fees == 0.0


@pytest.mark.parametrize(
    ('margin', 'limit', 'units', 'fills'),
    [
        (None, 1.0, 15, 0),
        (HALF, 1.0, 15, 1),
        (HALF, 1.0, 21, 0),  # twice the equity, and no more
        (HALF, 0.5, 11, 0),  # half of what the account can carry
        (HALF, 0.5, 9, 1),
    ],
)
def test_the_initial_margin_is_the_buying_power(
    write, margin, limit, units, fills
):
    found = run(
        write(bar1=f"self.buy('X', {units})"),
        daily(100.0, 100.0),
        rules.BuyingPower(limit),
        margin=margin,
    )
    assert len(found.fills) == fills


def traded(found):
    return [
        (symbol, str(side), quantity, price)
        for symbol, side, quantity, price, _, _ in found.fills.rows()
    ]


def test_a_margin_call_takes_just_enough_off_at_the_next_bar(write):
    # Equity 200 for 1,200 at a quarter: it carries 800, so 400 / 60 = 6.67 go.
    seen = []
    found = run(
        write(bar1="self.buy('X', 20)"),
        daily(100.0, 100.0, 60.0, 61.0, 61.0),
        margin=HALF,
        seen=seen,
    )
    assert traded(found) == [('X', 'buy', 20, 100), ('X', 'sell', 7, 61)]
    assert found.warnings == [
        '1 margin call, the first at 2020-01-03T12:00:00Z: the broker reduced '
        'positions'
    ]
    (alert,) = of(seen, T.RISK_ALERT)
    assert alert.severity is records.Severity.CRITICAL
    assert alert.message == (
        'margin call: the equity of 200.00 is below 0.25 of positions worth '
        '1,200.00; reducing X -7'
    )
    (asked,) = [
        each
        for each in seen
        if each.type is T.ORDER_REQUEST and each.data.reason == 'margin call'
    ]
    assert (asked.source, asked.data.strategy) == ('broker', engine.NAME)
    assert of(seen, T.RISK_VERDICT)[-1].order_id == asked.data.id


def test_a_call_of_a_short_position_buys_back(write):
    # 1,000 + 1,000 - 10 x 165 = 350 of 1,650: 350 carry 1,400, 250 / 165 go.
    found = run(
        write(bar1="self.sell('X', 10)"),
        daily(100.0, 100.0, 165.0, 165.0),
        margin=HALF,
    )
    assert traded(found)[1:] == [('X', 'buy', 2, 165)]


def test_the_largest_position_goes_first(write):
    found = run(
        write(bar2="self.buy('X', 8); self.buy('Y', 12)"),
        [
            *daily(100.0, 100.0, 60.0, 60.0),
            *daily(100.0, 100.0, 60.0, 60.0, symbol='Y'),
        ],
        symbols=('X', 'Y'),
        margin=HALF,
    )
    assert traded(found)[2:] == [('Y', 'sell', 7, 60)]


def test_if_the_largest_is_not_enough_the_next_follows(write):
    # Equity 2,000 - 2,000 + 20 x 50 - 1,000 = 0: nothing carries anything.
    found = run(
        write(bar2="self.buy('X', 8); self.buy('Y', 12)"),
        [
            *daily(100.0, 100.0, 50.0, 50.0),
            *daily(100.0, 100.0, 50.0, 50.0, symbol='Y'),
        ],
        symbols=('X', 'Y'),
        margin=HALF,
    )
    assert sorted(traded(found)[2:]) == [
        ('X', 'sell', 8, 50),
        ('Y', 'sell', 12, 50),
    ]


def test_what_works_in_the_symbol_is_cancelled_first(write):
    seen = []
    run(
        write(
            bar1="self.buy('X', 20)",
            bar2="self.sell('X', 20, type='limit', price=150.0)",
        ),
        daily(100.0, 100.0, 60.0, 58.0),
        margin=HALF,
        seen=seen,
    )
    updates = of(seen, T.ORDER_UPDATE)
    cancelled = [each for each in updates if each.status == 'cancelled']
    assert len(cancelled) == 1
    (fill,) = [each for each in of(seen, T.FILL) if each.side == 'sell']
    assert fill.quantity == 7


def test_a_cut_that_is_not_filled_yet_is_not_asked_for_again(write):
    seen = []
    rows = daily(100.0, 100.0, 60.0, 60.0, 60.0)
    rows[3] = (*rows[3][:6], 2.0)  # Two units trade, and five are still due.
    run(write(bar1="self.buy('X', 20)"), rows, margin=HALF, seen=seen)
    assert len(of(seen, T.RISK_ALERT)) == 1
    sold = [each.quantity for each in of(seen, T.FILL) if each.side == 'sell']
    assert sold == [2, 5]


def test_a_further_fall_cuts_more_and_keeps_the_cut_that_works(write):
    seen = []
    rows = daily(100.0, 100.0, 60.0, 55.0, 55.0)
    rows[3] = (*rows[3][:6], 2.0)
    run(write(bar1="self.buy('X', 20)"), rows, margin=HALF, seen=seen)
    # After 2 x 55: equity 100 for 13 x 55 = 715 with the 5 still due gone;
    # 400 are carried, so 315 / 55 = 5.7 more go.
    sold = [each.quantity for each in of(seen, T.FILL) if each.side == 'sell']
    assert sold == [2, 5, 6]
    assert not any(
        each.status == 'cancelled' for each in of(seen, T.ORDER_UPDATE)
    )


def test_with_a_latency_a_cut_takes_its_time_too(write):
    rows = [
        *daily(100.0, 100.0, 60.0),
        *(('X', 2 * DAY + 720 + at, *[61.0 + at] * 4) for at in (1, 2)),
    ]
    found = run(
        write(bar1="self.buy('X', 20)"), rows, margin=HALF, latency_ms=5.0
    )
    assert traded(found)[1:] == [('X', 'sell', 7, 63)]


@pytest.mark.parametrize('latency_ms', [0.0, 90_000.0])
def test_what_a_call_cancels_fills_no_more_whatever_the_latency(
    write, latency_ms
):
    rows = [
        *daily(100.0, 100.0, 60.0),
        ('X', 2 * DAY + 721, 60.0, 60.0, 50.0, 60.0),
        *(('X', 2 * DAY + 720 + at, *[60.0] * 4) for at in (2, 3, 4)),
    ]
    found = run(
        write(
            bar1="self.buy('X', 20)",
            bar2="self.sell('X', 20, type='stop', stop_price=58.0)",
        ),
        rows,
        margin=HALF,
        latency_ms=latency_ms,
    )
    assert [fill[1:3] for fill in traded(found)] == [('buy', 20), ('sell', 7)]


class NoCalls(rules.RiskRule):
    """Lets no margin call through."""

    name = 'no_calls'
    unit = 'orders'

    def figure(self, order, system):
        return 1.0 if order.reason == 'margin call' else 0.0


def test_a_cut_that_risk_denies_is_asked_for_once_a_day(write):
    seen = []
    rows = [
        *daily(100.0, 100.0, 60.0),
        *(('X', 2 * DAY + 720 + at, 60, 60, 60, 60) for at in (1, 2)),
        *daily(60.0, 60.0, days=(3, 4)),
    ]
    run(
        write(bar1="self.buy('X', 20)"),
        rows,
        NoCalls(0.0),
        margin=HALF,
        seen=seen,
    )
    calls = [
        each
        for each in of(seen, T.RISK_ALERT)
        if each.message.startswith('margin call')
    ]
    # After the first bar of day 2, and after that of day 3.
    assert len(calls) == 2
    assert financing.warnings([1, 2])[0].startswith('2 margin calls, the ')


def test_the_strategys_own_book_pays_its_share(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text(
        'from sting import strategy\n\n\n'
        'class Mine(strategy.AbstractStrategy):\n'
        '    async def on_start(self):\n'
        '        self.sold = False\n\n'
        '    async def on_market_data(self, data):\n'
        '        if not self.sold:\n'
        "            self.sell('X', 10)\n"
        '        self.sold = True\n'
        "        self.log.info(f'cash {self.portfolio.cash:.2f}')\n"
    )
    found = run(
        str(path),
        daily(100.0, 100.0, 100.0),
        borrow=costs.Borrow(rate=0.36),
    )
    # The sale brought 1,000, the night cost 1.
    assert [line.text for line in found.log][1:] == [
        'cash 1000.00',
        'cash 999.00',
    ]


def test_two_runs_have_the_same_log(write):
    path = write(bar1="self.buy('X', 20)")
    rows = daily(100.0, 100.0, 60.0, 58.0, 58.0)
    one, other = (run(path, rows, margin=HALF) for _ in range(2))
    assert one.log_hash == other.log_hash
    assert one.log_hash != run(path, rows).log_hash


def test_the_costs_are_in_json_and_in_the_report(write):
    found = run(
        write(bar1="self.sell('X', 10)"),
        daily(100.0, 100.0, 100.0),
        borrow=costs.Borrow(rate=0.36),
    )
    json = found.to_json()
    assert json['borrow_fees'] == json['financing'] == pytest.approx(1.0)
    assert json['interest'] == json['dividends'] == 0.0
    assert json['assumptions']['borrow']['rate'] == 0.36
    text = report.ReportGenerator().text(found)
    assert 'borrow fees' in text
    assert 'interest' not in text.split('Risk')[0]


@hypothesis.settings(deadline=None, max_examples=25)
@given(
    st.lists(st.floats(50, 150), min_size=4, max_size=12),
    st.integers(-15, 15),
    st.sampled_from([None, costs.Borrow(rate=0.5)]),
    st.sampled_from([None, costs.Margin(interest=0.5)]),
)
def test_cash_and_holdings_are_start_and_profit_less_all_costs(
    prices, units, borrow, margin
):
    found = engine.run(
        'tests.unit.backtest.holders',
        worlds.make(daily(*prices)),
        manager.RiskManager(),
        parameters={'units': units},
        assumed=assumptions.Assumptions(
            cash=1000.0,
            participation=1.0,
            costs=costs.CostModel(
                commission=costs.Commission(bps=5.0, minimum=1.0),
                slippage=costs.Spread(bps=10.0),
                borrow=borrow,
                margin=margin,
            ),
        ),
    )
    held = paid = 0.0
    for _, side, quantity, price, _, _ in found.fills.rows():
        held += side.sign * quantity
        paid += side.sign * quantity * price
    figures = found.metrics
    worth = 1000.0 - paid + held * prices[-1]
    assert figures.final_equity == pytest.approx(
        worth - figures.fees - figures.financing + figures.dividends
    )
    assert figures.financing >= 0.0
