"""Which contract a symbol is."""

import pytest

from tests.brokers.ibkr import gateway as gateways
from tests.brokers.ibkr import wire
from tests.brokers.ibkr import world

pytestmark = pytest.mark.unit


def asked(desk):
    return [
        fields[4]
        for client in desk.world.gateway.clients
        for fields in client.heard
        if fields[0] == gateways.DETAILS
    ]


async def test_it_is_asked_for_once():
    async with world.at_desk() as desk:
        await desk.place()
        await desk.place()
        assert asked(desk) == [desk.symbol]


async def test_steps_currency_and_sector_are_told():
    async with world.at_desk() as desk:
        (found,) = await desk.broker.get_instruments([desk.symbol])
        assert (found.tick, found.lot) == (0.01, 1.0)
        assert (found.currency, found.sector) == ('USD', 'Technology')


async def test_an_unknown_one_is_left_out():
    async with world.at_desk() as desk:
        found = await desk.broker.get_instruments(['NOSUCH', desk.symbol])
        assert [each.symbol for each in found] == [desk.symbol]


async def test_a_symbol_of_two_contracts_is_refused():
    async with world.at_desk() as desk:

        def two(client, fields):
            client.send(
                wire.details(fields[2], desk.symbol),
                wire.details(fields[2], desk.other),
                wire.frame(52, 1, fields[2]),
            )

        desk.world.gateway.instead[gateways.DETAILS].append(two)
        answer = await desk.send(desk.make())
        assert 'is 2 contracts at SMART: NASDAQ' in answer.message
