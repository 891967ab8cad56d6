"""`sting data bars`: bars made of trades, quotes and shorter bars."""

from collections.abc import Sequence
import pathlib
from typing import TYPE_CHECKING
from typing import Any

import click

from sting.cli import common
from sting.cli import runs
from sting.model import errors
from sting.model import timeframes

if TYPE_CHECKING:
    from sting.data import bar_tables


@click.command(cls=runs.ManyValues)
@click.argument('files', nargs=-1, required=True, metavar='FILE..')
@click.option(
    '--make',
    required=True,
    metavar='T',
    help='5m, 1h, 1d, ..., tick:100, volume:10000 or dollar:1e6.',
)
@click.option(
    '--out',
    required=True,
    type=click.Path(path_type=pathlib.Path),
    metavar='FILE',
    help='CSV or Parquet, by its name; for --data.',
)
@click.option(
    '--symbol', multiple=True, metavar='S..', help='Only these; all without.'
)
@click.option('--timeframe', metavar='T', help='Of the bars in the files.')
@click.option(
    '--stamp',
    type=click.Choice(['open', 'close']),
    default='open',
    show_default=True,
    help='What the timestamps of bars are.',
)
@click.option(
    '--calendar',
    default='XNYS',
    show_default=True,
    metavar='NAME',
    help='The exchange whose sessions bars follow, or `24/7`.',
)
@click.option(
    '--actions',
    metavar='FILE',
    help='Splits and dividends of raw bars, or `sample`; for --view.',
)
@click.option(
    '--view',
    type=click.Choice(['back', 'forward']),
    help='Adjusts bars for --actions; the last or the first prices stay.',
)
@common.json_option
def bars(
    files: tuple[str, ...],
    make: str,
    out: pathlib.Path,
    symbol: tuple[str, ...],
    actions: str | None,
    view: str | None,
    as_json: bool,
    **reading: Any,
) -> None:
    """Makes bars of trades, of quotes or of shorter bars.

    The files are of one kind, which their columns show: price and size of
    trades; bid, ask and their sizes of quotes, whose mid is the price; or
    bars. Bars of time begin with the sessions of the exchange; those of ticks,
    volume and dollars end with the trade that makes them full.
    """
    timeframe = named(make)
    if (actions is None) != (view is None):
        raise errors.InputError('--actions and --view go together')
    # These need numpy and more, which no other command has to wait for.
    from sting.data import bar_tables  # noqa: PLC0415
    from sting.data import calendars  # noqa: PLC0415
    from sting.data import files as files_lib  # noqa: PLC0415
    from sting.data import outputs  # noqa: PLC0415
    from sting.data import writer  # noqa: PLC0415

    writer.check(out)
    outputs.check([out])
    loaded = files_lib.read_rows(files, symbols=symbol or None, **reading)
    calendar, rows = reading['calendar'], loaded.rows
    if actions is not None and view is not None:
        rows = _adjusted(rows, actions, view, calendar)
    hours = None
    if timeframes.traded(timeframe) is None:
        hours = calendars.sessions(calendar, int(rows.timestamp[0]))
    made = bar_tables.build(rows, timeframe, hours)
    writer.write(out, made.bars, calendar)
    for warning in loaded.warnings:
        click.echo(common.clean(f'sting: {warning}'), err=True)
    if as_json:
        common.print_json(_to_json(made))
    else:
        for line in _lines(made):
            click.echo(common.clean(line))


def _adjusted(
    rows: 'bar_tables.Rows', path: str, view: str, calendar: str
) -> 'bar_tables.Rows':
    """Gives bars whose prices fit over splits and dividends."""
    from sting.data import actions  # noqa: PLC0415
    from sting.data import table  # noqa: PLC0415

    if not isinstance(rows, table.BarTable):
        raise errors.InputError('--view is for bars; these are none')
    found = actions.read(path)
    return actions.adjusted(rows, found, actions.View(view), calendar=calendar)


def named(make: str) -> str:
    """Gives the timeframe that is meant: dollar:1e6 is dollar:1000000.

    Args:
        make: As it was given.

    Raises:
        errors.InputError: It is no timeframe.
    """
    kind, colon, size = make.partition(':')
    try:
        if colon and kind in ('tick', 'volume', 'dollar'):
            return timeframes.traded_name(kind, float(size))
        fault = timeframes.fault(make)
    except errors.DataError as error:
        fault = str(error)
    except ValueError:
        fault = f'{make!r} is none; write tick:100, volume:10000 or dollar:1e6'
    if fault:
        raise errors.InputError(f'--make: {fault}')
    return make


def _lines(made: 'bar_tables.Made') -> Sequence[str]:
    """Says what came, a line a symbol."""
    found = []
    for name, left in made.left.items():
        count = _count(made, name)
        bars_ = 'bar' if count == 1 else 'bars'
        line = f'{name}: {count:,} {bars_} of {made.bars.timeframe}'
        if left:
            rows = 'row is' if left == 1 else 'rows are'
            line += f'; {left:,} {rows} of bars that are not whole'
        found.append(line)
    return found


def _count(made: 'bar_tables.Made', name: str) -> int:
    return len(made.bars.of(name)) if name in made.bars.symbols else 0


def _to_json(made: 'bar_tables.Made') -> dict[str, Any]:
    return {
        'timeframe': made.bars.timeframe,
        'bars': {name: _count(made, name) for name in made.left},
        'left': dict(made.left),
    }
