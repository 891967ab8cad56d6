"""Market data by column: bars, quotes and trades of several symbols.

Rows are sorted by timestamp, then by symbol in alphabetical order, so that a
table does not depend on the order in which its parts were read.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import hashlib
import itertools
from typing import Any
from typing import Self

import numpy as np
import numpy.typing as npt

from sting.data import pages as pages_lib
from sting.model import errors
from sting.model import market
from sting.model import timeframes

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
IndexArray = npt.NDArray[np.int32]
RowArray = npt.NDArray[np.int64] | npt.NDArray[np.bool_]

# How many rows at a time become Python objects.
CHUNK = 8192
# What is worked out of a large table's columns is worked out of so many rows
# at a time.
PIECE = 1 << 16
# An order of more rows than this at once would be much memory.
_SORTED = 1 << 20


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows of several symbols.

    Attributes:
        symbols: The symbols' names, in alphabetical order.
        symbol_index: For each row, its symbol's place in `symbols`.
        timestamp: For each row, nanoseconds since the epoch, UTC.
    """

    symbols: tuple[str, ...]
    symbol_index: IndexArray
    timestamp: IntArray

    def __len__(self) -> int:
        return len(self.timestamp)

    def select(
        self,
        symbols: Iterable[str] | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> Self:
        """Picks rows.

        Args:
            symbols: The symbols to keep; None for all.
            start: The first timestamp to keep, nanoseconds UTC.
            end: The last timestamp to keep, nanoseconds UTC.

        Returns:
            A table with those symbols, which may have no rows.

        Raises:
            DataError: A symbol is not in the table.
        """
        first = 0
        last = len(self)
        if start is not None:
            first = int(np.searchsorted(self.timestamp, start, 'left'))
        if end is not None:
            last = int(np.searchsorted(self.timestamp, end, 'right'))
        picked = self
        if first > 0 or last < len(self):
            picked = picked.take(slice(first, max(first, last)))
        if symbols is None:
            return picked
        return picked._only(symbols)

    def of(self, symbol: str) -> Self:
        """Picks the rows of one symbol.

        Args:
            symbol: The instrument.

        Returns:
            A table with that symbol alone.

        Raises:
            DataError: The symbol is not in the table.
        """
        return self.select([symbol])

    def split(self) -> Iterator[tuple[str, RowArray | slice]]:
        """Gives each symbol and its rows, in order, for `take`."""
        if len(self.symbols) == 1:
            yield self.symbols[0], slice(None)
            return
        if len(self) > _SORTED:
            for number, symbol in enumerate(self.symbols):
                yield symbol, self._rows_of(number)
            return
        rows = np.argsort(self.symbol_index, kind='stable')
        counts = np.bincount(self.symbol_index, minlength=len(self.symbols))
        start = 0
        for symbol, count in zip(self.symbols, counts.tolist(), strict=True):
            yield symbol, rows[start : start + count]
            start += count

    def _rows_of(self, number: int) -> npt.NDArray[np.int64]:
        """Gives the rows of a symbol, by its number."""
        found = [
            np.flatnonzero(self.symbol_index[rows] == number) + rows.start
            for rows in pieces(len(self))
        ]
        self.release()
        return np.concatenate(found)

    def take(self, rows: RowArray | slice) -> Self:
        """Picks rows by number or by mask, in their order.

        Args:
            rows: Ascending numbers, a mask, or a slice.
        """
        changes = {
            field.name: getattr(self, field.name)[rows]
            for field in dataclasses.fields(self)
            if isinstance(getattr(self, field.name), np.ndarray)
        }
        return dataclasses.replace(self, **changes)

    def last(self, count: int) -> Self:
        """Picks the last rows.

        Args:
            count: How many, at most.
        """
        return self.take(slice(max(0, len(self) - count), None))

    def digest(self) -> str:
        """Gives the data's identity: equal columns have equal digests."""
        hasher = hashlib.blake2b(digest_size=16)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                for rows in pieces(len(value)):
                    hasher.update(np.ascontiguousarray(value[rows]).data)
                    self.release()
            elif field.compare:
                hasher.update(repr(value).encode())
        return hasher.hexdigest()

    def release(self) -> None:
        """Says that what was read is not needed for now."""

    def rises(self) -> bool:
        """Whether every row is stamped later than the one before."""
        stamps = self.timestamp
        for rows in pieces(len(stamps)):
            if (np.diff(stamps[rows.start : rows.stop + 1]) <= 0).any():
                return False
            self.release()
        return True

    @classmethod
    def merge(cls, tables: Sequence[Self], *, checked: bool = True) -> Self:
        """Makes one table of several.

        Args:
            tables: At least one, all of one kind.
            checked: Repeats are refused where they are not allowed; False for
                what is held against rules later.

        Returns:
            A table with the rows of all, sorted.

        Raises:
            DataError: They differ in timeframe, or two rows of one symbol
                have the same stamp where that is not allowed.
        """
        if not tables:
            raise errors.DataError('there are no tables to merge')
        names = tuple(sorted({name for one in tables for name in one.symbols}))
        if len(tables) == 1:
            return tables[0]
        place = {name: number for number, name in enumerate(names)}
        columns = {
            field.name: np.concatenate(
                [getattr(one, field.name) for one in tables]
            )
            for field in dataclasses.fields(cls)
            if isinstance(getattr(tables[0], field.name), np.ndarray)
        }
        columns['symbol_index'] = np.concatenate(
            [
                np.array([place[name] for name in one.symbols], np.int32)[
                    one.symbol_index
                ]
                for one in tables
            ]
        )
        shared = cls._shared(tables)
        order = sort_order(columns['timestamp'], columns['symbol_index'])
        if order is not None:
            columns = {name: each[order] for name, each in columns.items()}
        merged = dataclasses.replace(
            tables[0], symbols=names, **columns, **shared
        )
        if checked:
            merged._check_merged(tables)
        return merged

    @classmethod
    def _shared(cls, tables: Sequence[Self]) -> dict[str, Any]:
        """What a merged table has besides its rows."""
        return {}

    def _check_merged(self, tables: Sequence[Self]) -> None:
        """Refuses what came of a merge."""

    def _only(self, symbols: Iterable[str]) -> Self:
        wanted = tuple(sorted(set(symbols)))
        missing = [name for name in wanted if name not in self.symbols]
        if missing:
            raise errors.DataError(
                f'no symbol {missing[0]!r} in the data; there are: '
                + ', '.join(self.symbols)
            )
        if wanted == self.symbols:
            return self
        renumbered = np.full(len(self.symbols), -1, np.int32)
        for number, name in enumerate(wanted):
            renumbered[self.symbols.index(name)] = number
        index = renumbered[self.symbol_index]
        kept = dataclasses.replace(self, symbol_index=index, symbols=wanted)
        return kept.take(np.flatnonzero(index >= 0))

    def _lists(self, *columns: str) -> Iterator[tuple[list[Any], ...]]:
        """Gives the columns as lists, a chunk of rows at a time."""
        arrays = [getattr(self, name) for name in columns]
        for first in range(0, len(self), CHUNK):
            yield tuple(each[first : first + CHUNK].tolist() for each in arrays)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class BarTable(Table):
    """Bars; the timestamp is the moment a bar closes.

    Attributes:
        open: First prices.
        high: Highest prices.
        low: Lowest prices.
        close: Last prices.
        volume: Units traded.
        timeframe: Length of every bar: '1m', '1d', ...
        generated: The bars are made up, not observed.
        pages: Where the columns lie that are not in memory; else None.
    """

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    timeframe: str = '1d'
    generated: bool = False
    pages: pages_lib.Pages | None = dataclasses.field(
        default=None, compare=False, repr=False
    )

    def release(self) -> None:
        """Says that what was read is not needed for now."""
        if self.pages is not None:
            self.pages.release()

    @classmethod
    def single(
        cls,
        symbol: str,
        timeframe: str,
        timestamp: npt.ArrayLike,
        columns: Mapping[str, npt.ArrayLike],
    ) -> Self:
        """Makes a table of the bars of one symbol.

        Args:
            symbol: The instrument.
            timeframe: Length of a bar.
            timestamp: Closes, nanoseconds since the epoch, UTC, in order.
            columns: open, high, low, close and volume.
        """
        stamps = np.ascontiguousarray(timestamp, np.int64)
        opening, high, low, close, volume = (
            np.ascontiguousarray(columns[name], np.float64)
            for name in ('open', 'high', 'low', 'close', 'volume')
        )
        return cls(
            symbols=(symbol,),
            symbol_index=np.zeros(len(stamps), np.int32),
            timestamp=stamps,
            open=opening,
            high=high,
            low=low,
            close=close,
            volume=volume,
            timeframe=timeframe,
        )

    @classmethod
    def empty(cls, symbol: str, timeframe: str) -> Self:
        """Makes a table without bars."""
        names = ('open', 'high', 'low', 'close', 'volume')
        return cls.single(symbol, timeframe, [], dict.fromkeys(names, ()))

    def rows(self) -> Iterator[market.MarketData]:
        """Gives the bars one by one, in order."""
        for stretch in self.stretches():
            yield from stretch.bars

    def stretches(self, size: int = CHUNK) -> Iterator[market.Stretch]:
        """Gives the bars a stretch at a time, in order.

        Args:
            size: How many bars a stretch has, the last one fewer.
        """
        one = len(self.symbols) == 1
        name = self.symbols.__getitem__
        for first in range(0, len(self), size):
            rows = slice(first, first + size)
            stamp = self.timestamp[rows]
            stamps, closes = stamp.tolist(), self.close[rows].tolist()
            symbols = (
                [self.symbols[0]] * len(stamps)
                if one
                else list(map(name, self.symbol_index[rows].tolist()))
            )
            # All in C: a backtest makes millions of them.
            bars = list(
                map(
                    market.MarketData,
                    symbols,
                    stamps,
                    self.open[rows].tolist(),
                    self.high[rows].tolist(),
                    self.low[rows].tolist(),
                    closes,
                    self.volume[rows].tolist(),
                    itertools.repeat(self.timeframe),
                )
            )
            ends = (np.flatnonzero(np.diff(stamp)) + 1).tolist()
            self.release()
            yield market.Stretch(bars, symbols, stamps, closes, ends, one)

    def bars(self, symbol: str) -> tuple[market.MarketData, ...]:
        """Gives the bars of one symbol, in order.

        Args:
            symbol: The instrument.

        Raises:
            DataError: The symbol is not in the table.
        """
        return tuple(self.of(symbol).rows())

    @classmethod
    def _shared(cls, tables: Sequence[Self]) -> dict[str, Any]:
        one_timeframe(tables)
        return {'generated': any(one.generated for one in tables)}

    def _check_merged(self, tables: Sequence[Self]) -> None:
        row = first_repeat(self.timestamp, self.symbol_index)
        if row is not None:
            name = self.symbols[int(self.symbol_index[row])]
            moment = market.to_iso(int(self.timestamp[row]))
            raise errors.DataError(
                f'{name} has two bars stamped {moment} in two of the files'
            )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class QuoteTable(Table):
    """Quotes: the best bid and ask.

    Attributes:
        bid: Best prices bid.
        ask: Best prices asked.
        bid_size: Units bid for.
        ask_size: Units offered.
    """

    bid: FloatArray
    ask: FloatArray
    bid_size: FloatArray
    ask_size: FloatArray

    def rows(self) -> Iterator[market.Quote]:
        """Gives the quotes one by one, in order."""
        for stretch in self.stretches():
            yield from stretch.bars

    def stretches(self, size: int = CHUNK) -> Iterator[market.Stretch]:
        """Gives the quotes a stretch at a time, in order.

        Args:
            size: How many quotes a stretch has, the last one fewer.
        """
        one = len(self.symbols) == 1
        name = self.symbols.__getitem__
        for first in range(0, len(self), size):
            rows = slice(first, first + size)
            stamp, bid, ask = (
                self.timestamp[rows],
                self.bid[rows],
                self.ask[rows],
            )
            stamps = stamp.tolist()
            symbols = (
                [self.symbols[0]] * len(stamps)
                if one
                else list(map(name, self.symbol_index[rows].tolist()))
            )
            # All in C: a backtest makes millions of them.
            quotes = list(
                map(
                    market.Quote,
                    symbols,
                    stamps,
                    bid.tolist(),
                    ask.tolist(),
                    self.bid_size[rows].tolist(),
                    self.ask_size[rows].tolist(),
                )
            )
            middles = ((bid + ask) / 2).tolist()
            ends = (np.flatnonzero(np.diff(stamp)) + 1).tolist()
            yield market.Stretch(quotes, symbols, stamps, middles, ends, one)

    def middles(self) -> BarTable:
        """Gives a bar of one price for each quote: halfway from bid to ask."""
        middle = (self.bid + self.ask) / 2
        return BarTable(
            self.symbols,
            self.symbol_index,
            self.timestamp,
            open=middle,
            high=middle,
            low=middle,
            close=middle,
            volume=np.zeros(len(self)),
            timeframe=timeframes.traded_name('tick', 1),
        )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class TradeTable(Table):
    """Trades in the market.

    Attributes:
        price: Prices.
        size: Units traded.
    """

    price: FloatArray
    size: FloatArray

    def rows(self) -> Iterator[market.Trade]:
        """Gives the trades one by one, in order."""
        for lists in self._lists('symbol_index', 'timestamp', 'price', 'size'):
            for number, *values in zip(*lists, strict=True):
                yield market.Trade(self.symbols[number], *values)


def one_timeframe(tables: Sequence[BarTable]) -> str:
    """Gives the length of all tables' bars.

    Args:
        tables: At least one.

    Raises:
        DataError: They differ.
    """
    frames = sorted({one.timeframe for one in tables})
    if len(frames) > 1:
        raise errors.DataError(
            f'bars of {" and ".join(frames)} cannot be merged; '
            'give bars of one length, or name it as the timeframe'
        )
    return frames[0]


def pieces(count: int) -> Iterator[slice]:
    """Gives the rows of a table in pieces that fit into memory easily.

    Args:
        count: How many rows there are.
    """
    for start in range(0, count, PIECE):
        yield slice(start, min(start + PIECE, count))


def sort_order(
    timestamp: IntArray, symbol_index: IndexArray
) -> npt.NDArray[np.int64] | None:
    """Says how rows are to be sorted; None when they are sorted already.

    Args:
        timestamp: Nanoseconds, UTC.
        symbol_index: The symbols' numbers.

    Returns:
        The rows' numbers in order; rows that are equal keep theirs.
    """
    step = np.diff(timestamp)
    if (step > 0).all() or (
        (step >= 0).all() and (np.diff(symbol_index)[step == 0] >= 0).all()
    ):
        return None
    return np.lexsort((symbol_index, timestamp))


def first_repeat(timestamp: IntArray, symbol_index: IndexArray) -> int | None:
    """Finds the first row with the stamp and symbol of the row before.

    Args:
        timestamp: Nanoseconds, UTC, sorted.
        symbol_index: The symbols' numbers, sorted within a stamp.

    Returns:
        The row's number, or None.
    """
    same = (np.diff(timestamp) == 0) & (np.diff(symbol_index) == 0)
    rows = np.flatnonzero(same)
    return int(rows[0]) + 1 if len(rows) else None
