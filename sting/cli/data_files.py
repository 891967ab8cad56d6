"""`sting data import` and `export`: bars from files and what is kept."""

from collections.abc import Sequence
import pathlib
from typing import TYPE_CHECKING
from typing import Any

import click

from sting import settings
from sting.cli import common
from sting.cli import runs
from sting.model import errors
from sting.model import market

if TYPE_CHECKING:
    from sting.data import ranges as ranges_lib
    from sting.data import table

_READING = (
    *runs.CHOICE,
    click.option(
        '--stamp',
        type=click.Choice(['open', 'close']),
        default='open',
        show_default=True,
        help="What the file's timestamps are.",
    ),
)


def _reading(function: common.F) -> common.F:
    for option in reversed(_READING):
        function = option(function)
    return function


@click.command('import', cls=runs.ManyValues)
@click.argument('files', nargs=-1, required=True, metavar='FILE..')
@click.option(
    '--to',
    required=True,
    type=click.Path(path_type=pathlib.Path),
    metavar='FOLDER|FILE',
    help='A folder, or one file that ends in .parquet or .csv.',
)
@_reading
@click.option(
    '--calendar',
    default='XNYS',
    show_default=True,
    metavar='NAME',
    help='The exchange whose sessions bare dates are, or `24/7`.',
)
@click.option(
    '--replace',
    is_flag=True,
    help='New bars take the place of others in the folder.',
)
@common.json_option
def import_(
    files: tuple[str, ...],
    to: pathlib.Path,
    replace: bool,
    as_json: bool,
    **reading: Any,
) -> None:
    """Brings files of bars into one form.

    They are read as --data reads them, and refused as there, also as folders
    and patterns. In FOLDER each symbol and length of a bar has a Parquet file,
    timeframe=1d/symbol=AAPL/bars.parquet, to which bars are added; a bar that
    is there otherwise is refused without --replace. All is written or nothing.
    """
    # These need numpy and more, which no other command has to wait for.
    from sting.data import folders  # noqa: PLC0415
    from sting.data import outputs  # noqa: PLC0415
    from sting.data import writer  # noqa: PLC0415

    calendar = reading['calendar']
    if to.suffix and not to.is_dir():
        writer.check(to)
        outputs.check([to])
        bars = _read(files, reading)
        writer.write(to, bars, calendar)
    else:
        bars = _read(files, reading)
        folders.write(to, bars, calendar, replace=replace)
    _tell(bars, to, as_json=as_json)


@click.command(cls=runs.ManyValues)
@click.argument('files', nargs=-1, metavar='[FILE..]')
@click.option(
    '--source', metavar='NAME', help='What is kept of this one, and no files.'
)
@click.option(
    '--out',
    required=True,
    type=click.Path(path_type=pathlib.Path),
    metavar='FILE',
    help='Ends in .csv or .parquet.',
)
@_reading
@click.option(
    '--calendar',
    metavar='NAME',
    help="The exchange whose sessions bare dates are, or `24/7`; the source's, "
    'or XNYS.',
)
@common.json_option
def export(
    files: tuple[str, ...],
    source: str | None,
    out: pathlib.Path,
    calendar: str | None,
    as_json: bool,
    **reading: Any,
) -> None:
    """Writes bars to one file: of files, or of what was fetched.

    Of a --source only what is kept is written, and nothing is asked for; what
    is not known between the first bar and the last is told of.
    """
    # These need numpy and more, which no other command has to wait for.
    from sting.data import outputs  # noqa: PLC0415
    from sting.data import writer  # noqa: PLC0415

    if bool(files) == (source is not None):
        raise errors.InputError('name files or --source, one of the two')
    writer.check(out)
    outputs.check([out])
    if source is None:
        calendar = calendar or 'XNYS'
        bars = _read(files, reading | {'calendar': calendar})
    else:
        bars, calendar = _kept(source, calendar, reading)
    writer.write(out, bars, calendar)
    _tell(bars, out, as_json=as_json)


def _read(files: Sequence[str], reading: dict[str, Any]) -> 'table.BarTable':
    """Reads files, and shows how far it is."""
    # See above.
    from sting.data import files as files_lib  # noqa: PLC0415
    from sting.data import places  # noqa: PLC0415

    symbols = reading.pop('symbol') or None
    found = places.pick(places.expand(files), symbols, reading['timeframe'])
    with common.progress('files', len(found)) as told:
        loaded = files_lib.read(found, symbols=symbols, told=told, **reading)
    for warning in loaded.warnings:
        click.echo(common.clean(f'sting: {warning}'), err=True)
    return loaded.table


def _kept(
    source: str, calendar: str | None, reading: dict[str, Any]
) -> tuple['table.BarTable', str]:
    """Gives what is kept of a source, and its calendar."""
    # See above.
    from sting.data import kept  # noqa: PLC0415
    from sting.data import times  # noqa: PLC0415

    home = settings.Home.find()
    service = settings.load(home).services.get(source)
    bars, known = kept.bars(
        home.bars,
        source,
        reading['timeframe'] or '1d',
        reading['symbol'],
    )
    start, end = reading['start'], reading['end']
    first = None if start is None else times.parse_moment(start)
    last = None if end is None else times.parse_moment(end, last=True)
    bars = bars.select(start=first, end=last)
    if not len(bars):
        raise errors.DataError('no bars are kept between start and end')
    _tell_unknown(known, first, last)
    if calendar is None:
        calendar = 'XNYS' if service is None else service.calendar
    return bars, calendar


def _tell_unknown(
    known: dict[str, 'ranges_lib.Ranges'], first: int | None, last: int | None
) -> None:
    """Says what was never fetched of the stretch that is written."""
    # See above.
    from sting.data import ranges as ranges_lib  # noqa: PLC0415

    for symbol, each in known.items():
        begin = each[0][0] if first is None else first
        end = each[-1][1] if last is None else last
        for gap in ranges_lib.lacking(each, begin, end):
            text = (
                f'sting: {symbol}: nothing is known from '
                f'{market.to_iso(gap[0])} to {market.to_iso(gap[1])}'
            )
            click.echo(common.clean(text), err=True)


def _tell(bars: 'table.BarTable', to: pathlib.Path, *, as_json: bool) -> None:
    rows = []
    for name in bars.symbols:
        mine = bars.of(name)
        if not len(mine):
            continue
        rows.append(
            {
                'symbol': name,
                'timeframe': bars.timeframe,
                'bars': len(mine),
                'start': market.to_iso(int(mine.timestamp[0])),
                'end': market.to_iso(int(mine.timestamp[-1])),
            }
        )
    if as_json:
        common.print_json({'to': str(to), 'bars': rows})
        return
    common.print_table(
        {
            'symbol': common.LEFT,
            'timeframe': common.LEFT,
            'from': common.LEFT,
            'to': common.LEFT,
            'bars': common.RIGHT,
        },
        [
            (
                row['symbol'],
                row['timeframe'],
                str(row['start'])[:10],
                str(row['end'])[:10],
                f'{row["bars"]:,}',
            )
            for row in rows
        ],
    )
