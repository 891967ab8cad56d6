import gzip
import subprocess
import sys
import threading

import pyarrow as pa
from pyarrow import parquet
import pytest

from sting.data import raw
from sting.model import errors
from tests.unit.data import tables

pytestmark = pytest.mark.unit

ROW = '2013-03-01T14:30:00Z,1,1,1,1,5'


def test_numbers_are_read_without_the_functions_of_arrow(tmp_path):
    # They take as long to import as a million numbers to read.
    path = tmp_path / 'x.parquet'
    stamps = pa.array([60 * 10**9, 120 * 10**9], pa.timestamp('ns', 'UTC'))
    names = ('open', 'high', 'low', 'close', 'volume')
    columns = {'timestamp': stamps, **{name: [1.0, 2.0] for name in names}}
    parquet.write_table(pa.table(columns), path)
    code = (
        'import sys; from sting.data import files; '
        f'files.read([{str(path)!r}], calendar="24/7"); '
        'print("pyarrow.compute" in sys.modules)'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True
    )
    assert done.stdout == 'False\n', done.stderr


def test_reading_by_parts_gives_all_rows_in_order(tmp_path):
    path = tmp_path / 'x.parquet'
    table = pa.table({'timestamp': list(range(10)), 'open': [1.0] * 10})
    parquet.write_table(table, path, row_group_size=4)
    parts = [*raw.batches(str(path), 3)]
    assert [part.first for part in parts] == [0, 3, 4, 7, 8]
    found = [n for p in parts for n in p.columns['timestamp'].to_pylist()]
    assert found == list(range(10))


def test_who_stops_reading_by_parts_leaves_no_thread(tmp_path):
    path = tmp_path / 'x.parquet'
    parquet.write_table(pa.table({'timestamp': list(range(10))}), path)
    before = threading.active_count()
    parts = raw.batches(str(path), 3)
    assert len(next(parts)) == 3
    assert threading.active_count() == before + 1
    parts.close()
    assert threading.active_count() == before


def test_titles_are_known_in_any_case_and_order(tmp_path):
    path = tables.text(
        tmp_path / 'x.csv', '5, 1,x,A', header='Volume,OPEN ,note,Symbol'
    )
    path.write_text(path.read_text().replace(' 1', '1'))
    file = raw.read(path)
    assert set(file.columns) == {'volume', 'open', 'symbol'}
    assert file.numbers('open').tolist() == [1.0]


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path):
    path = tmp_path / 'x.csv'
    path.write_bytes(
        b'\xef\xbb\xbf\r\n' + tables.HEADER.encode() + b'\r\n\r\n'
        b'1,1,1,1,1,5\r\n\r\n1,1,1,1,1,x\r\n'
    )
    file = raw.read(path)
    assert file.header_line == 2
    with pytest.raises(errors.DataError) as caught:
        file.numbers('volume')
    assert caught.value.line == 6


def test_a_quoted_line_break_does_not_shift_the_lines(tmp_path):
    path = tables.text(
        tmp_path / 'x.csv', '1,"a\nb"', '-,c', header='open,note'
    )
    with pytest.raises(errors.DataError) as caught:
        raw.read(path).numbers('open')
    assert caught.value.line == 4


def test_content_and_not_the_name_says_what_a_file_is(tmp_path):
    path = tmp_path / 'x.csv'
    parquet.write_table(pa.table({'open': [1, 2]}), path)
    file = raw.read(path)
    assert file.numbers('open').tolist() == [1.0, 2.0]
    assert len(file) == 2


def test_the_fault_of_a_parquet_file_names_its_row(tmp_path):
    path = tmp_path / 'x.parquet'
    parquet.write_table(pa.table({'open': ['1', '2', 'x']}), path)
    with pytest.raises(errors.DataError, match="row 3: open 'x' is not a num"):
        raw.read(path).numbers('open')


def test_a_null_is_a_missing_number(tmp_path):
    path = tmp_path / 'x.parquet'
    parquet.write_table(pa.table({'open': [1, None]}), path)
    with pytest.raises(errors.DataError, match='row 2: open is missing'):
        raw.read(path).numbers('open')


def test_columns_of_strange_types_are_refused(tmp_path):
    path = tmp_path / 'x.parquet'
    lists = pa.array([[1], [2]])
    parquet.write_table(pa.table({'open': lists, 'symbol': lists}), path)
    with pytest.raises(errors.DataError, match=r'row 1: open \[1\] is not'):
        raw.read(path).numbers('open')
    with pytest.raises(errors.DataError, match='row 1: symbol is not text'):
        raw.read(path).symbols()


@pytest.mark.parametrize('name', ['', ' '])
def test_a_row_without_symbol_is_refused(tmp_path, name):
    path = tables.text(
        tmp_path / 'x.csv',
        f'A,{ROW}',
        f'{name},{ROW}',
        header=f'symbol,{tables.HEADER}',
    )
    with pytest.raises(errors.DataError, match=':3: symbol is missing'):
        raw.read(path).symbols()


LONG = f'{tables.HEADER}\n'.encode() + b'1,1,1,1,1,1\n' * 5000


def test_text_of_parquet_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / 'x.parquet'
    parquet.write_table(
        pa.table({'symbol': ['AAAA']}), path, compression='none'
    )
    path.write_bytes(path.read_bytes().replace(b'AAAA', b'A\xffAA'))
    with pytest.raises(errors.DataError, match='not a sound Parquet file'):
        raw.read(path)


@pytest.mark.parametrize('name', ['a\x1bb', 'a' * 41])
def test_a_symbol_that_cannot_be_shown_is_refused(tmp_path, name):
    path = tmp_path / 'x.parquet'
    parquet.write_table(pa.table({'symbol': ['A', name]}), path)
    with pytest.raises(errors.DataError, match=r'row 2: .* is no symbol'):
        raw.read(path).symbols()


def test_a_message_stays_on_one_short_line(tmp_path):
    path = tmp_path / 'x.csv'
    path.write_text(f'"a\nb",{"c" * 100}\n1,2\n')
    with pytest.raises(errors.DataError) as caught:
        raw.read(path)
    assert str(caught.value).endswith(r"'a\nb', '" + 'c' * 39 + '...')


@pytest.mark.parametrize('last', ['1', '1,1'])
def test_a_value_of_huge_length_is_named(tmp_path, last):
    path = tables.text(
        tmp_path / 'x.csv', '1', 'a' * 200_000, last, header='open'
    )
    with pytest.raises(errors.DataError, match=r'a number|1 values') as caught:
        raw.read(path).numbers('open')
    assert caught.value.line == 3


def test_a_parquet_file_without_rows_is_refused(tmp_path):
    path = tmp_path / 'x.parquet'
    parquet.write_table(pa.table({'open': pa.array([], pa.float64())}), path)
    with pytest.raises(errors.DataError, match='no rows'):
        raw.read(path)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'the file is empty'),
        (b'\n\n', 'the file is empty'),
        (tables.HEADER.encode(), 'the file has no rows'),
        (b'a,b\n1,2\n', 'no column timestamp; the columns are: a, b'),
        (b'date;open\n1;2\n', 'by commas, not semicolons'),
        (b'date\topen\n1\t2\n', 'by commas, not tabs'),
        (b'open,Open\n1,2\n', 'two columns are named open'),
        (b'\xff\xfe\x00', 'not text in UTF-8'),
        (LONG + b'\xff,1,1,1,1,1\n', 'not a sound CSV'),
        (b'a' * 200_000, 'field larger'),
        (gzip.compress(b'x', mtime=0), 'gunzip it'),
        (b'PAR1nothing', 'not a sound Parquet file'),
    ],
)
def test_a_file_that_is_no_data_is_refused(tmp_path, content, message):
    path = tmp_path / 'x.csv'
    path.write_bytes(content)
    with pytest.raises(errors.DataError, match=message):
        raw.read(path)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path):
    with pytest.raises(errors.DataError, match='there is no such file'):
        raw.read(tmp_path / 'none.csv')
    with pytest.raises(errors.DataError, match='cannot read it'):
        raw.read(tmp_path)
    with pytest.raises(errors.DataError, match='cannot read it'):
        raw.read('a\0b')


@pytest.mark.parametrize('bad', range(7))
def test_the_first_value_that_cannot_be_cast_is_found(bad):
    values = [str(each) if each < bad else 'x' for each in range(7)]
    assert raw.first_uncastable(pa.array(values), pa.float64()) == bad


def test_what_a_parquet_file_has_shows_in_its_titles(tmp_path):
    path = tmp_path / 'a.parquet'
    tables.write(tables.flat(range(3)), path)
    assert raw.kind(path) == raw.BARS
    path.write_bytes(b'PAR1 and no more')
    with pytest.raises(errors.DataError, match='not a sound Parquet file'):
        raw.kind(path)


def test_symbols_with_blanks_around_them_are_the_same(tmp_path):
    path = tmp_path / 'x.csv'
    path.write_text('timestamp,symbol,open\n1,B,1\n2, A ,1\n3,A,1\n')
    names, index = raw.read(path).symbols()
    assert (names, index.tolist()) == (('A', 'B'), [1, 0, 0])


@pytest.mark.parametrize(
    'column',
    [
        pa.DictionaryArray.from_arrays([2, 0], ['B', 'unused', 'A']),
        pa.array(['A', 'B']).dictionary_encode().cast(pa.string()),
        pa.array(['A', 'B'], pa.large_string()),
        pa.DictionaryArray.from_arrays(
            pa.array([0, 1], pa.int8()), pa.array(['A', 'B'], pa.large_string())
        ),
    ],
)
def test_symbols_of_any_kind_of_text_are_read(column):
    chunks = pa.chunked_array([column.slice(0, 1), column.slice(1)])
    file = raw.RawFile('X', ('symbol',), {'symbol': chunks})
    names, index = file.symbols()
    assert (names, index.tolist()) == (('A', 'B'), [0, 1])


@pytest.mark.parametrize(
    'column',
    [
        pa.DictionaryArray.from_arrays(pa.array([0, None]), ['A']),
        pa.DictionaryArray.from_arrays([0, 1], pa.array(['A', None])),
        pa.array(['A', '  ']),
        pa.array(['A', None]),
    ],
)
def test_a_symbol_that_is_missing_names_its_row(column):
    file = raw.RawFile('X', ('symbol',), {'symbol': pa.chunked_array([column])})
    with pytest.raises(errors.DataError, match='row 2: symbol is missing'):
        file.symbols()


@pytest.mark.parametrize('name', ['NA', 'NULL', 'nan', 'N/A', 'null'])
def test_a_symbol_may_be_named_like_nothing(tmp_path, name):
    path = tmp_path / 'x.csv'
    path.write_text(f'timestamp,symbol,open\n1,{name},1\n2,B,1\n')
    assert set(raw.read(path).symbols()[0]) == {name, 'B'}
