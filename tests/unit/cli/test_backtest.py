"""Backtests from the command line."""

import csv
import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

CROSS = 'sting.library.sma_cross'
NAMES = (
    'strategy parameters symbols start end bars orders fills trades '
    'final_equity total_return cagr volatility sharpe sortino calmar '
    'max_drawdown win_rate profit_factor exposure turnover fees log_hash '
    'elapsed_s bars_per_s'
)
OWN = """
from sting import strategy


class Mine(strategy.AbstractStrategy):
    async def on_market_data(self, data):
        if self.portfolio.quantity(data.symbol) == 0:
            self.buy(data.symbol, 1, reason='in')
"""


@pytest.fixture
def run(sting, home):
    def call(*words, strategy=CROSS, data='sample', **options):
        return sting('backtest', strategy, '--data', data, *words, **options)

    return call


def test_json_has_the_names(run):
    outcome = run('--symbol', 'GOOG', '--set', 'fast=10', '--json')
    assert outcome.code == 0
    assert outcome.err == ''
    found = json.loads(outcome.out)
    assert set(NAMES.split()) <= set(found)
    assert found['symbols'] == ['GOOG']
    assert found['parameters']['fast'] == 10
    assert found['start'].endswith('Z')


def test_orders_are_written_with_reason_and_indicators(run, tmp_path):
    path = tmp_path / 'orders.csv'
    outcome = run('--symbol', 'GOOG', '--orders', str(path), '--json')
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert len(rows) == json.loads(outcome.out)['orders']
    first = rows[0]
    assert first['order_id'].startswith('backtest-')
    assert (first['symbol'], first['side']) == ('GOOG', 'buy')
    assert 'crossed above' in first['reason']
    assert first['indicators'].startswith('SMA(')
    assert first['timestamp'].endswith('Z')


def test_text_is_for_a_person(run):
    out = run('--symbol', 'GOOG').out
    assert 'final equity' in out
    assert 'GOOG' in out


def test_same_run_has_the_same_hash_in_any_process(tmp_path):
    hashes = {
        json.loads(
            subprocess.run(
                [
                    sys.executable,
                    '-m',
                    'sting.cli.main',
                    'backtest',
                    CROSS,
                    *('--data', 'sample', '--symbol', 'FB', '--json'),
                ],
                capture_output=True,
                check=True,
                env={
                    **os.environ,
                    'STING_HOME': str(tmp_path),
                    'PYTHONHASHSEED': seed,
                },
            ).stdout
        )['log_hash']
        for seed in ('1', '2')
    }
    assert len(hashes) == 1


def test_several_values_may_follow_one_option(run, sting):
    long = run(
        *('--symbol', 'FB', '--symbol', 'IBM'),
        *('--set', 'fast=5', '--set', 'slow=9', '--json'),
    )
    short = run(
        *['--symbol', 'FB', 'IBM', '--set', 'fast=5', 'slow=9', '--json']
    )
    last = sting(
        *['backtest', '--json', '--symbol=FB', '--data', 'sample'],
        *f'{CROSS} --symbol IBM --set fast=5 slow=9'.split(),
    )
    hashes = {json.loads(o.out)['log_hash'] for o in (long, short, last)}
    assert len(hashes) == 1


def test_strategy_from_a_file_runs_the_same_way(run, tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text(OWN)
    found = json.loads(run('--symbol', 'IBM', '--json', strategy=str(path)).out)
    assert found['fills'] == 1


WRITER = """
from sting import strategy


class Mine(strategy.AbstractStrategy):
    parameters = {
        'lines': strategy.Parameter(2),
        'fails': strategy.Parameter(False),
    }
    left = None

    async def on_market_data(self, data):
        left = self.parameters['lines'] if self.left is None else self.left
        if left:
            self.log.warning(f'{left} to go')
        elif self.parameters['fails']:
            raise ValueError('no more')
        self.left = max(left - 1, 0)
"""


@pytest.fixture
def writer(tmp_path):
    path = tmp_path / 'writer.py'
    path.write_text(WRITER)
    return str(path)


def test_what_a_strategy_wrote_is_shown_under_the_run(run, writer):
    outcome = run('--symbol', 'IBM', strategy=writer, lines=2)
    assert [line[20:] for line in outcome.err.splitlines()] == [
        ' warning: 2 to go',
        ' warning: 1 to go',
    ]


def test_what_a_strategy_wrote_is_a_field_of_the_json(run, writer):
    outcome = run('--symbol', 'IBM', '--json', strategy=writer)
    assert outcome.err == ''
    first, second = json.loads(outcome.out)['log']
    assert (first['level'], first['text']) == ('warning', '2 to go')
    assert first['timestamp'] < second['timestamp']


def test_of_many_lines_the_last_are_shown(run, writer):
    words = ('--symbol', 'IBM', '--set', 'lines=150')
    lines = run(*words, strategy=writer, lines=101).err.splitlines()
    assert len(lines) == 101
    assert lines[0] == 'the last 100 lines of the log:'
    assert lines[-1].endswith('warning: 1 to go')


def test_what_a_strategy_wrote_before_it_failed_is_shown(run, writer):
    words = ('--symbol', 'IBM', '--json', '--set', 'fails=yes')
    outcome = run(*words, strategy=writer, lines=3)
    assert outcome.code == 2
    *lines, last = outcome.err.splitlines()
    assert len(lines) == 2
    assert last.endswith('ValueError: no more')


def test_start_and_end_choose_the_bars(run):
    words = ('--symbol', 'IBM', '--json')
    year = ('--start', '2010-01-01', '--end', '2010-12-31')
    assert json.loads(run(*words, *year).out)['bars'] == 252


def test_commission_and_slippage_cost(run):
    words = ('--symbol', 'GOOG', '--json')
    free = json.loads(run(*words).out)
    dear = json.loads(run(*words, '--commission-bps', 10).out)
    worse = json.loads(run(*words, '--slippage-bps', 10).out)
    assert free['fees'] == 0
    assert dear['fees'] > 0
    assert worse['final_equity'] < free['final_equity']


def test_csv_files_have_their_columns(run, tmp_path):
    paths = {
        name: tmp_path / f'{name}.csv' for name in ('trades', 'fills', 'equity')
    }
    words = [w for name, path in paths.items() for w in (f'--{name}', path)]
    found = json.loads(run('--symbol', 'GOOG', '--json', *words).out)
    rows = {}
    for name, path in paths.items():
        with path.open() as file:
            rows[name] = list(csv.DictReader(file))
    assert list(rows['fills'][0]) == [
        'order_id',
        'symbol',
        'side',
        'quantity',
        'price',
        'fee',
        'timestamp',
        'tag',
    ]
    assert list(rows['trades'][0]) == [
        'symbol',
        'side',
        'quantity',
        'entry_time',
        'entry_price',
        'exit_time',
        'exit_price',
        'pnl',
        'fees',
        'mae',
        'mfe',
    ]
    assert list(rows['equity'][0]) == [
        'timestamp',
        'equity',
        'cash',
        'drawdown',
    ]
    assert len(rows['fills']) == found['fills']
    assert len(rows['trades']) == found['trades']
    assert {p.name for p in tmp_path.iterdir() if p.is_file()} == {
        'trades.csv',
        'fills.csv',
        'equity.csv',
    }


def test_progress_as_json_ends_with_all_bars(home):
    done = subprocess.run(
        [
            sys.executable,
            '-m',
            'sting.cli.main',
            'backtest',
            CROSS,
            *('--data', 'sample', '--progress-json', '--json'),
        ],
        capture_output=True,
        text=True,
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert lines[-1]['done'] == lines[-1]['total']
    assert lines[-1]['total'] == json.loads(done.stdout)['bars']


def test_progress_is_a_bar_on_a_terminal(run, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, 'isatty', lambda: True)
    assert run('--symbol', 'FB').code == 0


@pytest.mark.parametrize('name', ['mine.py', 'mine.py:Mine'])
def test_a_file_is_looked_for_in_the_strategies_folder_too(run, home, name):
    home.strategies.mkdir()
    (home.strategies / 'mine.py').write_text(OWN)
    outcome = run('--symbol', 'IBM', '--json', strategy=name)
    assert json.loads(outcome.out)['orders'] == 1


def test_risk_file_takes_other_rules(run, tmp_path):
    path = tmp_path / 'rules.yaml'
    path.write_text('rules: {max_order_notional: {limit: 1}}\n')
    words = ('--symbol', 'GOOG', '--json')
    assert json.loads(run(*words, '--risk', path).out)['fills'] == 0


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--set', 'fst=10'], "did you mean 'fast'?"),
        (['--set', 'fast'], 'has to be name=value'),
        (['--set', '=1'], 'has to be name=value'),
        (['--set', 'fast=1', '--set', 'fast=2'], 'given twice'),
        (['--set', 'fast=x'], 'fast'),
        (['--cash', '0'], '--cash'),
        (['--cash', 'nan'], '--cash'),
        (['--cash', 'inf'], '--cash'),
        (['--commission-bps', '-1'], '--commission-bps'),
        (['--slippage-bps', '20000'], '--slippage-bps'),
        (['--participation', '1.5'], '--participation'),
        (['--symbol', 'NONE'], 'NONE'),
        (['--start', 'soon'], 'soon'),
        (['--fill', 'close'], '--fill'),
        (['--risk', '/none.yaml'], '/none.yaml'),
    ],
)
def test_bad_input_exits_with_2_and_writes_nothing(
    run, tmp_path, words, message
):
    outcome = run(*words, '--fills', tmp_path / 'fills.csv', '--json')
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.out == ''
    assert list(tmp_path.iterdir()) == []


def test_malformed_data_names_file_and_line(run, tmp_path):
    path = tmp_path / 'bars.csv'
    path.write_text(
        'timestamp,open,high,low,close,volume\n'
        '2020-01-02T15:00:00,1,1,1,1,1\n'
        '2020-01-02T15:01:00,1,1,1,x,1\n'
    )
    outcome = run('--symbol', 'X', data=path)
    assert outcome.code == 2
    assert f'{path}:3' in outcome.err


def test_strategy_with_a_syntax_error_names_file_and_line(run, tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text('x = 1\nclass (\n')
    outcome = run(strategy=str(path))
    assert outcome.code == 2
    assert f'{path}:2' in outcome.err


def test_output_that_cannot_be_written_is_refused_first(run, tmp_path):
    for path in (tmp_path / 'none' / 'f.csv', tmp_path):
        outcome = run('--fills', path)
        assert outcome.code == 2
        assert 'cannot be written' in outcome.err


def test_two_outputs_in_one_file_are_refused(run, tmp_path):
    path = tmp_path / 'f.csv'
    assert run('--fills', path, '--trades', path).code == 2
    assert not path.exists()


def test_disk_that_fails_leaves_the_old_files(run, tmp_path, monkeypatch):
    path = tmp_path / 'fills.csv'
    path.write_text('old')

    def fail(*_args, **_kwargs):
        raise OSError(28, 'No space left on device', str(path))

    monkeypatch.setattr('tempfile.mkdtemp', fail)
    outcome = run('--symbol', 'FB', '--fills', path)
    assert outcome.code == 2
    assert 'No space left' in outcome.err
    assert path.read_text() == 'old'


def test_data_and_strategy_are_needed(sting, home):
    assert sting('backtest', '--data', 'sample').code == 2
    assert sting('backtest', CROSS).code == 2


def test_a_benchmark_may_be_a_symbol_that_does_not_run(run):
    found = json.loads(
        run('--symbol', 'FB', '--benchmark', 'IBM', '--json').out
    )
    assert found['benchmark'] == 'IBM'
    assert found['beta'] is not None
    own = json.loads(run('--symbol', 'FB', '--json').out)
    assert own['benchmark'] == 'FB'
    assert own['log_hash'] == found['log_hash']


def test_a_benchmark_that_is_nowhere_is_named(run):
    outcome = run('--symbol', 'FB', '--benchmark', 'NONE')
    assert outcome.code == 2
    assert "'NONE'" in outcome.err


def test_the_code_of_a_file_has_a_hash(run, tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text(OWN)
    found = json.loads(run('--symbol', 'IBM', '--json', strategy=str(path)).out)
    assert len(found['code_hash']) == 16


def test_a_report_names_the_command_that_made_it(run, tmp_path):
    path = tmp_path / 'my report.html'
    outcome = run('--symbol', 'FB', '--report', path)
    assert outcome.code == 0
    text = path.read_text()
    assert (
        f'sting backtest {CROSS} --data sample --symbol FB --report '
        f'&#x27;{path}&#x27;'
    ) in text
    assert 'plotly.js v' in text


def test_plotly_is_imported_for_reports_alone(tmp_path):
    code = (
        'import sys; from sting.cli import main; '
        f'main.run(["backtest", "{CROSS}", "--data", "sample", "--symbol", '
        '"FB"]); print("plotly" in sys.modules)'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        env={**os.environ, 'STING_HOME': str(tmp_path)},
    )
    assert done.stdout.endswith('False\n')


def test_it_says_how_often_it_was_tried(run, home):
    for fast in (5, 6, 6):
        words = ('--symbol', 'GOOG', '--set', f'fast={fast}', '--json')
        found = json.loads(run(*words).out)
    assert found['trials'] == 2
    assert 0 < found['deflated_sharpe'] < 1
    assert home.trials.exists()
    shown = run('--symbol', 'GOOG', '--start', '2005-01-01').out
    assert 'tried on these data' in shown
    assert '3 times' in shown
    assert 'deflated Sharpe' in shown


def test_a_broken_ledger_does_not_fail_a_run(run, home):
    home.states.mkdir()
    home.trials.write_bytes(b'broken' * 1000)
    outcome = run('--symbol', 'GOOG', '--json')
    assert outcome.code == 0
    found = json.loads(outcome.out)
    assert found['trials'] is None
    assert 'trials.db' in found['warnings'][-1]


def test_the_range_has_all_modes_of_filling_and_counts_one_trial(run):
    words = '--symbol', 'GOOG', '--fill', 'path', '--fill-range'
    told = json.loads(run(*words, '--json').out)
    assert told['assumptions']['fill'] == 'path'
    assert told['range']['path']['final_equity'] == told['final_equity']
    assert told['range']['ambiguous_fills'] == {'count': 0, 'share': 0.0}
    assert told['trials'] == 1
    assert 'ambiguity of fills' in run(*words).out


def test_a_mode_of_filling_that_is_none_is_refused(run):
    outcome = run('--fill', 'worst')
    assert outcome.code == 2
    assert "'worst' is not one of 'next_open', 'path'" in outcome.err


def test_finer_bars_decide_what_fills(run, tmp_path):
    path = tmp_path / 'X.csv'
    rows = [f'2020-01-06T14:{at}:00Z,9,9,9,9,1e6' for at in range(30, 60)]
    path.write_text('\n'.join(['timestamp,open,high,low,close,volume', *rows]))
    words = '--timeframe', '10m', '--detail-timeframe', '1m', '--json'
    told = json.loads(run(*words, data=str(path)).out)
    assert told['bars'] == 3
    assert told['assumptions']['timeframe'] == '10m'
    assert told['assumptions']['detail_timeframe'] == '1m'
    assert told['assumptions']['detail_bars'] == 30


def test_actions_and_universe_are_read_and_told(run, tmp_path):
    members = tmp_path / 'members.csv'
    members.write_text('symbol,from,to\nAAPL,,2010-01-04\n')
    found = json.loads(
        run(
            '--symbol', 'AAPL', '--actions', 'sample', '--universe',
            str(members), '--delisting-haircut', '0.5', '--json',
        ).out
    )  # fmt: skip
    assert found['assumptions']['actions'] == '2 splits'
    assert found['assumptions']['universe'] == '1 symbol'
    assert found['assumptions']['delisting_haircut'] == 0.5
    assert found['warnings'] == []


def test_raw_prices_without_their_splits_are_told_of(run):
    found = json.loads(run('--symbol', 'AAPL', '--json').out)
    assert 'jumps at 2000-06-21 as at a split of 2:1' in found['warnings'][0]


def test_survivors_are_told_of(run):
    found = json.loads(run('--symbol', 'IBM', 'GOOG', '--json').out)
    assert 'all 2 symbols live to the end' in found['warnings'][0]


def test_actions_of_other_symbols_alone_are_told_of(run, tmp_path):
    path = tmp_path / 'actions.csv'
    path.write_text('date,symbol,kind,value\n2005-02-28,APPL,split,2:1\n')
    found = json.loads(
        run('--symbol', 'IBM', '--actions', str(path), '--json').out
    )
    assert found['warnings'] == [
        '--actions has nothing for the symbols that run'
    ]


@pytest.mark.parametrize(
    ('words', 'warned'),
    [
        (['--detail-timeframe', '1d', '--timeframe', '1w'], 'are too large'),
        (['--calendar', '24/7'], 'are too small'),
    ],
)
def test_years_of_other_lengths_are_told_of(run, words, warned):
    found = json.loads(run('--symbol', 'IBM', *words, '--json').out)
    assert any(
        'by the year' in each and each.endswith(warned)
        for each in found['warnings']
    )


def test_a_wrong_row_of_actions_is_named(run, tmp_path):
    path = tmp_path / 'actions.csv'
    path.write_text('date,symbol,kind,value\n2020-01-01,A,split,x\n')
    outcome = run('--actions', str(path))
    assert outcome.code == 2
    assert f'{path}:2: the value of a split' in outcome.err


def test_a_haircut_is_a_share(run):
    outcome = run('--delisting-haircut', '2')
    assert outcome.code == 2
    assert '--delisting-haircut 2 is out of range' in outcome.err


QUOTES = """timestamp,bid,ask,bid_size,ask_size
2024-01-02T14:30:00Z,10.0,10.2,100,100
2024-01-02T14:30:01Z,10.1,10.3,100,100
2024-01-02T14:30:02Z,10.2,10.4,100,100
"""
ON_QUOTES = """
from sting import strategy


class Mine(strategy.AbstractStrategy):
    async def on_quote(self, quote):
        if self.portfolio.quantity(quote.symbol) == 0:
            self.buy(quote.symbol, 1, reason='in')
"""


@pytest.fixture
def over_quotes(run, tmp_path):
    """Runs a strategy of one's own over a file of quotes."""
    strategy = tmp_path / 'mine.py'
    strategy.write_text(ON_QUOTES)
    data = tmp_path / 'X.csv'
    data.write_text(QUOTES)

    def call(*words, **options):
        return run(*words, strategy=strategy, data=data, **options)

    return call


def test_quotes_run_as_bars_do(over_quotes, tmp_path):
    names = ('report', 'trades', 'fills', 'equity')
    files = {name: tmp_path / f'{name}.out' for name in names}
    words = [word for name in names for word in (f'--{name}', files[name])]
    outcome = over_quotes('--json', *words)
    found = json.loads(outcome.out)
    assert set(NAMES.split()) <= set(found)
    assert (found['bars'], found['orders'], found['fills']) == (3, 1, 1)
    assert found['final_equity'] == 100_000.0
    assert found['assumptions']['timeframe'] == 'quote'
    rows = files['fills'].read_text().splitlines()
    (fill,) = csv.DictReader(rows)
    assert (fill['price'], fill['tag']) == ('10.3', 'quote')
    assert '3 quotes' in files['report'].read_text()
    assert (
        found['data_hash']
        != json.loads(
            over_quotes('--json', '--start', '2024-01-02T14:30:01Z').out
        )['data_hash']
    )


def test_the_table_of_a_run_over_quotes_says_so(over_quotes):
    out = over_quotes('--symbol', 'X').out
    assert 'quotes/s' in out
    assert 'the spread between bid and ask' not in out


@pytest.mark.parametrize(
    'words',
    [
        ('--fill', 'path'),
        ('--fill-range',),
        ('--touch-fills',),
        ('--timeframe', '1m'),
        ('--timeframe', '1h', '--detail-timeframe', '1m'),
        ('--actions', 'sample'),
        ('--benchmark', 'Y'),
    ],
)
def test_what_is_of_bars_is_refused_over_quotes(over_quotes, words):
    outcome = over_quotes(*words)
    assert outcome.code == 2
    assert f'{words[0]} ' in outcome.err
    assert 'quotes' in outcome.err


def test_a_run_over_quotes_is_held_against_what_is_named(over_quotes, tmp_path):
    bars = tmp_path / 'SPY.csv'
    bars.write_text(
        'timestamp,open,high,low,close,volume\n'
        '2024-01-02T14:28:00Z,1,1,1,1,1\n2024-01-02T14:29:00Z,1,1,1,1,1\n'
    )
    for name, said in (('X', 'X'), (str(bars), 'SPY')):
        found = json.loads(over_quotes('--json', '--benchmark', name).out)
        assert found['benchmark'] == said


def test_a_run_is_held_to_what_is_configured_of_a_name(run, home, tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text(OWN.replace(', 1, ', ', '))
    config = home.config
    config.mkdir(parents=True, exist_ok=True)
    (config / 'strategy.yaml').write_text(
        f'strategies:\n  mine:\n    strategy: {path}\n'
        '    sizing: {method: fixed, quantity: 3}\n'
        '    protection: {trailing: 2%}\n'
    )
    words = ['--symbol', 'GOOG', '--json']
    found = json.loads(run(*words, '--configured', 'mine', strategy=path).out)
    assert found['fills'] > 10
    plain = json.loads(run(*words, strategy=path).out)
    assert plain['fills'] == 1
    outcome = run('--configured', 'other', strategy=path)
    assert outcome.code == 2
    assert 'strategy.yaml has no such strategy; it has mine' in outcome.err
