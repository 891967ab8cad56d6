"""A stream into the engine: none of its bars is lost, whoever is slow."""

import collections
import contextlib

import pytest

from benchmarks import rig
from sting.data.sources import base
from sting.data.sources import binance
from sting.data.sources import streaming
from sting.engine import bus
from sting.engine import reader
from sting.model import events
from sting.net import http
from sting.net import wires
from tests.unit.data.sources import feeds
from tests.unit.net import streams

pytestmark = pytest.mark.integration

ROOM = 64


async def test_bars_of_a_stream_reach_the_log_once_each_and_in_order(tmp_path):
    bars = feeds.minutes(1_000)
    half = len(bars) // 2
    # More closed while there was no connection than come again.
    listener = feeds.Listener(bars[: half + 20])
    lives = (
        streams.says(*map(feeds.kline, bars[:half]), stays=False),
        streams.says(*map(feeds.kline, bars[half + 10 :])),
    )
    path = tmp_path / 'events.db'
    limits = {**bus.LIMITS, bus.Lane.MARKET: ROOM}
    async with (
        streams.serving(*lives) as (url, _),
        rig.durable(path, limits=limits) as made,
    ):
        client = http.HttpClient('binance', 'http://x', listener.clock)
        source = binance.BinanceSource(
            client,
            listener.clock,
            place=streaming.Place(
                url=url,
                policy=wires.Policy(open_s=20, silence_s=100, queue=ROOM),
            ),
        )
        stream = source.stream(feeds.wanted(), listener.watch())
        async with contextlib.aclosing(stream):
            for _ in bars:
                await _publish(made, await anext(stream))
                for row in made.bus.statistics():
                    assert row.waiting <= row.limit
        await made.sequence.drain()
        await source.close()
    found = collections.defaultdict(list)
    for event in reader.read(path):
        if event.type is events.EventType.MARKET_DATA:
            found[event.symbol].append(event.data)
    for name in ('AAA', 'BBB'):
        assert found[name] == [bar for bar in bars if bar.symbol == name]
    assert listener.told == []


async def _publish(made: rig.Rig, bar: base.Message) -> None:
    await made.bus.publish(
        bus.Lane.MARKET,
        bus.Incoming(
            events.EventType.MARKET_DATA, bar, 'feed:it', symbol=bar.symbol
        ),
    )
