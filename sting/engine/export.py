"""Copies a log, or the readable part of one, into a new one."""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import itertools
import os
import pathlib
import sqlite3

import msgspec

from sting.engine import anonymize
from sting.engine import chain
from sting.engine import journal
from sting.engine import layout
from sting.engine import reader
from sting.engine import renumber
from sting.model import errors
from sting.model import events

_BATCH = 5_000


class Exported(msgspec.Struct, frozen=True):
    """What was written.

    Attributes:
        file: The new log.
        events: How many events it has.
        head: The hash of the last one, in hexadecimal.
        first: The new number of the first event that was wanted.
        first_bad: Number of the first event that could not be read, in the
            log's own numbers; the new log ends before it.
        message: What is wrong with that one, for a person.
    """

    file: str
    events: int
    head: str
    first: int = 1
    first_bad: int | None = None
    message: str = ''


def export(
    path: pathlib.Path,
    file: pathlib.Path,
    *,
    first: int = 1,
    until: int | None = None,
    anonymizer: anonymize.Anonymizer | None = None,
) -> Exported:
    """Copies a log into a new one, whose chain holds by itself.

    Segments become rows again. Checkpoints are not copied.

    Args:
        path: The log's file.
        file: The new log; there must be nothing of this name.
        first: The first number that is wanted. From the days before it, all
            that the state there follows from is copied too; what stays is
            numbered again.
        until: The last number to copy; None for all.
        anonymizer: Rewrites the events; without it and without `first` they
            keep their hashes.

    Returns:
        What was written. A log that is damaged is copied up to the damage.

    Raises:
        errors.InputError: There is a file of that name, or nothing between
            `first` and `until`.
        errors.JournalWriteError: The new log cannot be written.
        errors.JournalError: There is no log, or nothing of it can be read.
    """
    if file.exists():
        raise errors.InputError(f'{file} is there already; name a new file')
    if until is not None and until < first:
        raise errors.InputError(f'there is nothing from {first} to {until}')
    source = _Source(path, until)
    numbers = None
    if first > 1:
        numbers = renumber.Renumberer(source.events(), first)
        if not numbers.keeps(first):
            raise errors.JournalError(
                source.message or f'there is no event {first} in {path}'
            )
    rows = source.rows()
    if numbers is not None or anonymizer is not None:
        rows = source.rewritten(numbers, anonymizer)
    part = file.with_name(f'{file.name}.part')
    try:
        count, head = _write(part, rows)
        if not count:
            raise errors.JournalError(
                f'nothing of {path} can be read: '
                f'{source.message or "it has no events"}'
            )
        part.rename(file)
    except (OSError, sqlite3.Error) as error:
        raise errors.JournalWriteError(
            f'{file} cannot be written: {error}'
        ) from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return Exported(
        str(file),
        count,
        head.hex(),
        1 if numbers is None else numbers.number(first),
        source.first_bad,
        source.message,
    )


class _Source:
    """What verifies of a log, from the first event on.

    Attributes:
        first_bad: Number of the first event that does not; None while all do.
        message: What is wrong with it.
    """

    def __init__(self, path: pathlib.Path, until: int | None) -> None:
        self._path = path
        self._until = until
        self.first_bad: int | None = None
        self.message = ''

    def rows(self) -> Iterator[layout.Row]:
        """Gives the rows as they stand, so that their chain goes on."""
        rows = reader.rows(self._path, 0)
        for _, row in zip(self.events(), rows, strict=False):
            yield row

    def rewritten(
        self,
        numbers: renumber.Renumberer | None,
        anonymizer: anonymize.Anonymizer | None,
    ) -> Iterator[layout.Row]:
        """Gives rewritten events, in a chain of their own."""
        head = events.GENESIS
        for found in self.events():
            event = found
            if numbers is not None:
                if not numbers.keeps(event.seq):
                    continue
                event = numbers.event(event)
            if anonymizer is not None:
                event = anonymizer.event(event)
            rows, head = journal.encode_rows([event], head)
            yield rows[0]

    def events(self) -> Iterator[events.Event]:
        """Gives the events, and notes where they end too early."""
        found = itertools.chain.from_iterable(
            held.events for held in chain.read(self._path)
        )
        try:
            yield from itertools.islice(found, self._until)
        except errors.JournalCorruptError as error:
            self.first_bad = error.first_bad
            self.message = str(error)


def _write(path: pathlib.Path, rows: Iterable[layout.Row]) -> tuple[int, bytes]:
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    left = iter(rows)
    head = events.GENESIS
    count = 0
    with contextlib.closing(
        sqlite3.connect(path, isolation_level=None)
    ) as connection:
        connection.executescript(layout.SCHEMA)
        while batch := list(itertools.islice(left, _BATCH)):
            connection.execute('BEGIN')
            connection.executemany(layout.INSERT, batch)
            connection.execute('COMMIT')
            head = batch[-1][7]
            count += len(batch)
    return count, head
