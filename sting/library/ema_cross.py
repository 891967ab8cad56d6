"""A crossing of two exponential averages."""

from typing import Any

from sting import strategy


class EmaCross(strategy.AbstractStrategy):
    """Buys when the fast average crosses above the slow one, sells below it.

    It bets, as the crossing of plain averages does, that a move which has
    begun goes on; exponential averages turn sooner. It loses where prices go
    nowhere, and there it loses more often, since it also turns sooner on
    noise. Long or flat, never short; each symbol by itself.
    """

    parameters = {  # noqa: RUF012
        'fast': strategy.Parameter(
            12, low=1, high=1000, doc='bars in the fast average'
        ),
        'slow': strategy.Parameter(
            26, low=2, high=5000, doc='bars in the slow average'
        ),
        'weight': strategy.Parameter(
            0.18, low=0.001, high=1.0, doc='share of the account in a symbol'
        ),
    }

    async def on_start(self) -> None:
        """Asks for the two averages of the close."""
        fast = self.parameters['fast']
        slow = self.parameters['slow']
        if fast >= slow:
            raise ValueError(f'fast {fast} must be below slow {slow}')
        self._fast = self.indicator(strategy.indicators.EMA, period=fast)
        self._slow = self.indicator(strategy.indicators.EMA, period=slow)
        # What it wants to be in, filled yet or not.
        self._wanted: set[str] = set()

    async def on_market_data(self, data: strategy.MarketData) -> None:
        """Compares the averages at this bar and at the one before it."""
        fast, slow, symbol = self._fast, self._slow, data.symbol
        is_in = symbol in self._wanted or self.portfolio.quantity(symbol)
        if not is_in and strategy.indicators.crossed_above(fast, slow):
            self._wanted.add(symbol)
            self.target_weight(
                symbol,
                self.parameters['weight'],
                reason=f'{fast.name} crossed above {slow.name}',
            )
        elif is_in and strategy.indicators.crossed_below(fast, slow):
            self._wanted.discard(symbol)
            self.close(symbol, f'{fast.name} crossed below {slow.name}')

    def save_state(self) -> dict[str, Any]:
        """Gives what it wants to be in."""
        return {'wanted': sorted(self._wanted)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Takes it back."""
        self._wanted = set(state['wanted'])
