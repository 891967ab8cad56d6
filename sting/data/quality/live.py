"""The same rules, for bars that come one after the other."""

from collections.abc import Mapping
import dataclasses

import msgspec
import numpy as np

from sting.data.quality import batch as batches
from sting.data.quality import rules
from sting.data.quality import validator
from sting.model import market
from sting.model import timeframes


class LiveValidator:
    """Holds each bar of one symbol against those before it.

    It keeps as many bars as the rules look back on. A bar gets the verdicts
    that a file of all bars so far would give it; what a repair would put in
    order is left out, since the bars before are gone.
    """

    def __init__(
        self,
        symbol: str,
        timeframe: str,
        hours: batches.Hours | None,
        given: Mapping[str, str] | None = None,
    ) -> None:
        """Begins without bars.

        Args:
            symbol: The instrument.
            timeframe: Of its bars.
            hours: When the exchange trades; None where it always does.
            given: Actions by the rules' names, laid over the defaults.

        Raises:
            errors.ConfigError: As `validator.policy`.
        """
        self._actions = validator.policy(given or {})
        none = np.zeros(0, np.float64)
        self._known = batches.Batch(
            symbol=symbol,
            row=none.astype(np.int64),
            timestamp=none.astype(np.int64),
            open=none,
            high=none,
            low=none,
            close=none,
            volume=none,
            step=timeframes.length(timeframe),
            hours=hours,
            now=0,
            live=True,
        )
        self._count = 0

    def check(
        self, bar: market.MarketData, now: int
    ) -> tuple[market.MarketData | None, tuple[validator.Finding, ...]]:
        """Holds a closed bar against the rules.

        Args:
            bar: The bar.
            now: The time, nanoseconds since the epoch, UTC.

        Returns:
            The bar, as a repair has left it; None where it is left out or
            rejected. And what was found.
        """
        found: list[validator.Finding] = []
        known = dataclasses.replace(self._known, now=now)
        bars = known.then(self._one(bar))
        self._count += 1
        for rule in rules.RULES:
            action = self._actions[rule.name]
            if action is rules.Action.OFF or not rule.find(bars)[-1]:
                continue
            last = bars.take(slice(-1, None))
            found.append(
                validator.Finding(
                    rule=rule.name,
                    symbol=bars.symbol,
                    action=action,
                    rows=last.row,
                    stamps=last.timestamp,
                )
            )
            if action is rules.Action.REPAIR and rule.repair is not None:
                last = rule.repair(last, np.ones(1, np.bool_))
                bars = known.then(last)
            if (
                action is rules.Action.REJECT
                or not len(last)
                or (action is rules.Action.REPAIR and rule.name == 'order')
            ):
                return None, tuple(found)
        self._known = bars.take(slice(-rules.WINDOW, None))
        if found:
            bar = msgspec.structs.replace(
                bar, high=bars.high[-1].item(), low=bars.low[-1].item()
            )
        return bar, tuple(found)

    def _one(self, bar: market.MarketData) -> batches.Batch:
        """Gives a batch of one bar."""
        opening, high, low, close, volume = (
            np.array([getattr(bar, name)], np.float64)
            for name in (*batches.PRICES, 'volume')
        )
        return dataclasses.replace(
            self._known,
            row=np.array([self._count], np.int64),
            timestamp=np.array([bar.timestamp], np.int64),
            open=opening,
            high=high,
            low=low,
            close=close,
            volume=volume,
        )
