import pytest

from sting import library
from sting.strategy import loader

pytestmark = pytest.mark.unit


def test_every_name_can_be_loaded_and_says_when_it_loses():
    names = library.names()
    assert 'sting.library.sma_cross' in names
    for name in names:
        assert 'loses' in loader.load(name).__doc__
