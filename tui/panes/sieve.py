"""Which rows of a list hold the words of a filter.

A word is looked for in all of a row, or as `title:word` in one column. What
was found is kept: of a list that changes ten times a second most rows are the
ones that were there before.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Generic
from typing import TypeVar

Row = TypeVar('Row')
# Rows that are read in one go, some ten milliseconds.
PART = 1_000


class Words(Generic[Row]):
    """A filter as it was typed, and where its words are looked for.

    Attributes:
        text: What was typed.
    """

    def __init__(
        self,
        text: str,
        everywhere: Callable[[Row], str],
        columns: Mapping[str, Callable[[Row], str]],
    ) -> None:
        """Reads a filter.

        Args:
            text: Words; those with a colon name a column.
            everywhere: Gives all that is searched of a row, casefolded.
            columns: Gives a column's text of a row, by its title.
        """
        self.text = text
        self._everywhere = everywhere
        self._anywhere: list[str] = []
        self._within: list[tuple[Callable[[Row], str], str]] = []
        for word in text.casefold().split():
            title, colon, rest = word.partition(':')
            if colon and title in columns:
                self._within.append((columns[title], rest))
            else:
                self._anywhere.append(word)

    def __bool__(self) -> bool:
        """Whether there is any word."""
        return bool(self._anywhere or self._within)

    def hold(self, row: Row, everything: str | None = None) -> bool:
        """Whether a row has every word.

        Args:
            row: The row.
            everything: What is searched of it, where that is known.
        """
        for text, word in self._within:
            if word not in text(row).casefold():
                return False
        if not self._anywhere:
            return True
        found = self._everywhere(row) if everything is None else everything
        return all(word in found for word in self._anywhere)

    def read(self, row: Row) -> str:
        """Gives all that is searched of a row."""
        return self._everywhere(row)


class Sieve(Generic[Row]):
    """Sifts a list whose rows may change; what was read of a row is kept.

    Attributes:
        pending: Rows that were not read yet; `sift` goes on with them.
    """

    def __init__(self, key: Callable[[Row], object]) -> None:
        """Knows of no row yet.

        Args:
            key: Gives what stays the same while a row changes.
        """
        self._key = key
        self._read: dict[object, tuple[Row, str]] = {}
        self.pending = 0

    def sift(self, rows: Sequence[Row], words: Words[Row]) -> list[Row]:
        """Gives the rows that hold all words, as far as they were read.

        Args:
            rows: All of them.
            words: The filter.
        """
        before, self._read = self._read, {}
        found = []
        left = PART
        self.pending = 0
        for row in rows:
            key = self._key(row)
            known = before.get(key)
            if known is None or (known[0] is not row and known[0] != row):
                left -= 1
                if left < 0:
                    self.pending += 1
                    continue
                known = row, words.read(row)
            self._read[key] = known
            if words.hold(row, known[1]):
                found.append(row)
        return found


class SlidingSieve(Generic[Row]):
    """Sifts a list whose rows stay as they are, a part at a time.

    New rows come in at the top and old ones go at the end, so that each is
    looked at once.

    Attributes:
        pending: Rows that were not looked at yet; `sift` goes on with them.
    """

    def __init__(self) -> None:
        self._text = ''
        self._top: Row | None = None
        # What was found, the newest first, with the count of rows that had
        # come in up to then: what is above it changes, this does not.
        self._found: list[tuple[int, Row]] = []
        self._count = 0
        self._looked = 0
        self.pending = 0

    def sift(self, rows: Sequence[Row], words: Words[Row]) -> list[Row]:
        """Gives the rows that hold all words, as far as was looked.

        Args:
            rows: All of them, the newest first.
            words: The filter.
        """
        fresh = self._fresh(rows) if words.text == self._text else None
        self._text = words.text
        if fresh is None:
            self._found, self._looked, self._count = [], 0, len(rows)
        else:
            self._count += fresh
            self._looked = min(self._looked + fresh, len(rows))
            self._found[:0] = self._matches(rows, 0, fresh, words)
            while self._found and self._found[-1][0] <= self._count - len(rows):
                self._found.pop()
        self._top = rows[0] if rows else None
        end = min(len(rows), self._looked + PART)
        self._found += self._matches(rows, self._looked, end, words)
        self._looked = end
        self.pending = len(rows) - end
        return [row for _, row in self._found]

    def _matches(
        self, rows: Sequence[Row], start: int, end: int, words: Words[Row]
    ) -> list[tuple[int, Row]]:
        return [
            (self._count - index, row)
            for index, row in enumerate(rows[start:end], start)
            if words.hold(row)
        ]

    def _fresh(self, rows: Sequence[Row]) -> int | None:
        """Counts the rows above the one that was the top; None if it is gone.

        Of more than a part it is as quick to begin anew.
        """
        top = self._top
        for index, row in enumerate(rows[: PART + 1]):
            if row is top or row == top:
                return index
        return None
