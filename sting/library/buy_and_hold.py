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
        """Begins with nothing asked for."""
        self._asked: set[str] = set()

    async def on_market_data(self, data: strategy.MarketData) -> None:
        """Buys a symbol that it sees for the first time and does not hold."""
        if data.symbol in self._asked:
            return
        self._asked.add(data.symbol)
        # After a restart it may hold what it bought before.
        if not self.portfolio.quantity(data.symbol):
            self.buy(
                data.symbol, self.parameters['quantity'], reason='first bar'
            )
