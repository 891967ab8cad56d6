"""The commands on the pages of the documentation.

A fence says by its language what is in it: `sh` is commands, `console` what
they print (`...` stands for anything), `text` neither. Its title says how
commands are meant:

    fails                   each ends with another status than 0
    in a shell of its own   it stays until the page ends
    needs REASON            nobody can run it here; it has to parse at least
"""

import functools
import importlib.util
import pathlib
import re
import shlex
import tomllib
from typing import NamedTuple

import click

from sting.cli import main
from tui import main as tui_main

ROOT = pathlib.Path(__file__).parents[1]
PAGES = sorted(
    [ROOT / 'README.md', *(ROOT / 'docs').rglob('*.md')],
    key=lambda path: path.name,
)
LANGUAGES = {'sh', 'console', 'text', 'python', 'yaml', 'toml'}
FAILS = 'fails'
STAYS = 'in a shell of its own'
NEEDS = 'needs '
# Programs that are not sting's, in what is not run.
OTHERS = {
    *('cp', 'dask', 'echo', 'export', 'journalctl', 'loginctl', 'mkdir'),
    *('systemctl', 'python3'),
}
_FENCE = re.compile(
    r'^ *```(?P<language>\S*)(?: title="(?P<title>[^"\n]*)")?\n'
    r'(?P<text>.*?)^ *```$',
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(r'# (\S+\.(?:py|yaml))\n')
# As re.escape has it.
_EVENT = re.compile(r'^\d+\\ \S+Z')
_INLINE = re.compile(
    r'`((?:\.venv/bin/)?(?:sting|sting-tui|make|python -m) [^`]+)`'
)


class Block(NamedTuple):
    """A block of a page, and where it begins.

    Attributes:
        page: The page's name.
        line: Its first line.
        language: What stands behind the fence.
        title: Its title; empty for none.
        text: What is in it.
    """

    page: str
    line: int
    language: str
    title: str
    text: str

    @property
    def place(self) -> str:
        """Where it is, for whoever looks for it."""
        return f'{self.page}:{self.line}'

    @property
    def reason(self) -> str:
        """Why it cannot be run here; empty where it can."""
        return self.title.removeprefix(NEEDS) if self.needs else ''

    @property
    def needs(self) -> bool:
        """Whether it cannot be run here."""
        return self.title.startswith(NEEDS)

    @property
    def file(self) -> str:
        """The file that it is, from the home on; empty for none."""
        found = _FILE.match(self.text)
        if found is None:
            return ''
        name = found[1]
        beside = name.endswith('.py') or name.startswith('config/')
        return name if beside else f'config/{name}'

    def lines(self) -> list[str]:
        """Gives its commands, each on a line of its own."""
        joined = self.text.replace('\\\n', ' ')
        return [
            line.strip()
            for line in joined.splitlines()
            if line.strip() and not line.lstrip().startswith('#')
        ]


def blocks(page: pathlib.Path) -> list[Block]:
    """Gives the blocks of a page, in order."""
    text = page.read_text()
    return [
        Block(
            page.name,
            text.count('\n', 0, found.start()) + 1,
            found['language'],
            found['title'] or '',
            found['text'],
        )
        for found in _FENCE.finditer(text)
    ]


def inline(page: pathlib.Path) -> list[str]:
    """Gives the commands in a page's sentences and tables."""
    text = _FENCE.sub('', page.read_text())
    return [
        ' '.join(found.replace('\\|', '|').split())
        for found in _INLINE.findall(text)
    ]


def missing(printed: str, shown: str) -> str:
    """Gives the first line that a page shows and nobody printed.

    Args:
        printed: What the commands printed.
        shown: What the page shows of it, in its order.

    Returns:
        The line; empty where all are there. The number and the time of an
        event, which begin a line, are another run's.
    """
    left = [' '.join(line.split()) for line in printed.splitlines()]
    for line in filter(None, (' '.join(x.split()) for x in shown.splitlines())):
        shape = '.*'.join(re.escape(x.strip()) for x in line.split('...'))
        wanted = re.compile(_EVENT.sub(r'\\d+ \\S+Z', shape))
        while left and not wanted.match(left[0]):
            left.pop(0)
        if not left:
            return line
        left.pop(0)
    return ''


def check(line: str, loosely: bool = False) -> None:
    """Checks that a command parses.

    Args:
        line: As the page has it.
        loosely: It may lack what it cannot do without, as in a sentence.

    Raises:
        ValueError: There is no such program, command, option, or file.
        click.ClickException: What stands behind `sting` is wrong.
    """
    words = shlex.split(line, comments=True)
    for command in _split(words, {'&&', '|', ';', '&'}):
        program = pathlib.Path(command[0]).name
        _check([program, *command[1:]], loosely)


def _split(words: list[str], at: set[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word in at:
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def _check(words: list[str], loosely: bool) -> None:
    match words:
        case ['sting', *rest]:
            _check_sting(rest, loosely)
        case ['sting-tui', *rest]:
            _check_tui(rest)
        case ['make', *rest]:
            targets = {word for word in rest if '=' not in word}
            if strange := targets - _targets():
                raise ValueError(f'no target of the Makefile: {strange}')
        case ['python', '-m', module, *_]:
            if importlib.util.find_spec(module) is None:
                raise ValueError(f'no module {module}')
        case ['python', file, *_] if not file.startswith('-'):
            if not (ROOT / 'docs' / 'examples' / file).exists():
                raise ValueError(f'no file {file}')
        case ['pip', 'install', what]:
            _check_extra(what)
        case ['ssh', '-t', _, *rest]:
            _check(rest, loosely)
        case [program, *_] if program in OTHERS:
            pass
        case _:
            raise ValueError(f'what is {" ".join(words)}?')


def _check_sting(words: list[str], loosely: bool) -> None:
    command: click.Command = main.group
    # A command keeps the help option that it was asked for first.
    names = ['-h', '--help']
    context = click.Context(command, info_name='sting', help_option_names=names)
    while isinstance(command, click.Group) and words:
        if words[0].startswith('-'):
            break
        _, found, _ = command.resolve_command(context, [words[0]])
        assert found is not None
        command = found
        context = click.Context(found, info_name=words[0], parent=context)
        words = words[1:]
    if not loosely:
        command.make_context(command.name, list(words), parent=context.parent)
        return
    known = {
        name
        for parameter in command.get_params(context)
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    for word in words:
        if word.startswith('--') and word.split('=')[0] not in known:
            raise click.NoSuchOption(word, ctx=context)


def _check_tui(words: list[str]) -> None:
    try:
        tui_main.parser().parse_args(words)
    except SystemExit as end:
        raise ValueError(f'sting-tui does not take {words}') from end


def _check_extra(what: str) -> None:
    found = re.fullmatch(r'sting\[([\w,]+)\]', what)
    project = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
    extras = set(found[1].split(',')) if found else set()
    if what != '.' and not extras <= set(project['optional-dependencies']):
        raise ValueError(f'no extras {extras}')


@functools.cache
def _targets() -> set[str]:
    text = (ROOT / 'Makefile').read_text()
    return set(re.findall(r'^([a-z-]+):', text, re.MULTILINE))
