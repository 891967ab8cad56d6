"""Bars on the disk: a Parquet file a source, symbol, timeframe and month."""

from collections.abc import Iterator
import dataclasses
import pathlib
import re
from typing import Any
from typing import Final
import urllib.parse

import msgspec

from sting.data import outputs
from sting.data import ranges as ranges_lib
from sting.data import table
from sting.model import errors

_META: Final = b'sting'
_COLUMNS: Final = ('open', 'high', 'low', 'close', 'volume')
_MONTH: Final = re.compile(r'\d{4}-\d{2}')
# Behind the name of a file that was found damaged.
CORRUPT: Final = '.corrupt'
# Behind the name of one whose prices are in units of before a split.
OLD: Final = '.old'


class Key(msgspec.Struct, frozen=True, order=True):
    """What a file holds the bars of.

    Attributes:
        source: The source's name.
        symbol: The instrument.
        timeframe: Length of a bar.
        month: As 2013-03, UTC; a bar belongs where it closes.
    """

    source: str
    symbol: str
    timeframe: str
    month: str


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Month:
    """The bars of a month, as far as they are known.

    Attributes:
        bars: Of one symbol.
        known: Where all bars that there are are here: also where there are
            none.
    """

    bars: table.BarTable
    known: ranges_lib.Ranges

    @property
    def nbytes(self) -> int:
        """What it takes in memory, roughly, bytes."""
        return 56 * len(self.bars) + 32 * len(self.known) + 200


class _Meta(msgspec.Struct, frozen=True):
    """What is written beside the columns."""

    digest: str
    known: ranges_lib.Ranges


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A file, for a listing.

    Attributes:
        key: What it holds.
        path: The file.
        size: Bytes.
        changed: When it was written, nanoseconds since the epoch, UTC.
    """

    key: Key
    path: pathlib.Path
    size: int
    changed: int


class BarStore:
    """Files of bars under one folder.

    A file is written whole beside its place and moved there, so that a reader
    finds the old or the new one; it carries a digest of its columns, and one
    that does not match is set aside.
    """

    def __init__(self, root: pathlib.Path) -> None:
        """Sets up a store; the folder is made when something is written.

        Args:
            root: Its folder.
        """
        self.root = root

    def read(self, key: Key) -> Month | None:
        """Reads a month.

        Args:
            key: What of.

        Returns:
            The month; None where there is no file, or where it was damaged and
            set aside.
        """
        import pyarrow as pa  # noqa: PLC0415 - slow to import
        from pyarrow import parquet  # noqa: PLC0415

        path = self.path(key)
        try:
            with parquet.ParquetFile(path) as file:
                data = file.read()
                meta = msgspec.json.decode(
                    (file.schema_arrow.metadata or {})[_META], type=_Meta
                )
                bars = _table(key, data)
        except FileNotFoundError:
            return None
        except (
            pa.ArrowException,
            OSError,
            KeyError,
            ValueError,
            msgspec.MsgspecError,
        ):
            bars, meta = None, None
        if bars is None or meta is None or bars.digest() != meta.digest:
            self._set_aside(path)
            return None
        return Month(bars, meta.known)

    def write(self, key: Key, month: Month) -> None:
        """Writes a month in place of what was there.

        Args:
            key: What of.
            month: All that is known of it.

        Raises:
            errors.InputError: It cannot be written.
        """
        import pyarrow as pa  # noqa: PLC0415 - slow to import
        from pyarrow import parquet  # noqa: PLC0415

        bars = month.bars
        meta = _Meta(bars.digest(), month.known)
        data = pa.table(
            {
                'timestamp': bars.timestamp,
                **{name: getattr(bars, name) for name in _COLUMNS},
            }
        ).replace_schema_metadata({_META: msgspec.json.encode(meta)})
        path = self.path(key)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise errors.InputError(
                f'cannot be written: {error.strerror}', path=path
            ) from None
        with outputs.replacing(path) as fresh:
            parquet.write_table(data, fresh)

    def path(self, key: Key) -> pathlib.Path:
        """Gives where a month is."""
        folder = self.root
        for part in (key.source, key.symbol, key.timeframe):
            # A dot alone would be this folder, and two the one above.
            folder /= urllib.parse.quote(part, safe='').replace('.', '%2E')
        return folder / f'{key.month}.parquet'

    def keys(self, source: str, symbol: str, timeframe: str) -> list[Key]:
        """Gives the months of which there is a file, the oldest first.

        Args:
            source: The source's name.
            symbol: The instrument.
            timeframe: Length of a bar.
        """
        folder = self.path(Key(source, symbol, timeframe, '')).parent
        months = sorted(path.stem for path in folder.glob('*.parquet'))
        return [
            Key(source, symbol, timeframe, month)
            for month in months
            if _MONTH.fullmatch(month)
        ]

    def put_aside(self, key: Key) -> bool:
        """Moves a month away whose prices fit those of today no more.

        Args:
            key: What of.

        Returns:
            Whether it is away; where the disk takes nothing, it stays.
        """
        return self._set_aside(self.path(key), OLD)

    def entries(self) -> Iterator[Entry]:
        """Gives all files, by what they hold."""
        for path in sorted(self.root.glob('*/*/*/*.parquet')):
            parts = path.relative_to(self.root).parts[:3]
            if not _MONTH.fullmatch(path.stem):
                continue
            source, symbol, timeframe = map(urllib.parse.unquote, parts)
            try:
                found = path.stat()
            except FileNotFoundError:
                # Another process has set it aside meanwhile.
                continue
            yield Entry(
                Key(source, symbol, timeframe, path.stem),
                path,
                found.st_size,
                found.st_mtime_ns,
            )

    def _set_aside(self, path: pathlib.Path, why: str = CORRUPT) -> bool:
        """Moves a file away, so that it is fetched again."""
        try:
            path.replace(path.with_name(path.name + why))
        except OSError:
            # It is fetched again all the same, and written over.
            return False
        return True


def _table(key: Key, data: Any) -> table.BarTable:
    columns = {name: data.column(name).to_numpy() for name in _COLUMNS}
    stamps = data.column('timestamp').to_numpy()
    return table.BarTable.single(key.symbol, key.timeframe, stamps, columns)
