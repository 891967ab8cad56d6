"""What holdings are worth, kept from one look to the next."""

from collections.abc import Mapping
from collections.abc import Sequence
import itertools
import operator

from sting.model import portfolio


class Valuation:
    """Values a portfolio again and again; most prices stay as they were.

    What is kept is held against holdings and prices at each look, so nothing
    has to say that these have changed.

    Attributes:
        looks: How often it was looked.
        symbols: What was held at the last look, in the order of
            `Portfolio.held`; empty where it has to be valued anew.
        worth: What each holding is worth since the last look, in that order.
        priced: All that was held at the last look had a price.
        moved: Places of the holdings whose price, and nothing else, was
            another at the last look than at the one before; None where more
            may have changed.
    """

    def __init__(self) -> None:
        self.looks = 0
        self.priced = True
        self.symbols: list[str] = []
        self.worth: list[float] = []
        self.moved: list[int] | None = None
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
        self.looks += 1
        held = book.held
        symbols, units = list(held), list(held.values())
        known = list(map(prices.get, symbols))
        before, self._known = self._known, known
        self.moved = None
        if symbols == self.symbols and units == self._units:
            # A price that is the same object is the same price.
            moved = list(
                itertools.compress(
                    range(len(known)), map(operator.is_not, known, before)
                )
            )
            if self._move(moved):
                self.moved = moved
                return self.worth
        self.symbols, self._units = symbols, units
        self.worth = book.worth(prices)
        self.priced = None not in known
        if not self.priced:
            # What was paid can change while units and prices stay.
            self.symbols = []
        return self.worth

    def _move(self, moved: list[int]) -> bool:
        """Values what has other prices; says no where one has none."""
        for place in moved:
            price = self._known[place]
            if price is None:
                return False
            self.worth[place] = self._units[place] * price
        return True
