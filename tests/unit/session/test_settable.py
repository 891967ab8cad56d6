"""Parameters that are set by hand, held to the strategy they are for."""

import pytest

from sting.model import commands
from sting.model import parameters
from sting.model import specs
from sting.session import settable

pytestmark = pytest.mark.unit

SPECS = (
    specs.StrategySpec('sma', 'sting.library.sma_cross'),
    specs.StrategySpec('mine', '/home/mine.py:Mine'),
)
FAST = parameters.Setting('fast', 10, 'an int of at least 2', low=2)


class Hosted:
    """Has run what it is told."""

    def __init__(self, **settings):
        self._settings = settings

    def settings(self, name):
        return self._settings.get(name, ())


def refusal(name, strategy='', **given):
    command = commands.SetParameters(
        name=name, parameters=given, strategy=strategy
    )
    return settable.refusal(command, SPECS, Hosted(sma=(FAST,)))


def test_what_fits_is_let_through():
    assert refusal('sma', 'sting.library.sma_cross', fast=5) == ''


def test_bounds_hold_as_soon_as_they_are_known():
    assert refusal('sma', fast=1).startswith('sma: parameter fast is 1; it')
    assert refusal('mine', fast=1) == ''


@pytest.mark.parametrize(
    'strategy', ['/home/mine.py', '/home/./mine.py', '/home/mine.py:Mine']
)
def test_the_same_file_is_the_same_strategy(strategy):
    assert refusal('mine', strategy, x=1) == ''


@pytest.mark.parametrize(
    'strategy',
    ['/home/other.py', '/home/mine.py:Other', 'sting.library.sma_cross'],
)
def test_what_was_made_for_another_strategy_is_refused(strategy):
    assert refusal('mine', strategy, x=1) == (
        f'mine runs /home/mine.py:Mine; these are for {strategy}'
    )


def test_a_strategy_that_is_not_there_is_the_engines_to_refuse():
    assert refusal('nothing', x=1) == ''
