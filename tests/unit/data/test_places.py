"""Which files are meant, and what the names of their folders say of them."""

import pathlib

import pyarrow as pa
from pyarrow import dataset
import pytest

from sting.data import files
from sting.data import large
from sting.data import places
from sting.data import raw
from sting.model import errors
from tests.unit.data import tables

pytestmark = pytest.mark.unit

ROW = '2013-03-01T14:30:00Z,10,11,9,10.5,100'
NEXT = '2013-03-01T14:31:00Z,10,11,9,10.5,100'


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Writes a file of two bars, without symbols, in folders of its own."""
    monkeypatch.chdir(tmp_path)

    def call(name, *rows, header=tables.HEADER):
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return tables.text(path, *(rows or (ROW, NEXT)), header=header)

    return call


def names(found):
    return [str(place.path) for place in found]


def test_a_file_is_meant_itself_whether_it_is_there_or_not():
    assert places.expand('none.csv') == [
        places.Place(pathlib.Path('none.csv'), alone=True)
    ]
    assert places.expand('sample') == [
        places.Place(places.SAMPLE_PATH, alone=True)
    ]


def test_a_folder_means_what_lies_in_it_at_any_depth(put):
    for name in ('b.csv', 'c/d/a.CSV', 'a.csv', 'notes.txt', '.x.csv'):
        put(f'bars/{name}')
    put('bars/_logs/x.csv')
    put('bars/.cache/x.csv')
    found = places.expand('bars')
    assert names(found) == ['bars/a.csv', 'bars/b.csv', 'bars/c/d/a.CSV']
    assert not any(place.alone for place in found)


@pytest.mark.parametrize(
    ('pattern', 'found'),
    [
        ('bars/*.csv', ['bars/A.csv', 'bars/B.csv']),
        ('bars/[BC].csv', ['bars/B.csv']),
        ('**/*.csv', ['bars/A.csv', 'bars/B.csv', 'bars/deep/C.csv']),
        ('bar*', ['bars/A.csv', 'bars/B.csv', 'bars/deep/C.csv']),
        ('**', ['bars/A.csv', 'bars/B.csv', 'bars/deep/C.csv']),
    ],
)
def test_a_pattern_means_what_it_finds(put, pattern, found):
    for name in ('bars/A.csv', 'bars/B.csv', 'bars/deep/C.csv'):
        put(name)
    assert names(places.expand(pattern)) == found
    assert names(places.expand(str(pathlib.Path.cwd() / pattern))) == [
        str(pathlib.Path.cwd() / each) for each in found
    ]


def test_a_file_named_like_a_pattern_is_that_file(put):
    put('a[1].csv')
    put('a1.csv')
    assert names(places.expand('a[1].csv')) == ['a[1].csv']


def test_a_place_without_files_is_told(put):
    put('bars/notes.txt')
    with pytest.raises(errors.DataError, match=r'bars: the folder has no file'):
        places.expand('bars')
    with pytest.raises(errors.DataError, match=r'x\*: the pattern finds no'):
        places.expand('x*')
    with pytest.raises(errors.DataError, match='null'):
        places.expand('\0/*')
    with pytest.raises(errors.DataError, match='no file of data is named'):
        places.expand([])


def test_files_of_a_folder_have_their_symbol_in_their_name(put):
    put('bars/A.csv')
    put('bars/B.csv')
    assert files.read('bars').table.symbols == ('A', 'B')
    one = files.read('bars', symbols=['B']).table
    assert (one.symbols, len(one)) == (('B',), 2)
    with pytest.raises(errors.DataError, match=r"no symbol 'C'.*A, B"):
        files.read('bars/*.csv', symbols=['C'])


def test_a_symbol_that_is_named_with_a_file_alone_is_the_file_s(put):
    put('bars/x.csv')
    assert files.read('bars/x.csv', symbols=['A']).table.symbols == ('A',)


def test_folders_say_the_symbol(put):
    put('bars/symbol=BRK%2FB/year=2013/part-0.csv')
    put('bars/symbol=A/year=2013/part-0.csv')
    assert files.read('bars').table.symbols == ('A', 'BRK/B')
    alone = files.read('bars/symbol=A/year=2013/part-0.csv').table
    assert alone.symbols == ('A',)


def test_folders_of_other_symbols_are_not_read(put):
    put('bars/symbol=A/0.csv')
    put('bars/symbol=B/0.csv', 'nonsense')
    assert files.read('bars', symbols=['A']).table.symbols == ('A',)
    with pytest.raises(errors.DataError, match=r"no symbol 'C'.*: A, B$"):
        files.read('bars', symbols=['A', 'C'])


def test_many_names_are_not_all_told(put):
    for number in range(30):
        put(f'bars/symbol={number:02}/0.csv')
    with pytest.raises(errors.DataError, match='18, 19 and 10 more'):
        files.read('bars', symbols=['A'])


def test_folders_say_the_timeframe(put):
    put('bars/timeframe=1m/A.csv', ROW)
    put('bars/timeframe=1h/A.csv', ROW)
    assert files.read('bars', timeframe='1h').table.timeframe == '1h'
    assert files.read('bars/timeframe=1m/A.csv').table.timeframe == '1m'
    with pytest.raises(errors.DataError, match='1h and 1m cannot be merged'):
        files.read('bars')
    with pytest.raises(errors.DataError, match=r'no bars of 5m.*: 1h, 1m'):
        files.read('bars', timeframe='5m')
    put('bars/timeframe=x/A.csv', ROW)
    with pytest.raises(errors.DataError, match=r"A\.csv: the name.*'x'"):
        files.read('bars/timeframe=x')


def test_folders_say_the_day(put):
    header = 'symbol,open,high,low,close,volume'
    put('bars/date=2013-03-01/0.csv', 'A,1,1,1,1,1', header=header)
    put('bars/date=2013-03-04/0.csv', 'A,1,1,1,1,1', header=header)
    bars = files.read('bars').table
    assert [bar.time.isoformat()[:13] for bar in bars.rows()] == [
        '2013-03-01T21',
        '2013-03-04T21',
    ]
    put('bars/date=2013-03-03/0.csv', 'A,1,1,1,1,1', header=header)
    with pytest.raises(errors.DataError, match=r'03/0\.csv:2: .*no session'):
        files.read('bars')


@pytest.mark.parametrize(
    'folder', ['symbol=', 'symbol=__HIVE_DEFAULT_PARTITION__', 'symbol=%20']
)
def test_a_folder_that_names_none_is_told(put, folder):
    path = put(f'bars/{folder}/0.csv')
    with pytest.raises(errors.DataError, match=r'0\.csv: .*names no symbol'):
        files.read('bars')
    with pytest.raises(errors.DataError, match='names no symbol'):
        files.read(path)


def test_a_folder_whose_name_is_no_symbol_is_told(put):
    put('bars/symbol=A%0AB/0.csv')
    with pytest.raises(errors.DataError, match=r"0\.csv: 'A\\nB'.*no symbol"):
        files.read('bars')


def test_a_file_of_another_symbol_than_its_folder_is_told(put):
    put(
        'bars/symbol=A/0.csv',
        f'A,{ROW}',
        f'B,{NEXT}',
        header=f'symbol,{tables.HEADER}',
    )
    with pytest.raises(
        errors.DataError, match=r'0\.csv:3: symbol is B.* folder says A'
    ):
        files.read('bars')


@pytest.mark.parametrize('rows', [10**9, 2])
def test_a_set_that_pyarrow_wrote_in_parts_is_read(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(large, 'ROWS', rows)
    bars = tables.make(
        [(minute, symbol) for minute in range(40) for symbol in range(2)],
        [(9, 10, 10.5, 11, 100)] * 80,
        ('A', 'B/2'),
    )
    whole = tables.arrow(bars)
    hours = pa.array(bars.timestamp // tables.MINUTE // 60 % 24)
    dataset.write_dataset(
        whole.append_column('hour', hours),
        tmp_path / 'set',
        format='parquet',
        partitioning=dataset.partitioning(
            pa.schema([('symbol', pa.string()), ('hour', pa.int64())]),
            flavor='hive',
        ),
    )
    read = files.read(tmp_path / 'set')
    assert (read.table.pages is None) == (rows > 80)
    assert read.table.digest() == bars.digest()
    one = files.read(tmp_path / 'set', symbols=['B/2'])
    assert one.table.digest() == bars.of('B/2').digest()


def test_a_folder_named_itself_as_a_file_is_a_folder(tmp_path):
    with pytest.raises(errors.DataError, match='Is a directory'):
        raw.read(tmp_path)
