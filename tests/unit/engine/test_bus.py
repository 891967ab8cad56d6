"""The lanes: who goes first, what is replaced, who waits."""

import asyncio
import threading

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from sting.engine import bus
from sting.model import market
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T = worlds.T
LANES = list(bus.Lane)
MARKET = bus.Lane.MARKET
LIMITS = dict.fromkeys(bus.Lane, 3)


def told(name, symbol=''):
    """Something that is never replaced; the name stands for the payload."""
    return bus.Incoming(T.SIGNAL, name, 'test', symbol)


def bar(number, symbol='AAPL', closed=True):
    data = worlds.bar(symbol, timestamp=number, closed=closed)
    return bus.Incoming(T.MARKET_DATA, data, 'feed', symbol)


def quote(number, symbol='AAPL'):
    data = market.Quote(symbol, number, 1.0, 1.0, 1.0, 1.0)
    return bus.Incoming(T.QUOTE, data, 'feed', symbol)


def numbers(taken):
    return [incoming.data.timestamp for incoming in taken]


def row(made, lane):
    return made.statistics()[lane]


async def test_the_lanes_go_in_their_order():
    made = bus.EventBus()
    for lane in reversed(LANES):
        made.put(lane, told(lane.name))
    taken = await made.take(10)
    assert [one.data for one in taken] == [
        'STOP', 'REPORTS', 'ORDERS', 'MARKET',
    ]  # fmt: skip


async def test_what_comes_later_in_a_first_lane_goes_first():
    made = bus.EventBus()
    made.put(MARKET, told('a'))
    made.put(MARKET, told('b'))
    assert [one.data for one in await made.take(1)] == ['a']
    made.put(bus.Lane.STOP, told('stop'))
    assert [one.data for one in await made.take(2)] == ['stop', 'b']


async def test_no_more_is_taken_than_asked_for():
    made = bus.EventBus()
    for lane in LANES:
        for number in range(3):
            made.put(lane, told((lane, number)))
    taken = [one.data for one in await made.take(5)]
    assert taken == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    assert len(await made.take(100)) == 7


@pytest.mark.parametrize('make', [quote, lambda n: bar(n, closed=False)])
async def test_a_newer_one_takes_the_place_of_what_may_be_replaced(make):
    made = bus.EventBus()
    made.put(MARKET, make(1))
    made.put(MARKET, bar(2, 'IBM'))
    made.put(MARKET, make(3))
    assert numbers(await made.take(10)) == [3, 2]
    assert (row(made, MARKET).replaced, row(made, MARKET).taken) == (1, 2)


async def test_a_closed_bar_is_never_replaced_nor_replaces():
    made = bus.EventBus()
    for one in (bar(1, closed=False), bar(2), bar(3), bar(4, closed=False)):
        made.put(MARKET, one)
    assert numbers(await made.take(10)) == [1, 2, 3, 4]


async def test_a_quote_does_not_take_the_place_of_a_bar():
    made = bus.EventBus()
    for one in (bar(1, closed=False), quote(2), bar(3, closed=False)):
        made.put(MARKET, one)
    assert numbers(await made.take(10)) == [1, 2, 3]


async def test_what_was_taken_is_not_replaced_any_more():
    made = bus.EventBus()
    made.put(MARKET, quote(1))
    await made.take(10)
    made.put(MARKET, quote(2))
    assert numbers(await made.take(10)) == [2]
    assert row(made, MARKET).replaced == 0


items = st.lists(
    st.tuples(
        st.sampled_from(['quote', 'open', 'bar', 'signal']),
        st.sampled_from(['', 'AAPL', 'IBM']),
        st.integers(0, 3),
    ),
    max_size=40,
)


def expected(sent):
    """A symbol's events in order, each run of replaceable ones cut to its last.

    Worked out from the whole list, when nothing is taken in between.
    """
    lines = {}
    for number, (kind, symbol, _) in enumerate(sent):
        line = lines.setdefault(symbol, [])
        same = line and line[-1][0] == kind
        if symbol and same and kind in ('quote', 'open'):
            line[-1] = (kind, number)
        else:
            line.append((kind, number))
    return {symbol: [n for _, n in line] for symbol, line in lines.items()}


def incoming(number, kind, symbol):
    if kind == 'quote':
        return quote(number, symbol)
    if kind == 'signal':
        data = market.DataIssue(symbol, number, 'gap')
        return bus.Incoming(T.DATA_ISSUE, data, 'feed', symbol)
    return bar(number, symbol, closed=kind == 'bar')


def by_symbol(taken):
    lines = {}
    for one in taken:
        lines.setdefault(one.symbol, []).append(one.data.timestamp)
    return lines


@given(items)
@settings(deadline=None)
def test_a_symbols_events_keep_their_order_but_for_those_replaced(sent):
    async def play():
        made = bus.EventBus()
        for number, (kind, symbol, _) in enumerate(sent):
            made.put(MARKET, incoming(number, kind, symbol))
        taken = await made.take(1_000) if sent else []
        assert by_symbol(taken) == expected(sent)
        counted = row(made, MARKET)
        assert counted.taken == len(taken)
        assert counted.taken + counted.replaced == len(sent)
        assert counted.waiting == 0

    asyncio.run(play())


@given(items)
@settings(deadline=None)
def test_order_holds_while_some_are_taken_in_between(sent):
    async def play():
        made = bus.EventBus()
        out = []
        for number, (kind, symbol, most) in enumerate(sent):
            made.put(MARKET, incoming(number, kind, symbol))
            if most:
                out += await made.take(most)
                if not row(made, MARKET).waiting:
                    await made.empty()
        while row(made, MARKET).waiting:
            out += await made.take(1)
        for line in by_symbol(out).values():
            assert line == sorted(line)
        kept = {one.data.timestamp for one in out}
        lasting = {
            number
            for number, (kind, symbol, _) in enumerate(sent)
            if kind in ('bar', 'signal') or not symbol
        }
        assert lasting <= kept
        assert len(out) + row(made, MARKET).replaced == len(sent)

    asyncio.run(play())


async def test_a_full_lane_makes_a_publisher_wait():
    made = bus.EventBus(LIMITS)
    for number in range(3):
        await made.publish(MARKET, bar(number))
    waiting = [
        asyncio.create_task(made.publish(MARKET, bar(number)))
        for number in (3, 4)
    ]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    counted = row(made, MARKET)
    assert (counted.waiting, counted.limit, counted.blocked) == (3, 3, 2)
    # Room for one lets one in, and not the other.
    await made.take(1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [task.done() for task in waiting] == [True, False]
    assert row(made, MARKET).waiting == 3
    assert numbers(await made.take(10)) == [1, 2, 3]
    await asyncio.gather(*waiting)
    assert numbers(await made.take(10)) == [4]


async def test_a_full_lane_blocks_no_other():
    made = bus.EventBus(LIMITS)
    for number in range(3):
        await made.publish(MARKET, bar(number))
    await asyncio.wait_for(made.publish(bus.Lane.STOP, told('stop')), 1)
    assert (await made.take(1))[0].data == 'stop'


async def test_what_may_not_wait_goes_into_a_full_lane():
    made = bus.EventBus(LIMITS)
    for number in range(5):
        made.put(MARKET, bar(number))
    assert row(made, MARKET).waiting == 5
    assert numbers(await made.take(10)) == [0, 1, 2, 3, 4]


async def test_other_threads_may_post():
    made = bus.EventBus()

    def post(name):
        for number in range(100):
            made.post(bus.Lane.ORDERS, told((name, number)))

    threads = [threading.Thread(target=post, args=(n,)) for n in 'abc']
    for thread in threads:
        thread.start()
    taken = []
    while len(taken) < 300:
        taken += [one.data for one in await made.take(1_000)]
    for thread in threads:
        thread.join()
    for name in 'abc':
        assert [n for who, n in taken if who == name] == list(range(100))


async def test_whoever_takes_waits_for_something():
    made = bus.EventBus()
    taking = asyncio.create_task(made.take(10))
    await asyncio.sleep(0)
    assert not taking.done()
    made.put(MARKET, told('a'))
    assert [one.data for one in await taking] == ['a']


async def test_empty_is_told_when_the_last_was_taken():
    made = bus.EventBus()
    await asyncio.wait_for(made.empty(), 1)
    made.put(MARKET, told('a'))
    made.put(bus.Lane.STOP, told('b'))
    waiting = asyncio.create_task(made.empty())
    await made.take(1)
    await asyncio.sleep(0)
    assert not waiting.done()
    await made.take(1)
    await asyncio.wait_for(waiting, 1)


async def test_statistics_have_a_row_a_lane():
    made = bus.EventBus()
    assert [one.name for one in made.statistics()] == [
        'stop', 'reports', 'orders', 'market',
    ]  # fmt: skip
    assert row(made, MARKET).limit == bus.LIMITS[MARKET]
