"""The account after each moment of a run, in columns."""

import abc
import bisect
from collections.abc import Sequence
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from sting.backtest.figures import analyzer
from sting.backtest.figures import periods
from sting.engine import state
from sting.model import market
from sting.model import timeframes

FloatArray = npt.NDArray[np.float64]


# A curve of more moments than this keeps only those that a figure needs, and
# about so many besides.
WHOLE = 2_000_000
_DAY = timeframes.DAY


class _Columns:
    """The columns of a curve, all of them or those that matter.

    Of a long run are kept: the last moment of each day, both ends and the
    bottom of each fall from a peak, and one of so many others. So returns,
    drawdowns and their times are those of the whole curve; the mean of the
    equity and the time in the market are counted beside it.
    """

    def __init__(self, start: float, moments: int) -> None:
        """Begins a curve.

        Args:
            start: What the account starts with.
            moments: How many there will be, at most.
        """
        self._start = start
        self._every = 1 if moments <= WHOLE else -(-moments // (WHOLE // 2))
        self._parts: list[tuple[npt.NDArray[Any], ...]] = []
        self._peak = start
        self._below = False
        self._moments = 0
        self._total = 0.0
        self._exposed = 0

    def add(
        self,
        stamps: npt.NDArray[np.int64],
        equity: FloatArray,
        cash: FloatArray,
        exposed: npt.NDArray[np.bool_],
    ) -> None:
        """Takes the next moments."""
        part = stamps, equity, cash, exposed
        if not len(stamps):
            return
        if self._every > 1:
            self._total += float(equity.sum())
            self._exposed += int(exposed.sum())
            kept = self._needed(stamps, equity)
            kept[-self._moments % self._every :: self._every] = True
            self._moments += len(stamps)
            part = stamps[kept], equity[kept], cash[kept], exposed[kept]
        self._parts.append(part)

    def _needed(
        self, stamps: npt.NDArray[np.int64], equity: FloatArray
    ) -> npt.NDArray[np.bool_]:
        """Says which moments a figure needs."""
        peaks = np.maximum(np.maximum.accumulate(equity), self._peak)
        depths = equity / peaks - 1.0
        below = periods.below(depths)
        edges = np.flatnonzero(np.diff(below, prepend=np.int8(self._below)))
        days = (stamps - 1) // _DAY
        kept = np.zeros(len(stamps), np.bool_)
        kept[:-1] = np.diff(days) != 0
        # What comes next may be of another day, or above a peak.
        kept[[0, -1]] = True
        kept[edges] = True
        kept[np.maximum(edges - 1, 0)] = True
        # The peak itself may lie a rounding error above what follows it.
        tops = np.where(equity >= peaks, np.arange(len(equity)), 0)
        kept[np.maximum.accumulate(tops)[np.maximum(edges - 1, 0)]] = True
        starts = np.concatenate(([0], edges[edges > 0]))
        for first, end in itertools.pairwise([*starts.tolist(), len(equity)]):
            if below[first]:
                kept[first + int(np.argmin(depths[first:end]))] = True
        self._peak = float(peaks[-1])
        self._below = bool(below[-1])
        return kept

    def close(self) -> analyzer.EquityCurve:
        """Gives the curve."""
        kinds = (np.int64, np.float64, np.float64, np.bool_)
        parts = self._parts or [tuple(np.empty(0, kind) for kind in kinds)]
        stamps, equity, cash, exposed = map(
            np.concatenate, zip(*parts, strict=True)
        )
        self._parts = [(stamps, equity, cash, exposed)]
        return analyzer.EquityCurve(
            start=self._start,
            timestamp=stamps,
            equity=equity,
            cash=cash,
            exposed=exposed,
            whole=None
            if self._every == 1
            else analyzer.Whole(
                self._moments,
                self._total / self._moments,
                self._exposed / self._moments,
            ),
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
        cash, held = book.cash, book.quantity(self._symbol)
        if self._places and (cash, held) == (self._cashes[-1], self._held[-1]):
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
