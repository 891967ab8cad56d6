"""Every rule of filling in one table: bars by hand, the price and the reason.

Each row has an order, decided before the first bar at a last close of 100,
the bars that follow as (open, high, low, close), and what comes of it in each
mode as (bar, price, tag): bar 1 is the first, None no fill.
"""

import collections

import pytest

from sting.model import orders
from sting.simulator import market as simulated
from sting.simulator import modes
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

MINUTE = worlds.MINUTE
DECIDED = worlds.DECIDED
Row = collections.namedtuple(
    'Row', 'why sent bars next_open path optimistic pessimistic'
)


def same(why, sent, bars, expected):
    """A row on which all modes agree: the bars leave nothing open."""
    return Row(why, sent, bars, expected, expected, expected, expected)


def order(side, type='market', limit=None, stop=None, **more):
    return worlds.order(
        side=side, type=type, price=limit, stop_price=stop, **more
    )


UP = (100, 104, 99, 103)  # goes 100, 99, 104, 103
DOWN = (100, 101, 96, 97)  # goes 100, 101, 96, 97

MARKETS = [
    same('a buy gets the open', order('buy'), [UP], (1, 100, 'open')),
    same('so does a sell', order('sell'), [DOWN], (1, 100, 'open')),
]

LIMITS = [
    same(
        'the open of 99 is better than 100',
        *(order('buy', 'limit', 100), [(99, 101, 98, 100)], (1, 99, 'open')),
    ),
    same(
        'the open is the limit',
        *(order('buy', 'limit', 100), [UP], (1, 100, 'open')),
    ),
    same(
        'the low of 99 trades through 99.5',
        *(order('buy', 'limit', 99.5), [UP], (1, 99.5, 'limit')),
    ),
    Row(
        'the low is the limit: others may have been first',
        *(order('buy', 'limit', 99), [UP]),
        *(None, None, (1, 99, 'limit'), None),
    ),
    same(
        'the low of 99 does not reach 98.5',
        *(order('buy', 'limit', 98.5), [UP], None),
    ),
    same(
        'the open of 101 is better than 100',
        *(order('sell', 'limit', 100), [(101, 102, 99, 100)]),
        (1, 101, 'open'),
    ),
    same(
        'the high of 104 trades through 103.5',
        *(order('sell', 'limit', 103.5), [UP], (1, 103.5, 'limit')),
    ),
    Row(
        'the high is the limit: others may have been first',
        *(order('sell', 'limit', 104), [UP]),
        *(None, None, (1, 104, 'limit'), None),
    ),
    same(
        'it waits for the bar that comes there',
        *(order('buy', 'limit', 98), [UP, DOWN], (2, 98, 'limit')),
    ),
]

STOPS = [
    same(
        'opened above the stop: the open, however bad',
        *(order('buy', 'stop', stop=99), [UP], (1, 100, 'gap')),
    ),
    same(
        'the high passes 102 on its way',
        *(order('buy', 'stop', stop=102), [UP], (1, 102, 'stop')),
    ),
    same(
        'a touch triggers: that price was traded',
        *(order('buy', 'stop', stop=104), [UP], (1, 104, 'stop')),
    ),
    same(
        'the high does not reach 105',
        *(order('buy', 'stop', stop=105), [UP], None),
    ),
    same(
        'opened below the stop: the open, however bad',
        *(order('sell', 'stop', stop=101), [DOWN], (1, 100, 'gap')),
    ),
    same(
        'the low passes 98 on its way',
        *(order('sell', 'stop', stop=98), [DOWN], (1, 98, 'stop')),
    ),
    same(
        'a touch triggers: that price was traded',
        *(order('sell', 'stop', stop=96), [DOWN], (1, 96, 'stop')),
    ),
]

STOP_LIMITS = [
    same(
        'opened through the stop and within the limit',
        *(order('buy', 'stop_limit', 101, 99), [UP], (1, 100, 'gap')),
    ),
    Row(
        'triggered at 102 inside the bar, where 103 takes what is there',
        *(order('buy', 'stop_limit', 103, 102), [UP, UP]),
        *((2, 100, 'open'), (1, 102, 'stop')),
        *((1, 102, 'stop'), (2, 100, 'open')),
    ),
    Row(
        'opened beyond the limit of 99.5; the low of 99 came after the open',
        *(order('buy', 'stop_limit', 99.5, 99), [UP, DOWN]),
        *((2, 99.5, 'limit'), (1, 99.5, 'limit')),
        *((1, 99.5, 'limit'), (2, 99.5, 'limit')),
    ),
    Row(
        'triggered at 102 on the way up; the low of 99 was before it',
        *(order('buy', 'stop_limit', 99.5, 102), [UP, (103, 104, 101, 102)]),
        *(None, None, (1, 99.5, 'limit'), None),
    ),
    Row(
        'triggered at 100.5 on the way to 101; 96 comes after it',
        *(order('buy', 'stop_limit', 98, 100.5), [DOWN, UP]),
        *(None, (1, 98, 'limit'), (1, 98, 'limit'), None),
    ),
    Row(
        'triggered at 98 inside the bar, where 97.5 takes what is there',
        *(order('sell', 'stop_limit', 97.5, 98), [DOWN, DOWN]),
        *((2, 100, 'open'), (1, 98, 'stop')),
        *((1, 98, 'stop'), (2, 100, 'open')),
    ),
    Row(
        'triggered at 98; the close of 97 does not come back to 99',
        *(order('sell', 'stop_limit', 99, 98), [DOWN]),
        *(None, None, (1, 99, 'limit'), None),
    ),
    same(
        'its stop was not reached',
        *(order('buy', 'stop_limit', 106, 105), [UP, UP], None),
    ),
    same(
        'triggered by the first bar as gap; a limit order on the second',
        *(order('buy', 'stop_limit', 97, 99), [UP, DOWN], (2, 97, 'limit')),
    ),
]


def trailing(side, trail=2.0):
    return order(side, 'trailing_stop', trail=trail)


TRAILING_STOPS = [
    same(
        'opened at 97, below 100 - 2',
        *(trailing('sell'), [(97, 99, 96, 98)], (1, 97, 'gap')),
    ),
    same(
        'the trigger is 98, the low 98.5',
        *(trailing('sell'), [(100, 100.2, 98.5, 99)], None),
    ),
    Row(
        'to 101 first, which raises the trigger to 99, then down through it',
        *(trailing('sell'), [DOWN]),
        *((1, 98, 'stop'), (1, 99, 'stop')),
        *((1, 99, 'stop'), (1, 98, 'stop')),
    ),
    Row(
        'to 99 first, then 104: only in the other order 102 is met',
        *(trailing('sell'), [UP, (103, 103.5, 101, 101.5)]),
        *((2, 102, 'stop'), (2, 102, 'stop')),
        *((1, 102, 'stop'), (2, 102, 'stop')),
    ),
    Row(
        'the close of 101 is below 104 - 2, wherever the low was',
        *(trailing('sell'), [(100, 104, 99, 101), (101, 102, 100, 101)]),
        *((2, 101, 'gap'), (1, 102, 'stop')),
        *((1, 102, 'stop'), (2, 101, 'gap')),
    ),
    Row(
        'the trigger of a buy falls to 96 + 2 on the way down',
        *(trailing('buy'), [(100, 101, 96, 99), (99, 100, 98, 99)]),
        *((2, 99, 'gap'), (1, 98, 'stop')),
        *((1, 98, 'stop'), (2, 99, 'gap')),
    ),
    Row(
        '2 per cent of 101 is 2.02',
        *(trailing('sell', '2%'), [DOWN]),
        *((1, 98, 'stop'), (1, 98.98, 'stop')),
        *((1, 98.98, 'stop'), (1, 98, 'stop')),
    ),
]

# Sessions are of the minutes 3 to 10; each bar is a minute.
MINUTES = [(100 + at, 100.7 + at, 99.6 + at, 100.4 + at) for at in range(12)]
AUCTIONS = [
    same(
        'the session opens at minute 3: the open of the bar that ends at 4',
        *(order('buy', 'market_on_open'), MINUTES, (4, 103, 'open')),
    ),
    same(
        'the session closes at minute 10: the close of the bar that ends then',
        *(order('sell', 'market_on_close'), MINUTES, (10, 109.4, 'close')),
    ),
    same(
        'the open of 103 is within the limit, and better',
        *(order('buy', 'limit_on_open', 104), MINUTES, (4, 103, 'open')),
    ),
    same(
        'the open is the limit of a sell',
        *(order('sell', 'limit_on_open', 103), MINUTES, (4, 103, 'open')),
    ),
    same(
        'the open is beyond it, and that the bar comes back is nothing to it',
        *(order('buy', 'limit_on_open', 102.8), MINUTES, None),
    ),
    same(
        'the close of 109.4 is above what a sell takes',
        *(order('sell', 'limit_on_close', 109), MINUTES, (10, 109.4, 'close')),
    ),
    same(
        'the close is below it, though the bar was above',
        *(order('sell', 'limit_on_close', 109.5), MINUTES, None),
    ),
    same(
        'no bar ends with the session',
        *(order('sell', 'market_on_close'), MINUTES[:9], None),
    ),
]


def far(tif, **more):
    """A limit that is reached only by a bar to 90."""
    return order('buy', 'limit', 91, tif=tif, **more)


SINK = (100, 101, 90, 95)
TIMES_IN_FORCE = [
    same('gtc works on', far('gtc'), [UP] * 11 + [SINK], (12, 91, 'limit')),
    same(
        'day: decided at a close it works the next session, to minute 10',
        *(far('day'), [UP] * 9 + [SINK], (10, 91, 'limit')),
    ),
    same('day: no longer', far('day'), [UP] * 10 + [SINK], None),
    same(
        'gtd: on the bar that closes at its moment',
        far('gtd', expires=DECIDED + 2 * MINUTE),
        *([UP, SINK], (2, 91, 'limit')),
    ),
    same(
        'gtd: no longer',
        *(far('gtd', expires=DECIDED + 2 * MINUTE), [UP, UP, SINK], None),
    ),
    same('ioc has one bar', far('ioc'), [UP, SINK], None),
    same('fok has one bar', far('fok'), [UP, SINK], None),
    same('ioc fills on it', far('ioc'), [SINK], (1, 91, 'limit')),
    same(
        'ioc: a stop waits for its trigger',
        *(order('buy', 'stop', stop=104.5, tif='ioc'), [UP, (105,) * 4]),
        (2, 105, 'gap'),
    ),
    Row(
        'ioc: a stop-limit has the bar of its trigger, or the one after it',
        order('buy', 'stop_limit', 103, 102, tif='ioc'),
        [UP, (104, 105, 103.5, 104), UP],
        *(None, (1, 102, 'stop'), (1, 102, 'stop'), None),
    ),
]

TABLE = [
    *MARKETS,
    *LIMITS,
    *STOPS,
    *STOP_LIMITS,
    *TRAILING_STOPS,
    *AUCTIONS,
    *TIMES_IN_FORCE,
]


def played(sim, sent, prices):
    """Gives the fills of orders as (id, bar, price, tag)."""
    sim.on_bar(worlds.bar(0, 100, 100, 100))
    for one in sent:
        (answer,) = sim.submit(one, one.created)
        assert answer.status is orders.OrderStatus.ACCEPTED
    came = []
    for at, four in enumerate(prices, start=1):
        came += [
            (each.order_id, at, pytest.approx(each.price), each.tag)
            for each in sim.on_bar(worlds.bar(at, *four))
            if isinstance(each, orders.Fill)
        ]
    return came


def opened(mode, **more):
    return simulated.MarketSimulator(
        session_close=worlds.session_close,
        session_open=worlds.session_open,
        fill=mode,
        **more,
    )


def name(row):
    sent = row.sent
    return f'{sent.side} {sent.type} {sent.time_in_force}: {row.why}'


@pytest.mark.parametrize('mode', modes.NAMES)
@pytest.mark.parametrize('row', TABLE, ids=name)
def test_rule(row, mode):
    expected = getattr(row, mode)
    came = played(opened(mode), [row.sent], row.bars)
    assert came == ([] if expected is None else [('o1', *expected)])


def test_the_table_has_every_type_and_time_in_force():
    sent = [row.sent for row in TABLE]
    assert {one.type for one in sent} == set(orders.OrderType)
    assert {one.time_in_force for one in sent} == set(orders.TimeInForce)


# The two exits of a long, a limit at 103 and a stop at 98: why, the bar, and
# price and tag of what fills in each mode.
STOPPED, TAKEN = (98, 'stop'), (103, 'limit')
EXITS = [
    (
        'the low of 97 is nearer to the open than the high of 104',
        *((100, 104, 97, 103), STOPPED, STOPPED, TAKEN, STOPPED),
    ),
    (
        'the high of 104 is nearer to the open than the low of 95',
        *((100, 104, 95, 97), STOPPED, TAKEN, TAKEN, STOPPED),
    ),
    (
        'both are as near: the low is first for a sell',
        *((100, 104, 96, 97), STOPPED, STOPPED, TAKEN, STOPPED),
    ),
    ('the open of 105 decides', (105, 106, 95, 97), *[(105, 'open')] * 4),
    ('the open of 97 decides', (97, 104, 95, 103), *[(97, 'gap')] * 4),
    ('only the limit is reached', (100, 104, 99, 103), *[TAKEN] * 4),
    ('only the stop is reached', (100, 102, 97, 98), *[STOPPED] * 4),
    (
        'the high only touches the limit',
        *((100, 103, 99, 100), None, None, TAKEN, None),
    ),
]


@pytest.mark.parametrize('mode', modes.NAMES)
@pytest.mark.parametrize('row', EXITS, ids=lambda row: row[0])
def test_of_two_exits_one_fills_and_the_other_is_cancelled(row, mode):
    _, four, *expected = row
    sim = opened(mode)
    more = {'parent': 'o', 'oco': 'o'}
    exits = (
        worlds.order('tp', 'sell', type='limit', price=103.0, **more),
        worlds.order('sl', 'sell', type='stop', stop_price=98.0, **more),
    )
    came = [each[2:] for each in played(sim, exits, [four])]
    one = dict(zip(Row._fields[3:], expected, strict=True))[mode]
    assert came == ([] if one is None else [one])
    assert len(sim.working()) == (2 if one is None else 0)


# mode, asked for, whether a limit that is only touched fills
TOUCHES = [
    ('next_open', True, True),
    ('path', True, True),
    ('optimistic', False, True),
    ('pessimistic', True, False),
]


@pytest.mark.parametrize(('mode', 'asked', 'expected'), TOUCHES)
def test_touch_fills_in_each_mode(mode, asked, expected):
    sim = opened(mode, touch_fills=asked)
    came = played(sim, [order('buy', 'limit', 99)], [UP])
    assert came == [('o1', 1, 99, 'limit')] * expected


# mode, the bar, in which order two limits of one volume fill
SEQUENCES = [
    ('path', UP, ['buy', 'sell'], 'down to 99 first'),
    ('path', (100, 102, 96, 97), ['sell', 'buy'], 'up to 102 first'),
    ('next_open', UP, ['sell', 'buy'], 'as they arrived'),
    ('optimistic', UP, ['sell', 'buy'], 'as they arrived'),
    ('pessimistic', UP, ['sell', 'buy'], 'as they arrived'),
]


@pytest.mark.parametrize(('mode', 'four', 'expected', 'why'), SEQUENCES)
def test_orders_of_one_bar_fill_in_the_order_of_the_path(
    mode, four, expected, why
):
    sell = worlds.order('sell', 'sell', 10.0, 'limit', price=101.5)
    buy = worlds.order('buy', 'buy', 10.0, 'limit', price=99.5)
    came = played(opened(mode), [sell, buy], [four])
    assert [each[0] for each in came] == expected, why


def test_what_the_path_meets_first_gets_the_volume():
    sim = opened('path')
    for id, side, price in (('o1', 'sell', 101.5), ('o2', 'buy', 99.5)):
        sim.submit(worlds.order(id, side, 10.0, 'limit', price=price), DECIDED)
    came = sim.on_bar(worlds.bar(1, *UP, volume=48))
    assert [(each.order_id, each.quantity) for each in came] == [
        ('o2', 10.0),
        ('o1', 2.0),
    ]


def test_the_auction_of_a_close_is_the_end_of_the_path():
    close = worlds.order('close', 'buy', type='market_on_close')
    limit = worlds.order('limit', 'buy', type='limit', price=99.5)
    came = played(opened('path'), [close, limit], [UP] * 9 + [SINK])
    assert [each[0] for each in came] == ['limit', 'close']
