"""The market's bars, and what a poor feed makes of them."""

from collections.abc import Sequence
import math

import msgspec
import numpy as np

from sting.model import market


class Prices:
    """Draws bars, and what the feed shows of them.

    Attributes:
        last: The last price by symbol.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        chance: np.random.Generator,
        bad: float,
    ) -> None:
        """Sets up the market.

        Args:
            symbols: The instruments.
            chance: Where bars and faults are drawn from.
            bad: The share of bars that the feed spoils.
        """
        self.last = dict.fromkeys(symbols, 100.0)
        self._chance = chance
        self._bad = bad
        self._most = 400
        self._bars: list[market.MarketData] = []
        self._kept: list[market.MarketData] = []

    def flood(self) -> None:
        """Makes the volumes so large that every order is filled."""
        self._most = 100_000

    def next_bars(self, stamp: int) -> list[market.MarketData]:
        """Gives the true bars of the next minute.

        Args:
            stamp: When they close, nanoseconds since the epoch, UTC.
        """
        self._bars = [self._bar(name, stamp) for name in self.last]
        return self._bars

    def seen(self, *, quiet: bool) -> list[market.MarketData]:
        """Gives what the feed shows of them.

        Args:
            quiet: Whether nothing is spoilt any more.
        """
        shown: list[market.MarketData] = []
        for bar in self._bars:
            if quiet or self._chance.random() >= self._bad:
                shown.append(bar)
            else:
                shown += self._spoilt(bar)
        if not quiet and self._chance.random() < self._bad:
            shown.reverse()
        return shown

    def _bar(self, symbol: str, stamp: int) -> market.MarketData:
        opened = self.last[symbol]
        steps = self._chance.normal(0.0, 0.002, 3)
        prices = opened * (1.0 + np.cumsum(steps))
        close = self.last[symbol] = round(float(prices[-1]), 2)
        seen = [opened, close, *(round(float(p), 2) for p in prices)]
        return market.MarketData(
            symbol,
            stamp,
            opened,
            max(seen),
            min(seen),
            close,
            float(self._chance.integers(40, self._most)),
        )

    def _spoilt(self, bar: market.MarketData) -> list[market.MarketData]:
        """Loses a bar, doubles it, keeps it for later, or makes nonsense."""
        kind = int(self._chance.integers(0, 6))
        change = msgspec.structs.replace
        if kind == 0:
            return []
        if kind == 1:
            return [bar, bar]
        if kind == 2:
            kept, self._kept = self._kept, [bar]
            return [*kept]
        if kind == 3:
            return [bar, *self._kept]
        if kind == 4:
            wrong = float(self._chance.choice([math.nan, math.inf, -1.0, 0.0]))
            name = str(self._chance.choice(['open', 'high', 'low', 'close']))
            return [change(bar, **{name: wrong})]
        return [change(bar, high=bar.low * 0.5), change(bar, volume=math.nan)]
