"""W1 to W4 without any framework: what can be reached at most.

One object and one awaited coroutine an event, in plain Python, and loops that
numba compiles. No orders, no risk, no log, no report; but the same fills.
"""

import asyncio
from collections.abc import Iterator
from collections.abc import Sequence
import itertools

import msgspec
import numba
import numpy as np
import numpy.typing as npt

from benchmarks import work

_COLUMNS = ('open', 'high', 'low', 'close', 'volume')
_CHUNK = 65_536

Floats = npt.NDArray[np.float64]


class Bar(msgspec.Struct, frozen=True, gc=False):
    """A bar."""

    symbol: int
    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Quote(msgspec.Struct, frozen=True, gc=False):
    """A quote."""

    timestamp: int
    bid: float
    ask: float


class Crossing:
    """The strategy and the account of one symbol, in one."""

    def __init__(self, closes: Floats) -> None:
        fast, slow = (
            work.average(closes, period) for period in (work.FAST, work.SLOW)
        )
        # Worked out by column, as any engine may.
        self.x = itertools.chain.from_iterable(_chunks(fast - slow))
        self.before = float('nan')
        self.wanted = 0.0
        self.held = 0.0
        self.gained = 0.0
        self.fills = 0
        self.trips = 0

    async def take(self, bar: Bar) -> None:
        """Fills what is wanted at the open, decides at the close."""
        if self.wanted:
            self._fill(bar.open)
        before = self.before
        now = self.before = next(self.x)
        if before <= 0 < now:
            if not self.held:
                self.wanted = work.QUANTITY
        elif before >= 0 > now and self.held:
            self.wanted = -work.QUANTITY

    def _fill(self, price: float) -> None:
        fee = work.COMMISSION * work.QUANTITY * price
        self.gained -= self.wanted * price + fee
        self.held += self.wanted
        self.trips += self.wanted < 0
        self.wanted = 0.0
        self.fills += 1


def crossing(symbols: Sequence[work.Columns]) -> work.Outcome:
    """Plays bars, minute by minute, with an awaited coroutine each.

    Args:
        symbols: The bars of each symbol, all of one length.

    Returns:
        What came of it.
    """
    books = [Crossing(columns['close']) for columns in symbols]

    async def play() -> None:
        takers = [book.take for book in books]
        for bar in _bars(symbols):
            await takers[bar.symbol](bar)

    asyncio.run(play())
    lasts = [float(columns['close'][-1]) for columns in symbols]
    gained = sum(
        book.gained + book.held * last
        for book, last in zip(books, lasts, strict=True)
    )
    return work.Outcome(
        sum(book.fills for book in books),
        sum(book.trips for book in books),
        round(work.CASH + gained, 2),
    )


def _bars(symbols: Sequence[work.Columns]) -> Iterator[Bar]:
    width = len(symbols)
    count = len(symbols[0]['close'])
    merged = [
        np.stack([columns[name] for columns in symbols], axis=1).ravel()
        for name in _COLUMNS
    ]
    numbers = np.tile(np.arange(width), count)
    minutes = np.arange(1, count + 1, dtype=np.int64) * work.MINUTE_NS
    stamps = np.repeat(work.OPENING_NS + minutes, width)
    for start in range(0, count * width, _CHUNK):
        part = slice(start, start + _CHUNK)
        columns = (numbers, stamps, *merged)
        yield from map(Bar, *(column[part].tolist() for column in columns))


def _chunks(column: Floats) -> Iterator[list[float]]:
    for start in range(0, len(column), _CHUNK):
        yield column[start : start + _CHUNK].tolist()


def averaging(columns: work.Columns) -> tuple[int, float]:
    """Plays quotes with an awaited coroutine each.

    Args:
        columns: Their bid and ask.

    Returns:
        How many there were, and the average of their middle price.
    """
    count = 0
    average = 0.0

    async def take(quote: Quote) -> None:
        nonlocal count, average
        middle = (quote.bid + quote.ask) / 2
        if count:
            average += work.W4_DECAY * (middle - average)
        else:
            average = middle
        count += 1

    async def play() -> None:
        stamps = work.OPENING_NS + work.W4_STEP_NS * np.arange(
            len(columns['bid']), dtype=np.int64
        )
        for start in range(0, len(stamps), _CHUNK):
            part = slice(start, start + _CHUNK)
            lists = (stamps, columns['bid'], columns['ask'])
            for quote in map(Quote, *(each[part].tolist() for each in lists)):
                await take(quote)

    asyncio.run(play())
    return count, average


@numba.njit(error_model='numpy', nogil=True)
def compiled(
    opens: Floats, closes: Floats, fast: Floats, slow: Floats, first: int
) -> tuple[int, float]:
    """One run, compiled.

    Args:
        opens: First prices.
        closes: Last prices.
        fast: The average of the fewer closes.
        slow: That of the more.
        first: How many bars the longer average needs.

    Returns:
        How many fills, and the equity in the end.
    """
    held, count, wanted, cash = 0.0, 0, 0.0, 1e6
    for at in range(first, len(closes)):
        if wanted != 0.0:
            price = opens[at]
            cash -= wanted * price + 100.0 * price * 0.001
            held += wanted
            count += 1
            wanted = 0.0
        now = fast[at] - slow[at]
        before = fast[at - 1] - slow[at - 1]
        if before <= 0.0 < now and held == 0.0:
            wanted = 100.0
        elif before >= 0.0 > now and held > 0.0:
            wanted = -100.0
    return count, cash + held * closes[-1]


@numba.njit(error_model='numpy', nogil=True)
def grid(
    opens: Floats,
    closes: Floats,
    fasts: Floats,
    slows: Floats,
    firsts: npt.NDArray[np.int64],
    finals: Floats,
) -> None:
    """Runs every pair of averages, on one core.

    Args:
        opens: First prices.
        closes: Last prices.
        fasts: The shorter averages, a row each.
        slows: The longer ones.
        firsts: How many bars each of the longer ones needs.
        finals: Takes the equities in the end, slow by slow for each fast.
    """
    for i in range(len(fasts)):
        for j in range(len(slows)):
            _, final = compiled(opens, closes, fasts[i], slows[j], firsts[j])
            finals[i * len(slows) + j] = final


def sweep(
    columns: work.Columns, fasts: Sequence[int], slows: Sequence[int]
) -> Floats:
    """Works out the averages, then runs every pair of them.

    Args:
        columns: The bars.
        fasts: The shorter periods.
        slows: The longer ones.

    Returns:
        The equities in the end, slow by slow for each fast.
    """
    close = columns['close']
    finals = np.empty(len(fasts) * len(slows))
    grid(
        columns['open'],
        close,
        np.stack([work.average(close, period) for period in fasts]),
        np.stack([work.average(close, period) for period in slows]),
        np.asarray(slows),
        finals,
    )
    return finals
