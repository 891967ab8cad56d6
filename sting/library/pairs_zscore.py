"""Two symbols that belong together, traded against each other."""

from typing import Any

from sting import strategy

_REFUSED = frozenset(
    {strategy.OrderStatus.DENIED, strategy.OrderStatus.REJECTED}
)


class PairsZScore(strategy.AbstractStrategy):
    """Sells the dear one of two symbols and buys the cheap one.

    It bets that the ratio of two related prices returns to its mean: when it
    lies many deviations away, the one is sold short and the other bought for
    as much money, until it is back. It loses when the two part for good, after
    a merger, a scandal, a new product: beyond `stop` it gives up, and waits
    for the ratio to be normal before it tries again. It needs short sales.
    """

    parameters = {  # noqa: RUF012
        'first': strategy.Parameter('IBM', doc='one symbol'),
        'second': strategy.Parameter('MSFT', doc='the other symbol'),
        'period': strategy.Parameter(
            60, low=5, high=5000, doc='bars in the mean of the ratio'
        ),
        'entry': strategy.Parameter(
            2.0, low=0.1, high=20.0, doc='deviations at which it trades'
        ),
        'exit': strategy.Parameter(
            0.5, low=0.0, high=10.0, doc='deviations at which it is content'
        ),
        'stop': strategy.Parameter(
            4.0, low=0.2, high=50.0, doc='deviations at which it gives up'
        ),
        'weight': strategy.Parameter(
            0.4, low=0.001, high=1.0, doc='share of the account in each symbol'
        ),
    }

    async def on_start(self) -> None:
        """Asks for the z-score of the ratio."""
        given = self.parameters
        if not given['exit'] < given['entry'] < given['stop']:
            raise ValueError(
                f'exit {given["exit"]:g}, entry {given["entry"]:g} and stop '
                f'{given["stop"]:g} must rise in this order'
            )
        self._pair = (given['first'], given['second'])
        self._score = self.indicator(
            strategy.indicators.RatioZScore,
            symbols=self._pair,
            period=given['period'],
        )
        self._stamps = dict.fromkeys(self._pair, 0)
        # Whether it gave up and the ratio has not been normal since.
        self._waits = False
        # The orders that open the pair.
        self._opening: tuple[str, ...] = ()

    async def on_market_data(self, data: strategy.MarketData) -> None:
        """Decides once both have closed."""
        if data.symbol not in self._stamps:
            return
        self._stamps[data.symbol] = data.timestamp
        first, second = self._pair
        score = self._score.value
        # Written so that a score that is not there yet fails too.
        if self._stamps[first] == self._stamps[second] and abs(score) >= 0:
            self._decide(score)

    async def on_order_update(self, order: strategy.Order) -> None:
        """Holds both or none: where one is refused, the other goes too."""
        if order.id in self._opening and order.status in _REFUSED:
            self._opening = ()
            self._waits = True
            self._leave(f'{order.symbol} was {order.status}')

    def save_state(self) -> dict[str, Any]:
        """Gives whether it gave up, and what opens the pair."""
        return {'waits': self._waits, 'opening': self._opening}

    def load_state(self, state: dict[str, Any]) -> None:
        """Takes it back."""
        self._waits = state['waits']
        self._opening = tuple(state['opening'])

    def _decide(self, score: float) -> None:
        """Opens, closes or waits, by the z-score of both closes."""
        given, name = self.parameters, self._score.name
        if abs(score) <= given['exit']:
            self._waits = False
        if any(self.portfolio.quantity(symbol) for symbol in self._pair):
            if self._waits or abs(score) >= given['stop']:
                self._waits = True
                self._leave(f'{name} gave up at {score:+.2f}')
            elif abs(score) <= given['exit']:
                self._leave(f'{name} is back at {score:+.2f}')
        elif not self._waits and given['entry'] <= abs(score) < given['stop']:
            weight = given['weight'] if score < 0 else -given['weight']
            first, second = self._pair
            reason = f'{name} is {score:+.2f}'
            self._opening = (
                self.target_weight(first, weight, reason),
                self.target_weight(second, -weight, reason),
            )

    def _leave(self, reason: str) -> None:
        for symbol in self._pair:
            self.close(symbol, reason)
