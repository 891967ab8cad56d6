"""The emergency stop, and its own connection."""

import asyncio

import pytest

from sting.broker.ibkr import book as books
from sting.broker.ibkr import record as records
from sting.broker.ibkr import stop as stops
from sting.model import orders
from tests.brokers.ibkr import gateway as gateways
from tests.brokers.ibkr import wire
from tests.brokers.ibkr import world

pytestmark = pytest.mark.unit

BUY = orders.OrderSide.BUY


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    monkeypatch.setattr(stops, 'LIMIT_S', world.PATIENCE_S)


def pull(desk):
    return asyncio.to_thread(desk.broker.emergency_cancel_all)


async def resting(desk, **terms):
    return await desk.place(type='limit', price=95.0, **terms)


def stop_client(desk):
    (found,) = [each for each in desk.world.gateway.clients if each.id == 73]
    return found


async def test_what_was_placed_elsewhere_is_taken_out_and_named():
    async with world.at_desk() as desk:
        ours = await resting(desk)
        await desk.world.place_elsewhere(desk.symbol, BUY, 3.0, 90.0)
        (theirs,) = [
            each.id
            for each in await desk.broker.get_orders()
            if each.id != ours
        ]
        told = await pull(desk)
        assert set(told.cancelled) == {ours, theirs}
        assert 'placed elsewhere' in told.note
        assert told.unknown == ()


async def test_the_cancel_is_sent_with_the_question_and_not_behind_it():
    async with world.at_desk() as desk:
        await resting(desk)
        await pull(desk)
        kinds = [fields[0] for fields in stop_client(desk).heard]
        assert kinds[1:3] == [gateways.ALL_OPEN, gateways.GLOBAL_CANCEL]


async def test_an_order_for_the_day_has_not_expired():
    async with world.at_desk() as desk:
        sent = await resting(desk, tif='day')
        await pull(desk)
        await desk.ended(sent, 'cancelled')


async def test_what_goes_on_working_is_unknown(monkeypatch):
    monkeypatch.setattr(stops, 'LIMIT_S', 0.5)
    async with world.at_desk() as desk:
        sent = await resting(desk)
        deaf = desk.world.gateway.instead[gateways.GLOBAL_CANCEL]
        deaf.extend([lambda _client, _fields: None] * 1_000)
        told = await pull(desk)
        assert (told.cancelled, told.unknown) == ((), (sent,))


async def test_it_is_sent_again_until_nothing_works():
    async with world.at_desk() as desk:
        sent = await resting(desk)
        deaf = desk.world.gateway.instead[gateways.GLOBAL_CANCEL]
        deaf.append(lambda _client, _fields: None)
        told = await pull(desk)
        assert (told.cancelled, told.unknown) == ((sent,), ())
        assert told.first_s >= 0


async def test_its_connection_gone_is_a_loss():
    async with world.at_desk() as desk:
        desk.world.call(stop_client(desk).hang_up)
        await desk.until(lambda: not desk.broker.monitor.works, 'the loss')
        assert 'emergency stop' in desk.broker.monitor.reason
        await desk.open()
        assert desk.broker.monitor.works
        # The other one was there all along.
        assert desk.world.gateway.seen == [72, 73, 73]


async def test_without_a_connection_it_makes_one():
    async with world.at_desk() as desk:
        sent = await resting(desk)
        desk.world.call(stop_client(desk).hang_up)
        await desk.until(lambda: not desk.broker.monitor.works, 'the loss')
        told = await pull(desk)
        assert (told.cancelled, told.unknown) == ((sent,), ())
        await desk.ended(sent, 'cancelled')


async def test_an_order_that_nobody_answered_is_not_said_to_be_out(
    monkeypatch,
):
    monkeypatch.setattr(stops, 'LIMIT_S', 0.5)
    async with world.at_desk() as desk:
        order = desk.make()
        desk.know(order)
        gateway = desk.world.gateway
        gateway.instead[gateways.PLACE].append(lambda _client, _fields: None)
        placing = asyncio.ensure_future(desk.broker.place_order(order))
        client = next(each for each in gateway.clients if each.id == 72)
        await desk.until(lambda: client.heard[-1][0] == '3', 'the order there')
        told = await pull(desk)
        assert (told.cancelled, told.unknown) == ((), (order.id,))
        placing.cancel()
        await asyncio.gather(placing, return_exceptions=True)


async def test_two_orders_of_others_with_one_reference_are_two():
    async with world.at_desk() as desk:
        held = [
            wire.Held('x', 9, number, 800_000 + number) for number in (3, 4)
        ]
        order = orders.Order(
            id='x',
            symbol=desk.symbol,
            side=BUY,
            quantity=5.0,
            type=orders.OrderType.LIMIT,
            price=90.0,
        )
        both = [wire.open_order(order, each, 'Submitted') for each in held]
        one_is_over = [
            wire.open_order(order, held[0], 'Submitted'),
            wire.open_order(order, held[1], 'Cancelled'),
        ]
        listed = desk.world.gateway.instead[gateways.ALL_OPEN]
        counts = []

        def lists(frames):
            def answer(client, _fields):
                counts.append(len(frames))
                client.send(*frames, wire.frame(53, 1))

            listed.append(answer)

        lists(both)
        await desk.broker.get_orders()
        lists(both)
        lists(one_is_over)
        lists([])
        told = await pull(desk)
        assert (set(told.cancelled), told.unknown) == ({'x', 'ib-800004'}, ())
        # It looked until the one that worked on was gone too.
        assert counts == [2, 2, 2, 0]


def test_what_works_is_asked_for_while_orders_come():
    book = books.Book(72, lambda report: None, lambda record: None, str)

    class Meanwhile(records.Record):
        """While it is looked at another order comes."""

        @property
        def ended(self):
            book.records[f'more{len(book.records)}'] = self
            return False

    order = orders.Order(id='x', symbol='AAPL', side=BUY, quantity=1.0)
    book.records['x'] = Meanwhile(order, None)
    assert len(book.working()) == 1
