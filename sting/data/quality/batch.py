"""The bars of one symbol as they came, with all that rules need to know."""

import dataclasses
from typing import Any
from typing import Self

import numpy as np
import numpy.typing as npt

from sting.data import table

BoolArray = npt.NDArray[np.bool_]
PRICES = ('open', 'high', 'low', 'close')
COLUMNS = ('timestamp', *PRICES, 'volume')


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """When an exchange trades, oldest first, around its breaks.

    Attributes:
        opens: When each stretch begins, nanoseconds since the epoch, UTC.
        closes: When it ends.
    """

    opens: table.IntArray
    closes: table.IntArray


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The bars of one symbol, in the order in which they came.

    A value that is missing, or no number, is NaN.

    Attributes:
        symbol: The instrument.
        row: For each bar, its number in the file, from 0.
        timestamp: For each bar its close, nanoseconds since the epoch, UTC.
        open: First prices.
        high: Highest prices.
        low: Lowest prices.
        close: Last prices.
        volume: Units traded.
        step: Length of a bar, nanoseconds; 0 for bars that have none.
        hours: When the exchange trades; None where it always does.
        now: The time, nanoseconds since the epoch, UTC.
        live: Only the last bar is asked about.
    """

    symbol: str
    row: table.IntArray
    timestamp: table.IntArray
    open: table.FloatArray
    high: table.FloatArray
    low: table.FloatArray
    close: table.FloatArray
    volume: table.FloatArray
    step: int
    hours: Hours | None
    now: int
    live: bool = False

    def __len__(self) -> int:
        return len(self.timestamp)

    def take(self, rows: table.IntArray | BoolArray | slice) -> Self:
        """Picks bars, in the order given."""
        return self._with(
            {name: getattr(self, name)[rows] for name in ('row', *COLUMNS)}
        )

    def then(self, other: Self) -> Self:
        """Gives these bars with others behind them."""
        return self._with(
            {
                name: np.concatenate(
                    (getattr(self, name), getattr(other, name))
                )
                for name in ('row', *COLUMNS)
            }
        )

    def _with(self, columns: dict[str, Any]) -> Self:
        return dataclasses.replace(self, **columns)
