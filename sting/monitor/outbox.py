"""Alerts that are not told yet, kept over a restart."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import pathlib
import sqlite3
from typing import Final

import msgspec

from sting.model import errors
from sting.model import records
from sting.monitor import notices

# Beside a log: a folder, and in it one by the log's id, with the file.
FOLDER: Final = 'alerts'
FILE: Final = 'outbox.db'
# So many wait for one channel; of more the oldest are only counted.
MOST: Final = 1_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (
    channel TEXT NOT NULL, seq INTEGER NOT NULL, more INTEGER NOT NULL,
    critical INTEGER NOT NULL, notice BLOB NOT NULL,
    PRIMARY KEY (channel, seq)
);
CREATE TABLE IF NOT EXISTS taken (one INTEGER PRIMARY KEY, seq INTEGER);
CREATE TABLE IF NOT EXISTS dropped (channel TEXT PRIMARY KEY, count INTEGER);
"""
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(notices.Notice)


class Outbox:
    """What waits for each channel, in a file beside the log.

    Its calls wait for the disk, and come from one thread at a time.
    """

    def __init__(self, path: pathlib.Path) -> None:
        """Opens it.

        Args:
            path: Its file, made if need be, for its owner only.

        Raises:
            errors.JournalError: It cannot be read or written.
        """
        self._path = path
        with self._told():
            path.touch(mode=0o600)
            self._base = sqlite3.connect(path, check_same_thread=False)
            self._base.execute('PRAGMA journal_mode=WAL')
            self._base.execute('PRAGMA synchronous=FULL')
            self._base.executescript(_SCHEMA)

    def take(
        self,
        one: notices.Notice,
        channels: Iterable[str],
        *,
        again: bool = False,
    ) -> list[str]:
        """Keeps an alert until it is told.

        Args:
            one: The alert.
            channels: Where it goes.
            again: It tells how often one came that was taken before.

        Returns:
            The channels that it was not kept for before: an event that is
            given twice is taken once.

        Raises:
            errors.JournalError: The disk does not take it.
        """
        with self._told(), self._base:
            if not again:
                if one.seq <= self.taken():
                    return []
                self._base.execute(
                    'INSERT OR REPLACE INTO taken VALUES (1, ?)', (one.seq,)
                )
            fresh = []
            for name in channels:
                done = self._base.execute(
                    'INSERT OR IGNORE INTO waiting VALUES (?, ?, ?, ?, ?)',
                    (
                        name,
                        one.seq,
                        one.more,
                        one.severity is records.Severity.CRITICAL,
                        _encoder.encode(one),
                    ),
                )
                if done.rowcount:
                    fresh.append(name)
                    self._make_room(name)
            return fresh

    def taken(self) -> int:
        """Gives the number of the last event that was taken; 0 for none."""
        found = self._base.execute('SELECT seq FROM taken').fetchone()
        return found[0] if found else 0

    def waiting(self, channel: str) -> list[notices.Notice]:
        """Gives what waits for a channel, oldest first."""
        with self._told():
            rows = self._base.execute(
                'SELECT notice FROM waiting WHERE channel = ? ORDER BY seq',
                (channel,),
            )
            return [_decoder.decode(row[0]) for row in rows]

    def dropped(self, channel: str) -> int:
        """Gives how many were too many to be kept for a channel."""
        with self._told():
            found = self._base.execute(
                'SELECT count FROM dropped WHERE channel = ?', (channel,)
            ).fetchone()
        return found[0] if found else 0

    def told(self, channel: str, seqs: Collection[int], dropped: int) -> None:
        """Lets go of what was told.

        Args:
            channel: Where.
            seqs: Numbers of the events.
            dropped: How many it was told that were not kept.

        Raises:
            errors.JournalError: The disk does not take it.
        """
        with self._told(), self._base:
            self._base.executemany(
                'DELETE FROM waiting WHERE channel = ? AND seq = ?',
                [(channel, seq) for seq in seqs],
            )
            self._base.execute(
                'UPDATE dropped SET count = count - ? WHERE channel = ?',
                (dropped, channel),
            )

    def close(self) -> None:
        """Closes the file."""
        self._base.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Tells what is wrong with the file as one kind of error."""
        try:
            yield
        except (OSError, sqlite3.Error, msgspec.MsgspecError) as error:
            raise errors.JournalError(
                f'{self._path} cannot be used: {error}; remove it, and '
                'alerts that waited in it are not told'
            ) from None

    def _make_room(self, channel: str) -> None:
        """Lets go of the oldest, what is not critical first."""
        (count,) = self._base.execute(
            'SELECT count(*) FROM waiting WHERE channel = ?', (channel,)
        ).fetchone()
        if count <= MOST:
            return
        self._base.execute(
            'DELETE FROM waiting WHERE channel = ? AND seq = (SELECT seq '
            'FROM waiting WHERE channel = ? ORDER BY critical, seq LIMIT 1)',
            (channel, channel),
        )
        self._base.execute(
            'INSERT INTO dropped VALUES (?, 1) '
            'ON CONFLICT (channel) DO UPDATE SET count = count + 1',
            (channel,),
        )


def counts(path: pathlib.Path) -> dict[str, int]:
    """Gives how many wait for each channel; reads only.

    Args:
        path: The file; there may be none.
    """
    if not path.exists():
        return {}
    try:
        with contextlib.closing(
            sqlite3.connect(f'{path.absolute().as_uri()}?mode=ro', uri=True)
        ) as base:
            return dict(
                base.execute(
                    'SELECT channel, count(*) FROM waiting GROUP BY channel'
                )
            )
    except sqlite3.Error:
        return {}
