"""Scenarios: what a broker says when it is asked."""

from sting.model import orders
from sting.testing.brokers import desk as desks

Desk = desks.Desk
equal = desks.equal
_S = orders.OrderStatus


async def has_nothing_at_first(desk: Desk) -> None:
    """A new account has no orders, fills and positions."""
    equal(await desk.broker.get_orders(), [], 'orders')
    equal(await desk.broker.get_fills(), [], 'fills')
    equal(await desk.broker.get_positions(), [], 'positions')


async def lists_what_works(desk: Desk) -> None:
    """Working orders come with their terms, in the order of arrival."""
    one = await desk.place(type='limit', price=95.0)
    two = await desk.place('sell', 5.0, 'stop', stop_price=90.0)
    found = await desk.broker.get_orders()
    equal([each.id for each in found], [one, two], 'ids')
    limit, stop = found
    equal((limit.side, limit.quantity), (orders.OrderSide.BUY, 10.0), 'first')
    equal((limit.type, limit.price), (orders.OrderType.LIMIT, 95.0), 'limit')
    equal(limit.symbol, desk.symbol, 'symbol')
    equal(
        (stop.type, stop.stop_price), (orders.OrderType.STOP, 90.0), 'trigger'
    )
    equal(limit.status, _S.ACCEPTED, 'status')


async def lists_no_more_what_is_done(desk: Desk) -> None:
    """Filled and cancelled orders are not listed."""
    one = await desk.place(type='limit', price=95.0)
    two = await desk.place()
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(two)
    await desk.broker.cancel_order(one)
    await desk.ended(one, 'cancelled')
    equal(await desk.broker.get_orders(), [], 'orders')


async def finds_what_works(desk: Desk) -> None:
    """A working order is found by our id, with the broker's."""
    sent = await desk.place(type='limit', price=95.0)
    found = await desk.broker.get_order_by_client_id(sent)
    if found is None:
        raise AssertionError('it was not found')
    equal((found.id, found.status), (sent, _S.ACCEPTED), 'order')
    equal(found.broker_id, desk.order(sent).broker_id, 'id of the broker')


async def finds_what_is_partly_filled(desk: Desk) -> None:
    """What was filled so far is there to be asked for."""
    sent = await desk.place(quantity=10.0)
    await desk.world.trade(desk.symbol, 100.0, volume=16.0)
    await desk.traded(sent, 4.0)
    found = await desk.broker.get_order_by_client_id(sent)
    if found is None:
        raise AssertionError('it was not found')
    equal((found.filled, found.status), (4.0, _S.PARTIALLY_FILLED), 'filled')


async def finds_what_is_filled(desk: Desk) -> None:
    """A filled order is found, with what it filled at."""
    sent = await desk.place()
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(sent)
    found = await desk.broker.get_order_by_client_id(sent)
    if found is None:
        raise AssertionError('it was not found')
    equal((found.status, found.filled), (_S.FILLED, 10.0), 'order')
    equal(found.average_price, 100.0, 'price')


async def finds_what_is_cancelled(desk: Desk) -> None:
    """A cancelled order is found."""
    sent = await desk.place(type='limit', price=95.0)
    await desk.broker.cancel_order(sent)
    await desk.ended(sent, 'cancelled')
    found = await desk.broker.get_order_by_client_id(sent)
    equal(found and found.status, _S.CANCELLED, 'status')


async def finds_what_was_changed(desk: Desk) -> None:
    """A changed order is found by the id that it always had."""
    sent = await desk.place(type='limit', price=95.0)
    await desk.broker.replace_order(sent, price=94.0)
    await desk.until(lambda: desk.order(sent).price == 94.0, 'the change')
    found = await desk.broker.get_order_by_client_id(sent)
    equal(found and found.price, 94.0, 'limit')


async def does_not_find_what_is_not_there(desk: Desk) -> None:
    """Of an order that there never was it says that it has none."""
    found = await desk.broker.get_order_by_client_id(desk.make().id)
    equal(found, None, 'order')


async def lists_fills(desk: Desk) -> None:
    """Fills are listed as they were reported, oldest first."""
    sent = await desk.place(quantity=10.0)
    for price in (100.0, 101.0, 102.0):
        await desk.world.trade(desk.symbol, price, volume=16.0)
    await desk.filled(sent)
    found = await desk.broker.get_fills()
    told = [_facts(each) for each in desk.fills]
    equal([_facts(each) for each in found], told, 'fills')


async def lists_fills_of_both_sides(desk: Desk) -> None:
    """Sales are sales in the list too."""
    for side in ('buy', 'sell'):
        sent = await desk.place(side)
        await desk.world.trade(desk.symbol, 100.0)
        await desk.filled(sent)
    found = await desk.broker.get_fills()
    equal([str(each.side) for each in found], ['buy', 'sell'], 'sides')


async def lists_fills_since(desk: Desk) -> None:
    """Fills before a moment are left out."""
    for _ in range(2):
        sent = await desk.place()
        await desk.world.trade(desk.symbol, 100.0)
        await desk.filled(sent)
    last = desk.fills[-1]
    found = await desk.broker.get_fills(last.timestamp)
    equal([_facts(each) for each in found], [_facts(last)], 'fills')


async def tells_what_is_held(desk: Desk) -> None:
    """Positions are signed, with their mean price."""
    one = await desk.place()
    two = await desk.place('sell', 5.0, symbol=desk.other)
    await desk.world.trade(desk.symbol, 100.0)
    await desk.world.trade(desk.other, 50.0)
    await desk.filled(one)
    await desk.filled(two)
    found = {each.symbol: each for each in await desk.broker.get_positions()}
    equal(
        {name: each.quantity for name, each in found.items()},
        {desk.symbol: 10.0, desk.other: -5.0},
        'positions',
    )
    equal(found[desk.symbol].average_price, 100.0, 'mean price')
    equal(found[desk.other].average_price, 50.0, 'mean price')


async def tells_no_more_what_was_sold(desk: Desk) -> None:
    """What was closed is no position."""
    for side in ('buy', 'sell'):
        sent = await desk.place(side)
        await desk.world.trade(desk.symbol, 100.0)
        await desk.filled(sent)
    equal(await desk.broker.get_positions(), [], 'positions')


async def tells_of_the_account(desk: Desk) -> None:
    """The account has a name, a currency and its cash."""
    found = await desk.broker.get_account_info()
    equal(bool(found.account), True, 'a name')
    equal(found.currency, 'USD', 'currency')
    equal(found.cash, desk.world.cash, 'cash')
    equal(found.equity, desk.world.cash, 'equity')
    equal(found.buying_power >= desk.world.cash, True, 'buying power')
    equal(found.blocked, '', 'blocked')


async def tells_what_cash_is_left(desk: Desk) -> None:
    """A purchase takes its price and its fee, and equity keeps the rest."""
    sent = await desk.place()
    await desk.world.trade(desk.symbol, 100.0)
    await desk.filled(sent)
    found = await desk.broker.get_account_info()
    equal(found.cash, desk.book.cash, 'cash')
    equal(found.equity, desk.book.cash + 1_000.0, 'equity')


async def tells_what_time_it_is(desk: Desk) -> None:
    """It has a clock, which does not go back."""
    first = await desk.broker.get_time()
    await desk.world.trade(desk.symbol, 100.0)
    equal(first > 0, True, 'a time')
    equal(await desk.broker.get_time() >= first, True, 'forward')


async def knows_what_can_be_traded(desk: Desk) -> None:
    """Both instruments can be, and what it gives names them."""
    found = await desk.broker.get_instruments(desk.world.symbols)
    equal({each.symbol for each in found}, set(desk.world.symbols), 'symbols')


SCENARIOS = (
    has_nothing_at_first,
    lists_what_works,
    lists_no_more_what_is_done,
    finds_what_works,
    finds_what_is_partly_filled,
    finds_what_is_filled,
    finds_what_is_cancelled,
    finds_what_was_changed,
    does_not_find_what_is_not_there,
    lists_fills,
    lists_fills_of_both_sides,
    lists_fills_since,
    tells_what_is_held,
    tells_no_more_what_was_sold,
    tells_of_the_account,
    tells_what_cash_is_left,
    tells_what_time_it_is,
    knows_what_can_be_traded,
)


def _facts(fill: orders.Fill) -> tuple[object, ...]:
    """Gives what two tellings of a fill have to agree in."""
    return (
        fill.order_id,
        fill.execution_id,
        fill.symbol,
        str(fill.side),
        fill.quantity,
        fill.price,
    )
