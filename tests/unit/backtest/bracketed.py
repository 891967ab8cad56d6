"""A strategy with attached exits, for the tests of runs."""

from sting import strategy


class Bracketed(strategy.AbstractStrategy):
    """Goes in by turns, with exits so near that they fill bar by bar."""

    parameters = {  # noqa: RUF012
        'size': strategy.Parameter(800.0, low=1.0),
        'near': strategy.Parameter(0.0006, low=0.0),
    }

    async def on_start(self):
        self.bar = 0

    async def on_market_data(self, data):
        self.bar += 1
        size, near = self.parameters['size'], self.parameters['near']
        price = data.close
        turn = self.bar % 16
        if turn == 1:
            self.buy(
                data.symbol,
                size,
                take_profit=price * (1 + near),
                stop_loss=price * (1 - near),
            )
        elif turn == 5:
            self.sell(
                data.symbol,
                size / 2,
                strategy.OrderType.LIMIT,
                price=price,
                take_profit=price * (1 - near),
                stop_loss=price * (1 + near),
            )
        elif turn == 9:
            self.sell(data.symbol, size / 4)
        elif turn == 13:
            self.target(data.symbol, self.position(data.symbol).quantity / 2)
        elif turn == 15:
            self.close(data.symbol)
