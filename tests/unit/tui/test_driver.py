"""A writer that never blocks who asks it to write."""

import os
import time

import pytest

from tui import driver

pytestmark = pytest.mark.unit


def wait_for(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


@pytest.fixture
def pipe():
    ends = list(os.pipe())
    yield ends
    for end in ends:
        if end >= 0:
            os.close(end)


def test_texts_arrive_in_order(pipe):
    writer = driver.Writer(pipe[1])
    writer.start()
    for number in range(100):
        writer.put(f'{number};')
    writer.close()
    assert os.read(pipe[0], 4096).decode() == ''.join(
        f'{number};' for number in range(100)
    )
    assert writer.waiting == 0


def test_a_stalled_terminal_blocks_nobody(pipe):
    writer = driver.Writer(pipe[1])
    writer.start()
    start = time.monotonic()
    for _ in range(50):
        writer.put('x' * 65_536)
    assert time.monotonic() - start < 1.0
    assert writer.waiting > driver.BACKLOG
    writer.close()
    assert time.monotonic() - start < 3.0
    assert not writer.dead.is_set()


def test_a_terminal_that_reads_again_gets_everything(pipe):
    writer = driver.Writer(pipe[1])
    writer.start()
    for _ in range(20):
        writer.put('x' * 65_536)
    received = 0
    while received < 20 * 65_536:
        received += len(os.read(pipe[0], 1 << 20))
    assert wait_for(lambda: writer.waiting == 0)


def test_a_terminal_that_is_gone_is_noticed_and_written_to_no_more(pipe):
    writer = driver.Writer(pipe[1])
    writer.start()
    os.close(pipe[0])
    pipe[0] = -1
    writer.put('x')
    assert wait_for(writer.dead.is_set)
    writer.put('y')
    assert writer.waiting == 0
    writer.close()
