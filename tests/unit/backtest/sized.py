"""A strategy whose quantities and exits are configured, not written."""

from sting import strategy


class Sized(strategy.AbstractStrategy):
    """Buys now and then whatever it does not hold, and never sells."""

    async def on_start(self):
        """Begins to count."""
        self.bars = 0

    async def on_market_data(self, data):
        """Buys with each fifth bar, without a quantity."""
        self.bars += 1
        if self.bars % 5 == 0 and not self.position(data.symbol).quantity:
            self.buy(data.symbol, reason='the fifth bar')
