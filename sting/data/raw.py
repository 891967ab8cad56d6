"""Files of market data as columns, before anything is known of their sense.

Every fault names the place in the file: the line of a CSV file (the header is
line 1), the row of a Parquet file (the first is row 1).
"""

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from concurrent import futures
import contextlib
import csv
import dataclasses
import itertools
import pathlib
import re
from typing import Any

import numpy as np

from sting.data import columns
from sting.data import places as places_lib
from sting.data import table
from sting.model import errors
from sting.model import timeframes

TIMES = ('timestamp', 'date')
PRICES = ('open', 'high', 'low', 'close')
BARS = (*PRICES, 'volume')
QUOTES = ('bid', 'ask', 'bid_size', 'ask_size')
TRADES = ('price', 'size')
NUMBERS = (*BARS, *QUOTES, *TRADES)
WANTED = (*TIMES, *NUMBERS, 'symbol', 'timeframe')

# How much of what is in a file goes into a message.
_SHOWN = 40
# What other programs write between values.
_MARKS = {';': 'semicolons', '\t': 'tabs'}
_ZONE = re.compile(r'([zZ]|[+-]\d\d(:?\d\d)?)$')
_MOMENT = re.compile(r'\d{4}-\d\d-\d\d[T ]\d\d:')
_PARQUET = b'PAR1'
# Of a column that is read a part at a time, so many bytes at once.
_BUFFER = 1 << 18
_GZIP = b'\x1f\x8b'


@dataclasses.dataclass(frozen=True, slots=True)
class RawFile:
    """The columns of a file that may matter, as pyarrow has them.

    Attributes:
        path: The file.
        found: The names of all its columns, as they are written.
        columns: pyarrow arrays by their names in lower case.
        line_of: Turns a row, counted from 0, into a line of the file; None
            where the file has no lines.
        header_line: The line of the titles; None where there are no lines.
        first: The row of the file that its first one is, counted from 0.
        said: What the names of its folders say of all its rows.
    """

    path: str
    found: tuple[str, ...]
    columns: Mapping[str, Any]
    line_of: Callable[[int], int] | None = None
    header_line: int | None = None
    first: int = 0
    said: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def fault(self, row: int, message: str) -> errors.DataError:
        """Makes the error for a row, counted from 0."""
        if self.line_of is None:
            row += self.first + 1
            return errors.DataError(f'row {row}: {message}', path=self.path)
        return errors.DataError(message, path=self.path, line=self.line_of(row))

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def missing(self, name: str) -> errors.DataError:
        """Makes the error for a column that is not there."""
        return _missing(name, self.path, self.found, self.header_line)

    def numbers(self, name: str) -> table.FloatArray:
        """Gives a column of numbers.

        Args:
            name: The column, which is there.

        Raises:
            DataError: A value is missing or not a finite number.
        """
        import pyarrow as pa  # noqa: PLC0415 - slow to import

        column = self.columns[name]
        row = first_uncastable(column, pa.float64())
        if row is not None:
            text = show(value(column, row))
            raise self.fault(row, f'{name} {text} is not a number')
        numbers = cast(column, pa.float64())
        if numbers.null_count:
            numbers = numbers.fill_null(float('nan'))
        values = columns.array(numbers)
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            row = int(bad[0])
            text = value(column, row)
            what = 'missing' if text is None else f'{text}, not finite'
            raise self.fault(row, f'{name} is {what}; it needs a number')
        return values

    def timeframe(self) -> str | None:
        """Gives the timeframe that the column of that name has in all rows.

        Returns:
            None without such a column, or where it has other text: other
            programs have names of their own.

        Raises:
            DataError: The rows are bars of several.
        """
        column = self.columns.get('timeframe')
        if column is None:
            return None
        import pyarrow as pa  # noqa: PLC0415 - slow to import
        import pyarrow.compute as pc  # noqa: PLC0415

        if first_uncastable(column, pa.string()) is not None:
            return None
        said = pc.unique(column.cast(pa.string())).to_pylist()
        if any(each is None or timeframes.fault(each) for each in said):
            return None
        if len(said) > 1:
            raise errors.DataError(
                f'the column timeframe has {said[0]} and {said[1]}; give bars '
                'of one length',
                path=self.path,
            )
        return str(said[0])

    def symbols(self) -> tuple[tuple[str, ...], table.IndexArray]:
        """Gives the names in the column symbol, and each row's place in them.

        Returns:
            The names in alphabetical order, and an index into them.

        Raises:
            DataError: A name is missing or no name.
        """
        column = self.columns['symbol']
        whole = self._encoded(column)
        if whole.null_count:
            row = int(whole.is_null().to_pylist().index(True))
            raise self.fault(row, 'symbol is missing')
        rows = np.from_dlpack(whole.indices)
        met = [name.strip() for name in whole.dictionary.to_pylist()]
        used = np.bincount(rows, minlength=len(met)) > 0
        for number, name in enumerate(met):
            if used[number] and not is_symbol(name):
                row = int((rows == number).argmax())
                what = f'{show(name)} is no symbol'
                raise self.fault(row, what if name else 'symbol is missing')
        names = tuple(sorted({met[each] for each in np.flatnonzero(used)}))
        number_of = {name: number for number, name in enumerate(names)}
        place = np.array([number_of.get(name, -1) for name in met], np.int32)
        return names, place[rows]

    def _encoded(self, column: Any) -> Any:
        """Gives a column of text as one array of indices into its values."""
        import pyarrow as pa  # noqa: PLC0415 - slow to import

        kind = column.type
        if pa.types.is_dictionary(kind) and kind.value_type == pa.string():
            whole = column.combine_chunks()
            if not whole.dictionary.null_count:
                return whole
        row = first_uncastable(column, pa.string())
        if row is not None:
            raise self.fault(row, 'symbol is not text')
        text = cast(column, pa.string()).combine_chunks()
        return text.dictionary_encode()


def moments_like(first: str) -> Any:
    """Gives the pyarrow type of moments that are written as one is.

    Args:
        first: A moment, or what else is tried as one.
    """
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    has_time = 'T' in first.upper() or ' ' in first
    zoned = has_time and _ZONE.search(first[10:])
    return pa.timestamp('ns', 'UTC' if zoned else None)


def is_symbol(name: str) -> bool:
    """Whether a name can be a symbol, and shown as one."""
    return 0 < len(name) <= _SHOWN and name.isprintable()


def value(column: Any, row: int) -> Any:
    """Gives a value of a column for a message.

    Args:
        column: A pyarrow array.
        row: Its row, counted from 0.

    Returns:
        It; a time that Python's cannot be as the number it is.
    """
    found = column[row]
    try:
        return found.as_py()
    except (OverflowError, ValueError):
        return found.value


def show(value: object) -> str:
    """Writes a value of a file for a message: on one line, cut if long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f'{text[:_SHOWN]}...'


def cast(column: Any, to: Any) -> Any:
    """Gives a column as another type, itself where it is of that.

    Arrow's own cast imports its functions first, which takes as long as
    reading a million numbers.

    Args:
        column: A pyarrow array.
        to: A pyarrow type that all its values fit into.
    """
    return column if column.type == to else column.cast(to)


def first_uncastable(column: Any, to: Any) -> int | None:
    """Finds the first value that pyarrow cannot turn into a type.

    Args:
        column: A pyarrow array.
        to: A pyarrow type.

    Returns:
        The row, counted from 0, or None.
    """
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    if column.type == to:
        return None

    def fits(part: Any) -> bool:
        try:
            part.cast(to)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return False
        return True

    if fits(column):
        return None
    first, count = 0, len(column)
    while count > 1:
        half = count // 2
        if fits(column.slice(first, half)):
            first += half
            count -= half
        else:
            count = half
    return first


def read(path: str | pathlib.Path) -> RawFile:
    """Reads a file of market data.

    Args:
        path: A CSV or Parquet file; which one it is shows in its content.

    Raises:
        DataError: It cannot be read, is empty or malformed.
    """
    name = str(path)
    raw = _read_parquet(name) if _is_parquet(name) else _read_csv(name)
    if not len(raw):
        raise errors.DataError('the file has no rows', path=name)
    return _with_said(raw)


def kind(path: str | pathlib.Path) -> tuple[str, ...]:
    """Says what the rows of a file are, by its titles.

    Args:
        path: As `read` takes it.

    Returns:
        BARS, QUOTES or TRADES, whichever it has first.

    Raises:
        DataError: It cannot be read, or has the columns of none.
    """
    name = str(path)
    found, line = (
        (_parquet_titles(name), None)
        if _is_parquet(name)
        else _csv_header(name)[:2]
    )
    names = {title.strip().lower() for title in found}
    for needed in (BARS, QUOTES, TRADES):
        if names.issuperset(needed):
            return needed
    raise errors.DataError(
        'neither bars, quotes nor trades: it lacks columns of '
        + '; '.join(', '.join(needed) for needed in (BARS, QUOTES, TRADES)),
        path=name,
        line=line,
    )


def _is_parquet(name: str) -> bool:
    """Whether a file is one of Parquet, and not of CSV."""
    try:
        with pathlib.Path(name).open('rb') as file:
            head = file.read(4)
    except FileNotFoundError:
        raise errors.DataError('there is no such file', path=name) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or str(error)
        raise errors.DataError(f'cannot read it: {reason}', path=name) from None
    if not head:
        raise errors.DataError('the file is empty', path=name)
    if head[:2] == _GZIP:
        raise errors.DataError('the file is packed; gunzip it', path=name)
    return head == _PARQUET


def _parquet_titles(path: str) -> tuple[str, ...]:
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    from pyarrow import parquet  # noqa: PLC0415

    try:
        return tuple(parquet.read_schema(path).names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise errors.DataError(
            f'not a sound Parquet file: {_first_line(error)}', path=path
        ) from None


def _with_said(raw: RawFile) -> RawFile:
    """Adds what the names of a file's folders say of it."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    said = places_lib.said(raw.path)
    columns = dict(raw.columns)
    for name in TIMES:
        if name in said and not any(each in columns for each in TIMES):
            columns[name] = pa.chunked_array([pa.repeat(said[name], len(raw))])
    return dataclasses.replace(raw, columns=columns, said=said)


def _wanted(
    path: str, found: tuple[str, ...], line: int | None
) -> dict[str, int]:
    """Says where the columns are that may matter."""
    places: dict[str, int] = {}
    for place, title in enumerate(found):
        name = title.strip().lower()
        if name not in WANTED:
            continue
        if name in places:
            raise errors.DataError(
                f'two columns are named {name}; rename one',
                path=path,
                line=line,
            )
        places[name] = place
    if not places:
        raise _missing('timestamp', path, found, line)
    return places


def _missing(
    name: str, path: str, found: tuple[str, ...], line: int | None
) -> errors.DataError:
    titles = ', '.join(
        name if name.isprintable() and len(name) < _SHOWN else show(name)
        for name in found[:_SHOWN]
    )
    if len(found) == 1:
        for mark, said in _MARKS.items():
            if mark in found[0]:
                titles += f'; separate the values by commas, not {said}'
    if name == 'open' and {'price', 'size'} <= {each.lower() for each in found}:
        titles += '; these are trades: make bars of them, with sting data bars'
    return errors.DataError(
        f'no column {name}; the columns are: {titles}', path=path, line=line
    )


def parquet_rows(path: str | pathlib.Path) -> int:
    """Says how many rows a Parquet file has whose times are moments.

    Args:
        path: Any file.

    Returns:
        0 for a file of another kind, one that cannot be read, and one whose
        column `timestamp` has neither moments nor whole numbers.
    """
    try:
        with pathlib.Path(path).open('rb') as file:
            if file.read(4) != _PARQUET:
                return 0
    except (OSError, ValueError):
        return 0
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    from pyarrow import parquet  # noqa: PLC0415

    try:
        with parquet.ParquetFile(path) as source:
            schema = source.schema_arrow
            place = schema.get_field_index('timestamp')
            kind = pa.null() if place < 0 else schema.types[place]
            if not (pa.types.is_timestamp(kind) or pa.types.is_integer(kind)):
                return 0
            return int(source.metadata.num_rows)
    except (pa.ArrowException, OSError, ValueError):
        return 0


def batches(
    path: str, size: int, only: Iterable[str] = WANTED
) -> Iterator[RawFile]:
    """Reads a Parquet file a part at a time.

    Args:
        path: The file.
        size: How many rows a part has at most.
        only: The columns to read, of those that matter.

    Yields:
        The parts in order.

    Raises:
        DataError: The file is malformed.
    """
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    from pyarrow import parquet  # noqa: PLC0415

    first = 0
    said = places_lib.said(path)
    try:
        # Buffered beforehand, a whole group of rows would be in memory.
        with parquet.ParquetFile(
            path, buffer_size=_BUFFER, pre_buffer=False
        ) as file:
            found = tuple(file.schema_arrow.names)
            places = _wanted(path, found, None)
            titles = {
                name: found[place]
                for name, place in places.items()
                if name in only
            }
            each = _each_batch(file, size, [*titles.values()])
            with contextlib.closing(_ahead(each)) as parts:
                for part in parts:
                    columns = {
                        name: part.column(title)
                        for name, title in titles.items()
                    }
                    yield RawFile(path, found, columns, first=first, said=said)
                    first += len(part)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise errors.DataError(
            f'not a sound Parquet file: {_first_line(error)}', path=path
        ) from None


def _ahead(parts: Iterator[Any]) -> Generator[Any, None, None]:
    """Makes each part while the one before it is looked at."""
    with futures.ThreadPoolExecutor(1) as beside:
        coming = beside.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = beside.submit(next, parts, None)
            yield part


def _each_batch(file: Any, size: int, titles: list[str]) -> Iterator[Any]:
    """Gives the parts of a Parquet file, with no more memory than it needs.

    Over several row groups pyarrow would keep those that are done.
    """
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    for group in range(file.num_row_groups):
        for batch in file.iter_batches(
            size, row_groups=[group], columns=titles, use_threads=False
        ):
            part = pa.Table.from_batches([batch])
            part.validate(full=True)
            yield part
        pa.default_memory_pool().release_unused()


def _read_parquet(path: str) -> RawFile:
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    from pyarrow import parquet  # noqa: PLC0415

    try:
        with parquet.ParquetFile(path) as file:
            found = tuple(file.schema_arrow.names)
            places = _wanted(path, found, None)
            titles = [found[place] for place in places.values()]
            data = file.read(columns=titles)
            data.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise errors.DataError(
            f'not a sound Parquet file: {_first_line(error)}', path=path
        ) from None
    columns = {
        name: data.column(title)
        for name, title in zip(places, titles, strict=True)
    }
    return RawFile(path, found, columns)


def _read_csv(path: str) -> RawFile:
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    found, header_line, first = _csv_header(path)
    places = _wanted(path, found, header_line)
    types = dict.fromkeys(places, pa.string())
    numbers = {name: pa.float64() for name in places if name in NUMBERS}
    if 'symbol' in places:
        numbers['symbol'] = pa.dictionary(pa.int32(), pa.string())
    at = places.get('timestamp', len(first))
    if at < len(first) and _MOMENT.match(first[at]):
        numbers['timestamp'] = moments_like(first[at])
    try:
        data = _arrow_csv(
            path, header_line, len(found), places, types | numbers
        )
    except (pa.ArrowException, OSError):
        # Some value is none. Read as text, so that it can be named.
        data = _csv_as_text(path, header_line, found, places)
    columns = {name: data.column(name) for name in places}
    return RawFile(
        path, found, columns, lambda row: _csv_line(path, row), header_line
    )


def _csv_as_text(
    path: str, header_line: int, found: tuple[str, ...], places: dict[str, int]
) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - slow to import

    types = dict.fromkeys(places, pa.string())
    try:
        return _arrow_csv(path, header_line, len(found), places, types)
    except (pa.ArrowException, OSError) as error:
        line = _ragged_line(path, len(found))
        if line is not None:
            raise errors.DataError(
                f'this line does not have {len(found)} values, '
                'as the header has',
                path=path,
                line=line,
            ) from None
        raise errors.DataError(
            f'not a sound CSV file: {_first_line(error)}', path=path
        ) from None


def _arrow_csv(
    path: str,
    header_line: int,
    width: int,
    places: dict[str, int],
    types: Mapping[str, Any],
) -> Any:
    from pyarrow import csv as arrow_csv  # noqa: PLC0415 - slow to import

    names = [f'column {place}' for place in range(width)]
    for name, place in places.items():
        names[place] = name
    return arrow_csv.read_csv(
        path,
        read_options=arrow_csv.ReadOptions(
            column_names=names, skip_rows=header_line
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=types, include_columns=list(places)
        ),
    )


def _csv_header(path: str) -> tuple[tuple[str, ...], int, list[str]]:
    """Gives the titles, the line that they end on, and the first row."""
    try:
        with pathlib.Path(path).open(encoding='utf-8-sig', newline='') as file:
            reader = csv.reader(file)
            titles = next(filter(None, reader), None)
            line = reader.line_num
            row = next(filter(None, reader), None)
    except UnicodeDecodeError:
        raise errors.DataError(
            'the file is not text in UTF-8', path=path
        ) from None
    except csv.Error as error:
        raise errors.DataError(
            f'not a sound CSV file: {error}', path=path
        ) from None
    if titles is None:
        raise errors.DataError('the file is empty', path=path)
    if row is None:
        raise errors.DataError('the file has no rows', path=path)
    return tuple(titles), line, row


def _csv_line(path: str, row: int) -> int:
    """Finds the line of a row, counted from 0 after the header."""
    # The header is the first record.
    records = itertools.islice(_csv_records(path), row + 1, None)
    return next((line for line, _ in records), 1)


def _ragged_line(path: str, width: int) -> int | None:
    """Finds the first line with more or fewer values than the header."""
    return next(
        (line for line, values in _csv_records(path) if values != width), None
    )


def _csv_records(path: str) -> Iterator[tuple[int, int]]:
    """Gives each record's line and how many values it has.

    It ends at a value that is too long to be one, with its line and 0.
    """
    with pathlib.Path(path).open(
        encoding='utf-8-sig', errors='replace', newline=''
    ) as file:
        reader = csv.reader(file)
        try:
            for record in reader:
                if record:
                    yield reader.line_num, len(record)
        except csv.Error:
            yield reader.line_num, 0


def _first_line(error: BaseException) -> str:
    """Gives what an error says, on one line that can be shown."""
    said = str(error).strip() or type(error).__name__
    return ''.join(
        letter if letter.isprintable() else '?'
        for letter in said.splitlines()[0]
    )
