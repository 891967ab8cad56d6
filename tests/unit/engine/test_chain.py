"""What was changed in a log is found out, with its number."""

import asyncio
import pathlib
import threading

import pytest

from sting.engine import chain
from sting.engine import journal
from sting.engine import mark
from sting.engine import reader
from sting.model import errors
from sting.model import events
from tests.unit.engine import logs

pytestmark = pytest.mark.unit

FIVE = logs.some_events(5)


async def test_a_new_log_verifies(path):
    await logs.written(path, [])
    assert chain.verify(path) == chain.Verification(
        True, 0, events.GENESIS.hex()
    )


@pytest.mark.parametrize(
    ('changed', 'first_bad'),
    [
        ('seq = 9', 3),
        ('timestamp = timestamp + 1', 3),
        ("type = 'quote'", 3),
        ("type = 'no such type'", 3),
        ("source = 'feed:tess'", 3),
        ("symbol = 'AAPM'", 3),
        ('cause = 1', 3),
        ('cause = -1', 3),
        ("data = replace(data, '103', '104')", 3),
        ("data = data || ' '", 3),
        ("data = '{}'", 3),
        ("data = ''", 3),
        ("hash = x'00'", 3),
        ('hash = zeroblob(32)', 3),
        # What is no text at all, in the middle of a page.
        ("source = CAST(x'ff' AS TEXT)", 3),
        ("data = CAST(x'7bff7d' AS TEXT)", 3),
    ],
)
async def test_a_change_is_found_with_its_number(five, changed, first_bad):
    logs.tamper(five, f'UPDATE events SET {changed} WHERE seq = 3')
    found = chain.verify(five)
    assert not found.ok
    assert found.first_bad == first_bad
    assert found.events == first_bad - 1
    assert found.head == list(_hashes(FIVE))[first_bad - 2].hex()
    with pytest.raises(errors.JournalCorruptError) as caught:
        list(chain.read(five))
    assert caught.value.first_bad == first_bad
    assert str(caught.value) == found.message


def _hashes(batch):
    for row in journal.encode_rows(batch, events.GENESIS)[0]:
        yield row[-1]


@pytest.mark.parametrize('seq', [1, 3])
async def test_a_missing_row_is_found(five, seq):
    logs.tamper(five, f'DELETE FROM events WHERE seq = {seq}')
    found = chain.verify(five)
    assert (found.ok, found.first_bad) == (False, seq)
    assert f'event {seq} is missing' in found.message


async def test_a_lost_end_is_found_by_the_mark(five):
    logs.tamper(five, 'DELETE FROM events WHERE seq > 3')
    found = chain.verify(five)
    assert (found.ok, found.first_bad, found.events) == (False, 4, 3)
    assert 'ends at event 3 but had 5' in found.message


async def test_a_part_is_held_against_the_chain(five):
    hashes = list(_hashes(FIVE))
    (part,) = chain.read(five, mark.Mark(2, hashes[1]), until=4)
    assert part == (FIVE[2:4], hashes[3])
    with pytest.raises(errors.JournalCorruptError, match='event 3 was changed'):
        list(chain.read(five, mark.Mark(2, hashes[0])))
    with pytest.raises(errors.JournalCorruptError, match='event 6 is missing'):
        list(chain.read(five, until=7))


@pytest.mark.parametrize('page', [1, 2, 3, 5])
async def test_what_comes_before_a_bad_row_is_given(five, page, monkeypatch):
    monkeypatch.setattr(reader, '_PAGE', page)
    logs.tamper(five, "UPDATE events SET source = 'x' WHERE seq = 4")
    given = []
    with pytest.raises(errors.JournalCorruptError):
        given.extend(chain.read(five))
    assert [event for held in given for event in held.events] == FIVE[:3]
    assert given[-1].head == list(_hashes(FIVE))[2]


async def test_a_log_that_is_gone_is_found_by_the_mark(five):
    five.unlink()
    found = chain.verify(five)
    assert (found.ok, found.first_bad) == (False, 1)
    assert 'is gone; it had 5 events' in found.message


async def test_a_log_is_read_while_it_is_written(path):
    ended = threading.Event()
    seen = []

    def verify():
        while not ended.is_set():
            found = chain.verify(path)
            assert found.ok, found
            seen.append(found.events)

    async with logs.opened(path) as log:
        reading = asyncio.create_task(asyncio.to_thread(verify))
        try:
            for number in range(60):
                await log.append(logs.some_events(20, number * 20 + 1))
        finally:
            ended.set()
            await reading
    assert seen == sorted(seen)
    assert chain.verify(path).events == 1_200


@pytest.mark.parametrize('column', range(8))
@pytest.mark.parametrize('value', [None, b'x', 1.5, 'x', -1])
def test_a_column_of_a_damaged_row_may_hold_anything(column, value):
    (row,), _ = journal.encode_rows(logs.some_events(1), mark.START.head)
    row = (*row[:column], value, *row[column + 1 :])
    with pytest.raises(errors.JournalCorruptError) as found:
        list(chain.hold(pathlib.Path('events.db'), [[row]], mark.START))
    assert found.value.first_bad == 1
