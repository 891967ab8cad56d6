"""Sources made of their configuration."""

import pytest

from sting.data.sources import base
from sting.data.sources import registry
from sting.engine import clock
from sting.model import errors
from sting.settings import schema
from tests.unit.data.sources import feeds
from tests.unit.net import streams

pytestmark = pytest.mark.unit


def service(**changes):
    given = {
        'base_url': 'http://127.0.0.1:9',
        'per_minute': 60.0,
        'burst': 1,
        'timeout_s': 1.0,
        'calendar': '24/7',
    }
    return schema.Service(**(given | changes))


async def test_without_an_address_of_streams_there_are_none():
    made = registry.build('binance', service(), clock.LiveClock(), {})
    assert made.capabilities.streams == frozenset()


async def test_the_streams_are_where_the_configuration_says():
    listener = feeds.Listener()
    bar = feeds.minutes(1)[0]
    async with streams.serving(streams.says(feeds.kline(bar))) as (url, _):
        made = registry.build(
            'binance', service(data_stream_url=url), listener.clock, {}
        )
        assert made.capabilities.streams == frozenset(base.Stream)
        stream = made.stream(feeds.wanted(), listener.watch())
        assert await feeds.take(stream, 1) == [bar]
        await made.close()
    assert listener.states == ['connected', 'closed']


async def test_alpaca_is_made_of_both_of_its_keys():
    environ = {'STING_ALPACA_KEY': 'k', 'STING_ALPACA_SECRET': 's'}
    made = registry.build(
        'alpaca', service(data_stream_url='ws://x'), clock.LiveClock(), environ
    )
    assert made.name == 'alpaca'
    assert made.capabilities.streams == frozenset(base.Stream)
    assert made.capabilities.has('1d')
    for missing in environ:
        rest = {name: key for name, key in environ.items() if name != missing}
        with pytest.raises(errors.ConfigError, match=f'set {missing} in'):
            registry.build('alpaca', service(), clock.LiveClock(), rest)


@pytest.mark.parametrize(
    ('changes', 'streams', 'history'),
    [
        ({'base_url': None, 'data_stream_url': 'ws://x'}, True, False),
        ({}, False, True),
    ],
)
async def test_alpaca_has_what_it_has_an_address_of(changes, streams, history):
    environ = {'STING_ALPACA_KEY': 'k', 'STING_ALPACA_SECRET': 's'}
    made = registry.build(
        'alpaca', service(**changes), clock.LiveClock(), environ
    )
    assert bool(made.capabilities.streams) == streams
    assert made.capabilities.has('1m') == history


@pytest.mark.parametrize(
    ('name', 'changes', 'said'),
    [
        ('yahoo', {'base_url': None}, 'yahoo has no base_url'),
        ('alpaca', {'base_url': None}, 'alpaca has no base_url'),
    ],
)
def test_an_address_that_is_missing_is_told(name, changes, said):
    environ = {'STING_ALPACA_KEY': 'k', 'STING_ALPACA_SECRET': 's'}
    with pytest.raises(errors.ConfigError, match=said):
        registry.build(name, service(**changes), clock.LiveClock(), environ)
