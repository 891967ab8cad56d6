"""Bars as they close: none wrong, none missing, and what was wrong is told."""

import asyncio

import msgspec
import numpy as np
import pytest

from sting.data import cache
from sting.data import manager
from sting.data import store
from sting.data import table
from sting.data.sources import base
from sting.model import errors
from sting.model import market
from tests.unit.data import hands
from tests.unit.data.sources import scripted

pytestmark = pytest.mark.unit

SECOND = 10**9
MINUTE = 60 * SECOND
# 2013-03-08T14:30:00Z.
NOW = 1_362_753_000 * SECOND
DOWN = errors.SourceUnavailableError('one: HTTP 500')


class World:
    """A subscription over two sources, and the time; no task is left."""

    def __init__(self, folder, kinds, *, symbols=('A',), start=NOW, **options):
        self.clock = hands.Clock(start)
        self.sources = [
            kind(name, self.clock, price=100.0 + place)
            for place, (name, kind) in enumerate(
                zip(('one', 'two', 'three'), kinds, strict=False)
            )
        ]
        calendar = options.pop('calendar', '24/7')
        self.manager = manager.DataManager(
            self.sources,
            cache.DataCache(
                store.BarStore(folder), self.clock, calendar=calendar
            ),
            self.clock,
            calendar=calendar,
            rules=options.pop('rules', None),
        )
        self.symbols = symbols
        self.options = options
        self.items = []
        self.task = None
        self.live = None

    async def __aenter__(self):
        self.live = await self.manager.subscribe_real_time(
            self.symbols, self.options.pop('timeframe', '1m'), **self.options
        )
        self.task = asyncio.create_task(self._read())
        await hands.settle()
        return self

    async def __aexit__(self, *what):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _read(self):
        items = self.live.items()
        try:
            async for item in items:
                self.items.append(item)
        finally:
            await items.aclose()

    async def at(self, minutes, seconds=0.0):
        """Lets it be so long after the beginning."""
        end = NOW + round(minutes * MINUTE + seconds * SECOND)
        await hands.settle()
        while self.clock.now() < end:
            self.clock.move(self.clock.following(end))
            await hands.settle()
        if self.task.done():
            self.task.result()

    def push(self, minute, place=0, symbol='A', **changes):
        """A source streams the bar of a minute."""
        self.sources[place].push(bar(minute, place, symbol, **changes))

    def lose(self):
        """The first source says that bars are missing before the next."""
        issue = market.DataIssue('A', self.clock.now(), 'gap', 'some lack')
        self.sources[0].watch.tell(issue)

    @property
    def bars(self):
        """Minute and price of the bars that came."""
        return [
            ((item.timestamp - NOW) / MINUTE, item.close)
            for item in self.items
            if isinstance(item, market.MarketData)
        ]

    @property
    def told(self):
        return [
            item.issue
            for item in self.items
            if isinstance(item, market.DataIssue)
        ]

    @property
    def details(self):
        return [
            item.detail
            for item in self.items
            if isinstance(item, market.DataIssue)
        ]


def bar(minute, place=0, symbol='A', **changes):
    price = 100.0 + place
    made = market.MarketData(
        symbol, NOW + minute * MINUTE, price, price, price, price, 2.0 + minute
    )
    return msgspec.structs.replace(made, **changes)


POLLED = (scripted.Source, scripted.Source)
STREAMED = (scripted.Streaming, scripted.Source)


async def test_a_source_that_does_not_stream_is_asked_when_a_bar_is_due(
    tmp_path,
):
    async with World(tmp_path, POLLED) as world:
        await world.at(3, 5)
        assert world.bars == [(1, 100.0), (2, 100.0), (3, 100.0)]
        assert world.told == []
        requests = world.sources[0].requests
        assert [r.start - NOW for r in requests] == [
            1,
            MINUTE + 1,
            2 * MINUTE + 1,
        ]
        assert not world.sources[1].requests


async def test_what_is_known_already_does_not_come_again(tmp_path):
    after = {'A': NOW - 2 * MINUTE}
    async with World(tmp_path, POLLED, after=after) as world:
        assert world.bars == [(-1, 100.0), (0, 100.0)]
        await world.at(1, 3)
        assert world.bars == [(-1, 100.0), (0, 100.0), (1, 100.0)]


async def test_a_source_that_fails_is_left_and_taken_again(tmp_path):
    async with World(tmp_path, POLLED) as world:
        world.sources[0].error = DOWN
        await world.at(1, 5)
        assert world.bars == [(1, 101.0)]
        assert world.details == [f'two gives its bars now: {DOWN}']
        state = world.live.status()
        assert (state.status, state.source) == ('failover', 'two')
        assert state.detail == f'A: {DOWN}'
        world.sources[0].error = None
        await world.at(2, 5)
        assert world.bars[1:] == [(2, 100.0)]
        assert world.told == ['switched', 'restored']
        assert world.live.status().status == 'connected'
        assert world.live.status().source == 'one'


async def test_one_symbol_that_fails_leaves_the_others(tmp_path):
    async with World(tmp_path, POLLED, symbols=('A', 'B')) as world:
        world.sources[0].error = {'B': DOWN}
        await world.at(1, 5)
        assert sorted(world.bars) == [(1, 100.0), (1, 101.0)]
        assert world.live.status().source in ('one+two', 'two+one')


async def test_a_source_that_falls_behind_is_left_for_one_that_does_not(
    tmp_path,
):
    async with World(tmp_path, POLLED) as world:
        world.sources[0].upto = NOW
        await world.at(1, 9)
        assert world.bars == []
        await world.at(1, 20)
        assert world.bars == [(1, 101.0)]
        assert world.details == [
            'two gives its bars now: one has no bar of '
            '2013-03-08T14:31:00Z of A'
        ]
        # It is not taken again before it has what is due.
        await world.at(4, 20)
        assert world.bars == [(m, 101.0) for m in (1, 2, 3, 4)]
        assert world.told == ['switched']
        world.sources[0].upto = None
        await world.at(9, 20)
        assert world.told == ['switched', 'restored']
        assert [m for m, _ in world.bars] == list(range(1, 10))


async def test_where_nobody_answers_it_is_told_once_and_then_made_up(tmp_path):
    async with World(tmp_path, POLLED) as world:
        for source in world.sources:
            source.error = DOWN
        await world.at(4, 30)
        assert world.bars == []
        assert world.told == ['stale']
        assert 'no bar since 2013-03-08T14:30:00Z: ' in world.details[0]
        assert 'HTTP 500' in world.details[0]
        assert world.live.status().status == 'stale'
        for source in world.sources:
            source.error = None
        await world.at(10, 30)
        assert [m for m, _ in world.bars] == list(range(1, 11))
        assert world.told[:1] == ['stale']
        assert set(world.told[1:]) <= {
            'fresh',
            'refilled',
            'switched',
            'restored',
        }
        assert world.told.count('fresh') == 1
        assert world.live.status().status in ('connected', 'failover')


async def test_want_of_trades_is_not_staleness_at_once(tmp_path):
    async with World(tmp_path, POLLED) as world:
        for source in world.sources:
            source.upto = NOW
        await world.at(5, 50)
        assert world.told == []
        await world.at(7)
        assert world.told == ['stale']
        # And it stays with the first.
        assert world.live.status().source == 'one'


def spoiled(stamps, columns):
    columns['high'][:] = 1.0
    return stamps, columns


async def test_bars_that_the_rules_reject_are_asked_of_the_next(tmp_path):
    async with World(tmp_path, POLLED) as world:
        world.sources[0].spoil = spoiled
        await world.at(1, 5)
        assert world.bars == [(1, 101.0)]
        assert world.told == ['switched']
        assert 'open or close lies outside' in world.details[0]


async def test_bars_that_all_reject_are_left_out_and_told_once(tmp_path):
    async with World(tmp_path, POLLED) as world:
        for source in world.sources:
            source.spoil = spoiled
        await world.at(1, 50)
        assert world.bars == []
        assert world.told == ['rejected', 'stale']
        for source in world.sources:
            source.spoil = None
        await world.at(3, 10)
        assert [m for m, _ in world.bars] == [1, 2, 3]


async def test_what_rules_warn_of_is_told_and_given(tmp_path):
    async with World(tmp_path, POLLED) as world:

        def idle(stamps, columns):
            columns['volume'][:] = 0.0
            return stamps, columns

        world.sources[0].spoil = idle
        await world.at(3, 5)
        assert [m for m, _ in world.bars] == [1, 2, 3]
        # Of bars in a row once.
        assert world.told == ['odd']
        assert 'nothing was traded (idle: warn)' in world.details[0]


async def test_bars_of_a_stream_come_as_they_are_sent(tmp_path):
    async with World(tmp_path, STREAMED) as world:
        (wanted,) = world.sources[0].wanted
        assert (wanted.symbols, wanted.timeframe) == (('A',), '1m')
        assert wanted.after == {'A': NOW}
        await world.at(1)
        world.push(1, closed=False)
        world.push(1)
        await world.at(2)
        world.push(2)
        quote = market.Quote('A', NOW, 1.0, 2.0, 1.0, 1.0)
        world.sources[0].push(quote)
        await world.at(2, 30)
        assert world.bars == [(1, 100.0), (1, 100.0), (2, 100.0)]
        assert world.items[-1] == quote
        assert world.told == []
        assert not world.sources[0].requests
        assert world.live.status().status == 'connected'
    assert world.sources[0].ended == 1


async def test_a_bar_that_a_stream_repeats_is_given_once(tmp_path):
    async with World(tmp_path, STREAMED) as world:
        await world.at(1)
        world.push(1)
        world.push(1)
        world.push(0)
        await world.at(1, 1)
        assert world.bars == [(1, 100.0)]
        assert world.told == []


async def test_a_stream_that_falls_silent_is_looked_behind(tmp_path):
    async with World(tmp_path, STREAMED) as world:
        await world.at(1, 9)
        assert world.bars == []
        await world.at(1, 12)
        # It has the bar, and did not stream it.
        assert world.bars == [(1, 100.0)]
        assert world.told == []
        await world.at(2)
        world.push(2)
        await world.at(2, 1)
        assert world.bars == [(1, 100.0), (2, 100.0)]


async def test_clocks_that_differ_are_told_of_beside_the_bars(tmp_path):
    async with World(tmp_path, STREAMED) as world:
        await world.at(0, 30)
        world.sources[0].watch.monitor.complain('clock', '3.0 s behind')
        await world.at(1)
        world.push(1)
        await world.at(1, 1)
        assert world.told == ['skew']
        assert world.details == ['one: 3.0 s behind']
        assert world.bars == [(1, 100.0)]


async def test_a_stream_that_breaks_is_asked_for_its_bars(tmp_path):
    async with World(tmp_path, STREAMED) as world:
        await world.at(0, 30)
        world.sources[0].watch.monitor.lost('one: closed: 1006')
        assert world.live.status().status == 'degraded'
        await world.at(1, 5)
        assert world.bars == [(1, 100.0)]
        assert world.told == ['lost']
        assert world.details == ['one: closed: 1006; bars are asked for']
        world.sources[0].watch.monitor.reconnecting()
        world.sources[0].watch.monitor.connected()
        await world.at(2)
        world.push(2)
        await world.at(2, 1)
        assert world.told == ['lost', 'restored']
        assert world.bars == [(1, 100.0), (2, 100.0)]
        assert world.live.status().status == 'connected'


async def test_a_stream_that_is_refused_is_not_opened_again_and_again(
    tmp_path,
):
    world = World(tmp_path, STREAMED)
    world.sources[0].refusal = errors.SourceRefusedError('one: a bad key')
    async with world:
        await world.at(3, 5)
        assert [m for m, _ in world.bars] == [1, 2, 3]
        assert world.details == ['one: a bad key; bars are asked for']
        assert len(world.sources[0].wanted) == 1
        await world.at(15, 5)
        assert len(world.sources[0].wanted) == 2


async def test_what_a_stream_lost_comes_before_what_is_new(tmp_path):
    async with World(tmp_path, STREAMED) as world:
        world.clock.move(NOW + 3 * MINUTE + 1)
        world.sources[0].gate = asyncio.Event()
        world.lose()
        world.push(3)
        await hands.settle()
        # While it is asked for, what comes waits.
        world.push(4, closed=False)
        world.push(4)
        world.clock.move(NOW + 4 * MINUTE + 1)
        await hands.settle()
        assert world.bars == []
        world.sources[0].gate.set()
        await hands.settle()
        assert [m for m, _ in world.bars] == [1, 2, 3, 4]
        assert world.told == ['refilled']


async def test_a_gap_that_nobody_can_fill_is_told(tmp_path):
    async with World(tmp_path, STREAMED) as world:
        for source in world.sources:
            source.error = DOWN
        world.clock.move(NOW + 3 * MINUTE + 1)
        world.lose()
        world.push(3)
        await hands.settle()
        # A source that cannot be asked may be there again soon.
        assert world.bars == []
        await world.at(3, 59)
        assert world.bars == []
        await world.at(4, 1)
        assert world.bars == [(3, 100.0)]
        assert world.told == ['gap']
        assert world.details == [
            'no source has the bars between 2013-03-08T14:30:00Z and '
            '2013-03-08T14:33:00Z'
        ]


async def test_what_a_stream_lost_is_waited_for_while_its_source_is_down(
    tmp_path,
):
    async with World(tmp_path, STREAMED) as world:
        # The other one answers, and has nothing of it.
        world.sources[0].error = DOWN
        world.sources[1].upto = NOW
        await world.at(3)
        world.lose()
        world.push(3)
        await world.at(3, 10)
        world.push(4, closed=False)
        await hands.settle()
        assert world.bars == []
        world.sources[0].error = None
        await world.at(3, 30)
        assert world.bars == [(1, 100.0), (2, 100.0), (3, 100.0)]
        assert 'switched' not in world.told
        assert world.told[-1] == 'refilled'
        await world.at(4)
        world.push(4)
        await hands.settle()
        assert world.bars[3:] == [(4, 100.0)]


async def test_a_gap_before_the_first_bar_of_all_is_told(tmp_path):
    async with World(tmp_path, (scripted.Streaming,)) as world:
        world.sources[0].upto = NOW
        await world.at(2)
        world.push(2)
        await world.at(2, 1)
        assert world.bars == [(2, 100.0)]
        assert world.told == ['gap']
        assert world.details == [
            'no source has the bars between 2013-03-08T14:30:00Z and '
            '2013-03-08T14:32:00Z'
        ]
        await world.at(3)
        world.push(3)
        await world.at(3, 1)
        assert world.told == ['gap']


async def test_a_gap_of_a_stream_that_comes_back_is_asked_for(tmp_path):
    async with World(tmp_path, STREAMED) as world:
        await world.at(1)
        world.push(1)
        world.sources[0].error = DOWN
        # The second is used in its place.
        await world.at(2, 15)
        assert world.bars == [(1, 100.0), (2, 101.0)]
        world.sources[1].upto = NOW + 2 * MINUTE
        await world.at(4)
        world.lose()
        world.sources[1].upto = None
        world.push(4)
        await world.at(4, 5)
        assert [minute for minute, _ in world.bars] == [1, 2, 3, 4]


async def test_a_wrong_bar_of_a_stream_is_asked_for_again(tmp_path):
    async with World(tmp_path, STREAMED) as world:
        await world.at(1)
        world.push(1, high=1.0)
        await world.at(1, 1)
        assert world.told == ['rejected']
        # What it gives when asked is right.
        assert world.bars == [(1, 100.0)]


@pytest.mark.parametrize('issue', ['late', 'revised'])
async def test_what_a_stream_tells_of_is_passed_on(tmp_path, issue):
    async with World(tmp_path, STREAMED) as world:
        told = market.DataIssue('A', NOW, issue, 'it is so')
        world.sources[0].watch.tell(told)
        await world.at(0, 1)
        assert world.items == [told]


async def test_a_silent_stream_without_a_past_is_left_for_the_next(tmp_path):
    world = World(tmp_path, STREAMED)
    world.sources[0].capabilities = base.Capabilities(
        streams=frozenset(base.Stream)
    )
    async with world:
        await world.at(1, 12)
        assert world.bars == [(1, 101.0)]
        assert world.details == ['two gives its bars now: no bar came in time']
        await world.at(2)
        world.push(2)
        world.push(2, place=0, symbol='other')
        await world.at(2, 1)
        assert world.bars == [(1, 101.0), (2, 100.0)]
        assert world.told == ['switched', 'restored']


async def test_a_stream_alone_may_be_silent_for_want_of_trades(tmp_path):
    world = World(tmp_path, STREAMED[:1])
    world.sources[0].capabilities = base.Capabilities(
        streams=frozenset(base.Stream)
    )
    async with world:
        await world.at(5, 50)
        assert world.told == []
        await world.at(7)
        assert world.told == ['stale']
        world.push(7)
        await hands.settle()
        assert world.told == ['stale', 'fresh']
        assert world.bars == [(7, 100.0)]


async def test_the_stream_of_the_next_source_is_followed_while_it_is_used(
    tmp_path,
):
    kinds = (scripted.Source, scripted.Streaming)
    async with World(tmp_path, kinds) as world:
        world.sources[0].error = DOWN
        await world.at(1, 5)
        assert len(world.sources[1].wanted) == 1
        await world.at(2)
        world.push(2, place=1)
        await world.at(2, 1)
        assert world.bars == [(1, 101.0), (2, 101.0)]


async def test_a_stream_that_is_not_used_any_more_is_ended(tmp_path):
    kinds = (scripted.Streaming, scripted.Streaming)
    async with World(tmp_path, kinds) as world:
        world.sources[0].error = DOWN
        await world.at(1, 15)
        assert len(world.sources[1].wanted) == 1
        await world.at(2)
        world.push(2, place=0)
        await hands.settle()
        assert world.told == ['switched', 'restored']
        assert world.sources[1].ended == 1
        # A message of it that is still on its way is not used.
        world.live._message(1, bar(3, 1))
        assert [m for m, _ in world.bars] == [1, 2]


async def test_while_the_exchange_is_closed_nothing_is_missing(tmp_path):
    # 20:59, a minute before the close on the Friday before a change of clocks.
    start = NOW + (389 * 60) * SECOND
    async with World(tmp_path, POLLED, calendar='XNYS', start=start) as world:
        await world.at(390, 5)
        assert world.bars == [(390, 100.0)]
        state = world.live.status()
        assert state.status == 'closed'
        assert state.detail == 'XNYS opens 2013-03-11T13:30:00Z'
        world.sources[0].upto = world.clock.now()
        asked = len(world.sources[0].requests)
        world.clock.move(NOW + 60 * 3600 * SECOND)
        await hands.settle()
        assert len(world.sources[0].requests) == asked
        assert world.told == []


async def test_bars_from_before_are_known_to_the_rules(tmp_path):
    stamps = NOW + np.arange(-99, 1) * MINUTE
    price = 100.0 + np.arange(100) % 2
    known = table.BarTable.single(
        'A',
        '1m',
        stamps,
        dict.fromkeys(('open', 'high', 'low', 'close'), price)
        | {'volume': price},
    )
    async with World(tmp_path, STREAMED, known=known) as world:
        await world.at(1)
        high = dict.fromkeys(('open', 'high', 'low', 'close'), 180.0)
        world.push(1, **high)
        await world.at(1, 1)
        assert world.told == ['odd']
        assert 'spike: warn' in world.details[0]


async def test_gaps_are_never_a_reason_to_reject_all_that_follows(tmp_path):
    async with World(tmp_path, STREAMED, rules={'gap': 'reject'}) as world:
        for source in world.sources:
            source.upto = NOW
        world.clock.move(NOW + 9 * MINUTE)
        world.push(9)
        await world.at(10)
        world.push(10)
        await hands.settle()
        assert [m for m, _ in world.bars] == [9, 10]


async def test_a_fault_of_ours_is_not_hidden(tmp_path):
    async with World(tmp_path, POLLED) as world:
        world.sources[0].error = ZeroDivisionError('ours')
        with pytest.raises(ZeroDivisionError):
            await world.at(1, 5)


async def test_of_many_symbols_a_few_are_named(tmp_path):
    names = ('A', 'B', 'C', 'D', 'E')
    async with World(tmp_path, POLLED, symbols=names) as world:
        world.sources[0].error = DOWN
        await world.at(1, 5)
        assert world.live.status().detail == f'A, B, C and 2 more: {DOWN}'


async def test_bars_longer_than_days_cannot_be_followed(tmp_path):
    world = World(tmp_path, POLLED)
    with pytest.raises(errors.DataError, match='no feed of bars of 1w'):
        await world.manager.subscribe_real_time(('A',), '1w')
