"""`sting data`: files of market data."""

from collections.abc import Iterable
import pathlib
import shutil
from typing import Any

import click

from sting import settings
from sting.cli import common
from sting.cli import data_bars
from sting.cli import data_demo
from sting.cli import data_files
from sting.cli import runs
from sting.model import errors
from sting.model import market

# Of each rule and symbol, so many places are told.
SHOWN = 3
_NARROW = 40


@click.group()
def data() -> None:
    """Brings in, checks and gives out market data."""


data.add_command(data_bars.bars)
data.add_command(data_demo.demo)
data.add_command(data_files.import_)
data.add_command(data_files.export)


@data.command(cls=runs.ManyValues)
@click.argument('files', nargs=-1, required=True, metavar='FILE..')
@click.option(
    '--symbol', multiple=True, metavar='S..', help='Only these; all without.'
)
@click.option('--timeframe', metavar='T', help='Of the bars: 1m, 1h, 1d, ...')
@click.option(
    '--stamp',
    type=click.Choice(['open', 'close']),
    default='open',
    show_default=True,
    help="What the file's timestamps are.",
)
@click.option(
    '--calendar',
    default='XNYS',
    show_default=True,
    metavar='NAME',
    help='The exchange whose hours count, or `24/7`.',
)
@click.option(
    '--rule',
    'given',
    multiple=True,
    metavar='NAME=ACTION..',
    help='off, warn, repair or reject, in place of data.yaml.',
)
@common.json_option
def check(
    files: tuple[str, ...],
    symbol: tuple[str, ...],
    given: tuple[str, ...],
    as_json: bool,
    **reading: Any,
) -> None:
    """Looks for what is wrong in files of bars.

    Each rule warns, repairs or rejects, as data.yaml says; nothing is changed
    in the files. It exits with 1 where bars are rejected.
    """
    chosen: dict[str, str] = {}
    for name, action in settings.load(settings.Home.find()).data.rules.items():
        chosen[name] = action
    chosen.update(_actions(given))
    # These need numpy and more, which no other command has to wait for.
    from sting.data import places  # noqa: PLC0415
    from sting.data import stamps  # noqa: PLC0415
    from sting.data.quality import report  # noqa: PLC0415
    from sting.data.quality import validator  # noqa: PLC0415
    from sting.engine import clock  # noqa: PLC0415

    rules = validator.DataValidator(chosen)
    how = stamps.Reading(**reading)
    now = clock.LiveClock().now()
    chosen_files = places.pick(
        places.expand(files), symbol or None, how.timeframe
    )
    found = []
    with common.progress('files', len(chosen_files)) as told:
        for place in chosen_files:
            each = report.check(place, rules, how, now, symbol or None)
            found.append(each)
            told(1)
    # Of many files some have nothing of the symbols that are asked for.
    found = [each for each in found if each.symbols]
    if not found:
        raise errors.DataError(f'no symbol {symbol[0]!r} in the data')
    if as_json:
        common.print_json([each.to_json() for each in found])
    else:
        for each in found:
            _print(each)
    rejected = sum(each.rejected for each in found)
    if rejected:
        raise errors.RefusedError(f'bars rejected: {rejected:,}')


def _actions(given: Iterable[str]) -> dict[str, str]:
    actions = {}
    for text in given:
        name, equals, action = text.partition('=')
        if not equals:
            raise errors.InputError(
                f'--rule {text!r} has to be name=action, such as gap=reject'
            )
        actions[name] = action
    return actions


def _print(checked: Any) -> None:
    """Prints what was found in one file, with a line of time by rule."""
    ends = [market.to_iso(each) for each in (checked.first, checked.last)]
    click.echo(common.clean(checked.path))
    bars = 'bar' if checked.bars == 1 else 'bars'
    click.echo(
        f'  {checked.bars:,} {bars} of {checked.timeframe}, symbols: '
        f'{len(checked.symbols)}, {ends[0]} to {ends[1]}'
    )
    for warning in checked.warnings:
        click.echo(common.clean(f'  {warning}'))
    if not checked.findings:
        click.echo('  nothing is wrong')
        return
    _print_picture(checked)
    for finding in checked.findings:
        bars = 'bar' if len(finding) == 1 else 'bars'
        words = f'{finding.symbol} {finding.rule}: {len(finding):,} {bars}'
        detail = f', {finding.detail}' if finding.detail else ''
        told = [
            f'  {checked.done(finding):<9} {words}{detail}',
            f'    {checked.doc(finding)}',
            *(f'    {place}' for place in checked.places(finding, SHOWN)),
        ]
        for line in told:
            click.echo(common.clean(line))


def _print_picture(checked: Any) -> None:
    room = shutil.get_terminal_size().columns
    width = max(min(room, 120) - 24, _NARROW)
    click.echo()
    for rule, line in checked.picture(width).items():
        click.echo(f'  {rule:<9} |{line}|')
    first, last = map(market.to_iso, (checked.first, checked.last))
    # Within a day its times tell more than its date.
    part = slice(11, 19) if first[:10] == last[:10] else slice(10)
    start, end = first[part], last[part]
    click.echo(f'  {"":<9} {start}{end:>{width + 2 - len(start)}}')
    click.echo()


@data.command('list')
@click.option('--source', metavar='NAME', help='Only of this source.')
@click.option('--symbol', metavar='S', help='Only of this symbol.')
@common.json_option
def list_(source: str | None, symbol: str | None, as_json: bool) -> None:
    """Shows what is kept of market data that were fetched.

    One line a source, symbol and timeframe. Files that were found damaged are
    counted; they are fetched again when they are wanted.
    """
    # It needs numpy and more, which no other command has to wait for.
    from sting.data import kept  # noqa: PLC0415

    rows = [
        row
        for row in kept.rows(settings.Home.find().bars)
        if source in (None, row.source) and symbol in (None, row.symbol)
    ]
    if as_json:
        common.print_json([row.to_json() for row in rows])
        return
    if not rows:
        of = ' of '.join(each for each in (symbol, source) if each)
        click.echo(f'nothing is kept of {of}' if of else 'nothing is kept')
        return
    common.print_table(
        {
            'source': common.LEFT,
            'symbol': common.LEFT,
            'timeframe': common.LEFT,
            'from': common.LEFT,
            'to': common.LEFT,
            'bars': common.RIGHT,
            'size': common.RIGHT,
            'damaged': common.RIGHT,
        },
        [
            (
                row.source,
                row.symbol,
                row.timeframe,
                market.to_iso(row.first)[:10] if row.bars else '-',
                market.to_iso(row.last)[:10] if row.bars else '-',
                f'{row.bars:,}',
                f'{row.size / 1e6:,.1f} MB',
                row.damaged or '-',
            )
            for row in rows
        ],
    )


@data.command()
@click.argument('source')
@click.argument('symbols', nargs=-1, required=True, metavar='SYMBOL..')
@click.option(
    '--timeframe', default='1d', show_default=True, metavar='T', help='1m, 1d.'
)
@click.option(
    '--start', required=True, metavar='D', help='The first date or moment.'
)
@click.option('--end', metavar='D', help='The last one; now without it.')
@click.option(
    '--out',
    type=click.Path(path_type=pathlib.Path),
    metavar='FILE',
    help='Writes the bars as CSV or Parquet, for --data.',
)
@click.option(
    '--actions',
    type=click.Path(path_type=pathlib.Path),
    metavar='FILE',
    help='Writes splits and dividends as CSV, Parquet or YAML, for '
    '`sting backtest --actions`.',
)
@click.option(
    '--view',
    type=click.Choice(['raw', 'back', 'forward']),
    help='Prices as they were traded, or adjusted for splits and dividends '
    'with the last or the first ones left as they are.  [with --actions: raw]',
)
@common.json_option
def fetch(
    source: str,
    symbols: tuple[str, ...],
    timeframe: str,
    start: str,
    end: str | None,
    out: pathlib.Path | None,
    actions: pathlib.Path | None,
    view: str | None,
    as_json: bool,
) -> None:
    """Fetches bars of the past, and keeps them.

    SOURCE is binance, yahoo, alphavantage, alpaca or ibkr, whose addresses and
    limits are in exchanges/SOURCE.yaml, or a database, an archive or a
    generator of data.yaml. Of a service only what is not kept already is asked
    for. What comes is held against the rules of data.yaml; bars that are
    rejected are told of, and left out of FILE. Splits and dividends are those
    of yahoo. Bars are those that close from --start to --end.
    """
    home = settings.Home.find()
    loaded = settings.load(home)
    if source not in loaded.services:
        # It imports a YAML parser, which the other commands load anyway.
        from sting.settings import tree  # noqa: PLC0415

        raise errors.InputError(tree.unknown('source', source, loaded.services))
    # These need numpy and more, which no other command has to wait for.
    from sting.cli import fetching  # noqa: PLC0415

    fetching.check_outputs(out, actions)
    if actions is not None:
        view = view or 'raw'
    done = fetching.fetch(
        home, loaded, source, symbols, timeframe, start, end, view
    )
    done.write(out, actions)
    if as_json:
        common.print_json(done.to_json())
    else:
        for line in done.lines():
            click.echo(common.clean(line))
    if done.stale:
        raise errors.SourceUnavailableError(
            f'{done.stale}; what was kept before is all that there is'
        )
