"""The `sting-tui` command: puts engine and terminal together."""

import argparse
from collections.abc import Sequence
import gc
import importlib
import sys
from typing import Any

from sting import settings
from sting import version
from sting.model import errors
from sting.model import records

_EXIT_INPUT = 2
_EXIT_FAILURE = 1
_EXIT_NOT_RUNNING = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Opens the workstation and waits until it is left.

    Args:
        arguments: As typed; None for those of the process.

    Returns:
        The exit status: 0, 2 for bad input, 3 where there is no engine to
        attach to, 1 for a failure.
    """
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except errors.InputError as error:
        return _fail(error, _EXIT_INPUT)
    except errors.NotRunningError as error:
        return _fail(error, _EXIT_NOT_RUNNING)
    except errors.StingError as error:
        return _fail(error, _EXIT_FAILURE)


def parser() -> argparse.ArgumentParser:
    """Gives what reads the command line."""
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
        '--attach',
        action='store_true',
        help='the terminal of an engine that runs already; leaving it leaves '
        'the engine running',
    )
    parser.add_argument(
        '--read-only',
        action='store_true',
        help='attach and only watch: no commands, but the emergency stop',
    )
    parser.add_argument(
        '--no-mouse', action='store_true', help='leave the mouse alone'
    )
    parser.add_argument('--theme', metavar='T', help='a theme, as dark, light')
    parser.add_argument(
        '--check',
        action='store_true',
        help='read keymap.yaml and the themes, say what is wrong, and leave',
    )
    parser.add_argument(
        '--version', action='version', version=f'sting {version.__version__}'
    )
    return parser


def _fail(error: Exception | str, status: int) -> int:
    sys.stderr.write(f'sting-tui: {error}\n')
    return status


def _run(options: argparse.Namespace) -> int:
    home = settings.Home.find()
    config = settings.load(home)
    if options.check:
        return _check(home, options.theme or config.terminal.theme)
    attaches = options.attach or options.read_only
    if options.profile is None and attaches:
        name = _control().find(home).profile
    else:
        name = options.profile or config.default
    profile = config.profile(name)  # Raises when there is none of this name.
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise errors.InputError(
            'needs a terminal; `sting run` is the engine without one'
        )
    if not attaches and _runs(home, name):
        if not _says_yes(name):
            raise errors.RefusedError(
                f'profile {name} has an engine already; `sting shutdown` ends '
                'it'
            )
        attaches = True
    confirm = ''
    if not options.read_only:
        confirm = _ask_account(name, profile)
    # Garbage is looked for from the first frame on: the app sees to that.
    gc.disable()
    # Only now what takes long to load: mistakes are told before.
    launch = importlib.import_module('tui.launch')
    theme = options.theme or config.terminal.theme
    mouse = not options.no_mouse
    status: int
    if attaches:
        if confirm != _to_confirm(profile, options.read_only):
            raise errors.InputError(
                f'profile {name} is LIVE: it takes commands only from a '
                f'terminal where {profile.to_type}, as sting.yaml has it, was '
                'typed; --read-only watches'
            )
        status = launch.attach(
            home, config, name, theme=theme, mouse=mouse,
            read_only=options.read_only,
        )  # fmt: skip
    else:
        status = launch.run(
            home, config, name, theme=theme, mouse=mouse, confirm=confirm
        )
    return status


def _check(home: settings.Home, theme: str) -> int:
    """Says what the files for the terminal have in them."""
    # Only now what takes long to load.
    check = importlib.import_module('tui.check')
    status = 0
    for found in check.look(home.config, theme):
        if found.ok:
            sys.stdout.write(f'{found.text}\n')
        else:
            status = _fail(found.text, _EXIT_INPUT)
    return status


def _control() -> Any:
    """Loads what talks to an engine that runs, where one may."""
    return importlib.import_module('sting.control')


def _runs(home: settings.Home, name: str) -> bool:
    """Whether an engine of a profile runs."""
    path = home.socket(name)
    return path.exists() and bool(_control().Client(path).is_running())


def _says_yes(name: str) -> bool:
    """Offers to attach."""
    sys.stderr.write(
        f'An engine of profile {name} runs already. Attach to it? [Y/n] '
    )
    sys.stderr.flush()
    line = sys.stdin.readline()
    return line.strip().lower() in ('y', 'yes') or line == '\n'


def _to_confirm(profile: settings.Profile, read_only: bool) -> str:
    """Gives what has to be typed before commands go to a LIVE engine."""
    if read_only or profile.mode is not records.Mode.LIVE:
        return ''
    return profile.typed


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
