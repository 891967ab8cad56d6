"""Which files are meant: a file, a folder of them, a pattern, a set in parts.

A set in parts, as Hive, Spark and others write it, says in the names of its
folders what its files do not say again: symbol=AAPL/year=2020/part-0.parquet.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import glob
import os
import pathlib
from typing import NoReturn
import urllib.parse

from sting.model import errors

SAMPLE = 'sample'
SAMPLE_PATH = pathlib.Path(__file__).parent / 'samples' / 'daily.parquet'
ENDINGS = ('.csv', '.parquet')
Path = str | pathlib.Path

# What the name of a folder may say of the files in it; all else, such as
# year=2020, only says where they lie.
_KEYS = ('symbol', 'timeframe', 'timestamp', 'date')
_NONE = '__HIVE_DEFAULT_PARTITION__'
# So many names are told of at most.
_TOLD = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A file of market data.

    Attributes:
        path: Where it is.
        alone: It was named itself: of a file that has no symbols, a symbol
            that is named with it is the symbol. One of many has the symbol
            that its folder or its name says.
    """

    path: pathlib.Path
    alone: bool


def expand(paths: Path | Iterable[Path | Place]) -> list[Place]:
    """Finds the files that are meant.

    Args:
        paths: Files, folders with files in them at any depth, patterns such
            as `bars/*.csv`, 'sample' for the data that ships, or places that
            were found before.

    Returns:
        The files; those of a folder or a pattern in the order of their names.
        What begins with a dot or an underscore is passed over there.

    Raises:
        errors.DataError: A folder or a pattern has no CSV or Parquet file, or
            a folder cannot be read.
    """
    names = [paths] if isinstance(paths, str | pathlib.Path) else list(paths)
    if not names:
        raise errors.DataError('no file of data is named')
    found: list[Place] = []
    for name in names:
        if isinstance(name, Place):
            found.append(name)
            continue
        path = pathlib.Path(name)
        if str(name) == SAMPLE:
            found.append(Place(SAMPLE_PATH, alone=True))
        elif path.is_dir():
            found += _all(_inside(path), name, 'the folder has')
        elif glob.has_magic(str(name)) and not path.exists():
            found += _all(_matching(str(name)), name, 'the pattern finds')
        else:
            found.append(Place(path, alone=True))
    return found


def pick(
    found: list[Place],
    symbols: Collection[str] | None,
    timeframe: str | None,
) -> list[Place]:
    """Leaves out the files whose folders say that they are not wanted.

    Args:
        found: Files.
        symbols: The symbols wanted; None for all.
        timeframe: The length of a bar that is wanted; None for any.

    Raises:
        errors.DataError: A symbol is not among those of the folders, or no
            file is left.
    """
    said_of = [{} if place.alone else said(place.path) for place in found]
    if symbols is not None and all('symbol' in each for each in said_of):
        known = {each['symbol'] for each in said_of}
        for name in symbols:
            if name not in known:
                _refuse(f'no symbol {name!r} in the data', known)

    def wanted(each: Mapping[str, str]) -> bool:
        frame = each.get('timeframe')
        of_one = symbols is None or each.get('symbol') in (None, *symbols)
        return of_one and (timeframe is None or frame in (None, timeframe))

    left = [
        place
        for place, each in zip(found, said_of, strict=True)
        if wanted(each)
    ]
    if not left:
        frames = {each['timeframe'] for each in said_of if 'timeframe' in each}
        _refuse(f'no bars of {timeframe} in the data', frames)
    return left


def said(path: Path) -> dict[str, str]:
    """Gives what the names of a file's folders say of it.

    Args:
        path: The file.

    Returns:
        Its symbol, timeframe, timestamp or date, as far as they are named.

    Raises:
        errors.DataError: One is named and empty.
    """
    words: dict[str, str] = {}
    for part in pathlib.Path(path).parent.parts:
        key, equals, value = part.partition('=')
        key = key.strip().lower()
        if equals and key in _KEYS:
            value = urllib.parse.unquote(value).strip()
            if not value or value == _NONE:
                raise errors.DataError(
                    f'the folder {part} names no {key}', path=path
                )
            words[key] = value
    return words


def _all(
    paths: Iterable[pathlib.Path], name: Path, what: str
) -> Iterator[Place]:
    files = sorted({path for path in paths if path.suffix.lower() in ENDINGS})
    if not files:
        raise errors.DataError(
            f'{what} no file that ends in .csv or .parquet', path=name
        )
    return (Place(path, alone=False) for path in files)


def _inside(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    def unreadable(error: OSError) -> NoReturn:
        raise errors.DataError(
            f'cannot read it: {error.strerror}', path=error.filename
        )

    for place, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = [each for each in folders if _counts(each)]
        yield from (
            pathlib.Path(place) / each for each in files if _counts(each)
        )


def _matching(pattern: str) -> Iterator[pathlib.Path]:
    try:
        # Path.glob takes no absolute pattern.
        for name in glob.iglob(pattern, recursive=True):  # noqa: PTH207
            path = pathlib.Path(name)
            yield from _inside(path) if path.is_dir() else (path,)
    except ValueError as error:
        raise errors.DataError(f'cannot be a pattern: {error}') from None


def _counts(name: str) -> bool:
    return not name.startswith(('.', '_'))


def _refuse(what: str, known: Collection[str]) -> NoReturn:
    told = sorted(known)
    more = f' and {len(told) - _TOLD} more' if len(told) > _TOLD else ''
    raise errors.DataError(
        f'{what}; there are: {", ".join(told[:_TOLD])}{more}'
    )
