"""Files are read with all that is wrong in them."""

import numpy as np
import pytest

from sting.data import places
from sting.data import stamps
from sting.data.quality import files
from sting.model import errors
from tests.unit.data.quality import worlds

pytestmark = pytest.mark.unit

HEAD = 'timestamp,symbol,open,high,low,close,volume\n'


@pytest.fixture
def read(tmp_path):
    def call(text, symbols=None, **how):
        path = tmp_path / 'bars.csv'
        path.write_text(text)
        reading = stamps.Reading(**({'calendar': '24/7'} | how))
        return files.read(
            places.Place(path, True), reading, worlds.LATE, symbols
        )

    return call


def test_what_is_no_number_is_nan_and_the_rest_is_read(read):
    opened = read(
        HEAD + '2013-03-01T14:30:00Z,A,1,2,1,x,5\n'
        '2013-03-01T14:31:00Z,A,1,,1,2,5\n'
        '2013-03-01T14:32:00Z,A,-1,2,1,2,5\n'
    )
    (batch,) = opened.batches
    assert np.isnan(batch.close).tolist() == [True, False, False]
    assert np.isnan(batch.high).tolist() == [False, True, False]
    assert batch.open.tolist() == [1.0, 1.0, -1.0]
    assert opened.timeframe == '1m'
    # Stamped with the close.
    assert batch.timestamp[0] == worlds.OPENING + worlds.MINUTE


def test_each_symbol_keeps_the_rows_and_the_order_of_the_file(read):
    opened = read(
        HEAD + '2013-03-01T14:31:00Z,B,1,1,1,1,5\n'
        '2013-03-01T14:30:00Z,A,2,2,2,2,5\n'
        '2013-03-01T14:30:00Z,B,3,3,3,3,5\n',
        timeframe='1m',
    )
    assert [(b.symbol, b.row.tolist()) for b in opened.batches] == [
        ('A', [1]),
        ('B', [0, 2]),
    ]
    assert [
        b.symbol
        for b in read(
            HEAD + '2013-03-01T14:31:00Z,B,1,1,1,1,5\n'
            '2013-03-01T14:30:00Z,A,2,2,2,2,5\n',
            symbols=['B'],
            timeframe='1m',
        ).batches
    ] == ['B']


def test_a_calendar_gives_the_hours(read):
    row = '2013-03-01T14:30:00Z,A,1,1,1,1,5\n'
    (batch,) = read(HEAD + row, calendar='XNYS', timeframe='1m').batches
    assert worlds.OPENING in batch.hours.opens
    (batch,) = read(HEAD + row, timeframe='1m').batches
    assert batch.hours is None


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('timestamp,open\n1,2\n', 'no column high'),
        (HEAD + 'soon,A,1,1,1,1,5\n', "csv:2: timestamp 'soon' is none"),
        (HEAD + '2013-03-01T14:30:00Z,,1,1,1,1,5\n', ':2: symbol is missing'),
    ],
)
def test_without_times_and_symbols_nothing_can_be_said(read, text, message):
    with pytest.raises(errors.DataError, match=message):
        read(text)
