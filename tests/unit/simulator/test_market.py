"""The simulated market: orders, bars, times in force."""

import hypothesis
from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.model import costs as cost_models
from sting.model import errors
from sting.model import market as market_model
from sting.model import orders
from sting.model import records
from sting.simulator import costs
from sting.simulator import market as simulated
from sting.simulator import modes
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

S = orders.OrderStatus
bar = worlds.bar
order = worlds.order
MINUTE = worlds.MINUTE
DECIDED = worlds.DECIDED


@pytest.fixture
def sim():
    return simulated.MarketSimulator(
        session_close=worlds.session_close, session_open=worlds.session_open
    )


def sent(sim, *many):
    for one in many:
        (update,) = sim.submit(one, one.created)
        assert update.status is S.ACCEPTED
    return sim


def fills(reports):
    return [
        (one.order_id, one.quantity, one.price, one.tag)
        for one in reports
        if isinstance(one, orders.Fill)
    ]


def statuses(reports):
    return [
        (one.order_id, one.status)
        for one in reports
        if isinstance(one, orders.OrderUpdate)
    ]


# --- taking orders


def test_an_order_is_accepted_under_the_markets_own_id(sim):
    (update,) = sim.submit(order('o1'), DECIDED)
    assert update == orders.OrderUpdate(
        order_id='o1', status=S.ACCEPTED, broker_id='sim-o1'
    )


@pytest.mark.parametrize(
    ('refused', 'words'),
    [
        (order(type='trailing_stop'), 'needs a trail'),
        (order(type='trailing_stop', trail='2'), 'a per cent'),
        (order(type='market_on_open', price=9.0), 'takes no price'),
        (order(type='limit_on_close'), 'needs a price'),
        (order(trail=2.0), 'a market order takes no trail'),
        (order(take_profit=-1.0), 'take profit -1 must be above 0'),
        (order(type='limit', price=9.0, stop_loss=9.5), 'must be below'),
        (order(type='limit'), 'needs a price'),
        (order(type='stop', stop_price=-1.0), 'must be above 0'),
        (order(quantity=float('nan')), 'must be above 0'),
        (order(tif='gtd'), 'needs the moment'),
        (order(tif='gtd', expires=DECIDED), 'expired before it arrived'),
    ],
)
def test_what_it_cannot_work_is_rejected(sim, refused, words):
    (update,) = sim.submit(refused, DECIDED)
    assert update.status is S.REJECTED
    assert words in update.message
    assert sim.working() == []


def test_a_day_order_without_sessions_is_rejected():
    (update,) = simulated.MarketSimulator().submit(order(tif='day'), DECIDED)
    assert update.status is S.REJECTED
    assert 'use gtc' in update.message


def test_the_same_id_twice_is_an_error(sim):
    sent(sim, order())
    with pytest.raises(errors.StateError, match='o1 is working already'):
        sim.submit(order(), DECIDED)


@pytest.mark.parametrize('type', sorted(orders.ON_OPEN | orders.ON_CLOSE))
def test_an_auction_without_sessions_is_rejected(type):
    sent = order(type=type, price=9.0 if type.startswith('limit') else None)
    (update,) = simulated.MarketSimulator().submit(sent, DECIDED)
    assert update.status is S.REJECTED
    assert 'needs a session calendar' in update.message


@pytest.mark.parametrize('share', [0.0, -0.1, 1.1, float('nan')])
def test_a_participation_that_is_no_share_is_refused(share):
    with pytest.raises(errors.ConfigError, match='participation'):
        simulated.MarketSimulator(participation=share)


# --- when an order fills


def test_a_market_order_fills_at_the_next_open(sim):
    sent(sim, order(quantity=10.0))
    (fill,) = sim.on_bar(bar(1, 100, 102, 99))
    assert fill == orders.Fill(
        order_id='o1',
        execution_id=f'o1-{DECIDED + MINUTE}',
        symbol='AAPL',
        side=orders.OrderSide.BUY,
        quantity=10.0,
        price=100.0,
        timestamp=DECIDED + MINUTE,
        tag='open',
    )
    assert sim.working() == []


def test_the_bar_of_the_decision_does_not_fill(sim):
    sent(sim, order())
    assert sim.on_bar(bar(0, 100, 102, 99)) == []


def test_a_bar_that_closed_before_the_arrival_does_not_fill(sim):
    sim.submit(order(), DECIDED + 2 * MINUTE)
    assert sim.on_bar(bar(2, 100, 102, 99)) == []
    assert fills(sim.on_bar(bar(3, 100, 102, 99)))


def test_a_bar_that_is_not_closed_does_not_fill(sim):
    sent(sim, order())
    assert sim.on_bar(bar(1, 100, 102, 99, closed=False)) == []


def test_another_symbols_bar_does_not_fill(sim):
    sent(sim, order())
    assert sim.on_bar(bar(1, 100, 102, 99, symbol='IBM')) == []


@pytest.mark.parametrize(
    ('one', 'what', 'expected'),
    [
        (order(type='limit', price=101.0), (100, 102, 99), (100, 'open')),
        (order(type='limit', price=99.5), (100, 102, 99), (99.5, 'limit')),
        (order(type='stop', stop_price=99.0), (100, 102, 98), (100, 'gap')),
        (order(type='stop', stop_price=101.0), (100, 102, 98), (101, 'stop')),
        (
            order(type='stop_limit', stop_price=99.0, price=101.0),
            (100, 102, 98),
            (100, 'gap'),
        ),
    ],
)
def test_each_type_fills_by_its_rule(sim, one, what, expected):
    sent(sim, one)
    assert fills(sim.on_bar(bar(1, *what))) == [('o1', 10.0, *expected)]


def test_a_stop_limit_touched_inside_a_bar_fills_from_the_next(sim):
    sent(sim, order(type='stop_limit', stop_price=101.0, price=102.0))
    assert sim.on_bar(bar(1, 100, 101, 99)) == [
        orders.OrderUpdate(
            order_id='o1',
            status=S.ACCEPTED,
            broker_id='sim-o1',
            triggered=True,
        )
    ]
    # It is a limit order now, and 100 is better than 102.
    assert fills(sim.on_bar(bar(2, 100, 100.5, 99))) == [
        ('o1', 10.0, 100.0, 'open')
    ]


# --- volume


def test_a_bar_gives_a_share_of_its_volume_and_the_rest_works_on(sim):
    sent(sim, order(quantity=30.0))
    first = sim.on_bar(bar(1, 100, 102, 99, volume=80))
    second = sim.on_bar(bar(2, 103, 104, 99, volume=80))
    assert fills(first) == [('o1', 20.0, 100.0, 'open')]
    assert fills(second) == [('o1', 10.0, 103.0, 'open')]


def test_the_share_is_had_in_order_of_arrival(sim):
    sent(sim, order('o1', quantity=15.0), order('o2', 'sell', quantity=15.0))
    assert fills(sim.on_bar(bar(1, 100, 102, 99, volume=80))) == [
        ('o1', 15.0, 100.0, 'open'),
        ('o2', 5.0, 100.0, 'open'),
    ]


def test_a_bar_without_volume_fills_nothing(sim):
    sent(sim, order())
    assert sim.on_bar(bar(1, 100, 102, 99, volume=0)) == []
    assert len(sim.working()) == 1


def test_a_stop_that_filled_in_part_goes_on_as_a_market_order(sim):
    sent(sim, order(side='sell', type='stop', stop_price=99.0, quantity=30.0))
    first = sim.on_bar(bar(1, 100, 101, 98, volume=80))
    assert [getattr(one, 'triggered', None) for one in first] == [True, None]
    assert fills(first) == [('o1', 20.0, 99.0, 'stop')]
    # The price is back above the stop; the stop has been touched all the same.
    assert fills(sim.on_bar(bar(2, 103, 104, 102, volume=80))) == [
        ('o1', 10.0, 103.0, 'open')
    ]


def test_what_is_left_as_dust_is_not_traded(sim):
    sent(sim, order(quantity=20.0 + orders.DUST / 2))
    assert fills(sim.on_bar(bar(1, 100, 102, 99, volume=80)))
    assert sim.working() == []


# --- costs


def test_slippage_and_commission_on_a_market_order():
    sim = simulated.MarketSimulator(
        costs.CostModel(commission_bps=5.0, slippage_bps=10.0)
    )
    sent(sim, order(side='sell'))
    (fill,) = sim.on_bar(bar(1, 100, 102, 99))
    assert fill.price == pytest.approx(99.9)
    assert fill.fee == pytest.approx(10 * 99.9 * 5e-4)


@pytest.mark.parametrize(
    ('one', 'price'),
    [
        (order(type='stop', stop_price=101.0), 101 * 1.001),
        (order(type='stop', stop_price=99.0), 100 * 1.001),
        (order(type='limit', price=99.5), 99.5),
        (order(type='limit', price=100.5), 100),
        (order(type='stop_limit', stop_price=99.0, price=101.0), 100),
    ],
)
def test_limits_never_slip_and_stops_do(one, price):
    sim = simulated.MarketSimulator(costs.CostModel(slippage_bps=10.0))
    sent(sim, one)
    (fill,) = sim.on_bar(bar(1, 100, 102, 98))
    assert fill.price == pytest.approx(price)


# --- time in force


def far(tif, **more):
    """A limit that the bars of these tests never reach."""
    return order(type='limit', price=50.0, tif=tif, **more)


def test_gtc_works_for_ever(sim):
    sent(sim, far('gtc'))
    assert sim.on_bar(bar(10**6, 100, 102, 99)) == []
    assert len(sim.working()) == 1


def test_day_expires_after_its_sessions_close(sim):
    # Sessions close every ten minutes; it is decided two minutes before one.
    sent(sim, far('day', created=DECIDED - 2 * MINUTE))
    assert sim.on_bar(bar(0, 100, 102, 99)) == []
    assert statuses(sim.on_bar(bar(1, 100, 102, 99))) == [('o1', S.EXPIRED)]
    assert sim.working() == []


def test_day_fills_on_the_bar_that_ends_the_session(sim):
    sent(sim, order(tif='day', created=DECIDED - 2 * MINUTE))
    assert fills(sim.on_bar(bar(0, 100, 102, 99)))


def test_day_decided_at_a_close_works_through_the_next_session(sim):
    sent(sim, far('day', created=DECIDED))
    assert sim.on_bar(bar(10, 100, 102, 99)) == []
    assert statuses(sim.on_bar(bar(11, 100, 102, 99))) == [('o1', S.EXPIRED)]


def test_gtd_works_on_the_bar_of_its_expiry_and_no_longer(sim):
    expires = DECIDED + 2 * MINUTE
    sent(sim, far('gtd', expires=expires))
    assert sim.on_bar(bar(2, 100, 102, 99)) == []
    assert statuses(sim.on_bar(bar(3, 40, 41, 39))) == [('o1', S.EXPIRED)]


def test_expiry_is_judged_before_the_fill_and_reported_in_order(sim):
    sent(
        sim,
        order('o1', tif='gtd', expires=DECIDED + MINUTE),
        order('o2'),
    )
    reports = sim.on_bar(bar(2, 100, 102, 99))
    assert [one.order_id for one in reports] == ['o1', 'o2']
    assert statuses(reports) == [('o1', S.EXPIRED)]


def test_ioc_takes_what_it_can_and_cancels_the_rest(sim):
    sent(sim, order(quantity=30.0, tif='ioc'))
    reports = sim.on_bar(bar(1, 100, 102, 99, volume=80))
    assert fills(reports) == [('o1', 20.0, 100.0, 'open')]
    assert statuses(reports) == [('o1', S.CANCELLED)]
    assert sim.working() == []


def test_ioc_that_does_not_fill_is_cancelled_on_its_first_bar(sim):
    sent(sim, far('ioc'))
    assert sim.on_bar(bar(0, 100, 102, 99)) == []
    assert statuses(sim.on_bar(bar(1, 100, 102, 99))) == [('o1', S.CANCELLED)]


def test_ioc_that_fills_whole_is_not_cancelled(sim):
    sent(sim, order(tif='ioc'))
    assert statuses(sim.on_bar(bar(1, 100, 102, 99))) == []


def test_fok_fills_whole(sim):
    sent(sim, order(quantity=20.0, tif='fok'))
    reports = sim.on_bar(bar(1, 100, 102, 99, volume=80))
    assert fills(reports) == [('o1', 20.0, 100.0, 'open')]
    assert statuses(reports) == []


def test_fok_that_cannot_fill_whole_is_cancelled_and_takes_no_volume(sim):
    sent(sim, order('o1', quantity=30.0, tif='fok'), order('o2', quantity=15))
    reports = sim.on_bar(bar(1, 100, 102, 99, volume=80))
    assert statuses(reports) == [('o1', S.CANCELLED)]
    assert fills(reports) == [('o2', 15.0, 100.0, 'open')]


def test_ioc_stop_waits_for_its_trigger(sim):
    sent(sim, order(type='stop', stop_price=105.0, quantity=30.0, tif='ioc'))
    assert sim.on_bar(bar(1, 100, 102, 99)) == []
    reports = sim.on_bar(bar(2, 104, 106, 103, volume=80))
    assert fills(reports) == [('o1', 20.0, 105.0, 'stop')]
    assert statuses(reports)[-1] == ('o1', S.CANCELLED)


def test_ioc_stop_limit_has_the_bar_after_its_trigger(sim):
    one = order(type='stop_limit', stop_price=101.0, price=102.0, tif='ioc')
    sent(sim, one)
    assert statuses(sim.on_bar(bar(1, 100, 101, 99))) == [('o1', S.ACCEPTED)]
    assert statuses(sim.on_bar(bar(2, 103, 104, 102))) == [('o1', S.CANCELLED)]


# type, side, (open, high, low), the price with --touch-fills, why
TOUCHES = [
    ('limit', 'buy', (101, 102, 100), 100, 'the low is the limit'),
    ('limit', 'sell', (99, 100, 98), 100, 'the high is the limit'),
    ('limit', 'buy', (101, 102, 100.5), None, 'not reached'),
    ('limit', 'buy', (101, 102, 99), 100, 'traded through'),
    ('limit', 'buy', (99, 102, 99), 99, 'the open is better'),
    ('stop_limit', 'buy', (99, 100, 98), None, 'its trigger comes first'),
]


@pytest.mark.parametrize(
    'row', TOUCHES, ids=lambda row: f'{row[0]} {row[1]}: {row[-1]}'
)
def test_a_touch_fills_where_that_is_assumed(row):
    type, side, prices, expected, _ = row
    sim = simulated.MarketSimulator(touch_fills=True)
    stop = 100.0 if type == 'stop_limit' else None
    sent(sim, order(side=side, type=type, price=100.0, stop_price=stop))
    came = [price for _, _, price, _ in fills(sim.on_bar(bar(1, *prices)))]
    assert came == ([] if expected is None else [expected])


def test_a_triggered_stop_limit_fills_at_a_touch_where_that_is_assumed():
    sim = simulated.MarketSimulator(touch_fills=True)
    sent(sim, order(type='stop_limit', price=100.0, stop_price=100.0))
    assert fills(sim.on_bar(bar(1, 99, 101, 98))) == []
    assert fills(sim.on_bar(bar(2, 101, 102, 100))) == [
        ('o1', 10.0, 100.0, 'limit')
    ]


# --- trailing stops


def trailing(side='sell', trail=2.0, **more):
    return order(side=side, type='trailing_stop', trail=trail, **more)


# side, trail, (open, high, low) bar by bar after a close of 100, the fill: its
# bar, price and tag, why
TRAILS = [
    ('sell', 2.0, [(100, 101, 97)], (1, 98, 'stop'), '100 - 2, touched'),
    ('sell', 2.0, [(95, 96, 94)], (1, 95, 'gap'), 'gapped through 98'),
    ('sell', 2.0, [(100, 110, 99)], None, 'the high of 110 counts later'),
    (
        *('sell', 2.0, [(100, 110, 99), (109, 110, 107)]),
        (2, 108, 'stop'),
        'raised to 110 - 2 by the bar before',
    ),
    (
        *('sell', 2.0, [(100, 110, 99), (109, 109, 108.5), (108.5, 109, 108)]),
        (3, 108, 'stop'),
        'a lower high does not lower it; a touch triggers',
    ),
    (
        *('sell', '10%', [(100, 200, 99), (190, 190, 170)]),
        (2, 180, 'stop'),
        '200 less 10 per cent',
    ),
    ('buy', 2.0, [(100, 103, 99)], (1, 102, 'stop'), '100 + 2, touched'),
    ('buy', 2.0, [(105, 106, 104)], (1, 105, 'gap'), 'gapped through 102'),
    (
        *('buy', 2.0, [(100, 101, 90), (91, 93, 90)]),
        (2, 92, 'stop'),
        'lowered to 90 + 2 by the bar before',
    ),
    (
        *('buy', '10%', [(100, 101, 50), (52, 60, 51)]),
        (2, 55, 'stop'),
        '50 and 10 per cent',
    ),
]


@pytest.mark.parametrize('row', TRAILS, ids=lambda row: f'{row[0]}: {row[-1]}')
def test_a_trailing_stop_follows_closed_bars(sim, row):
    side, trail, after, expected, _ = row
    sim.on_bar(bar(0, 100, 100, 100))
    sent(sim, trailing(side, trail))
    came = None
    for at, prices in enumerate(after, start=1):
        for _, _, price, tag in fills(sim.on_bar(bar(at, *prices))):
            came = at, pytest.approx(price), tag
    assert came == expected


def test_a_trailing_stop_tells_where_its_trigger_stands(sim):
    sim.on_bar(bar(0, 100, 100, 100))
    (update,) = sim.submit(trailing(), DECIDED)
    assert (update.status, update.stop_price) == (S.ACCEPTED, 98.0)
    (update,) = sim.on_bar(bar(1, 100, 104, 99))
    assert (update.status, update.stop_price) == (S.ACCEPTED, 102.0)
    assert sim.on_bar(bar(2, 103, 104, 103)) == []
    assert sim.working()[0].stop_price == 102.0


def test_without_a_bar_a_trailing_stop_begins_at_the_first_open(sim):
    sent(sim, trailing())
    reports = sim.on_bar(bar(1, 100, 103, 99))
    assert [one.stop_price for one in reports] == [98.0, 101.0]


def test_a_triggered_trailing_stop_is_a_market_order(sim):
    sim.on_bar(bar(0, 100, 100, 100))
    sent(sim, trailing(quantity=30.0))
    reports = sim.on_bar(bar(1, 100, 110, 97, volume=80))
    assert fills(reports) == [('o1', 20.0, 98.0, 'stop')]
    assert fills(sim.on_bar(bar(2, 120, 121, 119))) == [
        ('o1', 10.0, 120.0, 'open')
    ]


def test_a_trailing_stop_keeps_its_terms(sim):
    sent(sim, trailing())
    with pytest.raises(errors.BrokerRejectedError, match='keeps its terms'):
        sim.replace('o1', DECIDED, quantity=7.0)


# --- market on open and on close; sessions are of the minutes 3 to 10, 13 to 20


# type, decided, time in force, bars at, the fill: its bar, price and tag, why
AUCTIONS = [
    ('market_on_open', 0, 'gtc', [2, 3, 4], (4, 104, 'open'), 'opens at 3'),
    ('market_on_open', 3, 'gtc', [4], (4, 104, 'open'), 'in time for it'),
    ('market_on_open', 4, 'gtc', [5, 10, 14], (14, 114, 'open'), 'the next'),
    ('market_on_open', 4, 'day', [5, 10, 14], (14, 114, 'open'), 'no day'),
    ('market_on_open', 0, 'gtc', [10], (10, 110, 'open'), 'a daily bar'),
    ('market_on_close', 0, 'gtc', [9, 10], (10, 110.5, 'close'), 'ends at 10'),
    ('market_on_close', 9, 'day', [10], (10, 110.5, 'close'), 'in time'),
    ('market_on_close', 10, 'gtc', [11, 20], (20, 120.5, 'close'), 'the next'),
    ('market_on_close', 0, 'gtc', [9, 11, 20], None, 'no bar ended with it'),
]


@pytest.mark.parametrize(
    'row', AUCTIONS, ids=lambda row: f'{row[0]} {row[1]}: {row[-1]}'
)
def test_an_auction(sim, row):
    type, decided, tif, moments, expected, _ = row
    sent(sim, order(type=type, tif=tif, created=DECIDED + decided * MINUTE))
    came = None
    for at in moments:
        price = 100.0 + at
        one = bar(at, price, price + 1, price - 1, price + 0.5)
        for _, _, price, tag in fills(sim.on_bar(one)):
            came = at, price, tag
    assert came == expected
    assert sim.working() == []


def test_a_close_without_its_bar_expires(sim):
    sent(sim, order(type='market_on_close'))
    reports = sim.on_bar(bar(11, 100, 101, 99))
    assert statuses(reports) == [('o1', S.EXPIRED)]


def test_what_an_auction_does_not_give_is_cancelled(sim):
    sent(sim, order(type='market_on_open', quantity=30.0))
    reports = sim.on_bar(bar(4, 100, 102, 99, volume=80))
    assert fills(reports) == [('o1', 20.0, 100.0, 'open')]
    assert statuses(reports) == [('o1', S.CANCELLED)]
    assert reports[-1].message == 'market_on_open: the rest is cancelled'


@pytest.mark.parametrize('when', ['open', 'close'])
def test_a_limit_that_an_auction_does_not_reach_ends_with_it(sim, when):
    sent(sim, order(type=f'limit_on_{when}', price=99.0))
    reports = sim.on_bar(bar(10, 100, 102, 98))
    assert fills(reports) == []
    assert statuses(reports) == [('o1', S.CANCELLED)]
    assert reports[-1].message == f'limit_on_{when}: the rest is cancelled'


def test_the_limit_of_an_auction_can_be_changed_before_it(sim):
    sent(sim, order(type='limit_on_open', price=99.0))
    sim.replace('o1', DECIDED, price=101.0)
    assert fills(sim.on_bar(bar(4, 100, 102, 98))) == [
        ('o1', 10.0, 100.0, 'open')
    ]


@pytest.mark.parametrize('type', ['market_on_open', 'market_on_close'])
def test_a_date_before_the_auction_holds(sim, type):
    sent(sim, order(type=type, tif='gtd', expires=DECIDED + 2 * MINUTE))
    reports = sim.on_bar(bar(4, 100, 102, 99))
    assert statuses(reports) == [('o1', S.EXPIRED)]


# --- cancel


def test_a_cancelled_order_fills_no_more(sim):
    sent(sim, order())
    assert sim.cancel('o1', DECIDED) == [
        orders.OrderUpdate(
            order_id='o1', status=S.CANCELLED, broker_id='sim-o1'
        )
    ]
    assert sim.on_bar(bar(1, 100, 102, 99)) == []


def test_cancel_of_what_does_not_work_is_refused(sim):
    sent(sim, order())
    sim.on_bar(bar(1, 100, 102, 99))
    with pytest.raises(errors.BrokerRejectedError, match='o1 is not working'):
        sim.cancel('o1', DECIDED + MINUTE)


def test_cancel_after_the_expiry_says_expired(sim):
    sent(sim, far('gtd', expires=DECIDED + MINUTE))
    reports = sim.cancel('o1', DECIDED + MINUTE + 1)
    assert statuses(reports) == [('o1', S.EXPIRED)]


def test_cancel_all_takes_every_order_with_the_reason(sim):
    sent(
        sim,
        far('gtc'),
        far('gtc', id='o2', symbol='IBM'),
        far('gtd', id='o3', expires=DECIDED + 1),
    )
    reports = sim.cancel_all(DECIDED + 2, message='stop')
    assert statuses(reports) == [
        ('o1', S.CANCELLED),
        ('o2', S.CANCELLED),
        ('o3', S.EXPIRED),
    ]
    assert [one.message for one in reports] == ['stop', 'stop', '']
    assert sim.working() == []


def test_cancel_all_of_a_symbol_leaves_the_others(sim):
    sent(sim, far('gtc'), far('gtc', id='o2', symbol='IBM'))
    assert statuses(sim.cancel_all(DECIDED, 'IBM')) == [('o2', S.CANCELLED)]
    assert [one.id for one in sim.working()] == ['o1']
    assert sim.cancel_all(DECIDED, 'MSFT') == []


# --- replace


def test_a_replaced_order_works_by_its_new_terms(sim):
    sent(sim, far('gtc'))
    assert sim.replace('o1', DECIDED, quantity=7.0, price=99.5) == [
        orders.OrderUpdate(
            order_id='o1',
            status=S.ACCEPTED,
            broker_id='sim-o1',
            quantity=7.0,
            price=99.5,
        )
    ]
    assert fills(sim.on_bar(bar(1, 100, 102, 99))) == [
        ('o1', 7.0, 99.5, 'limit')
    ]


def test_a_replaced_stop_moves_its_trigger(sim):
    sent(sim, order(type='stop', stop_price=150.0))
    sim.replace('o1', DECIDED, stop_price=101.0)
    assert fills(sim.on_bar(bar(1, 100, 102, 99))) == [
        ('o1', 10.0, 101.0, 'stop')
    ]


def test_new_terms_do_not_reach_back(sim):
    sent(sim, far('gtc'))
    sim.replace('o1', DECIDED + MINUTE, price=120.0)
    assert sim.on_bar(bar(1, 100, 102, 99)) == []
    assert fills(sim.on_bar(bar(2, 100, 102, 99)))


def test_a_partly_filled_order_says_so_when_replaced(sim):
    sent(sim, order(quantity=30.0))
    sim.on_bar(bar(1, 100, 102, 99, volume=80))
    (update,) = sim.replace('o1', DECIDED + MINUTE, quantity=25.0)
    assert update.status is S.PARTIALLY_FILLED
    assert fills(sim.on_bar(bar(2, 100, 102, 99))) == [
        ('o1', 5.0, 100.0, 'open')
    ]


@pytest.mark.parametrize(
    ('terms', 'words'),
    [
        ({}, 'nothing to change'),
        ({'price': -1.0}, 'must be above 0'),
        ({'quantity': float('inf')}, 'must be above 0'),
        ({'stop_price': 3.0}, 'takes no stop price'),
    ],
)
def test_terms_that_make_no_sense_change_nothing(sim, terms, words):
    sent(sim, far('gtc'))
    before = sim.working()
    with pytest.raises(errors.BrokerRejectedError, match=words):
        sim.replace('o1', DECIDED, **terms)
    assert sim.working() == before


def test_a_quantity_that_is_filled_already_is_refused(sim):
    sent(sim, order(quantity=30.0))
    sim.on_bar(bar(1, 100, 102, 99, volume=80))
    with pytest.raises(errors.BrokerRejectedError, match='20 units are filled'):
        sim.replace('o1', DECIDED + MINUTE, quantity=20.0)


def test_a_trigger_that_was_touched_cannot_be_moved(sim):
    sent(sim, order(type='stop_limit', stop_price=101.0, price=102.0))
    sim.on_bar(bar(1, 100, 101, 99))
    with pytest.raises(errors.BrokerRejectedError, match='touched already'):
        sim.replace('o1', DECIDED + MINUTE, stop_price=105.0)


def test_replace_of_what_does_not_work_is_refused(sim):
    with pytest.raises(errors.BrokerRejectedError, match='o1 is not working'):
        sim.replace('o1', DECIDED, quantity=1.0)


def test_replace_after_the_expiry_says_expired(sim):
    sent(sim, far('gtd', expires=DECIDED + MINUTE))
    reports = sim.replace('o1', DECIDED + MINUTE + 1, price=60.0)
    assert statuses(reports) == [('o1', S.EXPIRED)]


# --- state

fill_modes = st.sampled_from(modes.NAMES)


def test_working_orders_are_given_as_they_stand():
    sim = simulated.MarketSimulator(costs.CostModel(commission_bps=10.0))
    sent(sim, order(quantity=30.0, reason='cross'))
    sim.on_bar(bar(1, 100, 102, 99, volume=40))
    sim.on_bar(bar(2, 103, 104, 99, volume=40))
    (one,) = sim.working()
    assert one.status is S.PARTIALLY_FILLED
    assert one.broker_id == 'sim-o1'
    assert one.reason == 'cross'
    assert one.filled == 20.0
    assert one.average_price == pytest.approx(101.5)
    assert one.fees == pytest.approx(20 * 101.5 * 1e-3)
    assert one.updated == DECIDED + 2 * MINUTE


def test_restore_of_a_working_id_is_an_error(sim):
    sent(sim, order())
    with pytest.raises(errors.StateError, match='o1 is working already'):
        sim.restore([order()])


def test_a_bar_played_again_after_a_restart_makes_no_second_fill(sim):
    sent(sim, order(quantity=30.0))
    one_bar = bar(1, 100, 102, 99, volume=80)
    sim.on_bar(one_bar)
    restored = simulated.MarketSimulator()
    restored.restore(sim.working())
    assert restored.on_bar(one_bar) == []


@pytest.mark.parametrize('limited', [False, True])
def test_histories_have_fills_to_hold_against_the_rules(limited):
    def fills(history):
        world = worlds.World()
        for step in history:
            world.play(step)
        return any(
            (world.book[fill.order_id].price is not None) is limited
            for fill in world.fills()
        )

    # Any will do: not shrunk.
    quick = hypothesis.settings(phases=[hypothesis.Phase.generate])
    assert hypothesis.find(worlds.histories(), fills, settings=quick)


@worlds.patient
@given(worlds.histories(), fill_modes)
def test_no_fill_lies_outside_its_bar_before_slippage(history, fill):
    world = worlds.World(fill=fill)
    for step in history:
        world.play(step)
    for one_bar, reports in world.played:
        for fill in reports:
            if isinstance(fill, orders.Fill):
                assert one_bar.low <= fill.price <= one_bar.high


@worlds.patient
@given(worlds.histories(), fill_modes)
def test_no_fill_comes_at_its_decision_or_before(history, fill):
    world = worlds.World(fill=fill)
    for step in history:
        world.play(step)
    for fill in world.fills():
        assert fill.timestamp > world.book[fill.order_id].created


@worlds.patient
@given(worlds.histories(), fill_modes)
def test_no_order_fills_worse_than_its_limit(history, fill):
    world = worlds.World(costs=costs.CostModel(slippage_bps=50.0), fill=fill)
    for step in history:
        world.play(step)
    for fill in world.fills():
        limit = world.book[fill.order_id].price
        if limit is not None:
            assert fill.side.sign * fill.price <= fill.side.sign * limit


@worlds.patient
@given(worlds.histories())
def test_no_order_fills_more_than_its_quantity(history):
    world = worlds.World()
    for step in history:
        world.play(step)
    for one in world.book.values():
        assert one.filled <= one.quantity


@worlds.patient
@given(worlds.histories(), st.sampled_from([0.1, 0.25, 1.0]), fill_modes)
def test_no_bar_gives_more_than_its_share(history, share, fill):
    world = worlds.World(share, fill=fill)
    for step in history:
        world.play(step)
    for one_bar, reports in world.played:
        taken = sum(
            one.quantity for one in reports if isinstance(one, orders.Fill)
        )
        assert taken <= share * one_bar.volume + orders.DUST


@worlds.patient
@given(worlds.histories(), fill_modes)
def test_the_market_and_the_engine_agree_on_what_works(history, fill):
    world = worlds.World(costs=costs.CostModel(commission_bps=1.0), fill=fill)
    for step in history:
        world.play(step)
        theirs = {one.id: one for one in world.market.working()}
        ours = [one for one in world.book.values() if one.is_working]
        assert sorted(theirs) == sorted(one.id for one in ours)
        for one in ours:
            other = theirs[one.id]
            assert (one.status, one.filled) == (other.status, other.filled)
            assert one.average_price == pytest.approx(other.average_price)
            assert one.triggered == other.triggered
            assert one.stop_price == other.stop_price
            assert one.updated == other.updated


@worlds.patient
@given(worlds.histories(), st.integers(min_value=0, max_value=4), fill_modes)
def test_a_restart_in_mid_way_changes_nothing_that_follows(history, when, fill):
    straight = worlds.World(fill=fill)
    broken = worlds.World(fill=fill)
    for number, step in enumerate(history):
        straight.play(step)
        broken.play(step)
        if number == when:
            broken.restart()
    assert broken.reports == straight.reports


def test_only_symbols_with_an_order_are_concerned():
    market = simulated.MarketSimulator()
    concerned = market.concerned
    assert 'AAPL' not in concerned
    market.submit(worlds.order(), worlds.DECIDED)
    assert 'AAPL' in concerned
    assert 'IBM' not in concerned
    market.cancel('o1', worlds.DECIDED)
    assert 'AAPL' not in concerned


def test_a_trailing_stop_begins_at_the_last_close_passed_over():
    market = simulated.MarketSimulator()
    bars = [
        worlds.bar(-2, 10.0, 12.0, 9.0, 11.0),
        worlds.bar(-1, 10.0, 12.0, 9.0, 12.0),
    ]
    stamps = [bar.timestamp for bar in bars]
    for of_one in (True, False):
        stretch = market_model.Stretch(
            bars, ['AAPL'] * 2, stamps, [11.0, 12.0], [1], of_one
        )
        market.pass_over(stretch, 0, 2)
        (report,) = market.submit(
            worlds.order(
                f'o{of_one}', side='sell', type='trailing_stop', trail=1.0
            ),
            worlds.DECIDED,
        )
        assert report.stop_price == 11.0


# --- corporate actions


def split(ratio=4.0, symbol='AAPL'):
    return records.CorporateAction(
        symbol=symbol, kind=records.ActionKind.SPLIT, ratio=ratio
    )


def test_a_limit_fills_in_the_units_after_a_split(sim):
    sent(sim, order('o1', type='limit', price=80.0))
    sim.act(split(), DECIDED)
    assert fills(sim.on_bar(bar(1, 21.0, 22.0, 19.0))) == [
        ('o1', 40.0, 20.0, 'limit')
    ]


def test_a_stop_and_a_day_order_live_through_a_split(sim):
    sent(sim, order('o1', 'sell', type='stop', stop_price=80.0, tif='day'))
    sim.act(split(), DECIDED)
    assert fills(sim.on_bar(bar(1, 21.0, 22.0, 19.5))) == [
        ('o1', 40.0, 20.0, 'stop')
    ]


def test_a_split_of_another_symbol_changes_no_order(sim):
    sent(sim, order('o1', type='limit', price=80.0))
    sim.act(split(symbol='IBM'), DECIDED)
    assert sim.working()[0].quantity == 10.0


def test_a_trail_begins_at_the_close_in_the_new_units(sim):
    sim.on_bar(bar(0, 100.0, 100.0, 100.0))
    sim.act(split(), DECIDED)
    (moved,) = sim.submit(
        order('o1', 'sell', type='trailing_stop', trail=2.0), DECIDED
    )
    assert moved.stop_price == 23.0


def test_costs_that_look_back_see_the_bars_passed_over():
    model = costs.CostModel(slippage=cost_models.Volatility(share=0.25, bars=2))
    bars = [worlds.bar(at, 100.0, 104.0, 96.0) for at in (-2, -1)]
    stretch = market_model.Stretch(
        bars,
        ['AAPL'] * 2,
        [bar.timestamp for bar in bars],
        [100.0] * 2,
        [],
        True,
    )
    prices = []
    for at_once in (True, False):
        market = simulated.MarketSimulator(model, participation=1.0)
        if at_once:
            market.pass_over(stretch, 0, 2)
        else:
            for bar in bars:
                market.on_bar(bar)
        market.submit(worlds.order(), worlds.DECIDED)
        (fill,) = market.on_bar(worlds.bar(1, 100.0, 101.0, 99.0))
        prices.append(fill.price)
    assert prices[0] == prices[1] > 100.0
