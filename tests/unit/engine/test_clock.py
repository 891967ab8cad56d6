"""The clocks."""

import time

import pytest

from sting.engine import clock
from sting.model import market

pytestmark = pytest.mark.unit

SECOND = market.NANOSECONDS


def test_the_live_clock_is_the_machines():
    live = clock.LiveClock()
    before = time.time_ns()
    live.advance(before + 3_600 * SECOND)
    assert before <= live.now() <= time.time_ns()
    before = time.monotonic()
    assert before <= live.monotonic() <= time.monotonic()


async def test_the_live_clock_waits():
    live = clock.LiveClock()
    before = live.monotonic()
    await live.sleep(0.01)
    assert live.monotonic() - before >= 0.009


@pytest.mark.parametrize('cls', [clock.MarketClock, clock.VirtualClock])
def test_a_clock_that_is_moved_never_goes_back(cls):
    moved = cls(5)
    assert moved.now() == 5
    moved.advance(7)
    moved.advance(6)
    assert moved.now() == 7


def test_the_market_clock_measures_by_the_machine():
    before = time.monotonic()
    assert before <= clock.MarketClock(5).monotonic() <= time.monotonic()


async def test_sleep_moves_the_virtual_clock_at_once():
    virtual = clock.VirtualClock(2 * SECOND)
    before = time.monotonic()
    await virtual.sleep(3_600.5)
    assert time.monotonic() - before < 10
    assert virtual.now() == 2 * SECOND + 3_600 * SECOND + SECOND // 2
    assert virtual.monotonic() == 3602.5
