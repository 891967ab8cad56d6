"""The documentation's index leads everywhere."""

import pathlib
import re

import pytest

pytestmark = pytest.mark.unit

ROOT = pathlib.Path(__file__).parents[2]
LINK = re.compile(r'\]\(([^)#:]+)(?:#[^)]*)?\)')


@pytest.mark.parametrize(
    'path',
    [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))],
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
