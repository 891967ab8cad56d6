"""Runs over quotes: at which side they fill, how they are marked, and that
nothing hangs on how the quotes are handed over."""

import pathlib

import numpy as np
import pytest

from sting.backtest import assumptions
from sting.backtest import engine
from sting.backtest import quotes
from sting.data import actions
from sting.model import costs
from sting.model import errors
from sting.model import specs
from sting.risk import manager
from sting.simulator import quoted as simulated
from tests.unit.backtest import bars as worlds
from tests.unit.backtest import quoted

pytestmark = pytest.mark.unit

BOTH = f'{pathlib.Path(quoted.__file__)}:Both'
HEAD = (
    'from sting import strategy\n\n\nclass Mine(strategy.AbstractStrategy):\n'
)
ONCE = """
    async def on_start(self):
        self.count = 0

    async def on_quote(self, quote):
        self.count += 1
        if self.count == 1:
            self.buy('X', 10)
        if self.count == 3:
            self.sell('X', 10)
"""


@pytest.fixture
def write(tmp_path):
    """Writes a user's strategy and gives its path."""

    def written(body):
        path = tmp_path / 'mine.py'
        path.write_text(HEAD + body)
        return str(path)

    return written


# Risk looks at every price then.
WATCHED = specs.StrategySpec(
    name='mine', reference='x', limits=specs.Limits(max_loss=1e9)
)


def run(reference, table, *limited, **options):
    return quotes.run(
        reference,
        table,
        manager.RiskManager(limited),
        **worlds.assumed(options),
    )


def fills_of(result):
    """Minute, side, quantity and price of each fill."""
    return [
        ((at - worlds.START) // worlds.MINUTE, str(side), quantity, price)
        for _, side, quantity, price, _, at in result.fills.rows()
    ]


def test_orders_fill_at_the_next_quote_a_buy_at_the_ask_a_sale_at_the_bid(
    write,
):
    result = run(write(ONCE), quoted.spread(10.0, 11.0, 12.0, 13.0))
    assert fills_of(result) == [
        (2, 'buy', 10.0, 11.5),
        (4, 'sell', 10.0, 12.5),
    ]
    assert list(result.fills.tag) == ['quote', 'quote']
    (trip,) = result.trades.pnl.tolist()
    assert trip == 10.0


def test_the_account_is_marked_at_the_middle(write):
    result = run(write(ONCE), quoted.spread(10.0, 11.0, 12.0, 13.0))
    assert result.curve.equity.tolist() == [
        100_000.0, 99_995.0, 100_005.0, 100_010.0
    ]  # fmt: skip
    assert result.curve.exposed.tolist() == [False, True, True, False]
    assert (result.bars, result.orders) == (4, 2)


def test_excursions_and_the_benchmark_are_of_the_middle(write):
    result = run(write(ONCE), quoted.spread(10.0, 11.0, 12.0, 13.0))
    assert result.trades.mae.tolist() == [pytest.approx(-0.5 / 11.5)]
    assert result.benchmark == 'X'
    assert result.metrics.benchmark_return == pytest.approx(0.3)


def test_a_share_of_the_size_is_filled_a_quote(write):
    table = quoted.make([('X', at, 10.0, 11.0, 8.0, 8.0) for at in range(1, 7)])
    result = run(write(ONCE), table, participation=0.5)
    assert [row[:3] for row in fills_of(result)] == [
        (2, 'buy', 4.0), (3, 'buy', 4.0), (4, 'buy', 2.0),
        (4, 'sell', 4.0), (5, 'sell', 4.0), (6, 'sell', 2.0),
    ]  # fmt: skip


def test_two_quotes_of_one_stamp_are_one_moment(write):
    table = quoted.make(
        [('X', 1, 9.0, 10.0), ('X', 1, 9.5, 10.5), ('X', 2, 10.0, 11.0)]
    )
    result = run(write(ONCE), table)
    assert fills_of(result) == [(2, 'buy', 10.0, 11.0)]
    assert len(result.curve) == 2
    assert result.bars == 3


@pytest.mark.parametrize('seed', range(4))
def test_without_a_spread_all_is_as_on_bars_of_one_price(seed):
    table = quoted.walk(400, seed)
    bars = table.middles()
    bars.volume[:] = 1e6
    gate = manager.RiskManager()
    on_bars = engine.run(BOTH, bars, gate)
    on_quotes = run(BOTH, table)
    assert len(on_quotes.fills) > 20
    # At one quote buys come before sales.
    assert sorted(fills_of(on_quotes)) == sorted(fills_of(on_bars))
    np.testing.assert_array_equal(on_quotes.curve.equity, on_bars.curve.equity)


@pytest.mark.parametrize('symbols', [('X',), ('X', 'Y')])
def test_the_log_does_not_depend_on_how_many_come_at_once(symbols, monkeypatch):
    table = quoted.walk(300, 7, 0.1, symbols, 25.0)
    whole = run(BOTH, table)
    monkeypatch.setattr(engine, 'PROGRESS', 7)
    parts = run(BOTH, table)
    assert whole.orders > 20
    assert parts.log_hash == whole.log_hash
    np.testing.assert_array_equal(parts.curve.equity, whole.curve.equity)


@pytest.mark.parametrize('symbols', [('X',), ('X', 'Y')])
@pytest.mark.parametrize('seed', range(3))
def test_quotes_that_are_passed_over_lead_to_what_one_by_one_leads_to(
    symbols, seed, monkeypatch
):
    monkeypatch.setattr(quotes, '_LOOK', 3)
    table = quoted.walk(300, seed, 0.1, symbols, 25.0)
    passed, met = run(BOTH, table), run(BOTH, table, spec=WATCHED)
    assert len(passed.fills) > 10
    assert fills_of(passed) == fills_of(met)
    assert list(passed.fills.order_id) == list(met.fills.order_id)
    np.testing.assert_array_equal(passed.curve.equity, met.curve.equity)
    np.testing.assert_array_equal(passed.curve.cash, met.curve.cash)


def test_quotes_that_no_waiting_order_meets_are_not_held_against_it(
    write, monkeypatch
):
    body = """
    async def on_quote(self, quote):
        if quote.bid == 10.0:
            self.buy('X', 1, strategy.OrderType.LIMIT, price=9.0)
"""
    table = quoted.make(
        [('X', at, 10.0 + min(at, 1), 60.0) for at in range(80)]
    )
    table.ask[70] = 9.0
    shown = []
    on_quote = simulated.QuotedMarket.on_quote

    def seen(market, quote):
        shown.append(quote.ask)
        return on_quote(market, quote)

    monkeypatch.setattr(simulated.QuotedMarket, 'on_quote', seen)
    result = run(write(body), table)
    assert shown == [9.0]
    assert len(result.fills) == 1


def test_cash_and_holdings_are_the_fills_at_every_quote():
    table = quoted.walk(300, 9, 0.1)
    result = run(BOTH, table, commission_bps=2.0)
    middle = (table.bid + table.ask) / 2
    cash, held, at = 100_000.0, 0.0, 0
    rows = list(result.fills.rows())
    for stamp, price, equity in zip(
        table.timestamp, middle, result.curve.equity, strict=True
    ):
        while at < len(rows) and rows[at][5] == stamp:
            _, side, quantity, paid, fee, _ = rows[at]
            sign = 1 if side == 'buy' else -1
            cash -= sign * quantity * paid + fee
            held += sign * quantity
            at += 1
        assert equity == pytest.approx(cash + held * price)
    assert at == len(rows) > 20


def test_one_changed_size_changes_the_hash(write):
    table = quoted.spread(10.0, 11.0)
    other = quoted.spread(10.0, 11.0)
    other.bid_size[0] += 1
    first, second = run(write(ONCE), table), run(write(ONCE), other)
    assert first.log_hash != second.log_hash
    assert first.data_hash != second.data_hash


def test_the_assumptions_say_that_the_data_are_quotes(write):
    told = run(write(ONCE), quoted.spread(10.0)).assumptions
    assert told['timeframe'] == told['fill'] == 'quote'
    assert told['touch_fills']


def test_positions_that_need_margin_are_reduced(write):
    table = quoted.spread(100.0, 100.0, 55.0, 55.0, 55.0)
    body = ONCE.replace("buy('X', 10)", "buy('X', 1800)").replace('== 3', '< 0')
    margin = costs.Margin(initial=0.5, maintenance=0.25)
    result = run(write(body), table, costs=costs.CostModel(margin=margin))
    sides = [row[1] for row in fills_of(result)]
    assert sides[:2] == ['buy', 'sell']


@pytest.mark.parametrize('spec', [None, WATCHED])
def test_a_strategy_that_was_stopped_is_told_no_more(write, spec):
    body = """
    async def on_quote(self, quote):
        raise RuntimeError
"""
    table = quoted.spread(10.0, 11.0)

    def stopped(*given, **more):
        made = quotes.QuoteEngine(*given, quotes=table, **more)
        made._settler.running = False
        return made

    gate = manager.RiskManager()
    result = engine.run(
        write(body), table.middles(), gate, spec=spec, play=stopped
    )
    assert (result.bars, len(result.curve)) == (2, 2)


@pytest.mark.parametrize(
    ('body', 'words'),
    [
        ('    timeframes = ("1m",)\n' + ONCE, 'timeframes are of bars'),
        ('    async def on_market_data(self, data):\n        pass\n',
         'it has no on_quote; the data are quotes'),
        (ONCE.replace(
            'self.count = 0',
            'self.indicator(strategy.indicators.SMA, period=2)'),
         'indicators are updated by bars'),
        ("""
    def __init__(self, *given):
        super().__init__(*given)
        self.indicator(strategy.indicators.SMA, period=2)
""" + ONCE, 'indicators are updated by bars'),
        (ONCE.replace('self.count += 1', 'self.count = 1 / 0'),
         'ZeroDivisionError'),
        ("""
    async def on_quote(self, quote):
        self.indicator(strategy.indicators.SMA, period=2)
""", 'indicators are updated by bars'),
    ],
    ids=['timeframes', 'no on_quote', 'in on_start', 'in init', 'raises',
         'in on_quote'],
)  # fmt: skip
def test_what_does_not_work_is_one_line(write, body, words):
    with pytest.raises(errors.StrategyError, match=words) as caught:
        run(write(body), quoted.spread(10.0, 11.0))
    assert '\n' not in str(caught.value)
    assert 'mine.py' in str(caught.value)


@pytest.mark.parametrize(
    'assumed',
    [
        {'actions': tuple(actions.read('sample'))},
        {'costs': costs.CostModel(impact=costs.Impact(coefficient=1.0))},
    ],
    ids=['actions', 'impact'],
)
def test_what_is_of_bars_cannot_be_assumed(write, assumed):
    with pytest.raises(errors.ConfigError, match='do not work on quotes'):
        quotes.run(
            write(ONCE),
            quoted.spread(10.0),
            manager.RiskManager(),
            assumed=assumptions.Assumptions(**assumed),
        )


def test_an_empty_table_has_no_figures(write):
    result = run(write(ONCE), quoted.make([]))
    assert (result.bars, result.orders) == (0, 0)
    assert result.metrics.sharpe is None
