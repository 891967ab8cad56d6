"""The oracle finds what it is there to find."""

import pytest

from sting.engine import bus
from sting.engine import journal
from sting.engine import state
from sting.model import commands
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.testing.simulation import oracle

pytestmark = pytest.mark.unit

T = events.EventType
S = orders.OrderStatus
LIMITS = {'max_position': 100.0, 'max_order_notional': 6_000.0}


class Log:
    """Events in their order, for books and state alike."""

    def __init__(self):
        self.books = oracle.Books(LIMITS)
        self.system = state.SystemState()
        self.take(
            T.LOG_CREATED,
            records.LogCreated(
                log='t', profile='t', mode=records.Mode.PAPER, cash=1e5
            ),
        )
        self.bar()

    def take(self, kind, data, symbol=''):
        seq = self.books.seq + 1
        event = events.Event(seq, seq, kind, 'test', data, symbol)
        self.books.take(event)
        self.system.apply(event)

    def bar(self, price=10.0):
        self.take(
            T.MARKET_DATA,
            market.MarketData('X', 1, price, price, price, price, 1.0),
        )

    def order(self, quantity=10.0, order_id='t-9-1-1', **more):
        self.take(
            T.ORDER_REQUEST,
            orders.Order(
                id=order_id,
                symbol='X',
                side=orders.OrderSide.BUY,
                quantity=quantity,
                strategy='s',
                **more,
            ),
        )

    def verdict(self, quantity=10.0, order_id='t-9-1-1', decision='approve'):
        self.take(
            T.RISK_VERDICT,
            records.Verdict(
                order_id=order_id,
                decision=records.Decision(decision),
                quantity=quantity,
            ),
        )

    def pend(self, quantity=10.0, order_id='t-9-1-1', **more):
        self.order(quantity, order_id, **more)
        self.verdict(quantity, order_id)

    def update(self, status, **more):
        self.take(
            T.ORDER_UPDATE,
            orders.OrderUpdate(order_id='t-9-1-1', status=status, **more),
        )

    def fill(self, quantity=10.0, execution='e', order_id='t-9-1-1'):
        self.take(
            T.FILL,
            orders.Fill(
                order_id=order_id,
                execution_id=execution,
                symbol='X',
                side=orders.OrderSide.BUY,
                quantity=quantity,
                price=10.0,
                fee=0.5,
            ),
        )

    def halt(self):
        self.take(
            T.TRADING_STATE,
            records.TradingStateChange(
                state=records.TradingState.HALTED, who='t'
            ),
        )


@pytest.fixture
def log():
    return Log()


def test_books_and_state_agree_over_a_life_of_an_order(log):
    log.pend()
    log.update(S.ACCEPTED)
    log.fill(4.0)
    log.update(S.PENDING_CANCEL)
    log.fill(1.0, 'f')
    log.update(S.CANCELLED)
    log.fill(2.0, 'g')
    oracle.compare(log.books, log.system)
    assert log.books.held == {'X': 7.0}
    assert log.books.cash == pytest.approx(1e5 - 71.5)


def test_a_denied_order_is_denied(log):
    log.order()
    log.verdict(decision='deny')
    oracle.compare(log.books, log.system)
    assert log.books.approved == set()


def test_a_fill_that_nobody_asked_for_is_counted(log):
    log.fill(order_id='other')
    oracle.compare(log.books, log.system)
    assert log.books.unasked == {'X': 10.0}


def found(match):
    return pytest.raises(oracle.ViolationError, match=match)


def test_a_gap_is_found(log):
    with found('event 7 follows event 2'):
        log.books.take(
            events.Event(7, 7, T.ALERT_SEEN, 't', records.AlertSeen(up_to=1))
        )


def test_a_price_that_is_none_is_found(log):
    with found('a bar with nan'):
        log.bar(float('nan'))


def test_an_order_asked_for_twice_is_found(log):
    log.order()
    with found('is asked twice'):
        log.order()


def test_an_illegal_move_is_found(log):
    log.pend()
    log.update(S.CANCELLED)
    with found('goes from cancelled to accepted'):
        log.update(S.ACCEPTED)


def test_a_fill_booked_twice_is_found(log):
    log.pend()
    log.fill()
    with found('is booked twice'):
        log.fill()


def test_an_order_past_the_limit_is_found(log):
    log.pend(60.0)
    with found('may reach 120'):
        log.pend(60.0, 't-9-1-2')


def test_a_change_under_way_is_counted(log):
    log.pend(10.0)
    log.update(S.ACCEPTED)
    log.verdict(90.0)
    log.update(S.PENDING_REPLACE, quantity=90.0)
    with found('may reach 140'):
        log.pend(50.0, 't-9-1-2')


def test_an_order_of_too_much_worth_is_found(log):
    log.bar(1_000.0)
    with found('worth more'):
        log.pend(50.0)


def test_an_order_while_halted_is_found(log):
    log.halt()
    with found('let through while HALTED'):
        log.pend()


@pytest.mark.parametrize(('word', 'passes'), [('FLATTEN', True), ('', False)])
def test_only_a_typed_flatten_passes_while_halted(log, word, passes):
    log.fill(order_id='other')
    log.halt()
    log.take(
        T.COMMAND,
        events.CommandGiven(command=commands.Flatten(confirm=word)),
    )
    order_id = f't-{log.books.seq}-0-1'
    log.take(
        T.ORDER_REQUEST,
        orders.Order(
            id=order_id, symbol='X', side=orders.OrderSide.SELL, quantity=10.0
        ),
    )
    if passes:
        log.verdict(10.0, order_id)
        assert log.books.is_flatten(order_id)
    else:
        with found('let through while HALTED'):
            log.verdict(10.0, order_id)


def test_an_order_left_by_a_halt_is_found(log):
    log.pend()
    log.halt()
    with found('a halt cancels all but'):
        log.books.check_halt()
    log.update(S.PENDING_CANCEL)
    log.books.check_halt()


@pytest.mark.parametrize(
    'spoil',
    [
        lambda system: setattr(system.portfolio, 'cash', 1.0),
        lambda system: system.portfolio.positions.clear(),
        lambda system: system.books.clear(),
        lambda system: system.orders.update(
            {'t-9-1-1': orders.Order(
                id='t-9-1-1', symbol='X', side=orders.OrderSide.BUY,
                quantity=1.0,
            )}
        ),
        lambda system: setattr(system, 'seq', 99),
        lambda system: setattr(
            system, 'trading', records.TradingState.HALTED
        ),
    ],
)  # fmt: skip
def test_a_state_that_differs_is_found(log, spoil):
    log.pend()
    log.fill()
    oracle.compare(log.books, log.system)
    spoil(log.system)
    with pytest.raises(oracle.ViolationError):
        oracle.compare(log.books, log.system)


def test_a_wrong_hash_is_found():
    seen = events.Event(1, 1, T.ALERT_SEEN, 't', records.AlertSeen(up_to=1))
    (row,), head = journal.encode_rows([seen], events.GENESIS)
    chain = oracle.Chain()
    assert chain.take(row) == seen
    assert chain.head == head
    with found('the hash of event 1 is wrong'):
        oracle.Chain().take((*row[:7], bytes(32)))


async def test_a_lane_taken_too_early_is_found():
    incoming = bus.Incoming(T.ALERT_SEEN, records.AlertSeen(up_to=1), 't')
    lanes = oracle.CheckedBus()
    lanes.put(bus.Lane.MARKET, incoming)
    assert await lanes.take(5) == [incoming]
    lanes.put(bus.Lane.MARKET, incoming)
    other = bus.Incoming(T.ALERT_SEEN, records.AlertSeen(up_to=2), 't')
    lanes.put(bus.Lane.STOP, other)
    lanes._queues = dict(reversed(lanes._queues.items()))
    with found('lanes were taken'):
        lanes.collect(5)


def exit_of(log, order_id, quantity):
    """A working exit of an order by hand."""
    order = orders.Order(
        id=order_id,
        symbol='AAA',
        side=orders.OrderSide.SELL,
        quantity=quantity,
        status=orders.OrderStatus.ACCEPTED,
        parent='t-9-0-1',
    )
    log.system._put(order, None)


def test_exits_of_more_than_is_held_are_found(log):
    with found('are for'):
        exit_of(log, 'tp', 10.0)
        oracle.check_exits(log.system)


def test_exits_of_a_group_that_differ_are_found(log):
    with found('another exit 10'):
        exit_of(log, 'tp', 10.0)
        exit_of(log, 'sl', 9.0)
        oracle.check_exits(log.system)


def test_an_exit_that_waits_for_its_entry_does_not_count_yet(log):
    held = {'parent': 't-9-1-1', 'held': 90.0}
    log.pend(90.0)
    # A second order on the same side as the exit, were that side to count.
    log.pend(90.0, 't-9-1-1-tp', **held)
    log.pend(10.0, 't-10-1-1')
    with pytest.raises(oracle.ViolationError, match='may reach 101'):
        log.pend(1.0, 't-11-1-1')


def test_an_exit_whose_entry_was_filled_counts(log):
    held = {'parent': 't-9-1-1', 'held': 80.0}
    log.pend(80.0)
    log.pend(80.0, 't-9-1-1-tp', **held)
    log.update(S.ACCEPTED)
    log.fill(40.0)
    with pytest.raises(oracle.ViolationError, match='may reach 121'):
        log.pend(1.0, 't-10-1-1')
