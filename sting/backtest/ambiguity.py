"""How far a result hangs on what the bars do not say: its range."""

import collections
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any

from sting.backtest import trades

_Key = tuple[str, int, str, int]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run in one mode of filling.

    Attributes:
        final_equity: In the account's currency.
        total_return: Final equity over starting cash, less 1.
        max_drawdown: The deepest fall from a peak, a fraction, at most 0.
        sharpe: Of daily returns, by the year; None where it is undefined.
        fills: How many.
        trades: How many round trips ended.
    """

    final_equity: float
    total_return: float
    max_drawdown: float
    sharpe: float | None
    fills: int
    trades: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FillRange:
    """What came of a run in all modes of filling.

    Attributes:
        start: The starting cash.
        outcomes: By the mode's name.
        ambiguous: Fills that are not in all of the runs at the same price.
        fills: Fills that are in any of them.
    """

    start: float
    outcomes: Mapping[str, Outcome]
    ambiguous: int
    fills: int

    @property
    def lowest(self) -> float:
        """The lowest final equity."""
        return min(each.final_equity for each in self.outcomes.values())

    @property
    def highest(self) -> float:
        """The highest final equity."""
        return max(each.final_equity for each in self.outcomes.values())

    @property
    def width(self) -> float:
        """From the lowest to the highest final equity, over the start."""
        return (self.highest - self.lowest) / self.start

    @property
    def share(self) -> float:
        """Of the fills those that are ambiguous; 0 without any."""
        return self.ambiguous / self.fills if self.fills else 0.0

    def to_json(self) -> dict[str, Any]:
        """Gives the object that stands in the result's JSON."""
        return {
            **{
                name: dataclasses.asdict(outcome)
                for name, outcome in self.outcomes.items()
            },
            'ambiguous_fills': {'count': self.ambiguous, 'share': self.share},
        }


def differing(runs: Sequence[trades.FillTable]) -> tuple[int, int]:
    """Counts the fills that runs do not agree on.

    Two fills are the same one if symbol, moment and side are; several of one
    moment are told apart by their order.

    Args:
        runs: What was traded, at least once.

    Returns:
        How many are not in all of the runs at the same price, and how many
        there are.
    """
    priced = [dict(_priced(each)) for each in runs]
    everything = set().union(*priced)
    first = priced[0]
    agreed = sum(
        all(other.get(key) == price for other in priced[1:])
        for key, price in first.items()
    )
    return len(everything) - agreed, len(everything)


def _priced(fills: trades.FillTable) -> Iterable[tuple[_Key, float]]:
    """Gives each fill's identity and price."""
    seen: collections.Counter[tuple[str, int, str]] = collections.Counter()
    columns = fills.symbol, fills.timestamp, fills.side, fills.price
    for symbol, timestamp, side, price in zip(*columns, strict=True):
        own = symbol, timestamp, side.value
        yield (*own, seen[own]), price
        seen[own] += 1
