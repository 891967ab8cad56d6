"""What strategies write, as lines of a file beside the log."""

import os
import pathlib
from typing import IO
from typing import Any

from sting.model import market
from sting.strategy import context


class Notes:
    """Writes a JSON line for each line that a strategy wrote.

    The file is opened, for its owner only, with the first line.
    """

    def __init__(self, path: pathlib.Path) -> None:
        """Sets up the file.

        Args:
            path: The file; lines are added to what is there.
        """
        self._path = path
        self._file: IO[str] | None = None
        self._logger: Any = None

    def write(self, strategy: str, line: context.LogLine) -> None:
        """Adds a line.

        Args:
            strategy: Who wrote it.
            line: What.
        """
        logger = self._logger or self._open()
        write = getattr(logger, line.level)
        write(
            line.text,
            strategy=strategy,
            time=market.to_iso(line.timestamp),
        )

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()

    def _open(self) -> Any:
        # Takes longer to import than everything here, and few strategies
        # write anything.
        import structlog  # noqa: PLC0415

        number = os.open(
            self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
        )
        self._file = os.fdopen(number, 'a', encoding='utf-8', buffering=1)
        self._logger = structlog.wrap_logger(
            structlog.WriteLogger(self._file),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.JSONRenderer(),
            ],
        )
        return self._logger
