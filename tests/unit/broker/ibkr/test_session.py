"""Connections: how they begin and end, and answers that do not come."""

import asyncio
import gc
import pathlib
import threading

import pytest

from sting.broker import interface
from sting.model import errors
from sting.net import loops
from sting.net import monitor as monitors
from tests.brokers.ibkr import gateway as gateways
from tests.brokers.ibkr import wire
from tests.brokers.ibkr import world

pytestmark = pytest.mark.unit


def silence(_client, _fields):
    """Does not answer."""


async def test_a_number_that_is_in_use_is_told_in_words():
    async with world.at_desk() as desk:
        other = desk.world.make()
        with pytest.raises(
            errors.BrokerUnknownError, match=r'326.*another program'
        ):
            await other.connect(desk._sink, desk._halted)


@pytest.mark.parametrize(
    'kind', [gateways.ALL_OPEN, gateways.COMPLETED, gateways.EXECUTIONS]
)
async def test_a_list_that_does_not_end_is_no_connection(kind):
    async with world.at_desk() as desk:
        await desk.broker.disconnect()
        desk.world.gateway.instead[kind].append(silence)
        desk.world.patience(0.3)
        with pytest.raises(errors.BrokerUnknownError, match='no answer'):
            await desk.open()
        assert not desk.broker.monitor.works
        desk.world.patience(world.PATIENCE_S)
        await desk.open()
        assert await desk.broker.get_orders() == []


async def test_a_list_that_does_not_end_is_never_none():
    async with world.at_desk() as desk:
        order_id = await desk.place(type='limit', price=95.0)
        desk.world.gateway.instead[gateways.ALL_OPEN].append(silence)
        desk.world.patience(0.3)
        with pytest.raises(errors.BrokerUnknownError, match='no answer'):
            await desk.broker.get_orders()
        # A late end would end the next question, so the connection is over.
        await desk.until(lambda: not desk.broker.monitor.works, 'the loss')
        assert 'open orders' in desk.broker.monitor.reason
        desk.world.patience(world.PATIENCE_S)
        await desk.open()
        assert [each.id for each in await desk.broker.get_orders()] == [
            order_id
        ]


async def test_a_message_that_makes_no_sense_ends_the_connection(garbles):
    async with world.at_desk() as desk:
        gateway = desk.world.gateway
        frame = wire.frame(5, 7, 'nonsense')
        desk.world.call(lambda: gateway.say(frame))
        await desk.until(lambda: not desk.broker.monitor.works, 'the loss')
        assert 'makes no sense' in desk.broker.monitor.reason


@pytest.mark.parametrize(
    ('kind', 'nonsense', 'end'),
    [(gateways.ALL_OPEN, 5, (53, 1)), (gateways.EXECUTIONS, 11, (55, 1))],
)
async def test_a_list_with_a_message_that_makes_no_sense_is_never_none(
    garbles, kind, nonsense, end
):
    async with world.at_desk() as desk:

        def lists(client, fields):
            # In one write, so that the end is read before the hang-up.
            number = fields[2] if kind == gateways.EXECUTIONS else ''
            client.send(
                wire.frame(nonsense, number, 'nonsense'),
                wire.frame(*end, *([number] if number else [])),
            )

        desk.world.gateway.instead[kind].append(lists)
        asks = {
            gateways.ALL_OPEN: desk.broker.get_orders,
            gateways.EXECUTIONS: desk.broker.get_fills,
        }
        with pytest.raises(errors.BrokerUnknownError, match='makes no sense'):
            await asks[kind]()
        await desk.until(lambda: not desk.broker.monitor.works, 'the loss')


async def test_a_login_with_many_accounts_wants_one_named():
    async with world.at_desk() as desk:
        await desk.broker.disconnect()
        desk.world.gateway.accounts = ('DU1', wire.ACCOUNT)
        with pytest.raises(errors.BrokerRejectedError, match='2 accounts'):
            await desk.open()


async def test_an_account_that_is_not_there_is_told():
    async with world.at_desk() as desk:
        await desk.broker.disconnect()
        desk.world.account = 'U77'
        with pytest.raises(errors.BrokerRejectedError, match='no account U77'):
            await desk.reopen()


async def test_the_named_account_of_many_is_used():
    async with world.at_desk() as desk:
        desk.world.account = wire.ACCOUNT
        desk.world.gateway.accounts = ('DU1', wire.ACCOUNT)
        await desk.reopen()
        found = await desk.broker.get_account_info()
        assert (found.account, found.simulated) == (wire.ACCOUNT, True)


async def test_the_library_keeps_out_of_the_engines_loop():
    async with world.at_desk() as desk:
        assert desk.broker.monitor.state is monitors.Link.CONNECTED
        await desk.broker.disconnect()
        assert desk.broker.monitor.state is monitors.Link.CLOSED


async def test_the_end_answers_all_that_wait():
    async with world.at_desk() as desk:
        made = [desk.make(quantity=1.0) for _ in range(60)]
        for order in made:
            desk.know(order)
        sending = [
            asyncio.ensure_future(desk.broker.place_order(order))
            for order in made
        ]
        await asyncio.sleep(0)
        await desk.broker.disconnect()
        answers = await asyncio.gather(*sending, return_exceptions=True)
        wrong = [
            each
            for each in answers
            if not isinstance(
                each, (interface.OrderResponse, errors.BrokerError)
            )
        ]
        assert wrong == []


async def test_a_loss_while_the_stop_connects_is_not_forgotten():
    async with world.at_desk() as desk:
        gateway = desk.world.gateway
        await desk.world.drop()
        await desk.world.restore()

        def hangs_up_on_the_other(client, fields):
            for each in gateway.clients:
                if each is not client:
                    each.hang_up()
            answers(client, fields)

        def answers(client, fields):
            # Only once the loss was heard of.
            if desk.world.ways[-1]._trader.session.alive:
                loop = asyncio.get_running_loop()
                loop.call_later(0.005, answers, client, fields)
            else:
                gateway.answer(client, fields)

        gateway.instead['71'] += [gateway.answer, hangs_up_on_the_other]
        with pytest.raises(errors.BrokerUnknownError, match='lost at once'):
            await desk.open()
        assert not desk.broker.monitor.works
        await desk.open()
        assert desk.broker.monitor.works


async def test_a_thread_that_does_not_end_is_told(monkeypatch):
    async with world.at_desk() as desk:
        trader = desk.world.ways[-1]._trader
        task = asyncio.Event()

        async def stays():
            # It is left on purpose.
            mine = asyncio.current_task()
            mine.set_name('a leftover')
            mine._log_destroy_pending = False
            begun.set()
            while not task.is_set():
                try:
                    await task.wait()
                except asyncio.CancelledError:
                    continue

        begun = threading.Event()
        monkeypatch.setattr(loops, 'END_S', 0.1)
        desk.world.ways[-1]._thread.send(stays())
        assert await asyncio.to_thread(begun.wait, 60)
        assert trader.session.alive
        await desk.broker.disconnect()
        monitor = desk.broker.monitor
        assert monitor.state is monitors.Link.CLOSED
        assert monitor.reason == 'thread ibkr: a leftover did not end'


def held():
    """What is open, and what runs, but for the workers of this loop."""
    names = [each.name for each in threading.enumerate()]
    return (
        len(list(pathlib.Path('/proc/self/fd').iterdir())),
        sorted(each for each in names if not each.startswith('asyncio_')),
    )


async def test_fifty_connections_leave_nothing_open():
    async with world.at_desk() as desk:
        await desk.broker.disconnect()
        # The other side hears of it a little later, and garbage of other
        # tests may still hold something.
        await desk.until(lambda: not desk.world.gateway.clients, 'the end')
        gc.collect()
        opened, running = held()
        for _ in range(50):
            await desk.open()
            await desk.broker.get_time()
            await desk.broker.disconnect()

        def left():
            after, still = held()
            return after > opened or still != running

        await desk.until(lambda: not left(), f'{opened}, it is {held()}')
        assert desk.world.gateway.seen[2:] == [72, 73] * 50
