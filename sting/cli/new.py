"""`sting new`: a strategy and its test, to start from."""

import keyword
import pathlib
import re
import shlex
import shutil
import sys

import click

from sting import settings
from sting.cli import common
from sting.cli import skeleton
from sting.model import errors

_NAME = re.compile('[a-z][a-z0-9_]{0,59}')


@click.command()
@click.argument('name')
@common.json_option
def new(name: str, as_json: bool) -> None:
    """Writes a strategy and its test, to start from.

    They become NAME.py and test_NAME.py in the strategies folder; a file that
    is there already is never replaced. NAME is a word of small letters,
    digits and underscores.
    """
    _check(name)
    folder = settings.Home.find().strategies
    path, test = folder / f'{name}.py', folder / f'test_{name}.py'
    words = {
        'name': name,
        'cls': ''.join(part.capitalize() for part in name.split('_')),
    }
    _write(
        {
            path: skeleton.STRATEGY.substitute(words),
            test: skeleton.TEST.substitute(words),
        }
    )
    steps = [
        f'{_python()} {shlex.quote(str(test))}',
        f'sting backtest {shlex.quote(str(path))} --data sample --symbol IBM',
    ]
    if as_json:
        common.print_json(
            {'strategy': str(path), 'test': str(test), 'next': steps}
        )
        return
    click.echo(f'wrote {path} and its test; next:\n')
    for step in steps:
        click.echo(f'  {step}')
    entry = skeleton.ENTRY.substitute(words)
    click.echo(
        f'\nTo run it, add to {settings.Home.find().config}/strategy.yaml\n\n'
        f'{"".join("  " + line for line in entry.splitlines(keepends=True))}\n'
        'and to sting.yaml beside it, with what the profile runs already,\n\n'
        f'  profiles:\n    demo:\n      strategies: [sma_demo, {name}]'
    )


def _check(name: str) -> None:
    """Refuses a name that cannot be a module's, or would look like a test."""
    if name.startswith('test_'):
        raise errors.InputError(
            f'{name!r} would be taken for a test; choose another name'
        )
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        near = re.sub('[^a-z0-9]+', '_', name.removesuffix('.py').lower())
        near = near.strip('_')
        fits = _NAME.fullmatch(near) and not keyword.iskeyword(near)
        hint = f'; try {near}' if fits else ''
        raise errors.InputError(
            f'{name!r} is no name for a strategy: write small letters, digits '
            f'and underscores, a letter first{hint}'
        )


def _write(files: dict[pathlib.Path, str]) -> None:
    """Writes new files, all of them or none."""
    for path in files:
        if path.exists():
            raise errors.InputError(
                'is there already; choose another name, or remove it',
                path=path,
            )
    for path, text in files.items():
        settings.make_private(path.parent)
        try:
            # Not over one that appeared meanwhile.
            with path.open('x', encoding='utf-8') as file:
                file.write(text)
            path.chmod(0o600)
        except OSError as error:
            raise errors.InputError(
                f'cannot be written: {error.strerror}', path=path
            ) from None


def _python() -> str:
    """How to call the interpreter that has sting."""
    own = pathlib.Path(sys.executable)
    found = shutil.which('python')
    if found and pathlib.Path(found).parent == own.parent:
        return 'python'
    return shlex.quote(sys.executable)
