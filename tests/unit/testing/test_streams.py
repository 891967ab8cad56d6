"""The suite for streams: both sources pass it, and a bad one does not."""

import asyncio
import contextlib

import pytest

from sting.data.sources import alpaca_stream
from sting.data.sources import base
from sting.data.sources import binance
from sting.data.sources import streaming
from sting.engine import clock
from sting.model import errors
from sting.net import http
from sting.net import wires
from sting.testing import streams as suite
from tests.unit.data.sources import feeds
from tests.unit.data.sources import test_alpaca_stream as alpaca
from tests.unit.net import streams

pytestmark = pytest.mark.unit


class Speaker(suite.Service):
    """Says bars in the words of one service."""

    def __init__(self, greet, write):
        self._greet = greet
        self._write = write
        self._listeners = set()

    async def life(self, connection, service):
        await self._greet(connection, service)
        self._listeners.add(connection)
        try:
            await connection.wait_closed()
        finally:
            self._listeners.discard(connection)

    async def say(self, bar):
        await self._send(self._write(bar))

    async def nonsense(self):
        await self._send('<html>')

    async def _send(self, frame):
        await streams.until(lambda: self._listeners)
        for each in self._listeners:
            await each.send(frame)

    async def drop(self):
        await streams.until(lambda: self._listeners)
        dropped = set(self._listeners)
        for each in dropped:
            each.transport.abort()
        # Others may be there by then.
        await streams.until(lambda: not dropped & self._listeners)

    def connections(self):
        return len(self._listeners)


async def no_words(connection, service):
    """Binance asks nobody who he is."""


async def greets(connection, service):
    """Alpaca does."""
    greeting = alpaca.life(stays=None)
    await greeting(connection, service)


def place(url):
    return streaming.Place(
        url=url, policy=wires.Policy(open_s=20, silence_s=100)
    )


def from_binance(url, time_source):
    client = http.HttpClient('binance', 'http://x', time_source)
    return binance.BinanceSource(client, time_source, place=place(url))


def from_alpaca(url, time_source):
    return alpaca_stream.AlpacaSource(
        place(url), time_source, alpaca.KEY, alpaca.SECRET
    )


@contextlib.asynccontextmanager
async def speaking(kind):
    if kind == 'binance':
        made, speaker = from_binance, Speaker(no_words, feeds.kline)
    else:
        made = from_alpaca
        speaker = Speaker(greets, lambda bar: alpaca.packs(alpaca.bar(bar)))
    bars = feeds.minutes(6, ('AAA',))
    time_source = clock.VirtualClock(bars[-1].timestamp + 1)
    async with streams.serving(speaker.life) as (url, _):
        source = made(url, time_source)
        try:
            yield suite.Case(source, speaker, time_source, bars)
        finally:
            await source.close()


@pytest.mark.parametrize('kind', ['binance', 'alpaca'])
@pytest.mark.parametrize('check', suite.CHECKS, ids=lambda c: c.__name__)
async def test_it_streams(check, kind):
    async with speaking(kind) as case:
        await check(case)


class Careless(base.DataSource):
    """Passes on what comes, and knows of nothing else."""

    name = 'careless'
    capabilities = base.Capabilities()

    def __init__(self, bars):
        self.bars = bars

    async def get_bars(self, request):
        raise errors.SourceRefusedError('careless has none')

    async def stream(self, wanted, watch):
        watch.monitor.connected()
        for bar in self.bars:
            yield bar
        await asyncio.get_running_loop().create_future()

    async def close(self):
        pass


class Deaf(suite.Service):
    """Nobody listens, and one connection stays for ever."""

    async def say(self, bar):
        pass

    async def nonsense(self):
        pass

    async def drop(self):
        pass

    def connections(self):
        return 1


@pytest.mark.parametrize('check', suite.CHECKS, ids=lambda c: c.__name__)
async def test_a_careless_source_does_not_pass(check, monkeypatch):
    monkeypatch.setattr(suite, 'PATIENCE_S', 0.05)
    bars = feeds.minutes(6, ('AAA',))
    one, two, *_ = bars
    source = Careless([one, one, two])
    time_source = clock.VirtualClock(bars[-1].timestamp + 1)
    case = suite.Case(source, Deaf(), time_source, bars)
    with pytest.raises((AssertionError, TimeoutError, IndexError)):
        await check(case)
