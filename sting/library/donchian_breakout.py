"""A breakout from Donchian's channel, with stops of so many true ranges."""

import dataclasses
from typing import Any

from sting import strategy


@dataclasses.dataclass
class Stop:
    """A stop order that works.

    Attributes:
        id: The order's id.
        level: Its trigger.
        size: Units that it still covers.
        leaves: Whether it is being cancelled.
    """

    id: str
    level: float
    size: float
    leaves: bool = False


class DonchianBreakout(strategy.AbstractStrategy):
    """Buys a new high of some weeks, gets out at a new low of fewer.

    It bets that a few long trends pay for many false starts. A stop order
    lies so many average true ranges below, rises with the price and never
    falls. It loses in markets without trends, where a new high is soon the top
    of the range: most trades are small losses. A gap through the stop fills
    below it. Long or flat; each symbol by itself.
    """

    parameters = {  # noqa: RUF012
        'entry': strategy.Parameter(
            20, low=2, high=1000, doc='bars whose highest price it buys above'
        ),
        'exit': strategy.Parameter(
            10, low=2, high=1000, doc='bars whose lowest price it sells below'
        ),
        'atr': strategy.Parameter(
            20, low=1, high=1000, doc='bars in the average true range'
        ),
        'stop': strategy.Parameter(
            3.0, low=0.1, high=50.0, doc='true ranges from a close to the stop'
        ),
        'step': strategy.Parameter(
            0.5, low=0.0, high=10.0, doc='true ranges by which it is raised'
        ),
        'weight': strategy.Parameter(
            0.18, low=0.001, high=1.0, doc='share of the account in a symbol'
        ),
    }

    async def on_start(self) -> None:
        """Asks for two channels and the true range."""
        given = self.parameters
        kinds = strategy.indicators
        self._entry = self.indicator(kinds.Donchian, period=given['entry'])
        self._exit = self.indicator(kinds.Donchian, period=given['exit'])
        self._range = self.indicator(kinds.ATR, period=given['atr'])
        # By symbol: where the stop has to be, and the order that is there.
        self._levels: dict[str, float] = {}
        self._stops: dict[str, Stop] = {}
        self._leaving: set[str] = set()

    async def on_market_data(self, data: strategy.MarketData) -> None:
        """Looks for a new high, or for a new low and a higher stop."""
        symbol = data.symbol
        if self.portfolio.quantity(symbol) > 0:
            self._hold(symbol, data.close)
        elif data.close > self._entry.upper.previous and self._range.ready:
            reach = self.parameters['stop'] * self._range.value
            self._levels[symbol] = data.close - reach
            self.target_weight(
                symbol,
                self.parameters['weight'],
                reason=f'new high of {self.parameters["entry"]} bars',
            )

    async def on_position_update(self, position: strategy.Position) -> None:
        """Covers what was bought, from the next price on."""
        symbol = position.symbol
        if position.quantity > 0:
            self._protect(symbol)
            return
        self._leaving.discard(symbol)
        if symbol in self._stops:
            self.cancel(self._stops[symbol].id)

    async def on_order_update(self, order: strategy.Order) -> None:
        """Follows the stop; one that was cancelled makes room for the next."""
        stop = self._stops.get(order.symbol)
        if stop is None or stop.id != order.id:
            return
        stop.size = order.quantity - order.filled
        if order.is_working:
            return
        del self._stops[order.symbol]
        # One that was refused is tried again at the next bar.
        if stop.leaves and order.status is strategy.OrderStatus.CANCELLED:
            self._protect(order.symbol)

    def save_state(self) -> dict[str, Any]:
        """Gives where its stops are and have to be."""
        return {
            'levels': self._levels,
            'stops': {
                symbol: dataclasses.asdict(stop)
                for symbol, stop in self._stops.items()
            },
            'leaving': sorted(self._leaving),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Takes it back."""
        self._levels = dict(state['levels'])
        self._stops = {
            symbol: Stop(**stop) for symbol, stop in state['stops'].items()
        }
        self._leaving = set(state['leaving'])

    def _hold(self, symbol: str, close: float) -> None:
        """Gets out at a new low, else raises the stop where it can."""
        if symbol in self._leaving or close < self._exit.lower.previous:
            self._leaving.add(symbol)
            self.close(symbol, f'new low of {self.parameters["exit"]} bars')
            return
        reach = self._range.value
        level = close - self.parameters['stop'] * reach
        known = self._levels.get(symbol)
        if known is None or level >= known + self.parameters['step'] * reach:
            self._levels[symbol] = level
        self._protect(symbol)

    def _protect(self, symbol: str) -> None:
        """Sees that one stop covers what is held, at its level."""
        held = self.portfolio.quantity(symbol)
        # No price ever falls to 0.
        level = self._levels.get(symbol, 0.0)
        if symbol in self._leaving or held <= 0 or level <= 0:
            return
        stop = self._stops.get(symbol)
        if stop is None:
            order_id = self.sell(
                symbol,
                held,
                type=strategy.OrderType.STOP,
                stop_price=level,
                reason=f'{self.parameters["stop"]:g} {self._range.name} below',
            )
            self._stops[symbol] = Stop(order_id, level, held)
        elif not stop.leaves and (stop.level != level or stop.size != held):
            stop.leaves = True
            self.cancel(stop.id)
