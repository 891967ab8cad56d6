"""Orders and bars for the tests, and hypothesis strategies that make them."""

import hypothesis
from hypothesis import strategies as st
import msgspec

from sting.model import lifecycle
from sting.model import market
from sting.model import orders
from sting.simulator import market as simulated

MINUTE = 60 * market.NANOSECONDS
# For properties over histories: a loaded machine is no failure.
patient = hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
SYMBOLS = ('AAPL', 'IBM')
DECIDED = 10 * MINUTE


def bar(at, open, high, low, close=None, volume=1e6, symbol='AAPL', **more):
    """A bar that closes `at` minutes after the decision of `order`."""
    return market.MarketData(
        symbol=symbol,
        timestamp=DECIDED + at * MINUTE,
        open=open,
        high=high,
        low=low,
        close=open if close is None else close,
        volume=volume,
        **more,
    )


def order(id='o1', side='buy', quantity=10.0, type='market', **more):
    """An order that was decided at DECIDED."""
    tif = orders.TimeInForce(more.pop('tif', 'gtc'))
    more.setdefault('symbol', 'AAPL')
    more.setdefault('created', DECIDED)
    return orders.Order(
        id=id,
        side=orders.OrderSide(side),
        quantity=quantity,
        type=orders.OrderType(type),
        time_in_force=tif,
        status=orders.OrderStatus.SUBMITTED,
        **more,
    )


def apply(book, reports, timestamp):
    """Books reports as the engine does."""
    for report in reports:
        id = report.order_id
        if isinstance(report, orders.Fill):
            book[id] = lifecycle.apply_fill(book[id], report, timestamp)
        else:
            book[id] = lifecycle.apply_update(book[id], report, timestamp)


# Ten-minute sessions, closing at 10, 20, 30, ... minutes.
def session_close(timestamp):
    return -(-timestamp // (10 * MINUTE)) * 10 * MINUTE


# They open three minutes after the close of the one before.
def session_open(timestamp):
    opening = 3 * MINUTE
    return session_close(timestamp - opening) + opening


prices = st.integers(min_value=90, max_value=110).map(float)

trails = st.sampled_from([0.5, 3.0, '1%', '5%'])


@st.composite
def bars(draw, at, symbol):
    four = sorted(draw(st.tuples(prices, prices, prices, prices)))
    first, last = draw(st.permutations(four[1:3]))
    volume = draw(st.sampled_from([0.0, 1.0, 10.0, 40.0, 1000.0]))
    return bar(at, first, four[3], four[0], last, volume, symbol)


@st.composite
def new_orders(draw, number, at):
    type = draw(st.sampled_from(list(orders.OrderType)))
    tif = draw(st.sampled_from(list(orders.TimeInForce)))
    created = DECIDED + at * MINUTE
    expires = None
    if tif is orders.TimeInForce.GTD:
        expires = created + draw(st.integers(1, 5)) * MINUTE
    return order(
        f'o{number}',
        draw(st.sampled_from(['buy', 'sell'])),
        float(draw(st.integers(min_value=1, max_value=30))),
        type,
        symbol=draw(st.sampled_from(SYMBOLS)),
        price=draw(prices) if 'limit' in type else None,
        stop_price=draw(prices) if type in ('stop', 'stop_limit') else None,
        trail=draw(trails) if type == 'trailing_stop' else None,
        tif=tif,
        expires=expires,
        created=created,
    )


@st.composite
def histories(draw, length=5):
    """Steps of (orders decided after the last bars, the bars that follow)."""
    steps = []
    number = 0
    for at in range(1, length + 1):
        sent = []
        for _ in range(draw(st.integers(0, 2))):
            number += 1
            sent.append(draw(new_orders(number, at - 1)))
        steps.append((sent, [draw(bars(at, symbol)) for symbol in SYMBOLS]))
    return steps


class World:
    """A market and the engine's view of it, played step by step."""

    def __init__(self, participation=0.25, costs=None, fill='next_open'):
        self.participation = participation
        self.fill = fill
        self.costs = costs
        self.book = {}
        self.reports = []
        self.played = []
        self.market = self.open()

    def open(self):
        return simulated.MarketSimulator(
            self.costs,
            participation=self.participation,
            session_close=session_close,
            session_open=session_open,
            fill=self.fill,
        )

    def play(self, step):
        sent, bars = step
        for one in sent:
            self.book[one.id] = one
            self.take(self.market.submit(one, one.created), one.created)
        for one in bars:
            self.take(self.market.on_bar(one), one.timestamp, one)

    def take(self, reports, timestamp, bar=None):
        apply(self.book, reports, timestamp)
        self.reports.extend(reports)
        if bar is not None:
            self.played.append((bar, reports))

    def restart(self):
        """Opens the market anew from what the engine knows, through JSON."""
        text = msgspec.json.encode(
            [one for one in self.book.values() if one.is_working]
        )
        self.market = self.open()
        self.market.restore(
            msgspec.json.decode(text, type=list[orders.Order]),
            {bar.symbol: bar.close for bar, _ in self.played},
        )

    def fills(self):
        return [one for one in self.reports if isinstance(one, orders.Fill)]


def never(order):
    """The emergency stop does not hold."""
    return False
