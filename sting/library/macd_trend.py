"""The MACD, with the long trend."""

from typing import Any

from sting import strategy


class MacdTrend(strategy.AbstractStrategy):
    """Buys a turn of the MACD upward in a rising market, sells the next down.

    It bets that a pause in a long rise ends when the MACD crosses above its
    signal, and that the rise then goes on. Below the long average it does not
    buy. It loses in markets that turn often without going anywhere, and at the
    top of a long rise, which it takes for one more pause. Long or flat.
    """

    parameters = {  # noqa: RUF012
        'fast': strategy.Parameter(
            12, low=1, high=1000, doc='bars in the fast average'
        ),
        'slow': strategy.Parameter(
            26, low=2, high=5000, doc='bars in the slow average'
        ),
        'signal': strategy.Parameter(
            9, low=1, high=1000, doc='values in the average of the MACD'
        ),
        'trend': strategy.Parameter(
            100, low=2, high=5000, doc='bars in the average that tells a rise'
        ),
        'weight': strategy.Parameter(
            0.18, low=0.001, high=1.0, doc='share of the account in a symbol'
        ),
    }

    async def on_start(self) -> None:
        """Asks for the MACD and for the long average."""
        fast = self.parameters['fast']
        slow = self.parameters['slow']
        if fast >= slow:
            raise ValueError(f'fast {fast} must be below slow {slow}')
        self._macd = self.indicator(
            strategy.indicators.MACD,
            fast=fast,
            slow=slow,
            signal=self.parameters['signal'],
        )
        self._trend = self.indicator(
            strategy.indicators.EMA, period=self.parameters['trend']
        )
        # What it wants to be in, filled yet or not.
        self._wanted: set[str] = set()

    async def on_market_data(self, data: strategy.MarketData) -> None:
        """Looks for a crossing of the MACD and its signal."""
        macd, trend, symbol = self._macd, self._trend, data.symbol
        is_in = symbol in self._wanted or self.portfolio.quantity(symbol)
        if is_in:
            if strategy.indicators.crossed_below(macd, macd.signal):
                self._wanted.discard(symbol)
                self.close(symbol, f'{macd.name} crossed below its signal')
        elif data.close > trend.value and strategy.indicators.crossed_above(
            macd, macd.signal
        ):
            self._wanted.add(symbol)
            self.target_weight(
                symbol,
                self.parameters['weight'],
                reason=f'{macd.name} crossed above its signal, '
                f'above {trend.name}',
            )

    def save_state(self) -> dict[str, Any]:
        """Gives what it wants to be in."""
        return {'wanted': sorted(self._wanted)}

    def load_state(self, state: dict[str, Any]) -> None:
        """Takes it back."""
        self._wanted = set(state['wanted'])
