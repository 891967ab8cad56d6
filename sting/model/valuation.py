"""What holdings are worth, kept from one look to the next."""

from collections.abc import Collection
from collections.abc import Container
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import itertools
import operator
from typing import Any
from typing import NamedTuple
from typing import cast

from sting.model import portfolio

_PART = 32
# Above so many that are no longer held, all is valued.
_FEW = 8


class Moves(NamedTuple):
    """What is another than it was.

    Attributes:
        values: The symbols that may be worth something else, those that came
            among them.
        places: The symbols that came or went; those that are held are the
            last ones.
    """

    values: Collection[str]
    places: Collection[str]


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
        # What has moved since the last take; None where all was valued.
        self._moved: set[str] | None = None
        self._placed: set[str] = set()
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
        if not (
            self.priced
            and (symbols == self.symbols or self._follow(symbols, held))
            and self._move(known, units)
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

    def take(self, takes: int) -> Moves | None:
        """Gives what has moved since somebody asked before.

        Args:
            takes: What `takes` was after that; 0 for never.

        Returns:
            What was another at the looks since; None where all may be, or
            somebody else has asked.
        """
        moved, placed = self._moved, self._placed
        self._moved, self._placed = set(), set()
        known = moved is not None and takes == self.takes
        self.takes += 1
        return Moves(moved, placed) if known and moved is not None else None

    def _follow(self, symbols: list[str], held: Container[str]) -> bool:
        """Lets go of what is not held any more, and takes what came since.

        Says no where there is more to it.
        """
        for _ in range(_FEW):
            stays = len(self.symbols)
            if symbols[:stays] == self.symbols:
                break
            place = _first(symbols, self.symbols)
            gone = self.symbols[place]
            if gone in held:
                # It has been opened again, and is further back now.
                return False
            self._placed.add(gone)
            del self.symbols[place], self.worth[place]
            del self._known[place], self._units[place]
        else:
            return False
        came = symbols[stays:]
        self._placed.update(came)
        self.symbols += came
        # They move from nothing to what they are worth.
        self._known += [None] * len(came)
        self._units += [0.0] * len(came)
        self.worth += [0.0] * len(came)
        return True

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
            self._moved.update(map(self.symbols.__getitem__, moved))
        return True


def _first(now: Sequence[str], before: Sequence[str]) -> int:
    """Gives the first place where they differ, or where one ends."""
    others = map(operator.ne, now, before)
    shorter = min(len(now), len(before))
    return next(itertools.compress(itertools.count(), others), shorter)


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
