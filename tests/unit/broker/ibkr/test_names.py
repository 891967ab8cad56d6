"""Orders that share a name, and orders of the past."""

import types

import pytest

from sting.broker.ibkr import names as names_lib
from sting.broker.ibkr import record as records
from sting.model import orders
from tests.brokers.ibkr import gateway as gateways
from tests.brokers.ibkr import wire
from tests.brokers.ibkr import world

pytestmark = pytest.mark.unit

_S = orders.OrderStatus
OURS, THEIRS = 72, 9


def told(reference='', client=THEIRS, number=0, perm=0):
    """What names an order in their messages."""
    return types.SimpleNamespace(
        orderRef=reference, clientId=client, orderId=number, permId=perm
    )


def taken(names, one, status=_S.ACCEPTED, *, learning=False):
    """Takes an order up that nobody knew."""
    assert names.named(one) is None
    record = records.Record(
        orders.Order(
            id=names.new_id(one, learning=learning),
            symbol='AAPL',
            side=orders.OrderSide.BUY,
            quantity=1.0,
            status=status,
        ),
        None,
    )
    names.add(record)
    names.call(record, one.orderId, one.clientId, one.permId)
    return record


def known(*many, client=OURS):
    names = names_lib.Names(client)
    return names, [taken(names, one) for one in many]


class TestSharedReferences:
    def test_two_orders_of_one_reference_are_two(self):
        names, found = known(told('x', perm=1), told('x', perm=2))
        assert [each.id for each in found] == ['x', 'ib-2']
        assert names.named(told('x', perm=1)) is found[0]
        assert names.named(told('x', perm=2)) is found[1]

    def test_before_they_have_perm_ids_their_numbers_tell_them_apart(self):
        names, found = known(told('x', number=3), told('x', number=4))
        assert [each.id for each in found] == ['x', 'ib-9-4']
        assert names.named(told('x', number=4, perm=8)) is found[1]

    def test_a_reference_alone_names_an_order_that_has_no_perm_id_yet(self):
        names, (ours,) = known(told('x', OURS, 5))
        # What is done is listed without the number that it had.
        assert names.named(told('x', 0, 0, 8)) is ours

    def test_a_number_that_is_counted_anew_names_another_order(self):
        names, _ = known(told('x', number=3, perm=1))
        assert names.named(told('y', number=3, perm=2)) is None

    def test_a_status_goes_to_the_order_of_its_perm_id(self):
        names, found = known(
            told('x', number=3, perm=1), told('x', number=4, perm=2)
        )
        assert names.numbered(THEIRS, 3, 2) is found[1]
        assert names.numbered(THEIRS, 3) is found[0]
        assert names.numbered(THEIRS, 3, 7) is None

    def test_a_new_connection_calls_them_what_they_were_called(self):
        old, _ = known(told('x', perm=1), told('x', perm=2))
        fresh = names_lib.Names(OURS)
        fresh.inherit(old)
        assert taken(fresh, told('x', perm=2)).id == 'ib-2'
        assert taken(fresh, told('x', perm=3)).id == 'ib-3'
        assert taken(fresh, told('x', perm=1)).id == 'x'

    def test_a_reference_of_ours_is_ours_whoever_is_listed_first(self):
        names, (theirs,) = known(told('x', perm=1))
        ours = taken(names, told('x', OURS, 5, 2), learning=True)
        assert (ours.id, theirs.id) == ('x', 'ib-1')
        assert names.get('ib-1') is theirs

    def test_what_was_told_keeps_its_id(self):
        names, (theirs,) = known(told('x', perm=1))
        ours = taken(names, told('x', OURS, 5, 2))
        assert (ours.id, theirs.id) == ('ib-2', 'x')


class TestThoseThatWork:
    def listed(self, *many):
        return [
            (None, one, types.SimpleNamespace(status=word))
            for one, word in many
        ]

    def test_one_that_is_over_does_not_hide_one_that_works(self):
        found = self.listed(
            (told('x', perm=1), 'Submitted'), (told('x', perm=2), 'Cancelled')
        )
        assert names_lib.working(found, ()) == {'x'}

    def test_each_has_the_id_that_it_is_known_by(self):
        _, many = known(told('x', perm=1), told('x', perm=2))
        found = self.listed(
            (told('x', perm=1), 'Cancelled'),
            (told('x', perm=2), 'Submitted'),
            (told('x', perm=3), 'Submitted'),
        )
        assert names_lib.working(found, many) == {'ib-2', 'ib-3'}

    def test_the_last_word_on_an_order_counts(self):
        one = told('x', OURS, 5)
        found = self.listed((one, 'Submitted'), (one, 'Filled'))
        assert names_lib.working(found, ()) == set()


class TestThePast:
    @pytest.fixture(autouse=True)
    def _short(self, monkeypatch):
        monkeypatch.setattr(names_lib, 'KEPT', 10)
        monkeypatch.setattr(names_lib, 'PAST', 50)

    def ended(self, count):
        names = names_lib.Names(OURS)
        for perm in range(1, count + 1):
            taken(names, told(f'o{perm}', OURS, perm, perm), _S.CANCELLED)
            names.shorten()
        return names

    def test_as_many_as_are_kept_are_kept(self):
        names = self.ended(10_000)
        assert 10 <= len(names.records) <= 20
        assert len(names._past) <= len(names._past_perms) <= 50
        assert max(len(names._perms), len(names._numbers)) <= 20

    def test_any_of_their_names_brings_one_back(self):
        for one in (told('o5'), told('', perm=5), told('o5', OURS, 5, 5)):
            found = self.ended(40).named(one)
            assert (found.id, found.perm) == ('o5', 5)
            assert found.order.status is _S.CANCELLED
            assert found.taken

    def test_the_reference_of_one_is_not_free(self):
        names = self.ended(40)
        assert taken(names, told('o5', perm=900)).id == 'ib-900'

    def test_what_works_stays_however_old_it_is(self):
        names = names_lib.Names(OURS)
        first = taken(names, told('a', OURS, 1, 1_000))
        for perm in range(1, 200):
            taken(names, told(f'o{perm}', perm=perm), _S.FILLED)
            names.shorten()
        assert names.records['a'] is first

    def test_what_has_something_to_tell_stays(self):
        names = names_lib.Names(OURS)
        first = taken(names, told('a', OURS, 1, 1_000), _S.CANCELLED)
        first.push(orders.OrderUpdate(order_id='a', status=_S.CANCELLED))
        missing = taken(names, told('b', OURS, 2, 1_001), _S.CANCELLED)
        missing.claimed = 1.0, 100.0
        for perm in range(1, 200):
            taken(names, told(f'o{perm}', perm=perm), _S.FILLED)
            names.shorten()
        assert {'a', 'b'} <= set(names.records)

    def test_a_new_connection_keeps_them(self):
        old = self.ended(40)
        fresh = names_lib.Names(OURS)
        fresh.inherit(old)
        taken(fresh, told('x', OURS, 38, 900))
        fresh.keep(old)
        assert {fresh.get(f'o{perm}').perm for perm in range(1, 41)} == set(
            range(1, 41)
        )
        assert fresh.numbered(OURS, 38).id == 'x'


def elsewhere(reference, number, perm, price):
    """An order that another program placed."""
    order = orders.Order(
        id=reference,
        symbol='AAPL',
        side=orders.OrderSide.BUY,
        quantity=5.0,
        type=orders.OrderType.LIMIT,
        price=price,
    )
    return order, wire.Held(reference, THEIRS, number, perm)


def lists(desk, *many):
    """Has orders of others listed next."""

    def answer(client, _fields):
        frames = [wire.open_order(*one, 'Submitted') for one in many]
        client.send(*frames, wire.frame(53, 1))

    desk.world.gateway.instead[gateways.ALL_OPEN].append(answer)


async def test_two_orders_of_others_with_one_reference_are_both_listed():
    async with world.at_desk() as desk:
        one = elsewhere('momentum', 3, 800_001, 90.0)
        other = elsewhere('momentum', 4, 800_002, 80.0)
        lists(desk, one, other)
        found = await desk.broker.get_orders()
        assert [(each.id, each.price) for each in found] == [
            ('momentum', 90.0),
            ('ib-800002', 80.0),
        ]
        lists(desk, other, one)
        assert await desk.broker.get_orders() == found


async def test_an_end_of_one_leaves_another_of_its_reference():
    async with world.at_desk() as desk:
        one = elsewhere('momentum', 3, 800_001, 90.0)
        other = elsewhere('momentum', 4, 800_002, 80.0)
        lists(desk, one)
        await desk.broker.get_orders()
        gone = wire.status(one[1], 'Cancelled', 5.0)
        desk.world.call(lambda: desk.world.gateway.say(gone))
        lists(desk, other)
        (found,) = await desk.broker.get_orders()
        assert found.price == 80.0


async def test_a_trade_of_another_with_our_reference_is_not_ours():
    async with world.at_desk() as desk:
        ours = await desk.place(type='limit', price=95.0)
        _, held = elsewhere(ours, 4, 800_002, 80.0)
        fill = orders.Fill(
            order_id=ours,
            execution_id='',
            symbol=desk.symbol,
            side=orders.OrderSide.BUY,
            quantity=5.0,
            price=80.0,
            timestamp=desk.world.now(),
        )
        told_live = wire.execution(fill, held, '0000e0d5.0000ffff.01.01')

        def listed(client, fields):
            client.send(
                wire.execution(
                    fill, held, '0000e0d5.0000ffff.01.01', fields[2]
                ),
                wire.fee(0.0, '0000e0d5.0000ffff.01.01'),
                wire.frame(55, 1, fields[2]),
            )

        desk.world.call(lambda: desk.world.gateway.say(told_live))
        desk.world.gateway.instead[gateways.EXECUTIONS].append(listed)
        (found,) = await desk.broker.get_fills()
        assert found.order_id == 'ib-800002'
        assert desk.order(ours).filled == 0.0


async def test_nothing_is_booked_twice_of_what_ended_long_ago(monkeypatch):
    monkeypatch.setattr(names_lib, 'KEPT', 2)
    async with world.at_desk() as desk:
        sent = []
        for _ in range(8):
            sent.append(await desk.place())
            await desk.world.trade(desk.symbol, 100.0)
            await desk.filled(sent[-1])
        assert sent[0] not in desk.world.ways[-1]._trader.book.records
        gateway, venue = desk.world.gateway, desk.world.venue

        def again():
            for fill in venue.fills:
                held = gateway.held(fill.order_id)
                frames = wire.execution(fill, held, gateway.execution_id(fill))
                done = wire.status(held, 'Filled', fill.quantity)
                gateway.say_to(held, frames, done)

        before = len(desk.told)
        desk.world.call(again)
        found = await desk.broker.get_order_by_client_id(sent[0])
        assert (found.status, found.filled) == (_S.FILLED, 10.0)
        assert len(await desk.broker.get_fills()) == 8
        answer = await desk.broker.place_order(found)
        assert answer.accepted
        assert await desk.world.placed(sent[0]) == 1
        assert len(desk.told) == before


async def test_a_trade_of_what_ended_long_ago_that_comes_late_is_booked(
    monkeypatch,
):
    monkeypatch.setattr(names_lib, 'KEPT', 2)
    async with world.at_desk() as desk:
        sent = []
        for _ in range(8):
            sent.append(await desk.place(type='limit', price=95.0))
            await desk.broker.cancel_order(sent[-1])
        held = desk.world.gateway.held(sent[0])
        fill = orders.Fill(
            order_id=sent[0],
            execution_id='',
            symbol=desk.symbol,
            side=orders.OrderSide.BUY,
            quantity=4.0,
            price=95.0,
            timestamp=desk.world.now(),
        )
        frames = wire.execution(fill, held, '0000e0d5.0000ffff.01.01')
        desk.world.call(lambda: desk.world.gateway.say_to(held, frames))
        await desk.traded(sent[0], 4.0)
        assert desk.book.quantity(desk.symbol) == 4.0


async def test_what_was_forgotten_is_found_and_not_told_again(monkeypatch):
    monkeypatch.setattr(names_lib, 'KEPT', 2)
    monkeypatch.setattr(names_lib, 'PAST', 0)
    async with world.at_desk() as desk:
        sent = []
        for _ in range(8):
            sent.append(await desk.place())
            await desk.world.trade(desk.symbol, 100.0)
            await desk.filled(sent[-1])
        before = len(desk.told)
        found = await desk.broker.get_order_by_client_id(sent[0])
        assert found.status is _S.FILLED
        await desk.passes()
        assert sent[0] not in {one.order_id for one in desk.told[before:]}
