"""The same rules, for bars that come one after the other."""

from collections.abc import Mapping
from typing import Self

import msgspec
import numpy as np

from sting.data.quality import batch as batches
from sting.data.quality import rules
from sting.data.quality import running
from sting.data.quality import validator
from sting.model import market
from sting.model import timeframes

_LEFT_OUT = frozenset({rules.Action.REJECT, rules.Action.REPAIR})


class LiveValidator:
    """Holds each bar of one symbol against those before it.

    It keeps no more than the rules look back on. A bar gets the verdicts that
    a file of all bars so far would give it; what a repair would put in order
    is left out, since the bars before are gone.
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
        actions = validator.policy(given or {})
        self._symbol = symbol
        self._rules = tuple(
            (rule.name, actions[rule.name], running.FINDS[rule.name])
            for rule in rules.RULES
            if actions[rule.name] is not rules.Action.OFF
        )
        self._seen = running.Seen(timeframes.length(timeframe), hours)

    def copy(self) -> Self:
        """Gives another one that knows the same bars."""
        made = object.__new__(type(self))
        made._symbol = self._symbol
        made._rules = self._rules
        made._seen = self._seen.copy()
        return made

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
        seen = self._seen
        seen.count += 1
        found: tuple[validator.Finding, ...] = ()
        for name, action, find in self._rules:
            if not find(seen, bar, now):
                continue
            found += (self._finding(name, action, bar),)
            if name == 'range' and action is rules.Action.REPAIR:
                bar = msgspec.structs.replace(
                    bar,
                    high=max(bar.high, bar.open, bar.close),
                    low=min(bar.low, bar.open, bar.close),
                )
            elif action in _LEFT_OUT:
                return None, found
        return bar, found

    def _finding(
        self, name: str, action: rules.Action, bar: market.MarketData
    ) -> validator.Finding:
        return validator.Finding(
            rule=name,
            symbol=self._symbol,
            action=action,
            rows=np.array([self._seen.count - 1], np.int64),
            stamps=np.array([bar.timestamp], np.int64),
        )
