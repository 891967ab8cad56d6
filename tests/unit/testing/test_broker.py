"""The scripted broker: what it does, and what it does wrong when told to."""

import asyncio

import pytest

from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.simulator import market as simulated
from sting.testing import broker
from sting.testing.simulation import loop as loops

pytestmark = pytest.mark.unit

S = orders.OrderStatus
MINUTE = 60 * market.NANOSECONDS


class Scripted(broker.Script):
    """Gives the fates it was told, then none."""

    def __init__(self, *fates, refusal='', deliveries=(0.0,)):
        self._fates = list(fates)
        self._refusal = refusal
        self._deliveries = deliveries

    def fate(self, request):
        if request == 'connect' or not self._fates:
            return super().fate(request)
        return self._fates.pop(0)

    def refusal(self, order):
        return self._refusal or super().refusal(order)

    def deliveries(self, report):
        return self._deliveries


class Bench:
    """A venue, a way to it, and what it reports."""

    def __init__(self, script=None, *, cls=broker.ScriptedBroker):
        self.loop = loops.VirtualLoop()
        self.clock = loops.LoopClock(self.loop, 0)
        self.venue = broker.Venue(
            simulated.MarketSimulator(participation=1.0),
            script or broker.Script(),
            later=self.loop.call_outside,
            now=self.clock.true,
            cash=1_000.0,
            dedupes=cls.dedupes,
        )
        self.reports = []
        self.halted = False
        self.broker = cls(self.venue, self.clock)
        self.run(
            self.broker.connect(self.reports.append, lambda order: self.halted)
        )

    def run(self, work):
        async def and_rest():
            try:
                return await work
            finally:
                await asyncio.sleep(1.0)

        return self.loop.run_until_complete(and_rest())

    def trade(self, price=10.0, volume=100.0):
        stamp = self.clock.true() + MINUTE
        self.venue.trade(
            market.MarketData('X', stamp, price, price, price, price, volume)
        )
        self.run(asyncio.sleep(0))

    def kinds(self):
        return [
            'fill' if isinstance(one, orders.Fill) else one.status.value
            for one in self.reports
        ]


@pytest.fixture
def bench():
    made = []

    def make(*given, **options):
        made.append(Bench(*given, **options))
        return made[-1]

    yield make
    for one in made:
        one.loop.forget()


def order(order_id='o1', quantity=5.0, **more):
    return orders.Order(
        id=order_id,
        symbol='X',
        side=orders.OrderSide.BUY,
        quantity=quantity,
        **more,
    )


def limit(price=9.0, **more):
    return order(type=orders.OrderType.LIMIT, price=price, **more)


def test_an_order_is_accepted_filled_and_in_the_account(bench):
    desk = bench()
    answer = desk.run(desk.broker.place_order(order()))
    assert answer.accepted
    desk.trade()
    assert desk.kinds() == ['accepted', 'fill']
    (position,) = desk.run(desk.broker.get_positions())
    assert position.quantity == 5.0
    account = desk.run(desk.broker.get_account_info())
    assert (account.cash, account.equity) == (950.0, 1_000.0)
    (fill,) = desk.run(desk.broker.get_fills())
    assert desk.run(desk.broker.get_fills(fill.timestamp + 1)) == []


def test_an_order_is_changed_and_cancelled(bench):
    desk = bench()
    desk.run(desk.broker.place_order(limit()))
    assert desk.run(desk.broker.replace_order('o1', quantity=7.0)).accepted
    (working,) = desk.run(desk.broker.get_orders())
    assert working.quantity == 7.0
    assert desk.run(desk.broker.cancel_order('o1')).accepted
    assert desk.kinds() == ['accepted', 'accepted', 'cancelled']
    found = desk.run(desk.broker.get_order_by_client_id('o1'))
    assert found.status is S.CANCELLED


def test_what_does_not_work_is_neither_changed_nor_cancelled(bench):
    desk = bench()
    assert not desk.run(desk.broker.cancel_order('o1')).accepted
    assert not desk.run(desk.broker.replace_order('o1', price=3.0)).accepted
    assert desk.run(desk.broker.get_order_by_client_id('o1')) is None


def test_all_orders_are_cancelled(bench):
    desk = bench()
    for name in ('o1', 'o2'):
        desk.run(desk.broker.place_order(limit(order_id=name)))
    answers = desk.run(desk.broker.cancel_all('X'))
    assert [one.order_id for one in answers] == ['o1', 'o2']
    assert desk.run(desk.broker.get_orders()) == []


def test_an_emergency_cancels_what_it_reaches(bench):
    desk = bench()
    desk.run(desk.broker.place_order(limit()))
    desk.venue.drop()
    assert desk.broker.emergency_cancel_all().unknown == ('o1',)
    desk.venue.restore()
    assert desk.broker.emergency_cancel_all().cancelled == ('o1',)


def test_a_broker_that_dedupes_has_one_order(bench):
    desk = bench()
    for _ in range(2):
        assert desk.run(desk.broker.place_order(limit())).accepted
    assert desk.venue.placed == {'o1': 2}
    assert len(desk.venue.working()) == 1


def test_a_broker_that_forgets_has_two(bench):
    desk = bench(cls=broker.ForgetfulBroker)
    for _ in range(2):
        desk.run(desk.broker.place_order(limit()))
    assert len(desk.venue.working()) == 2


def test_an_order_is_withheld_while_halted(bench):
    desk = bench()
    desk.halted = True
    with pytest.raises(errors.BrokerWithheldError):
        desk.run(desk.broker.place_order(order()))
    assert desk.venue.orders == {}


def test_a_refusal_is_answered_and_reported(bench):
    desk = bench(Scripted(refusal='not today'))
    answer = desk.run(desk.broker.place_order(order()))
    assert (answer.accepted, answer.message) == (False, 'not today')
    assert desk.kinds() == ['rejected']


@pytest.mark.parametrize('arrives', [True, False])
def test_silence_hides_whether_an_order_arrived(bench, arrives):
    silence = errors.BrokerUnknownError('no answer')
    desk = bench(Scripted(broker.Fate(0.1, 5.0, arrives, silence)))
    with pytest.raises(errors.BrokerUnknownError):
        desk.run(desk.broker.place_order(order()))
    assert ('o1' in desk.venue.orders) is arrives


def test_without_a_connection_nothing_is_sent(bench):
    desk = bench()
    desk.venue.drop()
    with pytest.raises(errors.BrokerRejectedError):
        desk.run(desk.broker.place_order(order()))
    with pytest.raises(errors.BrokerUnknownError):
        desk.run(desk.broker.get_orders())
    assert desk.venue.orders == {}


def test_a_connection_lost_on_the_way_gives_no_answer(bench):
    desk = bench(Scripted(broker.Fate(out_s=1.0, back_s=1.0)))
    desk.loop.call_outside(1.5, desk.venue.drop)
    desk.loop.call_outside(1.6, desk.venue.restore)
    with pytest.raises(errors.BrokerUnknownError):
        desk.run(desk.broker.place_order(order()))
    assert 'o1' in desk.venue.orders


def test_reports_wait_for_the_connection(bench):
    desk = bench()
    desk.run(desk.broker.place_order(order()))
    desk.venue.drop()
    desk.trade()
    assert desk.kinds() == ['accepted']
    desk.venue.restore()
    assert desk.kinds() == ['accepted', 'fill']


def test_reports_to_a_dead_engine_are_lost(bench):
    desk = bench()
    desk.run(desk.broker.place_order(order()))
    desk.run(desk.broker.disconnect())
    desk.trade()
    desk.run(desk.broker.connect(desk.reports.append, lambda order: False))
    assert desk.kinds() == ['accepted']


def test_reports_can_come_twice(bench):
    desk = bench(Scripted(deliveries=(0.0, 0.5)))
    desk.run(desk.broker.place_order(order()))
    desk.trade()
    assert desk.kinds() == ['accepted', 'accepted', 'fill', 'fill']


def test_somebody_elses_fill_is_reported_and_in_the_account(bench):
    desk = bench()
    fill = orders.Fill(
        order_id='other',
        execution_id='e',
        symbol='X',
        side=orders.OrderSide.SELL,
        quantity=3.0,
        price=10.0,
    )
    desk.venue.fill_unasked(fill)
    desk.run(asyncio.sleep(0))
    assert desk.reports == [fill]
    assert desk.venue.portfolio.quantity('X') == -3.0
