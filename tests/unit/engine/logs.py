"""Logs on disk for tests, and ways to damage them as no writer would."""

import contextlib
import sqlite3

from sting.engine import journal
from sting.engine import layout
from sting.engine import mark
from sting.engine import reader
from sting.model import events
from tests.unit.engine import worlds

START = mark.START
_TRIGGERS = ('events_are_not_updated', 'events_are_not_deleted')


def some_events(count, first=1):
    """Bars, each caused by the one before it."""
    return [
        events.Event(
            seq,
            worlds.NOON + seq,
            events.EventType.MARKET_DATA,
            'feed:test',
            worlds.bar(timestamp=worlds.NOON + seq, price=100.0 + seq),
            'AAPL',
            seq - 1,
        )
        for seq in range(first, first + count)
    ]


@contextlib.asynccontextmanager
async def opened(path, last=START):
    log = await journal.Journal.open(path, seq=last.seq, head=last.head)
    try:
        yield log
    finally:
        await log.close()


async def written(path, batch):
    """A closed log of these events; gives where it ends."""
    async with opened(path) as log:
        if batch:
            await log.append(batch)
        return log.last


def execute(path, *statements):
    """Does as someone would who opens the file with another program."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def tamper(path, statement):
    """Changes rows behind the triggers' back."""
    execute(
        path, *(f'DROP TRIGGER IF EXISTS {name}' for name in _TRIGGERS),
        statement,
    )  # fmt: skip


def fill_disk(path):
    """Lets every insertion fail, as a full disk would."""
    execute(
        path,
        'CREATE TRIGGER full BEFORE INSERT ON events '
        "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
    )


def free_disk(path):
    execute(path, 'DROP TRIGGER full')


def seqs(path):
    return [event.seq for event in reader.read(path)]


def high_water(path):
    return mark.read(mark.beside(path))


def write_quickly(path, batch, checkpoint=None):
    """A log as the journal writes it, but without waiting for the disk."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute('PRAGMA synchronous=OFF')
        connection.execute('PRAGMA journal_mode=MEMORY')
        connection.executescript(layout.SCHEMA)
        rows, head = journal.encode_rows(batch, events.GENESIS)
        connection.executemany(layout.INSERT, rows)
        if checkpoint is not None:
            at, raw = checkpoint
            connection.execute(
                'INSERT INTO checkpoints VALUES (?,?,?)',
                (at, rows[at - 1][7], raw),
            )
        connection.commit()
    return mark.Mark(len(rows), head)


def events_of(path):
    return list(reader.read(path))
