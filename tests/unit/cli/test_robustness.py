"""`sting robustness`."""

import json
import pathlib

import pytest

from sting.backtest.robust import robustness
from sting.cli import robustness as command
from sting.library import sma_cross

pytestmark = pytest.mark.unit

CROSS = 'sting.library.sma_cross'
YEARS = ('--start', '2008-01-01', '--end', '2009-12-31', '--symbol', 'IBM')
PEEKS = """
import pathlib
from sting import strategy


class Peeks(strategy.AbstractStrategy):
    seen = 0

    async def on_start(self):
        lines = (pathlib.Path(__file__).parent / 'X.csv').read_text()
        self.closes = [float(x.split(',')[4]) for x in lines.split()[1:]]

    async def on_market_data(self, data):
        self.seen += 1
        coming = self.closes[min(self.seen, len(self.closes) - 1)]
        self.target('X', 10 if coming > data.close else -10)
"""


@pytest.fixture
def run(sting, home):
    def call(*words, strategy=CROSS, data='sample', **options):
        return sting('robustness', strategy, '--data', data, *words, **options)

    return call


def test_json_has_all_tests_and_counts_what_was_tried(run, tmp_path):
    # Unlike a module, a file is read anew and has its hash in every run.
    path = tmp_path / 'cross.py'
    path.write_text(pathlib.Path(sma_cross.__file__).read_text())
    words = ('--runs', '19', '--cuts', '2', '--json')
    outcome = run(*YEARS, *words, strategy=path)
    assert outcome.code == 0
    assert outcome.err == ''
    found = json.loads(outcome.out)
    assert found['lookahead']['verdict'] == 'ok'
    assert found['permutation']['runs'] == 19
    assert found['trials'] == 1
    words = ('--only', 'costs', '--json')
    again = json.loads(run(*YEARS, *words, strategy=path).out)
    # The neighbours were tried, too.
    assert again['trials'] == 1 + len(found['neighbourhood']['neighbours'])
    assert 'permutation' not in again


def test_workers_change_nothing(run):
    words = (*YEARS, '--runs', '19', '--only', 'permutation', '--json')
    one = json.loads(run(*words).out)
    two = json.loads(run(*words, '--workers', '2').out)
    assert one['permutation'] == two['permutation']


def test_who_looks_ahead_fails_the_command(run, tmp_path):
    rows = [
        f'2020-01-{day:02},{price},{price},{price},{price},1000000'
        for day, price in enumerate((10, 12, 11, 13, 12, 14), 6)
    ]
    data = tmp_path / 'X.csv'
    head = 'date,open,high,low,close,volume'
    data.write_text('\n'.join([head, *rows[:5]]) + '\n')
    path = tmp_path / 'peeks.py'
    path.write_text(PEEKS)
    outcome = run('--only', 'lookahead', strategy=path, data=data)
    assert outcome.code == 1
    assert 'lookahead      fail' in outcome.out
    assert 'X.csv itself' in outcome.out


def test_text_ends_with_a_verdict_and_the_page_has_it(run, tmp_path):
    page = tmp_path / 'page.html'
    outcome = run(
        *YEARS, *('--only', 'bootstrap', '--only', 'costs', '--report', page)
    )
    assert 'Verdicts' in page.read_text()
    assert '\nverdict' in outcome.out
    assert 'bootstrap' in outcome.out
    assert 'permutation' not in outcome.out


@pytest.mark.parametrize(
    'words',
    [
        ('--metric', 'beauty'),
        ('--only', 'luck'),
        ('--runs', '3'),
        ('--report', '/nowhere/x'),
    ],
)
def test_bad_options_are_one_line(run, words):
    outcome = run(*words)
    assert outcome.code == 2
    assert words[-1] in outcome.err


def test_the_options_name_all_tests():
    assert command._PARTS == robustness.PARTS
