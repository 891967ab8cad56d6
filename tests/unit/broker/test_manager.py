"""What is sent, what is kept back, and what is asked after a restart."""

import asyncio
import threading

import msgspec
import pytest

from sting.broker import errands
from sting.broker import interface
from sting.broker import link as links
from sting.broker import manager
from sting.broker import paper
from sting.broker import way
from sting.engine import clock
from sting.engine import step
from sting.model import errors
from sting.model import orders
from sting.model import portfolio
from sting.net import monitor as monitors
from sting.simulator import ticks
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

S = orders.OrderStatus
DECIDED = worlds.DECIDED
bar = worlds.bar
QUICK = {'first_s': 0.001, 'most_s': 0.001}


def order(id='o1', status=S.SUBMITTED, **more):
    made = worlds.order(id=id, **more)
    return msgspec.structs.replace(made, status=status, resting=S.ACCEPTED)


class Desk:
    """A manager with a broker, and all that was reported."""

    def __init__(self, broker=None, terms=(), **more):
        self.halted = False
        self.reports = []
        self.broker = broker or paper.PaperBroker(
            ticks.TickMarket(),
            clock.VirtualClock(DECIDED),
            cash=100_000.0,
        )
        self.changes = []
        self.manager = manager.BrokerManager(
            self.broker,
            self.reports.append,
            lambda order: self.halted,
            time_source=clock.VirtualClock(DECIDED),
            told=self.changes.append,
            policy=links.Policy(**{**QUICK, **dict(terms)}),
            **more,
        )

    async def run(self, *errands):
        await self.manager.start()
        for errand in errands:
            self.manager.send(errand)
        await self.manager.stop()
        return self.statuses()

    async def reconcile(self, *working, booked=lambda fill: False):
        self.manager.know(lambda: working, booked)
        await self.manager.start()
        await self.manager.reconcile()
        await self.manager.stop()
        return self.statuses()

    def statuses(self):
        return [
            (one.order_id, one.status)
            for one in self.reports
            if isinstance(one, orders.OrderUpdate)
        ]


class Scripted(interface.BrokerInterface):
    """A broker that does what it was told, or raises it.

    A list is one answer after the other.
    """

    name = 'scripted'
    dedupes = True

    def __init__(self, known=(), fills=(), **script):
        self.known = {one.id: one for one in known}
        self.fills = list(fills)
        self.script = script
        self.calls = []
        self.since = None
        self.monitor = monitors.ConnectionMonitor(
            'scripted', clock.VirtualClock()
        )

    def _do(self, verb, *given):
        self.calls.append((verb, *given))
        answer = self.script.get(verb)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def connect(self, sink, halted):
        self._do('connect')
        self.monitor.connected()

    async def disconnect(self):
        self._do('disconnect')
        self.monitor.closed()

    async def place_order(self, order):
        return self._do('place', order.id)

    async def replace_order(
        self, order_id, *, quantity=None, price=None, stop_price=None
    ):
        return self._do('replace', order_id, quantity, price, stop_price)

    async def cancel_order(self, order_id):
        return self._do('cancel', order_id)

    async def cancel_all(self, symbol=None):
        return []

    def emergency_cancel_all(self):
        return interface.EmergencyReport()

    async def get_orders(self):
        return list(self.known.values())

    async def get_order_by_client_id(self, order_id):
        self._do('ask', order_id)
        return self.known.get(order_id)

    async def get_fills(self, since=0):
        self.since = since
        return self.fills

    async def get_positions(self):
        return []

    async def get_time(self):
        return self._do('time')

    async def get_account_info(self):
        return interface.AccountInfo(
            account='A', currency='USD', cash=0, equity=0, buying_power=0
        )


def refused(order_id='o1', message='no'):
    return interface.CancelResponse(
        order_id=order_id, accepted=False, message=message
    )


# Sending.


async def test_an_order_is_sent_and_its_acceptance_reported():
    desk = Desk()
    assert await desk.run(step.Place(order())) == [('o1', S.ACCEPTED)]


async def test_errands_go_one_after_the_other_in_order():
    desk = Desk()
    first = order('o1', type='limit', price=90.0)
    second = order('o2', type='limit', price=90.0)
    assert await desk.run(
        step.Place(first),
        step.Place(second),
        step.Replace(first, None, 91.0, None),
    ) == [
        ('o1', S.ACCEPTED),
        ('o2', S.ACCEPTED),
        ('o1', S.ACCEPTED),
    ]


async def test_an_order_that_the_broker_refuses_comes_back_rejected():
    desk = Desk()
    one = order(tif='gtd', expires=DECIDED - 1)
    assert await desk.run(step.Place(one)) == [('o1', S.REJECTED)]


async def test_a_change_is_reported_with_the_new_terms():
    desk = Desk()
    one = order(type='limit', price=90.0)
    await desk.run(step.Place(one), step.Replace(one, 20.0, 91.0, None))
    assert desk.reports[-1].status is S.ACCEPTED
    assert desk.reports[-1].quantity == 20.0
    assert desk.reports[-1].price == 91.0


async def test_waiting_says_what_is_not_sent_yet():
    desk = Desk()
    desk.manager.send(step.Place(order('o1')))
    desk.manager.send(step.Place(order('o2')))
    assert desk.manager.waiting == 2
    await desk.run()
    assert desk.manager.waiting == 0


async def test_while_halted_an_order_is_withheld():
    desk = Desk()
    desk.halted = True
    assert await desk.run(step.Place(order())) == [('o1', S.DENIED)]
    assert desk.reports[0].message == 'withheld by the emergency stop'
    assert await desk.broker.get_orders() == []


async def test_the_cancel_of_a_withheld_order_says_nothing_more():
    desk = Desk()
    desk.halted = True
    one = order()
    await desk.run(step.Place(one))
    assert await desk.run(step.Cancel(one)) == [('o1', S.DENIED)]


async def test_while_halted_a_cancel_goes_out():
    desk = Desk()
    one = order(type='limit', price=90.0)
    await desk.run(step.Place(one))
    desk.halted = True
    await desk.run(step.Cancel(one))
    assert desk.statuses()[-1] == ('o1', S.CANCELLED)


# What goes wrong on the way.


async def test_silence_after_an_order_is_unknown():
    broker = Scripted(place=errors.BrokerUnknownError('no answer'))
    desk = Desk(broker)
    assert await desk.run(step.Place(order())) == [('o1', S.UNKNOWN)]
    assert desk.reports[0].message == 'no answer'


async def test_an_order_without_a_connection_is_rejected():
    broker = Scripted(place=errors.BrokerRejectedError('not connected'))
    assert await Desk(broker).run(step.Place(order())) == [('o1', S.REJECTED)]


async def test_a_change_without_a_connection_leaves_the_order_as_it_was():
    broker = Scripted(replace=errors.BrokerRejectedError('not connected'))
    errand = step.Replace(order(status=S.PENDING_REPLACE), None, 91.0, None)
    assert await Desk(broker).run(errand) == [('o1', S.ACCEPTED)]


async def test_silence_after_a_change_is_unknown():
    broker = Scripted(replace=errors.BrokerUnknownError('no answer'))
    errand = step.Replace(order(), None, 91.0, None)
    assert await Desk(broker).run(errand) == [('o1', S.UNKNOWN)]


async def test_a_failure_does_not_hold_up_the_next_errand():
    broker = Scripted(place=errors.BrokerUnknownError('no answer'))
    desk = Desk(broker)
    await desk.run(step.Place(order('o1')), step.Place(order('o2')))
    assert desk.statuses() == [('o1', S.UNKNOWN), ('o2', S.UNKNOWN)]


async def test_a_change_that_is_not_accepted_is_said_with_its_reason():
    answer = interface.OrderResponse(
        order_id='o1', accepted=False, message='too late'
    )
    desk = Desk(Scripted(replace=answer))
    one = order(status=S.PENDING_REPLACE)
    await desk.run(step.Replace(one, None, 91.0, None))
    assert desk.statuses() == [('o1', S.ACCEPTED)]
    assert desk.reports[0].message == 'too late'
    assert ('replace', 'o1', None, 91.0, None) in desk.broker.calls


@pytest.mark.parametrize(
    ('status', 'told'),
    [(S.CANCELLED, [('o1', S.CANCELLED)]), (S.FILLED, [])],
)
async def test_a_change_refused_for_an_order_that_has_ended_tells_its_end(
    status, told
):
    answer = interface.OrderResponse(
        order_id='o1', accepted=False, message='it is not working'
    )
    desk = Desk(Scripted([order(status=status)], replace=answer))
    changing = order(status=S.PENDING_REPLACE)
    errand = step.Replace(changing, None, 91.0, None)
    assert await desk.run(errand) == told


async def test_a_cancel_refused_for_a_working_order_restores_it():
    one = order(status=S.PENDING_CANCEL)
    broker = Scripted([order(status=S.ACCEPTED)], cancel=refused())
    assert await Desk(broker).run(step.Cancel(one)) == [('o1', S.ACCEPTED)]


async def test_a_cancel_of_what_is_done_leaves_it_to_its_own_report():
    broker = Scripted([order(status=S.FILLED)], cancel=refused())
    assert await Desk(broker).run(step.Cancel(order())) == []


async def test_a_cancel_of_what_never_arrived_is_a_cancel():
    desk = Desk()
    one = order(status=S.PENDING_CANCEL)
    assert await desk.run(step.Cancel(one)) == [('o1', S.CANCELLED)]
    assert desk.reports[0].message == 'it never reached the broker'


async def test_a_cancel_of_what_the_broker_has_forgotten_is_unknown():
    one = order(status=S.PENDING_CANCEL, broker_id='b1')
    desk = Desk(Scripted(cancel=refused()))
    assert await desk.run(step.Cancel(one)) == [('o1', S.UNKNOWN)]


async def test_the_end_does_not_hang_on_a_task_that_failed():
    desk = Desk(Scripted(place=ZeroDivisionError()))
    await asyncio.wait_for(
        desk.run(step.Place(order('o1')), step.Place(order('o2'))), 5.0
    )
    assert desk.broker.calls[-1] == ('disconnect',)


async def test_a_second_end_is_nothing():
    desk = Desk()
    await desk.run()
    await desk.manager.stop()
    assert desk.reports == []


async def test_a_manager_that_was_never_started_ends():
    desk = Desk(Scripted())
    await desk.manager.stop()
    assert desk.broker.calls == [('disconnect',)]


# After a restart.


@pytest.mark.parametrize('status', [S.SUBMITTED, S.UNKNOWN])
async def test_an_order_that_never_arrived_is_sent_once(status):
    desk = Desk()
    assert await desk.reconcile(order(status=status)) == [('o1', S.ACCEPTED)]
    assert [one.id for one in await desk.broker.get_orders()] == ['o1']


async def test_an_order_that_never_arrived_is_withheld_while_halted():
    desk = Desk()
    desk.halted = True
    assert await desk.reconcile(order()) == [('o1', S.DENIED)]


async def test_a_cancelled_order_that_never_arrived_is_not_sent():
    desk = Desk()
    one = order(status=S.PENDING_CANCEL)
    assert await desk.reconcile(one) == [('o1', S.CANCELLED)]
    assert await desk.broker.get_orders() == []


@pytest.mark.parametrize(
    'status',
    [
        S.ACCEPTED,
        S.PARTIALLY_FILLED,
        S.PENDING_CANCEL,
        S.PENDING_REPLACE,
        S.UNKNOWN,
    ],
)
@pytest.mark.parametrize('trace', [{'broker_id': 'b1'}, {'filled': 4.0}])
async def test_an_order_that_was_there_and_is_gone_is_not_sent_again(
    status, trace
):
    desk = Desk(Scripted())
    one = order(status=status, **trace)
    assert await desk.reconcile(one) == [('o1', S.UNKNOWN)]
    assert ('place', 'o1') not in desk.broker.calls


@pytest.mark.parametrize('status', [S.SUBMITTED, S.UNKNOWN, S.PENDING_REPLACE])
async def test_an_order_that_works_there_is_accepted(status):
    theirs = order(status=S.ACCEPTED, broker_id='b1', quantity=12.0, price=91.0)
    desk = Desk(Scripted([theirs]))
    assert await desk.reconcile(order(status=status)) == [('o1', S.ACCEPTED)]
    (report,) = desk.reports
    assert (report.broker_id, report.quantity, report.price) == (
        'b1',
        12.0,
        91.0,
    )


async def test_an_order_that_works_there_stays_partly_filled():
    theirs = order(status=S.PARTIALLY_FILLED, filled=4.0)
    ours = order(status=S.UNKNOWN, filled=4.0)
    desk = Desk(Scripted([theirs]))
    assert await desk.reconcile(ours) == [('o1', S.PARTIALLY_FILLED)]


@pytest.mark.parametrize('status', [S.ACCEPTED, S.PARTIALLY_FILLED])
async def test_an_order_on_which_both_agree_needs_no_report(status):
    one = order(status=status, broker_id='b1')
    desk = Desk(Scripted([one]))
    assert await desk.reconcile(one) == []


async def test_a_cancel_on_its_way_is_sent_again():
    broker = Scripted(
        [order(status=S.ACCEPTED)],
        cancel=interface.CancelResponse(order_id='o1', accepted=True),
    )
    await Desk(broker).reconcile(order(status=S.PENDING_CANCEL))
    assert ('cancel', 'o1') in broker.calls


@pytest.mark.parametrize('end', [S.CANCELLED, S.REJECTED, S.EXPIRED])
async def test_an_order_that_ended_meanwhile_ends_here(end):
    desk = Desk(Scripted([order(status=end, message='because')]))
    assert await desk.reconcile(order(status=S.ACCEPTED)) == [('o1', end)]
    assert desk.reports[0].message == 'because'


def missed(execution_id='e1'):
    return orders.Fill(
        order_id='o1',
        execution_id=execution_id,
        symbol='AAPL',
        side=orders.OrderSide.BUY,
        quantity=10.0,
        price=100.0,
        timestamp=DECIDED + 1,
    )


async def test_a_fill_that_was_missed_is_reported_and_ends_the_order():
    desk = Desk(Scripted([order(status=S.FILLED)], [missed()]))
    await desk.reconcile(order(status=S.ACCEPTED, created=DECIDED))
    assert desk.reports == [missed()]


async def test_fills_are_asked_for_from_an_hour_before_the_oldest_order():
    desk = Desk(Scripted([order(status=S.FILLED)]))
    desk.manager.know(
        lambda: [order(status=S.ACCEPTED, created=2 * errands.SINCE)],
        lambda fill: False,
        3 * errands.SINCE,
    )
    await desk.manager.start()
    await desk.manager.reconcile()
    await desk.manager.stop()
    assert desk.broker.since == errands.SINCE


async def test_a_fill_in_the_log_is_not_reported_again():
    desk = Desk(Scripted([order(status=S.FILLED)], [missed(), missed('e2')]))
    await desk.reconcile(
        order(status=S.PARTIALLY_FILLED),
        booked=lambda fill: fill.execution_id == 'e1',
    )
    assert desk.reports == [missed('e2')]


async def test_the_paper_broker_goes_on_with_what_the_log_has():
    first = Desk()
    await first.run(step.Place(order(type='limit', price=95.0)))
    working = await first.broker.get_order_by_client_id('o1')

    second = Desk()
    second.broker.restore([working], portfolio.Portfolio(100_000.0))
    assert await second.reconcile(working) == []
    await second.manager.start()
    (fill,) = second.broker.match(bar(1, 96, 97, 94))
    assert fill.price == 95.0
    await second.manager.stop()


# Asked until it is answered.


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr(way, 'FIRST_S', 0.001)


async def ask_until(desk, errands, done):
    await desk.manager.start()
    for errand in errands:
        desk.manager.send(errand)
    await until(done)
    await desk.manager.stop()
    return desk.statuses()


async def until(done):
    async with asyncio.timeout(20.0):
        while not done():  # noqa: ASYNC110 - there is no event to await.
            await asyncio.sleep(0.001)


async def test_an_order_without_an_answer_is_sent_again_if_it_never_arrived(
    soon,
):
    broker = Scripted(
        place=[errors.BrokerUnknownError('no answer'), None],
        ask=[errors.BrokerUnknownError('no answer'), None],
    )
    desk = Desk(broker)
    await ask_until(
        desk,
        [step.Place(order())],
        lambda: broker.calls.count(('place', 'o1')) == 2,
    )
    assert [verb for verb, *_ in broker.calls if verb != 'time'] == [
        'connect',
        'place',
        'ask',
        'ask',
        'place',
        'disconnect',
    ]
    assert desk.statuses() == [('o1', S.UNKNOWN)]


async def test_an_order_without_an_answer_that_works_is_not_sent_again(soon):
    broker = Scripted(
        [order(status=S.ACCEPTED)], place=errors.BrokerUnknownError('?')
    )
    desk = Desk(broker)
    statuses = await ask_until(
        desk, [step.Place(order())], lambda: len(desk.reports) == 2
    )
    assert statuses == [('o1', S.UNKNOWN), ('o1', S.ACCEPTED)]
    assert broker.calls.count(('place', 'o1')) == 1


async def test_an_order_without_an_answer_that_ended_has_ended(soon):
    broker = Scripted(
        [order(status=S.EXPIRED)], place=errors.BrokerUnknownError('?')
    )
    desk = Desk(broker)
    statuses = await ask_until(
        desk, [step.Place(order())], lambda: len(desk.reports) == 2
    )
    assert statuses[-1] == ('o1', S.EXPIRED)


async def test_an_order_cancelled_while_it_is_asked_about_is_not_sent(soon):
    broker = Scripted(
        place=errors.BrokerUnknownError('no answer'), cancel=refused()
    )
    desk = Desk(broker)
    await desk.manager.start()
    desk.manager.send(step.Place(order()))
    await until(lambda: desk.reports)
    desk.manager.send(step.Cancel(order(status=S.PENDING_CANCEL)))
    await until(lambda: len(desk.reports) == 2)
    await desk.manager.stop()
    statuses = desk.statuses()
    assert statuses == [('o1', S.UNKNOWN), ('o1', S.CANCELLED)]
    assert broker.calls.count(('place', 'o1')) == 1


@pytest.mark.parametrize(
    'silence',
    [
        errors.BrokerUnknownError('no answer'),
        errors.BrokerRejectedError('not connected'),
    ],
)
async def test_a_cancel_is_sent_until_the_broker_answers(soon, silence):
    taken = interface.CancelResponse(order_id='o1', accepted=True)
    broker = Scripted(
        [order(status=S.ACCEPTED)], cancel=[silence, silence, taken]
    )
    desk = Desk(broker)
    statuses = await ask_until(
        desk,
        [step.Cancel(order(status=S.PENDING_CANCEL))],
        lambda: broker.calls.count(('cancel', 'o1')) == 3,
    )
    assert statuses == []


async def test_a_change_without_an_answer_is_told_with_its_terms(soon):
    theirs = order(status=S.ACCEPTED, quantity=12.0, price=91.0)
    broker = Scripted([theirs], replace=errors.BrokerUnknownError('?'))
    desk = Desk(broker)
    one = order(status=S.PENDING_REPLACE)
    await ask_until(
        desk,
        [step.Replace(one, 12.0, 91.0, None)],
        lambda: len(desk.reports) == 2,
    )
    assert desk.statuses()[-1] == ('o1', S.ACCEPTED)
    assert (desk.reports[-1].quantity, desk.reports[-1].price) == (12.0, 91.0)


async def test_a_start_goes_on_until_there_is_a_connection(soon):
    broker = Scripted(connect=[errors.BrokerUnknownError('down')] * 3 + [None])
    desk = Desk(broker)
    await ask_until(
        desk,
        [step.Place(order())],
        lambda: ('place', 'o1') in broker.calls,
    )
    assert broker.calls.count(('connect',)) == 4


async def test_an_end_without_a_connection_does_not_wait_for_one():
    desk = Desk(Scripted(connect=errors.BrokerUnknownError('down')))
    async with asyncio.timeout(5.0):
        await desk.run(step.Place(order()))
    assert ('place', 'o1') not in desk.broker.calls


async def test_a_restart_asks_until_the_broker_answers(soon):
    broker = Scripted(ask=[errors.BrokerUnknownError('no answer')] * 2)
    desk = Desk(broker)
    async with asyncio.timeout(5.0):
        await desk.reconcile(order())
    assert broker.calls.count(('ask', 'o1')) == 3
    assert broker.calls.count(('place', 'o1')) == 1


async def test_new_terms_come_before_the_fills_made_on_them():
    theirs = order(status=S.FILLED, quantity=20.0)
    desk = Desk(Scripted([theirs], [missed()]))
    await desk.reconcile(order(status=S.PENDING_REPLACE))
    assert [type(one).__name__ for one in desk.reports] == [
        'OrderUpdate',
        'Fill',
    ]
    assert desk.reports[0].quantity == 20.0


class Hanging(Scripted):
    """A broker at which the emergency stop hangs until it is let go."""

    def __init__(self, name):
        super().__init__()
        vars(self).update(name=name)
        self.free = threading.Event()

    def emergency_cancel_all(self):
        assert self.free.wait(30.0)
        return interface.EmergencyReport()


async def test_the_only_broker_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr(manager, 'STOP_S', 0.05)
    hanging = Hanging('slow')
    desk = Desk(hanging)
    (told,) = await asyncio.to_thread(desk.manager.emergency_cancel_all)
    assert told.broker == 'slow'
    assert 'no answer' in told.error
    hanging.free.set()
