"""`sting data import` and `export`."""

import json

import pytest

from sting import settings
from sting.data import files
from sting.data import store
from sting.data import writer
from tests.unit.data import tables
from tests.unit.data.sources import services

pytestmark = pytest.mark.unit


@pytest.fixture
def raw(tmp_path):
    """A folder of CSV files as they come."""
    folder = tmp_path / 'raw'
    folder.mkdir()
    bars = services.days(30)
    writer.write(folder / 'a.csv', bars.take(slice(0, 40)))
    writer.write(folder / 'b.csv', bars.take(slice(40, None)))
    return folder


def test_files_become_a_folder_that_every_command_reads(sting, raw, tmp_path):
    done = sting('data', 'import', raw, '--to', tmp_path / 'bars')
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[1].split() == ['AAA', '1d', '2011-06-01', '2011-07-13', '30']
    assert [
        str(path.relative_to(tmp_path))
        for path in sorted(tmp_path.rglob('*.parquet'))
    ] == [
        f'bars/timeframe=1d/symbol={name}/bars.parquet'
        for name in ('AAA', 'BBB')
    ]
    read = files.read(tmp_path / 'bars').table
    assert read.digest() == services.days(30).digest()
    ran = sting(
        *('backtest', 'sting.library.buy_and_hold', '--json'),
        *('--data', tmp_path / 'bars', '--symbol', 'BBB'),
    )
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)['bars'] == 30


@pytest.mark.parametrize('name', ['bars.csv', 'bars.parquet'])
def test_files_become_one_file(sting, raw, tmp_path, name):
    words = ('data', 'import', raw / 'a.csv', raw / 'b.csv')
    done = sting(*words, '--to', tmp_path / name, '--json')
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told['to'] == str(tmp_path / name)
    assert told['bars'][0] == {
        'symbol': 'AAA',
        'timeframe': '1d',
        'bars': 30,
        'start': '2011-06-01T20:00:00Z',
        'end': '2011-07-13T20:00:00Z',
    }
    assert (
        files.read(tmp_path / name).table.digest() == services.days(30).digest()
    )


def test_what_is_refused_names_the_line_and_writes_nothing(sting, tmp_path):
    path = tables.text(tmp_path / 'x.csv', '2013-03-01,10,9,11,10,1')
    done = sting('data', 'import', path, '--to', tmp_path / 'bars')
    assert done.code == 2
    assert f'{path}:2: ' in done.err
    assert not (tmp_path / 'bars').exists()


def test_bars_that_differ_are_refused_without_replace(sting, raw, tmp_path):
    to = ('--to', tmp_path / 'bars')
    assert sting('data', 'import', raw / 'a.csv', *to).code == 0
    text = (raw / 'a.csv').read_text().splitlines()
    row = text[1].split(',')
    row[-1] = str(float(row[-1]) + 1)
    (raw / 'a.csv').write_text('\n'.join([text[0], ','.join(row)]))
    refused = sting('data', 'import', raw / 'a.csv', *to)
    assert refused.code == 2
    assert '--replace takes the new ones' in refused.err
    done = sting('data', 'import', raw / 'a.csv', *to, '--replace')
    assert done.code == 0
    assert len(files.read(tmp_path / 'bars').table) == 40


@pytest.mark.parametrize('name', ['out.txt', 'none/out.csv'])
def test_a_place_that_takes_no_file_is_told_first(sting, tmp_path, name):
    words = ('data', 'import', 'nowhere.csv', '--to', tmp_path / name)
    done = sting(*words)
    assert done.code == 2
    assert 'written' in done.err


@pytest.mark.parametrize('name', ['out.csv', 'out.parquet'])
def test_files_are_exported_in_part(sting, raw, tmp_path, name):
    done = sting(
        *('data', 'export', raw / '*.csv', '--out', tmp_path / name),
        *('--symbol', 'BBB', '--start', '2011-06-10', '--end', '2011-06-20'),
    )
    assert done.code == 0, done.err
    read = files.read(tmp_path / name).table
    assert read.symbols == ('BBB',)
    assert [str(bar.time.date()) for bar in read.rows()][::6] == [
        '2011-06-10',
        '2011-06-20',
    ]


@pytest.fixture
def fetched(home):
    """Kept bars of a source, of two months with a hole between them."""
    bars = services.pairs(100)
    kept = store.BarStore(home.bars)
    first, last = int(bars.timestamp[0]), int(bars.timestamp[-1])
    for name in bars.symbols:
        mine = bars.of(name)
        key = store.Key('binance', name, '1m', '2013-03')
        kept.write(key, store.Month(mine, ((first, last),)))
    later = int(bars.timestamp[0]) + 60 * 86_400 * 10**9
    kept.write(
        store.Key('binance', 'AAA', '1m', '2013-05'),
        store.Month(bars.of('AAA').take(slice(0, 0)), ((later, later + 5),)),
    )
    return bars


def test_what_was_fetched_is_exported(sting, home, fetched, tmp_path):
    out = tmp_path / 'out.csv'
    words = ('--source', 'binance', '--timeframe', '1m', '--out', out)
    done = sting('data', 'export', *words)
    assert done.code == 0, done.err
    assert done.err.startswith('sting: AAA: nothing is known from 2013-03-08T')
    read = files.read(out, calendar='24/7').table
    assert read.digest() == fetched.digest()
    done = sting('data', 'export', *words, '--symbol', 'BBB')
    assert (done.code, done.err) == (0, '')
    assert files.read(out).table.symbols == ('BBB',)


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        ((), 'name files or --source, one of the two'),
        (('x.csv', '--source', 'yahoo'), 'one of the two'),
        (
            ('--source', 'yahoo'),
            'no bars of 1d are kept of yahoo; there are: 1m',
        ),
        (
            ('--source', 'binance', '--timeframe', '1m', '--symbol', 'CCC'),
            'no bars of CCC are kept; there are: AAA, BBB',
        ),
        (
            ('--source', 'binance', '--timeframe', '1m', '--end', '2001-01-01'),
            'no bars are kept between start and end',
        ),
    ],
)
def test_an_export_that_makes_no_sense_is_refused(
    sting, home, fetched, tmp_path, words, message
):
    done = sting('data', 'export', *words, '--out', tmp_path / 'x.csv')
    assert done.code == 2
    assert message in done.err
    assert not (tmp_path / 'x.csv').exists()


def test_a_damaged_file_is_told_not_left_out(sting, home, fetched, tmp_path):
    assert isinstance(home, settings.Home)
    key = store.Key('binance', 'BBB', '1m', '2013-03')
    store.BarStore(home.bars).path(key).write_bytes(b'PAR1')
    done = sting(
        *('data', 'export', '--source', 'binance', '--timeframe', '1m'),
        *('--out', tmp_path / 'x.csv'),
    )
    assert done.code == 2
    assert 'BBB of 2013-03 are damaged; fetch them again' in done.err
