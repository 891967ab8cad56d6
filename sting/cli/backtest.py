"""`sting backtest`."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import os
import pathlib
import shlex
import sys
import tempfile
from typing import Any

import click
import msgspec

from sting import settings
from sting.cli import common
from sting.model import errors
from sting.model import market

# Of a strategy's log, under a run.
LOG_SHOWN = 100
_SEVERAL = ('--data', '--symbol', '--set')
# Where the words of the command are kept while it runs.
_WORDS = 'sting.words'
_Write = Callable[[pathlib.Path], None]


class ManyValues(click.Command):
    """A command whose options for several take them one after another too.

    `--data a.csv b.csv` is the same as `--data a.csv --data b.csv`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeats an option for each of its values."""
        ctx.meta[_WORDS] = shlex.join([*ctx.command_path.split(), *args])
        return super().parse_args(ctx, self._repeat(args))

    def _repeat(self, args: Iterable[str]) -> list[str]:
        valued = {
            name
            for option in self.params
            if isinstance(option, click.Option) and not option.is_flag
            for name in option.opts
        }
        result: list[str] = []
        current = ''
        wants_value = False
        has_strategy = False
        for word in args:
            if wants_value:
                wants_value = False
            elif word.startswith('-'):
                name, equals, _ = word.partition('=')
                current = name if name in _SEVERAL else ''
                wants_value = name in valued and not equals
            elif current and has_strategy:
                result.append(current)
            else:
                has_strategy = True
                current = ''
            result.append(word)
        return result


@click.command(cls=ManyValues)
@click.argument('strategy')
@click.option(
    '--data',
    multiple=True,
    required=True,
    metavar='FILE..',
    help='CSV or Parquet, or `sample`.',
)
@click.option(
    '--symbol', multiple=True, metavar='S..', help='Only these; all without.'
)
@click.option('--timeframe', metavar='T', help='Of the bars: 1m, 1h, 1d, ...')
@click.option('--start', metavar='D', help='The first date or moment.')
@click.option('--end', metavar='D', help='The last date or moment.')
@click.option(
    '--cash',
    type=float,
    default=100_000.0,
    show_default=True,
    metavar='N',
    help='What the account starts with.',
)
@click.option(
    '--set',
    'given',
    multiple=True,
    metavar='NAME=VALUE..',
    help='A parameter of the strategy.',
)
@click.option(
    '--fill',
    type=click.Choice(['next_open']),
    default='next_open',
    show_default=True,
    help='When a market order fills.',
)
@click.option(
    '--commission-bps',
    type=float,
    default=0.0,
    show_default=True,
    metavar='N',
    help='Of what is traded, in basis points.',
)
@click.option(
    '--slippage-bps',
    type=float,
    default=0.0,
    show_default=True,
    metavar='N',
    help='On market and stop orders, in basis points of the price.',
)
@click.option(
    '--participation',
    type=float,
    default=0.25,
    show_default=True,
    metavar='SHARE',
    help="The most of a bar's volume that is filled.",
)
@click.option(
    '--touch-fills',
    is_flag=True,
    help='A limit that a bar only touches is filled.',
)
@click.option(
    '--risk',
    type=click.Path(path_type=pathlib.Path),
    metavar='FILE',
    help='Other rules than `backtest:` in risk.yaml.',
)
@click.option(
    '--stamp',
    type=click.Choice(['open', 'close']),
    default='open',
    show_default=True,
    help="What the file's timestamps are.",
)
@click.option(
    '--benchmark',
    metavar='SYMBOL|FILE',
    help='What the run is held against, bought and held: a symbol of the data '
    'or a file of one; the symbol that runs, where it is the only one.',
)
@click.option(
    '--calendar',
    default='XNYS',
    show_default=True,
    metavar='NAME',
    help='The exchange whose sessions count, or `24/7`.',
)
@click.option(
    '--seed',
    type=int,
    default=0,
    show_default=True,
    metavar='N',
    help='Kept with the result; nothing in a run is drawn at random.',
)
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
    '--equity',
    type=click.Path(path_type=pathlib.Path),
    metavar='F.csv',
    help='Writes the account at each moment.',
)
@click.option('--progress-json', is_flag=True, hidden=True)
@common.json_option
def backtest(strategy: str, data: tuple[str, ...], **options: Any) -> None:
    """Runs a strategy over past bars.

    STRATEGY is a module or a file: sting.library.sma_cross, or
    path/to/file.py:ClassName, from here on or from the strategies folder on.
    The same file runs on paper and live.
    """
    strategy = _place(strategy)
    outputs = {
        name: options[name]
        for name in ('report', 'trades', 'fills', 'equity')
        if options[name] is not None
    }
    _check_outputs(outputs.values())
    _check_figures(options)
    risk = _risk(options['risk'])
    given = _parameters(options['given'])
    # These need numpy and more, which no other command has to wait for.
    from sting.backtest import benchmark  # noqa: PLC0415
    from sting.backtest import engine  # noqa: PLC0415
    from sting.backtest import page  # noqa: PLC0415
    from sting.backtest import report  # noqa: PLC0415
    from sting.data import files  # noqa: PLC0415
    from sting.risk import gate  # noqa: PLC0415
    from sting.strategy import versions  # noqa: PLC0415

    named = ('timeframe', 'stamp', 'start', 'end', 'calendar')
    reading = {name: options[name] for name in named}
    loaded = files.read(data, symbols=options['symbol'] or None, **reading)
    beside = None
    if options['benchmark'] is not None:
        beside = benchmark.read(
            options['benchmark'], data, loaded.table, **reading
        )
    with (
        _shown_log(options['as_json']) as written,
        _progress(options['progress_json']) as progress,
        versions.Recorder(strategy) as recorder,
    ):
        result = engine.run(
            strategy,
            loaded.table,
            gate.build(risk.backtest, risk.sizing),
            parameters=given,
            cash=options['cash'],
            commission_bps=options['commission_bps'],
            slippage_bps=options['slippage_bps'],
            participation=options['participation'],
            touch_fills=options['touch_fills'],
            calendar=options['calendar'],
            seed=options['seed'],
            progress=progress,
            warnings=loaded.warnings,
            written=written,
            benchmark=beside,
            recorder=recorder,
        )
    command = click.get_current_context().meta[_WORDS]
    writers: dict[str, _Write] = {
        'report': lambda path: page.write(path, result, loaded.table, command),
        'trades': result.write_trades,
        'fills': result.write_fills,
        'equity': result.write_equity,
    }
    _write_all([(path, writers[name]) for name, path in outputs.items()])
    if options['as_json']:
        common.print_json(result.to_json())
    else:
        click.echo(report.ReportGenerator().text(result), nl=False)


def _place(reference: str) -> str:
    """Finds a file that lies in the strategies folder, and not here."""
    file, colon, name = reference.partition(':')
    own = settings.Home.find().strategies / file
    if not file.endswith('.py') or pathlib.Path(file).exists():
        return reference
    return f'{own}{colon}{name}' if own.exists() else reference


def _check_outputs(paths: Iterable[pathlib.Path]) -> None:
    """Refuses a place that cannot be written before the work begins."""
    seen = set()
    for path in paths:
        place = path.absolute()
        if place in seen:
            raise errors.InputError('is named for two outputs', path=path)
        seen.add(place)
        if path.is_dir() or not os.access(place.parent, os.W_OK | os.X_OK):
            raise errors.InputError(
                'cannot be written there; name a file in a folder that is '
                'there and may be written',
                path=path,
            )


def _check_figures(options: dict[str, Any]) -> None:
    for name, low, high in (
        ('cash', 0.0, float('inf')),
        ('commission_bps', -1e-300, 10_000.0),
        ('slippage_bps', -1e-300, 10_000.0),
        ('participation', 0.0, 1.0),
    ):
        value = options[name]
        # Written so that NaN fails too.
        if not low < value <= high or value == float('inf'):
            option = name.replace('_', '-')
            raise errors.InputError(
                f'--{option} {value:g} is out of range: it has to be '
                + ('0 or more' if low < 0 else 'above 0')
                + (f' and at most {high:g}' if high < float('inf') else '')
            )


def _risk(path: pathlib.Path | None) -> settings.Risk:
    if path is not None:
        return settings.read_risk(path)
    return settings.load(settings.Home.find()).risk


def _parameters(given: Iterable[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition('=')
        if not equals or not name:
            raise errors.InputError(
                f'--set {text!r} has to be name=value, such as fast=10'
            )
        if name in values:
            raise errors.InputError(f'--set {name} is given twice')
        values[name] = value
    return values


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


@contextlib.contextmanager
def _progress(
    as_json: bool,
) -> Iterator[Callable[[int, int], None] | None]:
    """Gives what the run calls with the bars done and the bars in all."""
    if as_json:

        def tell(done: int, total: int) -> None:
            line = msgspec.json.encode({'done': done, 'total': total})
            click.echo(line, err=True)

        yield tell
    elif sys.stderr.isatty():
        with click.progressbar(
            length=1, label='bars', file=sys.stderr, show_pos=True
        ) as bar:

            def show(done: int, total: int) -> None:
                bar.length = total
                bar.update(done - bar.pos)

            yield show
    else:
        yield None


def _write_all(outputs: list[tuple[pathlib.Path, _Write]]) -> None:
    """Writes all files or none: each beside its place, then all moved."""
    done: list[tuple[pathlib.Path, pathlib.Path]] = []
    try:
        for path, write in outputs:
            handle, name = tempfile.mkstemp(
                dir=path.absolute().parent, prefix=f'.{path.name}.'
            )
            os.close(handle)
            done.append((pathlib.Path(name), path))
            write(pathlib.Path(name))
        for temporary, path in done:
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
    except OSError as error:
        raise errors.InputError(
            f'cannot be written: {error.strerror}', path=error.filename
        ) from None
    finally:
        for temporary, _ in done:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
