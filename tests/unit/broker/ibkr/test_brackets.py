"""Entries with their exits, as parents and children."""

import pytest

from sting.model import errors
from sting.testing.brokers import attaching
from sting.testing.brokers import suite
from tests.brokers.ibkr import gateway as gateways
from tests.brokers.ibkr import world as worlds

pytestmark = pytest.mark.unit


async def test_the_last_child_transmits_all():
    async with worlds.at_desk() as desk:
        made = await attaching._sent(desk, type='limit', price=95.0)
        placed = [
            fields
            for client in desk.world.gateway.clients
            for fields in client.heard
            if fields[0] == gateways.PLACE
        ]
        assert [each[26] for each in placed] == made.ids
        assert [each[27] for each in placed] == ['0', '0', '1']
        parent = placed[0][1]
        assert [each[28] for each in placed] == ['0', parent, parent]


async def test_a_child_that_is_changed_keeps_its_parent():
    async with worlds.at_desk() as desk:
        made = await attaching._sent(desk, type='limit', price=95.0)
        await desk.reopen()
        stop = made.exits[1].id
        answer = await desk.broker.replace_order(stop, stop_price=85.0)
        assert answer.accepted
        last = [
            fields
            for client in desk.world.gateway.clients
            for fields in client.heard
            if fields[0] == gateways.PLACE
        ][-1]
        assert last[26] == stop
        assert last[27] == '1'
        assert int(last[28]) > 0


async def test_what_is_sent_twice_is_there_once():
    async with worlds.at_desk() as desk:
        made = await attaching._sent(desk, type='limit', price=95.0)
        answers = await desk.broker.place_group(made.group)
        assert [each.accepted for each in answers] == [True] * 3
        assert set(desk.world.venue.placed.values()) == {1}


async def test_an_entry_that_is_there_without_its_exits_is_not_sent_again():
    async with worlds.at_desk() as desk:
        made = attaching._made(desk, type='limit', price=95.0)
        await desk.send(made.entry)
        with pytest.raises(errors.BrokerUnknownError, match='is not'):
            await desk.broker.place_group(made.group)


async def test_a_fraction_is_refused_with_its_exits():
    async with worlds.at_desk() as desk:
        made = attaching._made(desk, quantity=1.5)
        answers = await desk.broker.place_group(made.group)
        assert [each.accepted for each in answers] == [False] * 3
        assert 'fractions' in answers[2].message


async def test_what_cannot_be_traded_is_refused_with_its_exits():
    async with worlds.at_desk() as desk:
        made = attaching._made(desk, symbol='NOPE')
        answers = await desk.broker.place_group(made.group)
        assert [each.accepted for each in answers] == [False] * 3


async def test_what_never_arrived_is_sent_again():
    await suite.run(attaching.attaches_again_what_was_lost, worlds.IbkrWorld())


async def test_what_arrived_unanswered_is_there_once():
    await suite.run(
        attaching.attaches_once_what_was_answered_to_nobody,
        worlds.IbkrWorld(),
    )


async def test_the_stop_keeps_all_of_it_back():
    await suite.run(
        attaching.keeps_exits_back_with_their_entry, worlds.IbkrWorld()
    )


async def test_no_answer_leaves_all_of_it_unknown():
    async with worlds.at_desk() as desk:
        made = attaching._made(desk, type='limit', price=95.0)
        desk.world.patience(0.2)
        silent = desk.world.gateway.instead[gateways.PLACE]
        silent.extend([lambda client, fields: None] * 3)
        with pytest.raises(errors.BrokerUnknownError, match='no answer'):
            await desk.broker.place_group(made.group)
        desk.world.patience(20.0)
        for order in made.group:
            desk.know(order)
        answers = await desk.broker.place_group(made.group)
        assert [each.accepted for each in answers] == [True] * 3
