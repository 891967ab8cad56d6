"""Symbols by the names that a source has for them."""

import asyncio

import pytest

from sting.data.sources import base
from sting.data.sources import renamed
from sting.engine import clock
from sting.model import errors
from sting.model import market
from sting.net import monitor
from tests.unit.data.sources import scripted

pytestmark = pytest.mark.unit

MINUTE = 60 * 10**9
NOW = 1_362_753_000 * 10**9


def made(**names):
    source = scripted.Streaming('one', clock.VirtualClock(NOW), batch=5)
    return renamed.RenamedSource(source, names), source


async def test_it_is_asked_by_its_names_and_answers_by_ours():
    both, source = made(B='A-USD', A='Z-USD')
    found = await both.get_bars(
        base.Request(
            symbols=('A', 'B', 'C'), timeframe='1m', start=NOW, end=NOW
        )
    )
    assert source.requests[0].symbols == ('Z-USD', 'A-USD', 'C')
    assert found.symbols == ('A', 'B', 'C')
    assert len(found) == 3
    assert both.name == 'one'
    assert both.capabilities is source.capabilities


async def test_what_it_streams_and_tells_has_our_names():
    both, source = made(A='A-USD')
    told = []
    watch = base.Watch(
        monitor=monitor.ConnectionMonitor('one', source.clock),
        tell=told.append,
    )
    stream = both.stream(
        base.Subscription(
            symbols=('A', 'B'), timeframe='1m', after={'A': 1, 'B': 2}
        ),
        watch,
    )
    source.push(
        market.Trade('A-USD', 1, 2.0, 3.0), market.Trade('B', 1, 2.0, 3.0)
    )
    async with asyncio.timeout(20):
        assert (await anext(stream)).symbol == 'A'
        assert (await anext(stream)).symbol == 'B'
    (wanted,) = source.wanted
    assert wanted.symbols == ('A-USD', 'B')
    assert wanted.after == {'A-USD': 1, 'B': 2}
    source.watch.tell(market.DataIssue('A-USD', 1, 'late'))
    assert told == [market.DataIssue('A', 1, 'late')]
    await stream.aclose()
    assert source.ended == 1


async def test_it_ends_what_it_asks():
    both, source = made(A='A-USD')
    await both.close()
    assert source.closed


def test_it_passes_a_sign_of_life_on():
    both, source = made(A='A-USD')
    both.wake()
    assert source.woken == 1


def test_two_symbols_cannot_have_one_name_there():
    with pytest.raises(errors.ConfigError, match='one: two symbols have one'):
        made(A='X', B='X')
