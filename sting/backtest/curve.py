"""The account after each moment of a run, in columns."""

import abc
import array
import bisect
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sting.backtest import analyzer
from sting.engine import state
from sting.model import market

FloatArray = npt.NDArray[np.float64]


class Curve(abc.ABC):
    """Takes down the account at the last closes of each moment."""

    def __init__(self, system: state.SystemState, start: float) -> None:
        """Begins a curve.

        Args:
            system: What it looks at.
            start: What the account starts with.
        """
        self._system = system
        self._start = start

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
        symbol: str,
        stamps: npt.NDArray[np.int64],
        closes: FloatArray,
    ) -> None:
        """Begins a curve.

        Args:
            system: What it looks at.
            start: What the account starts with.
            symbol: The one symbol.
            stamps: Of all bars that will come.
            closes: Their last prices.
        """
        super().__init__(system, start)
        self._symbol = symbol
        self._stamps = stamps
        self._closes = closes
        self._equity = np.empty(len(closes))
        self._cash = np.empty(len(closes))
        self._exposed = np.empty(len(closes), np.bool_)
        self._done = 0
        self._length = 0
        # From which place on there was how much of it.
        self._places: list[int] = []
        self._cashes: list[float] = []
        self._held: list[float] = []

    def begin(self, stretch: market.Stretch) -> None:
        """Is told of the next bars."""
        self._length = len(stretch.bars)
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
        cash, held = book.cash, book.quantity(self._symbol)
        if self._places and (cash, held) == (self._cashes[-1], self._held[-1]):
            return
        self._places.append(place)
        self._cashes.append(cash)
        self._held.append(held)

    def finish(self) -> None:
        """Works the stretch out."""
        rows = slice(self._done, self._done + self._length)
        lengths = np.diff([*self._places, self._length])
        held = np.repeat(self._held, lengths)
        cash = np.repeat(self._cashes, lengths)
        self._cash[rows] = cash
        self._equity[rows] = cash + held * self._closes[rows]
        self._exposed[rows] = held != 0.0
        self._done += self._length

    def end_moment(self) -> None:
        """Needs to know nothing: every bar is a moment."""

    def close(self) -> analyzer.EquityCurve:
        """Gives the columns."""
        return analyzer.EquityCurve(
            start=self._start,
            timestamp=self._stamps,
            equity=self._equity,
            cash=self._cash,
            exposed=self._exposed,
        )


class OfSeveral(Curve):
    """The curve where several symbols share moments."""

    def __init__(self, system: state.SystemState, start: float) -> None:
        """Begins a curve; as `Curve`."""
        super().__init__(system, start)
        self._timestamp = array.array('q')
        self._equity = array.array('d')
        self._cash = array.array('d')
        self._exposed = array.array('b')
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
        """Needs to know nothing: the moment may go on."""

    def end_moment(self) -> None:
        """Marks the moment that is over."""
        if self._stamp >= 0:
            self._mark()
            self._stamp = -1

    def close(self) -> analyzer.EquityCurve:
        """Gives the columns."""
        self.end_moment()
        return analyzer.EquityCurve(
            start=self._start,
            timestamp=np.array(self._timestamp, np.int64),
            equity=np.array(self._equity, np.float64),
            cash=np.array(self._cash, np.float64),
            exposed=np.array(self._exposed, np.bool_),
        )

    def _mark(self) -> None:
        book = self._system.portfolio
        self._timestamp.append(self._stamp)
        self._cash.append(book.cash)
        self._equity.append(
            book.value(self._system.prices) if book.held else book.cash
        )
        self._exposed.append(bool(book.held))
