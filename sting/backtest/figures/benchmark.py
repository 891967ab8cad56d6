"""What a run is held against: an instrument bought at first and held."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import pathlib
from typing import Any

import numpy as np
import numpy.typing as npt

from sting.data import actions
from sting.data import calendars
from sting.data import files
from sting.data import splits
from sting.data import table
from sting.model import errors
from sting.model import market

_ENDINGS = ('.csv', '.parquet')


@dataclasses.dataclass(frozen=True, slots=True)
class Benchmark:
    """An instrument's closes.

    Attributes:
        name: The instrument.
        timestamp: Rising, nanoseconds since the epoch, UTC.
        close: Prices.
        release: Says that what was read is not needed for now.
    """

    name: str
    timestamp: npt.NDArray[np.int64]
    close: npt.NDArray[np.float64]
    release: Callable[[], None] = lambda: None

    def equity(
        self, timestamp: npt.NDArray[np.int64], start: float
    ) -> npt.NDArray[np.float64]:
        """Gives what the starting cash would be, held in it without costs.

        It is bought at the close of the run's first moment, the first price
        that is known then, and stands at its last close at each moment after.

        Args:
            timestamp: The moments of the run, rising.
            start: The starting cash.

        Raises:
            errors.DataError: It has no price at the run's first moment.
        """
        return np.concatenate([np.empty(0), *self.parts(timestamp, start)])

    def parts(
        self, timestamp: npt.NDArray[np.int64], start: float
    ) -> Iterator[npt.NDArray[np.float64]]:
        """Gives the same a part at a time; see `equity`."""
        if not len(timestamp):
            return
        if self.timestamp[0] > timestamp[0]:
            moment = market.to_iso(int(timestamp[0]))
            raise errors.DataError(
                f'the benchmark {self.name} has no bar by {moment}, when the '
                'run begins; give data that goes back as far, or --start'
            )
        bought = None
        for rows in table.pieces(len(timestamp)):
            places = np.searchsorted(self.timestamp, timestamp[rows], 'right')
            levels = self.close[places - 1]
            bought = levels[0] if bought is None else bought
            self.release()
            yield start * (levels / bought)


def of_bars(
    bars: table.BarTable,
    found: Sequence[actions.Action] = (),
    calendar: str = calendars.DEFAULT,
) -> Benchmark:
    """Makes the benchmark of the bars of one symbol.

    Args:
        bars: Of one symbol.
        found: Corporate actions; its splits and dividends count, the latter
            as if they bought more of it.
        calendar: The exchange's name in exchange_calendars.

    Raises:
        errors.DataError: There are several.
    """
    if len(bars.symbols) != 1:
        raise errors.DataError(
            f'a benchmark has one symbol, not {len(bars.symbols)}: '
            + ', '.join(bars.symbols)
        )
    kept, _ = splits.applicable(bars, found, calendar)
    close = actions.adjusted(
        bars, kept, actions.View.BACK, calendar=calendar
    ).close
    return Benchmark(bars.symbols[0], bars.timestamp, close, bars.release)


def read(
    name: str,
    data: Sequence[str],
    bars: table.BarTable,
    found: Sequence[actions.Action] = (),
    **reading: Any,
) -> Benchmark:
    """Reads the benchmark that a user names.

    Args:
        name: A symbol of the data, or a CSV or Parquet file of one symbol.
        data: The run's files, where a symbol may be that the run leaves out.
        bars: What of them runs.
        found: Corporate actions, which count as in `of_bars`.
        reading: How files are read; as `files.read`. What lies before the
            start is read too, since the run may begin between two bars.

    Returns:
        The benchmark.

    Raises:
        errors.DataError: A file is wrong, it has several symbols, or none of
            that name.
    """
    calendar = reading.get('calendar', calendars.DEFAULT)
    if name in bars.symbols:
        return of_bars(bars.of(name), found, calendar)
    place = pathlib.Path(name)
    reading['start'] = None
    if place.suffix.lower() in _ENDINGS or place.is_file():
        read_as = reading | {'timeframe': None}
        return of_bars(files.read(name, **read_as).table, found, calendar)
    whole = files.read(data, **reading).table
    return of_bars(whole.of(name), found, calendar)
