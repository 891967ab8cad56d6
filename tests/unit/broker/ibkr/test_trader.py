"""Orders, changes and cancels, and what only looks like an end of them."""

import asyncio

import pytest

from sting.broker.ibkr import codes
from sting.model import errors
from sting.model import orders
from sting.net import monitor as monitors
from tests.brokers.ibkr import gateway as gateways
from tests.brokers.ibkr import wire
from tests.brokers.ibkr import world

pytestmark = pytest.mark.unit

_S = orders.OrderStatus
BUY = orders.OrderSide.BUY
# Each of them makes the libraries show a live order as cancelled and done.
LOOKS_LIKE_A_CANCEL = (103, 104, 105, 161, 321, 329, 10147, 10148, 10197)


def of(desk, order_id):
    """What was told of an order: its states, and the sizes of its fills."""
    return [
        one.quantity if isinstance(one, orders.Fill) else str(one.status)
        for one in desk.told
        if one.order_id == order_id
    ]


def says(desk, order_id, code, said='something'):
    """Has an order's program told an error."""
    gateway = desk.world.gateway
    held = gateway.held(order_id)
    frame = wire.error(held.number, code, said)
    desk.world.call(lambda: gateway.say_to(held, frame))


def sent(desk, kind):
    """What was sent of a kind, by any program."""
    return [
        fields
        for client in desk.world.gateway.clients
        for fields in client.heard
        if fields[0] == kind
    ]


def fails(code, said='no'):
    """Answers an order, or a cancel of one, with an error."""

    def answer(client, fields):
        number = fields[2] if fields[0] == gateways.CANCEL else fields[1]
        client.send(wire.error(number, code, said))

    return answer


def silence(_client, _fields):
    """Does not answer."""


async def resting(desk, **terms):
    return await desk.place(type='limit', price=95.0, **terms)


async def heard_back(desk):
    """Waits until it was heard that the gateway has its connection again."""
    trader = desk.world.ways[-1]._trader
    await desk.until(lambda: trader.ready, 'the connection of the gateway')


class TestErrorsThatLookLikeACancel:
    @pytest.mark.parametrize('code', LOOKS_LIKE_A_CANCEL)
    async def test_an_order_that_is_listed_works_on(self, code):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            says(desk, order_id, code)
            await desk.world.trade(desk.symbol, 94.0)
            await desk.filled(order_id)
            assert of(desk, order_id) == ['accepted', 10.0]

    @pytest.mark.parametrize('code', [399, 404, 2109])
    async def test_a_remark_is_none(self, code):
        async with world.at_desk() as desk:
            order = desk.make()
            desk.know(order)

            def remarks(client, fields):
                client.send(wire.error(fields[1], code, 'TIF was set to DAY'))
                desk.world.gateway.answer(client, fields)

            desk.world.gateway.instead[gateways.PLACE].append(remarks)
            assert (await desk.broker.place_order(order)).accepted
            asked = len(sent(desk, gateways.COMPLETED))
            await desk.world.trade(desk.symbol, 100.0)
            await desk.filled(order.id)
            assert len(sent(desk, gateways.COMPLETED)) == asked

    async def test_a_preset_that_changes_an_order_is_complained_of(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            says(desk, order_id, 10349, 'TIF was set to DAY')
            await desk.until(
                lambda: 'TIF was set' in desk.broker.monitor.reason,
                'a complaint',
            )
            await desk.world.trade(desk.symbol, 94.0)
            await desk.filled(order_id)

    async def test_an_order_that_is_nowhere_was_refused(self):
        async with world.at_desk() as desk:
            gateway = desk.world.gateway
            gateway.instead[gateways.PLACE].append(fails(110, 'the price'))
            order = desk.make()
            answer = await desk.send(order)
            assert not answer.accepted
            assert '110: the price' in answer.message
            assert of(desk, order.id) == ['rejected']

    async def test_a_number_that_was_used_is_a_refusal(self):
        async with world.at_desk() as desk:
            gateway = desk.world.gateway
            gateway.instead[gateways.PLACE].append(fails(103, 'Duplicate'))
            order = desk.make()
            assert not (await desk.send(order)).accepted
            assert await desk.world.placed(order.id) == 0

    async def test_a_rejection_without_any_status_is_one(self):
        async with world.at_desk() as desk:
            gateway = desk.world.gateway
            gateway.instead[gateways.PLACE].append(fails(201, 'margin'))
            order = desk.make()
            answer = await desk.send(order)
            assert (answer.accepted, of(desk, order.id)) == (
                False,
                ['rejected'],
            )
            assert 'margin' in desk.order(order.id).message

    async def test_an_order_that_worked_and_is_nowhere_is_unknown(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            desk.world.call(lambda: desk.world.venue.orders.pop(order_id))
            says(desk, order_id, 10147)
            await desk.until(
                lambda: desk.order(order_id).status is _S.UNKNOWN, 'unknown'
            )

    async def test_an_order_that_was_taken_out_meanwhile_is_told_so(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            desk.world.gateway.mute = {order_id}
            desk.world.call(lambda: desk.world.venue.cancel(order_id))
            says(desk, order_id, 161)
            await desk.ended(order_id, 'cancelled')


class TestChanges:
    @pytest.mark.parametrize('code', [105, 321, 329, 201])
    async def test_a_change_that_is_refused_leaves_the_order(self, code):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            gateway = desk.world.gateway
            gateway.instead[gateways.PLACE].append(fails(code, 'not so'))
            answer = await desk.broker.replace_order(order_id, price=94.0)
            assert (answer.accepted, 'not so' in answer.message) == (
                False,
                True,
            )
            (found,) = await desk.broker.get_orders()
            assert (found.price, found.status) == (95.0, _S.ACCEPTED)
            assert of(desk, order_id) == ['accepted']

    async def test_a_change_that_a_fill_overtakes_is_refused(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)

            def fills(_client, _fields):
                bar = desk.world.bar(desk.symbol, 90.0)
                desk.world.venue.trade(bar)

            gateway = desk.world.gateway
            gateway.instead[gateways.PLACE].append(fills)
            answer = await desk.broker.replace_order(order_id, price=94.0)
            assert (answer.accepted, 'filled' in answer.message) == (
                False,
                True,
            )

    async def test_a_change_without_an_answer_is_unknown(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            gateway = desk.world.gateway
            gateway.instead[gateways.PLACE].append(silence)
            desk.world.patience(0.3)
            with pytest.raises(errors.BrokerUnknownError, match='no answer'):
                await desk.broker.replace_order(order_id, price=94.0)

    async def test_a_change_is_the_same_number_again(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            await desk.broker.replace_order(order_id, price=94.0)
            first, second = sent(desk, gateways.PLACE)
            assert first[1] == second[1]

    async def test_a_trailing_stop_keeps_its_terms(self):
        async with world.at_desk() as desk:
            order_id = await desk.place('sell', type='trailing_stop', trail=3.0)
            answer = await desk.broker.replace_order(order_id, quantity=5.0)
            assert answer.message == orders.KEEPS_TERMS

    async def test_nothing_to_change_is_no_change(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            answer = await desk.broker.replace_order(order_id)
            assert answer.message == 'nothing to change'

    async def test_less_than_is_filled_is_no_change(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            await desk.world.trade(desk.symbol, 94.0, volume=16.0)
            await desk.traded(order_id, 4.0)
            answer = await desk.broker.replace_order(order_id, quantity=3.0)
            assert '4 units are filled' in answer.message

    async def test_a_second_change_waits_for_the_answer_to_the_first(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            gateway = desk.world.gateway
            gateway.instead[gateways.PLACE].append(silence)
            first = asyncio.ensure_future(
                desk.broker.replace_order(order_id, price=94.0)
            )
            await desk.until(
                lambda: len(sent(desk, gateways.PLACE)) == 2, 'the change'
            )
            second = await desk.broker.replace_order(order_id, price=93.0)
            assert 'waits for its answer' in second.message
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)

    async def test_a_change_can_be_made_after_one_without_an_answer(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            gateway = desk.world.gateway
            gateway.instead[gateways.PLACE].append(silence)
            desk.world.patience(0.3)
            with pytest.raises(errors.BrokerUnknownError):
                await desk.broker.replace_order(order_id, price=94.0)
            desk.world.patience(world.PATIENCE_S)
            answer = await desk.broker.replace_order(order_id, price=93.0)
            assert answer.accepted

    async def test_terms_that_hold_already_are_no_message(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            answer = await desk.broker.replace_order(order_id, price=95.0)
            assert answer.accepted
            assert len(sent(desk, gateways.PLACE)) == 1
            assert desk.told[-1].price == 95.0


class TestCancels:
    async def test_a_cancel_that_crosses_a_fill_is_refused(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)

            def crosses(client, fields):
                desk.world.venue.trade(desk.world.bar(desk.symbol, 90.0))
                desk.world.gateway.answer(client, fields)

            desk.world.gateway.instead[gateways.CANCEL].append(crosses)
            answer = await desk.broker.cancel_order(order_id)
            assert not answer.accepted
            await desk.filled(order_id)
            assert of(desk, order_id) == ['accepted', 10.0]

    async def test_a_cancel_that_is_refused_leaves_the_order(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            gateway = desk.world.gateway
            gateway.instead[gateways.CANCEL].append(fails(10148, 'not now'))
            answer = await desk.broker.cancel_order(order_id)
            assert (answer.accepted, 'not now' in answer.message) == (
                False,
                True,
            )
            await desk.world.trade(desk.symbol, 94.0)
            await desk.filled(order_id)

    async def test_a_cancel_without_an_answer_is_unknown(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            gateway = desk.world.gateway
            gateway.instead[gateways.CANCEL].append(silence)
            desk.world.patience(0.3)
            with pytest.raises(errors.BrokerUnknownError, match='no answer'):
                await desk.broker.cancel_order(order_id)

    async def test_an_order_of_another_client_is_not_ours_to_cancel(self):
        async with world.at_desk() as desk:
            await desk.world.place_elsewhere(desk.symbol, BUY, 3.0, 90.0)
            (found,) = await desk.broker.get_orders()
            answer = await desk.broker.cancel_order(found.id)
            assert 'was placed by client 0' in answer.message


class TestLink:
    async def test_ib_gone_is_a_loss_and_nothing_is_sent(self):
        async with world.at_desk() as desk:
            said = 'Connectivity between IB and Trader Workstation was lost.'
            gateway = desk.world.gateway
            desk.world.call(lambda: gateway.say(wire.error(-1, 1100, said)))
            await desk.until(
                lambda: desk.broker.monitor.state is monitors.Link.LOST,
                'the loss',
            )
            assert said in desk.broker.monitor.reason
            with pytest.raises(errors.BrokerRejectedError):
                await desk.broker.place_order(desk.make())
            with pytest.raises(errors.BrokerUnknownError, match='1100'):
                await desk.open()

    @pytest.mark.parametrize('code', [1101, 1102])
    async def test_ib_back_is_the_same_socket_and_learned_anew(self, code):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            gateway = desk.world.gateway
            desk.world.call(lambda: gateway.say(wire.error(-1, 1100, 'lost')))
            await desk.until(lambda: not desk.broker.monitor.works, 'the loss')
            await desk.world.trade(desk.symbol, 100.0)
            desk.world.call(lambda: gateway.say(wire.error(-1, code, 'back')))
            await heard_back(desk)
            await desk.open()
            assert gateway.seen == [72, 73]
            assert desk.broker.monitor.works
            await desk.world.trade(desk.symbol, 94.0)
            await desk.filled(order_id)

    async def test_what_was_told_is_known_when_learning_anew_fails(self):
        async with world.at_desk() as desk:
            unsent = desk.make(symbol='NOSUCH')
            await desk.send(unsent)
            refused = desk.world.gateway.instead[gateways.EXECUTIONS]
            refused.append(
                lambda client, fields: client.send(
                    wire.error(fields[2], 321, 'not now')
                )
            )
            desk.world.call(
                lambda: desk.world.gateway.say(wire.error(-1, 1100, 'lost'))
            )
            await desk.world.noticed()
            desk.world.call(
                lambda: desk.world.gateway.say(wire.error(-1, 1102, 'back'))
            )
            await heard_back(desk)
            with pytest.raises(errors.BrokerUnknownError, match='not now'):
                await desk.open()
            await desk.open()
            assert desk.world.gateway.seen == [72, 73]
            assert not (await desk.broker.place_order(unsent)).accepted
            assert of(desk, unsent.id) == ['rejected']

    async def test_who_connects_again_is_told_from_then_on(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            told = []
            await desk.broker.connect(told.append, desk._halted)
            await desk.world.trade(desk.symbol, 94.0)
            await desk.until(lambda: len(told) > 0, 'a report')
            assert {one.order_id for one in told} == {order_id}
            assert of(desk, order_id) == ['accepted']

    @pytest.mark.parametrize('code', sorted(codes.FARM))
    async def test_a_farm_that_is_gone_is_complained_of(self, code):
        async with world.at_desk() as desk:
            said = 'Market data farm connection is broken:usfarm'
            gateway = desk.world.gateway
            desk.world.call(lambda: gateway.say(wire.error(-1, code, said)))
            await desk.until(
                lambda: desk.broker.monitor.state is monitors.Link.DEGRADED,
                'a complaint',
            )
            assert desk.broker.monitor.reason == said

    async def test_too_many_messages_are_complained_of(self):
        async with world.at_desk() as desk:
            gateway = desk.world.gateway
            said = 'Max rate of messages per second has been exceeded'
            desk.world.call(lambda: gateway.say(wire.error(-1, 100, said)))
            await desk.until(
                lambda: said in desk.broker.monitor.reason, 'a complaint'
            )

    async def test_a_nightly_restart_keeps_what_works(self):
        async with world.at_desk() as desk:
            order_id = await resting(desk)
            await desk.world.drop()
            await desk.world.restore()
            desk.world.gateway.forgets_trades = True
            await desk.open()
            (found,) = await desk.broker.get_orders()
            assert (found.id, found.status) == (order_id, _S.ACCEPTED)
            again = await desk.place()
            await desk.world.trade(desk.symbol, 94.0)
            await desk.filled(again)
            await desk.filled(order_id)


class TestOrders:
    async def test_an_unknown_symbol_is_refused_unsent(self):
        async with world.at_desk() as desk:
            order = desk.make(symbol='NOSUCH')
            answer = await desk.send(order)
            assert 'No security definition' in answer.message
            assert of(desk, order.id) == ['rejected']
            assert sent(desk, gateways.PLACE) == []

    async def test_what_ib_does_not_have_is_refused_unsent(self):
        async with world.at_desk() as desk:
            order = desk.make(type='stop', stop_price=101.0, tif='fok')
            answer = await desk.send(order)
            assert 'fok with market and limit' in answer.message
            assert sent(desk, gateways.PLACE) == []

    async def test_an_order_without_an_answer_is_looked_for_before_again(self):
        async with world.at_desk() as desk:
            order = desk.make(type='limit', price=95.0)
            desk.know(order)
            gateway = desk.world.gateway
            gateway.instead[gateways.PLACE].append(silence)
            desk.world.patience(0.3)
            with pytest.raises(errors.BrokerUnknownError, match='no answer'):
                await desk.broker.place_order(order)
            desk.world.patience(world.PATIENCE_S)
            assert (await desk.broker.place_order(order)).accepted
            assert await desk.world.placed(order.id) == 1

    async def test_two_that_send_one_id_have_one_order(self):
        async with world.at_desk() as desk:
            order = desk.make(type='limit', price=95.0)
            desk.know(order)
            answers = await asyncio.gather(
                desk.broker.place_order(order),
                desk.broker.place_order(order),
            )
            assert [one.accepted for one in answers] == [True, True]
            assert len(sent(desk, gateways.PLACE)) == 1

    async def test_half_a_message_waits_for_the_other_half(self):
        async with world.at_desk() as desk:
            order = desk.make()
            desk.know(order)
            gateway = desk.world.gateway
            loop = desk.world._loop

            def halves(client, fields):
                gateway.mute = {order.id}
                gateway.answer(client, fields)
                held = gateway.held(order.id)
                whole = wire.open_order(
                    desk.world.venue.orders[order.id], held, 'Submitted'
                )
                client.write(whole[:101])
                loop.call_later(0.05, client.write, whole[101:])

            gateway.instead[gateways.PLACE].append(halves)
            assert (await desk.broker.place_order(order)).accepted


class TestRates:
    async def test_no_more_is_sent_than_the_libraries_send_at_once(self):
        async with world.at_desk() as desk:
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await asyncio.gather(
                *(desk.send(desk.make(quantity=1.0)) for _ in range(60))
            )
            took = loop.time() - begun
            assert len(sent(desk, gateways.PLACE)) == 60
            # 45 a second the libraries would let through, without a word.
            assert took >= (60 - 12) / 32 * 0.8

    async def test_taking_all_out_overtakes_orders_that_wait(self):
        async with world.at_desk() as desk:
            await desk.place()
            made = [desk.make(quantity=1.0) for _ in range(100)]
            for order in made:
                desk.know(order)
            sending = [
                asyncio.ensure_future(desk.broker.place_order(order))
                for order in made
            ]
            await asyncio.sleep(0)
            before = len(sent(desk, gateways.ALL_OPEN))
            await desk.broker.cancel_all(desk.other)
            assert len(sent(desk, gateways.ALL_OPEN)) == before + 1
            assert len(sent(desk, gateways.PLACE)) < 101
            await desk.broker.disconnect()
            await asyncio.gather(*sending, return_exceptions=True)
