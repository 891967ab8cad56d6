"""`sting robustness`."""

import contextlib
import math
import pathlib
import sys
from typing import Any

import click

from sting import settings
from sting.cli import common
from sting.cli import runs
from sting.cli import yielding
from sting.data import outputs
from sting.model import errors

# As `robustness.PARTS`; numpy is too slow to import for a help text.
_PARTS = ('lookahead', 'permutation', 'bootstrap', 'neighbourhood', 'costs')


def metric_option(function: common.F) -> common.F:
    """Adds --metric."""
    return click.option(
        '--metric',
        default='sharpe',
        show_default=True,
        metavar='M',
        help='What runs are compared by: sharpe, cagr, total_return, ...',
    )(function)


@click.command(cls=runs.ManyValues)
@runs.options
@click.option(
    '--only',
    multiple=True,
    type=click.Choice(_PARTS),
    help='This test alone; several times for several.',
)
@click.option(
    '--runs',
    'permutations',
    type=click.IntRange(19, 1_000_000),
    default=200,
    show_default=True,
    metavar='N',
    help='Permutations of the bars; 19 are the fewest that can show p 0.05.',
)
@click.option(
    '--cuts',
    type=click.IntRange(1, 10_000),
    default=8,
    show_default=True,
    metavar='N',
    help='Moments at which later bars are taken away and replaced.',
)
@metric_option
@click.option(
    '--workers',
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    metavar='N',
    help='Processes that runs are shared among.',
)
@click.option(
    '--report',
    type=click.Path(path_type=pathlib.Path),
    metavar='F.html',
    help='Writes a page with all verdicts and figures.',
)
@common.json_option
@yielding.gives_way
def robustness(strategy: str, data: tuple[str, ...], **options: Any) -> int:
    """Looks for what speaks against a backtest.

    STRATEGY is as for `sting backtest`. Five tests, each with a verdict: does
    it look ahead, does it do better than on bars in a random order, how else
    might it have gone, what if its parameters were a little off, what if
    trading cost more. Exit 1 if it looks ahead.
    """
    # These need numpy and more, which no other command has to wait for.
    from sting.backtest import ledger  # noqa: PLC0415
    from sting.backtest.robust import parts  # noqa: PLC0415
    from sting.backtest.robust import robustness as tests  # noqa: PLC0415
    from sting.backtest.robust import robustpage  # noqa: PLC0415
    from sting.backtest.sweeping import cases  # noqa: PLC0415
    from sting.backtest.sweeping import executors  # noqa: PLC0415
    from sting.cli import setup  # noqa: PLC0415
    from sting.data import places  # noqa: PLC0415
    from sting.strategy import versions  # noqa: PLC0415

    cases.check_metric(options['metric'])
    report = options['report']
    outputs.check([report] if report else [])
    made = setup.read(setup.place(strategy), data, options)
    case = cases.Case(
        strategy=made.strategy,
        bars=made.loaded.table,
        parameters=made.parameters,
        assumed=made.assumed,
        risk=made.risk,
    )
    with versions.Recorder(made.strategy) as recorder:
        result = case.play(
            seed=made.seed, warnings=made.loaded.warnings, recorder=recorder
        )
    path = settings.Home.find().trials
    result = ledger.counted(result, path)
    workers = options['workers']
    with contextlib.ExitStack() as open_now:
        found = tests.run(
            case,
            result,
            metric=options['metric'],
            only=options['only'] or _PARTS,
            files=[each.path for each in places.expand(data)],
            runs=options['permutations'],
            cuts=options['cuts'],
            seed=made.seed,
            pool=(
                open_now.enter_context(executors.Processes(workers))
                if workers > 1
                else None
            ),
            told=_tell,
        )
    _count_neighbours(found, path)
    if report:
        words = runs.words()
        outputs.write([(report, lambda p: robustpage.write(p, found, words))])
    if options['as_json']:
        common.print_json(found.to_json())
    else:
        click.echo(common_lines(tests.text(found)), nl=False)
    return int(
        any(
            part.name == 'lookahead' and part.verdict is parts.Verdict.FAIL
            for part in found.tests
        )
    )


def common_lines(text: str) -> str:
    """Makes lines from outside fit to be shown."""
    return ''.join(f'{common.clean(line)}\n' for line in text.splitlines())


def _tell(part: str) -> None:
    if sys.stderr.isatty():
        click.echo(f'{part} ...', err=True)


def _count_neighbours(found: Any, path: Any) -> None:
    """Writes the neighbours down: they were tried on these data, too."""
    from sting.backtest import ledger  # noqa: PLC0415
    from sting.backtest.figures import metrics  # noqa: PLC0415

    sharpes = [
        each['sharpe'] / math.sqrt(metrics.DAYS_A_YEAR)
        for part in found.tests
        if part.name == 'neighbourhood'
        for each in part.figures.get('neighbours', ())
        if each['sharpe'] is not None
    ]
    data, trial = ledger.of_result(found.result)
    trial = trial._replace(
        kind='robustness',
        key=f'{trial.key}+',
        tally=ledger.tally(sharpes),
    )
    # That the ledger cannot be used was said when the run was counted.
    with contextlib.suppress(errors.LedgerError, errors.ConfigError):
        ledger.Ledger(path).add(data, trial)
