"""Strategies for the tests of sweeps."""

import math
import os
import signal

from sting import strategy
from sting.strategy import kinds
from tests.unit.backtest import deciders


class Awkward(strategy.CompiledStrategy):
    """Does what only one of its kind would do, by `way`."""

    parameters = {  # noqa: RUF012
        'period': strategy.Parameter(3, low=1),
        'way': strategy.Parameter(0),
    }

    def inputs(self):
        way = self.parameters['way']
        period = self.parameters['period']
        if way == 1:
            raise ValueError(f'period {period} is refused')
        if way == 2:
            return (
                self.indicator(
                    strategy.indicators.SMA, timeframe='5m', period=period
                ),
            )
        if way == 3:
            return ()
        if way == 4:
            return (
                self.indicator(
                    strategy.indicators.SMA, symbol='Y', period=period
                ),
            )
        if way == 5:
            listed = self.indicator(Listed, periods=[period])
            return (listed, listed)
        if way == 6:
            failing = self.indicator(Failing)
            return (failing, failing)
        bands = self.indicator(strategy.indicators.Bollinger, period=period)
        return (bands.upper, bands)

    def initial_state(self):
        if self.parameters['way'] == 7:
            return ('a word',)
        return (0, (False, 0.0))

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
        count, (seen, total) = state
        _, way = parameters
        wanted = 0.0
        if count % 7 == 3:
            wanted = -position if position else 5.0
        if way == 8 and count == 9:
            wanted = math.inf
        state = (count + 1, (seen or position > 0.0, total + close))
        return wanted, kinds.MARKET, 0.0, state


class Listed(strategy.indicators.Indicator):
    """Takes what has no hash."""

    def __init__(self, periods):
        self.name = f'Listed({periods})'
        self._sum = 0.0

    def update(self, bar):
        self._sum += bar.close
        return self._sum


class Failing(strategy.indicators.Indicator):
    """Cannot work anything out."""

    def __init__(self):
        self.name = 'Failing()'

    def update(self, bar):
        raise ArithmeticError('no value')


class Own(deciders.Mixed):
    """Sets more up with each instance."""

    def __init__(self, name, parameters):
        super().__init__(name, parameters)
        self.seed = self.parameters['seed'] * 2 + 1

    def initial_state(self):
        return (self.seed, (0.0, False))


class Deadly(strategy.AbstractStrategy):
    """Takes its process with it."""

    parameters = {'at': strategy.Parameter(0)}  # noqa: RUF012

    async def on_start(self):
        if self.parameters['at'] == 2:
            os.kill(os.getpid(), signal.SIGKILL)
