"""Made-up bars, as a source: they close as time goes on."""

import asyncio
from collections.abc import Callable
from collections.abc import Iterator
import datetime
import functools
from typing import Final

from sting import settings
from sting.data import table
from sting.data import times
from sting.data import walks
from sting.data.sources import base
from sting.engine import clock as clocks
from sting.model import errors

# Bars of a symbol that are made together.
_ROWS: Final = 2048
# More than any calendar has.
_ENDLESS: Final = 10**12
_NEVER: Final = -(2**63)


class GeneratorSource(base.DataSource):
    """Bars of SYNTH1, SYNTH2, ...: each timeframe a walk of its own.

    The same settings give the same bars, however they are asked for. They are
    made again from the first one on where older ones are wanted than before,
    and kept nowhere.
    """

    def __init__(
        self,
        name: str,
        generator: settings.Generator,
        time_source: clocks.Clock,
    ) -> None:
        """Sets up the source; nothing is made yet.

        Args:
            name: Its name in the configuration.
            generator: What is made.
            time_source: Tells which bars are closed.
        """
        self.name = name
        self.capabilities = base.Capabilities(
            timeframes=None, batch=generator.symbols, lasting=True
        )
        self._generator = generator
        self._clock = time_source
        self._names = walks.names(generator.symbols)
        self._tapes: dict[tuple[str, str], _Tape] = {}
        # A tape is wound by one at a time.
        self._lock = asyncio.Lock()

    async def get_bars(self, request: base.Request) -> table.BarTable:
        """Gives closed bars of the past; see `base.DataSource`."""
        for symbol in request.symbols:
            if symbol not in self._names:
                raise errors.SourceRefusedError(
                    f'{self.name}: no symbol {symbol!r}; there are '
                    f'{self._names[0]} to {self._names[-1]}'
                )
        async with self._lock:
            return await asyncio.to_thread(self._made, request)

    async def close(self) -> None:
        """Forgets what was made."""
        self._tapes.clear()

    def _made(self, request: base.Request) -> table.BarTable:
        end = min(request.end, self._clock.now())
        found = []
        try:
            for symbol in request.symbols:
                tape = self._tape(symbol, request.timeframe)
                found.append(table.BarTable.empty(symbol, request.timeframe))
                found += tape.read(request.start, end)
        except errors.DataError as error:
            raise errors.SourceRefusedError(f'{self.name}: {error}') from None
        return table.BarTable.merge(found)

    def _tape(self, symbol: str, timeframe: str) -> '_Tape':
        key = symbol, timeframe
        if key not in self._tapes:
            made = self._generator
            start = datetime.datetime.combine(
                made.start, datetime.time(), datetime.UTC
            )
            self._tapes[key] = _Tape(
                functools.partial(
                    walks.bars,
                    (symbol,),
                    timeframe,
                    _ENDLESS,
                    model=walks.Model(made.model),
                    seed=made.seed,
                    start=times.parse_moment(start.isoformat()),
                    calendar=made.calendar,
                    rows=_ROWS,
                )
            )
        return self._tapes[key]


class _Tape:
    """Bars of one symbol and timeframe, wound to where they were last read."""

    def __init__(self, make: Callable[[], Iterator[table.BarTable]]) -> None:
        self._make = make
        self._parts = make()
        self._part = next(self._parts)
        # The last stamp before those at hand.
        self._before = _NEVER

    def read(self, start: int, end: int) -> Iterator[table.BarTable]:
        """Gives the bars from one moment to another, nanoseconds UTC."""
        if start <= self._before:
            self._parts = self._make()
            self._part = next(self._parts)
            self._before = _NEVER
        yield self._part.select(start=start, end=end)
        while self._part.timestamp[-1] < end:
            self._before = int(self._part.timestamp[-1])
            self._part = next(self._parts)
            yield self._part.select(start=start, end=end)
