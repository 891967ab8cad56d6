"""Leaves out what a terminal shows already, for lines where bytes are dear.

Textual paints a changed row again from its widget's left edge on, with a full
description of the colours before each piece. Here each painted cell is
compared with what the terminal has: only those that differ are sent, with
short moves of the cursor and only those colours that change.
"""

import re

from rich import cells as rich_cells

Cell = tuple[str, str]

# A sequence that places the cursor or a colour, another one, or plain text.
_PIECES = re.compile(
    r'\x1b\[(?P<move>\d+;\d+)H'
    r'|\x1b\[(?P<style>[\d;]*)m'
    r'|(?P<feed>\n)'
    r'|(?P<text>[^\x00-\x1f\x7f]+)'
    r'|(?P<other>[\x00-\x1f\x7f])',
)
# So many unchanged cells are as cheap to send as to pass over.
_GAP = 3
# After so many frames nothing is taken for granted: what another program wrote
# over the screen goes then.
_TRUSTED = 64
_RESET = '\x1b[0m'


class Differ:
    """Keeps what a terminal shows, and says how it gets to show something else.

    What it does not know, it passes on as it is, and forgets what the terminal
    showed: so a sequence that it cannot read only costs bytes.
    """

    def __init__(self) -> None:
        """Begins with a terminal of which nothing is known."""
        self._rows: dict[int, dict[int, Cell]] = {}
        self._frames = 0
        self._size = (0, 0)

    def forget(self) -> None:
        """Takes nothing for granted any more: it may show anything."""
        self._rows = {}

    def shorten(self, text: str, size: tuple[int, int]) -> str:
        """Gives the shortest text with the effect of another.

        Args:
            text: What is to be written: whole frames, each of which begins
                with a move of the cursor and ends in no colour. What differs
                from that is passed on.
            size: The columns and lines that it is painted for. Those of the
                terminal may be others for a moment: with a new size nothing
                is known.

        Returns:
            What has to be written in its place.
        """
        if size != self._size:
            self._size = size
            self.forget()
        painted = _painted(text, size)
        if painted is None:
            if '\x1b[?2026' not in text:
                self.forget()
            return text
        cells, end = painted
        self._frames += 1
        if self._frames % _TRUSTED == 0:
            self.forget()
        out = _Writing()
        for place in sorted(cells):
            y, x = place
            row = self._rows.setdefault(y, {})
            cell = cells[place]
            if row.get(x) != cell:
                row[x] = cell
                out.put(y, x, cell, row)
        return out.end(end)


def _painted(
    text: str, size: tuple[int, int]
) -> tuple[dict[tuple[int, int], Cell], tuple[int, int]] | None:
    """Reads a frame: its cells by row and column, and the cursor's place.

    Returns:
        None where it holds anything else than moves, colours, and characters
        that are one cell wide.
    """
    found: dict[tuple[int, int], Cell] = {}
    at = 0
    y = x = 0
    style = ''
    while at < len(text):
        piece = _PIECES.match(text, at)
        if piece is None or (at == 0 and piece.lastgroup != 'move'):
            return None
        at = piece.end()
        match piece.lastgroup:
            case 'move':
                y, x = map(int, piece['move'].split(';'))
                y = min(y, size[1])
            case 'style':
                given = piece['style']
                is_reset = given in ('', '0')
                style = '' if is_reset else f'{style};{given}'.lstrip(';')
            case 'feed':
                # From the last line it scrolls. Where else it leads depends
                # on the terminal; a move comes next.
                if y >= size[1]:
                    return None
                y = 0
            case 'text':
                plain = piece['text']
                if not y or not _is_narrow(plain):
                    return None
                for each in plain:
                    # What is too long ends up in the last column.
                    found[y, min(x, size[0])] = (each, style)
                    x += 1
            case _:
                return None
    return None if style or not y else (found, (y, x))


def _is_narrow(text: str) -> bool:
    """Whether each of the characters is one cell wide."""
    return text.isascii() or all(
        rich_cells.get_character_cell_size(each) == 1 for each in text
    )


class _Writing:
    """A text that writes cells, from left to right and from top to bottom."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._y = self._x = 0
        self._style = ''

    def put(self, y: int, x: int, cell: Cell, row: dict[int, Cell]) -> None:
        """Writes a cell."""
        self._go(y, x, row)
        self._write(cell)

    def end(self, place: tuple[int, int]) -> str:
        """Gives the text, which leaves the cursor where it is asked."""
        if self._style:
            self._out.append(_RESET)
        # The cursor is hidden, but an input method looks where it is.
        self._out.append(f'\x1b[{place[0]};{place[1]}H')
        return ''.join(self._out)

    def _go(self, y: int, x: int, row: dict[int, Cell]) -> None:
        gap = x - self._x
        if y == self._y and gap == 0:
            return
        if y != self._y or gap < 0:
            self._out.append(f'\x1b[{y};{x}H')
        else:
            between = [row.get(each) for each in range(self._x, x)]
            known = [each for each in between if each is not None]
            if (
                gap <= _GAP
                and len(known) == gap
                and all(each[1] == self._style for each in known)
            ):
                self._out.append(''.join(each[0] for each in known))
            else:
                self._out.append(f'\x1b[{gap if gap > 1 else ""}C')
        self._y, self._x = y, x

    def _write(self, cell: Cell) -> None:
        text, style = cell
        if style != self._style:
            self._out.append(change(self._style, style))
            self._style = style
        self._out.append(text)
        self._x += 1


def change(before: str, after: str) -> str:
    """Writes how one colour becomes another.

    Args:
        before: What is set, as the numbers of its sequences; empty for none.
        after: What is to be set.
    """
    had, has = _parts(before), _parts(after)
    if had.keys() - has.keys():
        return f'\x1b[0;{after}m' if after else _RESET
    new = [value for key, value in has.items() if had.get(key) != value]
    return f'\x1b[{";".join(new)}m' if new else ''


def _parts(style: str) -> dict[str, str]:
    """Splits a style into what each of its numbers sets."""
    found: dict[str, str] = {}
    numbers = style.split(';') if style else []
    at = 0
    while at < len(numbers):
        first = numbers[at]
        count = 1
        if first in ('38', '48'):
            count = 3 if numbers[at + 1 : at + 2] == ['5'] else 5
        value = ';'.join(numbers[at : at + count])
        found[_what(first)] = value
        at += count
    return found


def _what(number: str) -> str:
    """Names what a number sets: the ink, the ground, or one attribute."""
    value = int(number)
    if value == 38 or 30 <= value <= 37 or 90 <= value <= 97:
        return 'ink'
    if value == 48 or 40 <= value <= 47 or 100 <= value <= 107:
        return 'ground'
    return number
