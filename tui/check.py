"""Looks at what the user wrote for the terminal: keys and themes."""

from collections.abc import Iterator
import pathlib
from typing import NamedTuple

from sting.model import errors
from tui import keymap
from tui import themes
from tui import userkeys


class Finding(NamedTuple):
    """What a look at the files has shown.

    Attributes:
        ok: Nothing is wrong.
        text: What was found, or what is wrong with its file and line.
    """

    ok: bool
    text: str


def look(folder: pathlib.Path, asked: str) -> Iterator[Finding]:
    """Reads keymap.yaml and the themes, each file for itself.

    Args:
        folder: The configuration's folder.
        asked: The name of the theme that the terminal is to have.

    Yields:
        One finding for the keys, one for each theme that is wrong or not
        there, and one that lists the others.
    """
    yield _keys(folder / userkeys.FILE)
    known: dict[str, themes.Theme] = {}
    wrong = []
    for path in themes.files(themes.folder(), folder / themes.FOLDER):
        try:
            theme = themes.load(path)
        except errors.ConfigError as error:
            wrong.append(Finding(False, str(error)))
        else:
            known[theme.name] = theme
    # One that is wrong may be the one that is asked for.
    if not wrong:
        try:
            themes.choose(known, asked)
        except errors.ConfigError as error:
            wrong.append(Finding(False, str(error)))
    yield from wrong
    yield Finding(True, f'themes: {", ".join(known)}')


def _keys(path: pathlib.Path) -> Finding:
    try:
        table = userkeys.load(path)
    except errors.ConfigError as error:
        return Finding(False, str(error))
    changed = userkeys.changed(table)
    own = [
        f'{action.id} {keymap.keys_text(action)}'
        for action in table
        if action.id in changed
    ]
    return Finding(True, f'keys: {", ".join(own) or "the usual ones"}')
