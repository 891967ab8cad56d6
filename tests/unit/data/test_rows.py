"""Small tables: CSV, YAML and Parquet give the same rows, faults a place."""

import datetime

import pyarrow as pa
from pyarrow import parquet
import pytest

from sting.data import rows
from sting.model import errors

pytestmark = pytest.mark.unit

COLUMNS = ('date', 'symbol', 'value')


def texts(path):
    return [dict(row.values) for row in rows.read(path, COLUMNS, 'facts')]


EXPECTED = [
    {'date': '2020-08-31', 'symbol': 'AAPL', 'value': '4:1'},
    {'date': '2021-01-04', 'symbol': 'IBM', 'value': ''},
]


def test_csv(tmp_path):
    path = tmp_path / 'facts.csv'
    path.write_text(
        'Date, symbol,value,note\n\n2020-08-31, AAPL ,4:1,x\n2021-01-04,IBM,,\n'
    )
    assert texts(path) == EXPECTED


def test_yaml(tmp_path):
    path = tmp_path / 'facts.yaml'
    path.write_text(
        'facts:\n'
        "  - {date: 2020-08-31, symbol: AAPL, value: '4:1'}\n"
        '  - date: 2021-01-04\n    symbol: IBM\n'
    )
    assert texts(path) == EXPECTED


def test_parquet(tmp_path):
    path = tmp_path / 'facts.parquet'
    parquet.write_table(
        pa.table(
            {
                'date': [
                    datetime.date(2020, 8, 31),
                    datetime.date(2021, 1, 4),
                ],
                'symbol': ['AAPL', 'IBM'],
                'value': ['4:1', None],
            }
        ),
        path,
    )
    assert texts(path) == EXPECTED


def test_a_moment_in_parquet_is_its_day(tmp_path):
    path = tmp_path / 'facts.parquet'
    moment = datetime.datetime(2020, 8, 31, 4, tzinfo=datetime.UTC)
    parquet.write_table(
        pa.table({'date': [moment], 'symbol': ['A'], 'value': [4.0]}), path
    )
    assert texts(path) == [
        {'date': '2020-08-31', 'symbol': 'A', 'value': '4.0'}
    ]


@pytest.mark.parametrize(
    ('name', 'text', 'said'),
    [
        ('a.csv', 'date,symbol\n', 'a.csv:1: it needs one column value'),
        ('a.csv', '', 'the columns are: none'),
        (
            'a.csv',
            'date,symbol,value\n1,2,3\n1,2\n',
            'a.csv:3: this line does not have 3 values',
        ),
        ('a.csv', '"' + 'x' * 200_000, 'not a sound CSV file'),
        ('a.yaml', 'acts: []\n', 'a.yaml: it needs a list under `facts:`'),
        ('a.yaml', 'facts: 3\n', 'it needs a list under `facts:`'),
        ('a.yaml', 'facts:\n  - 3\n', 'a.yaml:2: each row is {date: ..'),
        (
            'a.yml',
            'facts:\n  - {dat: 3}\n',
            "unknown column 'dat'; did you mean 'date'?",
        ),
        ('a.yaml', 'facts: [\n', 'is not YAML'),
        (
            'a.yaml',
            'facts:\n  - {value: 4:1}\n',
            'a.yaml:2: write 241 in quotes',
        ),
        ('a.parquet', 'PAR1', 'not a sound Parquet file'),
    ],
)
def test_a_fault_names_file_and_line(tmp_path, name, text, said):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(errors.DataError) as caught:
        rows.read(path, COLUMNS, 'facts')
    assert said in str(caught.value)


def test_a_parquet_file_without_a_column_is_refused(tmp_path):
    path = tmp_path / 'a.parquet'
    parquet.write_table(pa.table({'date': ['x']}), path)
    with pytest.raises(errors.DataError, match='needs a column symbol'):
        rows.read(path, COLUMNS, 'facts')


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(errors.DataError, match=r'no\.csv: there is no such'):
        rows.read(tmp_path / 'no.csv', COLUMNS, 'facts')


def test_a_folder_cannot_be_read(tmp_path):
    with pytest.raises(errors.DataError, match='cannot read it'):
        rows.read(tmp_path, COLUMNS, 'facts')


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_bytes(b'date,\xff\xfe')
    with pytest.raises(errors.DataError, match='not text in UTF-8'):
        rows.read(path, COLUMNS, 'facts')


def row(tmp_path, name, **values):
    written = {'date': '2020-08-31', 'symbol': 'A', 'value': ''} | values
    if name == 'a.csv':
        lines = ','.join(written) + '\n' + ','.join(written.values()) + '\n'
        (tmp_path / name).write_text(lines)
    else:
        columns = {key: [value] for key, value in written.items()}
        parquet.write_table(pa.table(columns), tmp_path / name)
    (found,) = rows.read(tmp_path / name, COLUMNS, 'facts')
    return found


@pytest.mark.parametrize(
    ('name', 'place'), [('a.csv', 'a.csv:2: '), ('a.parquet', ': row 1: ')]
)
def test_a_date_that_is_none_is_named(tmp_path, name, place):
    with pytest.raises(errors.DataError, match='is no date') as caught:
        row(tmp_path, name, date='31.8.2020').day('date')
    assert place in str(caught.value)


def test_a_date_is_read(tmp_path):
    found = row(tmp_path, 'a.csv').day('date')
    assert found == datetime.date(2020, 8, 31)


@pytest.mark.parametrize('symbol', ['', 'A B', '\x1bA'])
def test_a_symbol_that_is_none_is_named(tmp_path, symbol):
    with pytest.raises(errors.DataError, match='is no symbol'):
        row(tmp_path, 'a.csv', symbol=symbol).symbol()
