"""A crossing of two moving averages."""

from sting import strategy


class SmaCross(strategy.AbstractStrategy):
    """Buys when the fast average crosses above the slow one, sells below it.

    It bets that a move which has begun goes on: that trends last longer than
    the slow average takes to see them. It loses where prices go nowhere:
    every turn inside a range is bought late and sold late, and each round
    costs two fees. Long or flat, never short; each symbol by itself.
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

    async def on_start(self) -> None:
        """Asks for the two averages of the close."""
        fast = self.parameters['fast']
        slow = self.parameters['slow']
        if fast >= slow:
            raise ValueError(f'fast {fast} must be below slow {slow}')
        self._fast = self.indicator(strategy.indicators.SMA, period=fast)
        self._slow = self.indicator(strategy.indicators.SMA, period=slow)
        self._quantity = self.parameters['quantity']
        self._working: dict[str, str] = {}

    async def on_market_data(self, data: strategy.MarketData) -> None:
        """Compares the averages at this bar and at the one before it."""
        fast, slow = self._fast, self._slow
        now = fast.value - slow.value
        before = fast.previous - slow.previous
        if before <= 0 < now:
            side = 'above'
        elif before >= 0 > now:
            side = 'below'
        else:
            return
        symbol = data.symbol
        if symbol in self._working:
            return
        held = self.portfolio.quantity(symbol)
        reason = f'{fast.name} crossed {side} {slow.name}'
        if side == 'above' and held == 0:
            self._working[symbol] = self.buy(
                symbol, self._quantity, reason=reason
            )
        elif side == 'below' and held > 0:
            self._working[symbol] = self.sell(symbol, held, reason=reason)

    async def on_order_update(self, order: strategy.Order) -> None:
        """Forgets an order that is done, so that the next may go."""
        if not order.is_working and self._working.get(order.symbol) == order.id:
            del self._working[order.symbol]
