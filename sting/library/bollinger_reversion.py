"""A return from outside Bollinger's bands."""

from sting import strategy


class BollingerReversion(strategy.AbstractStrategy):
    """Buys below the lower band, sells at the middle; sells short likewise.

    It bets that prices swing around their mean and that two deviations are
    far from it. It loses when a trend begins: prices walk along a band, the
    mean follows them slowly, and each return to it costs more than the last
    swings brought. Without `short` it is long or flat; each symbol by itself.
    """

    parameters = {  # noqa: RUF012
        'period': strategy.Parameter(
            20, low=2, high=1000, doc='bars in the mean and the deviation'
        ),
        'width': strategy.Parameter(
            2.0, low=0.1, high=10.0, doc='deviations from the mean to a band'
        ),
        'short': strategy.Parameter(
            False, doc='sells short above the upper band'
        ),
        'weight': strategy.Parameter(
            0.18, low=0.001, high=1.0, doc='share of the account in a symbol'
        ),
    }

    async def on_start(self) -> None:
        """Asks for the bands."""
        self._bands = self.indicator(
            strategy.indicators.Bollinger,
            period=self.parameters['period'],
            width=self.parameters['width'],
        )

    async def on_market_data(self, data: strategy.MarketData) -> None:
        """Holds the close against the bands, or against their middle."""
        bands, symbol, close = self._bands, data.symbol, data.close
        held = self.portfolio.quantity(symbol)
        weight = self.parameters['weight']
        if not held:
            if close < bands.lower.value:
                reason = f'below the lower band of {bands.name}'
                self.target_weight(symbol, weight, reason)
            elif self.parameters['short'] and close > bands.upper.value:
                reason = f'above the upper band of {bands.name}'
                self.target_weight(symbol, -weight, reason)
        elif (close >= bands.value) if held > 0 else (close <= bands.value):
            self.close(symbol, f'back at the middle of {bands.name}')
