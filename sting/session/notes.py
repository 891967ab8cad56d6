"""What strategies write, as lines of a file beside the log."""

from collections.abc import Callable
import contextlib
import os
import pathlib
from typing import IO
from typing import Any
from typing import Final

from sting.model import market
from sting.session import redaction
from sting.strategy import context

# Bytes of a file, and how many older ones are kept beside it.
LIMIT: Final = 10 << 20
KEPT: Final = 3
_BY_WORDS: Final = redaction.Redactor({})


class Notes:
    """Writes a JSON line for each line that a strategy wrote.

    The file is opened, for its owner only, with the first line. One that is
    full becomes NAME.1, and the oldest goes. Credentials are not written.
    """

    def __init__(
        self,
        path: pathlib.Path,
        redact: Callable[[str], str] = _BY_WORDS,
        *,
        limit: int = LIMIT,
    ) -> None:
        """Sets up the file.

        Args:
            path: The file; lines are added to what is there.
            redact: Takes credentials out of a text.
            limit: Bytes of a file.
        """
        self._path = path
        self._redact = redact
        self._limit = limit
        self._file: IO[str] | None = None
        self._logger: Any = None

    def write(self, strategy: str, line: context.LogLine) -> None:
        """Adds a line.

        Args:
            strategy: Who wrote it.
            line: What.
        """
        if self._file is not None and self._file.tell() >= self._limit:
            self._rotate()
        logger = self._logger or self._open()
        write = getattr(logger, line.level)
        write(
            self._redact(line.text),
            strategy=strategy,
            time=market.to_iso(line.timestamp),
        )

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()
        self._file = self._logger = None

    def _rotate(self) -> None:
        """Has the next line begin a new file."""
        self.close()
        for number in range(KEPT - 1, 0, -1):
            # There may be none, or it is just being cleared away.
            with contextlib.suppress(FileNotFoundError):
                self._older(number).replace(self._older(number + 1))
        self._path.replace(self._older(1))

    def _older(self, number: int) -> pathlib.Path:
        return self._path.with_name(f'{self._path.name}.{number}')

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
