"""The WAL is copied into the log's file beside the writer."""

import asyncio
import contextlib
import sqlite3
import struct

import pytest

from sting.engine import backfill
from sting.engine import chain
from tests.unit.engine import logs

pytestmark = pytest.mark.unit

DEADLINE_S = 30


@pytest.fixture
def database(path):
    """A database with a WAL, and a connection that keeps it open."""
    with contextlib.closing(
        sqlite3.connect(path, isolation_level=None)
    ) as connection:
        connection.execute('PRAGMA journal_mode=WAL')
        connection.execute('PRAGMA wal_autocheckpoint=0')
        connection.execute('CREATE TABLE numbers(number INTEGER)')
        yield connection


@pytest.fixture
def filling(path):
    """What copies after three pages."""
    with contextlib.closing(backfill.Backfill(path, pages=3)) as made:
        yield made


def rounds(path):
    """How often the WAL has begun anew; see the SQLite file format, 4.1."""
    with path.with_name(f'{path.name}-wal').open('rb') as wal:
        return struct.unpack('>I', wal.read(16)[12:])[0]


def write(connection, filling):
    with filling.between:
        connection.execute('INSERT INTO numbers VALUES (1)')
    filling.wrote(1)


async def until(done):
    async with asyncio.timeout(DEADLINE_S):
        while not done():  # noqa: ASYNC110 - a file is looked at.
            await asyncio.sleep(0.001)


async def test_the_wal_begins_anew_while_the_writer_goes_on(
    path, database, filling
):
    def another():
        write(database, filling)
        return rounds(path) > 0

    before = rounds(path)
    await until(another)
    assert before == 0
    assert not filling.fault


async def test_nothing_is_copied_before_there_is_enough(
    path, database, filling
):
    size = path.stat().st_size
    write(database, filling)
    write(database, filling)
    assert path.stat().st_size == size
    write(database, filling)
    await until(lambda: path.stat().st_size > size)


async def test_what_cannot_be_copied_is_told(path):
    path.write_bytes(b'no database' * 1_000)
    with contextlib.closing(backfill.Backfill(path, pages=1)) as filling:
        filling.wrote(1)
        await until(lambda: filling.fault)
    assert 'not a database' in filling.fault


async def test_a_log_that_is_open_is_copied_into_its_file(path):
    many = backfill.PAGES * 12
    async with logs.opened(path) as log:
        before = path.stat().st_size
        await log.append(logs.some_events(many))
        # So much is in the file, and not in the WAL alone.
        await until(lambda: path.stat().st_size > before + 100 * many)
        await log.append(logs.some_events(1, many + 1))
    found = chain.verify(path)
    assert (found.ok, found.events) == (True, many + 1)
