"""A strategy that goes for a number of units, long or short, and stays."""

from sting import strategy


class Holder(strategy.AbstractStrategy):
    """Buys or sells on its first bar."""

    parameters = {  # noqa: RUF012
        'units': strategy.Parameter(10, low=-1000, high=1000)
    }

    async def on_start(self):
        """Has not asked yet."""
        self.asked = False

    async def on_market_data(self, data):
        """Asks once."""
        if self.asked:
            return
        self.asked = True
        units = self.parameters['units']
        if units > 0:
            self.buy('X', units)
        elif units < 0:
            self.sell('X', -units)
