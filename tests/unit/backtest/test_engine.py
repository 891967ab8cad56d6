"""Runs: when orders fill, what is counted, and that it is always the same."""

import collections
import dataclasses
import math
import pathlib
import subprocess
import sys
import textwrap

from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
import msgspec
import numpy as np
import pytest

from sting import settings
from sting.backtest import assumptions
from sting.backtest import engine
from sting.backtest.figures import benchmark
from sting.model import costs
from sting.model import errors
from sting.model import sizing
from sting.model import specs
from sting.risk import gate as gates
from sting.risk import manager
from sting.risk import rules
from sting.risk import scopes
from sting.strategy import versions
from tests.unit.backtest import bars as worlds

pytestmark = pytest.mark.unit

ROOT = pathlib.Path(__file__).parents[3]
SMA = 'sting.library.sma_cross'


@pytest.fixture
def write(tmp_path):
    """Writes a user's strategy and gives its path."""

    def written(body, name='mine.py'):
        path = tmp_path / name
        path.write_text(
            'from sting import strategy\n\n\n'
            'class Mine(strategy.AbstractStrategy):\n'
            + textwrap.indent(textwrap.dedent(body).strip(), '    ')
            + '\n'
        )
        return str(path)

    return written


def run(reference, table, *limited, **options):
    return engine.run(
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


ONCE = """
async def on_start(self):
    self.bars = 0
    self.updates = []

async def on_market_data(self, data):
    self.bars += 1
    if self.bars == 1:
        self.buy('X', 10)
"""


def test_an_order_fills_at_the_open_of_the_next_bar(write):
    table = worlds.make(
        [
            ('X', 1, 10.0, 12.0, 9.0, 11.0),
            ('X', 2, 13.0, 15.0, 12.0, 14.0),
            ('X', 3, 16.0, 18.0, 15.0, 17.0),
        ]
    )
    result = run(write(ONCE), table, cash=1_000.0)
    assert fills_of(result) == [(2, 'buy', 10.0, 13.0)]
    assert result.curve.equity.tolist() == [1_000.0, 1_010.0, 1_040.0]
    assert result.curve.cash.tolist() == [1_000.0, 870.0, 870.0]
    assert result.curve.exposed.tolist() == [False, True, True]


def test_an_order_decided_on_the_last_bar_does_not_fill(write):
    result = run(write(ONCE), worlds.flat(10.0))
    assert result.orders == 1
    assert len(result.fills) == 0


def test_an_order_decided_before_the_first_bar_fills_on_a_later_one(write):
    path = write(
        """
        async def on_start(self):
            self.buy('X', 5)
        """
    )
    # Its moment is that of the first bar, so the second is the next one.
    result = run(path, worlds.flat(10.0, 11.0, 12.0))
    assert fills_of(result) == [(2, 'buy', 5.0, 11.0)]


def test_costs_and_slippage_are_taken(write):
    result = run(
        write(ONCE),
        worlds.flat(100.0, 100.0, 100.0),
        cash=10_000.0,
        commission_bps=10.0,
        slippage_bps=50.0,
    )
    assert fills_of(result) == [(2, 'buy', 10.0, pytest.approx(100.5))]
    assert result.fills.fee[0] == pytest.approx(1.005)
    assert result.curve.equity[-1] == pytest.approx(10_000.0 - 5.0 - 1.005)


def test_a_share_of_the_volume_is_filled_a_bar(write):
    table = worlds.make(
        [('X', at, 10.0, 10.0, 10.0, 10.0, 16.0) for at in range(1, 6)]
    )
    result = run(write(ONCE), table, participation=0.25)
    assert [row[2] for row in fills_of(result)] == [4.0, 4.0, 2.0]
    assert result.orders == 1


def test_a_strategy_cancels_what_works(write):
    path = write(
        """
        async def on_start(self):
            self.seen = []
            self.order = ''

        async def on_market_data(self, data):
            if not self.order:
                self.order = self.buy(
                    'X', 10, strategy.OrderType.LIMIT, price=5.0
                )
            elif len(self.seen) == 1:
                self.cancel(self.order)

        async def on_order_update(self, order):
            self.seen.append(order.status)

        async def on_stop(self):
            raise ValueError(' '.join(self.seen))
        """
    )
    # The last bar would have filled it.
    with pytest.raises(
        errors.StrategyError, match='accepted pending_cancel cancelled'
    ):
        run(path, worlds.flat(10.0, 10.0, 10.0, 4.0))


@pytest.mark.parametrize(('minutes', 'fills'), [(2, 0), (3, 1)])
def test_an_order_of_a_strategy_is_good_till_its_moment(write, minutes, fills):
    path = write(
        f"""
        sent = None

        async def on_market_data(self, data):
            self.sent = self.sent or self.buy(
                'X', 1, 'limit', 95.0, time_in_force='gtd',
                expires=data.timestamp + {minutes} * 60_000_000_000,
            )
        """
    )
    found = run(path, worlds.flat(100.0, 100.0, 100.0, 90.0))
    assert len(found.fills) == fills


def test_a_cancel_of_what_was_rejected_meanwhile_is_nothing(write):
    path = write(
        """
        async def on_market_data(self, data):
            if not self.position('X').quantity:
                self.buy('X', 10)

        async def on_position_update(self, position):
            order = self.sell('X', 10, take_profit=20.0)
            self.cancel(order)
        """
    )
    result = run(path, worlds.flat(10.0, 10.0, 10.0))
    assert result.orders == 2
    assert fills_of(result) == [(2, 'buy', 10.0, 10.0)]


def test_a_position_is_told_after_the_fill(write):
    path = write(
        ONCE
        + """
async def on_position_update(self, position):
    self.updates.append((position.quantity, position.average_price))

async def on_stop(self):
    raise ValueError(self.updates)
"""
    )
    with pytest.raises(errors.StrategyError, match=r'\[\(10\.0, 11\.0\)\]'):
        run(path, worlds.flat(10.0, 11.0, 12.0))


def test_an_answer_to_a_fill_trades_on_the_next_bar(write):
    path = write(
        ONCE
        + """
async def on_position_update(self, position):
    if position.quantity:
        self.sell('X', position.quantity)
"""
    )
    result = run(path, worlds.flat(10.0, 11.0, 12.0, 13.0))
    assert fills_of(result) == [
        (2, 'buy', 10.0, 11.0),
        (3, 'sell', 10.0, 12.0),
    ]
    assert len(result.trades) == 1


def test_symbols_share_one_account(write):
    path = write(
        """
        async def on_market_data(self, data):
            if not self.portfolio.quantity(data.symbol):
                self.buy(data.symbol, 6)
        """
    )
    table = worlds.make(
        [
            (symbol, at, 100.0, 100.0, 100.0, 100.0)
            for symbol in ('A', 'B')
            for at in (1, 2, 3)
        ],
        ('A', 'B'),
    )
    result = run(path, table, rules.BuyingPower(1.0), cash=1_000.0)
    # The second order would take more than the account has.
    assert [row[1:] for row in fills_of(result)] == [('buy', 6.0, 100.0)]
    assert list(result.fills.symbol) == ['A']
    assert result.orders > 1
    assert result.symbols == ('A', 'B')


def test_the_curve_has_one_point_a_moment():
    table = worlds.make(
        [
            (symbol, at, 10.0, 10.0, 10.0, 10.0)
            for symbol in ('A', 'B')
            for at in (1, 2, 3)
        ],
        ('A', 'B'),
    )
    result = run('sting.library.buy_and_hold', table)
    assert len(result.curve) == 3
    assert result.bars == 6


def test_costs_look_back_on_every_bar_of_each_symbol(write):
    path = write(
        """
        async def on_start(self):
            self.bars = 0

        async def on_market_data(self, data):
            self.bars += data.symbol == 'A'
            if self.bars == 3 and data.symbol == 'A':
                self.buy('A', 6)
        """
    )
    table = worlds.make(
        [
            (symbol, at, 100.0, 100.0 + width, 100.0 - width, 100.0)
            for symbol, wide in (('A', 1.0), ('B', 5.0))
            for at, width in ((1, wide), (2, 2 * wide), (3, 3 * wide), (4, 0.0))
        ],
        ('A', 'B'),
    )
    model = costs.CostModel(slippage=costs.Volatility(share=0.1, bars=2))
    result = run(path, table, costs=model)
    # A tenth of the mean of 4 and 6.
    assert [row[1:] for row in fills_of(result)] == [('buy', 6.0, 100.5)]


def test_a_denied_order_is_counted_and_not_filled(write):
    path = write(
        ONCE
        + """
async def on_order_update(self, order):
    self.updates.append(f'{order.status} {order.message}')

async def on_stop(self):
    raise ValueError(self.updates)
"""
    )
    with pytest.raises(
        errors.StrategyError, match=r"\['denied max_position: 10 units is abov"
    ):
        run(path, worlds.flat(10.0, 11.0, 12.0), rules.MaxPosition(9.0))
    result = run(
        write(ONCE), worlds.flat(10.0, 11.0, 12.0), rules.MaxPosition(9.0)
    )
    assert result.orders == 1
    assert len(result.fills) == 0
    assert result.assumptions['rules'] == ('halted', 'max_position')


def test_short_sales_are_judged_by_the_shipped_rules(write, tmp_path):
    config = settings.load(settings.Home.find({'STING_HOME': str(tmp_path)}))
    path = write(ONCE.replace('self.buy', 'self.sell'))
    gate = gates.build(config.risk.backtest, config.risk.sizing)
    result = engine.run(path, worlds.flat(10.0, 11.0, 12.0), gate)
    assert fills_of(result) == [(2, 'sell', 10.0, 11.0)]


def test_a_strategys_own_sizing_is_by_its_own_bars(write):
    path = write(ONCE.replace(', 10)', ')'))
    method = sizing.AverageRange(risk=0.01, multiple=1.0, period=2)
    spec = specs.StrategySpec('mine', 'a', sizing=method)
    # It buys at the first bar, of which there is no range.
    early = engine.run(
        path, worlds.flat(10.0, 11.0, 12.0), manager.RiskManager(), spec=spec
    )
    assert (early.orders, len(early.fills)) == (0, 0)
    late = engine.run(
        path,
        worlds.flat(11.0, 13.0, 13.0),
        manager.RiskManager(),
        spec=spec,
        warm=worlds.flat(8.0, 9.0, 10.0),
    )
    # True ranges of 1, each bar; 1 % of 100,000 is what one of them may lose.
    assert [quantity for _, _, quantity, _ in fills_of(late)] == [1_000.0]


def test_an_order_without_a_quantity_is_sized(write):
    path = write(ONCE.replace(', 10)', ')'))
    gate = manager.RiskManager(size_fraction=0.5)
    result = engine.run(
        path,
        worlds.flat(10.0, 10.0),
        gate,
        assumed=assumptions.Assumptions(cash=1_000.0),
    )
    assert fills_of(result) == [(2, 'buy', 50.0, 10.0)]


@pytest.mark.parametrize(
    ('callback', 'line'), [('on_start', 6), ('on_stop', 6)]
)
def test_a_strategy_that_raises_ends_the_run_with_file_and_line(
    write, callback, line
):
    path = write(
        f"""
        async def {callback}(self):
            raise KeyError('nothing there')
        """
    )
    with pytest.raises(errors.StrategyError) as caught:
        run(path, worlds.flat(10.0, 11.0))
    assert f'{path}:{line}: KeyError' in str(caught.value)
    assert 'nothing there' in str(caught.value)


@pytest.mark.parametrize(
    'raised', ['SystemExit(3)', 'KeyboardInterrupt', 'asyncio.CancelledError']
)
def test_a_strategy_that_would_end_the_process_is_one_line(write, raised):
    path = write(
        f"""
        async def on_market_data(self, data):
            import asyncio
            raise {raised}
        """
    )
    with pytest.raises(errors.StrategyError, match=f'{path}:7: '):
        run(path, worlds.flat(10.0, 11.0))


def test_a_run_over_no_bars_has_no_figures():
    empty = worlds.flat(10.0).take(slice(0, 0))
    told = []
    result = run(SMA, empty, progress=lambda *at: told.append(at))
    assert (result.bars, result.orders, len(result.curve)) == (0, 0, 0)
    assert told == [(0, 0)]


def test_progress_ends_at_the_last_bar():
    told = []
    run(SMA, worlds.walk(40, 1), progress=lambda *at: told.append(at))
    assert told == [(0, 40), (40, 40)]


def test_what_risk_denied_is_in_the_result(write):
    table = worlds.flat(10.0, 11.0, 12.0)
    result = run(write(ONCE), table, rules.MaxPosition(0.5))
    told = result.to_json()['verdicts']
    assert (told['denied'], told['approved']) == (1, 0)
    assert told['by'] == {'max_position': 1}
    assert told['first']['message'].startswith('max_position: ')


def test_what_risk_reduced_fills_with_what_was_left(write):
    rule = scopes.Scoped(
        'r', rules.MaxPosition(4.0), scopes.Scope(), reduces=True
    )
    result = run(write(ONCE), worlds.flat(10.0, 11.0, 12.0), rule)
    assert fills_of(result) == [(2, 'buy', 4.0, 11.0)]
    told = result.to_json()['verdicts']
    assert (told['denied'], told['reduced']) == (0, 1)


def test_a_signal_that_became_no_order_is_in_the_result(write):
    path = write(
        """
        async def on_market_data(self, data):
            self.cancel('backtest-1-1-1')
            self.target('X', 0, reason='flat')
        """
    )
    result = run(path, worlds.flat(10.0, 11.0))
    assert result.orders == 0
    assert result.verdicts.refused == 2
    assert [row.order_id for row in result.verdicts.rows] == [
        'backtest-1-1-1'
    ] * 2


def test_the_assumptions_are_told():
    result = run(
        SMA, worlds.walk(40, 1), parameters={'fast': 5, 'slow': 9}, seed=7
    )
    assert result.parameters == {'fast': 5, 'slow': 9, 'quantity': 100.0}
    assert result.assumptions['fill'] == 'next_open'
    assert result.assumptions['seed'] == 7
    assert result.assumptions['timeframe'] == '1m'
    assert result.start == worlds.START + worlds.MINUTE
    assert result.end == worlds.START + 40 * worlds.MINUTE


def test_indicators_of_every_symbol_are_worked_out_by_column(write):
    path = write(
        """
        async def on_start(self):
            class Column(strategy.indicators.SMA):
                def update(self, bar):
                    raise RuntimeError('bar by bar')

            self.sma = self.indicator(Column, period=3)
            self.seen = []

        async def on_market_data(self, data):
            self.seen.append((data.symbol, self.sma.value))

        async def on_stop(self):
            self.log.info(self.seen)
        """
    )
    # B has one bar more, and A begins later.
    rows = [('B', at, *[float(at)] * 4) for at in range(1, 6)]
    rows += [('A', at, *[at * 10.0] * 4) for at in range(2, 6)]
    (line,) = run(path, worlds.make(rows, ('A', 'B'))).log
    assert line.text == str(
        [
            ('B', math.nan),
            ('A', math.nan),
            ('B', math.nan),
            ('A', math.nan),
            ('B', 2.0),
            ('A', 30.0),
            ('B', 3.0),
            ('A', 40.0),
            ('B', 4.0),
        ]
    )


def test_indicators_show_the_bars_symbol_again_after_another_ones_order(write):
    path = write(
        """
        async def on_start(self):
            self.slow = self.indicator(
                strategy.indicators.SMA, period=1, timeframe='5m'
            )
            self.seen = []

        async def on_market_data(self, data):
            self.seen.append(self.slow.value)
            if data.close == 7.0:
                self.buy('Y', 1)

        async def on_stop(self):
            self.log.info(str(self.seen[4:]))
        """
    )
    # The order is denied, and the strategy is told of it; there is no Y.
    (line,) = run(path, worlds.flat(*map(float, range(1, 10)))).log
    assert line.text == str([5.0] * 5)


def test_an_interrupt_ends_a_run_soon(write, monkeypatch):
    monkeypatch.setattr(engine, 'PROGRESS', 8)
    path = write(
        """
        async def on_market_data(self, data):
            import signal
            self.log.info('bar')
            if data.open == 1.0:
                signal.raise_signal(signal.SIGINT)
        """
    )
    written = []
    with pytest.raises(KeyboardInterrupt):
        run(path, worlds.flat(1.0, *[10.0] * 20), written=written)
    assert len(written) == 8


# The same twice, and only then.


def test_two_runs_have_one_hash():
    table = worlds.walk(2_000, 2)
    assert run(SMA, table).log_hash == run(SMA, table).log_hash


PROGRAM = """
from sting.risk import manager
from sting.backtest import engine
from tests.unit.backtest import bars
found = engine.run(
    'sting.library.sma_cross', bars.walk(2_000, 2), manager.RiskManager()
)
print(found.log_hash)
"""


def test_the_hash_is_the_same_in_every_process():
    found = {
        subprocess.run(
            [sys.executable, '-c', PROGRAM],
            cwd=ROOT,
            env={'PYTHONHASHSEED': seed, 'PYTHONPATH': str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ('0', '1')
    }
    assert found == {run(SMA, worlds.walk(2_000, 2)).log_hash}


@pytest.mark.parametrize('column', ['open', 'high', 'close', 'volume'])
def test_one_changed_figure_changes_the_hash(column):
    table = worlds.walk(200, 3)
    before = run(SMA, table).log_hash
    getattr(table, column)[-1] += 1e-6
    assert run(SMA, table).log_hash != before


@pytest.mark.parametrize(
    'options',
    [
        {'cash': 99_999.0},
        {'commission_bps': 1.0},
        {'slippage_bps': 1.0},
        {'participation': 1e-4},
        {'parameters': {'fast': 11}},
    ],
)
def test_another_assumption_changes_the_hash(options):
    table = worlds.walk(500, 4)
    assert run(SMA, table).log_hash != run(SMA, table, **options).log_hash


def test_the_hash_does_not_depend_on_the_path(write):
    table = worlds.walk(100, 5)
    first = run(write(ONCE, 'a.py'), table).log_hash
    assert run(write(ONCE, 'b.py'), table).log_hash == first


# Against a loop that knows nothing of sting.

Loop = collections.namedtuple('Loop', 'fills equity')


def reference(table, cash, commission):
    """SMA 10 and 30, long or flat, 100 units, filled at the next open."""
    closes = table.close.tolist()
    opens = table.open.tolist()
    held = wanted = 0.0
    before = math.nan
    fills, equity = [], []
    for at, close in enumerate(closes):
        if wanted:
            price = opens[at]
            cash -= wanted * price + abs(wanted) * price * commission
            fills.append((at + 1, wanted, price))
            held += wanted
            wanted = 0.0
        equity.append(cash + held * close if held else cash)
        if at < 29:
            continue
        fast = math.fsum(closes[at - 9 : at + 1]) / 10
        slow = math.fsum(closes[at - 29 : at + 1]) / 30
        now = fast - slow
        if before <= 0 < now and not held:
            wanted = 100.0
        elif before >= 0 > now and held:
            wanted = -held
        before = now
    return Loop(fills, equity)


def test_fills_and_equity_are_those_of_a_plain_loop():
    table = worlds.walk(100_000, 1)
    result = run(SMA, table, cash=1e6, commission_bps=10.0, participation=1.0)
    expected = reference(table, 1e6, 10.0 / 10_000)
    found = [
        (at, quantity if side == 'buy' else -quantity, price)
        for at, side, quantity, price in fills_of(result)
    ]
    assert len(found) > 3_000
    assert found == expected.fills
    assert result.curve.equity.tolist() == expected.equity


@limits(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), slippage=st.sampled_from([0.0, 5.0]))
def test_cash_and_holdings_are_the_fills_at_every_bar(seed, slippage):
    table = worlds.walk(300, seed)
    result = run(
        SMA,
        table,
        parameters={'fast': 2, 'slow': 5},
        commission_bps=5.0,
        slippage_bps=slippage,
        participation=0.001,
    )
    cash = np.full(len(table), 100_000.0)
    held = np.zeros(len(table))
    for _, side, quantity, price, fee, at in result.fills.rows():
        since = table.timestamp >= at
        cash[since] -= side.sign * quantity * price + fee
        held[since] += side.sign * quantity
    np.testing.assert_allclose(result.curve.cash, cash, rtol=1e-12)
    np.testing.assert_allclose(
        result.curve.equity, cash + held * table.close, rtol=1e-12
    )
    exposed = np.abs(held) > 1e-9
    assert result.curve.exposed.tolist() == exposed.tolist()


def test_the_result_can_be_written_as_json():
    result = run(SMA, worlds.walk(500, 6))
    told = msgspec.json.decode(msgspec.json.encode(result.to_json()))
    assert told['log_hash'] == result.log_hash
    assert told['bars'] == 500


def test_one_symbol_is_held_against_itself_bought_and_held(write):
    result = run(write(ONCE), worlds.flat(10.0, 11.0, 12.0), cash=1_000.0)
    assert result.benchmark == 'X'
    assert result.curve.benchmark.tolist() == [1_000.0, 1_100.0, 1_200.0]
    assert result.metrics.benchmark_return == pytest.approx(0.2)


def test_several_symbols_are_held_against_what_is_named():
    rows = [(name, at, *[9.0 + at] * 4) for name in 'AB' for at in (1, 2, 3)]
    table = worlds.make(rows, ('A', 'B'))
    alone = run(SMA, table)
    assert (alone.benchmark, alone.curve.benchmark) == (None, None)
    beside = run(SMA, table, benchmark=benchmark.of_bars(table.of('B')))
    assert beside.benchmark == 'B'
    assert beside.metrics.benchmark_return == pytest.approx(0.2)
    assert beside.log_hash == alone.log_hash


def test_the_hash_of_the_code_is_that_of_the_file(write, tmp_path):
    def code():
        with versions.Recorder('mine.py') as recorder:
            path = tmp_path / 'mine.py'
            return run(str(path), worlds.flat(10.0), recorder=recorder)

    write(ONCE)
    first = code()
    write(ONCE + '\n# changed\n')
    assert len(first.code_hash) == 16
    assert first.code_hash != code().code_hash
    assert first.log_hash == code().log_hash
    assert run(SMA, worlds.flat(10.0)).code_hash is None


def test_the_hash_of_the_data_is_that_of_the_bars(write):
    table = worlds.flat(10.0, 11.0)
    assert run(write(ONCE), table).data_hash == table.digest()


@limits(max_examples=10)
@given(st.integers(0, 99))
def test_profits_of_all_symbols_add_up_to_the_account(seed):
    table = worlds.walk(400, seed)
    result = run(
        SMA, table, parameters={'fast': 3, 'slow': 7}, commission_bps=10.0
    )
    for rows in (
        result.tables.symbols,
        result.tables.sides,
        result.tables.strategies,
    ):
        total = sum(row.pnl + row.open_pnl for row in rows)
        assert result.curve.start + total == pytest.approx(
            result.metrics.final_equity
        )
        fees = sum(row.fees for row in rows)
        assert fees == pytest.approx(result.metrics.fees)
    assert (result.trades.mae <= 0).all()
    assert (result.trades.mfe >= 0).all()


FRAMED = """
timeframes = ('1h', '1m')

async def on_start(self):
    self.average = self.indicator(
        strategy.indicators.SMA, period=2, timeframe='1h'
    )

async def on_market_data(self, data):
    if data.timeframe == '1h':
        self.log.info(f'{data.timestamp} {data.open} {data.close}')
        self.buy('X', 1, reason=f'{self.average.value}')
"""


def test_longer_bars_are_built_from_those_of_the_file(write):
    table = worlds.flat(*map(float, range(1, 151)))
    result = run(write(FRAMED), table, calendar='24/7')
    hour = 60 * worlds.MINUTE
    assert [line.text for line in result.log] == [
        f'{worlds.START + hour} 1.0 60.0',
        f'{worlds.START + 2 * hour} 61.0 120.0',
    ]
    # An order of a longer bar fills on the next bar of the file.
    assert [each[:1] for each in fills_of(result)] == [(61,), (121,)]


def test_bars_that_are_shorter_than_the_files_are_refused(write):
    table = dataclasses.replace(worlds.flat(1.0), timeframe='1d')
    path = write(FRAMED)
    with pytest.raises(errors.StrategyError, match='ask for 1d or') as caught:
        run(path, table)
    assert caught.value.path == path


def test_a_calendar_that_is_none_is_told_before_the_run(write):
    with pytest.raises(errors.DataError, match="'MOON' is no calendar"):
        run(write(ONCE), worlds.flat(1.0), calendar='MOON')


def test_what_is_configured_of_a_strategy_holds_in_a_run(write):
    path = write(
        """
        async def on_market_data(self, data):
            self.target_weight('X', 1.0)
        """
    )
    table = worlds.flat(100.0, 100.0, 100.0)
    spec = specs.StrategySpec(
        'mine',
        path,
        capital=5_000.0,
        limits=specs.Limits(max_position=40.0),
    )
    free = fills_of(
        run(
            path,
            table,
            spec=msgspec.structs.replace(spec, limits=specs.Limits()),
        )
    )
    assert [each[2] for each in free] == [50.0]
    limited = run(path, table, spec=spec)
    assert len(limited.fills) == 0
    assert limited.orders == 3


def test_a_trailing_stop_follows_the_price_through_a_run(write):
    path = write(
        """
        async def on_start(self):
            self.buy('X', 10)

        async def on_position_update(self, position):
            if position.quantity:
                self.sell(
                    'X', 10, strategy.OrderType.TRAILING_STOP, trail='10%'
                )
        """
    )
    result = run(path, worlds.flat(10.0, 10.0, 12.0, 11.0, 10.5, 9.0))
    # Bought at the second open; 12 raises the trigger to 10.8, opened below.
    assert fills_of(result) == [
        (2, 'buy', 10.0, 10.0),
        (5, 'sell', 10.0, 10.5),
    ]


# mode, bar and price of the fill of a stop-limit, why; stop 10, limit 11
STOP_LIMITS = [
    ('next_open', (3, 9.5), 'a limit order from the next bar on'),
    ('path', (2, 10.0), 'triggered on the way to 12'),
    ('optimistic', (2, 10.0), 'the range allows it'),
    ('pessimistic', (3, 9.5), 'a limit order from the next bar on'),
]


@pytest.mark.parametrize(('fill', 'expected', 'why'), STOP_LIMITS)
def test_a_run_decides_what_a_bar_leaves_open_as_assumed(
    write, fill, expected, why
):
    path = write(
        """
        async def on_start(self):
            kind = strategy.OrderType.STOP_LIMIT
            self.buy('X', 10, kind, price=11.0, stop_price=10.0)
        """
    )
    table = worlds.make(
        [
            ('X', 1, 9.0, 9.0, 9.0, 9.0),
            ('X', 2, 9.0, 12.0, 8.5, 9.0),
            ('X', 3, 9.5, 9.5, 9.5, 9.5),
        ]
    )
    result = run(path, table, fill=fill)
    (fill_of,) = fills_of(result)
    at = (result.fills.timestamp[0] - worlds.START) // worlds.MINUTE
    assert (at, fill_of[3]) == expected, why
    assert result.assumptions['fill'] == fill


@pytest.mark.parametrize(('touch_fills', 'count'), [(False, 0), (True, 1)])
def test_a_touch_fills_a_run_only_where_that_is_assumed(
    write, touch_fills, count
):
    path = write(
        """
        async def on_start(self):
            self.buy('X', 10, strategy.OrderType.LIMIT, price=9.0)
        """
    )
    table = worlds.flat(10.0, 10.0, 10.0)
    table = dataclasses.replace(table, low=table.low - 1.0)
    result = run(path, table, touch_fills=touch_fills)
    assert [each[3] for each in fills_of(result)] == [9.0] * count
    assert result.assumptions['touch_fills'] is touch_fills


AVERAGE = """
async def on_start(self):
    self.mean = self.indicator(strategy.indicators.SMA, period=3)

async def on_market_data(self, data):
    self.log.info(f'{self.mean.value:g}')
"""


def test_bars_before_the_run_warm_the_indicators_alone(write):
    table = worlds.flat(*(float(n) for n in range(1, 9)))
    reference = write(AVERAGE)
    whole = [line.text for line in run(reference, table).log]
    warm = run(reference, table.take(slice(4, None)), warm=table.take(slice(4)))
    assert [line.text for line in warm.log] == whole[4:]
    assert len(warm.curve) == 4


def test_a_watcher_sees_what_was_decided(write):
    seen = []
    run(write(ONCE), worlds.flat(10.0, 10.0), watch=seen.append)
    assert [e.data.quantity for e in seen if e.type == 'signal'] == [10.0]


def test_costs_that_look_back_see_bars_that_met_no_order(write):
    path = write(
        """
        async def on_start(self):
            self.bars = 0

        async def on_market_data(self, data):
            self.bars += 1
            if self.bars == 5:
                self.buy('X', 10)
        """
    )
    table = worlds.make(
        [('X', at, 10.0, 12.0, 9.0, 10.0) for at in range(1, 8)]
    )
    model = costs.CostModel(slippage=costs.Volatility(share=0.1))
    result = run(path, table, costs=model)
    # A tenth of the mean range of 3 of the bars before it.
    assert [each[3] for each in fills_of(result)] == [pytest.approx(10.3)]
