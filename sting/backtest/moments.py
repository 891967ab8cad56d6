"""The curve of quotes of several symbols, or of several quotes of a moment."""

from collections.abc import Sequence

import numpy as np

from sting.backtest import curve
from sting.backtest.figures import analyzer
from sting.engine import state
from sting.model import market

Row = tuple[int, float, float, bool]


class OfMoments(curve.Curve):
    """As `curve.OfSeveral`, but worked out for all quotes of a stretch at once.

    Nearly every quote is a moment of its own, so that to look at the account
    after each would cost more than all else.
    """

    def __init__(
        self, system: state.SystemState, start: float, moments: int
    ) -> None:
        """Begins a curve; as `curve.Curve`."""
        super().__init__(system, start, moments)
        self._stretch = market.Stretch([], [], [], [], [], True)
        # From which place on there was how much.
        self._places: list[int] = []
        self._cashes: list[float] = []
        self._held: list[dict[str, float]] = []
        self._prices: dict[str, float] = {}
        # The last moment, which may go on.
        self._last: Row | None = None

    def begin(self, stretch: market.Stretch) -> None:
        """Is told of the next quotes."""
        self._stretch = stretch
        self._places, self._cashes, self._held = [], [], []
        self.changed(0)

    def stops(self, start: int, end: int) -> Sequence[int]:
        """Gives none: what does not change need not be looked at."""
        return ()

    def before(self, place: int) -> None:
        """Needs to know nothing."""

    def changed(self, place: int) -> None:
        """Is told that something happened at a quote."""
        book = self._system.portfolio
        held = {symbol: book.quantity(symbol) for symbol in book.held}
        if self._places and (book.cash, held) == (
            self._cashes[-1],
            self._held[-1],
        ):
            return
        self._places.append(place)
        self._cashes.append(book.cash)
        self._held.append(held)

    def finish(self) -> None:
        """Works the stretch out."""
        stretch = self._stretch
        count = len(stretch.stamps)
        lengths = np.diff([*self._places, count])
        cash = np.repeat(self._cashes, lengths)
        exposed = np.repeat(list(map(bool, self._held)), lengths)
        equity = self._equity(cash)
        self._prices.update(zip(stretch.symbols, stretch.closes, strict=True))
        if self._last is not None and self._last[0] != stretch.stamps[0]:
            self._flush()
        lasts = np.array([*stretch.ends, count]) - 1
        rows, last = lasts[:-1], count - 1
        stamps = np.array(stretch.stamps, np.int64)
        self._columns.add(stamps[rows], equity[rows], cash[rows], exposed[rows])
        self._last = (
            stretch.stamps[last],
            float(equity[last]),
            float(cash[last]),
            bool(exposed[last]),
        )

    def end_moment(self) -> None:
        """Is told that the next quote is of another moment."""
        self._flush()

    def close(self) -> analyzer.EquityCurve:
        """Gives the columns."""
        self._flush()
        return self._columns.close()

    def _equity(self, cash: curve.FloatArray) -> curve.FloatArray:
        """Gives the account after each quote."""
        equity = cash.copy()
        filled: dict[str, curve.FloatArray] = {}
        ends = [*self._places[1:], len(cash)]
        for start, end, held in zip(
            self._places, ends, self._held, strict=True
        ):
            for symbol, units in held.items():
                if symbol not in filled:
                    filled[symbol] = self._filled(symbol)
                equity[start:end] += units * filled[symbol][start:end]
        return equity

    def _filled(self, symbol: str) -> curve.FloatArray:
        """Gives a symbol's last price after each quote of the stretch."""
        closes = np.array(self._stretch.closes)
        if self._stretch.of_one:
            return closes
        own = np.array(self._stretch.symbols) == symbol
        places = np.maximum.accumulate(
            np.where(own, np.arange(len(closes)), -1)
        )
        before = self._prices.get(symbol, np.nan)
        return np.where(places < 0, before, closes[places])

    def _flush(self) -> None:
        """Takes down the last moment, which is over."""
        if self._last is None:
            return
        stamp, equity, cash, exposed = self._last
        self._last = None
        self._columns.add(
            np.array([stamp], np.int64),
            np.array([equity]),
            np.array([cash]),
            np.array([exposed]),
        )
