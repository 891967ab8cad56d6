"""A strategy that does a little of everything, wrong things too.

What it does is read off the bars, so that the seed decides it.
"""

import math
from typing import Any

from sting import strategy
from sting.model import orders

# The last digits of a bar's volume say what it does.
ROLLS = 100


class Erratic(strategy.AbstractStrategy):
    """Orders of every kind, cancels, nonsense, and crashes."""

    def __init__(self, name, parameters):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204
        super().__init__(name, parameters)
        self._ids: list[str] = []
        self._nonsense: list[orders.Signal] = []

    async def on_market_data(self, data: strategy.MarketData) -> None:
        """Does what the volume's last digits say."""
        roll = int(data.volume) % ROLLS
        size = float(1 + int(data.close * 100) % 40)
        symbol, price = data.symbol, data.close
        if roll < 8:
            self._keep(self.buy(symbol, size, **_exits(roll, price)))
        elif roll < 16:
            self._keep(self.sell(symbol, size, **_exits(roll, price, -1)))
        elif roll < 24:
            self._keep(
                self.buy(
                    symbol, size, strategy.OrderType.LIMIT, price=price * 0.998
                )
            )
        elif roll < 32:
            self._keep(
                self.sell(
                    symbol, size, strategy.OrderType.LIMIT, price=price * 1.002
                )
            )
        elif roll < 36:
            self._keep(
                self.sell(
                    symbol,
                    size,
                    strategy.OrderType.STOP_LIMIT,
                    price=price * 0.99,
                    stop_price=price * 0.997,
                )
            )
        elif roll < 40:
            self.target(symbol, size - 20.0)
        elif roll < 43:
            self.close(symbol)
        elif roll < 55 and self._ids:
            self.cancel(self._ids[int(data.close) % len(self._ids)])
        elif roll < 57:
            self._make_nonsense(symbol)
        elif roll == 57 and self.position(symbol).quantity:
            raise RuntimeError('an error in a strategy')

    def generate_signals(self) -> list[orders.Signal]:
        """Adds signals that no verb would let through."""
        made, self._nonsense = self._nonsense, []
        return [*super().generate_signals(), *made]

    def _keep(self, order_id: str) -> None:
        self._ids = [*self._ids[-9:], order_id]

    def _make_nonsense(self, symbol: str) -> None:
        self._nonsense.append(
            orders.Signal(
                symbol=symbol,
                side=orders.OrderSide.BUY,
                quantity=math.nan,
                indicators={'broken': math.inf},
            )
        )


def _exits(roll: int, price: float, sign: int = 1) -> dict[str, Any]:
    """Gives an order no exit, one, the other or both."""
    exits: dict[str, Any] = {}
    if roll & 1:
        exits['take_profit'] = price * (1 + sign * 0.003)
    if roll & 2:
        exits['stop_loss'] = price * (1 - sign * 0.003)
    return exits
