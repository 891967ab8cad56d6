"""A stream survives messages that are lost, doubled and swapped."""

import asyncio

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from sting.net import courier
from tests.unit.strategy import processes

pytestmark = pytest.mark.unit

FATES = st.lists(st.sampled_from(['go', 'lose', 'double', 'late']), max_size=60)
TEXTS = st.lists(st.binary(min_size=1, max_size=5), max_size=20)


class Line:
    """Two ends, and a line between them on which each message has a fate."""

    def __init__(self, fates=()):
        self.came = {'a': bytearray(), 'b': bytearray()}
        self.ended = {'a': 0, 'b': 0}
        self.on_line = []
        self._fates = iter(fates)
        self.ends = {
            which: courier.Courier(
                's',
                lambda data, to=other: self._send(to, data),
                lambda data, which=which: self._take(which, data),
            )
            for which, other in (('a', 'b'), ('b', 'a'))
        }

    def _take(self, which, data):
        self.came[which] += data
        self.ended[which] += not data

    def _send(self, to, data):
        fate = next(self._fates, 'go')
        if fate == 'late':
            self.on_line.insert(0, (to, data))
        elif fate != 'lose':
            self.on_line.append((to, data))
        if fate == 'double':
            self.on_line.append((to, data))

    def deliver(self):
        while self.on_line:
            to, data = self.on_line.pop()
            self.ends[to].hear(courier.read(data))

    def settle(self):
        for _ in range(200):
            self.deliver()
            if all(each.idle for each in self.ends.values()):
                return
            for each in self.ends.values():
                each.repeat()
        raise AssertionError('it does not come to an end')


@settings(deadline=None, max_examples=60)
@given(FATES, TEXTS, TEXTS)
def test_whatever_the_line_does_each_byte_comes_once_and_in_order(
    fates, there, back
):
    async def run():
        line = Line(fates)
        for nth in range(max(len(there), len(back))):
            for which, texts in (('a', there), ('b', back)):
                if nth < len(texts):
                    line.ends[which].write(texts[nth])
        line.settle()
        assert line.came['b'] == b''.join(there)
        assert line.came['a'] == b''.join(back)
        for each in line.ends.values():
            each.close()

    asyncio.run(run())


async def test_what_is_long_goes_in_pieces_and_few_are_under_way():
    line = Line()
    long = bytes(range(256)) * 4 * courier.WINDOW * (courier.PIECE >> 9)
    line.ends['a'].write(long)
    assert len(line.on_line) == courier.WINDOW
    assert line.ends['a'].held == len(long)
    line.settle()
    assert line.came['b'] == long
    assert line.ends['a'].held == 0


async def test_an_end_comes_after_all_else_and_once():
    line = Line(['lose', 'double'])
    line.ends['a'].write(b'last')
    line.ends['a'].end()
    line.settle()
    assert (line.came['b'], line.ended['b']) == (b'last', 1)


async def test_what_came_is_confirmed_also_if_nothing_goes_back():
    line = Line()
    line.ends['a'].write(b'x')
    line.deliver()
    assert not line.ends['a'].idle
    await processes.until(lambda: line.on_line, 5)
    line.deliver()
    assert line.ends['a'].idle


async def test_it_is_reminded_only_of_what_waited_since_the_last_time():
    line = Line(['lose'])
    line.ends['a'].write(b'x')
    line.ends['a'].remind()
    assert not line.on_line
    line.ends['a'].remind()
    line.settle()
    assert line.came['b'] == b'x'


async def test_other_streams_and_nonsense_do_no_harm():
    line = Line()
    assert courier.read(b'\xff nonsense') is None
    line.ends['b'].hear(courier.Piece('other', 1, 0, b'x'))
    line.ends['b'].hear(courier.Piece('s', 10_000, 0, b'x'))
    line.ends['a'].write(b'good')
    line.settle()
    assert line.came['b'] == b'good'
    line.ends['b'].close()
    line.ends['a'].write(b'more')
    line.deliver()
    assert line.came['b'] == b'good'
