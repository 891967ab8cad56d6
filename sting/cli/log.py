"""`sting log`: the event log as it lies on the disk."""

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
    default=0,
    metavar='N',
    help='Begins behind this number.',
)
@click.option(
    '--limit', type=click.IntRange(min=1), metavar='N', help='At most so many.'
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
    after: int,
    limit: int | None,
    kind: str | None,
    symbol: str | None,
    profile: str | None,
    log_file: pathlib.Path | None,
    as_json: bool,
) -> None:
    """Prints events.

    As JSON one object a line, with the columns of the table.
    """
    count = 0
    for row in reader.rows(history.log_path(profile, log_file), after):
        if limit is not None and count >= limit:
            break
        if kind not in (None, row[2]) or symbol not in (None, row[4]):
            continue
        count += 1
        if as_json:
            _print_row(row)
        else:
            _print_line(row)


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
