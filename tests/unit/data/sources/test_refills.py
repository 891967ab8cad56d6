"""What was missed, asked of the source itself."""

import asyncio

import pytest

from sting.data import table
from sting.data.sources import base
from sting.data.sources import refills
from sting.engine import clock
from sting.model import errors
from tests.unit.data.sources import feeds

pytestmark = pytest.mark.unit

BARS = feeds.minutes(9)
STAMPS = sorted({bar.timestamp for bar in BARS})


class Source(base.DataSource):
    """Has bars of two symbols, and fails for those that it is told to."""

    name = 'it'

    def __init__(self, batch, failing=()):
        self.capabilities = base.Capabilities(
            timeframes=frozenset({'1m'}), batch=batch
        )
        self.failing = dict(failing)
        self.asked = []
        self.running = 0
        self.most = 0

    async def get_bars(self, request):
        self.asked.append(request)
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        for name in request.symbols:
            if name in self.failing:
                raise self.failing[name]
        found = [
            bar
            for bar in BARS
            if bar.symbol in request.symbols
            and request.start <= bar.timestamp <= request.end
        ]
        if not found:
            return table.BarTable.empty(request.symbols[0], '1m')
        return feeds.tabled(found)

    async def close(self):
        pass


async def refilled(source, after):
    now = clock.VirtualClock(STAMPS[-2])
    found = await refills.own(source, now)(tuple(after), '1m', after)
    return [(bar.symbol, STAMPS.index(bar.timestamp)) for bar in found.rows()]


async def test_it_gives_what_came_since_until_now():
    after = {'AAA': STAMPS[5], 'BBB': STAMPS[6]}
    assert sorted(await refilled(Source(1), after)) == [
        ('AAA', 6),
        ('AAA', 7),
        ('BBB', 7),
    ]


async def test_symbols_are_asked_together_as_far_as_the_source_takes_them():
    source = Source(3)
    await refilled(source, dict.fromkeys('ABCDEFG', STAMPS[5]))
    asked = [''.join(each.symbols) for each in source.asked]
    assert asked == ['ABC', 'DEF', 'G']


async def test_so_many_requests_run_at_once_and_no_more():
    source = Source(1)
    symbols = [f'S{nth}' for nth in range(3 * refills.AT_ONCE)]
    await refilled(source, dict.fromkeys(symbols, STAMPS[5]))
    assert source.most == refills.AT_ONCE


async def test_where_one_fails_the_others_are_given():
    source = Source(1, {'AAA': errors.SourceRefusedError('it: no AAA')})
    after = dict.fromkeys(('AAA', 'BBB'), STAMPS[6])
    assert await refilled(source, after) == [('BBB', 7)]


async def test_where_all_fail_it_fails():
    source = Source(2, {'AAA': errors.SourceUnavailableError('it: down')})
    after = dict.fromkeys(('AAA', 'BBB'), STAMPS[6])
    with pytest.raises(errors.SourceUnavailableError, match='it: down'):
        await refilled(source, after)


async def test_a_fault_that_no_source_has_is_not_hidden():
    source = Source(1, {'AAA': ZeroDivisionError('a fault of ours')})
    after = dict.fromkeys(('AAA', 'BBB'), STAMPS[6])
    with pytest.raises(ZeroDivisionError):
        await refilled(source, after)


async def test_of_what_is_known_to_the_end_nothing_comes():
    assert await refilled(Source(1), {'AAA': STAMPS[-1]}) == []
