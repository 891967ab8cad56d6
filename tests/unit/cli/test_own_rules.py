"""Risk rules of the user's own in backtests and sweeps."""

import json

import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.unit

CROSS = 'sting.library.sma_cross'
RULE = """
from sting.risk import rules

class Small(rules.AccountRule):
    name, unit = 'small', 'units'

    def figure(self, order, account):
        if rules.shrinks(order, account):
            return None
        return order.remaining
"""


@pytest.fixture
def configured(home):
    """Writes risk.yaml with one rule of its own."""

    def write(more, code=RULE):
        folder = home.config / 'rules'
        folder.mkdir(parents=True)
        (folder / 'mine.py').write_text(code)
        (home.config / 'risk.yaml').write_text(
            f'own:\n  mine: {{rule: rules/mine.py, limit: 0{more}}}\n'
        )

    return write


def backtest(sting, *words):
    outcome = sting(
        'backtest', CROSS, '--data', 'sample', '--symbol', 'GOOG', *words
    )
    assert outcome.code == 0, outcome.err
    return outcome


def test_one_for_backtests_denies_there(sting, configured):
    configured(', backtest: true')
    found = json.loads(backtest(sting, '--json').out)
    assert found['fills'] == 0
    denied = found['verdicts']
    assert denied['by'] == {'small(mine)': denied['denied']}
    assert denied['denied'] > 0


def test_one_for_running_profiles_alone_is_not_even_loaded(sting, configured):
    configured('', code='raise RuntimeError')
    assert json.loads(backtest(sting, '--json').out)['fills'] > 0


def test_one_that_cannot_be_loaded_is_an_error(sting, configured):
    configured(', backtest: true', code='x = 1')
    outcome = sting('backtest', CROSS, '--data', 'sample', '--symbol', 'GOOG')
    assert outcome.code == 2
    assert 'rule mine' in outcome.err
    assert 'no class derives from rules.AccountRule' in outcome.err


def test_a_sector_is_not_known_there(sting, configured):
    configured(', backtest: true, for: {sector: tech}')
    outcome = sting('backtest', CROSS, '--data', 'sample')
    assert outcome.code == 2
    assert 'a backtest knows no sectors' in outcome.err


def test_runs_of_a_sweep_keep_to_it(sting, configured, tmp_path):
    configured(', backtest: true')
    path = tmp_path / 'rows.parquet'
    grid = ('--grid', 'fast=5:10:5', '--workers', '2', '--out', str(path))
    outcome = sting(
        'sweep', CROSS, '--data', 'sample', '--symbol', 'GOOG', *grid, '--json'
    )
    assert outcome.code == 0, outcome.err
    rows = pq.read_table(path).to_pylist()
    assert [row['fast'] for row in rows] == [5, 10]
    assert [row['trades'] for row in rows] == [0, 0]


def test_a_file_of_rules_has_its_own_beside_it(sting, home, tmp_path):
    folder = tmp_path / 'elsewhere'
    folder.mkdir()
    (folder / 'mine.py').write_text(RULE)
    path = folder / 'strict.yaml'
    path.write_text('own:\n  mine: {rule: mine.py, limit: 0, backtest: true}\n')
    found = json.loads(backtest(sting, '--risk', path, '--json').out)
    assert found['fills'] == 0
