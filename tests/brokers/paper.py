"""The world of the paper broker: its market, and the drill as its troubles."""

import collections

from sting.broker import drills
from sting.broker import paper
from sting.engine import clock as clocks
from sting.model import market
from sting.model import orders
from sting.simulator import costs as costs_lib
from sting.simulator import ticks
from sting.testing.brokers import venues
from sting.testing.brokers import world


class Trouble(drills.Trouble):
    """What goes wrong once, when it was asked for."""

    def __init__(self):
        self.refusals = collections.deque()
        self.losses = collections.deque()
        self.cut = False

    def refusal(self):
        return self.refusals.popleft() if self.refusals else ''

    def loss(self):
        return self.losses.popleft() if self.losses else ''

    def is_cut(self, elapsed_s):
        return self.cut


class Way(drills.DrilledBroker):
    """The way to the paper broker; its world hands on what bars fill."""

    sink = None

    async def connect(self, sink, halted):
        await super().connect(sink, halted)
        self.sink = sink


class PaperWorld(world.World):
    """A paper broker, restored from its own books for each new way."""

    def __init__(self):
        self.clock = clocks.VirtualClock(venues.START)
        self.trouble = Trouble()
        self.way = None
        self._inner = None
        self._others = 0

    def make(self):
        before, self._inner = (
            self._inner,
            paper.PaperBroker(
                ticks.TickMarket(
                    costs_lib.CostModel(commission_bps=1.0),
                    session_close=venues.session_close,
                    session_open=venues.session_open,
                ),
                self.clock,
                cash=self.cash,
            ),
        )
        if before is not None:
            # What an engine has in its log.
            self._inner.restore(
                before._orders.values(),
                before._portfolio,
                before._fills,
                before._prices,
            )
        self.way = Way(self._inner, self.trouble, self.clock)
        return self.way

    def now(self):
        return self.clock.now()

    async def trade(
        self, symbol, open, high=None, low=None, close=None, volume=1e6
    ):
        self.clock.advance(self.now() + venues.MINUTE)
        last = open if close is None else close
        told = self.way.match(
            market.MarketData(
                symbol,
                self.now(),
                open,
                max(x for x in (open, last, high) if x is not None),
                min(x for x in (open, last, low) if x is not None),
                last,
                volume,
            )
        )
        for report in told:
            self.way.sink(report)

    async def end_session(self):
        self.clock.advance(venues.session_close(self.now()) + venues.MINUTE)

    async def begin_session(self):
        self.clock.advance(venues.session_open(self.now() + 1))

    async def last_minute(self):
        self.clock.advance(venues.session_close(self.now()) - venues.MINUTE)

    async def placed(self, order_id):
        return int(order_id in self._inner._orders)

    async def refuse(self, words):
        self.trouble.refusals.append(words)

    async def lose_request(self):
        self.trouble.losses.append('request')

    async def lose_answer(self):
        self.trouble.losses.append('answer')

    async def drop(self):
        self.trouble.cut = True
        # Each thing that happens there is told by it, or not.
        self.way.match(
            market.MarketData('', self.now(), 1.0, 1.0, 1.0, 1.0, 0.0)
        )

    async def restore(self):
        self.trouble.cut = False

    async def repeat(self):
        self.way.sink(self._inner._fills[-1])

    async def place_elsewhere(self, symbol, side, quantity, price):
        self._others += 1
        await self._inner.place_order(
            orders.Order(
                id=f'{venues.OTHERS}{self._others}',
                symbol=symbol,
                side=side,
                quantity=quantity,
                type=orders.OrderType.LIMIT,
                price=price,
                created=self.now(),
            )
        )

    async def trade_elsewhere(self, symbol, side, quantity, price):
        self._inner._portfolio.apply(
            orders.Fill(
                order_id=f'{venues.OTHERS}{self._others}',
                execution_id='1',
                symbol=symbol,
                side=side,
                quantity=quantity,
                price=price,
                timestamp=self.now(),
            )
        )

    async def close(self):
        pass
