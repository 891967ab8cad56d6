"""Orders as Alpaca lists them: page by page, under our names."""

import datetime
import types
import uuid

import pytest

from sting.broker.alpaca import listing
from sting.broker.alpaca import translate
from sting.model import errors

pytestmark = pytest.mark.unit
ACTIVITIES = '/v2/account/activities/FILL'


async def test_orders_that_repeat_a_page_are_not_all_there_are(
    desk, monkeypatch
):
    monkeypatch.setattr(listing, 'PAGE', 2)
    # Three of one moment: the third is behind a page that comes again.
    for _ in range(3):
        await desk.place(type='limit', price=95.0)
    with pytest.raises(errors.BrokerUnknownError, match='orders repeats'):
        await desk.broker.get_orders()


def by_amount(row, **more):
    """An order for an amount of money, as their dashboard sends them."""
    return row | {'qty': None, 'notional': '190', **more}


@pytest.mark.parametrize(
    ('more', 'quantity'),
    [
        ({}, 2.0),
        ({'type': 'market', 'limit_price': None}, 0.0),
        ({'status': 'filled', 'filled_qty': '1.9'}, 1.9),
    ],
)
async def test_an_order_for_an_amount_is_no_hindrance(
    desk, world, more, quantity
):
    sent = await desk.place(type='limit', price=95.0)

    def change(rows):
        return [by_amount(each, **more) for each in rows]

    world.server.changed['/v2/orders'] = change
    other = world.make()
    await other.connect(lambda report: None, lambda order: False)
    (found,) = await other._ask().recent()
    told = translate.order(*found)
    assert (told.id, told.quantity, told.reason) == (
        sent,
        quantity,
        'for 190 USD',
    )
    working = [each.id for each in await other.get_orders()]
    assert working == ([] if more.get('status') else [sent])


async def test_an_order_of_several_options_is_listed_by_its_legs(desk, world):
    await desk.place(type='limit', price=95.0)

    def change(rows):
        (row,) = rows
        more = {'order_class': 'mleg', 'legs': None}
        legs = [
            row
            | more
            | {
                'id': str(uuid.UUID(int=number)),
                'client_order_id': name,
                'symbol': name,
                'type': '',
                'order_type': '',
            }
            for number, name in enumerate(['PUT', 'CALL'])
        ]
        return [row | more | {'symbol': None, 'side': None, 'legs': legs}]

    world.server.changed['/v2/orders'] = change
    other = world.make()
    await other.connect(lambda report: None, lambda order: False)
    found = await other.get_orders()
    assert [each.symbol for each in found] == ['PUT', 'CALL']


async def test_the_orders_of_many_fills_are_looked_up_together(desk, world):
    sent = [await desk.place(quantity=1.0) for _ in range(9)]
    await world.trade(desk.symbol, 100.0)
    for order_id in sent:
        await desk.filled(order_id)
    other = world.make()
    await other.connect(lambda report: None, lambda order: False)
    # As after a day with more orders than are remembered.
    other._book._names.clear()
    world.server.asked.clear()
    found = await other.get_fills()
    assert {each.order_id for each in found} == set(sent)
    assert [path for _, path in world.server.asked] == [
        ACTIVITIES,
        '/v2/orders',
    ]


async def test_orders_come_page_by_page(desk, monkeypatch):
    monkeypatch.setattr(listing, 'PAGE', 2)
    # More than a page of one moment would hide those behind it.
    sent = []
    for _ in range(5):
        sent.append(await desk.place(type='limit', price=95.0))
        await desk.world.trade(desk.other, 50.0)
    found = await desk.broker.get_orders()
    assert [each.id for each in found] == sent


async def test_a_chain_that_turns_in_a_circle_is_given_up(desk, world):
    sent = await desk.place(type='limit', price=95.0)
    uuid = desk.order(sent).broker_id
    world.server.changed[f'/v2/orders/{uuid}'] = lambda found: (
        found
        | {
            'replaced_by': uuid,
            'status': 'replaced',
        }
    )
    with pytest.raises(errors.BrokerUnknownError, match='do not end'):
        await desk.broker.get_order_by_client_id(sent)


async def test_too_many_orders_to_look_through_is_no_none(desk, monkeypatch):
    monkeypatch.setattr(listing, 'PAGE', 2)
    monkeypatch.setattr(listing, 'PAGES', 2)
    for _ in range(4):
        await desk.place(type='limit', price=95.0)
        await desk.world.trade(desk.other, 50.0)
    with pytest.raises(errors.BrokerUnknownError, match='too many'):
        await desk.broker.get_order_by_client_id('never')


class Pages(listing.Listing):
    """Rows in pages of three, of which the end is left out."""

    def __init__(self, rows):
        self.rows = rows
        self.known = {}
        super().__init__(None, self, 'alpaca')

    def learn(self, found, order_id):
        self.known[order_id] = found.id

    def current(self, order_id):
        return self.known.get(order_id)

    async def _page(self, asked):
        until = asked.get('until')
        end = datetime.datetime.fromisoformat(until) if until else None
        return [
            one for one in self.rows if end is None or one.submitted_at < end
        ][:3]

    async def _one(self, path, asked=None):
        return path


async def test_no_order_hides_behind_another_of_its_moment(monkeypatch):
    monkeypatch.setattr(listing, 'PAGE', 3)
    names = ['x1', 'x2', 'x3', f'wanted{translate.PAIRED}stop']
    rows = [
        types.SimpleNamespace(
            id=name,
            client_order_id=name,
            # The last two are of one microsecond.
            submitted_at=datetime.datetime(
                2026, 1, 5, 15, microsecond=max(2 - n, 0), tzinfo=datetime.UTC
            ),
            legs=None,
        )
        for n, name in enumerate(names)
    ]
    assert await Pages(rows)._search('wanted') == f'/orders/{names[-1]}'


async def test_an_order_changed_elsewhere_keeps_its_id(desk, world):
    sent = await desk.place(type='limit', price=95.0)
    exchange = world.server.exchange

    async def change():
        # Twice: of a chain each tells only the one before it.
        for price in ('94', '96'):
            exchange.replace(exchange._current[sent], {'limit_price': price})

    world.server.mute = True
    await world.there(change())
    await world.trade(desk.symbol, 95.5, volume=16.0)
    # Another engine, which has never seen any of it.
    other = world.make()
    await other.connect(lambda report: None, lambda order: False)
    for _ in range(2):
        (found,) = await other.get_orders()
        assert (found.id, found.price) == (sent, 96.0)
        (fill,) = await other.get_fills()
        assert fill.order_id == sent
        other._book._names.clear()
    assert (await other.cancel_order(sent)).accepted


class Chain(listing.Listing):
    """Orders that replace one another, and know no name of ours."""

    def __init__(self, before):
        self.before = before
        super().__init__(None, self, 'alpaca')

    def name(self, uuid):
        return ''

    async def _one(self, path, asked=None):
        return self.before.get(path.removeprefix('/orders/'))


def link(uuid, replaces):
    return types.SimpleNamespace(
        id=uuid, client_order_id=f'theirs-{uuid}', replaces=replaces
    )


@pytest.mark.parametrize(
    ('before', 'name'),
    [
        ({}, 'theirs-c'),
        ({'b': link('b', 'a')}, 'theirs-b'),
        ({'b': link('b', 'a'), 'a': link('a', None)}, 'theirs-a'),
    ],
)
async def test_a_chain_is_followed_to_the_first_that_is_there(before, name):
    last = link('c', 'b')
    assert await Chain(before)._named([(last, 'c')]) == [(last, name)]


async def test_a_chain_backwards_that_turns_in_a_circle_is_given_up():
    before = {'a': link('a', 'b'), 'b': link('b', 'a')}
    with pytest.raises(errors.BrokerUnknownError, match='does not end'):
        await Chain(before)._named([(link('c', 'b'), 'c')])
