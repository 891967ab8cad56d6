"""Columns are shared, bounded, and never taken from under a run."""

import threading

import numpy as np
import pytest

from sting.backtest.sweeping import shelf as shelves

pytestmark = pytest.mark.unit


class Maker:
    """Makes columns of a number, and counts how often."""

    def __init__(self):
        self.made = []

    def wanted(self, key, lines=1):
        def make():
            self.made.append(key)
            return [np.full(3, key + 10.0 * line) for line in range(lines)]

        return shelves.Wanted(key, lines, make)


@pytest.fixture
def maker():
    return Maker()


def test_the_same_indicator_is_worked_out_once(maker):
    shelf = shelves.Shelf(3, 4)
    first = shelf.take([maker.wanted(1), maker.wanted(2)])
    assert shelf.take([maker.wanted(2), maker.wanted(1)]) == first[::-1]
    assert maker.made == [1, 2]
    assert shelf.table[first[0][0]].tolist() == [1.0] * 3


def test_each_line_has_a_row(maker):
    shelf = shelves.Shelf(3, 4)
    (rows,) = shelf.take([maker.wanted(1, lines=3)])
    assert shelf.table[list(rows), 0].tolist() == [1.0, 11.0, 21.0]


def test_the_longest_unused_gives_way(maker):
    shelf = shelves.Shelf(3, 2)
    for key in (1, 2, 1, 3, 1, 2):
        shelf.take([maker.wanted(key)])
        shelf.give_back([key])
    assert maker.made == [1, 2, 3, 2]


def test_what_is_held_stays(maker):
    shelf = shelves.Shelf(3, 2)
    (rows,) = shelf.take([maker.wanted(1)])
    assert shelf.take_at_once([maker.wanted(2), maker.wanted(3)]) is None
    assert shelf.table[rows[0]].tolist() == [1.0] * 3
    # The one that was taken before the room ran out is not held.
    shelf.take([maker.wanted(3)])
    shelf.give_back([3])
    shelf.take([maker.wanted(2)])
    assert shelf.take_at_once([maker.wanted(3)]) is None


def test_a_waiting_thread_goes_on_when_there_is_room(maker):
    shelf = shelves.Shelf(3, 1)
    shelf.take([maker.wanted(1)])
    came = []
    thread = threading.Thread(
        target=lambda: came.extend(shelf.take([maker.wanted(2)]))
    )
    thread.start()
    shelf.give_back([1])
    thread.join(60)
    assert came == [(0,)]
    assert shelf.table[0].tolist() == [2.0] * 3


def test_more_than_the_table_is_an_error_and_no_wait(maker):
    shelf = shelves.Shelf(3, 1)
    with pytest.raises(MemoryError, match='2 indicators of one run'):
        shelf.take([maker.wanted(1), maker.wanted(2)])
