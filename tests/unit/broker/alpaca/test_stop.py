"""The emergency stop at Alpaca."""

import asyncio
import threading

import pytest

from sting.broker.alpaca import stop as stops
from sting.model import errors
from sting.model import orders
from tests.brokers.alpaca import server as servers

pytestmark = pytest.mark.unit
ORDERS = '/v2/orders'


def order(order_id='1'):
    return orders.Order(
        id=order_id, symbol='AAPL', side=orders.OrderSide.BUY, quantity=1.0
    )


def open_gate(one):
    return False


def closed_gate(one):
    return True


def fault(world, *given, **more):
    world.server.faults.append(servers.Fault(*given, **more))


async def pull(desk):
    return await asyncio.to_thread(desk.broker.emergency_cancel_all)


def test_what_is_withheld_is_not_under_way():
    gate = stops.Gate()
    with (
        pytest.raises(errors.BrokerWithheldError),
        gate.through([order()], closed_gate),
    ):
        raise AssertionError('it passed')
    assert gate.under_way() == set()


def test_a_group_passes_as_one():
    gate = stops.Gate()
    with (
        pytest.raises(errors.BrokerWithheldError),
        gate.through([order('1'), order('2')], lambda one: one.id == '2'),
    ):
        raise AssertionError('it passed')


def test_what_was_sent_is_waited_for():
    gate = stops.Gate()
    inside, leave = threading.Event(), threading.Event()

    def send():
        with gate.through([order()], open_gate):
            inside.set()
            leave.wait(20)

    thread = threading.Thread(target=send)
    thread.start()
    assert inside.wait(20)
    assert gate.under_way() == {'1'}
    assert gate.drain({'1'}, 0.01) == {'1'}
    leave.set()
    assert gate.drain({'1'}, 20.0) == set()
    thread.join(20)


async def test_an_order_under_way_is_cancelled_behind_its_answer(desk, world):
    hold = servers.Fault('POST', ORDERS, 200, '{}', what='hold')
    world.server.faults.append(hold)
    sent = desk.make(type='limit', price=95.0)
    desk.know(sent)
    placing = asyncio.create_task(desk.broker.place_order(sent))
    await desk.until(
        lambda: ('POST', ORDERS) in world.server.asked, 'it to be sent'
    )
    pulling = asyncio.create_task(pull(desk))
    await desk.until(
        lambda: ('DELETE', ORDERS) in world.server.asked, 'the first cancel'
    )
    hold.free = True
    with pytest.raises(errors.BrokerUnknownError):
        await placing
    await pulling
    assert world.server.asked.count(('DELETE', ORDERS)) == 2
    assert await desk.broker.get_orders() == []


async def test_an_order_without_an_answer_is_unknown(desk, world, monkeypatch):
    monkeypatch.setattr(stops, '_DRAIN_S', 0.05)
    hold = servers.Fault('POST', ORDERS, 200, '{}', what='hold')
    world.server.faults.append(hold)
    sent = desk.make(type='limit', price=95.0)
    placing = asyncio.create_task(desk.broker.place_order(sent))
    await desk.until(
        lambda: ('POST', ORDERS) in world.server.asked, 'it to be sent'
    )
    told = await pull(desk)
    assert told.unknown == (sent.id,)
    hold.free = True
    with pytest.raises(errors.BrokerUnknownError):
        await placing


async def test_a_cancel_that_fails_is_tried_once_more(desk, world):
    sent = await desk.place(type='limit', price=95.0)
    fault(world, 'DELETE', ORDERS, 200, '{}', what='cut')
    told = await pull(desk)
    assert (told.cancelled, told.unknown) == ((sent,), ())


async def test_what_still_works_is_unknown(desk, world, monkeypatch):
    monkeypatch.setattr(stops, '_SHOW_S', 0.05)
    sent = await desk.place(type='limit', price=95.0)
    for _ in range(2):
        fault(world, 'DELETE', ORDERS, 500, servers.HTML)
    told = await pull(desk)
    assert (told.cancelled, told.unknown) == ((), (sent,))


@pytest.mark.parametrize('answer', [{'x': 1}, [1], [{'id': None}]])
async def test_a_list_that_is_none_tells_nothing(desk, world, answer):
    sent = await desk.place(type='limit', price=95.0)
    fault(world, 'DELETE', ORDERS, 207, answer, what='late')
    fault(world, 'GET', ORDERS, 200, answer)
    told = await pull(desk)
    assert (told.cancelled, told.unknown) == ((), (sent,))


async def test_a_service_that_hangs_is_given_up(desk, world, monkeypatch):
    sent = await desk.place(type='limit', price=95.0)
    desk.broker._stop._access = world.access(timeout_s=0.2)
    monkeypatch.setattr(stops, 'ANSWER_S', 0.2)
    await asyncio.to_thread(desk.broker._stop.prepare)
    holds = [
        servers.Fault(method, ORDERS, 200, '[]', what='hold')
        for method in ('DELETE', 'DELETE', 'GET')
    ]
    world.server.faults.extend(holds)
    told = await pull(desk)
    for each in holds:
        each.free = True
    assert (told.cancelled, told.unknown) == ((), (sent,))


async def test_it_needs_no_turn(desk, world):
    await desk.place(type='limit', price=95.0)
    desk.broker._limiter.rests_until = desk.broker._clock.monotonic() + 1e6
    told = await pull(desk)
    assert len(told.cancelled) == 1


async def test_unconnected_it_says_that_it_does_not_know(desk):
    sent = await desk.place(type='limit', price=95.0)
    await desk.broker.disconnect()
    told = await pull(desk)
    assert (told.cancelled, told.unknown) == ((), (sent,))
    await desk.open()


async def test_orders_of_others_are_taken_out_too(desk, world):
    await world.place_elsewhere(desk.symbol, orders.OrderSide.BUY, 3.0, 90.0)
    await pull(desk)
    assert await desk.broker.get_orders() == []


async def test_where_too_much_was_asked_it_insists(desk, world):
    sent = await desk.place(type='limit', price=95.0)
    for method in ('DELETE', 'DELETE', 'DELETE', 'GET'):
        fault(world, method, ORDERS, 429, '{}', {'Retry-After': '60'})
    told = await pull(desk)
    assert (told.cancelled, told.unknown) == ((sent,), ())


async def test_it_does_not_insist_for_ever(desk, world, monkeypatch):
    monkeypatch.setattr(stops, '_INSIST_S', 0.0)
    monkeypatch.setattr(stops, '_SHOW_S', 0.0)
    sent = await desk.place(type='limit', price=95.0)
    for method in ('DELETE', 'DELETE', 'GET', 'GET'):
        fault(world, method, ORDERS, 429, '{}', {'Retry-After': '60'})
    told = await pull(desk)
    assert (told.cancelled, told.unknown) == ((), (sent,))


async def test_behind_a_full_page_there_may_be_more(desk, world, monkeypatch):
    monkeypatch.setattr(stops, '_SHOW_S', 0.0)
    monkeypatch.setitem(stops._OPEN, 'limit', 2)
    sent = [await desk.place(type='limit', price=95.0) for _ in range(3)]
    for _ in range(2):
        fault(world, 'DELETE', ORDERS, 500, servers.HTML)
    told = await pull(desk)
    assert told.unknown == tuple(sorted(sent))


async def test_a_cancel_that_fails_there_is_sent_again(desk, world):
    sent = await desk.place(type='limit', price=95.0)
    row = {'id': desk.order(sent).broker_id, 'status': 500}
    fault(world, 'DELETE', ORDERS, 207, [row])
    told = await pull(desk)
    assert (told.cancelled, told.unknown) == ((sent,), ())


async def test_a_connection_that_is_made_anew_holds_no_pull_up(desk, world):
    sent = await desk.place(type='limit', price=95.0)
    hold = servers.Fault('GET', '/clock', 200, '{}', what='hold')
    world.server.faults.append(hold)
    making = asyncio.create_task(asyncio.to_thread(desk.broker._stop.prepare))
    await desk.until(
        lambda: hold not in world.server.faults, 'the new connection'
    )
    told = await pull(desk)
    assert (told.cancelled, making.done()) == ((sent,), False)
    hold.free = True
    await making


async def test_a_connection_that_fails_leaves_the_old_one(desk, world):
    sent = await desk.place(type='limit', price=95.0)
    fault(world, 'GET', '/clock', 503, servers.HTML)
    with pytest.raises(errors.BrokerUnknownError):
        await asyncio.to_thread(desk.broker._stop.prepare)
    assert (await pull(desk)).cancelled == (sent,)


async def test_the_first_connection_is_kept_though_it_fails(world):
    broker = world.make()
    fault(world, 'GET', '/clock', 503, servers.HTML)
    with pytest.raises(errors.BrokerUnknownError):
        await asyncio.to_thread(broker._stop.prepare)
    await world.place_elsewhere('AAPL', orders.OrderSide.BUY, 3.0, 90.0)
    told = await asyncio.to_thread(broker.emergency_cancel_all)
    assert told.first_s is not None
    assert ('DELETE', ORDERS) in world.server.asked


async def test_an_end_during_a_pull_does_not_hold_the_loop(desk, world):
    await desk.place(type='limit', price=95.0)
    hold = servers.Fault('DELETE', ORDERS, 207, '[]', what='hold')
    world.server.faults.append(hold)
    told = threading.Event()

    def pulled():
        desk.broker.emergency_cancel_all()
        told.set()

    pulling = asyncio.create_task(asyncio.to_thread(pulled))
    await desk.until(lambda: hold not in world.server.faults, 'the cancel')
    ending = asyncio.create_task(desk.broker.disconnect())
    await desk.until(lambda: desk.broker._book.sink is None, 'the end')
    assert not told.is_set()
    hold.free = True
    await pulling
    await ending
    await desk.open()
