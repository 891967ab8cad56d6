"""An order at rest, held against a bar."""

import math

import msgspec
import pytest

from sting.simulator import matching
from sting.simulator import modes
from sting.simulator import resting
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

# A long of 100: its take profit and its stop loss. The bar reaches both.
PROFIT = worlds.order('p', 'sell', type='limit', price=103.0)
LOSS = worlds.order('l', 'sell', type='stop', stop_price=98.0)
AUCTION = worlds.order('c', 'sell', type='market_on_close')
UP = 100, 104, 97, 103
DOWN = 100, 104, 95, 97
GAP = 105, 106, 97, 98
NARROW = 100, 101, 99, 100


def resting_of(order, due=0):
    return resting.Resting.of(order, after=0, expires=None, due=due)


@pytest.mark.parametrize(
    ('mode', 'four', 'first', 'why'),
    [
        ('next_open', UP, 'l', 'the worse one'),
        ('pessimistic', UP, 'l', 'the worse one'),
        ('optimistic', UP, 'p', 'the better one'),
        ('path', UP, 'l', 'the low is nearer'),
        ('path', DOWN, 'p', 'the high is nearer'),
        ('next_open', GAP, 'p', 'the open decides'),
        ('pessimistic', GAP, 'p', 'the open decides'),
        ('optimistic', GAP, 'p', 'the open decides'),
        ('path', GAP, 'p', 'the open decides'),
    ],
)
def test_which_of_two_exits_a_bar_reaches_first(mode, four, first, why):
    bar = worlds.bar(1, *four)

    def rank(order):
        return matching.rank(
            resting_of(order), bar, modes.number(mode), touch=False
        )

    assert min(PROFIT, LOSS, key=rank).id == first, why
    assert min(LOSS, PROFIT, key=rank).id == first, why


@pytest.mark.parametrize('mode', modes.NAMES)
def test_what_does_not_fill_comes_last(mode):
    bar = worlds.bar(1, *NARROW)
    number = modes.number(mode)
    assert matching.rank(resting_of(LOSS), bar, number, False) == math.inf


def test_the_close_is_the_end_of_the_path():
    bar = worlds.bar(1, *UP)
    assert matching.met(resting_of(AUCTION, due=1), bar, False) == math.inf


TRAIL = worlds.order('t', 'sell', type='trailing_stop', trail=2.0)
SURE = [
    ([PROFIT], UP, False, 'passed'),
    ([PROFIT], (100, 103, 99, 100), True, 'touched'),
    ([LOSS], UP, False, 'a stop'),
    ([PROFIT, LOSS], UP, False, 'of no group: both fill'),
    ([TRAIL], UP, True, 'its trigger is nowhere yet'),
    ([], UP, False, 'no order'),
]


@pytest.mark.parametrize(('line', 'four', 'expected', 'why'), SURE)
def test_whether_a_bar_leaves_open_what_becomes_of_orders(
    line, four, expected, why
):
    entries = [resting_of(each) for each in line]
    assert matching.is_unsure(entries, worlds.bar(1, *four)) is expected, why


@pytest.mark.parametrize(
    ('four', 'expected', 'why'),
    [
        (UP, True, 'both are reached'),
        (GAP, False, 'the open decides'),
        (NARROW, False, 'none is reached'),
        ((100, 101, 97, 99), False, 'one is reached'),
    ],
)
def test_whether_a_bar_leaves_open_which_of_a_group_fills(four, expected, why):
    entries = [
        resting_of(msgspec.structs.replace(each, oco='o'))
        for each in (PROFIT, LOSS)
    ]
    assert matching.is_unsure(entries, worlds.bar(1, *four)) is expected, why
