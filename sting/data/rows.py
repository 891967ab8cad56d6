"""Small tables that people write: CSV, YAML or Parquet, row by row.

Of a few rows, each a fact, such as a split. Every row knows its place in its
file, so that what is wrong with it can be named.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import csv
import dataclasses
import datetime
import pathlib
from typing import Any

from sting.data import raw
from sting.model import errors
from sting.settings import tree

_YAML = ('.yaml', '.yml')
_SIXTY = 60


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A row as it is written.

    Attributes:
        values: Texts by column, without blanks around them; empty for none.
        place: Makes the error that names the row's place.
    """

    values: Mapping[str, str]
    place: Callable[[str], errors.DataError]

    def day(self, name: str) -> datetime.date:
        """Gives a column's date.

        Raises:
            errors.DataError: It is none.
        """
        text = self.values[name]
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            raise self.place(
                f'{name} {raw.show(text)} is no date; write 2020-08-31'
            ) from None

    def symbol(self) -> str:
        """Gives the column symbol.

        Raises:
            errors.DataError: It is none.
        """
        text = self.values['symbol']
        if not text or not text.isprintable() or ' ' in text:
            raise self.place(f'{raw.show(text)} is no symbol')
        return text


def read(
    path: str | pathlib.Path, columns: Sequence[str], key: str
) -> list[Row]:
    """Reads a table.

    Args:
        path: A file; what it is shows in its name, and is CSV otherwise.
        columns: The names of the columns, all of which have to be there.
        key: In a YAML file, what the list of rows stands under.

    Returns:
        The rows in their order.

    Raises:
        errors.DataError: The file cannot be read or is malformed.
    """
    place = pathlib.Path(path)
    ending = place.suffix.lower()
    try:
        if ending in _YAML:
            return list(_yaml(place, columns, key))
        if ending == '.parquet':
            return list(_parquet(place, columns))
        with place.open(encoding='utf-8-sig', newline='') as file:
            return list(_csv(file, place, columns))
    except FileNotFoundError:
        raise errors.DataError('there is no such file', path=path) from None
    except OSError as error:
        raise errors.DataError(
            f'cannot read it: {error.strerror or error}', path=path
        ) from None
    except UnicodeDecodeError:
        raise errors.DataError(
            'the file is not text in UTF-8', path=path
        ) from None
    except csv.Error as error:
        raise errors.DataError(
            f'not a sound CSV file: {error}', path=path
        ) from None


def _csv(
    file: Any, path: pathlib.Path, columns: Sequence[str]
) -> Iterator[Row]:
    reader = csv.reader(file)
    titles = next(filter(None, reader), [])
    names = [title.strip().lower() for title in titles]
    for name in columns:
        if names.count(name) != 1:
            found = ', '.join(titles) or 'none'
            raise errors.DataError(
                f'it needs one column {name}; the columns are: {found}',
                path=path,
                line=1,
            )
    for record in reader:
        if not record:
            continue
        line = reader.line_num
        if len(record) != len(names):
            raise errors.DataError(
                f'this line does not have {len(names)} values, as the header '
                'has',
                path=path,
                line=line,
            )
        values = dict(zip(names, map(str.strip, record), strict=True))
        yield _row(values, columns, path, line)


def _yaml(
    path: pathlib.Path, columns: Sequence[str], key: str
) -> Iterator[Row]:
    try:
        root = tree.parse(path)
    except errors.ConfigError as error:
        raise errors.DataError(str(error)) from None
    under = root.value.get(key)
    if under is None or not isinstance(under.value, list):
        raise errors.DataError(f'it needs a list under `{key}:`', path=path)
    for node in under.value:
        if not isinstance(node.value, dict):
            raise errors.DataError(
                'each row is {' + ', '.join(f'{n}: ..' for n in columns) + '}',
                path=path,
                line=node.line,
            )
        for name in node.value:
            if name not in columns:
                said = tree.unknown('column', name, columns)
                raise errors.DataError(said, path=path, line=node.line)
        texts = {name: _plain(each) for name, each in node.value.items()}
        yield _row(texts, columns, path, node.line)


def _parquet(path: pathlib.Path, columns: Sequence[str]) -> Iterator[Row]:
    import pyarrow as pa  # noqa: PLC0415 - slow to import
    from pyarrow import parquet  # noqa: PLC0415

    try:
        with parquet.ParquetFile(path) as file:
            found = file.schema_arrow.names
            data = file.read()
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise errors.DataError(
            f'not a sound Parquet file: {reason}', path=path
        ) from None
    for name in columns:
        if name not in found:
            raise errors.DataError(
                f'it needs a column {name}; the columns are: '
                + ', '.join(found),
                path=path,
            )
    for number, record in enumerate(data.to_pylist(), start=1):
        texts = {name: _text(record[name]) for name in columns}
        yield Row(texts, _namer(path, number))


def _row(
    values: Mapping[str, str],
    columns: Sequence[str],
    path: pathlib.Path,
    line: int,
) -> Row:
    """Makes a row of a file that has lines."""

    def place(message: str) -> errors.DataError:
        return errors.DataError(message, path=path, line=line)

    return Row({name: values.get(name, '') for name in columns}, place)


def _namer(
    path: pathlib.Path, number: int
) -> Callable[[str], errors.DataError]:
    """Gives what names a row of a file without lines."""
    return lambda message: errors.DataError(
        f'row {number}: {message}', path=path
    )


def _text(value: Any) -> str:
    """Writes a value as a CSV file would have it."""
    if value is None:
        return ''
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    return str(value).strip()


def _plain(node: tree.Node) -> str:
    """Writes a value of YAML, which takes 4:1 for a number to base 60."""
    if isinstance(node.value, int) and node.value >= _SIXTY:
        raise errors.DataError(
            f"write {node.value} in quotes, as '{node.value}': YAML reads 4:1 "
            'without quotes as 241',
            path=node.path,
            line=node.line,
        )
    return _text(node.value)
