"""Buying once and keeping it."""

from sting import strategy


class BuyAndHold(strategy.AbstractStrategy):
    """Buys each symbol at its first bar and never sells.

    It bets that the market rises over the years, and it is what every other
    strategy has to beat. It loses whatever the market loses, all the way down.
    """

    parameters = {  # noqa: RUF012
        'quantity': strategy.Parameter(
            100.0, low=1e-6, doc='units of each symbol'
        ),
    }

    async def on_start(self) -> None:
        """Begins with nothing bought."""
        self._bought: set[str] = set()

    async def on_market_data(self, data: strategy.MarketData) -> None:
        """Buys a symbol that is seen for the first time."""
        if data.symbol not in self._bought:
            self._bought.add(data.symbol)
            self.buy(
                data.symbol, self.parameters['quantity'], reason='first bar'
            )
