"""What every broker promises, held against each that is played in process.

A test takes the broker from the `broker` fixture and knows it only by its
interface. A further broker is held to the same by an entry in FACTORIES.
"""

import threading

import pytest

from sting.broker import interface
from sting.broker import paper
from sting.engine import clock
from sting.model import errors
from sting.model import orders
from sting.simulator import costs
from sting.simulator import ticks
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

S = orders.OrderStatus
bar = worlds.bar
order = worlds.order
MINUTE = worlds.MINUTE
DECIDED = worlds.DECIDED


def open_paper():
    simulator = ticks.TickMarket(
        costs.CostModel(commission_bps=10.0),
        session_close=worlds.session_close,
        session_open=worlds.session_open,
    )
    return paper.PaperBroker(
        simulator, clock.VirtualClock(DECIDED), cash=10_000.0
    )


FACTORIES = {'paper': open_paper}


@pytest.fixture(params=FACTORIES)
def broker(request):
    return FACTORIES[request.param]()


@pytest.fixture
def reports():
    return []


@pytest.fixture
async def connected(broker, reports):
    await broker.connect(reports.append, worlds.never)
    yield broker
    await broker.disconnect()


def far(id='o1', **more):
    return order(id, type='limit', price=50.0, **more)


def seen(reports):
    return [(one.order_id, one.status) for one in reports]


async def test_an_order_is_answered_and_reported(connected, reports):
    response = await connected.place_order(order())
    assert response.accepted
    assert response.order_id == 'o1'
    assert response.broker_id
    assert seen(reports) == [('o1', S.ACCEPTED)]
    assert reports[0].broker_id == response.broker_id


async def test_a_refused_order_is_answered_and_reported(connected, reports):
    response = await connected.place_order(order(quantity=-1.0))
    assert not response.accepted
    assert response.message
    assert seen(reports) == [('o1', S.REJECTED)]


@pytest.mark.parametrize('quantity', [10.0, -1.0])
async def test_one_id_twice_is_one_order(connected, reports, quantity):
    first = await connected.place_order(order(quantity=quantity))
    second = await connected.place_order(order(quantity=quantity))
    assert second == first
    assert len(reports) == 1
    assert len(await connected.get_orders()) == (1 if quantity > 0 else 0)


async def test_an_id_that_is_done_makes_no_second_order(connected):
    first = await connected.place_order(order())
    connected.match(bar(1, 100, 102, 99))
    assert await connected.place_order(order()) == first
    assert await connected.get_orders() == []


async def test_nothing_is_sent_without_a_connection(broker):
    for act in (
        lambda: broker.place_order(order()),
        lambda: broker.replace_order('o1', quantity=1.0),
        lambda: broker.cancel_order('o1'),
        broker.cancel_all,
    ):
        with pytest.raises(errors.BrokerRejectedError, match='not connected'):
            await act()
    assert await broker.get_orders() == []


async def test_nothing_is_reported_after_the_end(broker, reports):
    await broker.connect(reports.append, worlds.never)
    await broker.place_order(far())
    await broker.disconnect()
    broker.emergency_cancel_all()
    assert seen(reports) == [('o1', S.ACCEPTED)]


async def test_orders_outlive_a_connection(broker, reports):
    await broker.connect(reports.append, worlds.never)
    await broker.place_order(far())
    await broker.disconnect()
    await broker.connect(reports.append, worlds.never)
    assert [one.id for one in await broker.get_orders()] == ['o1']


async def test_a_cancel_is_answered_and_reported(connected, reports):
    await connected.place_order(far())
    response = await connected.cancel_order('o1')
    assert response == interface.CancelResponse(order_id='o1', accepted=True)
    assert seen(reports)[-1] == ('o1', S.CANCELLED)
    assert await connected.get_orders() == []


async def test_a_cancel_of_what_does_not_work_is_no_report(connected, reports):
    response = await connected.cancel_order('o9')
    assert not response.accepted
    assert 'o9' in response.message
    assert reports == []


async def test_cancel_all_answers_for_each(connected, reports):
    await connected.place_order(far('o1'))
    await connected.place_order(far('o2', symbol='IBM'))
    responses = await connected.cancel_all()
    assert [one.order_id for one in responses] == ['o1', 'o2']
    assert all(one.accepted for one in responses)
    assert seen(reports)[2:] == [('o1', S.CANCELLED), ('o2', S.CANCELLED)]


async def test_cancel_all_of_a_symbol_leaves_the_others(connected):
    await connected.place_order(far('o1'))
    await connected.place_order(far('o2', symbol='IBM'))
    await connected.cancel_all('AAPL')
    assert [one.id for one in await connected.get_orders()] == ['o2']


async def test_a_replaced_order_has_the_new_terms(connected, reports):
    await connected.place_order(far())
    response = await connected.replace_order('o1', quantity=5.0, price=60.0)
    assert response.accepted
    assert (reports[-1].quantity, reports[-1].price) == (5.0, 60.0)
    (one,) = await connected.get_orders()
    assert (one.quantity, one.price) == (5.0, 60.0)


async def test_terms_that_are_refused_are_no_report(connected, reports):
    await connected.place_order(far())
    response = await connected.replace_order('o1', price=-1.0)
    assert not response.accepted
    assert response.message
    assert len(reports) == 1


async def test_an_order_is_found_while_it_works_and_after(connected):
    await connected.place_order(order())
    working = await connected.get_order_by_client_id('o1')
    connected.match(bar(1, 100, 102, 99))
    done = await connected.get_order_by_client_id('o1')
    assert working.status is S.ACCEPTED
    assert (done.status, done.filled) == (S.FILLED, 10.0)


async def test_an_order_it_never_had_is_none(connected):
    assert await connected.get_order_by_client_id('o9') is None


async def test_fills_are_given_from_a_moment_on(connected):
    await connected.place_order(order(quantity=30.0))
    connected.match(bar(1, 100, 102, 99, volume=80))
    connected.match(bar(2, 100, 102, 99, volume=80))
    everything = await connected.get_fills()
    assert [one.quantity for one in everything] == [20.0, 10.0]
    later = await connected.get_fills(DECIDED + 2 * MINUTE)
    assert later == everything[1:]


async def test_positions_and_account_follow_the_fills(connected):
    await connected.place_order(order())
    connected.match(bar(1, 100, 106, 99, close=105))
    (position,) = await connected.get_positions()
    assert (position.symbol, position.quantity) == ('AAPL', 10.0)
    info = await connected.get_account_info()
    # 10 at 100, and 10 basis points of 1,000.
    assert info.cash == pytest.approx(10_000 - 1_000 - 1)
    assert info.equity == pytest.approx(info.cash + 10 * 105)
    assert info.buying_power == pytest.approx(info.cash)
    assert info.currency == 'USD'


async def test_a_closed_position_is_not_given(connected):
    await connected.place_order(order('o1'))
    await connected.place_order(order('o2', 'sell'))
    connected.match(bar(1, 100, 102, 99))
    assert await connected.get_positions() == []


async def test_the_emergency_stop_takes_all_from_another_thread(
    connected, reports
):
    await connected.place_order(far('o1'))
    await connected.place_order(far('o2', symbol='IBM'))
    results = []
    thread = threading.Thread(
        target=lambda: results.append(connected.emergency_cancel_all())
    )
    thread.start()
    thread.join()
    assert results == [interface.EmergencyReport(cancelled=('o1', 'o2'))]
    assert seen(reports)[2:] == [('o1', S.CANCELLED), ('o2', S.CANCELLED)]
    assert await connected.get_orders() == []


async def test_the_emergency_stop_works_without_a_connection(broker, reports):
    await broker.connect(reports.append, worlds.never)
    await broker.place_order(far())
    await broker.disconnect()
    assert broker.emergency_cancel_all().cancelled == ('o1',)
    assert await broker.get_orders() == []


async def test_the_emergency_stop_keeps_no_later_order_out(connected):
    connected.emergency_cancel_all()
    assert (await connected.place_order(order())).accepted


async def test_each_report_is_a_legal_move(connected, reports):
    """Orders placed by one thread while another one stops, again and again."""
    halt = threading.Event()

    def stop_often():
        while not halt.is_set():
            connected.emergency_cancel_all()

    thread = threading.Thread(target=stop_often)
    thread.start()
    book = {}
    for number in range(300):
        one = far(f'o{number}')
        book[one.id] = one
        await connected.place_order(one)
    halt.set()
    thread.join()
    connected.emergency_cancel_all()
    worlds.apply(book, reports, DECIDED)
    assert {one.status for one in book.values()} == {S.CANCELLED}


async def test_an_order_is_withheld_while_the_stop_holds(broker, reports):
    await broker.connect(reports.append, lambda order: True)
    with pytest.raises(errors.BrokerWithheldError, match='emergency stop'):
        await broker.place_order(far())
    assert not reports
    assert not await broker.get_orders()
