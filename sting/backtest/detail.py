"""Finer bars, which decide what came first inside the bars of a run."""

import bisect
from collections.abc import Iterator

import numpy as np

from sting.data import table
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import sessions as hours
from sting.model import timeframes
from sting.simulator import market as simulated
from sting.strategy import resample

_FIGURES = ('open', 'high', 'low', 'close', 'volume')


class Detail:
    """The finer bars of a run, by the bars that they lie in.

    Orders are held against them one after another. The strategy, its clock
    and the account at each moment know only the longer bars, so what a fill
    makes a strategy decide, and exits that are attached to what filled, work
    from the next of those on.

    Attributes:
        fine: The finer bars.
        decided: Bars that left open what became of an order, until their
            finer ones were asked.
    """

    def __init__(self, fine: table.BarTable, bars: table.BarTable) -> None:
        """Finds for each bar those inside it.

        Args:
            fine: Of the same symbols, in the order of their stamps.
            bars: What the strategy is given; see `build`.
        """
        self.fine = fine
        self.decided = 0
        self._parts: dict[str, tuple[table.BarTable, list[int], list[int]]] = {}
        stamps = {symbol: bars.timestamp[rows] for symbol, rows in bars.split()}
        for symbol, rows in fine.split():
            part = fine.take(rows)
            own = stamps[symbol]
            ends = np.searchsorted(part.timestamp, own, 'right')
            self._parts[symbol] = part, own.tolist(), ends.tolist()

    def inside(self, bar: market.MarketData) -> Iterator[market.MarketData]:
        """Gives the finer bars of a bar, in order.

        Args:
            bar: One of the run's.
        """
        part, stamps, ends = self._parts[bar.symbol]
        place = bisect.bisect_left(stamps, bar.timestamp)
        first = ends[place - 1] if place else 0
        return part.take(slice(first, ends[place])).rows()

    def hold(
        self, exchange: simulated.MarketSimulator, bar: market.MarketData
    ) -> list[orders.Fill | orders.OrderUpdate]:
        """Holds the orders of a market against the finer bars of a bar.

        Args:
            exchange: Where the orders are.
            bar: One of the run's.

        Returns:
            What became of the orders, a fill with the stamp of its finer bar.
        """
        self.decided += exchange.is_unsure(bar)
        return exchange.on_parts(self.inside(bar))


def check(timeframe: str, own: str) -> None:
    """Refuses lengths of bars that do not go together.

    Args:
        timeframe: What the strategy is to be given.
        own: Of the data.

    Raises:
        errors.DataError: One is none, it is not finer, or it does not divide.
    """
    fault = timeframes.fault(timeframe)
    if not fault and timeframes.length(own) >= timeframes.length(timeframe):
        fault = (
            f'--detail-timeframe {own} is not finer than --timeframe '
            f'{timeframe}; give data of shorter bars, or leave it out'
        )
    fault = fault or timeframes.mismatch(timeframe, own)
    if fault:
        raise errors.DataError(fault)


def build(
    fine: table.BarTable, timeframe: str, sessions: hours.Sessions
) -> table.BarTable:
    """Builds the bars that a strategy is given of finer ones.

    They follow the sessions, as those that a strategy's `timeframes` names;
    only whole ones are built.

    Args:
        fine: In the order of their stamps.
        timeframe: Of the longer bars; `check` has nothing against it.
        sessions: When the exchange trades.

    Raises:
        errors.DataError: The data are not of the length that they are said to
            have, or no longer bar is whole.
    """
    _check_steps(fine)
    built: list[market.MarketData] = []
    makers = {
        symbol: resample.Resampler(timeframe, fine.timeframe, sessions)
        for symbol in fine.symbols
    }
    for bar in fine.rows():
        for ended in makers[bar.symbol].take(bar) or ():
            if ended is not None:
                built.append(ended)
    if not built:
        raise errors.DataError(
            f'the data have no whole bar of {timeframe}; give more of them'
        )
    places = {symbol: place for place, symbol in enumerate(fine.symbols)}
    built.sort(key=lambda each: (each.timestamp, each.symbol))
    first, high, low, close, volume = (
        np.array([getattr(each, name) for each in built], np.float64)
        for name in _FIGURES
    )
    return table.BarTable(
        fine.symbols,
        np.array([places[each.symbol] for each in built], np.int32),
        np.array([each.timestamp for each in built], np.int64),
        first,
        high,
        low,
        close,
        volume,
        timeframe,
        fine.generated,
    )


def _check_steps(fine: table.BarTable) -> None:
    """Refuses bars that are longer than they are said to be."""
    steps = [
        int(np.diff(fine.timestamp[rows]).min(initial=np.iinfo(np.int64).max))
        for _, rows in fine.split()
    ]
    shortest = min(steps, default=0)
    name = timeframes.name(shortest)
    # A session may close early, so days may be less apart than a day.
    if shortest > timeframes.length(fine.timeframe) and name is not None:
        raise errors.DataError(
            f'the data are bars of {name}, not of {fine.timeframe}; name '
            'the length that they have with --detail-timeframe'
        )
