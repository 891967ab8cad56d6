"""`sting log`: the event log as it lies on the disk."""

import collections
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import itertools
import pathlib

import click
import msgspec

from sting.cli import common
from sting.cli import history
from sting.engine import chain
from sting.engine import describe
from sting.engine import layout
from sting.engine import reader
from sting.model import errors
from sting.model import events
from sting.model import market

KINDS = tuple(kind.value for kind in events.EventType)
# The newest events are looked for among so many at first.
_WINDOW = 2_000
_COLUMNS = (
    'seq',
    'timestamp',
    'type',
    'source',
    'symbol',
    'cause',
    'data',
    'hash',
)


@click.group()
def log() -> None:
    """Shows, verifies and explains the event log of a profile."""


@log.command()
@click.option(
    '--after',
    type=click.IntRange(min=0),
    metavar='N',
    help='Begins behind this number.',
)
@click.option(
    '--to',
    'until',
    type=click.IntRange(min=1),
    metavar='N',
    help='Ends with this number.',
)
@click.option(
    '--limit',
    type=click.IntRange(min=1),
    metavar='N',
    help='At most so many: the newest ones, or with --after the first ones '
    'behind that number.',
)
@click.option(
    '--type',
    'kind',
    type=click.Choice(KINDS),
    metavar='TYPE',
    help='Only events of this type: order_request, fill, ...',
)
@click.option('--symbol', help='Only events of this symbol.')
@history.log_options
@common.json_option
def show(
    after: int | None,
    until: int | None,
    limit: int | None,
    kind: str | None,
    symbol: str | None,
    profile: str | None,
    log_file: pathlib.Path | None,
    as_json: bool,
) -> None:
    """Prints events, oldest first.

    As JSON one object a line, with the columns of the table.
    """
    path = history.log_path(profile, log_file)

    def is_wanted(row: layout.Row) -> bool:
        return kind in (None, row[2]) and symbol in (None, row[4])

    if limit is not None and after is None:
        found: Iterable[layout.Row] = _newest(path, until, limit, is_wanted)
    else:
        rows = filter(is_wanted, _rows(path, after or 0, until))
        found = itertools.islice(rows, limit)
    for row in found:
        if as_json:
            _print_row(row)
        else:
            _print_line(row)


def _rows(
    path: pathlib.Path, after: int, until: int | None
) -> Iterator[layout.Row]:
    """Gives rows behind one number and up to another."""
    for row in reader.rows(path, after):
        if until is not None and row[0] > until:
            return
        yield row


def _newest(
    path: pathlib.Path,
    until: int | None,
    limit: int,
    is_wanted: Callable[[layout.Row], bool],
) -> Sequence[layout.Row]:
    """Gives the newest rows that are wanted, looking further back each time.

    Going through a long log from its beginning would take a minute.
    """
    last = reader.last_seq(path)
    last = last if until is None else min(last, until)
    window = max(limit, _WINDOW)
    while True:
        after = max(0, last - window)
        found = collections.deque(
            filter(is_wanted, _rows(path, after, last)), limit
        )
        if len(found) == limit or after == 0:
            return found
        window *= 8


@log.command()
@history.log_options
@common.json_option
def verify(
    profile: str | None, log_file: pathlib.Path | None, as_json: bool
) -> None:
    """Holds every event against the hash chain.

    Exits with 1 when the log does not verify.
    """
    path = history.log_path(profile, log_file)
    found = chain.verify(path)
    if as_json:
        common.print_json(found)
    elif found.ok:
        click.echo(f'{path} is whole: {found.events} events, head {found.head}')
    if not found.ok:
        raise errors.JournalError(found.message)


for _command in (history.why, history.sql, history.archive, history.export):
    log.add_command(_command)


def _print_row(row: layout.Row) -> None:
    named = dict(zip(_COLUMNS, row, strict=True))
    named['data'] = msgspec.Raw(str(row[6]).encode())
    named['hash'] = row[7].hex()
    common.print_json(named)


def _print_line(row: layout.Row) -> None:
    seq, timestamp, kind, source, symbol, cause, text, _ = row
    if kind not in KINDS:
        raise errors.JournalError(
            f'event {seq} is a {kind!r}, which this version does not know; '
            '--json shows it'
        )
    event_type = events.EventType(kind)
    data = events.decode(event_type, text)
    words = describe.describe(
        events.Event(seq, timestamp, event_type, source, data, symbol, cause)
    )
    click.echo(
        common.clean(
            f'{seq:>8}  {market.to_iso(timestamp):<27}  {kind:<15}  '
            f'{source:<14}  {words}' + (f'  <- {cause}' if cause else '')
        )
    )
