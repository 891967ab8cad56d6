"""Times of market data."""

import datetime

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.model import market

pytestmark = pytest.mark.unit

CLOSE = 1_362_171_600_123_456_789
MOMENT = datetime.datetime(2013, 3, 1, 21, 0, 0, 123456, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    'data',
    [
        market.MarketData('A', CLOSE, 1.0, 1.0, 1.0, 1.0, 1.0),
        market.Quote('A', CLOSE, 1.0, 1.0, 1.0, 1.0),
        market.Trade('A', CLOSE, 1.0, 1.0),
    ],
)
def test_a_time_is_a_datetime_in_utc(data):
    assert data.time == MOMENT
    assert data.time.tzinfo is datetime.UTC


@pytest.mark.parametrize(
    ('timestamp', 'text'),
    [
        (1_362_171_600_000_000_000, '2013-03-01T21:00:00Z'),
        (CLOSE, '2013-03-01T21:00:00.123456Z'),
        (-1, '1969-12-31T23:59:59.999999Z'),
        (0, '1970-01-01T00:00:00Z'),
    ],
)
def test_a_time_is_written_as_iso(timestamp, text):
    assert market.to_iso(timestamp) == text


@given(st.integers(-(2**62), 2**62))
def test_a_time_loses_less_than_a_microsecond(timestamp):
    epoch = datetime.datetime.fromtimestamp(0, tz=datetime.UTC)
    passed = market.to_datetime(timestamp) - epoch
    micros = passed // datetime.timedelta(microseconds=1)
    assert micros == timestamp // 1000


def test_a_quote_knows_its_middle():
    assert market.Quote('A', CLOSE, 1.0, 2.0, 1.0, 1.0).middle == 1.5
