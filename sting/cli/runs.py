"""What every command takes that runs backtests."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import pathlib
import shlex
import signal
import sys
import threading
from typing import Any

import click
import msgspec

from sting.cli import common
from sting.simulator import modes

# Where the words of the command are kept while it runs.
_WORDS = 'sting.words'
_ENDS = (signal.SIGTERM, signal.SIGHUP)


progress_option = click.option('--progress-json', is_flag=True, hidden=True)


class ManyValues(click.Command):
    """A command whose options for several take them one after another too.

    `--data a.csv b.csv` is the same as `--data a.csv --data b.csv`. While it
    runs, SIGTERM and SIGHUP end it as an interrupt does.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Runs it; whatever ends it, no temporary file is left."""
        with _ended_alike():
            return super().invoke(ctx)

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
        several = {
            name
            for option in self.params
            if isinstance(option, click.Option) and option.multiple
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
                current = name if name in several else ''
                wants_value = name in valued and not equals
            elif current and has_strategy:
                result.append(current)
            else:
                has_strategy = True
                current = ''
            result.append(word)
        return result


def words() -> str:
    """Gives the command as it was typed, for a report."""
    told: str = click.get_current_context().meta[_WORDS]
    return told


# Which bars of some files.
CHOICE: tuple[Callable[[Any], Any], ...] = (
    click.option(
        '--symbol',
        multiple=True,
        metavar='S..',
        help='Only these; all without.',
    ),
    click.option(
        '--timeframe', metavar='T', help='Of the bars: 1m, 1h, 1d, ...'
    ),
    click.option('--start', metavar='D', help='The first date or moment.'),
    click.option('--end', metavar='D', help='The last date or moment.'),
)
_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        '--data',
        multiple=True,
        required=True,
        metavar='FILE..',
        help='CSV or Parquet, a folder or a pattern of such, or `sample`.',
    ),
    *CHOICE,
    click.option(
        '--cash',
        type=float,
        default=100_000.0,
        show_default=True,
        metavar='N',
        help='What the account starts with.',
    ),
    click.option(
        '--set',
        'given',
        multiple=True,
        metavar='NAME=VALUE..',
        help='A parameter of the strategy.',
    ),
    click.option(
        '--fill',
        type=click.Choice(modes.NAMES),
        default='next_open',
        show_default=True,
        help='Decides what a bar leaves open: which price came first, whether '
        'a touch fills.',
    ),
    click.option(
        '--costs',
        metavar='NAME|FILE',
        help='What the market charges: a schedule of costs.yaml, such as '
        'ibkr_fixed, or a file of one; nothing without.',
    ),
    click.option(
        '--commission-bps',
        type=float,
        metavar='N',
        help="Of what is traded, in basis points; in place of the schedule's "
        'commission.',
    ),
    click.option(
        '--slippage-bps',
        type=float,
        metavar='N',
        help='On market and stop orders, in basis points of the price; in '
        "place of the schedule's slippage.",
    ),
    click.option(
        '--latency-ms',
        type=float,
        metavar='N',
        help='From a decision to the market, in milliseconds; in place of the '
        "schedule's.",
    ),
    click.option(
        '--participation',
        type=float,
        default=0.25,
        show_default=True,
        metavar='SHARE',
        help="The most of a bar's volume that is filled.",
    ),
    click.option(
        '--touch-fills',
        is_flag=True,
        help='A limit that a bar only touches is filled.',
    ),
    click.option(
        '--risk',
        type=click.Path(path_type=pathlib.Path),
        metavar='FILE',
        help='Other rules than `backtest:` in risk.yaml.',
    ),
    click.option(
        '--stamp',
        type=click.Choice(['open', 'close']),
        default='open',
        show_default=True,
        help="What the file's timestamps are.",
    ),
    click.option(
        '--calendar',
        default='XNYS',
        show_default=True,
        metavar='NAME',
        help='The exchange whose sessions count, or `24/7`.',
    ),
    click.option(
        '--actions',
        metavar='FILE',
        help='Splits, dividends and delistings: date, symbol, kind, value; or '
        '`sample`.',
    ),
    click.option(
        '--universe',
        metavar='FILE',
        help='Who was a member when: symbol, from, to.',
    ),
    click.option(
        '--delisting-haircut',
        type=float,
        default=0.3,
        show_default=True,
        metavar='SHARE',
        help='What a delisting without a price takes off the last one.',
    ),
    click.option(
        '--seed',
        type=int,
        default=0,
        show_default=True,
        metavar='N',
        help='Of what is drawn at random; a single run draws nothing.',
    ),
)


def options(function: common.F) -> common.F:
    """Adds the strategy, its data, and what is assumed of the market."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return click.argument('strategy')(function)


def benchmark_option(function: common.F) -> common.F:
    """Adds --benchmark."""
    return click.option(
        '--benchmark',
        metavar='SYMBOL|FILE',
        help='What the run is held against, bought and held: a symbol of '
        'the data or a file of one; the symbol that runs, where it is the only '
        'one.',
    )(function)


@contextlib.contextmanager
def _ended_alike() -> Iterator[None]:
    """Has what ends a process do so by KeyboardInterrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # What is ignored, as under nohup, stays so.
    taken = [each for each in _ENDS if signal.getsignal(each) is signal.SIG_DFL]
    for each in taken:
        signal.signal(each, signal.default_int_handler)
    try:
        yield
    finally:
        for each in taken:
            signal.signal(each, signal.SIG_DFL)


def tell_json(done: int, total: int) -> None:
    """Says for a program how far a run is."""
    click.echo(msgspec.json.encode({'done': done, 'total': total}), err=True)


@contextlib.contextmanager
def progress(
    as_json: bool, what: str
) -> Iterator[Callable[[int, int], None] | None]:
    """Gives what a run calls with what is done and what is in all.

    Args:
        as_json: For a program: an object a line on standard error.
        what: Runs, for a person.

    Returns:
        None where nobody looks.
    """
    if as_json:
        yield tell_json
    elif sys.stderr.isatty():
        with click.progressbar(
            length=1, label=what, file=sys.stderr, show_pos=True
        ) as bar:

            def show(done: int, total: int) -> None:
                bar.length = total
                bar.update(done - bar.pos)

            yield show
    else:
        yield None
