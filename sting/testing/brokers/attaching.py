"""Scenarios: exits that are attached to an entry.

A broker with `native` is sent the exits with their entry; all others get them
when it is filled, as the engine does.
"""

from typing import Final

import msgspec

from sting.model import errors
from sting.model import orders
from sting.testing.brokers import desk as desks

Desk = desks.Desk
equal = desks.equal

_S = orders.OrderStatus
_WORKS: Final = frozenset({_S.ACCEPTED, _S.PARTIALLY_FILLED})


class Attached(msgspec.Struct, frozen=True):
    """An entry and its exits.

    Attributes:
        entry: What opens a position.
        exits: What closes it: a take profit at 110 and a stop at 90, or one.
    """

    entry: orders.Order
    exits: tuple[orders.Order, ...]

    @property
    def group(self) -> tuple[orders.Order, ...]:
        """The entry, and then its exits."""
        return self.entry, *self.exits

    @property
    def ids(self) -> list[str]:
        """Their ids."""
        return [order.id for order in self.group]


async def takes_the_profit(desk: Desk) -> None:
    """Both exits work once the entry is filled; the profit cancels the stop."""
    made = await _opened(desk)
    await desk.world.trade(desk.symbol, 100.0, high=111.0)
    await desk.filled(made.exits[0].id)
    await desk.ended(made.exits[1].id, 'cancelled')
    await _stays_flat(desk)


async def stops_the_loss(desk: Desk) -> None:
    """The stop closes the position, and cancels the take profit."""
    made = await _opened(desk)
    await desk.world.trade(desk.symbol, 100.0, low=89.0)
    await desk.filled(made.exits[1].id)
    await desk.ended(made.exits[0].id, 'cancelled')
    await _stays_flat(desk)


async def exits_a_short(desk: Desk) -> None:
    """The exits of a short buy it back."""
    made = await _opened(desk, side='sell', profit=90.0, loss=110.0)
    equal(desk.book.quantity(desk.symbol), -10.0, 'position')
    await desk.world.trade(desk.symbol, 100.0, low=89.0)
    await desk.filled(made.exits[0].id)
    await desk.ended(made.exits[1].id, 'cancelled')
    await _stays_flat(desk)


async def attaches_one_exit(desk: Desk) -> None:
    """An entry can have a stop alone."""
    made = await _opened(desk, profit=None)
    await desk.world.trade(desk.symbol, 100.0, low=89.0)
    await desk.filled(made.exits[0].id)
    await _stays_flat(desk)


async def keeps_exits_asleep(desk: Desk) -> None:
    """No exit trades before its entry, whatever the prices are."""
    made = await _sent(desk, type='limit', price=95.0)
    await desk.world.trade(desk.symbol, 111.0)
    await desk.world.trade(desk.symbol, 96.0)
    await desk.passes()
    equal([each.order_id in made.ids for each in desk.fills], [False], 'fills')
    await desk.world.trade(desk.symbol, 95.0)
    await _awake(desk, made)
    await desk.world.trade(desk.symbol, 111.0)
    await desk.filled(made.exits[0].id)
    await _stays_flat(desk)


async def ends_exits_with_their_entry(desk: Desk) -> None:
    """What exits an entry that is cancelled works no more."""
    made = await _sent(desk, type='limit', price=95.0)
    await desk.broker.cancel_order(made.entry.id)
    await desk.ended(made.entry.id, 'cancelled')
    if desk.broker.native:
        for order in made.exits:
            await desk.ended(order.id, 'cancelled')
    await desk.world.trade(desk.symbol, 80.0)
    await desk.world.trade(desk.symbol, 120.0)
    await _stays_flat(desk)


async def never_closes_more_than_a_part(desk: Desk) -> None:
    """An entry that is cancelled half filled leaves no exits of the whole."""
    made = await _sent(desk, type='limit', price=100.0)
    await desk.world.trade(desk.symbol, 100.0, volume=16.0)
    await desk.traded(made.entry.id, 4.0)
    await desk.broker.cancel_order(made.entry.id)
    await desk.ended(made.entry.id, 'cancelled')
    native = desk.broker.native
    if native is not None and native.whole:
        for order in made.exits:
            await desk.ended(order.id, 'cancelled')
    elif native is not None:
        await desk.world.trade(desk.symbol, 111.0)
        await desk.traded(made.exits[0].id, 4.0)
        await desk.world.trade(desk.symbol, 80.0)
        await desk.passes()
        equal(desk.book.quantity(desk.symbol), 0.0, 'position')
        return
    await desk.world.trade(desk.symbol, 111.0)
    await desk.passes()
    equal(desk.book.quantity(desk.symbol), 4.0, 'position')


async def moves_an_exit_that_waits(desk: Desk) -> None:
    """The level of an exit can be changed before its entry is filled."""
    made = await _sent(desk, type='limit', price=100.0)
    if desk.broker.native is None:
        await desk.world.trade(desk.symbol, 100.0)
        await _awake(desk, made)
    stop = made.exits[1].id
    answer = await desk.broker.replace_order(stop, stop_price=95.0)
    equal(answer.accepted, True, answer.message)
    await desk.until(
        lambda: desk.order(stop).stop_price == 95.0, 'the stop to move'
    )
    if desk.broker.native:
        await desk.world.trade(desk.symbol, 100.0)
        await _awake(desk, made)
    await desk.world.trade(desk.symbol, 100.0, low=94.0)
    await desk.filled(stop)
    await desk.ended(made.exits[0].id, 'cancelled')


async def knows_exits_in_a_new_engine(desk: Desk) -> None:
    """After a restart each exit is found under its name, and works."""
    made = await _sent(desk, type='limit', price=100.0)
    await desk.reopen()
    if desk.broker.native:
        listed = {order.id for order in await desk.broker.get_orders()}
        equal(listed, set(made.ids), 'orders there')
        for order in made.group:
            found = await desk.broker.get_order_by_client_id(order.id)
            equal(found and found.status, _S.ACCEPTED, f'status of {order.id}')
    await desk.world.trade(desk.symbol, 100.0)
    await _awake(desk, made)
    await desk.world.trade(desk.symbol, 111.0)
    await desk.filled(made.exits[0].id)
    await desk.ended(made.exits[1].id, 'cancelled')
    await _stays_flat(desk)


async def attaches_once_what_was_answered_to_nobody(desk: Desk) -> None:
    """An entry with exits, sent again after its answer was lost, is there once.

    Its exits are found under their names before it is sent again.
    """
    await desk.world.lose_answer()
    made = await _lost(desk)
    await _back(desk)
    if desk.broker.native:
        for order in made.group:
            found = await desk.broker.get_order_by_client_id(order.id)
            equal(found and found.is_working, True, f'{order.id} is there')
    await _place(desk, made)
    await desk.world.trade(desk.symbol, 100.0)
    await _awake(desk, made)
    equal(desk.book.quantity(desk.symbol), 10.0, 'position')
    await desk.world.trade(desk.symbol, 111.0)
    await desk.filled(made.exits[0].id)
    await _stays_flat(desk)


async def attaches_again_what_was_lost(desk: Desk) -> None:
    """An entry that never arrived is not there, nor are its exits."""
    await desk.world.lose_request()
    made = await _lost(desk)
    await _back(desk)
    for order in made.group:
        found = await desk.broker.get_order_by_client_id(order.id)
        equal(found, None, order.id)
    await _place(desk, made)
    await desk.world.trade(desk.symbol, 100.0)
    await _awake(desk, made)
    await desk.world.trade(desk.symbol, 111.0)
    await desk.filled(made.exits[0].id)
    await _stays_flat(desk)


async def refuses_exits_with_their_entry(desk: Desk) -> None:
    """Where the entry is rejected, no exit is there."""
    await desk.world.refuse('not today')
    made = _made(desk)
    for order in made.group:
        desk.know(order)
    answers = await _place(desk, made)
    equal(any(answers), False, 'accepted')
    await desk.ended(made.entry.id, 'rejected')
    equal(await desk.broker.get_orders(), [], 'orders there')


async def keeps_exits_back_with_their_entry(desk: Desk) -> None:
    """What the stop withholds goes out in no part."""
    made = _made(desk)
    held = made.group[-1].id if desk.broker.native else made.entry.id
    desk.withheld = lambda order: order.id == held
    try:
        await _place(desk, made)
    except errors.BrokerWithheldError:
        pass
    else:
        raise AssertionError('it was sent')
    equal(await desk.broker.get_orders(), [], 'orders there')


async def takes_exits_out_in_an_emergency(desk: Desk) -> None:
    """The stop takes entries out with their exits."""
    made = await _sent(desk, type='limit', price=95.0)
    desk.broker.emergency_cancel_all()
    await desk.ended(made.entry.id, 'cancelled')
    await desk.world.trade(desk.symbol, 80.0)
    await desk.world.trade(desk.symbol, 120.0)
    await _stays_flat(desk)


SCENARIOS = (
    takes_the_profit,
    stops_the_loss,
    exits_a_short,
    attaches_one_exit,
    keeps_exits_asleep,
    ends_exits_with_their_entry,
    never_closes_more_than_a_part,
    moves_an_exit_that_waits,
    knows_exits_in_a_new_engine,
    attaches_once_what_was_answered_to_nobody,
    attaches_again_what_was_lost,
    refuses_exits_with_their_entry,
    keeps_exits_back_with_their_entry,
    takes_exits_out_in_an_emergency,
)


def _made(
    desk: Desk,
    side: str = 'buy',
    *,
    profit: float | None = 110.0,
    loss: float | None = 90.0,
    **terms: object,
) -> Attached:
    """Makes an entry and its exits, which were not sent yet."""
    entry = desk.make(side, **terms)  # type: ignore[arg-type]
    exits = []
    for ending, kind, level in (
        (orders.TAKE_PROFIT, 'limit', profit),
        (orders.STOP_LOSS, 'stop', loss),
    ):
        if level is not None:
            price = 'price' if kind == 'limit' else 'stop_price'
            exits.append(
                desk.make(
                    str(entry.side.opposite),
                    entry.quantity,
                    kind,
                    id=f'{entry.id}{ending}',
                    parent=entry.id,
                    oco=entry.id,
                    held=entry.quantity if desk.broker.native else 0.0,
                    **{price: level},  # type: ignore[arg-type]
                )
            )
    return Attached(entry, tuple(exits))


async def _place(desk: Desk, made: Attached) -> list[bool]:
    """Sends an entry, with its exits where they go with it."""
    if desk.broker.native:
        answers = await desk.broker.place_group(made.group)
    else:
        answers = [await desk.broker.place_order(made.entry)]
    return [answer.accepted for answer in answers]


async def _sent(desk: Desk, **terms: object) -> Attached:
    """Sends an entry that waits for its price."""
    made = _made(desk, **terms)  # type: ignore[arg-type]
    for order in made.group:
        desk.know(order)
    equal(all(await _place(desk, made)), True, 'accepted')
    sent = made.group if desk.broker.native else (made.entry,)
    await desk.until(
        lambda: all(desk.order(each.id).status in _WORKS for each in sent),
        'all of it to work',
    )
    return made


async def _opened(desk: Desk, **terms: object) -> Attached:
    """Sends an entry at the market, and has it filled at 100."""
    made = await _sent(desk, **terms)
    await desk.world.trade(desk.symbol, 100.0)
    await _awake(desk, made)
    return made


async def _awake(desk: Desk, made: Attached) -> None:
    """Waits until the entry is filled and its exits work."""
    await desk.filled(made.entry.id)
    if desk.broker.native is None:
        if desk.broker.groups and len(made.exits) > 1:
            await desk.broker.place_group(made.exits)
        else:
            for order in made.exits:
                await desk.broker.place_order(order)
    for order in made.exits:
        found = await desk.broker.get_order_by_client_id(order.id)
        equal(found and found.status in _WORKS, True, f'{order.id} works')


async def _lost(desk: Desk) -> Attached:
    """Sends an entry of which something is lost."""
    made = _made(desk)
    for order in made.group:
        desk.know(order)
    try:
        await _place(desk, made)
    except errors.BrokerUnknownError:
        return made
    raise AssertionError('it was answered')


async def _back(desk: Desk) -> None:
    """Connects again, where the connection was lost with the answer."""
    if not desk.broker.monitor.works:
        await desk.open()


async def _stays_flat(desk: Desk) -> None:
    """Has nothing left that trades, at any price."""
    await desk.world.trade(desk.symbol, 80.0)
    await desk.world.trade(desk.symbol, 120.0)
    await desk.passes()
    equal(desk.book.quantity(desk.symbol), 0.0, 'position')
