"""Columns of indicators that many runs share, as many as the memory allows."""

import collections
from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Sequence
import threading
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

Make = Callable[[], Sequence[FloatArray]]


class Wanted(NamedTuple):
    """One indicator that a run needs.

    Attributes:
        key: Equal for the same indicator with the same options.
        lines: How many columns it has.
        make: Works them out.
    """

    key: Hashable
    lines: int
    make: Make


class Shelf:
    """The rows of one table, each an indicator's column over all bars.

    What was longest not asked for gives way to what is asked for; what a run
    holds stays. Threads share it.

    Attributes:
        table: A row a column; only those that were handed out mean something.
    """

    def __init__(self, length: int, rows: int) -> None:
        """Takes the table; rows that are never used take no memory.

        Args:
            length: How many bars.
            rows: How many columns are kept at most, at least 1.
        """
        self.table = np.empty((rows, length))
        self._free = list(range(rows))
        self._rows: collections.OrderedDict[Hashable, tuple[int, ...]]
        self._rows = collections.OrderedDict()
        self._holds: collections.Counter[Hashable] = collections.Counter()
        self._change = threading.Condition()

    def take(self, wanted: Sequence[Wanted]) -> list[tuple[int, ...]]:
        """Gives the rows of indicators, and keeps them until `give_back`.

        It waits until there is room; whoever waits must hold nothing.

        Args:
            wanted: The indicators of one run.

        Returns:
            The rows of each.

        Raises:
            MemoryError: They are more than the whole table.
        """
        with self._change:
            while (found := self._taken(wanted)) is None:
                if not self._holds:
                    raise MemoryError(
                        f'{len(wanted)} indicators of one run do not fit into '
                        f'{len(self.table)} columns'
                    )
                self._change.wait()
            return found

    def take_at_once(
        self, wanted: Sequence[Wanted]
    ) -> list[tuple[int, ...]] | None:
        """As `take`; None where there is no room."""
        with self._change:
            return self._taken(wanted)

    def give_back(self, keys: Sequence[Hashable]) -> None:
        """Lets go of what was taken.

        Args:
            keys: Of the indicators, each as often as it was taken.
        """
        with self._change:
            self._holds.subtract(keys)
            # Removes what nobody holds.
            self._holds = +self._holds
            self._change.notify_all()

    def _taken(self, wanted: Sequence[Wanted]) -> list[tuple[int, ...]] | None:
        """Takes all of a run's indicators or none."""
        for at, each in enumerate(wanted):
            if each.key not in self._rows and not self._add(each):
                self._holds.subtract(one.key for one in wanted[:at])
                self._holds = +self._holds
                return None
            self._rows.move_to_end(each.key)
            self._holds[each.key] += 1
        return [self._rows[each.key] for each in wanted]

    def _add(self, wanted: Wanted) -> bool:
        """Works an indicator out, if there is room for it."""
        if not self._make_room(wanted.lines):
            return False
        columns = wanted.make()
        rows = tuple(self._free.pop() for _ in range(wanted.lines))
        for row, column in zip(rows, columns, strict=True):
            self.table[row] = column
        self._rows[wanted.key] = rows
        return True

    def _make_room(self, rows: int) -> bool:
        """Throws out what nobody holds, the longest unused first."""
        while len(self._free) < rows:
            unused = (key for key in self._rows if key not in self._holds)
            key = next(unused, None)
            if key is None:
                return False
            self._free.extend(self._rows.pop(key))
        return True
