"""A strategy that sends orders of every kind, drawn by its seed alone."""

import random

from sting import strategy
from sting.model import orders

K = strategy.OrderType
T = orders.TimeInForce


class Wanderer(strategy.AbstractStrategy):
    """Never looks at the account, so that costs change nothing it does."""

    parameters = {  # noqa: RUF012
        'seed': strategy.Parameter(0, low=0, high=2**31),
        'exits': strategy.Parameter(True),
    }

    async def on_start(self):
        self.random = random.Random(self.parameters['seed'])
        self.sent = []

    async def on_market_data(self, data):
        draw = self.random
        if self.sent and draw.random() < 0.1:
            self.cancel(draw.choice(self.sent))
        if draw.random() < 0.5:
            self.sent.append(self.send(data, draw))

    def send(self, data, draw):
        kind = draw.choice(list(K))
        more = {}
        near = data.close * (1.0 + draw.uniform(-0.0006, 0.0006))
        if kind in (
            K.LIMIT,
            K.STOP_LIMIT,
            K.LIMIT_ON_OPEN,
            K.LIMIT_ON_CLOSE,
        ):
            more['price'] = near
        if kind in (K.STOP, K.STOP_LIMIT):
            more['stop_price'] = data.close * (
                1.0 + draw.uniform(-0.0006, 0.0006)
            )
        if kind is K.TRAILING_STOP:
            more['trail'] = draw.choice(['0.1%', data.close * 0.002])
        else:
            more['time_in_force'] = draw.choice([T.GTC, T.DAY, T.IOC, T.FOK])
        side = draw.choice([1, -1])
        exits = draw.random() < 0.4 and self.parameters['exits']
        if exits and kind is not K.TRAILING_STOP:
            levels = data.close, *map(more.get, ('price', 'stop_price'))
            levels = [level for level in levels if level]
            high, low = max(levels) * 1.0005, min(levels) * 0.9995
            more['take_profit'] = high if side > 0 else low
            more['stop_loss'] = low if side > 0 else high
        verb = self.buy if side > 0 else self.sell
        return verb(data.symbol, float(draw.randint(1, 50)), kind, **more)
