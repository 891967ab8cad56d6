"""Measures the risk of the book, beside the engine and never in its way."""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
import statistics

from sting.engine import background
from sting.engine import board
from sting.engine import sequence
from sting.engine import state
from sting.model import riskfigures
from sting.model import sessions as sessions_lib
from sting.model import timeframes
from sting.risk import metrics
from sting.settings import metrics as settings

EVERY_S = 1.0
ALWAYS = '24/7'
# Trading days of an exchange, and of what never closes.
_DAYS_A_YEAR, _ALL_DAYS = 252.0, 365.0


def scale_of(
    timeframe: str, sessions: sessions_lib.Sessions
) -> metrics.Scale | None:
    """Gives how bars, days and years go together.

    Args:
        timeframe: Of the bars.
        sessions: When they are traded.

    Returns:
        None for bars without a length: they end with what is traded.
    """
    if timeframes.traded(timeframe):
        return None
    days = _ALL_DAYS if sessions.calendar == ALWAYS else _DAYS_A_YEAR
    length = timeframes.length(timeframe)
    if length == timeframes.DAY:
        return metrics.Scale(1.0, days)
    if length > timeframes.DAY:
        return metrics.Scale(timeframes.DAY / length * _ALL_DAYS / days, days)
    opened = [
        close - start
        for start, close in zip(sessions.opens, sessions.closes, strict=True)
    ]
    return metrics.Scale(statistics.median(opened) / length, days)


class Measuring(background.Background):
    """Works the figures out once a second, in a thread.

    Attributes:
        found: The newest; None before the first.
    """

    name = 'risk metrics'

    def __init__(
        self,
        system: state.SystemState,
        shown: board.Board,
        loop: sequence.Sequence,
        *,
        configured: settings.Metrics,
        symbols: Callable[[], tuple[str, ...]],
        sectors: Mapping[str, str],
        scale: metrics.Scale | None,
    ) -> None:
        """Sets it up.

        Args:
            system: Has the book.
            shown: Has the bars.
            loop: Says when the state is that of the log.
            configured: How it is measured.
            symbols: Gives those that are followed.
            sectors: By symbol, where they are known.
            scale: How bars, days and years go together.
        """
        self.found: riskfigures.RiskMetrics | None = None
        self._state = system
        self._board = shown
        self._loop = loop
        self._configured = configured
        self._symbols = symbols
        self._sectors = sectors
        self._scale = scale
        self._most = configured.lookback + 1
        self._history = metrics.History(self._most)
        self._peak = 0.0

    async def measure(self) -> None:
        """Measures the book as it is at the last durable event."""
        async with self._loop.durable:
            book = metrics.capture(self._state, self._peak)
        self._peak = book.peak
        if self.found is None or self.found.seq != book.seq:
            self.found = await asyncio.to_thread(self._work, book)

    async def _run(self) -> None:
        while True:
            await self.measure()
            await asyncio.sleep(EVERY_S)

    def _work(self, book: metrics.Book) -> riskfigures.RiskMetrics:
        """Works the figures out; in a thread, one at a time."""
        if self._scale is None:
            why = {'all': 'bars that end with what is traded have no length'}
            return riskfigures.RiskMetrics(
                time=book.time, seq=book.seq, missing=why
            )
        followed = self._symbols()
        for symbol in followed:
            bars = self._board.bars(symbol, self._most)
            self._history.take(symbol, bars)
        try:
            return metrics.calculate(
                book,
                self._history,
                self._configured,
                universe=followed,
                sectors=self._sectors,
                scale=self._scale,
            )
        # The boundary of the thread: figures of no use must not end the engine,
        # and what is wrong with them is told in their place.
        except Exception as error:  # noqa: BLE001
            return riskfigures.RiskMetrics(
                time=book.time,
                seq=book.seq,
                missing={'all': f'{type(error).__name__}: {error}'},
            )
