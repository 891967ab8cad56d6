"""`sting replay`, and what `sting log` does with the past of a log."""

import csv
import os
import pathlib
import sys
from typing import Any

import click
import msgspec

from sting import settings
from sting.cli import common
from sting.engine import anonymize
from sting.engine import archive as archives
from sting.engine import describe
from sting.engine import export as exports
from sting.engine import history
from sting.engine import journal
from sting.engine import performance
from sting.engine import state
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records

# Fields of tables that are not figures.
_WORDS = ('id', 'name', 'symbol', 'side', 'type', 'status', 'detail')


def log_options(function: common.F) -> common.F:
    """Adds --profile and --log."""
    return click.option(
        '--log',
        'log_file',
        metavar='FILE',
        type=click.Path(path_type=pathlib.Path),
        help="A log in a file, such as an exported one, not a profile's.",
    )(common.profile_option(function))


def log_path(
    profile: str | None, file: pathlib.Path | None = None
) -> pathlib.Path:
    """Gives the path of the log that is meant.

    Args:
        profile: The profile; None for the one running engine's, else the
            default.
        file: The log itself, given instead.

    Returns:
        The path; there may be no log yet.

    Raises:
        errors.ConfigError: There is no such profile, or several run.
        errors.InputError: Both were given.
    """
    if file is not None:
        if profile is not None:
            raise errors.InputError('--log and --profile exclude each other')
        return file
    home = settings.Home.find()
    return home.log(common.choose_profile(home, profile))


def moment(text: str) -> int:
    """Reads a date or a moment: nanoseconds since the epoch, UTC.

    Raises:
        errors.DataError: It is neither.
    """
    # Imported here: it needs numpy, which most commands do not.
    from sting.data import times  # noqa: PLC0415

    return times.parse_moment(text)


@click.command()
@click.argument('log')
@click.option(
    '--at',
    metavar='SEQ|TIME',
    help='After the event of this number, or after the last one up to this '
    'moment: 2013-03-01T14:30:00Z, UTC if no zone is given. Without it, at '
    'the end.',
)
@common.json_option
def replay(log: str, at: str | None, as_json: bool) -> None:
    """Shows the state at any moment of a log.

    LOG is a profile's name or the path of a log.
    """
    path = _find(log)
    if at is None or at.isdecimal():
        seq = None if at is None else int(at)
        if seq == 0:
            raise errors.InputError('--at 0: events are numbered from 1')
        system = history.state_at(path, seq=seq)
    else:
        system = history.state_at(path, time=moment(at))
    picture = _picture(system)
    if as_json:
        common.print_json(picture)
    else:
        _print_picture(picture)


def _find(log: str) -> pathlib.Path:
    path = pathlib.Path(log).expanduser()
    if path.is_file() or os.sep in log:
        return path
    home = settings.Home.find()
    return home.log(common.choose_profile(home, log))


def _picture(system: state.SystemState) -> dict[str, Any]:
    equity = system.equity()
    positions = []
    for symbol in system.portfolio.held:
        position = system.portfolio.positions[symbol]
        last = system.prices.get(symbol, position.average_price)
        positions.append(
            {
                'symbol': symbol,
                'quantity': position.quantity,
                'average_price': position.average_price,
                'last': system.prices.get(symbol),
                'value': position.quantity * last,
                'unrealized': position.unrealized(last),
                'realized': position.realized,
            }
        )
    return {
        'log': system.log,
        'mode': system.mode,
        'seq': system.seq,
        'time': market.to_iso(system.time),
        'state': system.trading,
        'reason': system.halted_by,
        'equity': equity,
        'cash': system.portfolio.cash,
        'day_pnl': equity - system.day_equity,
        'realized': system.portfolio.realized(),
        'fees': system.portfolio.fees(),
        'positions': positions,
        'orders': list(system.working()),
        'strategies': [
            {
                'name': name,
                'status': status.status,
                'detail': status.detail,
                'pnl': system.book(name).value(system.prices),
                'performance': performance.picture(
                    system.ledger.tallies.get(name) or performance.Tally(),
                    system.book(name),
                    system.prices,
                ),
            }
            for name, status in system.strategies.items()
        ],
    }


def _print_picture(picture: dict[str, Any]) -> None:
    reason = f' ({picture["reason"]})' if picture['reason'] else ''
    for name, text in {
        'log': f'{picture["log"]} {picture["mode"]}',
        'event': f'{picture["seq"]} at {picture["time"]}',
        'state': f'{picture["state"]}{reason}',
        'equity': common.money(picture['equity']),
        'cash': common.money(picture['cash']),
        'day p&l': common.money(picture['day_pnl']),
        'realized': common.money(picture['realized']),
        'fees': common.money(picture['fees']),
    }.items():
        click.echo(common.clean(f'{name:<12}{text}'))
    _print_list(
        'positions',
        'symbol',
        ('quantity', 'average_price', 'last', 'value', 'unrealized'),
        [(row['symbol'], row) for row in picture['positions']],
    )
    _print_list(
        'working orders',
        'id',
        ('symbol', 'side', 'quantity', 'filled', 'type', 'price', 'status'),
        [
            (order.id, msgspec.structs.asdict(order))
            for order in picture['orders']
        ],
    )
    _print_list(
        'strategies',
        'name',
        ('status', 'pnl', 'detail'),
        [(row['name'], row) for row in picture['strategies']],
    )


def _print_list(
    title: str,
    key: str,
    fields: tuple[str, ...],
    rows: list[tuple[str, dict[str, Any]]],
) -> None:
    if not rows:
        return
    click.echo(f'\n{title}')
    common.print_table(
        {
            field.replace('_', ' '): (
                common.LEFT if field in _WORDS else common.RIGHT
            )
            for field in (key, *fields)
        },
        [
            (name, *(_cell(row[field]) for field in fields))
            for name, row in rows
        ],
    )


def _cell(value: object) -> str:
    if value is None or isinstance(value, float):
        return common.price(value if value is None else round(value, 6))
    return str(value)


@click.command()
@click.argument('seq', type=click.IntRange(min=1))
@log_options
@common.json_option
def why(
    seq: int, profile: str | None, log_file: pathlib.Path | None, as_json: bool
) -> None:
    """Tells what led to an event, back to its first cause.

    For a fill: the order, the verdict with each rule's figure, the signal
    with its reason and indicators, and the bar it answered. For a signal also
    what became of it: an order, or what refused it. `sting log show` has the
    numbers.
    """
    path = log_path(profile, log_file)
    found = history.why(path, seq)
    if as_json:
        common.print_json([_with_rules(path, event) for event in found])
        return
    for event in found:
        row = describe.to_row(event)
        cause = f'  <- {row.cause}' if row.cause else ''
        click.echo(
            common.clean(
                f'{row.seq:>8}  {market.to_iso(row.timestamp):<27}  '
                f'{row.type:<15}  {row.source:<14}  {row.text}{cause}'
            )
        )
        for line in _details(path, event):
            click.echo(common.clean(f'{"":>10}{line}'))


def _with_rules(path: pathlib.Path, event: events.Event) -> dict[str, Any]:
    return msgspec.structs.asdict(describe.to_row(event)) | {
        'data': event.data,
        'rules': _figures(path, event),
    }


def _figures(
    path: pathlib.Path, event: events.Event
) -> list[records.RuleFigure]:
    if event.type is not events.EventType.RISK_VERDICT:
        return []
    return history.figures(path, event.data)


def _details(path: pathlib.Path, event: events.Event) -> list[str]:
    """Gives lines of their own: each rule's figure, each indicator."""
    if event.type is events.EventType.RISK_VERDICT:
        return [describe.rule(figure) for figure in _figures(path, event)]
    signal = event.data
    if event.type is events.EventType.SIGNAL_REFUSED:
        signal = event.data.signal
    if not isinstance(signal, orders.Signal):
        return []
    return [
        f'{name} = {value:,.10g}' for name, value in signal.indicators.items()
    ]


@click.command()
@click.argument('statement')
@click.option(
    '--csv', 'as_csv', is_flag=True, help='Prints CSV and nothing else.'
)
@log_options
@common.json_option
def sql(
    statement: str,
    as_csv: bool,
    profile: str | None,
    log_file: pathlib.Path | None,
    as_json: bool,
) -> None:
    """Runs one SELECT over the log, which it cannot change.

    The table is events(seq, timestamp, type, source, symbol, cause, data,
    hash); data is JSON, so that data ->> '$.price' is a field of it.
    """
    if as_csv and as_json:
        raise click.UsageError('--csv and --json exclude each other')
    titles, rows = history.query(log_path(profile, log_file), statement)
    names = _distinct(titles)
    cells = [[_plain(value) for value in row] for row in rows]
    if as_json:
        common.print_json([dict(zip(names, r, strict=True)) for r in cells])
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator='\n')
        writer.writerows([names, *cells])
    else:
        numbers = [
            any(isinstance(row[place], int | float) for row in cells)
            for place in range(len(names))
        ]
        sides = [common.RIGHT if each else common.LEFT for each in numbers]
        common.print_table(
            dict(zip(names, sides, strict=True)),
            [['-' if cell is None else cell for cell in r] for r in cells],
        )


def _distinct(titles: list[str]) -> list[str]:
    """Gives every column a name of its own: seq, seq:2, ..."""
    names: dict[str, None] = {}
    for title in titles:
        name = title
        nth = 1
        while name in names:
            nth += 1
            name = f'{title}:{nth}'
        names[name] = None
    return list(names)


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


@click.command()
@click.option(
    '--before',
    metavar='DATE',
    help='Only events before this date or moment, UTC if no zone is given.',
)
@click.option(
    '--keep',
    type=click.IntRange(min=archives.KEEP),
    default=archives.KEEP,
    help='So many of the newest events stay in the log.',
)
@common.profile_option
@common.json_option
def archive(
    before: str | None, keep: int, profile: str | None, as_json: bool
) -> None:
    """Moves old events into a compressed file.

    It lies in the folder `segments` beside the log, and belongs to it: the
    log verifies, replays and explains as before as long as it is there. What
    is newer than the newest checkpoint stays.
    """
    # Imported here, since it loads all that an engine needs.
    from sting.session import room  # noqa: PLC0415

    path = log_path(profile)
    if not path.exists():
        raise errors.JournalError(f'there is no event log at {path}')
    limit = None if before is None else moment(before)
    lock = journal.Lock(path.parent / room.LOCK)
    lock.sign(f'process {os.getpid()}, sting log archive')
    try:
        done = archives.archive(path, before=limit, keep=keep)
    finally:
        lock.release()
    if as_json:
        common.print_json(done)
    elif done is None:
        click.echo('there is nothing to archive')
    else:
        click.echo(
            f'archived events {done.first} to {done.last} into {done.file}, '
            f'{done.bytes:,} bytes'
        )


@click.command()
@click.argument('file', type=click.Path(path_type=pathlib.Path))
@click.option(
    '--anonymize',
    'anonymous',
    is_flag=True,
    help='Without names and texts, with all money scaled by one secret factor.',
)
@click.option(
    '--from',
    'first',
    type=click.IntRange(min=1),
    default=1,
    metavar='N',
    help='The first number that is wanted. Market data of the days before it '
    'that led to nothing is left out, and the rest numbered again.',
)
@click.option(
    '--to',
    'until',
    type=click.IntRange(min=1),
    metavar='N',
    help='The last number.',
)
@log_options
@common.json_option
def export(
    file: pathlib.Path,
    anonymous: bool,
    first: int,
    until: int | None,
    profile: str | None,
    log_file: pathlib.Path | None,
    as_json: bool,
) -> None:
    """Copies the log into FILE, a log that verifies and replays by itself.

    Of a damaged log, what comes before the damage. It exits with 1 then.
    """
    path = log_path(profile, log_file)
    done = exports.export(
        path,
        file,
        first=first,
        until=until,
        anonymizer=anonymize.Anonymizer.draw() if anonymous else None,
    )
    if as_json:
        common.print_json(done)
    else:
        click.echo(f'exported {done.events} events to {done.file}')
        if done.first != first:
            click.echo(f'event {first} is number {done.first} there')
    if done.first_bad is not None:
        raise errors.JournalError(
            f'{done.message}; only what comes before was exported'
        )
