"""The `sting-tui` command: puts engine and terminal together."""

import argparse
from collections.abc import Sequence
import gc
import importlib
import sys

from sting import settings
from sting import version
from sting.model import errors
from sting.model import records

_EXIT_INPUT = 2
_EXIT_FAILURE = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Opens the workstation and waits until it is left.

    Args:
        arguments: As typed; None for those of the process.

    Returns:
        The exit status: 0, 2 for bad input, 1 for a failure.
    """
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except errors.InputError as error:
        return _fail(error, _EXIT_INPUT)
    except errors.StingError as error:
        return _fail(error, _EXIT_FAILURE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='sting-tui',
        description='Opens the trading workstation in this terminal.',
        epilog='? shows the keys; ^\\ or F9 is the emergency stop.',
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        '--demo',
        action='store_const',
        dest='profile',
        const='demo',
        help='the profile demo: generated prices, paper money',
    )
    which.add_argument(
        '--profile', metavar='NAME', help='a profile of sting.yaml'
    )
    parser.add_argument(
        '--no-mouse', action='store_true', help='leave the mouse alone'
    )
    parser.add_argument('--theme', metavar='T', help='a theme, as dark, light')
    parser.add_argument(
        '--version', action='version', version=f'sting {version.__version__}'
    )
    return parser


def _fail(error: Exception, status: int) -> int:
    sys.stderr.write(f'sting-tui: {error}\n')
    return status


def _run(options: argparse.Namespace) -> int:
    home = settings.Home.find()
    config = settings.load(home)
    name = options.profile or config.default
    config.profile(name)  # Raises when there is none of this name.
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise errors.InputError(
            'needs a terminal; `sting run` is the engine without one'
        )
    # Garbage is looked for from the first frame on: the app sees to that.
    gc.disable()
    # Only now what takes long to load: mistakes are told before.
    launch = importlib.import_module('tui.launch')
    status: int = launch.run(
        home,
        config,
        name,
        theme=options.theme or config.terminal.theme,
        mouse=not options.no_mouse,
        confirm=_ask_account(name, config.profile(name)),
    )
    return status


def _ask_account(name: str, profile: settings.Profile) -> str:
    """Has the operator type the account of a LIVE profile; '' for others."""
    if profile.mode is not records.Mode.LIVE:
        return ''
    sys.stderr.write(
        f'Profile {name} is LIVE: real money. Type {profile.to_type}\n> '
    )
    sys.stderr.flush()
    return sys.stdin.readline().strip()


if __name__ == '__main__':
    sys.exit(main())
