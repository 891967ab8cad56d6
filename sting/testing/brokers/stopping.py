"""Scenarios: the emergency stop."""

import asyncio
import threading

from sting.broker import interface
from sting.model import errors
from sting.model import orders
from sting.testing.brokers import desk as desks

Desk = desks.Desk
equal = desks.equal


async def keeps_orders_back(desk: Desk) -> None:
    """What the stop withholds is not sent, and is told so."""
    desk.withheld = _always
    order = desk.make()
    try:
        await desk.broker.place_order(order)
    except errors.BrokerWithheldError:
        pass
    else:
        raise AssertionError('it was sent')
    found = await desk.broker.get_order_by_client_id(order.id)
    equal(found, None, 'order')


async def lets_the_flatten_through(desk: Desk) -> None:
    """The one order that the stop lets through is sent."""
    order = desk.make()
    desk.withheld = lambda each: each.id != order.id
    answer = await desk.send(order)
    equal(answer.accepted, True, answer.message)
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(order.id)


async def cancels_while_it_holds(desk: Desk) -> None:
    """A cancel is no order: the stop does not keep it back."""
    sent = await desk.place(type='limit', price=95.0)
    desk.withheld = _always
    answer = await desk.broker.cancel_order(sent)
    equal(answer.accepted, True, answer.message)
    await desk.ended(sent, 'cancelled')


async def takes_everything_out(desk: Desk) -> None:
    """The stop cancels all that works, of all symbols."""
    sent = await _two(desk)
    told = await asyncio.to_thread(desk.broker.emergency_cancel_all)
    equal(_named(told) >= set(sent), True, f'{told} names {sent}')
    for each in sent:
        await desk.ended(each, 'cancelled')
    equal(await desk.broker.get_orders(), [], 'orders working')


async def takes_everything_out_of_a_blocked_loop(desk: Desk) -> None:
    """The stop needs no loop: it is done while the loop is blocked."""
    sent = await _two(desk)
    thread = threading.Thread(target=desk.broker.emergency_cancel_all)
    thread.start()
    # The loop does nothing else meanwhile, as in a strategy's endless loop.
    thread.join(desks.PATIENCE_S)
    equal(thread.is_alive(), False, 'waiting for the loop')
    for each in sent:
        await desk.ended(each, 'cancelled')


async def leaves_what_it_is_to_keep(desk: Desk) -> None:
    """The stop takes out all but the orders that it is told to keep."""
    sent, kept = await _two(desk)
    told = await asyncio.to_thread(
        desk.broker.emergency_cancel_all, frozenset({kept})
    )
    equal(kept in _named(told), False, f'{told} names {kept}')
    equal(sent in _named(told), True, f'{told} names {sent}')
    await desk.ended(sent, 'cancelled')
    left = [one.id for one in await desk.broker.get_orders()]
    equal(left, [kept], 'orders working')


async def takes_nothing_out_of_nothing(desk: Desk) -> None:
    """Where nothing works the stop has nothing to tell."""
    told = await asyncio.to_thread(desk.broker.emergency_cancel_all)
    equal((told.cancelled, told.unknown), ((), ()), 'report')


async def takes_everything_out_twice(desk: Desk) -> None:
    """A stop that is pulled twice does no harm."""
    sent = await _two(desk)
    for _ in range(2):
        await asyncio.to_thread(desk.broker.emergency_cancel_all)
    for each in sent:
        await desk.ended(each, 'cancelled')


async def admits_what_it_does_not_know(desk: Desk) -> None:
    """Without a way to the broker nothing is said to be cancelled."""
    sent = await desk.place(type='limit', price=95.0)
    await desk.world.drop()
    told = await asyncio.to_thread(desk.broker.emergency_cancel_all)
    equal(told.cancelled, (), 'cancelled')
    equal(sent in told.unknown, True, f'{told} names {sent}')
    await desk.world.restore()


async def works_after_a_stop(desk: Desk) -> None:
    """Once the stop is lifted orders go out again."""
    await _two(desk)
    await asyncio.to_thread(desk.broker.emergency_cancel_all)
    sent = await desk.place()
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(sent)


SCENARIOS = (
    keeps_orders_back,
    lets_the_flatten_through,
    cancels_while_it_holds,
    takes_everything_out,
    takes_everything_out_of_a_blocked_loop,
    leaves_what_it_is_to_keep,
    takes_nothing_out_of_nothing,
    takes_everything_out_twice,
    admits_what_it_does_not_know,
    works_after_a_stop,
)


def _always(order: orders.Order) -> bool:
    del order
    return True


def _named(told: interface.EmergencyReport) -> set[str]:
    return {*told.cancelled, *told.unknown}


async def _two(desk: Desk) -> list[str]:
    """Places two orders that wait, one of each symbol."""
    return [
        await desk.place(type='limit', price=95.0),
        await desk.place(type='limit', price=45.0, symbol=desk.other),
    ]
