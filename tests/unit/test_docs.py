"""The documentation's index leads everywhere, and its commands exist."""

import ast
import collections
import re

import click
import pytest
import yaml

from tests import pages

pytestmark = pytest.mark.unit

ROOT = pages.ROOT
LINK = re.compile(r'\]\(([^)#:]+)(?:#[^)]*)?\)')


@pytest.mark.parametrize(
    'path',
    pages.PAGES,
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_links_lead_to_files_that_are_there(path):
    missing = [
        link
        for link in LINK.findall(path.read_text())
        if not (path.parent / link).exists()
    ]
    assert not missing


def test_index_names_every_page():
    docs = ROOT / 'docs'
    named = {
        (docs / link).resolve()
        for link in LINK.findall((docs / 'README.md').read_text())
    }
    pages = {path.resolve() for path in docs.rglob('*.md')}
    assert not pages - named - {(docs / 'README.md').resolve()}


# How many blocks no test runs, by what they need. Think before it grows.
NOT_RUN = {
    'a broker whose book differs': 1,
    'a database of your own': 1,
    'a NATS server': 3,
    'a keyring': 1,
    'a keyring and channels of your own': 1,
    'a terminal': 1,
    'an account at a broker': 2,
    'another machine': 6,
    'channels of your own': 1,
    'minutes': 3,
    'systemd': 2,
    'the network for what it installs': 7,
}
# What a test may run: nothing of it leaves the machine.
RUN = {'sting', 'python', 'cd', 'export', 'head', 'mkdir'}
EVERYTHING = [block for page in pages.PAGES for block in pages.blocks(page)]


def test_every_fence_says_what_is_in_it():
    strange = [
        block.place
        for block in EVERYTHING
        if block.language not in pages.LANGUAGES
        or (
            (block.title and not block.needs)
            and block.title not in (pages.FAILS, pages.STAYS)
        )
    ]
    assert not strange
    for page in pages.PAGES:
        fences = re.findall(r'^ *```', page.read_text(), re.MULTILINE)
        assert len(fences) == 2 * len(pages.blocks(page)), page.name


def test_what_is_run_leaves_the_machine_alone():
    for block in EVERYTHING:
        if block.language != 'sh' or block.needs:
            continue
        for line in block.lines():
            word = re.sub(r'^\w+=\$\(', '', line).split()[0]
            assert word in RUN, f'{block.place}: say title="needs REASON"'


def test_what_is_not_run_is_counted():
    found = collections.Counter(b.reason for b in EVERYTHING if b.needs)
    assert dict(found) == NOT_RUN


@pytest.mark.parametrize(
    'block', [b for b in EVERYTHING if b.needs], ids=lambda b: b.place
)
def test_what_is_not_run_parses(block):
    for line in block.lines():
        pages.check(line)


@pytest.mark.parametrize('page', pages.PAGES, ids=lambda page: page.name)
def test_commands_in_sentences_exist(page):
    for command in pages.inline(page):
        pages.check(command, loosely=True)


def test_code_and_settings_can_be_read():
    top = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST
    for block in EVERYTHING:
        if block.language == 'python':
            compile(block.text, block.place, 'exec', flags=top)
        elif block.language == 'yaml':
            assert yaml.safe_load(block.text), block.place


@pytest.mark.parametrize(
    'line',
    [
        'sting backtets x.py --data sample',
        'sting backtest x.py --data sample --sett fast=1',
        'sting log shew',
        'sting-tui --watch',
        'make tset',
        'python -m sting.nothing',
        'python nothing.py',
        "pip install 'sting[nothing]'",
        'ssh -t me@host sting-tui --watch',
        'sting status && stnig status',
    ],
)
def test_a_command_that_is_not_there_is_found(line):
    with pytest.raises((ValueError, click.ClickException)):
        pages.check(line)


def test_a_line_that_nobody_printed_is_found():
    printed = (
        '  12  2012-06-01T13:57:00Z  fill  buy 20 IBM at 190.9\nok  halted\n'
    )
    shown = '   9  2013-06-01T13:57:00Z  fill  buy 20 ...\n ok halted\n'
    assert pages.missing(printed, shown) == ''
    assert pages.missing(printed, 'ok  halted\nfill') == 'fill'
    assert pages.missing(printed, '9 2013-01-01T00:00:00Z order') != ''
    assert pages.missing(printed, 'halted') == 'halted'
