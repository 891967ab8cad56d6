"""Strategies that peek are caught, those that do not are left alone."""

import dataclasses
import pathlib
import textwrap

import numpy as np
import pandas
import pytest

from sting import library
from sting.backtest.robust import lookahead
from sting.backtest.robust import parts
from sting.backtest.sweeping import cases
from sting.data import files
from tests.unit.backtest import bars as worlds

pytestmark = pytest.mark.unit

V = parts.Verdict
COUNT = 120
HEAD = """
import builtins
import pathlib
import numpy as np
import pandas
from sting import strategy


class Mine(strategy.AbstractStrategy):
    seen = 0

    async def on_market_data(self, data):
        self.seen += 1
        up = self.up(data)
        held = self.portfolio.quantity('X') > 0
        if up and not held:
            self.buy('X', 10, reason='up')
        elif held and not up:
            self.close('X', reason='down')
"""

# What each looks at beyond the bar that has closed.
WHOLE_CSV = """
async def on_start(self):
    frame = pandas.read_csv(PATH)
    self.closes = list(frame['close'])

def up(self, data):
    return self.closes[min(self.seen, len(self.closes) - 1)] > data.close
"""
WHOLE_PARQUET = """
async def on_start(self):
    frame = pandas.read_parquet(PATH.replace('.csv', '.parquet'))
    self.closes = list(frame['close'])

def up(self, data):
    return self.closes[min(self.seen, len(self.closes) - 1)] > data.close
"""
CENTRED = """
async def on_start(self):
    frame = pandas.Series(TABLE['close'][:])
    self.means = frame.rolling(5, center=True, min_periods=1).mean()

def up(self, data):
    return data.close < self.means[self.seen - 1]
"""
# The engine works indicators out for all bars at once before the first.
ENGINES_STATE = """
async def on_start(self):
    self.same = self.indicator(strategy.indicators.SMA, period=1)

def up(self, data):
    coming = self.same['X']._column._values
    return coming[min(self.seen, len(coming) - 1)] > data.close
"""
NEXT_SIGN = """
def up(self, data):
    closes = TABLE['close']
    return closes[min(self.seen, len(closes) - 1)] > data.close
"""
SCALED = """
def up(self, data):
    closes = TABLE['close']
    return data.close < closes.mean()
"""
BY_HEART = """
def up(self, data):
    return KNOWN[min(self.seen, len(KNOWN) - 1)] > KNOWN[self.seen - 1]
"""
REMEMBERS = """
def up(self, data):
    memory = vars(builtins).setdefault('MEMORY', {})
    memory[data.timestamp] = data.close
    later = [at for at in memory if at > data.timestamp]
    return bool(later) and memory[min(later)] > data.close
"""
DICE = """
def up(self, data):
    return np.random.default_rng().random() > 0.5
"""
HONEST = """
async def on_start(self):
    self.mean = self.indicator(strategy.indicators.SMA, period=5)

def up(self, data):
    return data.close < self.mean.value
"""
# It raises on bars that end before those that it looks for.
SHORT_SIGHTED = """
def up(self, data):
    return TABLE['close'][self.seen] > data.close if self.seen < 120 else False
"""


@pytest.fixture
def make(tmp_path):
    """Writes a strategy, which may see all bars that its run is given."""

    def made(body, bars=None, name='mine.py'):
        bars = worlds.walk(COUNT, seed=4) if bars is None else bars
        table = tmp_path / 'bars.csv'
        rows = zip(bars.timestamp.tolist(), bars.close.tolist(), strict=True)
        table.write_text(
            'timestamp,close\n' + ''.join(f'{t},{c}\n' for t, c in rows)
        )
        path = tmp_path / name
        path.write_text(
            HEAD
            + textwrap.indent(body, '    ')
            + f'\n\nPATH = {str(table)!r}\nKNOWN = {bars.close.tolist()}\n'
        )
        return cases.Case(strategy=str(path), bars=bars), table

    return made


class Shown(cases.Case):
    """A case that shows its strategy all bars of the run, by a global."""

    def play(self, **options):
        import builtins

        builtins.TABLE = {'close': self.bars.close}
        try:
            return super().play(**options)
        finally:
            del builtins.TABLE


def shown(case):
    return Shown(
        **{f.name: getattr(case, f.name) for f in dataclasses.fields(case)}
    )


def test_reading_the_file_of_the_bars_is_caught(make):
    case, table = make(WHOLE_CSV)
    found = lookahead.check(case, [table])
    assert found.verdict == V.FAIL
    assert 'bars.csv itself' in found.reason


def test_reading_parquet_past_python_is_caught(make):
    case, table = make(WHOLE_PARQUET)
    path = table.with_suffix('.parquet')
    pandas.DataFrame({'close': case.bars.close}).to_parquet(path)
    found = lookahead.check(case, [path])
    assert found.verdict == V.FAIL
    assert 'bars.parquet itself' in found.reason


def test_reading_another_file_of_data_is_warned_of(make):
    case, _ = make(WHOLE_CSV)
    found = lookahead.check(case, [])
    assert found.verdict == V.WARN
    assert 'bars.csv itself' in found.reason


@pytest.mark.parametrize(
    'body',
    [CENTRED, NEXT_SIGN, SCALED, SHORT_SIGHTED, ENGINES_STATE],
    ids='cnsre',
)
def test_what_sees_later_bars_is_caught_at_the_first_moment(make, body):
    case, _ = make(body)
    found = lookahead.check(shown(case))
    assert found.verdict == V.FAIL
    assert 'it knew bars after' in found.reason
    first = found.figures['differences'][0]
    assert first['timestamp'] <= first['cut']
    assert first['full'] != first['other']


def test_one_moment_is_enough_for_the_next_bars_sign(make):
    case, _ = make(NEXT_SIGN)
    for seed in range(10):
        found = lookahead.check(shown(case), cuts=1, seed=seed)
        assert found.verdict == V.FAIL


def test_the_reason_names_both_decisions(make):
    case, _ = make(NEXT_SIGN)
    reason = lookahead.check(shown(case)).reason
    assert '"reason":"' in reason
    assert 'where ' in reason
    assert '2020-01-01T' in reason


def test_knowing_the_bars_by_heart_is_warned_of(make):
    case, _ = make(BY_HEART)
    found = lookahead.check(case)
    assert found.verdict == V.WARN
    assert 'by heart' in found.reason


@pytest.mark.parametrize('body', [REMEMBERS, DICE], ids=['memory', 'dice'])
def test_what_decides_otherwise_on_the_same_bars_fails(make, body):
    case, _ = make(body)
    try:
        found = lookahead.check(case)
    finally:
        vars(__import__('builtins')).pop('MEMORY', None)
    assert found.verdict == V.FAIL
    assert 'two runs over the same bars' in found.reason


def test_what_looks_back_alone_is_not_flagged(make):
    case, table = make(HONEST)
    found = lookahead.check(case, [table])
    assert found.verdict == V.OK
    assert found.figures['decisions'] > 20
    assert len(found.figures['cuts']) == 8


def test_the_seed_chooses_the_moments(make):
    case, _ = make(HONEST)
    cuts = [
        lookahead.check(case, cuts=3, seed=seed).figures['cuts']
        for seed in (1, 1, 2)
    ]
    assert cuts[0] == cuts[1] != cuts[2]


def test_a_strategy_that_raises_on_all_bars_is_its_own_error(make):
    case, _ = make('def up(self, data):\n    raise ValueError(1)\n')
    with pytest.raises(Exception, match='ValueError'):
        lookahead.check(case)


LIBRARY = sorted(
    path.stem
    for path in pathlib.Path(library.__file__).parent.glob('*.py')
    if path.stem != '__init__'
)
PAIR = ('AAPL', 'GOOG', 'IBM')


@pytest.mark.parametrize('name', LIBRARY)
def test_what_ships_is_not_flagged(name):
    bars = files.read(
        'sample', symbols=PAIR, start='2008-01-01', end='2009-12-31'
    ).table
    parameters = {}
    if name == 'pairs_zscore':
        parameters = {'first': 'AAPL', 'second': 'GOOG'}
    case = cases.Case(
        strategy=f'sting.library.{name}', bars=bars, parameters=parameters
    )
    found = lookahead.check(case, cuts=3)
    assert found.verdict == V.OK, found.reason


def test_replaced_bars_are_bars():
    bars = worlds.walk(COUNT, seed=1)
    swung = lookahead._swung(bars, 40, 1)
    for name in ('open', 'high', 'low', 'close', 'volume'):
        before, after = getattr(bars, name), getattr(swung, name)
        assert (before[:40] == after[:40]).all()
        assert (before[40:] != after[40:]).all()
    assert (swung.high >= np.maximum(swung.open, swung.close)).all()
    assert (swung.low <= np.minimum(swung.open, swung.close)).all()
    assert (swung.low > 0).all()
