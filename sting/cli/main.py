"""The entry of the `sting` command; its parts are imported when used."""

from collections.abc import Sequence
import gc
import importlib
import os
import sys
from typing import NoReturn

import click

from sting import version
from sting.cli import loading
from sting.model import errors

FAILED = 1
WRONG_INPUT = 2
NOT_RUNNING = 3
INTERRUPTED = 130

# Name: module, attribute and the line in `sting --help`, which imports none
# of them.
COMMANDS = {
    'run': ('run', 'run', 'Runs an engine without a terminal.'),
    'node': ('node', 'node', 'Runs strategies for an engine elsewhere.'),
    'observe': ('node', 'observe', 'Prints the events of an engine elsewhere.'),
    'status': ('look', 'status', 'Shows how the running engine is.'),
    'orders': ('look', 'orders', 'Lists the orders of the running engine.'),
    'positions': ('look', 'positions', 'Lists its positions.'),
    'risk': ('risk', 'risk', 'Shows the risk of its positions.'),
    'inbox': (
        'inbox',
        'inbox',
        "Lists in what the broker's book and ours differ.",
    ),
    'settle': ('inbox', 'settle', 'Settles one of these.'),
    'strategies': (
        'strategies',
        'strategies',
        'Lists what can run, with parameters, and what is running.',
    ),
    'reload': (
        'reload',
        'reload',
        'Has a running strategy take its files as they are.',
    ),
    'set': (
        'set',
        'set_parameters',
        'Has a running strategy go on with other parameters.',
    ),
    'order': ('trade', 'order', 'Sends an order.'),
    'cancel': ('trade', 'cancel', 'Cancels an order.'),
    'protect': (
        'trade',
        'protect',
        'Protects a position by stop, target, trail and time.',
    ),
    'halt': ('stop', 'halt', 'Stops everything at once.'),
    'reduce': ('stop', 'reduce', 'Lets only orders through that shrink.'),
    'drill': ('drill', 'drill', 'Pulls the stop for real, against paper.'),
    'resume': ('stop', 'resume', 'Lets trading go on after a halt.'),
    'flatten': ('stop', 'flatten', 'Closes positions at market.'),
    'shutdown': (
        'shutdown',
        'shutdown',
        'Ends the engine; --emergency stops and flattens first.',
    ),
    'backtest': ('backtest', 'backtest', 'Runs a strategy over past bars.'),
    'sweep': (
        'sweep',
        'sweep',
        'Runs a strategy with many combinations of its parameters.',
    ),
    'walkforward': (
        'walkforward',
        'walkforward',
        'Learns parameters on past bars and holds them to the next.',
    ),
    'robustness': (
        'robustness',
        'robustness',
        'Looks for what speaks against a backtest.',
    ),
    'new': ('new', 'new', 'Writes a strategy and its test, to start from.'),
    'data': ('data', 'data', 'Brings in, checks and gives out market data.'),
    'log': ('log', 'log', 'Shows, verifies and explains the event log.'),
    'replay': ('history', 'replay', 'Shows the state at any moment of a log.'),
    'fork': (
        'fork',
        'fork',
        'Reruns a log from a moment on with other settings.',
    ),
    'alerts': (
        'alerts',
        'alerts',
        'Tries and lists the channels that alerts go out by.',
    ),
    'clean': (
        'clean',
        'clean',
        'Clears away old files by the limits of sting.yaml.',
    ),
    'profile': (
        'profile',
        'profile',
        'Shows where the running engine spends its time.',
    ),
    'keys': ('keys', 'keys', 'Keeps the keys of accounts.'),
    'doctor': ('doctor', 'doctor', 'Checks the installation.'),
}


class LazyGroup(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Gives the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(
        self, ctx: click.Context, cmd_name: str
    ) -> click.Command | None:
        """Imports a command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        with loading.modules():
            imported = importlib.import_module(f'sting.cli.{module}')
        found = getattr(imported, attribute)
        return found if isinstance(found, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command; a wrong name gets the nearest right one."""
        if args[0] not in COMMANDS and not args[0].startswith('-'):
            # It imports a YAML parser, too much to load on every start.
            from sting.settings import tree  # noqa: PLC0415

            ctx.fail(tree.unknown('command', args[0], COMMANDS))
        return super().resolve_command(ctx, args)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Writes the table."""
        with formatter.section('Commands'):
            formatter.write_dl(
                [(name, entry[2]) for name, entry in COMMANDS.items()]
            )


@click.command(
    cls=LazyGroup,
    no_args_is_help=False,
    context_settings={'help_option_names': ['-h', '--help']},
)
@click.version_option(version.__version__, '--version', prog_name='sting')
def group() -> None:
    """Backtests, paper trading and live trading by the same engine.

    `sting-tui` opens the same in a terminal. Files are under STING_HOME, or
    in the XDG folders. A command's own options: sting COMMAND -h.
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: What stands behind `sting`; None for this process's.

    Returns:
        The exit status: 2 for bad input, 3 where a running engine is needed
        and there is none, 1 for another failure.
    """
    try:
        code = group.main(
            args=arguments, prog_name='sting', standalone_mode=False
        )
        sys.stdout.flush()
    except click.ClickException as error:
        return _complain(_usage(error), WRONG_INPUT)
    except errors.StingError as error:
        return _complain(str(error), _status(error))
    except (click.Abort, KeyboardInterrupt):
        return _complain('interrupted', INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has seen enough; nor may the interpreter
        # complain about it when it flushes on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code if isinstance(code, int) else 0


def main() -> NoReturn:
    """The console script."""
    code = run()
    # What is left ends with the process: to look through it for garbage would
    # take as long as importing numpy.
    gc.freeze()
    sys.exit(code)


def _status(error: errors.StingError) -> int:
    if isinstance(error, errors.InputError):
        return WRONG_INPUT
    return NOT_RUNNING if isinstance(error, errors.NotRunningError) else FAILED


def _complain(message: str, code: int) -> int:
    click.echo(f'sting: {" ".join(message.split())}', err=True)
    return code


def _usage(error: click.ClickException) -> str:
    context = getattr(error, 'ctx', None)
    where = '' if context is None else f'; see {context.command_path} -h'
    return error.format_message().rstrip('.') + where


if __name__ == '__main__':
    main()
