"""What holdings are worth, kept from one look to the next."""

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import itertools
import operator
from typing import Any
from typing import cast

from sting.model import portfolio

_PART = 32


class Valuation:
    """Values a portfolio again and again; most of it stays as it was.

    What is kept is held against holdings and prices at each look, so nothing
    has to say that these have changed.

    Attributes:
        symbols: What was held at the last look, in the order of
            `Portfolio.held`.
        worth: What each holding is worth since the last look, in that order.
        priced: All that was held at the last look had a price.
        takes: How often it was asked what had moved.
    """

    def __init__(self) -> None:
        self.priced = True
        self.symbols: list[str] = []
        self.worth: list[float] = []
        self.takes = 0
        # Places that are worth something else than at the last take; None
        # where other symbols are held.
        self._moved: set[int] | None = None
        self._units: list[float] = []
        self._known: list[float | None] = []

    def look(
        self, book: portfolio.Portfolio, prices: Mapping[str, float]
    ) -> Sequence[float]:
        """Gives what each holding is worth now.

        Args:
            book: What is held; any portfolio.
            prices: Last price by symbol; without one it is what was paid.

        Returns:
            As `Portfolio.worth`; it holds until the next look.
        """
        held = book.held
        symbols, units = list(held), list(held.values())
        known = list(map(prices.get, symbols))
        # What was paid can change while units and prices stay.
        if (
            not self.priced
            or symbols != self.symbols
            or not self._move(known, units)
        ):
            self._moved, self.symbols = None, symbols
            self.priced = None not in known
            self.worth = (
                list(map(operator.mul, units, cast('list[float]', known)))
                if self.priced
                else book.worth(prices)
            )
        self._known, self._units = known, units
        return self.worth

    def take(self, takes: int) -> Collection[int] | None:
        """Gives what has moved since somebody asked before.

        Args:
            takes: What `takes` was after that; 0 for never.

        Returns:
            Places of the holdings that may be worth something else at the
            last look, and none others; None where other symbols are held, or
            somebody else has asked.
        """
        moved = self._moved if takes == self.takes else None
        self.takes += 1
        self._moved = set()
        return moved

    def _move(self, known: list[float | None], units: list[float]) -> bool:
        """Values what has other prices or units; no where one has none."""
        moved = set(_others(known, self._known))
        if units != self._units:
            moved.update(_others(units, self._units))
        for place in moved:
            price = known[place]
            if price is None:
                return False
            self.worth[place] = units[place] * price
        if self._moved is not None:
            self._moved |= moved
        return True


def _others(now: Sequence[Any], before: Sequence[Any]) -> Iterator[int]:
    """Gives the places of other objects: what is the same has not changed."""
    for start in range(0, len(now), _PART):
        rows = slice(start, start + _PART)
        part, old = now[rows], before[rows]
        # Most parts are as they were, which is told at once.
        if part != old:
            yield from itertools.compress(
                range(start, start + _PART), map(operator.is_not, part, old)
            )
