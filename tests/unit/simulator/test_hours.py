"""When orders may come, when their auctions are, and when they end."""

import pytest

from sting.simulator import hours
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

MINUTE = worlds.MINUTE
order = worlds.order
# Sessions open at 13, 23, ... minutes and close at 10, 20, ...
OPEN = hours.Hours(worlds.session_open, worlds.session_close, 0)
LATE = hours.Hours(worlds.session_open, worlds.session_close, 4 * MINUTE)
NEVER = hours.Hours(None, None, 0)


@pytest.mark.parametrize(
    ('known', 'kind', 'due'),
    [
        (OPEN, 'market', 0),
        (OPEN, 'market_on_open', 13 * MINUTE + 1),
        (OPEN, 'market_on_close', 20 * MINUTE),
        (LATE, 'market_on_open', 23 * MINUTE + 1),
        (LATE, 'market_on_close', 20 * MINUTE),
    ],
)
def test_an_auction_is_the_first_that_an_order_is_there_for(known, kind, due):
    assert known.due(order(type=kind)) == due


@pytest.mark.parametrize(
    ('given', 'last'),
    [
        ({}, None),
        ({'tif': 'ioc'}, None),
        ({'tif': 'day'}, 20 * MINUTE),
        ({'tif': 'gtd', 'expires': 7}, 7),
        ({'type': 'market_on_open', 'tif': 'day'}, None),
        ({'type': 'market_on_close'}, 20 * MINUTE),
        ({'type': 'market_on_close', 'tif': 'gtd', 'expires': 7}, 7),
    ],
)
def test_an_order_ends_by_its_time_in_force_and_its_auction(given, last):
    assert OPEN.expiry(order(**given)) == last


@pytest.mark.parametrize('given', [{'tif': 'day'}, {'type': 'market_on_open'}])
def test_what_needs_sessions_is_refused_without_them(given):
    one = order(**given)
    assert 'session calendar' in NEVER.refusal(one, worlds.DECIDED)
    assert OPEN.refusal(one, worlds.DECIDED) == ''
