"""What a backtest of the command line is made of."""

import click
import pytest

from sting.cli import runs
from sting.cli import setup
from sting.model import errors

pytestmark = pytest.mark.unit


def read(*words):
    """Reads a setup of the words behind a command."""
    found = []

    @click.command(cls=runs.ManyValues)
    @runs.options
    def command(strategy, data, **options):
        found.append(setup.read(strategy, data, options))

    words = ['own.py', '--data', 'sample', '--symbol', 'IBM', *words]
    command.main(words, standalone_mode=False)
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
