"""`sting walkforward`."""

import contextlib
import pathlib
import sys
from typing import Any

import click

from sting import settings
from sting.cli import common
from sting.cli import remote
from sting.cli import robustness
from sting.cli import runs
from sting.cli import yielding
from sting.data import outputs as outputs_lib

_OUTPUTS = ('report', 'trades', 'fills', 'equity')


@click.command(cls=runs.ManyValues)
@runs.options
@click.option(
    '--grid',
    multiple=True,
    required=True,
    metavar='NAME=START:STOP:STEP..',
    help='Values that are tried of a parameter; or NAME=A|B|C.',
)
@click.option(
    '--train',
    type=int,
    required=True,
    metavar='D',
    help='Days with bars that each window learns on.',
)
@click.option(
    '--test',
    type=int,
    required=True,
    metavar='D',
    help='Days with bars after them that it is held to.',
)
@click.option(
    '--anchored',
    is_flag=True,
    help='All windows learn from the first bar on.',
)
@robustness.metric_option
@click.option(
    '--workers',
    type=click.IntRange(1, 1024),
    metavar='N',
    help='Runs at a time; one a core without it.',
)
@remote.options
@click.option(
    '--report',
    type=click.Path(path_type=pathlib.Path),
    metavar='F.html',
    help='Writes a page of the tests joined to one run.',
)
@click.option(
    '--trades',
    type=click.Path(path_type=pathlib.Path),
    metavar='F.csv',
    help='Writes their round trips.',
)
@click.option(
    '--fills',
    type=click.Path(path_type=pathlib.Path),
    metavar='F.csv',
    help='Writes what was traded in them.',
)
@click.option(
    '--equity',
    type=click.Path(path_type=pathlib.Path),
    metavar='F.csv',
    help='Writes the account in them.',
)
@runs.progress_option
@common.json_option
@yielding.gives_way
def walkforward(strategy: str, data: tuple[str, ...], **options: Any) -> None:
    """Learns parameters on past bars and holds them to the next.

    STRATEGY is as for `sting backtest`. Only the bars that nothing was learnt
    on count; they are joined to one run.
    """
    outputs = {
        name: options[name] for name in _OUTPUTS if options[name] is not None
    }
    outputs_lib.check(outputs.values())
    remote.check(options)
    # These need numpy and more, which no other command has to wait for.
    from sting.backtest.robust import walkforward as walks  # noqa: PLC0415
    from sting.backtest.robust import walktext  # noqa: PLC0415
    from sting.backtest.sweeping import cases  # noqa: PLC0415
    from sting.cli import setup  # noqa: PLC0415

    made = setup.read(setup.place(strategy), data, options)
    with remote.pool(options) or contextlib.nullcontext() as pool:
        found, data_seen, trial = walks.run(
            cases.Case(
                strategy=made.strategy,
                bars=made.loaded.table,
                parameters=made.parameters,
                assumed=made.assumed,
                risk=made.risk,
            ),
            options['grid'],
            train=options['train'],
            test=options['test'],
            metric=options['metric'],
            anchored=options['anchored'],
            workers=options['workers'] or yielding.workers(),
            seed=made.seed,
            warnings=made.loaded.warnings,
            pool=pool,
            told=_tell_json if options['progress_json'] else _tell,
        )
    found = walks.counted(found, data_seen, trial, settings.Home.find().trials)
    result = found.result
    command = runs.words()

    def write_page(path: pathlib.Path) -> None:
        # It loads all that draws, which a walk without a page does not need.
        from sting.backtest.reporting import page  # noqa: PLC0415

        page.write(path, result, made.loaded.table, command)

    writers: dict[str, outputs_lib.Write] = {
        'report': write_page,
        'trades': result.write_trades,
        'fills': result.write_fills,
        'equity': result.write_equity,
    }
    outputs_lib.write([(path, writers[name]) for name, path in outputs.items()])
    if options['as_json']:
        common.print_json(found.to_json())
    else:
        click.echo(robustness.common_lines(walktext.text(found)), nl=False)


def _tell(line: str, done: int, total: int) -> None:
    del done, total
    if sys.stderr.isatty():
        click.echo(line, err=True)


def _tell_json(line: str, done: int, total: int) -> None:
    del line
    runs.tell_json(done, total)
