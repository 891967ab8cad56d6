"""Alpaca's adapter, made of its settings."""

import pytest
from rich import pretty

from sting import settings
from sting.broker import alpaca
from sting.engine import clock as clocks
from sting.model import errors
from tests.brokers.alpaca import server as servers
from tests.brokers.alpaca import world as worlds

pytestmark = pytest.mark.unit
KEYS = (servers.KEY, servers.SECRET)


def make(url, keys=KEYS):
    service = settings.Alpaca(calendar='XNYS', trading_url=url)
    return alpaca.build(service, keys, clocks.LiveClock())


async def test_orders_and_stream_go_to_one_place():
    world = worlds.AlpacaWorld()
    way = make(f'http://127.0.0.1:{world.server.port}/')
    try:
        await way.connect(lambda report: None, lambda order: False)
        assert way.monitor.works
        assert (await way.get_account_info()).simulated
    finally:
        await way.disconnect()
        await world.close()


@pytest.mark.parametrize('url', ['paper', 'ftp://x', 'https://a/b', 'https://'])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(errors.ConfigError, match='trading_url'):
        make(url)


def test_keys_stand_in_no_repr():
    way = make('https://paper-api.alpaca.markets')
    held = (way._access, way.emergency())
    # Rich does not ask for the repr.
    shown = repr(vars(way)) + repr(held) + pretty.pretty_repr(held)
    assert servers.KEY not in shown
    assert servers.SECRET not in shown
