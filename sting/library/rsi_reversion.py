"""A return from an oversold RSI."""

from typing import Any

from sting import strategy


class RsiReversion(strategy.AbstractStrategy):
    """Buys when the RSI has fallen low, sells when it has come back.

    It bets that a fast fall is overdone and that part of it comes back within
    days. It loses where the fall had a reason and goes on: then it holds a
    loser until its patience ends, and may buy the next step down. Many small
    gains, few large losses. Long or flat; each symbol by itself.
    """

    parameters = {  # noqa: RUF012
        'period': strategy.Parameter(14, low=2, high=500, doc='of the RSI'),
        'oversold': strategy.Parameter(
            30.0, low=1.0, high=50.0, doc='RSI below which it buys'
        ),
        'recovered': strategy.Parameter(
            55.0, low=10.0, high=99.0, doc='RSI above which it sells'
        ),
        'patience': strategy.Parameter(
            20, low=1, high=1000, doc='bars after which it sells anyway'
        ),
        'weight': strategy.Parameter(
            0.18, low=0.001, high=1.0, doc='share of the account in a symbol'
        ),
    }

    async def on_start(self) -> None:
        """Asks for the RSI."""
        oversold = self.parameters['oversold']
        recovered = self.parameters['recovered']
        if oversold >= recovered:
            raise ValueError(
                f'oversold {oversold:g} must be below recovered {recovered:g}'
            )
        self._rsi = self.indicator(
            strategy.indicators.RSI, period=self.parameters['period']
        )
        # By symbol, the bars since it was held first.
        self._held: dict[str, int] = {}

    async def on_market_data(self, data: strategy.MarketData) -> None:
        """Holds the RSI against the two levels."""
        rsi, symbol = self._rsi, data.symbol
        if not self.portfolio.quantity(symbol):
            self._held.pop(symbol, None)
            if strategy.indicators.crossed_below(
                rsi, self.parameters['oversold']
            ):
                self.target_weight(
                    symbol,
                    self.parameters['weight'],
                    reason=f'{rsi.name} fell to {rsi.value:.1f}',
                )
            return
        held = self._held[symbol] = self._held.get(symbol, 0) + 1
        if rsi.value > self.parameters['recovered']:
            self.close(symbol, f'{rsi.name} is back at {rsi.value:.1f}')
        elif held >= self.parameters['patience']:
            self.close(symbol, f'no recovery in {held} bars')

    def save_state(self) -> dict[str, Any]:
        """Gives how long it has held what it holds."""
        return {'held': self._held}

    def load_state(self, state: dict[str, Any]) -> None:
        """Takes it back."""
        self._held = dict(state['held'])
