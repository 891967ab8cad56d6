"""`sting backtest`."""

from collections.abc import Iterator
import contextlib
import pathlib
from typing import Any

import click

from sting import settings
from sting.cli import common
from sting.cli import loading
from sting.cli import runs
from sting.cli import yielding
from sting.data import outputs as outputs_lib
from sting.model import market

# Of a strategy's log, under a run.
LOG_SHOWN = 100


@click.command(cls=runs.ManyValues)
@runs.options
@runs.benchmark_option
@click.option(
    '--report',
    type=click.Path(path_type=pathlib.Path),
    metavar='F.html',
    help='Writes a page with plots and all figures, which opens offline.',
)
@click.option(
    '--trades',
    type=click.Path(path_type=pathlib.Path),
    metavar='F.csv',
    help='Writes the round trips.',
)
@click.option(
    '--fills',
    type=click.Path(path_type=pathlib.Path),
    metavar='F.csv',
    help='Writes what was traded.',
)
@click.option(
    '--orders',
    type=click.Path(path_type=pathlib.Path),
    metavar='F.csv',
    help='Writes the orders that were asked for, each with its reason and '
    "the strategy's indicators.",
)
@click.option(
    '--equity',
    type=click.Path(path_type=pathlib.Path),
    metavar='F.csv',
    help='Writes the account at each moment.',
)
@click.option(
    '--verdicts',
    type=click.Path(path_type=pathlib.Path),
    metavar='F.csv',
    help='Writes the orders that risk denied or reduced, and the signals that '
    'became no order.',
)
@click.option(
    '--fill-range',
    is_flag=True,
    help='Runs all modes of --fill and tells how far they are apart.',
)
@click.option(
    '--detail-timeframe',
    metavar='T',
    help='The data are bars of this length, which orders are held against; '
    'the strategy is given bars of --timeframe, built of them.',
)
@click.option(
    '--configured',
    metavar='NAME',
    help='Holds it to what strategy.yaml says of NAME: timeframes, capital, '
    'limits, sizing and protection.',
)
@runs.progress_option
@common.json_option
@yielding.gives_way
def backtest(strategy: str, data: tuple[str, ...], **options: Any) -> None:
    """Runs a strategy over past bars or quotes.

    STRATEGY is a module or a file: sting.library.sma_cross, or
    path/to/file.py:ClassName, from here on or from the strategies folder on.
    The same file runs on paper and live.
    """
    outputs = {
        name: options[name]
        for name in (
            'report',
            'trades',
            'fills',
            'orders',
            'equity',
            'verdicts',
        )
        if options[name] is not None
    }
    outputs_lib.check(outputs.values())
    # These need numpy and more, which no other command has to wait for.
    with loading.modules():
        from sting.backtest import asked  # noqa: PLC0415
        from sting.backtest import ledger  # noqa: PLC0415
        from sting.cli import setup  # noqa: PLC0415
        from sting.strategy import versions  # noqa: PLC0415

        strategy = setup.place(strategy)
        made = setup.read(strategy, data, options, takes_quotes=True)
    wanted = asked.Asked() if 'orders' in outputs else None
    with (
        _shown_log(options['as_json']) as written,
        runs.progress(options['progress_json'], made.what) as progress,
        versions.Recorder(strategy) as recorder,
    ):
        result = made.run(
            written=written,
            progress=progress,
            recorder=recorder,
            every_mode=options['fill_range'],
            watch=wanted,
        )
    result = ledger.counted(result, settings.Home.find().trials)
    command = runs.words()

    def write_page(path: pathlib.Path) -> None:
        # It loads all that draws, which a run without a page does not need.
        from sting.backtest.reporting import page  # noqa: PLC0415

        page.write(path, result, made.loaded.table, command)

    writers: dict[str, outputs_lib.Write] = {
        'report': write_page,
        'trades': result.write_trades,
        'fills': result.write_fills,
        'equity': result.write_equity,
        'verdicts': result.write_verdicts,
    }
    if wanted is not None:
        writers['orders'] = wanted.write
    outputs_lib.write([(path, writers[name]) for name, path in outputs.items()])
    if options['as_json']:
        common.print_json(result.to_json())
    else:
        from sting.backtest.reporting import report  # noqa: PLC0415

        click.echo(report.ReportGenerator().text(result), nl=False)


@contextlib.contextmanager
def _shown_log(as_json: bool) -> Iterator[list[Any]]:
    """Shows what a strategy wrote, under the run; JSON has a field for it."""
    written: list[Any] = []
    failed = True
    try:
        yield written
        failed = False
    finally:
        if failed or not as_json:
            if len(written) > LOG_SHOWN:
                click.echo(f'the last {LOG_SHOWN} lines of the log:', err=True)
            for line in written[-LOG_SHOWN:]:
                click.echo(
                    f'{market.to_iso(line.timestamp)} {line.level}: '
                    f'{line.text}',
                    err=True,
                )
