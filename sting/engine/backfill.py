"""Copies what is written to a log from its WAL into its file.

SQLite would do it within a commit, every so many pages, and an order waits for
that commit: 15 to 90 ms were seen. Here a thread with a connection of its own
copies while commits go on. The little that came meanwhile is copied between
two commits; only after that may the WAL begin anew.
"""

import pathlib
import sqlite3
import threading

# A WAL of some 6 MB: copied in 2 to 5 ms, during which commits are slower.
PAGES = 1_000
# If the thread cannot, the writer does; a WAL of some 80 MB.
MOST_PAGES = 20_000
# So many rows fill a page, and each commit writes its last page once more.
_ROWS_A_PAGE = 12

_COPY = 'PRAGMA wal_checkpoint(PASSIVE)'


class Backfill:
    """The thread that copies.

    Attributes:
        between: Held by the writer during a transaction.
        fault: Why the last copy was not made; empty after one that was.
    """

    def __init__(self, path: pathlib.Path, pages: int = PAGES) -> None:
        """Starts the thread, which waits.

        Args:
            path: The log's file, which is there.
            pages: After about so many pages it copies.
        """
        self.between = threading.Lock()
        self.fault = ''
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False
        )
        self._pages = pages
        self._written = 0
        self._ended = False
        self._due = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name='log backfill', daemon=True
        )
        self._thread.start()

    def wrote(self, rows: int) -> None:
        """Counts what a commit has written.

        Args:
            rows: How many rows.
        """
        self._written += 1 + rows // _ROWS_A_PAGE
        if self._written >= self._pages:
            self._written = 0
            self._due.set()

    def close(self) -> None:
        """Ends the thread."""
        self._ended = True
        self._due.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while self._due.wait() and not self._ended:
            self._due.clear()
            # What cannot be copied stays in the WAL, where it is durable.
            try:
                self._connection.execute(_COPY)
                with self.between:
                    self._connection.execute(_COPY)
            except sqlite3.Error as error:
                self.fault = str(error)
            else:
                self.fault = ''
