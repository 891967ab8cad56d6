"""Bars of event logs."""

import pytest

from sting.data import files
from sting.data import logged
from sting.model import errors
from sting.model import events
from sting.model import records
from tests.unit.engine import logs
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

MINUTE = 60 * 10**9


async def write(path, *data, start=None):
    """A log of these payloads."""
    kinds = {
        records.SystemStatus: events.EventType.SYSTEM_STATUS,
        type(worlds.bar()): events.EventType.MARKET_DATA,
    }
    batch = [
        events.Event(
            seq, worlds.NOON + seq, kinds[type(each)], 'feed:x', each, '', 0
        )
        for seq, each in enumerate(data, start=1)
    ]
    await logs.written(path, batch)
    return path


def bar(minute, price=100.0, symbol='AAPL', **more):
    stamp = worlds.NOON + minute * MINUTE
    return worlds.bar(symbol, price, timestamp=stamp, **more)


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'events.db'


async def test_a_log_has_the_bars_of_its_session(path):
    given = [bar(1), bar(1, 50.0, 'IBM'), bar(2, 101.0), bar(3, 102.0)]
    await write(path, *given)
    loaded = files.read(path)
    assert list(loaded.table.rows()) == given
    assert not loaded.table.generated
    one = files.read(path, symbols=['IBM'], stamp='close').table
    assert list(one.rows()) == given[1:2]


async def test_the_later_one_of_two_bars_has_the_say(path):
    await write(path, bar(2, 5.0), bar(1, 4.0), bar(2, 6.0))
    assert logged.read(path).close.tolist() == [4.0, 6.0]


async def test_bars_that_may_still_change_are_left_out(path):
    await write(path, bar(1), bar(2, closed=False))
    assert len(logged.read(path)) == 1


async def test_made_up_bars_stay_made_up(path):
    status = records.SystemStatus(
        component='feed:demo', status='connected', detail=logged.GENERATED
    )
    await write(path, status, bar(1))
    assert logged.read(path).generated


async def test_of_two_lengths_one_has_to_be_named(path):
    await write(path, bar(1), bar(2, timeframe='1h'))
    with pytest.raises(errors.DataError, match='bars of 1h and 1m; name one'):
        files.read(path)
    assert len(files.read(path, timeframe='1h').table) == 1
    with pytest.raises(errors.DataError, match='has no bars of 5m, but of 1h'):
        files.read(path, timeframe='5m')


async def test_a_log_without_bars_is_told(path):
    await logs.written(path, [])
    with pytest.raises(errors.DataError, match='the log has no bars'):
        files.read(path)


def test_a_database_of_someone_else_is_no_log(path):
    logs.execute(path, 'CREATE TABLE t(a)')
    assert logged.is_log(path)
    with pytest.raises(errors.DataError, match='is not an event log'):
        files.read(path)


@pytest.mark.parametrize('name', ['none', 'text', '.'])
def test_other_files_are_no_logs(tmp_path, name):
    (tmp_path / 'text').write_text('timestamp')
    assert not logged.is_log(tmp_path / name)
