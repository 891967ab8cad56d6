"""The emergency stop that keeps some orders."""

import asyncio

import pytest

from sting.broker.ibkr import single
from sting.model import orders
from tests.brokers.ibkr import gateway as gateways
from tests.brokers.ibkr import world

pytestmark = pytest.mark.unit


def pull(desk, *keep):
    return asyncio.to_thread(desk.broker.emergency_cancel_all, frozenset(keep))


async def resting(desk):
    return await desk.place(type='limit', price=95.0)


async def test_only_what_was_sent_from_here_is_taken_out(monkeypatch):
    monkeypatch.setattr(single, 'LIMIT_S', world.PATIENCE_S)
    async with world.at_desk() as desk:
        ours, kept = await resting(desk), await resting(desk)
        await desk.world.place_elsewhere(
            desk.symbol, orders.OrderSide.BUY, 3.0, 90.0
        )
        (theirs,) = {one.id for one in await desk.broker.get_orders()} - {
            ours,
            kept,
        }
        told = await pull(desk, kept)
        assert (told.cancelled, told.unknown) == ((ours,), ())
        assert 'placed elsewhere are left alone' in told.note
        assert told.first_s >= 0
        left = {one.id for one in await desk.broker.get_orders()}
        assert left == {kept, theirs}


async def test_what_is_kept_elsewhere_has_all_cancelled_globally():
    async with world.at_desk() as desk:
        ours = await resting(desk)
        told = await pull(desk, 'an order of another broker')
        assert told.cancelled == (ours,)
        assert 'the global cancel' in told.note


async def test_what_does_not_answer_is_unknown(monkeypatch):
    monkeypatch.setattr(single, 'LIMIT_S', 0.3)
    async with world.at_desk() as desk:
        ours, kept = await resting(desk), await resting(desk)
        deaf = desk.world.gateway.instead[gateways.CANCEL]
        deaf.extend([lambda _client, _fields: None] * 1_000)
        told = await pull(desk, kept)
        assert (told.cancelled, told.unknown) == ((), (ours,))
