"""What the commands share: options, tables, JSON, typed words."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import os
import sys
from typing import TYPE_CHECKING
from typing import Any
from typing import TypeVar

import click
import msgspec

from sting import settings
from sting.model import errors
from sting.model import records

if TYPE_CHECKING:
    from sting import control

F = TypeVar('F', bound=Callable[..., Any])

RIGHT = '>'
LEFT = '<'


def profile_option(function: F) -> F:
    """Adds --profile."""
    return click.option(
        '--profile',
        metavar='NAME',
        help='The profile; without it the one running engine, else the '
        'default of sting.yaml.',
    )(function)


def json_option(function: F) -> F:
    """Adds --json."""
    return click.option(
        '--json', 'as_json', is_flag=True, help='Prints JSON and nothing else.'
    )(function)


def engine(profile: str | None) -> 'control.Client':
    """Gives the running engine that a command is meant for.

    Args:
        profile: Its profile; None for the one that runs.

    Returns:
        A client of it.

    Raises:
        errors.NotRunningError: It does not run, or none does.
        errors.ConfigError: There is no such profile, or several run and none
            was named.
    """
    # It imports what serves and what asks, which many commands do not need.
    from sting import control  # noqa: PLC0415

    home = settings.Home.find()
    try:
        return control.find(home, profile)
    except errors.NotRunningError:
        if profile is not None:
            settings.load(home).profile(profile)
        raise


def choose_profile(home: settings.Home, profile: str | None) -> str:
    """Gives the profile that a command is meant for, running or not.

    Args:
        home: The user's folders.
        profile: The name given; None for the one running engine, else the
            default.

    Returns:
        The profile's name.

    Raises:
        errors.ConfigError: There is no such profile, or several run.
    """
    if profile is None:
        try:
            from sting import control  # noqa: PLC0415

            return control.find(home).profile
        except errors.NotRunningError:
            return settings.load(home).default
    if profile not in home.profiles():
        settings.load(home).profile(profile)
    return profile


def print_json(value: Any) -> None:
    """Prints a value as one line of JSON."""
    click.echo(msgspec.json.encode(value).decode())


def clean(text: object) -> str:
    """Makes text from outside fit to be shown: no control characters."""
    return ''.join(
        c if c.isprintable() else c.encode('unicode_escape').decode()
        for c in str(text)
    )


def styled(text: str, colour: str) -> str:
    """Colours text, on a terminal that is not told otherwise."""
    if not sys.stdout.isatty() or os.environ.get('NO_COLOR'):
        return text
    return click.style(text, fg=colour)


def print_table(
    columns: Mapping[str, str], rows: Iterable[Sequence[object]]
) -> None:
    """Prints an aligned table.

    Args:
        columns: Headings, each with RIGHT or LEFT.
        rows: The cells.
    """
    cells = [[clean(cell) for cell in row] for row in rows]
    widths = [
        max([len(name), *(len(row[place]) for row in cells)])
        for place, name in enumerate(columns)
    ]
    for row in [[name.upper() for name in columns], *cells]:
        line = '  '.join(
            f'{cell:{side}{width}}'
            for cell, side, width in zip(
                row, columns.values(), widths, strict=True
            )
        )
        click.echo(line.rstrip())


@contextlib.contextmanager
def progress(label: str, total: int = 1) -> Iterator[Callable[..., None]]:
    """Shows how far something is, where somebody looks.

    Args:
        label: What is counted.
        total: How many there are, as far as it is known.

    Yields:
        What is told how many are done since it was told before, and how many
        there are in all where that was not known.
    """
    with click.progressbar(
        length=total,
        label=label,
        file=sys.stderr,
        show_pos=True,
        hidden=not sys.stderr.isatty(),
    ) as bar:

        def told(done: int, in_all: int | None = None) -> None:
            if in_all is not None:
                bar.length = in_all
            bar.update(done)

        yield told


def money(value: float) -> str:
    """Writes an amount: 1,234.50."""
    return f'{value:,.2f}'


def price(value: float | None) -> str:
    """Writes a price or a quantity; a dash for none."""
    return '-' if value is None else f'{value:,.10g}'


def ask_word(word: str, given: str | None, purpose: str) -> str:
    """Makes sure that the operator typed a word.

    Args:
        word: What has to be typed.
        given: What --confirm gave; None to ask at the terminal.
        purpose: What typing it does, for the question.

    Returns:
        The word.

    Raises:
        errors.InputError: Another word was typed, or none could be.
    """
    if given is None:
        if not sys.stdin.isatty():
            raise errors.InputError(f'{purpose} needs --confirm {word}')
        given = click.prompt(
            f'Type {word} to confirm: {purpose}',
            prompt_suffix='\n> ',
            default='',
            show_default=False,
            err=True,
        )
    if given != word:
        raise errors.InputError(
            f'{given!r} is not {word}: nothing was done; type it in capitals'
        )
    return word


def ask_account(name: str, profile: settings.Profile, given: str | None) -> str:
    """Asks the operator for the account of a LIVE profile.

    Args:
        name: The profile's name.
        profile: The profile.
        given: What --confirm gave; None to ask at the terminal.

    Returns:
        What was typed; empty where nothing is at stake, or nobody can type.
    """
    live = profile.mode is records.Mode.LIVE
    if given is not None or not live or not sys.stdin.isatty():
        return given or ''
    typed: str = click.prompt(
        f'Profile {name} is LIVE: real money. Type {profile.to_type}',
        prompt_suffix='\n> ',
        default='',
        show_default=False,
        err=True,
    )
    return typed.strip()
