"""Segments: old events of a log, moved into compressed Parquet files.

The log's table `segments` says which numbers lie in which file, with the hash
of the last event and the digest of the file. The rows are those of the log,
hash and all, so that the chain goes through.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import hashlib
import itertools
import os
import pathlib
import sqlite3
from typing import Any

import msgspec

from sting.model import errors

# Where the files lie, beside the log.
FOLDER = 'segments'

SCHEMA = """
CREATE TABLE IF NOT EXISTS segments(
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    file TEXT NOT NULL,
    head BLOB NOT NULL,
    digest BLOB NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS segments_are_not_updated BEFORE UPDATE ON segments
BEGIN SELECT RAISE(ABORT, 'the event log is never changed'); END;
CREATE TRIGGER IF NOT EXISTS segments_are_not_deleted BEFORE DELETE ON segments
BEGIN SELECT RAISE(ABORT, 'the event log is never changed'); END;
"""
COLUMNS = (
    'seq', 'timestamp', 'type', 'source', 'symbol', 'cause', 'data', 'hash',
)  # fmt: skip
# Rows that are compressed together, and read together.
_GROUP = 10_000

Row = tuple[int, int, str, str, str, int, str, bytes]


class Segment(msgspec.Struct, frozen=True):
    """Where some events of a log lie.

    Attributes:
        first: Number of the first event.
        last: Number of the last event.
        latest: The latest time in it, nanoseconds since the epoch, UTC.
        file: The file's name.
        head: The hash of the last event.
        digest: BLAKE2b of the file, 32 bytes.
    """

    first: int
    last: int
    latest: int
    file: str
    head: bytes
    digest: bytes

    def path(self, log: pathlib.Path) -> pathlib.Path:
        """Gives the path of its file.

        Args:
            log: The log's file.
        """
        return log.parent / FOLDER / self.file


def listed(connection: sqlite3.Connection) -> list[Segment]:
    """Lists the segments of a log, the oldest first.

    Args:
        connection: The log.

    Returns:
        The segments; none where nothing was ever archived.

    Raises:
        sqlite3.Error: The log cannot be read.
    """
    (known,) = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE name = 'segments'"
    ).fetchone()
    if not known:
        return []
    found = connection.execute(
        'SELECT first, last, latest, file, head, digest FROM segments '
        'ORDER BY first'
    )
    return [Segment(*row) for row in found]


def find(connection: sqlite3.Connection, seq: int) -> Segment | None:
    """Finds the segment that has an event.

    Args:
        connection: The log.
        seq: The event's number.

    Returns:
        The segment; None where there is none.

    Raises:
        sqlite3.Error: The log cannot be read.
    """
    for segment in listed(connection):
        if segment.first <= seq <= segment.last:
            return segment
    return None


def pages(
    log: pathlib.Path,
    segment: Segment,
    after: int,
    columns: Sequence[str] = COLUMNS,
) -> Iterator[list[Any]]:
    """Reads the rows of a segment as they stand, without verifying them.

    Args:
        log: The log's file.
        segment: The segment.
        after: Begin behind this number.
        columns: What is wanted of a row; the number first.

    Yields:
        Rows in order, some at a time.

    Raises:
        errors.JournalCorruptError: The file is not there or cannot be read.
    """
    path = segment.path(log)
    after = max(after, segment.first - 1)
    skip = after - segment.first + 1
    for group in _groups(path, skip // _GROUP, after + 1, columns):
        rows = [row for row in group if row[0] > after] if skip else group
        skip = 0
        if rows:
            after = rows[-1][0]
            yield rows
    if after < segment.last:
        raise _damaged(path, after + 1, 'the file ends too early')


def _groups(
    path: pathlib.Path, start: int, expected: int, columns: Sequence[str]
) -> Iterator[list[Any]]:
    """Reads row groups; `expected` is the first number wanted of them."""
    # Imported here, since most logs have no segments.
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    bad = (pa.ArrowException, OSError, ValueError, OverflowError)
    try:
        file = parquet.ParquetFile(path, page_checksum_verification=True)
    except bad as error:
        raise _damaged(path, expected, error) from None
    with file:
        for number in range(start, file.num_row_groups):
            try:
                table = file.read_row_group(number, columns=list(columns))
                rows = list(
                    zip(*(c.to_pylist() for c in table.columns), strict=True)
                )
            except bad as error:
                raise _damaged(path, expected, error) from None
            yield rows
            expected = rows[-1][0] + 1 if rows else expected


def _damaged(
    path: pathlib.Path, seq: int, why: object
) -> errors.JournalCorruptError:
    if isinstance(why, FileNotFoundError):
        why = 'the file is missing; put it back from a backup'
    text = ' '.join(str(why).split())
    return errors.JournalCorruptError(
        f'{path}: event {seq} cannot be read: {text}', seq
    )


def check(log: pathlib.Path, segment: Segment, head: bytes) -> None:
    """Holds a segment against what the log says of it.

    Args:
        log: The log's file.
        segment: The segment, whose rows have been found to follow.
        head: The hash of its last row.

    Raises:
        errors.JournalCorruptError: It is another file, or another end.
    """
    path = segment.path(log)
    try:
        same = digest(path) == segment.digest and head == segment.head
    except OSError as error:
        raise _damaged(path, segment.first, error) from None
    if not same:
        raise errors.JournalCorruptError(
            f'{path}: was changed after events {segment.first} to '
            f'{segment.last} were archived in it',
            segment.first,
        )


def digest(path: pathlib.Path) -> bytes:
    """Gives the BLAKE2b digest of a file, 32 bytes.

    Raises:
        OSError: It cannot be read.
    """
    with path.open('rb') as file:
        return hashlib.file_digest(
            file, lambda: hashlib.blake2b(digest_size=32)
        ).digest()


def write(path: pathlib.Path, rows: Iterable[Row]) -> None:
    """Writes rows into a new file, for its owner only, and syncs it.

    Args:
        path: The file; it appears whole or not at all.
        rows: The rows in order.

    Raises:
        OSError: It cannot be written.
    """
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    path.parent.mkdir(mode=0o700, exist_ok=True)
    part = path.with_suffix('.part')
    part.unlink(missing_ok=True)
    schema = _schema(pa)
    try:
        with (
            os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT, 0o600), 'wb') as f,
            parquet.ParquetWriter(
                f, schema, compression='zstd', write_page_checksum=True
            ) as writer,
        ):
            left = iter(rows)
            while group := list(itertools.islice(left, _GROUP)):
                columns = [
                    pa.array(column, field.type)
                    for column, field in zip(
                        zip(*group, strict=True), schema, strict=True
                    )
                ]
                writer.write_table(
                    pa.Table.from_arrays(columns, schema=schema),
                    row_group_size=_GROUP,
                )
        sync(part)
        part.replace(path)
        sync(path.parent)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def sync(path: pathlib.Path) -> None:
    """Waits until a file or a folder is on the disk.

    Raises:
        OSError: It cannot be written there.
    """
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _schema(pa: Any) -> Any:
    kinds = {
        'seq': pa.int64(),
        'timestamp': pa.int64(),
        'cause': pa.int64(),
        'hash': pa.binary(),
    }
    return pa.schema(
        [
            pa.field(name, kinds.get(name, pa.string()), False)
            for name in COLUMNS
        ]
    )
