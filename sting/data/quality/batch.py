"""The bars of one symbol as they came, with all that rules need to know."""

import dataclasses
from typing import Any
from typing import NamedTuple
from typing import Self

import numpy as np
import numpy.typing as npt

from sting.data import table

BoolArray = npt.NDArray[np.bool_]
PRICES = ('open', 'high', 'low', 'close')
COLUMNS = ('timestamp', *PRICES, 'volume')
# Before all stamps.
NEVER = -(2**63)


class Stretch(NamedTuple):
    """A time in which an exchange trades without a pause.

    Attributes:
        place: Its number.
        before: When the one before it ends, nanoseconds since the epoch, UTC;
            below all stamps where there is none.
        opens: When it begins.
        closes: When it ends.
    """

    place: int
    before: int
    opens: int
    closes: int


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """When an exchange trades, oldest first, around its breaks.

    Attributes:
        opens: When each stretch begins, nanoseconds since the epoch, UTC.
        closes: When it ends.
    """

    opens: table.IntArray
    closes: table.IntArray
    # The stretch that was asked for last: bars that come one after the other
    # are of one session.
    _newest: list[Stretch] = dataclasses.field(
        default_factory=list, init=False, repr=False
    )

    def stretch(self, moment: int) -> Stretch:
        """Gives the first stretch that closes at a moment or after it.

        Args:
            moment: Nanoseconds since the epoch, UTC.

        Returns:
            The last one where none does.
        """
        for known in self._newest:
            if known.before < moment <= known.closes:
                return known
        place = int(np.searchsorted(self.closes, moment))
        place = min(place, len(self.closes) - 1)
        found = Stretch(
            place,
            int(self.closes[place - 1]) if place else NEVER,
            int(self.opens[place]),
            int(self.closes[place]),
        )
        self._newest[:] = (found,)
        return found


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

    def __len__(self) -> int:
        return len(self.timestamp)

    def take(self, rows: table.IntArray | BoolArray | slice) -> Self:
        """Picks bars, in the order given."""
        columns: dict[str, Any] = {
            name: getattr(self, name)[rows] for name in ('row', *COLUMNS)
        }
        return dataclasses.replace(self, **columns)
