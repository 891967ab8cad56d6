"""Cells to draw on."""

from collections.abc import Sequence

from rich import segment
from rich import style as rich_style
from textual import strip

_Cell = tuple[str, rich_style.Style]


class Canvas:
    """Cells that are set one by one and given as strips."""

    def __init__(
        self, width: int, height: int, blank: rich_style.Style
    ) -> None:
        self._cells: list[list[_Cell]] = [
            [(' ', blank)] * width for _ in range(height)
        ]
        self._width = width

    def put(
        self, column: int, row: int, text: str, style: rich_style.Style
    ) -> None:
        """Writes a text from a cell on."""
        cells = self._cells[row]
        for index, character in enumerate(text, column):
            cells[index] = (character, style)

    def is_blank(self, column: int, row: int) -> bool:
        """Whether nothing was written there."""
        return self._cells[row][column][0] == ' '

    def strips(self) -> list[strip.Strip]:
        """Gives the rows, joining neighbours of one style."""
        return [
            strip.Strip(_segments(cells), self._width) for cells in self._cells
        ]


def _segments(cells: Sequence[_Cell]) -> list[segment.Segment]:
    found: list[segment.Segment] = []
    start = 0
    for end in range(1, len(cells) + 1):
        if end == len(cells) or cells[end][1] is not cells[start][1]:
            text = ''.join(cell[0] for cell in cells[start:end])
            found.append(segment.Segment(text, cells[start][1]))
            start = end
    return found
