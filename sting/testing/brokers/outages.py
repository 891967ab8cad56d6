"""Scenarios: lost answers, lost connections, doubles, and other hands."""

from collections.abc import Awaitable

from sting.broker import interface
from sting.model import errors
from sting.model import orders
from sting.net import monitor as monitors
from sting.testing.brokers import desk as desks

Desk = desks.Desk
equal = desks.equal
_S = orders.OrderStatus
_BUY = orders.OrderSide.BUY


async def sends_nothing_unconnected(desk: Desk) -> None:
    """Before a connection is made nothing is sent, and it says so."""
    await desk.broker.disconnect()
    order = desk.make()
    await _refused(desk.broker.place_order(order))
    await desk.open()
    equal(await desk.broker.get_order_by_client_id(order.id), None, 'order')


async def changes_nothing_unconnected(desk: Desk) -> None:
    """Without a connection nothing is changed or cancelled."""
    sent = await desk.place(type='limit', price=95.0)
    await desk.broker.disconnect()
    await _refused(desk.broker.replace_order(sent, price=94.0))
    await _refused(desk.broker.cancel_order(sent))
    await _refused(desk.broker.cancel_all())
    await desk.open()
    found = await desk.broker.get_orders()
    equal([(each.id, each.price) for each in found], [(sent, 95.0)], 'orders')


async def can_be_ended_twice(desk: Desk) -> None:
    """An end that comes twice does nothing."""
    await desk.broker.disconnect()
    await desk.broker.disconnect()
    await desk.open()


async def says_that_it_is_connected(desk: Desk) -> None:
    """The monitor follows the connection."""
    equal(desk.broker.monitor.works, True, 'works')
    await desk.broker.disconnect()
    equal(desk.broker.monitor.state, monitors.Link.CLOSED, 'state')
    await desk.open()
    equal(desk.broker.monitor.works, True, 'works again')


async def notices_a_loss(desk: Desk) -> None:
    """A connection that broke is said to be lost, and why."""
    await desk.world.drop()
    await desk.until(lambda: not desk.broker.monitor.works, 'the loss')
    equal(bool(desk.broker.monitor.reason), True, 'a reason')
    await desk.world.restore()


async def cannot_connect_to_nothing(desk: Desk) -> None:
    """Where there is no broker, connecting fails in words."""
    await desk.world.drop()
    await desk.until(lambda: not desk.broker.monitor.works, 'the loss')
    try:
        await desk.open()
    except errors.BrokerError as error:
        equal(bool(str(error)), True, 'words')
    else:
        raise AssertionError('it connected to nothing')
    await desk.world.restore()


async def connects_again(desk: Desk) -> None:
    """After a loss the same way can be opened again, and reports flow."""
    await _lose(desk)
    sent = await desk.place()
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(sent)


async def does_not_know_without_answer(desk: Desk) -> None:
    """What cannot be asked is unknown, and never nothing."""
    await desk.world.drop()
    await desk.until(lambda: not desk.broker.monitor.works, 'the loss')
    for question in (
        desk.broker.get_orders,
        desk.broker.get_fills,
        desk.broker.get_positions,
        desk.broker.get_account_info,
        desk.broker.get_time,
    ):
        await _unknown(question())
    await _unknown(desk.broker.get_order_by_client_id(desk.make().id))
    await desk.world.restore()


async def does_not_know_of_a_lost_answer(desk: Desk) -> None:
    """An order whose answer was lost is unknown, and there."""
    await desk.world.lose_answer()
    order = desk.make(type='limit', price=95.0)
    desk.know(order)
    await _unknown(desk.broker.place_order(order))
    await _back(desk)
    found = await desk.broker.get_order_by_client_id(order.id)
    equal(found and found.status, _S.ACCEPTED, 'status')


async def does_not_know_of_a_lost_request(desk: Desk) -> None:
    """An order that was lost on its way is unknown, and not there."""
    await desk.world.lose_request()
    order = desk.make(type='limit', price=95.0)
    desk.know(order)
    await _unknown(desk.broker.place_order(order))
    await _back(desk)
    found = await desk.broker.get_order_by_client_id(order.id)
    equal(found, None, 'order')


async def sends_once_what_was_answered_to_nobody(desk: Desk) -> None:
    """An order whose answer was lost is not there twice when sent again."""
    await desk.world.lose_answer()
    order = desk.make()
    desk.know(order)
    await _unknown(desk.broker.place_order(order))
    await _back(desk)
    answer = await desk.broker.place_order(order)
    equal(answer.accepted, True, answer.message)
    equal(await desk.world.placed(order.id), 1, 'orders there')
    await desk.world.trade(desk.symbol, 100.0)
    await desk.passes()
    fills = await desk.broker.get_fills()
    ours = [each for each in fills if each.order_id == order.id]
    equal(sum(each.quantity for each in ours), 10.0, 'filled')


async def sends_again_what_was_lost(desk: Desk) -> None:
    """An order that never arrived can be sent again, once."""
    await desk.world.lose_request()
    order = desk.make()
    desk.know(order)
    await _unknown(desk.broker.place_order(order))
    await _back(desk)
    await desk.broker.place_order(order)
    equal(await desk.world.placed(order.id), 1, 'orders there')
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(order.id)


async def can_be_asked_what_was_missed(desk: Desk) -> None:
    """A fill while nobody listened is in the list, with its order's end."""
    sent = await desk.place()
    await desk.world.drop()
    await desk.until(lambda: not desk.broker.monitor.works, 'the loss')
    await desk.world.trade(desk.symbol, 100.0)
    await desk.world.restore()
    await desk.open()
    fills = await desk.broker.get_fills()
    equal([each.order_id for each in fills], [sent], 'fills')
    found = await desk.broker.get_order_by_client_id(sent)
    equal(found and found.status, _S.FILLED, 'status')


async def keeps_orders_over_a_loss(desk: Desk) -> None:
    """What worked before a loss works after it, and can be cancelled."""
    sent = await desk.place(type='limit', price=95.0)
    await _lose(desk)
    equal([one.id for one in await desk.broker.get_orders()], [sent], 'orders')
    answer = await desk.broker.cancel_order(sent)
    equal(answer.accepted, True, answer.message)
    await desk.ended(sent, 'cancelled')


async def gives_a_fill_one_id(desk: Desk) -> None:
    """A fill that was reported has the same id in the list, later too."""
    sent = await desk.place()
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(sent)
    reported = [each.execution_id for each in desk.fills]
    for _ in range(2):
        found = [each.execution_id for each in await desk.broker.get_fills()]
        equal(found, reported, 'executions')
        await desk.reopen()


async def tells_a_double_under_one_id(desk: Desk) -> None:
    """A fill that the broker tells twice is one fill."""
    sent = await desk.place()
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(sent)
    await desk.world.repeat()
    await desk.passes()
    equal(len(desk.fills_of(sent)), 1, 'fills')
    equal(desk.book.quantity(desk.symbol), 10.0, 'position')


async def reports_to_a_new_engine(desk: Desk) -> None:
    """An order of before is reported on to whoever connects next."""
    sent = await desk.place(type='limit', price=95.0)
    await desk.reopen()
    await desk.world.trade(desk.symbol, 94.0)
    await desk.filled(sent)


async def lets_a_new_engine_cancel(desk: Desk) -> None:
    """An order of before can be cancelled by its id."""
    sent = await desk.place(type='limit', price=95.0)
    await desk.reopen()
    answer = await desk.broker.cancel_order(sent)
    equal(answer.accepted, True, answer.message)
    await desk.ended(sent, 'cancelled')


async def lets_a_new_engine_change(desk: Desk) -> None:
    """An order of before can be changed by its id."""
    sent = await desk.place(type='limit', price=95.0)
    await desk.reopen()
    answer = await desk.broker.replace_order(sent, price=94.0)
    equal(answer.accepted, True, answer.message)
    await desk.until(lambda: desk.order(sent).price == 94.0, 'the change')


async def knows_ids_of_before(desk: Desk) -> None:
    """An id of before is one order for a new engine too."""
    order = desk.make(type='limit', price=95.0)
    await desk.send(order)
    await desk.reopen()
    await desk.send(order)
    equal(await desk.world.placed(order.id), 1, 'orders there')


async def shows_orders_of_others(desk: Desk) -> None:
    """An order that was placed elsewhere is listed, under no id of ours."""
    ours = await desk.place(type='limit', price=95.0)
    await desk.world.place_elsewhere(desk.symbol, _BUY, 3.0, 90.0)
    found = await desk.broker.get_orders()
    theirs = [each for each in found if each.id != ours]
    equal(len(theirs), 1, 'orders of others')
    equal(theirs[0].id.startswith(desk.world.log), False, 'our id')
    equal(bool(theirs[0].broker_id), True, 'an id of the broker')
    equal((theirs[0].quantity, theirs[0].price), (3.0, 90.0), 'terms')


async def shows_positions_of_others(desk: Desk) -> None:
    """What was traded elsewhere is held, and in the cash."""
    await desk.world.trade_elsewhere(desk.symbol, _BUY, 3.0, 90.0)
    found = await desk.broker.get_positions()
    equal([(p.symbol, p.quantity) for p in found], [(desk.symbol, 3.0)], '')
    account = await desk.broker.get_account_info()
    equal(account.cash, desk.world.cash - 270.0, 'cash')


SCENARIOS = (
    sends_nothing_unconnected,
    changes_nothing_unconnected,
    can_be_ended_twice,
    says_that_it_is_connected,
    notices_a_loss,
    cannot_connect_to_nothing,
    connects_again,
    does_not_know_without_answer,
    does_not_know_of_a_lost_answer,
    does_not_know_of_a_lost_request,
    sends_once_what_was_answered_to_nobody,
    sends_again_what_was_lost,
    can_be_asked_what_was_missed,
    keeps_orders_over_a_loss,
    gives_a_fill_one_id,
    tells_a_double_under_one_id,
    reports_to_a_new_engine,
    lets_a_new_engine_cancel,
    lets_a_new_engine_change,
    knows_ids_of_before,
    shows_orders_of_others,
    shows_positions_of_others,
)


async def _lose(desk: Desk) -> None:
    """Breaks the connection, and makes it again."""
    await desk.world.drop()
    await desk.until(lambda: not desk.broker.monitor.works, 'the loss')
    await desk.world.restore()
    await desk.open()


async def _back(desk: Desk) -> None:
    """Connects again where what was lost took the connection with it."""
    if not desk.broker.monitor.works:
        await desk.open()


async def _refused(
    asked: Awaitable[
        interface.OrderResponse
        | interface.CancelResponse
        | list[interface.CancelResponse]
    ],
) -> None:
    """Expects that nothing was sent."""
    try:
        await asked
    except errors.BrokerRejectedError:
        return
    raise AssertionError('it was sent without a connection')


async def _unknown(asked: Awaitable[object]) -> None:
    """Expects that it is not known."""
    try:
        found = await asked
    except errors.BrokerUnknownError:
        return
    raise AssertionError(f'{found!r} without an answer')
