import pathlib

import pytest

from sting import library
from sting.strategy import loader

pytestmark = pytest.mark.unit

GUIDE = pathlib.Path(__file__).parents[3] / 'docs' / 'guides' / 'LIBRARY.md'


def test_every_name_can_be_loaded_and_says_when_it_loses():
    names = library.names()
    assert 'sting.library.sma_cross' in names
    for name in names:
        assert 'loses' in loader.load(name).__doc__


def test_the_guide_lists_every_strategy():
    text = GUIDE.read_text()
    for name in library.names():
        assert f'\n| `{name.rpartition(".")[2]}` | ' in text
