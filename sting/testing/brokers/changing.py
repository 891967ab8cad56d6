"""Scenarios: orders that are changed and cancelled."""

from sting.model import orders
from sting.testing.brokers import desk as desks

Desk = desks.Desk
equal = desks.equal
_S = orders.OrderStatus


async def asks_for_more(desk: Desk) -> None:
    """A larger quantity holds, under the same id."""
    sent = await _resting(desk)
    await _replace(desk, sent, quantity=15.0)
    await desk.world.trade(desk.symbol, 90.0)
    await desk.filled(sent)
    equal(desk.book.quantity(desk.symbol), 15.0, 'position')


async def asks_for_less(desk: Desk) -> None:
    """A smaller quantity holds."""
    sent = await _resting(desk)
    await _replace(desk, sent, quantity=5.0)
    await desk.world.trade(desk.symbol, 90.0)
    await desk.filled(sent)
    equal(desk.book.quantity(desk.symbol), 5.0, 'position')


async def asks_for_another_price(desk: Desk) -> None:
    """A new limit holds, and the old one does not."""
    sent = await _resting(desk)
    await _replace(desk, sent, price=90.0)
    await desk.world.trade(desk.symbol, 100.0, low=94.0)
    await desk.passes()
    equal(desk.order(sent).filled, 0.0, 'filled at the old limit')
    await desk.world.trade(desk.symbol, 89.0)
    await desk.filled(sent)


async def asks_for_another_trigger(desk: Desk) -> None:
    """A new trigger holds."""
    sent = await desk.place(type='stop', stop_price=110.0)
    answer = await desk.broker.replace_order(sent, stop_price=105.0)
    equal(answer.accepted, True, answer.message)
    await desk.until(
        lambda: desk.order(sent).stop_price == 105.0, 'the new trigger'
    )
    await desk.world.trade(desk.symbol, 104.0, high=106.0)
    await desk.filled(sent)


async def changes_both_terms(desk: Desk) -> None:
    """Quantity and price change in one request."""
    sent = await _resting(desk)
    await _replace(desk, sent, quantity=7.0, price=92.0)
    equal((await _only(desk)).quantity, 7.0, 'quantity there')
    equal((await _only(desk)).price, 92.0, 'limit there')


async def changes_twice(desk: Desk) -> None:
    """An order that was changed can be changed again."""
    sent = await _resting(desk)
    await _replace(desk, sent, price=93.0)
    await _replace(desk, sent, price=94.0)
    equal((await _only(desk)).price, 94.0, 'limit there')
    equal((await _only(desk)).id, sent, 'id there')


async def changes_what_is_partly_filled(desk: Desk) -> None:
    """What is filled stays, and counts for the new quantity."""
    sent = await desk.place(quantity=10.0, type='limit', price=95.0)
    await desk.world.trade(desk.symbol, 94.0, volume=16.0)
    await desk.traded(sent, 4.0)
    await _replace(desk, sent, quantity=6.0)
    await desk.world.trade(desk.symbol, 94.0)
    await desk.filled(sent)
    equal(desk.book.quantity(desk.symbol), 6.0, 'position')


async def refuses_to_change_what_is_done(desk: Desk) -> None:
    """A filled order cannot be changed, and stays filled."""
    sent = await desk.place()
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(sent)
    answer = await desk.broker.replace_order(sent, quantity=20.0)
    equal(answer.accepted, False, 'accepted')
    equal(bool(answer.message), True, 'words')
    await desk.passes()
    equal(desk.order(sent).status, _S.FILLED, 'status')


async def refuses_to_change_what_it_has_not(desk: Desk) -> None:
    """An order that there never was cannot be changed."""
    answer = await desk.broker.replace_order(desk.make().id, price=1.0)
    equal(answer.accepted, False, 'accepted')


async def takes_it_out(desk: Desk) -> None:
    """A cancelled order is told of, and fills no more."""
    sent = await _resting(desk)
    answer = await desk.broker.cancel_order(sent)
    equal(answer.accepted, True, answer.message)
    await desk.ended(sent, 'cancelled')
    await desk.world.trade(desk.symbol, 90.0)
    await desk.passes()
    equal(desk.order(sent).filled, 0.0, 'filled')


async def takes_it_out_after_a_change(desk: Desk) -> None:
    """A changed order is cancelled by the id that it always had."""
    sent = await _resting(desk)
    await _replace(desk, sent, price=93.0)
    answer = await desk.broker.cancel_order(sent)
    equal(answer.accepted, True, answer.message)
    await desk.ended(sent, 'cancelled')
    equal(await desk.broker.get_orders(), [], 'orders working')


async def takes_out_the_rest(desk: Desk) -> None:
    """What was filled before the cancel stays."""
    sent = await desk.place(quantity=10.0)
    await desk.world.trade(desk.symbol, 100.0, volume=16.0)
    await desk.traded(sent, 4.0)
    await desk.broker.cancel_order(sent)
    done = await desk.ended(sent, 'cancelled')
    equal(done.filled, 4.0, 'filled')


async def says_no_to_a_second_cancel(desk: Desk) -> None:
    """What is cancelled is not cancelled again, and nothing breaks."""
    sent = await _resting(desk)
    await desk.broker.cancel_order(sent)
    await desk.ended(sent, 'cancelled')
    answer = await desk.broker.cancel_order(sent)
    equal(answer.accepted, False, 'accepted')


async def says_no_to_cancel_what_is_filled(desk: Desk) -> None:
    """A cancel that comes behind the fill changes nothing."""
    sent = await desk.place()
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(sent)
    answer = await desk.broker.cancel_order(sent)
    equal(answer.accepted, False, 'accepted')
    await desk.passes()
    equal(desk.order(sent).status, _S.FILLED, 'status')


async def says_no_to_cancel_what_it_has_not(desk: Desk) -> None:
    """An order that there never was cannot be cancelled."""
    answer = await desk.broker.cancel_order(desk.make().id)
    equal(answer.accepted, False, 'accepted')


async def takes_out_all(desk: Desk) -> None:
    """All working orders are cancelled, of all symbols."""
    sent = [await _resting(desk), await _resting(desk)]
    sent.append(await _resting(desk, symbol=desk.other))
    answers = await desk.broker.cancel_all()
    equal({one.order_id for one in answers}, set(sent), 'answers')
    for each in sent:
        await desk.ended(each, 'cancelled')


async def takes_out_one_symbol(desk: Desk) -> None:
    """Orders of other symbols stay."""
    gone = await _resting(desk)
    stays = await _resting(desk, symbol=desk.other)
    answers = await desk.broker.cancel_all(desk.symbol)
    equal([one.order_id for one in answers], [gone], 'answers')
    await desk.ended(gone, 'cancelled')
    equal((await _only(desk)).id, stays, 'what is left')


async def takes_out_nothing(desk: Desk) -> None:
    """Where nothing works there is nothing to answer."""
    equal(await desk.broker.cancel_all(), [], 'answers')


SCENARIOS = (
    asks_for_more,
    asks_for_less,
    asks_for_another_price,
    asks_for_another_trigger,
    changes_both_terms,
    changes_twice,
    changes_what_is_partly_filled,
    refuses_to_change_what_is_done,
    refuses_to_change_what_it_has_not,
    takes_it_out,
    takes_it_out_after_a_change,
    takes_out_the_rest,
    says_no_to_a_second_cancel,
    says_no_to_cancel_what_is_filled,
    says_no_to_cancel_what_it_has_not,
    takes_out_all,
    takes_out_one_symbol,
    takes_out_nothing,
)


async def _resting(desk: Desk, **terms: object) -> str:
    """Places an order that waits below the market."""
    return await desk.place(type='limit', price=95.0, **terms)


async def _only(desk: Desk) -> orders.Order:
    """Gives the one order that works at the broker."""
    found = await desk.broker.get_orders()
    equal(len(found), 1, 'orders working')
    return found[0]


async def _replace(
    desk: Desk,
    order_id: str,
    *,
    quantity: float | None = None,
    price: float | None = None,
) -> None:
    """Changes an order, and waits until that is told."""
    answer = await desk.broker.replace_order(
        order_id, quantity=quantity, price=price
    )
    equal(answer.accepted, True, answer.message)
    before = desk.order(order_id)
    wanted = (
        before.quantity if quantity is None else quantity,
        before.price if price is None else price,
    )
    await desk.until(
        lambda: (
            (desk.order(order_id).quantity, desk.order(order_id).price)
            == wanted
        ),
        f'the terms {wanted}',
    )
