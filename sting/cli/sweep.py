"""`sting sweep`."""

from collections.abc import Callable
import contextlib
import pathlib
from typing import TYPE_CHECKING
from typing import Any

import click

from sting import settings
from sting.cli import common
from sting.cli import loading
from sting.cli import remote
from sting.cli import runs
from sting.cli import yielding
from sting.engine import clock
from sting.model import errors

if TYPE_CHECKING:
    from sting.backtest.sweeping import cells as cells_lib
    from sting.backtest.sweeping import leaders as leaders_lib
    from sting.backtest.sweeping import rowfile
    from sting.backtest.sweeping import sweeps
    from sting.cli import setup

# Figures of the table on a terminal, behind the one that counts.
_SHOWN = ('final_equity', 'sharpe', 'max_drawdown', 'trades', 'win_rate')


@click.command(cls=runs.ManyValues)
@runs.options
@click.option(
    '--grid',
    multiple=True,
    required=True,
    metavar='NAME=START:STOP:STEP..',
    help='Values of a parameter, the stop with them; or NAME=A|B|C.',
)
@click.option(
    '--random',
    'draws',
    type=click.IntRange(1, 10_000_000),
    metavar='N',
    help='Only so many combinations, drawn of the grid by --seed.',
)
@click.option(
    '--metric',
    default='sharpe',
    show_default=True,
    metavar='M',
    help='What the best is best by: a figure of `sting backtest --json`.',
)
@click.option(
    '--workers',
    type=click.IntRange(1, 1024),
    metavar='N',
    help='Runs at a time; one a core without it.',
)
@remote.options
@click.option(
    '--out',
    type=click.Path(path_type=pathlib.Path),
    metavar='F.parquet',
    help='Writes a row for each combination.',
)
@click.option('--cells', is_flag=True, hidden=True)
@runs.progress_option
@common.json_option
@yielding.gives_way
def sweep(strategy: str, data: tuple[str, ...], **options: Any) -> None:
    """Runs a strategy with many combinations of its parameters.

    STRATEGY, data and assumptions are as for `sting backtest`. The last --grid
    changes first. What the strategy refuses is counted, and its row in --out
    says why. The best of many is partly luck: the ledger counts every
    combination as a trial.
    """
    remote.check(options)
    # These need numpy and more, which no other command has to wait for.
    with loading.modules():
        from sting.backtest.sweeping import cells as cells_lib  # noqa: PLC0415
        from sting.backtest.sweeping import executors  # noqa: PLC0415
        from sting.backtest.sweeping import leaders as leaders_lib  # noqa: PLC0415
        from sting.backtest.sweeping import sweeps  # noqa: PLC0415
        from sting.cli import setup  # noqa: PLC0415

        found = leaders_lib.Leaders(options['metric'])
        made = setup.read(setup.place(strategy), data, options)
        swept = sweeps.Sweep(
            made.strategy,
            made.loaded.table,
            made.gate(),
            _space(options),
            parameters=made.parameters,
            assumed=made.assumed,
        )
    cells = None
    if options['cells']:
        cells = cells_lib.Cells(swept.work.space, len(swept))
    time_source = clock.LiveClock()
    with contextlib.ExitStack() as open_now:
        out = _out(options['out'], swept, open_now)
        pool: executors.Pool = open_now.enter_context(
            remote.pool(options)
            or swept.pool(options['workers'] or yielding.workers())
        )
        told = open_now.enter_context(
            runs.progress(options['progress_json'], 'runs')
        )
        before = time_source.monotonic()
        for block in swept.blocks(pool):
            found.add(block)
            if out is not None:
                out.add(block)
            if cells is not None:
                cells.add(block)
            if told is not None:
                told(found.runs, len(swept))
        elapsed = time_source.monotonic() - before
        if found.failed == found.runs:
            raise errors.StrategyError(
                f'none of the {found.runs:,} combinations can be run; the '
                f'first: {found.first_error}'
            )
    _tell(made, swept, found, options, pool.workers, elapsed, cells)


def _space(
    options: dict[str, Any],
) -> Callable[[Any], Any]:
    """Gives what makes the combinations, once the strategy is known."""
    # See above.
    import numpy as np  # noqa: PLC0415

    from sting.backtest.sweeping import spaces  # noqa: PLC0415

    def space(kind: Any) -> spaces.Space:
        made = spaces.parse(options['grid'], kind.parameters)
        if options['draws'] is None:
            return made
        return made.drawn(
            options['draws'], np.random.default_rng(options['seed'])
        )

    return space


def _out(
    path: pathlib.Path | None,
    swept: 'sweeps.Sweep',
    open_now: contextlib.ExitStack,
) -> 'rowfile.RowFile | None':
    """Begins the file of the rows, before the work begins."""
    if path is None:
        return None
    if path.suffix in ('.csv', '.json'):
        raise errors.InputError(
            '--out writes Parquet; name a file such as rows.parquet', path=path
        )
    # See above.
    from sting.backtest.sweeping import rowfile  # noqa: PLC0415

    about = {
        'strategy': swept.work.reference,
        'code_hash': swept.code,
        'parameters': swept.work.parameters,
        'assumptions': swept.work.assumed.told(),
    }
    return open_now.enter_context(
        rowfile.RowFile(path, swept.work.space, about)
    )


def _tell(
    made: 'setup.Setup',
    swept: 'sweeps.Sweep',
    found: 'leaders_lib.Leaders',
    options: dict[str, Any],
    workers: int,
    elapsed: float,
    cells: 'cells_lib.Cells | None',
) -> None:
    """Prints what came of it."""
    # See above.
    from sting.backtest.sweeping import leaders  # noqa: PLC0415

    rows = found.rows(swept.work.space)
    luck = leaders.counted(swept, found, settings.Home.find().trials)
    warnings = [*made.loaded.warnings, *filter(None, [luck.warning])]
    if options['as_json']:
        common.print_json(
            {
                'strategy': made.strategy,
                'metric': options['metric'],
                'best': rows[0].to_json() if rows else None,
                'rows': found.runs,
                'failed': found.failed,
                'first_error': found.first_error,
                'elapsed_s': elapsed,
                'runs_per_s': found.runs / elapsed if elapsed > 0 else None,
                'workers': workers,
                'by_columns': swept.work.by_columns,
                'note': swept.note,
                'trials': luck.trials,
                'deflated_sharpe': luck.deflated,
                'out': None if options['out'] is None else str(options['out']),
                'warnings': warnings,
                **({} if cells is None else {'cells': cells.to_json()}),
            }
        )
        return
    for line in warnings:
        click.echo(f'warning: {common.clean(line)}', err=True)
    _table(rows, options['metric'])
    speed = f', {found.runs / elapsed:,.0f}/s' if elapsed > 0 else ''
    how = 'compiled' if not swept.note else f'event by event: {swept.note}'
    click.echo(
        f'\n{found.runs:,} runs in {elapsed:,.2f} s{speed}; {common.clean(how)}'
    )
    if found.failed:
        click.echo(
            f'{found.failed:,} could not be run; the first: '
            f'{common.clean(found.first_error)}'
        )
    if luck.deflated is not None:
        click.echo(
            f'deflated Sharpe ratio of the best among {luck.trials:,} trials: '
            f'{luck.deflated:.3f} (below 0.95 it may be luck)'
        )
    if options['out'] is not None:
        click.echo(f'rows in {common.clean(options["out"])}')


def _table(rows: 'list[sweeps.Row]', metric: str) -> None:
    """Prints the best runs."""
    if not rows:
        click.echo(f'{metric} is undefined for every run')
        return
    names = list(dict.fromkeys((metric, *_SHOWN)))
    columns = dict.fromkeys([*rows[0].parameters, *names], common.RIGHT)
    common.print_table(
        columns,
        [
            [
                *row.parameters.values(),
                *(_shown(row.figures[name]) for name in names),
            ]
            for row in rows
        ],
    )


def _shown(value: float | None) -> str:
    if value is None:
        return '-'
    return f'{value:,.2f}' if abs(value) >= 1000 else f'{value:.6g}'
