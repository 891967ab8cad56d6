"""Whenever the engine dies, the exits are those that there would have been."""

import collections
import functools

import pytest

from sting.engine import bus
from sting.engine import core
from sting.engine import exits
from sting.engine import step
from sting.model import market
from sting.model import orders
from sting.risk import manager
from sting.simulator import market as simulated
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
BUY, SELL = worlds.BUY, worlds.SELL
KIND = orders.SignalKind


class DeadError(Exception):
    """The process is gone."""


class Life:
    """An engine with a market in its process, and the log that outlives it."""

    def __init__(self, log, dies_after, gate=None):
        self.log = log
        self._dies_after = dies_after
        self.market = simulated.MarketSimulator()
        self.engine = core.CoreEngine(
            gate or manager.RiskManager(),
            symbols=worlds.SYMBOLS,
            strategies={'sma': 1},
            matcher=self.market.on_bar,
        )
        self.state = self.engine.state
        self.market.know(functools.partial(exits.standing, self.state))
        for event in log:
            self.state.apply(event)
        self._effects = collections.deque()

    def recover(self):
        """Hands the market its orders, and asks about what was under way."""
        known = [o for o in self.state.working() if o.broker_id]
        self.market.restore(known, self.state.prices)
        theirs = {one.id: one for one in self.market.working()}
        for order in list(self.state.working()):
            if order.id not in theirs:
                self._effects.append(step.Place(order))
            elif order.status is S.PENDING_CANCEL:
                self._effects.append(step.Cancel(order))
            elif order.status is S.PENDING_REPLACE:
                there = theirs[order.id]
                self.tell(
                    T.ORDER_UPDATE,
                    orders.OrderUpdate(
                        order_id=order.id,
                        status=there.status,
                        quantity=there.quantity,
                        stop_price=there.stop_price,
                    ),
                )
        self._act()

    def tell(self, kind, data, symbol=''):
        now = getattr(data, 'timestamp', 0) or self.state.time
        came = self.engine.process_event(
            bus.Incoming(kind, data, 'test', symbol), now
        )
        self.log += came.events
        self._dies_after -= 1
        if not self._dies_after:
            raise DeadError
        self._effects += came.effects
        self._act()

    def _act(self):
        while self._effects:
            effect = self._effects.popleft()
            now = self.state.time
            reports = []
            if isinstance(effect, step.Place):
                reports = self.market.submit(effect.order, now)
            elif isinstance(effect, step.Cancel):
                reports = self.market.cancel(effect.order.id, now)
            elif isinstance(effect, step.Replace):
                reports = self.market.replace(
                    effect.order.id,
                    now,
                    effect.quantity,
                    effect.price,
                    effect.stop_price,
                )
            for report in reports:
                self.tell(T.ORDER_UPDATE, report)


def bar(at, *four, volume=16.0):
    opened, high, low, closed = map(float, four)
    stamp = worlds.NOON + at * worlds.MINUTE
    return T.MARKET_DATA, market.MarketData(
        'AAPL', stamp, opened, high, low, closed, volume
    )


def wish(number, **fields):
    return T.SIGNAL, orders.Signal(
        symbol='AAPL', strategy='sma', order_id=f'ab-{number}-1-1', **fields
    )


# At most four units a bar.
STORY = [
    (T.LOG_CREATED, worlds.CREATED),
    bar(1, 100, 100, 100, 100),
    wish(1, side=BUY, quantity=10.0, take_profit=110.0, stop_loss=95.0),
    bar(2, 100, 100, 100, 100),  # 4
    bar(3, 100, 100, 100, 100),  # 8
    bar(4, 111, 111, 111, 111, volume=24.0),  # 10, and 4 of them out
    wish(2, side=SELL, quantity=1.0),
    bar(5, 100, 100, 100, 100),  # 5
    bar(6, 100, 100, 94, 94, volume=8.0),  # the stop loss takes 2
    wish(3, side=BUY, quantity=3.0, stop_loss=90.0),
    bar(7, 96, 96, 96, 96, volume=1000.0),
    wish(4, kind=KIND.CLOSE),
    bar(8, 96, 96, 96, 96, volume=1000.0),
]


def played(dies_after, story=STORY, gate=None):
    """Plays the story, with one death; gives what it came to, or None."""
    log = []
    life = Life(log, dies_after, gate and gate())
    died = False
    for kind, data in story:
        try:
            life.tell(kind, data, getattr(data, 'symbol', ''))
        except DeadError:
            died = True
            life = Life(log, 0, gate and gate())
            life.recover()
    fills = [
        (f.order_id, f.quantity, f.price)
        for f in (event.data for event in log if event.type is T.FILL)
    ]
    working = [(o.id, o.remaining) for o in life.state.working()]
    return died, fills, working, life.state.brackets


def test_the_story_has_exits_that_grow_shrink_and_fill():
    died, fills, working, brackets = played(0)
    assert not died
    names = [order_id.rpartition('-')[2] for order_id, _, _ in fills]
    assert {'tp', 'sl'} <= set(names)
    assert (working, brackets) == ([], {})


def test_a_death_after_any_step_changes_no_fill():
    whole = played(0)[1:]
    deaths = 0
    while (came := played(deaths + 1))[0]:
        assert came[1:] == whole, f'death after step {deaths + 1}'
        deaths += 1
    assert deaths > 20
