"""`sting walkforward`."""

import csv
import json

import pytest

pytestmark = pytest.mark.unit

CROSS = 'sting.library.sma_cross'
YEARS = ('--start', '2007-01-01', '--end', '2008-12-31', '--symbol', 'IBM')
TIMES = ('--train', '250', '--test', '120', '--workers', '1')
WALK = ('--grid', 'fast=5:10:5', *TIMES)


@pytest.fixture
def run(sting, home):
    def call(*words, strategy=CROSS, **options):
        return sting(
            *('walkforward', strategy, '--data', 'sample'), *words, **options
        )

    return call


def test_json_and_files_tell_the_tests_joined(run, tmp_path, home):
    equity, report = tmp_path / 'equity.csv', tmp_path / 'page.html'
    outcome = run(
        *YEARS, *WALK, '--json', '--equity', equity, '--report', report
    )
    assert outcome.code == 0
    assert outcome.err == ''
    found = json.loads(outcome.out)
    assert len(found['windows']) == 3
    assert found['trials'] == 3
    assert home.trials.exists()
    with equity.open() as file:
        rows = list(csv.DictReader(file))
    assert float(rows[-1]['equity']) == found['final_equity']
    assert rows[0]['timestamp'] == found['windows'][0]['test_start']
    assert 'walkforward' in report.read_text()


def test_text_has_a_line_for_each_window(run):
    lines = run(*YEARS, *WALK, '--anchored').out.splitlines()
    assert sum('fast=' in line for line in lines) == 3
    assert any('probability of overfitting' in line for line in lines)


def test_a_program_is_told_how_far_it_is(run):
    outcome = run(*YEARS, *WALK, '--json', '--progress-json', lines=9)
    told = [json.loads(line) for line in outcome.err.splitlines()]
    assert told[0]['done'] == 0
    assert [each['done'] for each in told] == list(range(told[0]['total']))


def test_several_values_follow_one_grid(run):
    words = ('--grid', 'fast=5|10', 'slow=30|40', *TIMES)
    found = json.loads(run(*YEARS, *words, '--json').out)
    assert found['combinations'] == 4


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        (('--grid', 'fast', '--train', '9', '--test', '9'), 'start:stop'),
        (('--grid', 'fast=5', '--train', '9000', '--test', '9'), 'too few'),
        (('--grid', 'fast=5', '--test', '9'), '--train'),
        ((*WALK, '--metric', 'beauty'), 'beauty'),
        ((*WALK, '--report', '/nowhere/x.html'), '/nowhere/x.html'),
    ],
)
def test_bad_options_are_one_line(run, words, said):
    outcome = run(*YEARS, *words)
    assert outcome.code == 2
    assert said in outcome.err
