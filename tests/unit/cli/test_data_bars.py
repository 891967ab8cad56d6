"""`sting data bars`."""

import json

import pytest

from sting.data import files

pytestmark = pytest.mark.unit

TRADES = 'timestamp,symbol,price,size\n'
ROWS = ''.join(
    f'2013-03-01T{hour}:{minute:02}:00Z,A,{hour}.5,{minute + 1}\n'
    for hour in (15, 16)
    for minute in range(60)
)


@pytest.fixture
def make(sting, home, tmp_path):
    def call(text, *words, out='made.csv'):
        (tmp_path / 'rows.csv').write_text(text)
        found = sting(
            'data', 'bars', tmp_path / 'rows.csv', '--out', tmp_path / out,
            *words,
        )  # fmt: skip
        return found, tmp_path / out

    return call


def test_trades_become_bars_that_a_backtest_reads(make):
    found, path = make(TRADES + ROWS, '--make', '30m')
    assert (found.code, found.out) == (0, 'A: 4 bars of 30m\n')
    bars = list(files.read(path).table.rows())
    assert [each.close for each in bars] == [15.5, 15.5, 16.5, 16.5]
    assert bars[0].volume == sum(range(1, 31))


@pytest.mark.parametrize('out', ['made.csv', 'made.parquet'])
def test_bars_of_dollars_keep_their_name_and_their_stamps(make, out):
    found, path = make(TRADES + ROWS, '--make', 'dollar:1e4', out=out)
    assert 'bars of dollar:10000; ' in found.out
    bars = files.read(path).table
    assert bars.timeframe == 'dollar:10000'
    assert bars.timestamp[0] % (60 * 10**9) == 0


def test_what_is_in_no_bar_is_told(make):
    found, _ = make(TRADES + ROWS, '--make', 'tick:119')
    assert found.out == 'A: 1 bar of tick:119; 1 row is of bars that are not '\
        'whole\n'  # fmt: skip


def test_json_has_the_same(make):
    found, _ = make(TRADES + ROWS, '--make', 'tick:50', '--json')
    assert json.loads(found.out) == {
        'timeframe': 'tick:50',
        'bars': {'A': 2},
        'left': {'A': 20},
    }


def test_quotes_become_bars_of_their_mid(make):
    head = 'timestamp,symbol,bid,ask,bid_size,ask_size\n'
    rows = '2013-03-01T15:00:01Z,A,1,2,5,5\n2013-03-01T15:00:09Z,A,2,3,5,5\n'
    found, path = make(head + rows, '--make', '1m')
    assert found.code == 0
    (bar,) = files.read(path).table.rows()
    assert (bar.open, bar.close, bar.volume) == (1.5, 2.5, 0.0)


def test_the_sample_becomes_weeks(sting, home, tmp_path):
    path = tmp_path / 'weeks.parquet'
    found = sting('data', 'bars', 'sample', '--make', '1w', '--out', path)
    assert found.code == 0
    assert files.read(path).table.timeframe == '1w'


@pytest.mark.parametrize(
    ('make_', 'words'),
    [
        ('60m', "'60m' is written '1h'"),
        ('tick:1.5', 'a whole number of trades'),
        ('tick:many', "'tick:many' is none; write tick:100"),
        ('volume:0', 'give a size above 0'),
        ('hourly', 'no timeframe'),
    ],
)
def test_what_cannot_be_made_is_told(make, make_, words):
    found, path = make(TRADES + ROWS, '--make', make_)
    assert found.code == 2
    assert words in found.err
    assert not path.exists()


def test_rows_of_no_kind_are_told(make):
    found, _ = make('timestamp,price\n2013-03-01,1\n', '--make', '1m')
    assert found.code == 2
    assert 'neither bars, quotes nor trades' in found.err


def test_one_symbol_of_several_may_be_picked(make):
    more = ROWS + ROWS.replace(',A,', ',B,')
    found, _ = make(TRADES + more, '--make', '1h', '--symbol', 'B')
    assert found.out.startswith('B: ')
    assert 'A: ' not in found.out


def test_bars_are_adjusted_for_splits(sting, home, tmp_path):
    path = tmp_path / 'days.parquet'
    words = 'data', 'bars', 'sample', '--make', '1d', '--out', path
    found = sting(*words, '--actions', 'sample', '--view', 'back')
    assert found.code == 0, found.err
    apple = files.read(path).table.of('AAPL')
    raw = files.read('sample').table.of('AAPL')
    assert apple.close[-1] == raw.close[-1]
    # Two splits of two for one.
    assert apple.close[0] == raw.close[0] / 4


def test_a_view_needs_actions_and_bars(sting, home, make):
    found, _ = make(TRADES + ROWS, '--make', '1h', '--view', 'back')
    assert '--actions and --view go together' in found.err
    words = '--view', 'back', '--actions', 'sample'
    found, _ = make(TRADES + ROWS, '--make', '1h', *words)
    assert (found.code, 'is for bars' in found.err) == (2, True)


def test_a_place_that_cannot_be_written_is_told_before_files_are_read(
    sting, home, tmp_path
):
    found = sting(
        *('data', 'bars', tmp_path / 'none.csv', '--make', '1m'),
        *('--out', tmp_path / 'made.txt'),
    )
    assert 'has to end in .csv or .parquet' in found.err
