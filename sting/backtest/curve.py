"""The account after each moment of a run, in columns."""

import abc
import bisect
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sting.backtest.figures import analyzer
from sting.data import pages as pages_lib
from sting.engine import state
from sting.model import market

FloatArray = npt.NDArray[np.float64]

# A curve of so many moments lies in a file.
LARGE = 200_000
_KINDS = {
    'timestamp': np.int64,
    'equity': np.float64,
    'cash': np.float64,
    'exposed': np.bool_,
}


class _Columns:
    """The columns of a curve while it grows."""

    def __init__(self, start: float, moments: int) -> None:
        """Begins a curve.

        Args:
            start: What the account starts with.
            moments: How many there will be, at most.
        """
        self._start = start
        self._moments = 0
        self._parts: list[tuple[npt.NDArray[Any], ...]] = []
        self._pages: pages_lib.Pages | None = None
        if moments >= LARGE:
            kinds = _KINDS | dict.fromkeys(analyzer.WORKED_OUT, np.float64)
            self._pages = pages_lib.Pages(kinds, moments)

    def add(
        self,
        stamps: npt.NDArray[np.int64],
        equity: FloatArray,
        cash: FloatArray,
        exposed: npt.NDArray[np.bool_],
    ) -> None:
        """Takes the next moments."""
        part = stamps, equity, cash, exposed
        if self._pages is None:
            self._parts.append(part)
            return
        for name, values in zip(_KINDS, part, strict=True):
            self._pages.write(name, self._moments, values)
        self._moments += len(stamps)

    def close(self) -> analyzer.EquityCurve:
        """Gives the curve."""
        if self._pages is not None:
            found = [self._pages.column(name, self._moments) for name in _KINDS]
        else:
            empty: tuple[npt.NDArray[Any], ...] = tuple(
                np.empty(0, kind) for kind in _KINDS.values()
            )
            parts = zip(empty, *self._parts, strict=True)
            found = [np.concatenate(column) for column in parts]
        stamps, equity, cash, exposed = found
        return analyzer.EquityCurve(
            start=self._start,
            timestamp=stamps,
            equity=equity,
            cash=cash,
            exposed=exposed,
            pages=self._pages,
        )


class Curve(abc.ABC):
    """Takes down the account at the last closes of each moment."""

    def __init__(
        self, system: state.SystemState, start: float, moments: int
    ) -> None:
        """Begins a curve.

        Args:
            system: What it looks at.
            start: What the account starts with.
            moments: How many there will be, at most.
        """
        self._system = system
        self._columns = _Columns(start, moments)

    @abc.abstractmethod
    def begin(self, stretch: market.Stretch) -> None:
        """Is told of the next bars, before the engine takes them."""

    @abc.abstractmethod
    def stops(self, start: int, end: int) -> Sequence[int]:
        """Gives the bars before which it has to be told.

        Args:
            start: The place of the first bar in question.
            end: The place behind the last.
        """

    @abc.abstractmethod
    def before(self, place: int) -> None:
        """Is told that the engine is about to take a bar.

        Args:
            place: Of the bar in the stretch; the engine has taken all before
                it.
        """

    @abc.abstractmethod
    def changed(self, place: int) -> None:
        """Is told that something happened at a bar.

        Args:
            place: Of the bar in the stretch.
        """

    @abc.abstractmethod
    def finish(self) -> None:
        """Is told that the engine has taken the whole stretch."""

    @abc.abstractmethod
    def end_moment(self) -> None:
        """Is told that the next bar is of another moment."""

    @abc.abstractmethod
    def close(self) -> analyzer.EquityCurve:
        """Gives the columns."""


class OfOne(Curve):
    """The curve where all bars are of one symbol, each at its own moment.

    Between two fills the equity is worked out for all bars at once.
    """

    def __init__(
        self,
        system: state.SystemState,
        start: float,
        moments: int,
        symbol: str,
    ) -> None:
        """Begins a curve; as `Curve`, of this one symbol."""
        super().__init__(system, start, moments)
        self._symbol = symbol
        self._stamps: list[int] = []
        self._closes: list[float] = []
        # From which place on there was how much of it.
        self._places: list[int] = []
        self._cashes: list[float] = []
        self._held: list[float] = []

    def begin(self, stretch: market.Stretch) -> None:
        """Is told of the next bars."""
        self._stamps, self._closes = stretch.stamps, stretch.closes
        self._places, self._cashes, self._held = [], [], []
        self.changed(0)

    def stops(self, start: int, end: int) -> Sequence[int]:
        """Gives none: what does not change need not be looked at."""
        return ()

    def before(self, place: int) -> None:
        """Needs to know nothing."""

    def changed(self, place: int) -> None:
        """Is told that something happened at a bar."""
        book = self._system.portfolio
        cash, position = book.cash, book.positions.get(self._symbol)
        held = 0.0 if position is None else position.quantity
        if self._places and cash == self._cashes[-1] and held == self._held[-1]:
            return
        self._places.append(place)
        self._cashes.append(cash)
        self._held.append(held)

    def finish(self) -> None:
        """Works the stretch out."""
        lengths = np.diff([*self._places, len(self._stamps)])
        held = np.repeat(self._held, lengths)
        cash = np.repeat(self._cashes, lengths)
        equity = cash + held * np.array(self._closes)
        self._columns.add(
            np.array(self._stamps, np.int64), equity, cash, held != 0.0
        )

    def end_moment(self) -> None:
        """Needs to know nothing: every bar is a moment."""

    def close(self) -> analyzer.EquityCurve:
        """Gives the columns."""
        return self._columns.close()


class OfSeveral(Curve):
    """The curve where several symbols share moments."""

    def __init__(
        self, system: state.SystemState, start: float, moments: int
    ) -> None:
        """Begins a curve; as `Curve`."""
        super().__init__(system, start, moments)
        self._rows: list[tuple[int, float, float, bool]] = []
        self._stamp = -1
        self._stamps: list[int] = []
        self._stops: list[int] = []

    def begin(self, stretch: market.Stretch) -> None:
        """Is told of the next bars."""
        self._stamps = stretch.stamps
        self._stops = [0, *stretch.ends]

    def stops(self, start: int, end: int) -> Sequence[int]:
        """Gives the bars that begin a moment."""
        first = bisect.bisect_left(self._stops, start)
        return self._stops[first : bisect.bisect_left(self._stops, end)]

    def before(self, place: int) -> None:
        """Marks a moment that is over."""
        stamp = self._stamps[place]
        if stamp != self._stamp:
            if self._stamp >= 0:
                self._mark()
            self._stamp = stamp

    def changed(self, place: int) -> None:
        """Needs to know nothing: all holdings are looked at anyway."""

    def finish(self) -> None:
        """Takes what was marked into columns; the moment may go on."""
        if self._rows:
            stamps, equity, cash, exposed = zip(*self._rows, strict=True)
            self._columns.add(
                np.array(stamps, np.int64),
                np.array(equity, np.float64),
                np.array(cash, np.float64),
                np.array(exposed, np.bool_),
            )
            self._rows.clear()

    def end_moment(self) -> None:
        """Marks the moment that is over."""
        if self._stamp >= 0:
            self._mark()
            self._stamp = -1

    def close(self) -> analyzer.EquityCurve:
        """Gives the columns."""
        self.end_moment()
        self.finish()
        return self._columns.close()

    def _mark(self) -> None:
        book = self._system.portfolio
        equity = book.cash
        if book.held:
            equity = book.value(self._system.prices)
        self._rows.append((self._stamp, equity, book.cash, bool(book.held)))
