"""What is the paper broker's own: matching in sequence, and its restart."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting.broker import paper
from sting.engine import clock
from sting.model import lifecycle
from sting.model import orders
from sting.model import portfolio
from sting.simulator import costs
from sting.simulator import ticks
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit

S = orders.OrderStatus
bar = worlds.bar
order = worlds.order
MINUTE = worlds.MINUTE
DECIDED = worlds.DECIDED
CASH = 100_000.0


def open_broker(time_source=None):
    simulator = ticks.TickMarket(
        costs.CostModel(commission_bps=10.0),
        session_close=worlds.session_close,
        session_open=worlds.session_open,
    )
    return paper.PaperBroker(
        simulator,
        time_source or clock.VirtualClock(DECIDED),
        cash=CASH,
        account='test',
    )


async def test_matched_reports_come_back_and_not_through_the_sink():
    broker = open_broker()
    reports = []
    await broker.connect(reports.append, worlds.never)
    await broker.place_order(order())
    (fill,) = broker.match(bar(1, 100, 102, 99))
    assert isinstance(fill, orders.Fill)
    assert len(reports) == 1


async def test_a_cancel_after_the_expiry_is_not_accepted():
    time_source = clock.VirtualClock(DECIDED)
    broker = open_broker(time_source)
    reports = []
    await broker.connect(reports.append, worlds.never)
    await broker.place_order(order(tif='gtd', expires=DECIDED + MINUTE))
    time_source.advance(DECIDED + 2 * MINUTE)
    response = await broker.cancel_order('o1')
    assert not response.accepted
    assert response.message == 'the order is expired'
    assert reports[-1].status is S.EXPIRED


async def test_a_change_after_the_expiry_is_not_accepted():
    time_source = clock.VirtualClock(DECIDED)
    broker = open_broker(time_source)
    await broker.connect([].append, worlds.never)
    await broker.place_order(order(tif='gtd', expires=DECIDED + MINUTE))
    time_source.advance(DECIDED + 2 * MINUTE)
    response = await broker.replace_order('o1', quantity=5.0)
    assert not response.accepted
    assert response.message == 'the order is expired'


async def test_a_short_position_takes_buying_power():
    broker = open_broker()
    await broker.connect([].append, worlds.never)
    await broker.place_order(order(side='sell', quantity=10.0))
    broker.match(bar(1, 100, 102, 99))
    info = await broker.get_account_info()
    assert info.account == 'test'
    assert info.equity == pytest.approx(CASH - 1)
    assert info.buying_power == pytest.approx(CASH - 1 - 1_000)


async def test_buying_power_is_never_below_zero():
    broker = open_broker()
    await broker.connect([].append, worlds.never)
    await broker.place_order(order(quantity=2_000.0))
    broker.match(bar(1, 100, 102, 99))
    assert (await broker.get_account_info()).buying_power == 0.0


async def test_an_order_that_was_never_answered_is_not_known_after_a_restart():
    broker = open_broker()
    broker.restore([order()], portfolio.Portfolio(CASH))
    reports = []
    await broker.connect(reports.append, worlds.never)
    assert await broker.get_order_by_client_id('o1') is None
    assert (await broker.place_order(order())).accepted
    assert reports[0].status is S.ACCEPTED


async def test_a_cancel_on_its_way_at_the_crash_leaves_the_order_working():
    broker = open_broker()
    pending = order(broker_id='sim-o1')
    pending = lifecycle.apply_update(
        pending,
        orders.OrderUpdate(order_id='o1', status=S.PENDING_CANCEL),
        DECIDED,
    )
    broker.restore([pending], portfolio.Portfolio(CASH))
    one = await broker.get_order_by_client_id('o1')
    assert one.status is S.ACCEPTED


async def test_an_order_that_was_done_makes_no_second_one_after_a_restart():
    broker = open_broker()
    await broker.connect([].append, worlds.never)
    first = await broker.place_order(order())
    broker.match(bar(1, 100, 102, 99))
    done = await broker.get_order_by_client_id('o1')

    restarted = open_broker()
    restarted.restore([done], portfolio.Portfolio(CASH))
    await restarted.connect([].append, worlds.never)
    assert await restarted.place_order(order()) == first
    assert restarted.match(bar(2, 100, 102, 99)) == []


async def test_the_restored_account_is_a_copy():
    book = portfolio.Portfolio(CASH)
    broker = open_broker()
    broker.restore([], book)
    await broker.connect([].append, worlds.never)
    await broker.place_order(order())
    broker.match(bar(1, 100, 102, 99))
    assert book.cash == CASH
    assert book.positions == {}
    assert list(book.held) == []


class Engine:
    """As much of an engine as a broker sees: orders, account and fills."""

    def __init__(self):
        self.book = {}
        self.reports = []
        self.fills = []
        self.account = portfolio.Portfolio(CASH)
        self.prices = {}
        self.clock = clock.VirtualClock()
        self.broker = open_broker(self.clock)

    async def play(self, step):
        sent, bars = step
        for one in sent:
            self.clock.advance(one.created)
            self.book[one.id] = one
            await self.broker.place_order(one)
        for one in bars:
            self.clock.advance(one.timestamp)
            for report in self.broker.match(one):
                self.take(report)
            self.prices[one.symbol] = one.close

    def take(self, report):
        self.reports.append(report)
        worlds.apply(self.book, [report], self.clock.now())
        if isinstance(report, orders.Fill):
            self.fills.append(report)
            self.account.apply(report)

    async def restart(self):
        self.broker = open_broker(self.clock)
        self.broker.restore(
            self.book.values(), self.account, self.fills, self.prices
        )
        await self.broker.connect(self.take, worlds.never)


async def state(engine):
    broker = engine.broker
    info = await broker.get_account_info()
    return (
        await broker.get_orders(),
        await broker.get_fills(),
        await broker.get_positions(),
        info.cash,
    )


@worlds.patient
@given(worlds.histories(), st.integers(min_value=0, max_value=4))
async def test_a_restart_from_the_log_changes_nothing(history, when):
    straight = Engine()
    broken = Engine()
    for engine in (straight, broken):
        await engine.broker.connect(engine.take, worlds.never)
    for number, step in enumerate(history):
        await straight.play(step)
        await broken.play(step)
        if number == when:
            await broken.restart()
    assert broken.reports == straight.reports
    assert await state(broken) == await state(straight)


@worlds.patient
@given(worlds.histories())
async def test_the_account_is_what_the_fills_make_of_it(history):
    engine = Engine()
    await engine.broker.connect(engine.take, worlds.never)
    for step in history:
        await engine.play(step)
    info = await engine.broker.get_account_info()
    assert info.cash == engine.account.cash
    assert await engine.broker.get_positions() == [
        engine.account.positions[symbol]
        for symbol in sorted(engine.account.held)
    ]


async def test_what_is_done_is_forgotten_beyond_a_bound(monkeypatch):
    monkeypatch.setattr(paper, 'REMEMBERED', 3)
    broker = open_broker()
    await broker.connect([].append, worlds.never)
    for number in range(10):
        await broker.place_order(order(f'o{number}'))
        broker.match(bar(2 + number, 100, 102, 99))
    known = [
        await broker.get_order_by_client_id(f'o{number}')
        for number in range(10)
    ]
    assert [o is not None for o in known] == [False] * 7 + [True] * 3


async def test_a_group_goes_on_being_one_after_a_restart():
    more = {'side': 'sell', 'parent': 'o', 'oco': 'o'}
    broker = open_broker()
    await broker.connect(lambda report: None, worlds.never)
    await broker.place_order(order('tp', type='limit', price=110.0, **more))
    await broker.place_order(order('sl', type='stop', stop_price=95.0, **more))
    again = open_broker()
    again.restore(await broker.get_orders(), portfolio.Portfolio(CASH))
    fill, update = again.match(bar(1, 100, 111, 99))
    assert (fill.order_id, update.order_id) == ('tp', 'sl')
    assert (update.status, update.message) == (S.CANCELLED, 'tp was filled')
    assert await again.get_orders() == []
