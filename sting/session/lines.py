"""What running strategies' indicators were, bar by bar, for the chart."""

import array
import bisect
from collections.abc import Sequence
import math

from sting.model import views
from sting.strategy import wire

# Bars of a symbol that are kept, and indicators of a strategy; a strategy is
# not trusted with our memory.
BARS = 500
NAMES = 16


class _Kept:
    """The values of one strategy for one symbol, a column a name."""

    def __init__(self) -> None:
        self.times = array.array('q')
        self.columns: dict[str, array.array[float]] = {}

    def take(self, one: wire.Figures) -> None:
        if self.times and one.timestamp <= self.times[-1]:
            return
        for name in one.values:
            if name not in self.columns and len(self.columns) < NAMES:
                blank = array.array('d', [math.nan]) * len(self.times)
                self.columns[name] = blank
        for name, column in self.columns.items():
            column.append(one.values.get(name, math.nan))
        # Last, so that every column is at least as long for who reads along.
        self.times.append(one.timestamp)
        if len(self.times) > 2 * BARS:
            self.times = self.times[-BARS:]
            self.columns = {n: c[-BARS:] for n, c in self.columns.items()}


class Lines:
    """Keeps the newest values; read from any thread, written by the loop."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, _Kept]] = {}

    def take(
        self, strategy: str, figures: Sequence[wire.Figures], *, afresh: bool
    ) -> None:
        """Takes what a strategy's indicators came to.

        Args:
            strategy: Its name.
            figures: By bar, oldest first.
            afresh: It has just begun; what it had before counts no more.
        """
        if afresh:
            self._kept.pop(strategy, None)
        by_symbol = self._kept.setdefault(strategy, {})
        for one in figures:
            kept = by_symbol.get(one.symbol)
            if kept is None:
                kept = by_symbol[one.symbol] = _Kept()
            kept.take(one)

    def of(self, symbol: str, since: int = 0) -> tuple[views.Line, ...]:
        """Gives the lines of a symbol, by strategy and name.

        Args:
            symbol: The instrument.
            since: The first stamp wanted, nanoseconds since the epoch, UTC.
        """
        found = []
        for strategy, by_symbol in list(self._kept.items()):
            kept = by_symbol.get(symbol)
            if kept is None:
                continue
            times, columns = kept.times, kept.columns
            first = bisect.bisect_left(times, since)
            for name, column in list(columns.items()):
                points = [
                    (stamp, value)
                    for stamp, value in zip(
                        times[first:], column[first:], strict=False
                    )
                    if not math.isnan(value)
                ]
                if points:
                    stamps, values = zip(*points, strict=True)
                    found.append(views.Line(strategy, name, stamps, values))
        return tuple(found)
