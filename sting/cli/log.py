"""`sting log`: the event log as it lies on the disk."""

from collections.abc import Iterable
import pathlib

import click
import msgspec

from sting import settings
from sting.cli import common
from sting.engine import describe
from sting.engine import journal
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import views

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
@common.profile_option
@common.json_option
def show(
    after: int,
    limit: int | None,
    kind: str | None,
    symbol: str | None,
    profile: str | None,
    as_json: bool,
) -> None:
    """Prints events.

    As JSON one object a line, with the columns of the table.
    """
    count = 0
    for row in journal.rows(_path(profile), after):
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
@common.profile_option
@common.json_option
def verify(profile: str | None, as_json: bool) -> None:
    """Holds every event against the hash chain.

    Exits with 1 when the log does not verify.
    """
    path = _path(profile)
    found = journal.verify(path)
    if as_json:
        common.print_json(found)
    elif found.ok:
        click.echo(f'{path} is whole: {found.events} events, head {found.head}')
    if not found.ok:
        raise errors.JournalError(found.message)


@log.command()
@click.argument('seq', type=click.IntRange(min=1))
@common.profile_option
@common.json_option
def why(seq: int, profile: str | None, as_json: bool) -> None:
    """Walks from an event back to its first cause.

    `sting log show` has the numbers.
    """
    rows = [
        describe.to_row(event) for event in journal.why(_path(profile), seq)
    ]
    if as_json:
        common.print_json(rows)
        return
    _print_rows(rows)


def _path(profile: str | None) -> pathlib.Path:
    home = settings.Home.find()
    return home.log(common.choose_profile(home, profile))


def _print_row(row: journal.Row) -> None:
    named = dict(zip(_COLUMNS, row, strict=True))
    named['data'] = msgspec.Raw(str(row[6]).encode())
    named['hash'] = row[7].hex()
    common.print_json(named)


def _print_line(row: journal.Row) -> None:
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


def _print_rows(rows: Iterable[views.EventRow]) -> None:
    common.print_table(
        {
            'number': common.RIGHT,
            'time': common.LEFT,
            'type': common.LEFT,
            'source': common.LEFT,
            'what': common.LEFT,
        },
        [
            (
                row.seq,
                market.to_iso(row.timestamp),
                row.type,
                row.source,
                row.text,
            )
            for row in rows
        ],
    )
