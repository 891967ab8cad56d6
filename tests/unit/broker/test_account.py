"""Nothing reaches an account that is not the one meant."""

import asyncio
import itertools

import msgspec
import pytest

from sting import settings
from sting.broker import account
from sting.broker import interface
from sting.engine import clock
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.simulator import market
from sting.testing import broker
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

M = records.Mode
FIT = interface.AccountInfo(
    account='U1',
    currency='USD',
    cash=1.0,
    equity=1.0,
    buying_power=1.0,
    simulated=False,
)


def profile(mode=M.LIVE, number='U1', **more):
    return settings.Profile(
        mode=mode,
        broker='mine',
        account=number,
        feed='market',
        symbols=('AAPL',),
        **more,
    )


class Own(broker.ScriptedBroker):
    """Says what account it has, and notes what it was asked to do."""

    info = FIT
    groups = True

    def __init__(self, venue):
        super().__init__(venue, clock.VirtualClock())
        self.did = []

    async def get_account_info(self):
        if isinstance(self.info, Exception):
            raise self.info
        return self.info

    async def connect(self, sink, halted):
        await super().connect(sink, halted)
        self.did.append('connect')

    async def disconnect(self):
        await super().disconnect()
        self.did.append('disconnect')

    async def place_group(self, group):
        return [await self.place_order(each) for each in group]

    def emergency_cancel_all(self):
        self.did.append('stop')
        return super().emergency_cancel_all()


def made(info=FIT, **more):
    def later(wait, what, *args):
        asyncio.get_running_loop().call_later(wait, what, *args)

    ticks = itertools.count(1)
    venue = broker.Venue(
        market.MarketSimulator(),
        broker.Script(),
        later=later,
        now=lambda: next(ticks),
        cash=1_000.0,
    )
    own = Own(venue)
    own.info = info
    return own, account.AccountGate(own, 'mine', profile(**more))


async def reports_of(gate):
    got = []
    await gate.connect(got.append, lambda order: False)
    return got


def limit(name='L-1-0-1'):
    return worlds.order(
        name, type=orders.OrderType.LIMIT, price=1.0, quantity=1.0
    )


def changed(**fields):
    return msgspec.structs.replace(FIT, **fields)


@pytest.mark.parametrize(
    ('mode', 'number', 'info', 'words'),
    [
        (M.LIVE, 'U1', FIT, ''),
        (M.LIVE, 'U1', changed(simulated=None), ''),
        (M.LIVE, 'U1', changed(simulated=True), 'play money; write mode: pap'),
        (M.LIVE, 'U1', changed(account='U2'), 'for account U1.*answers for U2'),
        (
            M.PAPER,
            'U1',
            changed(account='U2', simulated=True),
            'answers for U2',
        ),
        (M.PAPER, '', changed(simulated=True), ''),
        (M.PAPER, '', FIT, 'mine is PAPER.*real money'),
        (M.PAPER, 'U1', FIT, 'real money'),
        (M.DEMO, '', FIT, 'real money'),
        (M.PAPER, '', changed(simulated=None), 'write account: U1 into'),
        (M.PAPER, 'U1', changed(simulated=None), ''),
        (M.LIVE, 'U1', changed(currency='EUR'), 'is in USD.*in EUR'),
    ],
)
def test_an_account_fits_or_says_what_to_change(mode, number, info, words):
    found = account.misfit('mine', profile(mode, number), info)
    assert '\n' not in found
    if words:
        with pytest.raises(AssertionError, match=words):
            raise AssertionError(found)
    else:
        assert found == ''


async def test_the_right_account_is_known_and_traded_in():
    own, gate = made()
    assert gate.account == ''
    got = await reports_of(gate)
    assert gate.account == 'U1'
    assert (await gate.place_order(limit())).accepted
    await asyncio.sleep(0.01)
    assert [one.order_id for one in got] == ['L-1-0-1']
    assert own._venue.placed == {'L-1-0-1': 1}


async def test_the_wrong_account_gets_nothing_and_ends_it_all():
    own, gate = made(changed(account='U2'))
    with pytest.raises(errors.AccountError, match='U2'):
        await reports_of(gate)
    assert own.did == ['connect', 'disconnect']
    assert gate.emergency_cancel_all() == interface.EmergencyReport()
    for wish in (
        gate.place_order(limit()),
        gate.place_group([limit()]),
        gate.replace_order('L-1-0-1', price=2.0),
        gate.cancel_order('L-1-0-1'),
        gate.cancel_all(),
    ):
        with pytest.raises(errors.BrokerRejectedError, match='nothing was se'):
            await wish
    assert own.did == ['connect', 'disconnect']
    assert own._venue.placed == {}


async def test_no_question_is_answered_before_the_account_is():
    own, gate = made()
    await reports_of(gate)
    refused = []

    async def slow():
        for question in (
            gate.get_orders(),
            gate.get_order_by_client_id('L-1-0-1'),
            gate.get_fills(),
            gate.get_positions(),
        ):
            with pytest.raises(errors.BrokerUnknownError, match='not connect'):
                await question
            refused.append(question)
        return FIT

    own.get_account_info = slow
    await reports_of(gate)
    assert len(refused) == 4
    assert await gate.get_orders() == []


@pytest.mark.parametrize('named', ['U1', ''])
async def test_an_account_that_becomes_another_one_ends_it_all(named):
    own, gate = made(changed(simulated=True), mode=M.PAPER, number=named)
    await reports_of(gate)
    own.info = changed(account='U2', simulated=True)
    with pytest.raises(errors.AccountError):
        await reports_of(gate)
    assert gate.account == ''
    with pytest.raises(errors.BrokerRejectedError):
        await gate.place_order(limit())
    assert gate.emergency_cancel_all() == interface.EmergencyReport()


async def test_an_account_that_does_not_answer_is_asked_again():
    own, gate = made(errors.BrokerUnknownError('no answer'))
    with pytest.raises(errors.BrokerUnknownError):
        await reports_of(gate)
    assert own.did == ['connect', 'disconnect']
    own.info = FIT
    await reports_of(gate)
    assert gate.account == 'U1'


async def test_what_is_reported_before_the_account_answers_comes_after_it():
    own, gate = made()
    update = orders.OrderUpdate(
        order_id='x', status=orders.OrderStatus.ACCEPTED
    )
    got = []

    async def slow():
        own._venue._sink(update)
        assert got == []
        return FIT

    own.get_account_info = slow
    await gate.connect(got.append, lambda order: False)
    assert got == [update]


async def test_of_the_wrong_account_nothing_is_reported():
    own, gate = made()
    got = []

    async def wrong():
        own._venue._sink(
            orders.OrderUpdate(order_id='x', status=orders.OrderStatus.ACCEPTED)
        )
        return changed(account='U2')

    own.get_account_info = wrong
    with pytest.raises(errors.AccountError):
        await gate.connect(got.append, lambda order: False)
    assert got == []


async def test_a_blocked_account_is_complained_of():
    _, gate = made(changed(blocked='the account may not trade'))
    await reports_of(gate)
    assert gate.monitor.reason == 'the account may not trade'


async def test_the_stop_reaches_an_account_that_has_answered_once():
    own, gate = made()
    await reports_of(gate)
    await gate.place_order(limit())
    await gate.disconnect()
    assert gate.emergency_cancel_all().cancelled == ('L-1-0-1',)
    assert own.did[-1] == 'stop'


async def test_all_else_is_the_brokers_own():
    own, gate = made()
    await reports_of(gate)
    await gate.place_group([limit('a'), limit('b')])
    assert [one.id for one in await gate.get_orders()] == ['a', 'b']
    assert (await gate.get_order_by_client_id('a')).id == 'a'
    assert (await gate.replace_order('a', price=2.0)).accepted
    assert (await gate.cancel_order('a')).accepted
    assert len(await gate.cancel_all()) == 1
    assert await gate.get_fills() == await gate.get_positions() == []
    assert await gate.get_account_info() == FIT
    assert await gate.get_time() > 0
    assert [one.symbol for one in await gate.get_instruments(['X'])] == ['X']
    assert (gate.name, gate.dedupes, gate.groups) == ('scripted', True, True)
    assert gate.monitor is own.monitor


async def test_what_comes_after_the_end_is_told_to_nobody():
    own, gate = made()
    got = await reports_of(gate)
    await gate.disconnect()
    gate._report(
        orders.OrderUpdate(order_id='x', status=orders.OrderStatus.ACCEPTED)
    )
    assert got == []
    assert own.did[-1] == 'disconnect'


TRADED = {'symbol': 'AAPL', 'side': orders.OrderSide.BUY, 'quantity': 1.0}


@pytest.mark.parametrize('several', [False, True])
def test_orders_and_fills_name_their_broker_where_there_are_several(several):
    more = {}
    if several:
        both = {'scripted': 'U1', 'other': 'U2'}
        more = {'account': '', 'backup': 'other', 'accounts': both}
    own, heard = made()[0], []
    meant = msgspec.structs.replace(profile(), broker='scripted', **more)
    gate = account.AccountGate(own, 'real', meant)
    name = 'scripted' if several else ''

    async def scene():
        await gate.connect(heard.append, lambda order: False)
        own._venue.place(limit('o1'))
        own._venue.fill_unasked(
            orders.Fill(order_id='x', execution_id='1', price=1.0, **TRADED)
        )
        await asyncio.sleep(0.05)
        (working,) = await gate.get_orders()
        found = await gate.get_order_by_client_id('o1')
        assert await gate.get_order_by_client_id('o2') is None
        (fill,) = await gate.get_fills()
        await gate.disconnect()
        return [working.broker, found.broker, fill.broker]

    assert asyncio.run(scene()) == [name] * 3
    fills = [one for one in heard if isinstance(one, orders.Fill)]
    assert [one.broker for one in fills] == [name]
