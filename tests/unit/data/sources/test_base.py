"""What is asked of a source, and what it says of itself."""

import pytest

from sting.data.sources import base
from sting.engine import clock
from sting.model import errors
from sting.net import monitor

pytestmark = pytest.mark.unit


class Silent(base.DataSource):
    name = 'silent'
    capabilities = base.Capabilities(timeframes=frozenset({'1d'}))

    async def get_bars(self, request):
        raise errors.SourceUnavailableError('nobody is there')

    async def close(self):
        pass


def request(**changes):
    given = {'symbols': ('X',), 'timeframe': '1m', 'start': 0, 'end': 1}
    return base.Request(**(given | changes))


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'symbols': ()}, 'no symbol is asked for'),
        ({'timeframe': 'soon'}, 'soon'),
        ({'start': 2}, '1970-01-01T00:00:00Z is before the start'),
    ],
)
def test_a_request_for_nothing_is_refused(changes, message):
    with pytest.raises(errors.DataError, match=message):
        request(**changes)


def test_a_source_says_which_bars_it_has():
    assert Silent.capabilities.has('1d')
    assert not Silent.capabilities.has('1m')
    assert base.Capabilities(timeframes=None).has('1m')
    assert not base.Capabilities().has('1d')


def test_a_source_without_a_stream_refuses_one():
    watch = base.Watch(
        monitor=monitor.ConnectionMonitor('silent', clock.VirtualClock())
    )
    wanted = base.Subscription(symbols=('X',), timeframe='1m')
    with pytest.raises(errors.SourceRefusedError, match='silent has no stream'):
        Silent().stream(wanted, watch)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'symbols': ()}, 'no symbol is subscribed to'),
        ({'kinds': frozenset()}, 'nothing of the symbols is'),
        ({'timeframe': 'soon'}, 'soon'),
    ],
)
def test_a_subscription_to_nothing_is_refused(changes, message):
    with pytest.raises(errors.DataError, match=message):
        base.Subscription(**({'symbols': ('X',), 'timeframe': '1m'} | changes))


def test_a_limit_says_how_long_to_wait():
    limited = errors.SourceLimitedError('too often', 12.5)
    assert limited.wait_s == 12.5
    assert isinstance(limited, errors.SourceUnavailableError)
