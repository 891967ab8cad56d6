"""Alpaca's adapter: each trap of the service and of its SDK."""

import asyncio
import json

import pytest

from sting.broker.alpaca import rest
from sting.model import errors
from sting.model import orders
from sting.net import monitor as monitors
from sting.net import wires
from sting.testing.brokers import desk as desks
from tests.brokers.alpaca import server as servers
from tests.brokers.alpaca import world as worlds

pytestmark = pytest.mark.unit
ORDERS = '/v2/orders'
_S = orders.OrderStatus


def fault(world, *given, **more):
    world.server.faults.append(servers.Fault(*given, **more))


def posted(world):
    return [path for method, path in world.server.asked if method == 'POST']


def resting(desk, **terms):
    return desk.place(type='limit', price=95.0, **terms)


async def pair(desk, first='limit'):
    """Buys ten, and sends both exits."""
    sent = await desk.place()
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(sent)
    made = [
        desk.make('sell', type='stop', stop_price=90.0, oco='g'),
        desk.make('sell', type='limit', price=110.0, oco='g'),
    ]
    for order in made:
        desk.know(order)
    answers = await desk.broker.place_group(made)
    assert [one.accepted for one in answers] == [True, True]
    return made[1].id, made[0].id


async def test_an_order_done_behind_a_504_is_one_order(desk, world):
    order = desk.make(type='limit', price=95.0)
    desk.know(order)
    fault(world, 'POST', ORDERS, 504, servers.HTML, what='late')
    with pytest.raises(errors.BrokerUnknownError, match='504'):
        await desk.broker.place_order(order)
    assert len(posted(world)) == 1
    answer = await desk.broker.place_order(order)
    assert answer.accepted
    assert len(await desk.broker.get_orders()) == 1


async def test_a_client_id_is_always_sent(desk, world):
    sent = await resting(desk)
    (record,) = world.server.exchange.records.values()
    assert record.client_id == sent


@pytest.mark.parametrize(
    'words',
    [
        'insufficient buying power',
        'potential wash trade detected. use complex orders',
        'insufficient qty available for order (requested: 1, available: 0)',
    ],
)
async def test_a_403_is_told_in_its_words(desk, world, words):
    order = desk.make()
    desk.know(order)
    body = {'code': 40310000, 'message': words}
    fault(world, 'POST', ORDERS, 403, body)
    answer = await desk.broker.place_order(order)
    assert not answer.accepted
    done = await desk.ended(order.id, 'rejected')
    assert words in done.message


@pytest.mark.parametrize('body', ['{"message": "unauthorized."}', servers.HTML])
async def test_an_order_with_a_key_that_ended_is_rejected(desk, world, body):
    fault(world, 'POST', ORDERS, 401, body)
    order = desk.make()
    await desk.send(order)
    done = await desk.ended(order.id, 'rejected')
    assert 'STING_ALPACA_KEY' in done.message


async def test_a_second_exit_of_its_own_is_refused_there(desk, world):
    sent = await desk.place()
    await world.trade(desk.symbol, 100.0)
    await desk.filled(sent)
    await desk.place('sell', type='limit', price=110.0)
    second = desk.make('sell', type='stop', stop_price=90.0)
    await desk.send(second)
    done = await desk.ended(second.id, 'rejected')
    assert 'insufficient qty available' in done.message


async def test_until_a_date_is_refused_before_it_is_sent(desk, world):
    order = desk.make(
        type='limit', price=95.0, tif='gtd', expires=world.now() + 10**12
    )
    answer = await desk.send(order)
    assert 'gtd' in answer.message
    await desk.ended(order.id, 'rejected')
    assert posted(world) == []


async def test_terms_that_make_no_sense_are_refused_before(desk, world):
    order = desk.make(type='trailing_stop')
    answer = await desk.send(order)
    assert 'trail' in answer.message
    assert posted(world) == []


async def test_what_it_does_not_take_is_refused_before_it_is_sent(desk, world):
    order = desk.make(quantity=1.5, type='stop', stop_price=105.0)
    await desk.send(order)
    done = await desk.ended(order.id, 'rejected')
    assert 'send it as day, or whole units' in done.message
    assert posted(world) == []


async def test_a_price_in_tenths_of_cents_is_told_in_their_words(desk):
    order = desk.make(type='limit', price=95.123)
    await desk.send(order)
    done = await desk.ended(order.id, 'rejected')
    assert 'sub-penny' in done.message


async def test_extended_hours_are_asked_for(desk, world, monkeypatch):
    seen = []
    place = world.server.exchange.place
    monkeypatch.setattr(
        world.server.exchange,
        'place',
        lambda body: seen.append(body) or place(body),
    )
    await resting(desk, tif='day', extended_hours=True)
    await resting(desk)
    assert [body.get('extended_hours') for body in seen] == [True, None]


@pytest.mark.parametrize('terms', [{'type': 'stop', 'stop_price': 90.0}, {}])
async def test_a_group_that_is_no_pair_is_refused(desk, terms):
    made = [
        desk.make('sell', type='limit', price=110.0, oco='g'),
        desk.make('sell', 3.0, oco='g', **terms),
    ]
    for order in made:
        desk.know(order)
    answers = await desk.broker.place_group(made)
    assert not any(one.accepted for one in answers)
    for order in made:
        await desk.ended(order.id, 'rejected')


async def test_a_group_is_one_request(desk, world):
    await pair(desk)
    assert len(posted(world)) == 2


async def test_a_group_that_is_refused_is_told_for_both(desk):
    made = [
        desk.make('sell', type='limit', price=110.001, oco='g'),
        desk.make('sell', type='stop', stop_price=90.0, oco='g'),
    ]
    for order in made:
        desk.know(order)
    await desk.broker.place_group(made)
    for order in made:
        done = await desk.ended(order.id, 'rejected')
        assert 'sub-penny' in done.message


async def test_a_group_with_a_lost_answer_is_found(desk, world):
    await world.lose_answer()
    made = [
        desk.make('sell', type='limit', price=110.0, oco='g'),
        desk.make('sell', type='stop', stop_price=90.0, oco='g'),
    ]
    for order in made:
        desk.know(order)
    with pytest.raises(errors.BrokerUnknownError):
        await desk.broker.place_group(made)
    for order in made:
        found = await desk.broker.get_order_by_client_id(order.id)
        assert (found.id, found.status) == (order.id, _S.ACCEPTED)
    again = await desk.broker.place_group(made)
    assert [one.accepted for one in again] == [True, True]
    assert len(world.server.exchange.records) == 2


async def test_a_group_is_withheld_as_one(desk, world):
    made = [
        desk.make('sell', type='limit', price=110.0, oco='g'),
        desk.make('sell', type='stop', stop_price=90.0, oco='g'),
    ]
    desk.withheld = lambda order: True
    with pytest.raises(errors.BrokerWithheldError):
        await desk.broker.place_group(made)
    assert posted(world) == []
    assert desk.broker._book.working() == []


async def test_legs_are_found_again_by_a_new_engine(desk, world):
    profit, stop = await pair(desk)
    await desk.reopen()
    listed = {each.id for each in await desk.broker.get_orders()}
    assert listed == {profit, stop}
    found = await desk.broker.get_order_by_client_id(stop)
    assert found.stop_price == 90.0
    await world.trade(desk.symbol, 100.0, low=89.0)
    await desk.filled(stop)
    await desk.ended(profit, 'cancelled')


async def test_a_stop_that_is_held_beside_its_limit_works(desk, world):
    profit, stop = await pair(desk)
    (raw,) = [
        each
        for each in world.server.exchange.records.values()
        if each.parent is not None
    ]
    assert world.server.exchange.shown(raw)['status'] == 'held'
    found = await desk.broker.get_order_by_client_id(stop)
    assert found.status is orders.OrderStatus.ACCEPTED
    answer = await desk.broker.cancel_order(stop)
    assert answer.accepted
    # Of two legs neither outlives the other there.
    await desk.ended(stop, 'cancelled')
    await desk.ended(profit, 'cancelled')


async def test_legs_older_than_what_is_listed_are_looked_for(desk):
    _, stop = await pair(desk)
    fresh = desk.world.make()
    await fresh.connect(lambda report: None, lambda order: False)
    fresh._book.__init__()
    found = await fresh.get_order_by_client_id(stop)
    assert (found.id, found.stop_price) == (stop, 90.0)
    fills = await fresh.get_fills()
    assert len(fills) == 1
    await fresh.disconnect()


async def test_a_leg_is_changed_and_keeps_its_id(desk):
    profit, stop = await pair(desk)
    answer = await desk.broker.replace_order(stop, stop_price=91.0)
    assert answer.accepted, answer.message
    await desk.until(lambda: desk.order(stop).stop_price == 91.0, 'the change')
    answer = await desk.broker.replace_order(profit, price=111.0)
    assert answer.accepted, answer.message
    await desk.until(lambda: desk.order(profit).price == 111.0, 'the change')
    await desk.reopen()
    listed = {each.id: each for each in await desk.broker.get_orders()}
    assert set(listed) == {profit, stop}
    assert listed[stop].stop_price == 91.0


async def test_a_chain_of_changes_has_names_that_follow(desk, world):
    sent = await resting(desk)
    for price in (94.0, 93.0):
        answer = await desk.broker.replace_order(sent, price=price)
        assert answer.accepted
    names = [each.client_id for each in world.server.exchange.records.values()]
    assert names == [sent, f'{sent}~1', f'{sent}~2']
    await desk.reopen()
    await desk.broker.replace_order(sent, price=92.0)
    (found,) = await desk.broker.get_orders()
    assert (found.id, found.price) == (sent, 92.0)


async def test_a_name_that_was_used_is_passed_over(desk, world):
    sent = await resting(desk)
    body = {'code': 40010001, 'message': 'client_order_id must be unique'}
    fault(world, 'PATCH', ORDERS, 422, body)
    answer = await desk.broker.replace_order(sent, price=94.0)
    assert answer.accepted
    names = [each.client_id for each in world.server.exchange.records.values()]
    assert names[-1] == f'{sent}~2'


async def test_a_change_elsewhere_keeps_our_id(desk, world):
    sent = await resting(desk)
    (record,) = world.server.exchange.records.values()

    async def elsewhere():
        world.server.exchange.replace(record, {'limit_price': '94'})

    await world.there(elsewhere())
    await desk.until(lambda: desk.order(sent).price == 94.0, 'the change')
    await world.trade(desk.symbol, 93.0)
    await desk.filled(sent)


async def test_the_same_quantity_is_not_sent(desk, world):
    sent = await desk.place(quantity=1.5, type='limit', price=95.0, tif='day')
    answer = await desk.broker.replace_order(sent, quantity=1.5, price=94.0)
    assert answer.accepted, answer.message


async def test_a_change_that_they_refuse_is_told_in_their_words(desk, world):
    sent = await resting(desk)
    body = {'code': 42210000, 'message': 'order status is pending_new'}
    fault(world, 'PATCH', ORDERS, 422, body)
    answer = await desk.broker.replace_order(sent, price=94.0)
    assert not answer.accepted
    assert 'pending_new' in answer.message


async def test_a_change_whose_answer_is_lost_is_found(desk, world):
    sent = await resting(desk)
    fault(world, 'PATCH', ORDERS, 504, '', what='late')
    with pytest.raises(errors.BrokerUnknownError):
        await desk.broker.replace_order(sent, price=94.0)
    found = await desk.broker.get_order_by_client_id(sent)
    assert found.price == 94.0


@pytest.mark.parametrize('status', [404, 422])
async def test_a_cancel_that_they_refuse_is_told(desk, world, status):
    sent = await resting(desk)
    body = {'code': 42210000, 'message': 'order is not cancelable'}
    fault(world, 'DELETE', ORDERS, status, body)
    answer = await desk.broker.cancel_order(sent)
    assert (answer.accepted, answer.order_id) == (False, sent)


async def test_of_many_cancels_each_has_its_answer(desk, world):
    first, second = await resting(desk), await resting(desk)
    uuid = desk.order(second).broker_id
    world.server.changed[ORDERS] = lambda rows: [
        row | ({'status': 500} if row['id'] == uuid else {})
        if isinstance(row['status'], int)
        else row
        for row in rows
    ]
    answers = await desk.broker.cancel_all()
    assert {one.order_id: one.accepted for one in answers} == {
        first: True,
        second: False,
    }


async def test_cancels_that_are_all_refused_are_told(desk, world):
    sent = await resting(desk)
    fault(world, 'DELETE', ORDERS, 403, servers.HTML)
    (answer,) = await desk.broker.cancel_all()
    assert (answer.order_id, answer.accepted) == (sent, False)


async def test_orders_of_a_bracket_placed_elsewhere_are_listed(desk, world):
    await world.place_elsewhere(desk.symbol, orders.OrderSide.BUY, 3.0, 90.0)
    await desk.until(lambda: world.server.exchange.records, 'the order')
    (record,) = world.server.exchange.records.values()

    def bracket(rows):
        leg = rows[0] | {
            'id': '00000000-0000-0000-0000-000000000001',
            'client_order_id': 'leg-of-theirs',
            'side': 'sell',
            'status': 'held',
        }
        return [rows[0] | {'order_class': 'bracket', 'legs': [leg]}]

    world.server.changed[ORDERS] = bracket
    found = await desk.broker.get_orders()
    # As an exit of ours is named.
    assert [each.id for each in found] == [
        record.client_id,
        f'{record.client_id}-tp',
    ]
    assert found[1].side is orders.OrderSide.SELL


async def test_a_bad_key_is_said_once_and_not_tried_for_ever(world):
    way = world.make(secret='wrong')
    with pytest.raises(errors.BrokerRejectedError, match='401'):
        await way.connect(lambda report: None, lambda order: False)
    assert not way.monitor.works
    assert len(world.server.asked) == 1


async def test_a_stream_that_refuses_the_key_is_said(world, monkeypatch):
    way = world.make()
    monkeypatch.setattr(servers, 'SECRET', 'another')
    # The requests are let through, as those of another account may be.
    monkeypatch.setattr(way._stop, 'prepare', lambda: None)
    with pytest.raises(errors.BrokerRejectedError, match='refuses the key'):
        await way.connect(lambda report: None, lambda order: False)
    assert 'refuses the key' in way.monitor.reason


async def test_terms_that_were_asked_for_first_are_told_by_the_stream(
    desk, world
):
    sent = await resting(desk)
    exchange = world.server.exchange
    record = exchange.find(sent)
    held = []
    monkey, exchange.tell = exchange.tell, held.append

    async def change():
        exchange.replace(record, {'limit_price': '94'})

    await world.there(change())
    (found,) = await desk.broker.get_orders()
    assert found.price == 94.0
    exchange.tell = monkey
    for message in held:
        await world.push(json.dumps(message).encode())
    await desk.until(lambda: desk.order(sent).price == 94.0, 'the new price')


async def test_text_frames_are_read_too(desk, world):
    sent = await resting(desk)
    await world.trade(desk.symbol, 94.0)
    await desk.filled(sent)
    again = json.dumps(world.server.exchange.last_fill)
    before = len(desk.told)
    await world.push(again)
    await desk.until(lambda: len(desk.told) > before, 'the double')
    assert len(desk.fills) == 1


async def test_a_word_of_before_changes_nothing_after_the_end(desk, world):
    """Seen there: new and fill are told again, after the fill."""
    sent = await resting(desk)
    await world.trade(desk.symbol, 94.0)
    await desk.filled(sent)
    fill = world.server.exchange.last_fill
    old = json.loads(json.dumps(fill))
    old['data']['event'] = 'new'
    old['data']['order'] |= {'status': 'new', 'filled_qty': '0'}
    for message in (old, fill, old, fill):
        await world.push(json.dumps(message).encode())
    await desk.passes()
    assert desk.order(sent).status is _S.FILLED
    assert len(desk.fills_of(sent)) == 1


async def test_a_loss_while_an_order_waits_is_told(desk, world):
    fault(world, 'POST', ORDERS, 200, '{}', what='cut')
    with pytest.raises(errors.BrokerUnknownError):
        await desk.send(desk.make(type='limit', price=95.0))


async def test_an_answer_that_is_no_order_leaves_it_unknown(desk, world):
    fault(world, 'POST', ORDERS, 200, '{"id": 1}', what='late')
    order = desk.make(type='limit', price=95.0)
    desk.know(order)
    with pytest.raises(errors.BrokerUnknownError, match='is no Order'):
        await desk.broker.place_order(order)
    assert (await desk.broker.get_order_by_client_id(order.id)) is not None


async def test_ended_orders_are_forgotten_in_the_end(desk, monkeypatch):
    monkeypatch.setattr('sting.broker.alpaca.book.REMEMBERED', 3)
    for _ in range(6):
        sent = await resting(desk)
        await desk.broker.cancel_order(sent)
        await desk.ended(sent, 'cancelled')
    assert len(desk.broker._book._entries) <= 4


async def test_cancels_do_not_wait_behind_orders(desk, world):
    sent = await resting(desk)
    held = [
        servers.Fault('POST', ORDERS, 500, '', what='hold') for _ in range(6)
    ]
    world.server.faults.extend(held)
    waiting = []
    for _ in range(6):
        order = desk.make(type='limit', price=90.0)
        desk.know(order)
        waiting.append(asyncio.create_task(desk.broker.place_order(order)))
    await desk.until(lambda: len(posted(world)) >= 4, 'orders under way')
    answer = await desk.broker.cancel_order(sent)
    assert answer.accepted
    assert not any(task.done() for task in waiting)
    for each in held:
        each.free = True
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(one, errors.BrokerUnknownError) for one in told)


async def test_a_greeting_that_does_not_come_is_given_up():
    world = worlds.AlpacaWorld(policy=wires.Policy(open_s=0.2))

    async def nothing(socket, message):
        await socket.receive()

    say, servers._say = servers._say, nothing
    try:
        desk = desks.Desk(world)
        with pytest.raises(errors.BrokerUnknownError, match='no greeting'):
            await desk.open()
    finally:
        servers._say = say
        await world.close()


async def test_a_sink_that_breaks_is_a_lost_stream(desk, world):
    def broken(report):
        raise ValueError('no')

    sent = await resting(desk)
    desk.broker._book.sink = broken
    await world.trade(desk.symbol, 94.0)
    await desk.until(lambda: not desk.broker.monitor.works, 'the loss')
    assert 'broke' in desk.broker.monitor.reason
    await desk.open()
    (found,) = await desk.broker.get_fills()
    assert found.order_id == sent


async def test_an_order_that_is_there_is_told_when_it_is_sent_again(
    desk, world
):
    """Neither the answer came, nor the word of the stream."""
    world.server.mute = True
    await world.lose_answer()
    order = desk.make(type='limit', price=95.0)
    desk.know(order)
    with pytest.raises(errors.BrokerUnknownError):
        await desk.broker.place_order(order)
    answer = await desk.broker.place_order(order)
    assert answer.accepted
    assert desk.order(order.id).status is _S.ACCEPTED
    world.server.mute = False


async def test_an_order_that_has_ended_is_not_told_to_work(desk):
    order = desk.make(type='limit', price=95.0)
    await desk.send(order)
    await desk.broker.cancel_order(order.id)
    await desk.ended(order.id, 'cancelled')
    answer = await desk.broker.place_order(order)
    assert answer.accepted
    assert desk.order(order.id).status is _S.CANCELLED


async def test_a_name_of_a_foreign_order_is_its_client_id(desk, world):
    await world.place_elsewhere(desk.symbol, orders.OrderSide.BUY, 3.0, 90.0)
    await world.trade(desk.symbol, 80.0)
    await desk.passes()
    theirs = [one for one in desk.fills if one.quantity == 3.0]
    assert [one.order_id for one in theirs] == ['placed-elsewhere-1']


async def test_a_429_has_orders_wait_and_says_so(desk, world):
    fault(world, 'POST', ORDERS, 429, '{}', {'Retry-After': '1'})
    began = desk.broker._clock.monotonic()
    await resting(desk)
    assert desk.broker._clock.monotonic() - began > 0.9
    assert posted(world) == [ORDERS] * 2
    assert desk.broker.monitor.state is monitors.Link.DEGRADED
    assert 'wait for 1 s' in desk.broker.monitor.reason


async def test_an_order_that_would_wait_too_long_is_rejected(desk, world):
    fault(world, 'POST', ORDERS, 429, '{}', {'Retry-After': '600'})
    for words in ('nothing was done', 'another 600 s; nothing was sent'):
        order = desk.make(type='limit', price=95.0)
        with pytest.raises(errors.BrokerRejectedError, match=words):
            await desk.broker.place_order(order)
    assert posted(world) == [ORDERS]
    assert desk.broker._book.working() == []


async def test_a_cancel_does_not_wait_for_orders(desk, world):
    sent = await resting(desk)
    fault(world, 'POST', ORDERS, 429, '{}', {'Retry-After': '600'})
    with pytest.raises(errors.BrokerRejectedError):
        await desk.broker.place_order(desk.make(type='limit', price=95.0))
    assert (await desk.broker.cancel_order(sent)).accepted
    await desk.ended(sent, 'cancelled')


@pytest.mark.parametrize('symbol', ['AAPL', None])
async def test_all_are_cancelled_in_a_rest(desk, world, symbol):
    sent = {await resting(desk) for _ in range(3)}
    desk.broker._limiter.rests_until = desk.broker._clock.monotonic() + 600
    told = await desk.broker.cancel_all(symbol and desk.symbol)
    assert {one.order_id for one in told if one.accepted} == sent


async def test_an_order_of_no_answer_is_cancelled_in_a_rest(desk, world):
    order = desk.make(type='limit', price=95.0)
    desk.know(order)
    fault(world, 'POST', ORDERS, 504, servers.HTML, what='late')
    world.server.mute = True
    with pytest.raises(errors.BrokerUnknownError):
        await desk.broker.place_order(order)
    desk.broker._limiter.rests_until = desk.broker._clock.monotonic() + 600
    assert (await desk.broker.cancel_order(order.id)).accepted


async def test_an_answer_to_many_cancels_that_is_none_is_unknown(desk, world):
    await resting(desk)
    fault(world, 'DELETE', ORDERS, 200, '{"x": 1}')
    with pytest.raises(errors.BrokerUnknownError, match='no list'):
        await desk.broker.cancel_all()


async def test_a_heartbeat_in_a_rest_is_no_silence(desk, world):
    await resting(desk)
    broker = desk.broker
    broker._comparison.every_s = 0.0
    fault(world, 'GET', '/clock', 429, '{}', {'Retry-After': '600'})
    with pytest.raises(rest.LimitedError, match='429'):
        await broker.get_time()
    world.server.asked.clear()
    assert await broker.get_time() > 0
    # What the stream told is not compared meanwhile: that would wait.
    assert world.server.asked == [('GET', '/v2/clock')]


async def test_a_429_at_the_start_is_heeded_by_the_next_one(world):
    fault(world, 'GET', '/clock', 429, '{}', {'Retry-After': '600'})
    broker = world.make()
    with pytest.raises(rest.LimitedError):
        await broker.connect(lambda report: None, lambda order: False)
    assert broker._limiter.rests_until > broker._clock.monotonic() + 500


@pytest.mark.parametrize(
    ('kind', 'price', 'sent', 'fills_at'),
    [
        ('market_on_open', None, ('market', 'opg'), 104.0),
        ('market_on_close', None, ('market', 'cls'), 105.0),
        ('limit_on_open', 104.5, ('limit', 'opg'), 104.0),
        ('limit_on_close', 105.0, ('limit', 'cls'), 105.0),
        ('limit_on_open', 103.5, ('limit', 'opg'), None),
        ('limit_on_close', 104.5, ('limit', 'cls'), None),
    ],
)
async def test_an_order_for_an_auction(
    desk, world, kind, price, sent, fills_at
):
    order_id = await desk.place(type=kind, price=price, tif='day')
    (found,) = await desk.broker.get_orders()
    assert (found.type, found.price) == (kind, price)
    (shown,) = await desk.broker._rest.call('GET', '/orders')
    assert (shown['type'], shown['time_in_force']) == sent
    auction = 'begin_session' if kind.endswith('open') else 'last_minute'
    await getattr(world, auction)()
    await world.trade(desk.symbol, 104.0, high=106.0, low=103.0, close=105.0)
    done = await desk.ended(order_id, 'filled' if fills_at else 'cancelled')
    assert done.average_price == (fills_at or 0.0)
