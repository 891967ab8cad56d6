"""A crossing of two moving averages, decided by a compiled function."""

from collections.abc import Sequence
import math
from typing import Any

from sting import strategy


class SmaCrossCompiled(strategy.CompiledStrategy):
    """Buys when the fast average crosses above the slow one, sells below it.

    It bets on and loses by the same as `sma_cross`, and shows how a decision
    is written that can be compiled: one function of numbers and tuples, with
    what it has to remember in its state.
    """

    parameters = {  # noqa: RUF012
        'fast': strategy.Parameter(
            10, low=1, high=1000, doc='bars in the fast average'
        ),
        'slow': strategy.Parameter(
            30, low=2, high=5000, doc='bars in the slow average'
        ),
        'quantity': strategy.Parameter(
            100.0, low=1e-6, doc='units in one purchase'
        ),
    }

    def inputs(self) -> Sequence[Any]:
        """Asks for the two averages of the close."""
        fast = self.parameters['fast']
        slow = self.parameters['slow']
        if fast >= slow:
            raise ValueError(f'fast {fast} must be below slow {slow}')
        return (
            self.indicator(strategy.indicators.SMA, period=fast),
            self.indicator(strategy.indicators.SMA, period=slow),
        )

    def initial_state(self) -> tuple[float]:
        """Gives the difference of the averages before the first bar: none."""
        return (math.nan,)

    @staticmethod
    def decide(
        open: float,
        high: float,
        low: float,
        close: float,
        volume: float,
        position: float,
        indicators: tuple[float, ...],
        state: tuple[float],
        parameters: tuple[Any, ...],
    ) -> tuple[float, int, float, tuple[float]]:
        """Compares the difference of the averages with that of before."""
        fast, slow = indicators
        (before,) = state
        quantity = parameters[2]
        now = fast - slow
        wanted = 0.0
        if before <= 0 < now and position == 0:
            wanted = quantity
        elif before >= 0 > now and position > 0:
            wanted = -position
        return wanted, strategy.kinds.MARKET, 0.0, (now,)
