import datetime

import pyarrow as pa
import pytest

from sting.data import raw
from sting.data import stamps
from sting.data import times
from sting.model import errors

pytestmark = pytest.mark.unit

DAY = datetime.date(2013, 3, 1)
MOMENT = times.parse_moment('2013-03-01T14:30:00Z')
CLOSE = times.parse_moment('2013-03-01T21:00:00Z')
MIDNIGHT = times.parse_moment('2013-03-01')


def read(name, values):
    array = pa.array(values) if isinstance(values, list) else values
    column = pa.chunked_array([array])
    file = raw.RawFile('X', (name,), {name: column})
    return stamps.read(file, 'XNYS')


@pytest.mark.parametrize(
    'value',
    [
        '2013-03-01T14:30:00Z',
        '2013-03-01T14:30:00',
        '2013-03-01 14:30',
        ' 2013-03-01 14:30:00.000000000 ',
        '2013-03-01T09:30:00-05:00',
        '2013-03-01 09:30:00-0500',
        '1362148200',
        '1362148200000',
        '1362148200000000',
        '1362148200000000000',
    ],
)
@pytest.mark.parametrize('name', ['timestamp', 'date'])
def test_moments_in_text_are_read(name, value):
    moments = read(name, [value])
    assert moments.timestamp.tolist() == [MOMENT]
    assert not moments.sessions


@pytest.mark.parametrize(
    'kind',
    [
        pa.timestamp('ns'),
        pa.timestamp('us', 'UTC'),
        pa.timestamp('ms', 'America/New_York'),
    ],
)
def test_moments_of_parquet_are_read(kind):
    column = pa.array([MOMENT // 10**6]).cast(pa.timestamp('ms', kind.tz))
    moments = read('timestamp', column.cast(kind))
    assert moments.timestamp.tolist() == [MOMENT]


def test_text_of_a_dictionary_is_read():
    column = pa.array(['2013-03-01T14:30:00Z'] * 2).dictionary_encode()
    assert read('timestamp', column).timestamp.tolist() == [MOMENT] * 2


@pytest.mark.parametrize(
    'values',
    [
        ['2013-03-01'],
        ['20130301'],
        [20130301],
        pa.array([DAY]),
        pa.array([MIDNIGHT]).cast(pa.timestamp('ns')),
    ],
)
def test_bare_dates_are_the_closes_of_sessions(values):
    moments = read('date', values)
    assert moments.sessions
    assert moments.timestamp.tolist() == [CLOSE]


def test_bare_dates_named_timestamp_are_midnights_with_a_warning():
    moments = read('timestamp', ['2013-03-01', '2013-03-02'])
    assert moments.timestamp[0] == MIDNIGHT
    assert not moments.sessions
    assert 'name the column date' in moments.warnings[0]


def test_a_bare_date_among_timestamps_is_a_midnight():
    moments = read('timestamp', ['2013-03-01', '2013-03-01T14:30:00'])
    assert moments.timestamp.tolist() == [MIDNIGHT, MOMENT]


@pytest.mark.parametrize(
    ('name', 'values', 'row'),
    [
        ('date', ['2013-03-01', '2013-03-01T14:30:00'], 2),
        ('date', ['2013-02-30'], 1),
        ('date', [20130228, 20130229], 2),
        ('date', [20131301], 1),
        ('timestamp', ['2013-03-01T14:30:00Z', '2013-03-01T14:31:00'], 2),
        ('timestamp', [1362148200, 1362148200000], 1),
        ('timestamp', [99 * 10**9], 1),
        ('timestamp', [1.5, 2.0], 1),
        ('timestamp', ['1362148200.5'], 1),
        ('timestamp', ['9999-01-01T00:00:00Z'], 1),
    ],
)
def test_a_value_that_is_none_names_its_row(name, values, row):
    with pytest.raises(errors.DataError, match=rf'X: row {row}: {name} .*none'):
        read(name, values)


def test_a_missing_value_names_its_row():
    with pytest.raises(errors.DataError, match='row 2: timestamp is missing'):
        read('timestamp', [1362148200, None])


@pytest.mark.parametrize('value', ['1850-01-01', '2250-01-01'])
@pytest.mark.parametrize('name', ['timestamp', 'date'])
def test_a_year_out_of_reach_is_refused(name, value):
    with pytest.raises(errors.DataError, match='not from 1900 to 2200'):
        read(name, [value])


def test_a_moment_out_of_reach_is_refused():
    with pytest.raises(errors.DataError, match='not from 1900 to 2200'):
        read('timestamp', ['1850-01-01T00:00'])


def test_the_timestamp_goes_before_the_date():
    columns = {
        'date': pa.array(['2013-03-01']),
        'timestamp': pa.array([1362148200]),
    }
    file = raw.RawFile('X', tuple(columns), columns)
    assert stamps.read(file, 'XNYS').timestamp.tolist() == [MOMENT]


def test_a_file_without_times_is_refused():
    file = raw.RawFile('X', ('open',), {'open': pa.array([1.0])})
    with pytest.raises(errors.DataError, match='no column timestamp'):
        stamps.read(file, 'XNYS')


def test_a_day_that_nanoseconds_cannot_hold_is_refused():
    with pytest.raises(errors.DataError, match="6011-06-07' is not from"):
        read('date', ['2013-03-01', '6011-06-07'])


def test_a_moment_that_python_cannot_hold_is_refused():
    far = pa.array([2**62], pa.timestamp('s'))
    with pytest.raises(errors.DataError, match=f'timestamp {2**62} is none'):
        read('timestamp', far)
