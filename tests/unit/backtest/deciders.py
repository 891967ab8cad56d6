"""Decisions for the tests of compiled runs."""

import math

from sting import strategy
from sting.strategy import handles
from sting.strategy import kinds


class Mixed(strategy.CompiledStrategy):
    """Draws all kinds of orders, one after another; it knows no better.

    Only whole numbers and the four rules of arithmetic, so that plain Python
    gives the same.
    """

    parameters = {  # noqa: RUF012
        'seed': strategy.Parameter(1, low=0, high=2**31),
        'often': strategy.Parameter(3, low=1, high=100),
        'size': strategy.Parameter(100.0, low=0.001),
        'step': strategy.Parameter(0.0005, low=0.0, high=0.5),
        'named': strategy.Parameter('not a number'),
        'shorts': strategy.Parameter(True),
    }

    def inputs(self):
        return (self.indicator(strategy.indicators.SMA, period=3),)

    def initial_state(self):
        return (self.parameters['seed'], (0.0, False))

    @staticmethod
    def decide(
        open,
        high,
        low,
        close,
        volume,
        position,
        indicators,
        state,
        parameters,
    ):
        drawn, (total, seen) = state
        _, often, size, step, shorts = parameters
        drawn = (drawn * 1103515245 + 12345) % 2147483648
        pick = drawn >> 8
        state = (drawn, (total + close, seen or position != 0.0))
        if pick % often:
            return 0.0, kinds.LIMIT, math.nan, state
        side = 1 - 2 * (pick // 128 % 2)
        if not shorts and side < 0:
            side = 0
            size = -position
        quantity = size * (1 + pick // 256 % 5)
        if side:
            quantity *= side
        kind = pick // 4096 % 5 - 1
        if kind == 3:
            # Half of them leave the market to where the average is.
            kind = kinds.LIMIT
            price = indicators[0]
            if not price > 0:
                kind, price = kinds.MARKET, 0.0
        elif kind == kinds.LIMIT:
            price = close * (1 - side * step * (pick // 32768 % 4 - 1))
        elif kind == kinds.STOP:
            price = close * (1 + side * step * (pick // 32768 % 4 - 1))
        else:
            price = 0.0
        return quantity, kind, price, state


class Curved(strategy.CompiledStrategy):
    """Uses what plain Python works out to other last digits."""

    def initial_state(self):
        return (0.0,)

    @staticmethod
    def decide(
        open,
        high,
        low,
        close,
        volume,
        position,
        indicators,
        state,
        parameters,
    ):
        (before,) = state
        now = math.exp(close / 97.0) ** 3 - math.log1p(volume)
        wanted = 0.0
        if now > before and position <= 0:
            wanted = math.exp(close / 31.0)
        elif now < before and position > 0:
            wanted = -position
        return wanted, kinds.MARKET, 0.0, (now,)


class Wrong(strategy.CompiledStrategy):
    """Asks for something that is no order, at the third bar."""

    parameters = {  # noqa: RUF012
        'quantity': strategy.Parameter(1.0),
        'kind': strategy.Parameter(0),
        'price': strategy.Parameter(0.0),
        'infinite': strategy.Parameter(False),
    }

    def initial_state(self):
        return (0,)

    @staticmethod
    def decide(
        open,
        high,
        low,
        close,
        volume,
        position,
        indicators,
        state,
        parameters,
    ):
        quantity, kind, price, infinite = parameters
        if infinite:
            quantity = math.inf
        (count,) = state
        if count < 2:
            quantity = 0.0
        return quantity, kind, price, (count + 1,)


class Listening(Curved):
    """Has a callback besides its decision."""

    async def on_position_update(self, position):
        self.log.info(f'{position.quantity}')


class Elsewhere(Curved):
    """Looks at the average of another symbol."""

    def inputs(self):
        return (self.indicator(strategy.indicators.SMA, symbol='Y', period=3),)


class Hourly(Curved):
    """Decides on bars that have to be built."""

    timeframes = ('1h',)


class Uncompilable(Curved):
    """Looks things up in what numba does not know."""

    @staticmethod
    def decide(
        open,
        high,
        low,
        close,
        volume,
        position,
        indicators,
        state,
        parameters,
    ):
        return float(_TABLE['units']), kinds.MARKET, 0.0, state


_TABLE = {'units': 1}


class Foreign(Curved):
    """Looks at a value that is no indicator."""

    def inputs(self):
        return (handles.Line('made up'),)


class Longer(Curved):
    """Looks at the average of longer bars."""

    def inputs(self):
        return (
            self.indicator(strategy.indicators.SMA, timeframe='5m', period=3),
        )


class Slow(strategy.indicators.Indicator):
    """Has only the one speed, and two lines."""

    lines = ('range', 'body')

    def __init__(self):
        self.name = 'Slow()'

    def update(self, bar):
        self.values = (bar.high - bar.low, bar.close - bar.open)
        return self.values[0]


class OneSpeed(Curved):
    """Buys where the bars are wide."""

    def inputs(self):
        slow = self.indicator(Slow)
        bands = self.indicator(strategy.indicators.Bollinger, period=5)
        return (slow, bands.upper, slow.body, bands)

    @staticmethod
    def decide(
        open,
        high,
        low,
        close,
        volume,
        position,
        indicators,
        state,
        parameters,
    ):
        wide, upper, body, middle = indicators
        wanted = 0.0
        if close > upper or wide > close * 0.001:
            wanted = 1.0
        elif body < 0 and close < middle:
            wanted = -1.0
        return wanted, kinds.MARKET, 0.0, state


class Always(strategy.CompiledStrategy):
    """Goes in at one bar and out at the next."""

    @staticmethod
    def decide(
        open,
        high,
        low,
        close,
        volume,
        position,
        indicators,
        state,
        parameters,
    ):
        wanted = -position if position else 1.0
        return wanted, kinds.MARKET, 0.0, state
