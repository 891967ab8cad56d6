"""What a backtest of the command line is made of."""

import click
import pytest

from sting.cli import runs
from sting.cli import setup
from sting.model import errors

pytestmark = pytest.mark.unit


SAMPLE = '--data', 'sample', '--symbol', 'IBM'


def read(*words, sample=SAMPLE, takes_quotes=False):
    """Reads a setup of the words behind a command."""
    found = []

    @click.command(cls=runs.ManyValues)
    @runs.options
    @click.option('--detail-timeframe')
    @click.option('--fill-range', is_flag=True)
    @click.option('--benchmark')
    def command(strategy, data, **options):
        made = setup.read(strategy, data, options, takes_quotes=takes_quotes)
        found.append(made)

    command.main(['own.py', *sample, *words], standalone_mode=False)
    return found[0]


def test_the_options_become_what_is_assumed(home):
    words = '--cash', '5', '--commission-bps', '3', '--touch-fills'
    made = read(*words, '--fill', 'path')
    assert made.assumed.cash == 5.0
    assert made.assumed.costs.commission_bps == 3.0
    assert made.assumed.touch_fills
    assert made.assumed.fill == 'path'


def test_a_schedule_of_costs_is_named(home):
    made = read('--costs', 'ibkr_fixed').assumed.costs
    assert made.commission.per_unit == 0.005
    assert made.slippage_bps == 0.0


def test_figures_take_the_place_of_the_schedules_parts(home, tmp_path):
    path = tmp_path / 'mine.yaml'
    path.write_text(
        'commission: {per_order: 5}\n'
        'slippage: {kind: spread, bps: 2}\n'
        'latency_ms: 20\n'
        'impact: {}\n'
    )
    words = ('--costs', str(path), '--slippage-bps', '3', '--latency-ms', '0')
    made = read(*words).assumed.costs
    assert made.commission.per_order == 5.0
    assert (made.slippage, made.slippage_bps) == (None, 3.0)
    assert made.latency_ms == 0.0
    assert made.impact is not None
    made = read('--costs', str(path), '--commission-bps', '1').assumed.costs
    assert (made.commission, made.commission_bps) == (None, 1.0)


def test_the_gate_has_the_rules_of_the_file(home, tmp_path):
    path = tmp_path / 'risk.yaml'
    path.write_text('rules:\n  max_position: {limit: 7}\n')
    rules = read('--risk', str(path)).gate().rules
    assert [rule.limit for rule in rules if rule.name == 'max_position'] == [7]


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('--cash', 'nan'), '--cash nan is out of range'),
        (('--commission-bps', '-1'), '--commission-bps -1 is out of range'),
        (('--latency-ms', '-1'), '--latency-ms -1 is out of range'),
        (('--costs', 'ibkr_fxed'), "did you mean 'ibkr_fixed'"),
        (('--participation', '0'), '--participation 0 is out of range'),
        (('--set', 'fast'), 'has to be name=value'),
        (('--set', 'a=1', 'a=2'), '--set a is given twice'),
    ],
)
def test_what_makes_no_sense_is_refused_by_the_options_name(
    home, words, message
):
    with pytest.raises(errors.InputError, match=message):
        read(*words)


def test_a_strategy_is_found_in_its_folder(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    strategies = setup.settings.Home.find().strategies
    strategies.mkdir(parents=True)
    (strategies / 'mine.py').write_text('')
    assert setup.place('mine.py:Mine') == f'{strategies / "mine.py"}:Mine'
    (tmp_path / 'mine.py').write_text('')
    assert setup.place('mine.py:Mine') == 'mine.py:Mine'
    assert setup.place('sting.library.sma_cross') == 'sting.library.sma_cross'


MINUTES = """\
timestamp,open,high,low,close,volume
2020-01-06T14:30:00Z,1,2,1,2,10
2020-01-06T14:31:00Z,2,3,1,1,10
2020-01-06T14:32:00Z,1,4,1,3,10
2020-01-06T14:33:00Z,3,3,2,2,10
"""


@pytest.fixture
def minutes(home, tmp_path):
    """Reads a setup of four bars of a minute."""
    path = tmp_path / 'IBM.csv'
    path.write_text(MINUTES)
    return lambda *words: read('--data', str(path), *words, sample=())


def test_the_strategy_is_given_bars_built_of_finer_ones(minutes):
    made = minutes('--timeframe', '2m', '--detail-timeframe', '1m')
    bars = list(made.loaded.table.rows())
    assert [(bar.open, bar.high, bar.low, bar.close) for bar in bars] == [
        (1, 3, 1, 1),
        (1, 4, 1, 2),
    ]
    assert (len(made.fine), made.fine.timeframe) == (4, '1m')


def test_without_finer_bars_the_data_are_those_that_run(minutes):
    made = minutes('--timeframe', '1m')
    assert made.fine is None
    assert len(made.loaded.table) == 4


@pytest.mark.parametrize(
    ('words', 'told'),
    [
        (['--detail-timeframe', '1m'], 'needs --timeframe'),
        (
            ['--timeframe', '1m', '--detail-timeframe', '1m'],
            'is not finer than --timeframe 1m',
        ),
        (
            ['--timeframe', '2m', '--detail-timeframe', '30s'],
            'are bars of 1m, not of 30s',
        ),
    ],
)
def test_lengths_that_do_not_go_together_are_refused(minutes, words, told):
    with pytest.raises(errors.StingError, match=told):
        minutes(*words)


def test_latency_is_not_held_against_bars_without_a_length(home, tmp_path):
    path = tmp_path / 'A.csv'
    path.write_text(
        'timestamp,open,high,low,close,volume,timeframe\n'
        '2013-03-01T15:00:00Z,1,1,1,1,5,tick:9\n'
    )
    given = '--data', str(path)
    assert read(sample=given).loaded.table.timeframe == 'tick:9'
    with pytest.raises(errors.InputError, match='bars of tick:9, which do not'):
        read('--latency-ms', '5', sample=given)


@pytest.mark.parametrize(
    ('known', 'words'),
    [
        ('{X: {currency: USD}, Y: {currency: EUR}}', 'Y is in EUR and the acc'),
        ('{Y: {calendar: XLON}}', 'Y has the hours of XLON, not of XNYS'),
        ('{Y: {multiplier: 50}}', 'Y has the multiplier 50'),
    ],
)
def test_instruments_that_do_not_go_together_are_refused(
    home, tmp_path, known, words
):
    home.config.mkdir(parents=True, exist_ok=True)
    (home.config / 'instruments.yaml').write_text(f'instruments: {known}\n')
    data = []
    for name in ('X', 'Y'):
        (tmp_path / f'{name}.csv').write_text(MINUTES)
        data += ['--data', str(tmp_path / f'{name}.csv')]
    with pytest.raises(errors.InputError, match=words):
        read(*data, sample=())
    assert read(*data[:2], sample=()).loaded


def test_quotes_are_only_for_what_takes_them(tmp_path, home):
    data = tmp_path / 'X.csv'
    data.write_text(
        'timestamp,bid,ask,bid_size,ask_size\n2024-01-02T14:30:00Z,1,3,1,1\n'
    )
    with pytest.raises(errors.InputError, match='sting data bars FILE'):
        read(sample=('--data', str(data)))


def test_instruments_of_quotes_have_to_go_together_too(tmp_path, home):
    home.config.mkdir(exist_ok=True)
    known = '{X: {currency: EUR}, Y: {currency: USD}}'
    (home.config / 'instruments.yaml').write_text(f'instruments: {known}\n')
    data = tmp_path / 'quotes.csv'
    data.write_text(
        'timestamp,symbol,bid,ask,bid_size,ask_size\n'
        '2024-01-02T14:30:00Z,X,1,3,1,1\n2024-01-02T14:30:00Z,Y,1,3,1,1\n'
    )
    with pytest.raises(errors.InputError, match='EUR'):
        read(
            sample=('--data', str(data), '--benchmark', 'X'), takes_quotes=True
        )
