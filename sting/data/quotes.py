"""Files of quotes, for what runs over them."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses

from sting.data import files
from sting.data import places
from sting.data import raw
from sting.data import table
from sting.data import times
from sting.model import errors


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """What reading gave.

    Attributes:
        quotes: The quotes.
        warnings: What looks odd, one sentence each.
    """

    quotes: table.QuoteTable
    warnings: tuple[str, ...]


def are_quotes(paths: Sequence[places.Path]) -> bool:
    """Whether files have quotes; the first one says it.

    Args:
        paths: As `files.read` takes them.
    """
    try:
        return raw.kind(places.expand(paths)[0].path) is raw.QUOTES
    except errors.DataError:
        # Who reads them as bars says what is wrong.
        return False


def read(
    paths: Sequence[places.Path],
    *,
    symbols: Iterable[str] | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Loaded:
    """Reads quotes.

    Args:
        paths: As `files.read` takes them; all have quotes.
        symbols: The symbols to keep; as there.
        start: The first stamp to keep: a date or a moment.
        end: The last stamp to keep; a date is meant whole.

    Raises:
        errors.DataError: A file, a row or an argument is wrong.
    """
    found = files.read_rows(paths, symbols=symbols).rows
    if not isinstance(found, table.QuoteTable):
        raise errors.DataError('the data are no quotes', path=str(paths[0]))
    first = None if start is None else times.parse_moment(start)
    last = None if end is None else times.parse_moment(end, last=True)
    quotes = found.select(None, first, last)
    if not len(quotes):
        raise errors.DataError('no quotes are left between start and end')
    return Loaded(quotes, tuple(_oddities(quotes)))


def _oddities(quotes: table.QuoteTable) -> Iterator[str]:
    """Says what looks odd in sound quotes: a bid above the ask."""
    crossed = int((quotes.bid > quotes.ask).sum())
    if crossed:
        yield (
            f'of {len(quotes):,} quotes {crossed:,} have a bid above the ask; '
            'orders fill on them at better prices than there may have been'
        )
