"""What Alpaca says when it is asked, and what is made of it."""

import inspect

from alpaca.trading import models
import pytest

from sting.broker.alpaca import asking
from sting.model import errors
from sting.model import orders
from tests.brokers.alpaca import shapes

pytestmark = pytest.mark.unit
ACTIVITIES = '/v2/account/activities/FILL'


def needed(kind):
    return {
        field.alias or name
        for name, field in kind.model_fields.items()
        if field.is_required()
    }


async def test_answers_have_every_field_that_the_sdk_wants(desk, world):
    ask = desk.broker._rest.call
    sent = await desk.place()
    await world.trade(desk.symbol, 100.0)
    await desk.filled(sent)
    found = {
        models.Order: (await ask('GET', '/orders', {'status': 'all'}))[0],
        models.Position: (await ask('GET', '/positions'))[0],
        models.TradeAccount: await ask('GET', '/account'),
        models.Asset: await ask('GET', '/assets/AAPL'),
        models.Clock: await ask('GET', '/clock'),
        models.Calendar: (await ask('GET', '/calendar'))[0],
        models.TradeUpdate: world.server.exchange.last_fill['data'],
    }
    for kind, raw in found.items():
        assert needed(kind) <= set(raw), kind
        kind(**raw)


async def test_the_sdks_model_of_a_fill_wants_more_than_comes(desk, world):
    sent = await desk.place()
    await world.trade(desk.symbol, 100.0)
    await desk.filled(sent)
    (row,) = await desk.broker._rest.call('GET', '/account/activities/FILL')
    assert needed(models.TradeActivity) - set(row) == {'account_id'}
    assert 'account_id' in inspect.getsource(models.BaseActivity)


async def test_fills_of_one_millisecond_are_put_in_order(desk, world):
    sent = await desk.place()
    for _ in range(3):
        await world.trade(desk.symbol, 100.0, volume=16.0)
    await desk.filled(sent)
    moment = shapes.stamp(world.now())

    def shuffled(rows):
        same = [row | {'transaction_time': moment} for row in rows]
        return [same[2], same[0], same[1]]

    world.server.changed[ACTIVITIES] = shuffled
    found = await desk.broker.get_fills()
    assert [each.quantity for each in found] == [4.0, 4.0, 2.0]
    assert [each.execution_id for each in found] == [
        each.execution_id for each in desk.fills
    ]


async def test_fills_come_page_by_page(desk, world, monkeypatch):
    monkeypatch.setattr(asking, 'FILLS', 2)
    sent = await desk.place(quantity=20.0)
    for _ in range(5):
        await world.trade(desk.symbol, 100.0, volume=16.0)
    await desk.filled(sent)
    found = await desk.broker.get_fills()
    assert [each.quantity for each in found] == [4.0] * 5
    asked = [path for _, path in world.server.asked if path == ACTIVITIES]
    assert len(asked) == 3


async def test_fills_that_repeat_a_page_are_not_all_there_are(
    desk, world, monkeypatch
):
    monkeypatch.setattr(asking, 'FILLS', 2)
    sent = await desk.place(quantity=20.0)
    for _ in range(5):
        await world.trade(desk.symbol, 100.0, volume=16.0)
    await desk.filled(sent)
    first = (await desk.broker._rest.call('GET', '/account/activities/FILL'))[
        :2
    ]
    world.server.changed[ACTIVITIES] = lambda rows: first
    with pytest.raises(errors.BrokerUnknownError, match='fills repeats'):
        await desk.broker.get_fills()


async def test_a_fill_of_an_unknown_order_is_looked_up(desk, world):
    await world.trade_elsewhere(desk.symbol, orders.OrderSide.BUY, 3.0, 90.0)
    (found,) = await desk.broker.get_fills()
    assert found.order_id.startswith('placed-elsewhere-')


async def test_a_short_position_is_negative_whatever_its_sign(desk, world):
    sent = await desk.place('sell')
    await world.trade(desk.symbol, 100.0)
    await desk.filled(sent)
    for text in ('-10', '10'):
        world.server.changed['/v2/positions'] = lambda rows, text=text: [
            row | {'qty': text} for row in rows
        ]
        (found,) = await desk.broker.get_positions()
        assert found.quantity == -10.0


@pytest.mark.parametrize(
    ('flags', 'words'),
    [
        ({'trading_blocked': True}, 'trading is blocked'),
        ({'account_blocked': True}, 'it is blocked'),
        ({'trade_suspended_by_user': True}, 'suspended'),
        ({'status': 'ACCOUNT_CLOSED'}, 'ACCOUNT_CLOSED'),
    ],
)
async def test_an_account_says_why_it_may_not_trade(desk, world, flags, words):
    world.server.changed['/v2/account'] = lambda found: found | flags
    found = await desk.broker.get_account_info()
    assert words in found.blocked


@pytest.mark.parametrize(
    ('url', 'number', 'simulated'),
    [
        ('https://paper-api.alpaca.markets', 'PA1', True),
        ('https://paper-api.alpaca.markets', '123', True),
        ('https://api.alpaca.markets', '123', False),
        ('https://api.alpaca.markets', 'PA1', False),
        ('https://proxy.test', 'PA1', True),
        ('https://proxy.test', '123', None),
    ],
)
def test_whose_money_it_is(url, number, simulated):
    assert asking._simulated(url, number) is simulated


@pytest.mark.parametrize(
    ('change', 'found'),
    [
        ({}, (0.01, 1e-9)),
        ({'fractionable': False}, (0.01, 1.0)),
        ({'min_trade_increment': 0.001, 'price_increment': 0.05}, (0.05, 1e-3)),
    ],
)
async def test_instruments_have_their_steps(desk, world, change, found):
    path = '/v2/assets/AAPL'
    world.server.changed[path] = lambda asset: asset | change
    (made,) = await desk.broker.get_instruments(['AAPL'])
    assert (made.tick, made.lot) == found


@pytest.mark.parametrize(
    'change', [{'tradable': False}, {'status': 'inactive'}]
)
async def test_what_cannot_be_traded_is_left_out(desk, world, change):
    world.server.changed['/v2/assets/AAPL'] = lambda asset: asset | change
    found = await desk.broker.get_instruments(['AAPL', 'NONE', 'MSFT'])
    assert [each.symbol for each in found] == ['MSFT']


async def test_a_refused_question_is_no_answer(desk, world):
    broken = desk.world.make(secret='wrong')
    broken._rest = type(desk.broker._rest)(
        broken._access, broken._clock, broken._limiter
    )
    for question in (
        broken.get_orders,
        broken.get_fills,
        broken.get_positions,
        broken.get_account_info,
        broken.get_time,
    ):
        with pytest.raises(errors.BrokerUnknownError, match='401'):
            await question()
    for asked in (
        broken.get_order_by_client_id('x'),
        broken.get_instruments(['AAPL']),
    ):
        with pytest.raises(errors.BrokerUnknownError, match='401'):
            await asked
    await broken.disconnect()
