"""Entries with their exits, as Alpaca takes them."""

import msgspec
import pytest

from sting.broker.alpaca import brackets
from sting.model import errors
from sting.testing.brokers import attaching
from sting.testing.brokers import suite
from tests.brokers.alpaca import world as worlds

pytestmark = pytest.mark.unit


def changed(order, **terms):
    return msgspec.structs.replace(order, **terms)


async def test_a_leg_is_named_by_its_entry_and_its_kind(desk):
    made = attaching._made(desk, type='limit', price=95.0)
    for order in made.group:
        desk.know(order)
    answers = await desk.broker.place_group(made.group)
    assert [each.order_id for each in answers] == made.ids
    assert len({each.broker_id for each in answers}) == 3
    (body,) = [
        record
        for record in desk.world.server.exchange.records.values()
        if record.parent is None
    ]
    assert (body.client_id, body.order_class) == (made.entry.id, 'bracket')
    await desk.until(
        lambda: all(desk.order(each).broker_id for each in made.ids), 'all'
    )


async def test_a_leg_that_trades_before_it_was_found_is_told_by_its_name(desk):
    await desk.world.lose_answer()
    made = await attaching._lost(desk)
    await desk.world.trade(desk.symbol, 100.0)
    await desk.world.trade(desk.symbol, 100.0, high=111.0)
    await desk.passes()
    profit, loss = made.exits
    for order in made.group:
        await desk.broker.get_order_by_client_id(order.id)
    await desk.filled(profit.id)
    await desk.ended(loss.id, 'cancelled')
    mine = [each for each in desk.fills if each.symbol == desk.symbol]
    assert [each.order_id for each in mine] == [made.entry.id, profit.id]


async def test_a_new_engine_finds_a_leg_without_the_lists(desk):
    made = await attaching._sent(desk, type='limit', price=95.0)
    desk.broker._book._entries.clear()
    desk.broker._book._names.clear()
    for order in made.exits:
        found = await desk.broker.get_order_by_client_id(order.id)
        assert (found.id, found.type) == (order.id, order.type)


async def test_a_leg_of_an_entry_that_is_not_there_is_not_searched_for(desk):
    desk.world.server.asked.clear()
    assert await desk.broker.get_order_by_client_id('a-1-1-1-tp') is None
    assert len(desk.world.server.asked) == 3


async def test_an_entry_without_such_a_leg_has_none(desk):
    made = await attaching._sent(desk, profit=None, type='limit', price=95.0)
    missing = f'{made.entry.id}-tp'
    assert await desk.broker.get_order_by_client_id(missing) is None


@pytest.mark.parametrize(
    ('terms', 'said'),
    [
        ({'quantity': 5.0}, 'the same quantity'),
        ({'type': 'limit', 'price': 91.0}, 'one limit and one stop'),
    ],
)
async def test_other_exits_are_refused_with_their_entry(desk, terms, said):
    made = attaching._made(desk, type='limit', price=95.0)
    profit, loss = made.exits
    if 'type' in terms:
        terms = {'type': profit.type, 'price': 91.0}
    with pytest.raises(errors.OrderError, match=said):
        brackets.body([made.entry, profit, changed(loss, **terms)])


async def test_what_alpaca_has_no_order_for_is_refused(desk):
    made = attaching._made(desk, tif='gtd')
    answers = await desk.broker.place_group(made.group)
    assert [each.accepted for each in answers] == [False] * 3
    assert 'gtd' in answers[0].message


async def test_exits_of_a_part_die_with_their_entry():
    await suite.run(
        attaching.never_closes_more_than_a_part, worlds.AlpacaWorld()
    )


def test_only_an_exit_has_the_name_of_an_entry():
    assert brackets.entry_of('a-1-tp') == 'a-1'
    assert brackets.entry_of('a-1-sl') == 'a-1'
    assert brackets.entry_of('a-1') == ''
