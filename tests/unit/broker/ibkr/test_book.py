"""What is said of orders, in any order and twice, and what is told of it."""

import types

import msgspec
import pytest

from sting.broker.ibkr import book as books
from sting.model import orders
from tests.brokers.ibkr import gateway as gateways
from tests.brokers.ibkr import wire
from tests.brokers.ibkr import world

pytestmark = pytest.mark.unit

_S = orders.OrderStatus


async def marked(desk):
    """Waits until all that was said so far was heard."""
    await desk.broker.get_time()


def of(desk, order_id):
    """What was told of an order: its states, and the sizes of its fills."""
    return [
        one.quantity if isinstance(one, orders.Fill) else str(one.status)
        for one in desk.told
        if one.order_id == order_id
    ]


def says(desk, order_id, *frames):
    """Has an order's program told something."""
    gateway = desk.world.gateway
    desk.world.call(lambda: gateway.say_to(gateway.held(order_id), *frames))


def told(fills):
    return sorted(
        (fill.order_id, fill.execution_id, fill.quantity) for fill in fills
    )


def numbers(desk, order_id):
    return desk.world.gateway.held(order_id)


async def resting(desk, **terms):
    return await desk.place(type='limit', price=95.0, **terms)


class TestExecutions:
    async def test_a_trade_that_comes_before_any_status_is_told_behind_it(self):
        async with world.at_desk() as desk:
            order = desk.make()
            desk.know(order)

            def trades_at_once(client, fields):
                desk.world.gateway.mute = {order.id}
                desk.world.gateway.answer(client, fields)
                desk.world.venue.trade(desk.world.bar(desk.symbol, 100.0))

            gateway = desk.world.gateway
            gateway.instead[gateways.PLACE].append(trades_at_once)
            answer = await desk.broker.place_order(order)
            assert answer.accepted
            await desk.filled(order.id)
            await marked(desk)
            assert of(desk, order.id) == ['accepted', 10.0]

    async def test_what_a_trade_cost_is_told_with_it(self):
        async with world.at_desk() as desk:
            sent = await desk.place()
            desk.world.gateway.fees = 1.25
            await desk.world.trade(desk.symbol, 100.0)
            assert (await desk.filled(sent)).fees == 1.25
            found = await desk.broker.get_fills()
            assert [fill.fee for fill in found] == [1.25]

    async def test_a_trade_whose_cost_does_not_come_is_told_without_it(self):
        async with world.at_desk() as desk:
            sent = await desk.place()
            desk.world.gateway.fees = None
            await desk.world.trade(desk.symbol, 100.0)
            assert (await desk.filled(sent)).fees == 0.0

    async def test_a_correction_takes_the_trade_back_and_tells_it_anew(self):
        async with world.at_desk() as desk:
            sent = await desk.place()
            await desk.world.trade(desk.symbol, 100.0)
            fill = (await desk.filled(sent)) and desk.fills[0]
            gateway = desk.world.gateway
            right = orders.Fill(
                order_id=sent,
                execution_id='',
                symbol=desk.symbol,
                side=fill.side,
                quantity=9.0,
                price=101.0,
                timestamp=fill.timestamp,
            )
            name = gateway.execution_id(desk.world.venue.fills[0])
            name = name.removesuffix('01') + '02'
            says(desk, sent, wire.execution(right, numbers(desk, sent), name))
            await desk.until(
                lambda: 'corrected' in desk.broker.monitor.reason,
                'a complaint',
            )
            await marked(desk)
            assert of(desk, sent) == ['accepted', 10.0]
            assert desk.book.quantity(desk.symbol) == 9.0
            assert told(await desk.broker.get_fills()) == told(desk.fills)

    async def test_a_trade_that_was_taken_back_moves_the_book_back(self):
        async with world.at_desk() as desk:
            sent = await desk.place()
            await desk.world.trade(desk.symbol, 100.0)
            await desk.filled(sent)
            cash = desk.book.cash
            gateway = desk.world.gateway
            fill = desk.world.venue.fills[0]
            bust = msgspec.structs.replace(fill, quantity=0.0)
            name = gateway.execution_id(fill).removesuffix('01') + '02'
            told_twice = wire.execution(bust, numbers(desk, sent), name)
            says(desk, sent, told_twice, told_twice)
            await desk.until(
                lambda: not desk.book.quantity(desk.symbol), 'the way back'
            )
            await marked(desk)
            assert len(desk.fills) == 2
            assert desk.book.cash == pytest.approx(cash + 10.0 * fill.price)

    async def test_what_a_trade_cost_is_booked_when_it_comes_late(self):
        async with world.at_desk() as desk:
            sent = await desk.place()
            desk.world.gateway.fees = None
            await desk.world.trade(desk.symbol, 100.0)
            assert (await desk.filled(sent)).fees == 0.0
            cash = desk.book.cash
            name = desk.world.gateway.execution_id(desk.world.venue.fills[0])
            says(desk, sent, wire.fee(1.25, name), wire.fee(1.25, name))
            await desk.until(lambda: desk.order(sent).fees == 1.25, 'the cost')
            await marked(desk)
            assert desk.book.cash == cash - 1.25

    async def test_a_trade_that_was_not_told_is_asked_for(self):
        async with world.at_desk() as desk:
            sent = await desk.place()
            desk.world.gateway.hides_trades = True
            await desk.world.trade(desk.symbol, 100.0)
            await desk.filled(sent)
            await marked(desk)
            assert of(desk, sent) == ['accepted', 10.0]

    async def test_a_trade_that_was_not_told_comes_before_its_orders_end(self):
        async with world.at_desk() as desk:
            sent = await desk.place(
                type='limit', price=100.0, tif='ioc', quantity=10.0
            )
            desk.world.gateway.hides_trades = True
            await desk.world.trade(desk.symbol, 100.0, low=99.0, volume=16.0)
            await desk.ended(sent, 'cancelled')
            assert of(desk, sent) == ['accepted', 4.0, 'cancelled']


class TestStates:
    async def test_a_status_that_comes_twice_is_told_once(self):
        async with world.at_desk() as desk:
            sent = await resting(desk)
            again = wire.status(numbers(desk, sent), 'Submitted', 10.0)
            says(desk, sent, again, again)
            await desk.broker.cancel_order(sent)
            gone = wire.status(numbers(desk, sent), 'Cancelled', 10.0)
            says(desk, sent, gone, gone)
            await marked(desk)
            assert of(desk, sent) == ['accepted', 'cancelled']

    async def test_an_order_that_is_inactive_and_listed_works(self):
        async with world.at_desk() as desk:
            sent = await resting(desk)
            says(
                desk,
                sent,
                wire.status(numbers(desk, sent), 'Inactive', 10.0),
            )
            await marked(desk)
            await marked(desk)
            assert of(desk, sent) == ['accepted']

    async def test_an_order_that_is_inactive_and_not_listed_is_over(self):
        async with world.at_desk() as desk:
            sent = await resting(desk)
            desk.world.gateway.mute = {sent}
            desk.world.call(lambda: desk.world.venue.cancel(sent))
            says(
                desk,
                sent,
                wire.status(numbers(desk, sent), 'Inactive', 10.0),
            )
            await desk.ended(sent, 'cancelled')

    async def test_an_order_for_a_day_that_we_cancel_has_not_expired(self):
        async with world.at_desk() as desk:
            sent = await resting(desk, tif='day')
            await desk.broker.cancel_order(sent)
            await desk.ended(sent, 'cancelled')

    async def test_terms_that_were_changed_elsewhere_are_told(self):
        async with world.at_desk() as desk:
            sent = await resting(desk)
            desk.world.call(
                lambda: desk.world.venue.replace(sent, None, 94.0, None)
            )
            await desk.until(
                lambda: desk.order(sent).price == 94.0, 'the new limit'
            )

    async def test_terms_that_the_gateway_changes_at_once_are_told(self):
        async with world.at_desk() as desk:
            order = desk.make(type='limit', price=95.0)
            desk.know(order)

            def rounds(client, fields):
                fields[19] = '95.05'
                desk.world.gateway.answer(client, fields)

            gateway = desk.world.gateway
            gateway.instead[gateways.PLACE].append(rounds)
            assert (await desk.broker.place_order(order)).accepted
            await desk.until(
                lambda: desk.order(order.id).price == 95.05, 'the limit'
            )

    async def test_what_a_group_took_away_is_told(self):
        async with world.at_desk() as desk:
            held = await desk.place()
            await desk.world.trade(desk.symbol, 100.0)
            await desk.filled(held)
            take = await desk.place('sell', type='limit', price=110.0, oco='g')
            stop = await desk.place('sell', type='stop', stop_price=90, oco='g')
            await desk.world.trade(desk.symbol, 100.0, high=111.0, volume=16.0)
            await desk.traded(take, 4.0)
            await desk.until(
                lambda: desk.order(stop).quantity == 6.0, 'what is left'
            )

    async def test_an_order_that_is_leaving_answers_its_cancel(self):
        async with world.at_desk() as desk:
            sent = await resting(desk)

            def leaves(client, _fields):
                held = numbers(desk, sent)
                client.send(wire.status(held, 'PendingCancel', 10.0))

            desk.world.gateway.instead[gateways.CANCEL].append(leaves)
            assert (await desk.broker.cancel_order(sent)).accepted
            assert of(desk, sent) == ['accepted']

    async def test_what_is_said_of_an_order_that_nobody_knows_is_nothing(self):
        async with world.at_desk() as desk:
            held = await desk.place()
            await desk.world.trade(desk.symbol, 100.0)
            await desk.filled(held)
            before = len(desk.told)
            other = wire.Held('x', 99, 999, 999)
            fill = desk.world.venue.fills[0]
            fill = msgspec.structs.replace(fill, order_id='x')
            gateway = desk.world.gateway
            desk.world.call(
                lambda: gateway.say(
                    wire.status(other, 'Submitted', 10.0),
                    wire.execution(fill, other, '0000e0d5.0000ffff.01.01'),
                )
            )
            await marked(desk)
            assert len(desk.told) == before

    async def test_a_fill_that_is_listed_nowhere_leaves_its_order_filled(self):
        async with world.at_desk() as desk:
            sent = await desk.place()
            gateway = desk.world.gateway
            gateway.hides_trades = gateway.forgets_trades = True
            await desk.world.trade(desk.symbol, 100.0)
            found = await desk.broker.get_order_by_client_id(sent)
            assert found.status is _S.FILLED

    async def test_what_ends_while_open_orders_are_listed_is_not_open(self):
        async with world.at_desk() as desk:
            sent = await resting(desk)
            gateway = desk.world.gateway

            def lists(client, _fields):
                order = desk.world.venue.orders[sent]
                held = numbers(desk, sent)
                client.send(
                    wire.open_order(order, held, 'Submitted'),
                    wire.open_order(order, held, 'Filled'),
                    wire.frame(53, 1),
                )

            gateway.instead[gateways.ALL_OPEN].append(lists)
            assert await desk.broker.get_orders() == []

    async def test_orders_of_others_are_not_told_of(self):
        async with world.at_desk() as desk:
            await desk.world.place_elsewhere(
                desk.symbol, orders.OrderSide.BUY, 3.0, 90.0
            )
            found = await desk.broker.get_orders()
            await desk.world.trade(desk.symbol, 89.0)
            await desk.passes()
            assert found[0].id not in {
                one.order_id
                for one in desk.told
                if isinstance(one, orders.Fill)
            }


class TestRestoring:
    async def test_a_refused_order_of_before_is_refused_again(self):
        async with world.at_desk() as desk:
            await desk.world.refuse('no')
            order = desk.make()
            await desk.send(order)
            await desk.reopen()
            answer = await desk.broker.place_order(order)
            assert not answer.accepted
            assert await desk.world.placed(order.id) == 1

    async def test_what_was_refused_unsent_stays_so_over_a_loss(self):
        async with world.at_desk() as desk:
            order = desk.make(symbol='NOSUCH')
            await desk.send(order)
            await desk.world.drop()
            await desk.world.restore()
            await desk.open()
            assert not (await desk.broker.place_order(order)).accepted
            assert of(desk, order.id) == ['rejected']

    async def test_what_was_filled_yesterday_counts(self):
        async with world.at_desk() as desk:
            sent = await resting(desk)
            await desk.world.trade(desk.symbol, 94.0, volume=16.0)
            await desk.traded(sent, 4.0)
            # Trades are listed for a day.
            desk.world.gateway.forgets_trades = True
            await desk.reopen()
            found = await desk.broker.get_order_by_client_id(sent)
            assert (found.filled, found.average_price) == (4.0, 94.0)
            assert found.status is _S.PARTIALLY_FILLED

    async def test_what_was_done_yesterday_is_done(self):
        async with world.at_desk() as desk:
            sent = await desk.place()
            await desk.world.trade(desk.symbol, 100.0)
            await desk.filled(sent)
            desk.world.gateway.forgets_trades = True
            await desk.reopen()
            found = await desk.broker.get_order_by_client_id(sent)
            assert (found.status, found.filled) == (_S.FILLED, 10.0)

    async def test_what_a_trade_cost_is_known_after_a_restart(self):
        async with world.at_desk() as desk:
            sent = await desk.place()
            desk.world.gateway.fees = 1.25
            await desk.world.trade(desk.symbol, 100.0)
            await desk.filled(sent)
            await desk.reopen()
            found = await desk.broker.get_fills()
            assert [fill.fee for fill in found] == [1.25]

    async def test_nothing_is_told_of_what_was_missed(self):
        async with world.at_desk() as desk:
            sent = await desk.place()
            await desk.world.drop()
            await desk.world.trade(desk.symbol, 100.0)
            await desk.world.restore()
            before = len(desk.told)
            await desk.open()
            await marked(desk)
            assert len(desk.told) == before
            found = await desk.broker.get_fills()
            assert [fill.order_id for fill in found] == [sent]


def test_orders_of_others_without_a_perm_id_are_not_one():
    book = books.Book(72, lambda report: None, lambda record: None, str)
    book.quiet = True
    contract = types.SimpleNamespace(secType='STK', symbol='AAPL')
    for number, quantity in ((5, 10.0), (6, 20.0)):
        theirs = types.SimpleNamespace(
            orderId=number,
            clientId=9,
            permId=0,
            orderRef='',
            action='BUY',
            totalQuantity=quantity,
            filledQuantity=0.0,
            orderType='LMT',
            lmtPrice=95.0,
            auxPrice=0.0,
            trailingPercent=0.0,
            tif='DAY',
            goodTillDate='',
            ocaGroup='',
            outsideRth=False,
            parentId=0,
        )
        book.take(contract, theirs, 'PreSubmitted')
    assert [each.order.quantity for each in book.records.values()] == [
        10.0,
        20.0,
    ]
