"""Looks at a venue's book, with the engine that is told what they find."""

import asyncio

import msgspec
import pytest

from sting.broker import reconcile
from sting.broker import reconciler
from sting.engine import routes
from sting.engine import state
from sting.model import commands
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.simulator import market as simulated
from sting.testing import broker as scripted
from sting.testing.simulation import loop as loops
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

S, T = worlds.S, worlds.T
BUY, SELL = worlds.BUY, worlds.SELL
H, K = commands.How, records.DifferenceKind


class Account:
    """An engine and a venue, and what looks from one to the other."""

    def __init__(self, every_s=0.0, at='', **world):
        self.loop = loops.VirtualLoop()
        self.clock = loops.LoopClock(self.loop, worlds.NOON)
        self.world = worlds.World(**world)
        self.venue = scripted.Venue(
            simulated.MarketSimulator(participation=1.0),
            scripted.Script(),
            later=self.loop.call_outside,
            now=self.clock.true,
            cash=worlds.CASH,
        )
        self.broker = scripted.ScriptedBroker(self.venue, self.clock)
        self.told = []
        self.heard = True
        self.reconciler = reconciler.Reconciler(
            self.broker,
            self.world.state,
            sink=self.report,
            tell=self.tell,
            booked=self.world.state.knows_execution,
            time_source=self.clock,
            expected=reconcile.Expected(),
            every_s=every_s,
            at=at,
        )
        self.run(self.broker.connect(self.hear, lambda order: False))
        for symbol in worlds.SYMBOLS:
            self.bar(symbol)

    def run(self, work):
        return self.loop.run_until_complete(work)

    def hear(self, report):
        """What the stream brings, unless it is cut."""
        if self.heard:
            self.report(report)

    def report(self, report):
        kind = T.FILL if isinstance(report, orders.Fill) else T.ORDER_UPDATE
        self.world.tell(kind, report, 'broker:scripted')

    def tell(self, found):
        self.told.append(found)
        self.world.tell(T.RECONCILIATION, found, 'broker:scripted')

    def bar(self, symbol='AAPL', price=100.0):
        self.world.bar(symbol, price)
        stamp = self.clock.true() + worlds.MINUTE
        self.venue.trade(
            market.MarketData(symbol, stamp, price, price, price, price, 1e6)
        )
        self.run(asyncio.sleep(0.1))

    def place(self, **terms):
        """Sends an order of ours, by hand."""
        terms = {'type': orders.OrderType.LIMIT, 'price': 90.0} | terms
        order_id = self.world.order(**terms)
        self.run(self.broker.place_order(self.world.state.orders[order_id]))
        self.run(asyncio.sleep(0.1))
        return order_id

    def elsewhere(self, name='web-1', **terms):
        """An order that somebody else places there."""
        fields = {
            'symbol': 'AAPL', 'side': BUY, 'quantity': 10.0,
            'type': orders.OrderType.LIMIT, 'price': 90.0,
        }  # fmt: skip
        heard, self.heard = self.heard, False
        self.venue.place(orders.Order(id=name, **(fields | terms)))
        self.run(asyncio.sleep(0.1))
        self.heard = heard

    def moved(self, quantity=10.0, price=100.0, side=BUY, **more):
        """A position that came to the account without a fill."""
        self.venue.portfolio.apply(
            worlds.fill('transfer', quantity, price, side=side, **more)
        )

    def connect(self):
        self.run(self.reconciler.reconciled())
        self.run(asyncio.sleep(0.1))

    def settle(self, name, how, **more):
        if how is H.FLATTEN:
            more.setdefault('confirm', 'FLATTEN')
        answer = self.world.command(commands.Settle, id=name, how=how, **more)
        for effect in self.world.last.effects:
            if hasattr(effect, 'order') and type(effect).__name__ == 'Place':
                self.run(self.broker.place_order(effect.order))
            if hasattr(effect, 'order') and type(effect).__name__ == 'Cancel':
                self.run(self.broker.cancel_order(effect.order.id))
        self.run(asyncio.sleep(0.1))
        return answer

    @property
    def open(self):
        return sorted(self.world.state.differences)


@pytest.fixture
def open_account():
    """Opens accounts, and closes their loops behind the test."""
    made = []

    def opened(**options):
        made.append(Account(**options))
        return made[-1]

    yield opened
    for each in made:
        each.loop.close()


@pytest.fixture
def account(open_account):
    return open_account()


def test_equal_books_are_told_at_the_start_and_hold_nothing_up(account):
    account.place()
    account.connect()
    (found,) = account.told
    assert (found.trigger, found.differences) == ('start', ())
    account.connect()
    assert account.told[-1].trigger == 'reconnect'


def test_a_position_that_is_not_ours_is_known_before_orders_go_out(account):
    account.moved()
    account.connect()
    assert account.open == ['cash', 'position-AAPL']
    assert account.world.command(
        commands.SubmitOrder, symbol='AAPL', side=BUY, quantity=1.0
    ).message.startswith('denied: the broker has 10 AAPL, our book 0')


def test_an_accepted_position_makes_the_books_equal(account):
    account.moved()
    account.connect()
    account.settle('position-AAPL', H.ACCEPT)
    account.connect()
    assert account.open == []
    assert account.world.state.portfolio.cash == account.venue.portfolio.cash


def test_a_flattened_position_is_gone_in_both_books(account):
    account.moved()
    account.connect()
    account.settle('position-AAPL', H.FLATTEN)
    account.bar()
    account.connect()
    assert account.open == []
    assert account.world.state.portfolio.quantity('AAPL') == 0.0
    assert account.venue.portfolio.quantity('AAPL') == 0.0


def test_an_order_placed_elsewhere_is_adopted_and_filled_as_ours(account):
    account.elsewhere()
    account.connect()
    assert account.open == ['order-sim-web-1']
    account.settle('order-sim-web-1', H.ADOPT)
    account.bar(price=89.0)
    account.connect()
    assert account.world.status('web-1') is S.FILLED
    assert account.open == []


def test_an_order_placed_elsewhere_is_cancelled_there(account):
    account.elsewhere()
    account.connect()
    account.settle('order-sim-web-1', H.FLATTEN)
    account.connect()
    assert account.open == []
    assert account.venue.working() == []


def test_a_fill_that_was_not_heard_is_booked_as_the_fill_it_is(account):
    order_id = account.place()
    account.connect()
    account.heard = False
    account.bar(price=89.0)
    account.connect()
    assert account.world.status(order_id) is S.FILLED
    assert account.open == []


def test_the_end_of_an_order_that_was_not_heard_is_told(account):
    order_id = account.place()
    account.heard = False
    account.venue.cancel(order_id)
    account.connect()
    assert account.world.status(order_id) is S.CANCELLED
    assert account.open == []


def test_an_order_that_the_broker_does_not_know_is_unknown_not_gone(account):
    order_id = account.place()
    del account.venue.orders[order_id]
    account.connect()
    assert account.world.status(order_id) is S.UNKNOWN
    assert account.open == [f'missing-{order_id}']
    account.settle(f'missing-{order_id}', H.ACCEPT)
    account.connect()
    assert account.open == []


def test_an_order_that_is_filled_without_its_fills_is_missing(account):
    order_id = account.place()
    account.venue.orders[order_id] = msgspec.structs.replace(
        account.venue.orders[order_id], status=S.FILLED
    )
    account.connect()
    assert account.open == [f'missing-{order_id}']


def test_an_order_that_a_lookup_finds_is_not_missing(account):
    order_id = account.place()
    account.venue.working = list
    account.connect()
    assert account.world.status(order_id) is S.ACCEPTED
    assert account.open == []


def test_without_an_answer_nothing_is_told(account):
    account.venue.drop()
    with pytest.raises(errors.BrokerError):
        account.connect()
    assert account.told == []


def test_the_timer_finds_what_comes_and_tells_when_it_is_gone(open_account):
    account = open_account(every_s=60.0)

    async def day():
        await account.reconciler.start()
        await account.reconciler.reconciled()
        account.moved()
        await asyncio.sleep(70.0)
        found = account.open
        account.moved(side=SELL)
        await asyncio.sleep(70.0)
        await account.reconciler.stop()
        return found

    assert account.run(day()) == ['cash', 'position-AAPL']
    assert account.open == []
    triggers = [each.trigger for each in account.told]
    assert triggers == ['start', 'timer', 'timer']


def test_the_timer_outlives_an_outage(open_account):
    account = open_account(every_s=60.0)

    async def day():
        await account.reconciler.start()
        account.venue.drop()
        await asyncio.sleep(130.0)
        account.venue.restore()
        account.moved()
        await asyncio.sleep(130.0)
        await account.reconciler.stop()

    account.run(day())
    assert 'position-AAPL' in account.open


def test_what_is_left_as_it_is_is_looked_at_no_more_often(
    open_account,
):
    account = open_account(every_s=60.0)
    account.elsewhere()
    account.connect()
    assert account.reconciler._pause() == reconciler.OPEN_S
    account.settle('order-sim-web-1', H.ACCEPT)
    assert account.reconciler._pause() == 60.0


def test_one_of_several_brokers_is_held_against_what_is_there(open_account):
    created = records.LogCreated(
        log='ab',
        profile='test',
        mode=records.Mode.PAPER,
        cash=worlds.CASH + 7.0,
        venues=(
            records.Venue(broker='here', cash=worlds.CASH),
            records.Venue(broker='there', cash=7.0),
        ),
    )
    account = open_account(
        at='here', created=created, routes=routes.Routes(main='here')
    )
    # What is at the other is none of this one's business.
    account.world.fill('t-1', 5.0, broker='there')
    elsewhere = records.Difference(
        id='cash@there', kind=K.CASH, ours=-493.0, text='', broker='there'
    )
    account.tell(
        records.Reconciliation(
            trigger='timer', differences=(elsewhere,), broker='there'
        )
    )
    account.place()
    account.connect()
    assert account.open == ['cash@there']
    account.moved(symbol='IBM')
    account.connect()
    assert account.open == ['cash@here', 'cash@there', 'position-IBM@here']
    assert account.settle('position-IBM@here', H.ADOPT).ok
    assert account.world.state.venues['here'].quantity('IBM') == 10.0
    account.connect()
    assert account.open == ['cash@there']


def test_a_fill_that_is_not_booked_yet_holds_the_comparison_up(account):
    account.connect()
    account.place()
    account.heard = False
    kept = []
    book, account.reconciler._sink = account.reconciler._sink, kept.append
    account.bar(price=89.0)
    account.connect()
    assert account.open == []
    assert {each.symbol for each in kept} == {'AAPL'}
    # What is never booked is no reason to look away for ever.
    account.run(asyncio.sleep(reconciler.BOOKED_S))
    account.connect()
    assert 'position-AAPL' in account.open
    account.reconciler._sink = book
    account.connect()
    assert account.open == []


@pytest.mark.parametrize(
    'request_name',
    ['get_orders', 'get_positions', 'get_account_info', 'get_fills',
     'get_order_by_client_id'],
)  # fmt: skip
def test_a_broker_that_hangs_does_not_hold_the_looks_up_for_ever(
    account, request_name
):
    account.connect()
    order_id = account.place()
    del account.venue.orders[order_id]

    async def hangs(*given):
        await asyncio.get_running_loop().create_future()

    setattr(account.broker, request_name, hangs)

    async def looks():
        async with asyncio.timeout(600.0):
            await account.reconciler.look('timer')

    with pytest.raises(errors.BrokerUnknownError):
        account.run(looks())
    delattr(account.broker, request_name)
    account.connect()
    assert account.open == [f'missing-{order_id}']


@pytest.mark.parametrize('status', [S.PENDING_CANCEL, S.PENDING_REPLACE])
def test_an_order_that_ended_unheard_while_a_request_waited_is_told(
    open_account, status
):
    account = open_account()
    account.connect()
    order_id = account.place()
    account.report(orders.OrderUpdate(order_id=order_id, status=status))
    account.heard = False
    account.venue.cancel(order_id)
    account.run(account.reconciler.look('timer'))
    assert account.world.status(order_id) is status
    account.run(asyncio.sleep(reconciler.PENDING_S))
    account.run(account.reconciler.look('timer'))
    assert account.world.status(order_id) is S.CANCELLED


def test_an_order_under_way_that_is_not_there_is_left_to_who_sent_it(account):
    account.connect()
    order_id = account.world.order(type=orders.OrderType.LIMIT, price=90.0)
    account.report(
        orders.OrderUpdate(order_id=order_id, status=S.PENDING_CANCEL)
    )
    for _ in range(2):
        account.run(account.reconciler.look('timer'))
        account.run(asyncio.sleep(reconciler.PENDING_S))
    assert account.world.status(order_id) is S.PENDING_CANCEL
    assert account.open == []


def test_a_fill_of_an_adopted_order_is_booked_once_for_ever(
    account, monkeypatch
):
    account.elsewhere()
    account.connect()
    account.settle('order-sim-web-1', H.ADOPT)
    account.bar(price=89.0)
    held = account.world.state.portfolio.quantity('AAPL')
    assert held == 10.0
    monkeypatch.setattr(state, 'DONE_ORDERS', 1)
    for _ in range(3):
        order_id = account.place(symbol='MSFT')
        account.run(account.broker.cancel_order(order_id))
        account.run(asyncio.sleep(0.1))
    assert 'web-1' not in account.world.state.orders
    account.connect()
    assert account.world.state.portfolio.quantity('AAPL') == held
