"""Scenarios: orders of each kind, and what becomes of them."""

from sting.model import orders
from sting.testing.brokers import desk as desks

Desk = desks.Desk
equal = desks.equal
_S = orders.OrderStatus


async def buys_at_the_market(desk: Desk) -> None:
    """A market order fills at the next price."""
    sent = await desk.place()
    await desk.world.trade(desk.symbol, 100.0)
    done = await desk.filled(sent)
    equal(done.average_price, 100.0, 'price')
    equal(desk.book.quantity(desk.symbol), 10.0, 'position')


async def sells_at_the_market(desk: Desk) -> None:
    """What was bought is sold."""
    await _hold(desk, 10.0)
    sent = await desk.place('sell')
    await desk.world.trade(desk.symbol, 101.0)
    await desk.filled(sent)
    equal(desk.book.quantity(desk.symbol), 0.0, 'position')


async def sells_short(desk: Desk) -> None:
    """A sale of what is not held makes a short position."""
    sent = await desk.place('sell')
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(sent)
    equal(desk.book.quantity(desk.symbol), -10.0, 'position')


async def buys_at_a_limit(desk: Desk) -> None:
    """A limit order waits for its price, and fills at it or better."""
    sent = await desk.place(type='limit', price=99.0)
    await desk.world.trade(desk.symbol, 100.0, low=99.5)
    await desk.passes()
    equal(desk.order(sent).filled, 0.0, 'filled above its limit')
    await desk.world.trade(desk.symbol, 100.0, low=98.0)
    done = await desk.filled(sent)
    equal(done.average_price <= 99.0, True, 'at its limit or better')


async def sells_at_a_limit(desk: Desk) -> None:
    """A limit order to sell waits for a higher price."""
    await _hold(desk, 10.0)
    sent = await desk.place('sell', type='limit', price=101.0)
    await desk.world.trade(desk.symbol, 100.0)
    await desk.passes()
    equal(desk.order(sent).filled, 0.0, 'filled below its limit')
    await desk.world.trade(desk.symbol, 100.0, high=102.0)
    done = await desk.filled(sent)
    equal(done.average_price >= 101.0, True, 'at its limit or better')


async def gets_a_better_price(desk: Desk) -> None:
    """A limit order that the market has passed fills at the market."""
    sent = await desk.place(type='limit', price=100.0)
    await desk.world.trade(desk.symbol, 95.0)
    done = await desk.filled(sent)
    equal(done.average_price, 95.0, 'price')


async def buys_on_a_stop(desk: Desk) -> None:
    """A stop order waits for its trigger."""
    sent = await desk.place(type='stop', stop_price=102.0)
    await desk.world.trade(desk.symbol, 100.0, high=101.0)
    await desk.passes()
    equal(desk.order(sent).filled, 0.0, 'filled below its trigger')
    await desk.world.trade(desk.symbol, 101.0, high=103.0)
    done = await desk.filled(sent)
    equal(done.average_price >= 102.0, True, 'at its trigger or worse')


async def sells_on_a_stop(desk: Desk) -> None:
    """A stop protects what is held, through a gap too."""
    await _hold(desk, 10.0)
    sent = await desk.place('sell', type='stop', stop_price=97.0)
    await desk.world.trade(desk.symbol, 95.0)
    done = await desk.filled(sent)
    equal(done.average_price, 95.0, 'price of a gap')


async def stops_with_a_limit(desk: Desk) -> None:
    """A stop-limit fills once triggered, within its limit."""
    sent = await desk.place(type='stop_limit', stop_price=102.0, price=103.0)
    await desk.world.trade(desk.symbol, 100.0, high=101.0)
    await desk.passes()
    equal(desk.order(sent).filled, 0.0, 'filled below its trigger')
    await desk.world.trade(desk.symbol, 101.0, high=102.5)
    await desk.world.trade(desk.symbol, 102.5)
    done = await desk.filled(sent)
    equal(done.average_price <= 103.0, True, 'within its limit')


async def waits_with_a_triggered_limit(desk: Desk) -> None:
    """A stop-limit that was gapped over goes on working at its limit."""
    sent = await desk.place(type='stop_limit', stop_price=102.0, price=103.0)
    await desk.world.trade(desk.symbol, 105.0)
    await desk.passes()
    equal(desk.order(sent).is_working, True, 'working')
    equal(desk.order(sent).filled, 0.0, 'filled beyond its limit')
    await desk.world.trade(desk.symbol, 104.0, low=102.0)
    await desk.filled(sent)


async def trails_by_an_amount(desk: Desk) -> None:
    """A trailing stop follows the market up and sells when it falls."""
    await _hold(desk, 10.0)
    sent = await desk.place('sell', type='trailing_stop', trail=3.0)
    await desk.world.trade(desk.symbol, 100.0)
    await desk.world.trade(desk.symbol, 110.0)
    await desk.passes()
    equal(desk.order(sent).filled, 0.0, 'filled on the way up')
    await desk.world.trade(desk.symbol, 109.0, low=106.0)
    done = await desk.filled(sent)
    equal(done.average_price, 107.0, 'price')


async def trails_by_a_share(desk: Desk) -> None:
    """A trailing stop of a per cent follows as an amount does."""
    await _hold(desk, 10.0)
    sent = await desk.place('sell', type='trailing_stop', trail='10%')
    await desk.world.trade(desk.symbol, 100.0)
    await desk.world.trade(desk.symbol, 200.0)
    await desk.passes()
    equal(desk.order(sent).filled, 0.0, 'filled on the way up')
    await desk.world.trade(desk.symbol, 190.0, low=170.0)
    done = await desk.filled(sent)
    equal(done.average_price, 180.0, 'price')


async def buys_at_the_open(desk: Desk) -> None:
    """A market-on-open order waits for the next session."""
    sent = await desk.place(type='market_on_open', tif='day')
    await desk.world.trade(desk.symbol, 100.0)
    await desk.passes()
    equal(desk.order(sent).filled, 0.0, 'filled before the open')
    await desk.world.begin_session()
    await desk.world.trade(desk.symbol, 104.0, close=105.0)
    done = await desk.filled(sent)
    equal(done.average_price, 104.0, 'price')


async def buys_at_the_close(desk: Desk) -> None:
    """A market-on-close order waits for the end of the session."""
    sent = await desk.place(type='market_on_close', tif='day')
    await desk.world.trade(desk.symbol, 100.0)
    await desk.passes()
    equal(desk.order(sent).filled, 0.0, 'filled before the close')
    await desk.world.last_minute()
    await desk.world.trade(desk.symbol, 104.0, close=105.0)
    done = await desk.filled(sent)
    equal(done.average_price, 105.0, 'price')


async def buys_within_a_limit_at_the_open(desk: Desk) -> None:
    """A limit-on-open order gets the opening, if that is within its limit."""
    taken = await desk.place(type='limit_on_open', price=104.5, tif='day')
    left = await desk.place(type='limit_on_open', price=103.5, tif='day')
    await desk.world.trade(desk.symbol, 100.0)
    await desk.passes()
    equal(desk.order(taken).filled, 0.0, 'filled before the open')
    await desk.world.begin_session()
    await desk.world.trade(desk.symbol, 104.0, low=102.0, close=105.0)
    done = await desk.filled(taken)
    equal(done.average_price, 104.0, 'price')
    await _ends_empty(desk, left)


async def sells_within_a_limit_at_the_close(desk: Desk) -> None:
    """A limit-on-close order gets the close, if that is within its limit."""
    await _hold(desk, 20.0)
    taken = await desk.place(
        'sell', type='limit_on_close', price=104.5, tif='day'
    )
    left = await desk.place(
        'sell', type='limit_on_close', price=105.5, tif='day'
    )
    await desk.world.trade(desk.symbol, 110.0)
    await desk.passes()
    equal(desk.order(taken).filled, 0.0, 'filled before the close')
    await desk.world.last_minute()
    await desk.world.trade(desk.symbol, 104.0, high=107.0, close=105.0)
    done = await desk.filled(taken)
    equal(done.average_price, 105.0, 'price')
    await _ends_empty(desk, left)


async def _ends_empty(desk: Desk, order_id: str) -> None:
    """Waits for the end of an order that its auction did not fill.

    Some call that cancelled, and some expired.
    """
    await desk.until(
        lambda: not desk.order(order_id).is_working, f'the end of {order_id}'
    )
    equal(desk.order(order_id).filled, 0.0, 'filled beyond its limit')


async def ends_with_the_day(desk: Desk) -> None:
    """An order for a day expires at the close."""
    sent = await desk.place(type='limit', price=90.0, tif='day')
    await desk.world.end_session()
    await desk.world.trade(desk.symbol, 100.0)
    await desk.ended(sent, 'expired')


async def works_beyond_the_day(desk: Desk) -> None:
    """An order until cancelled survives the close."""
    sent = await desk.place(type='limit', price=90.0)
    await desk.world.end_session()
    await desk.world.begin_session()
    await desk.world.trade(desk.symbol, 89.0)
    await desk.filled(sent)


async def takes_what_is_there(desk: Desk) -> None:
    """Of an immediate order what cannot be filled at once is cancelled."""
    sent = await desk.place(quantity=10.0, type='limit', price=100.0, tif='ioc')
    await desk.world.trade(desk.symbol, 100.0, low=99.0, volume=16.0)
    done = await desk.ended(sent, 'cancelled')
    equal(done.filled, 4.0, 'filled')


async def takes_all_or_nothing(desk: Desk) -> None:
    """An order that wants all or nothing gets nothing of too little."""
    sent = await desk.place(quantity=10.0, type='limit', price=100.0, tif='fok')
    await desk.world.trade(desk.symbol, 100.0, low=99.0, volume=16.0)
    done = await desk.ended(sent, 'cancelled')
    equal(done.filled, 0.0, 'filled')


async def gets_all_of_enough(desk: Desk) -> None:
    """An order that wants all or nothing gets all where there is enough."""
    sent = await desk.place(type='limit', price=100.0, tif='fok')
    await desk.world.trade(desk.symbol, 99.0)
    await desk.filled(sent)


async def fills_in_parts(desk: Desk) -> None:
    """Parts add up to the whole, each with an id of its own."""
    sent = await desk.place(quantity=10.0)
    for price in (100.0, 101.0, 102.0):
        await desk.world.trade(desk.symbol, price, volume=16.0)
    done = await desk.filled(sent)
    parts = desk.fills_of(sent)
    equal([part.quantity for part in parts], [4.0, 4.0, 2.0], 'parts')
    equal(len({part.execution_id for part in parts}), 3, 'executions')
    equal(done.average_price, 100.8, 'mean price')


async def is_told_of_a_part(desk: Desk) -> None:
    """A part that is filled is told while the rest works."""
    sent = await desk.place(quantity=10.0)
    await desk.world.trade(desk.symbol, 100.0, volume=16.0)
    part = await desk.traded(sent, 4.0)
    equal(part.status, _S.PARTIALLY_FILLED, 'status')


async def keeps_fractions_or_refuses_them(desk: Desk) -> None:
    """A fraction is filled to the last digit, or refused: never rounded."""
    order = desk.make(quantity=1.25)
    answer = await desk.send(order)
    if desk.world.whole:
        equal(answer.accepted, False, 'accepted')
        await desk.ended(order.id, 'rejected')
        return
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(order.id)
    equal(desk.book.quantity(desk.symbol), 1.25, 'position')


async def is_told_why_it_is_rejected(desk: Desk) -> None:
    """A rejection comes as a report with the broker's words."""
    await desk.world.refuse('not enough of everything')
    order = desk.make()
    answer = await desk.send(order)
    equal(answer.accepted, False, 'accepted')
    done = await desk.ended(order.id, 'rejected')
    equal('not enough of everything' in done.message, True, done.message)


async def goes_on_after_a_rejection(desk: Desk) -> None:
    """A rejected order is in nobody's way."""
    await desk.world.refuse('no')
    await desk.send(desk.make())
    sent = await desk.place()
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(sent)


async def is_one_order_for_one_id(desk: Desk) -> None:
    """An id that is sent twice is one order, with one answer."""
    order = desk.make(type='limit', price=90.0)
    first = await desk.send(order)
    again = await desk.send(order)
    equal(first.accepted and again.accepted, True, 'accepted')
    equal(await desk.world.placed(order.id), 1, 'orders there')
    equal(len(await desk.broker.get_orders()), 1, 'orders working')


async def is_one_order_after_its_fill(desk: Desk) -> None:
    """An id that was filled is not filled again."""
    order = desk.make()
    await desk.send(order)
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(order.id)
    await desk.send(order)
    await desk.world.trade(desk.symbol, 100.0)
    await desk.passes()
    equal(desk.book.quantity(desk.symbol), 10.0, 'position')


async def is_accepted_before_it_fills(desk: Desk) -> None:
    """The acceptance is told first, then fills, then nothing."""
    sent = await desk.place(quantity=8.0)
    await desk.world.trade(desk.symbol, 100.0, volume=16.0)
    await desk.traded(sent, 4.0)
    await desk.world.trade(desk.symbol, 100.0, volume=16.0)
    await desk.filled(sent)
    await desk.passes()
    ours = [one for one in desk.told if one.order_id == sent]
    equal(isinstance(ours[0], orders.OrderUpdate), True, 'accepted first')
    equal(
        [isinstance(one, orders.Fill) for one in ours][-1], True, 'a fill last'
    )


async def is_given_the_brokers_id(desk: Desk) -> None:
    """The acceptance tells the broker's own id."""
    sent = await desk.place(type='limit', price=90.0)
    equal(bool(desk.order(sent).broker_id), True, 'an id of the broker')


async def takes_many(desk: Desk) -> None:
    """Fifty orders are fifty orders, each filled once."""
    sent = [await desk.place(quantity=1.0) for _ in range(50)]
    await desk.world.trade(desk.symbol, 100.0)
    for each in sent:
        await desk.filled(each)
    equal(desk.book.quantity(desk.symbol), 50.0, 'position')


async def keeps_symbols_apart(desk: Desk) -> None:
    """A price of one symbol fills no order of another."""
    one = await desk.place()
    two = await desk.place(symbol=desk.other)
    await desk.world.trade(desk.other, 50.0)
    await desk.filled(two)
    equal(desk.order(one).filled, 0.0, 'filled at a foreign price')
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(one)


async def cancels_the_rest_of_a_group(desk: Desk) -> None:
    """Of a group that it keeps itself, one fill cancels the others."""
    await _hold(desk, 10.0)
    made = [
        desk.make('sell', type='limit', price=110.0, oco='g1'),
        desk.make('sell', type='stop', stop_price=90.0, oco='g1'),
    ]
    for order in made:
        desk.know(order)
    if desk.broker.groups:
        answers = await desk.broker.place_group(made)
    else:
        answers = [await desk.broker.place_order(order) for order in made]
    equal([one.accepted for one in answers], [True, True], 'accepted')
    await desk.world.trade(desk.symbol, 100.0, high=111.0)
    await desk.filled(made[0].id)
    await desk.ended(made[1].id, 'cancelled')
    await desk.world.trade(desk.symbol, 80.0)
    await desk.passes()
    equal(desk.book.quantity(desk.symbol), 0.0, 'position')


SCENARIOS = (
    buys_at_the_market,
    sells_at_the_market,
    sells_short,
    buys_at_a_limit,
    sells_at_a_limit,
    gets_a_better_price,
    buys_on_a_stop,
    sells_on_a_stop,
    stops_with_a_limit,
    waits_with_a_triggered_limit,
    trails_by_an_amount,
    trails_by_a_share,
    buys_at_the_open,
    buys_at_the_close,
    buys_within_a_limit_at_the_open,
    sells_within_a_limit_at_the_close,
    ends_with_the_day,
    works_beyond_the_day,
    takes_what_is_there,
    takes_all_or_nothing,
    gets_all_of_enough,
    fills_in_parts,
    is_told_of_a_part,
    keeps_fractions_or_refuses_them,
    is_told_why_it_is_rejected,
    goes_on_after_a_rejection,
    is_one_order_for_one_id,
    is_one_order_after_its_fill,
    is_accepted_before_it_fills,
    is_given_the_brokers_id,
    takes_many,
    keeps_symbols_apart,
    cancels_the_rest_of_a_group,
)


async def _hold(desk: Desk, quantity: float) -> None:
    """Buys first, at 100."""
    sent = await desk.place(quantity=quantity)
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(sent)
