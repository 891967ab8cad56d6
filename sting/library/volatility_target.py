"""As much of each symbol as its volatility allows."""

from typing import Any

from sting import strategy

_IN_VAIN = frozenset(
    {strategy.OrderStatus.DENIED, strategy.OrderStatus.REJECTED}
)


class VolatilityTarget(strategy.AbstractStrategy):
    """Holds each symbol always: more while it is calm, less while it is wild.

    It bets that calm days follow calm days and wild ones wild ones, so that
    the risk of tomorrow is known, and that markets pay for risk over the
    years. It loses what the market loses, on less when it was wild before;
    a crash out of calm hits it fully invested, and after it, it buys back
    late. Long only; each symbol by itself.
    """

    parameters = {  # noqa: RUF012
        'target': strategy.Parameter(
            0.2, low=0.01, high=2.0, doc='volatility wanted, a year'
        ),
        'period': strategy.Parameter(
            20, low=2, high=1000, doc='returns in the volatility'
        ),
        'bars_per_year': strategy.Parameter(
            252.0, low=1.0, doc='of the timeframe; 252 for days'
        ),
        'share': strategy.Parameter(
            0.15,
            low=0.001,
            high=1.0,
            doc='share of the account in a symbol that is at the target',
        ),
        'most': strategy.Parameter(
            0.19, low=0.001, high=1.0, doc='the largest share of one symbol'
        ),
        'band': strategy.Parameter(
            0.1,
            low=0.0,
            high=1.0,
            doc='change of the share that is traded, a fraction of it',
        ),
    }

    async def on_start(self) -> None:
        """Asks for the volatility."""
        self._volatility = self.indicator(
            strategy.indicators.Volatility,
            period=self.parameters['period'],
            bars_per_year=self.parameters['bars_per_year'],
        )
        # By symbol, the share that it wanted last.
        self._weights: dict[str, float] = {}

    async def on_market_data(self, data: strategy.MarketData) -> None:
        """Works out the share, and trades where it has changed enough."""
        volatility = self._volatility
        if not volatility.ready:
            return
        most = self.parameters['most']
        # Of what does not move at all there can be the most.
        calm = self.parameters['share'] * self.parameters['target']
        weight = most
        if volatility.value * most > calm:
            weight = calm / volatility.value
        before = self._weights.get(data.symbol, 0.0)
        if abs(weight - before) <= self.parameters['band'] * before:
            return
        self._weights[data.symbol] = weight
        self.target_weight(
            data.symbol,
            weight,
            reason=f'{volatility.name} is {volatility.value:.1%}',
        )

    async def on_order_update(self, order: strategy.Order) -> None:
        """Wants anew what came to nothing."""
        if order.status in _IN_VAIN:
            self._weights.pop(order.symbol, None)

    def save_state(self) -> dict[str, Any]:
        """Gives the shares that it wanted last."""
        return {'weights': self._weights}

    def load_state(self, state: dict[str, Any]) -> None:
        """Takes them back."""
        self._weights = dict(state['weights'])
