"""Figures and foreign text as the terminal writes them."""

from collections.abc import Iterable
import datetime
import math
import re
import unicodedata

from rich import cells

from sting.model import market
from sting.model import views

NONE = '-'
_ELLIPSIS = '…'
# Controls, format characters (bidi overrides among them), surrogates, private
# use, unassigned, line and paragraph separators.
_UNSHOWN = frozenset({'Cc', 'Cf', 'Cs', 'Co', 'Cn', 'Zl', 'Zp'})
_REPLACEMENT = '\N{REPLACEMENT CHARACTER}'
# The folders of a file with a line in it.
_FOLDERS = re.compile(r'(?<!\S)/(?:[^/\s:]+/)*(?=[^/\s:]+\.(?:py|yaml):\d)')
_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def file_names(text: str) -> str:
    """Shortens the paths of places in files: /a/b/mine.py:7 to mine.py:7.

    Args:
        text: A message for a row that is too narrow for whole paths.

    Returns:
        The message with the files' names.
    """
    return _FOLDERS.sub('', text)


def clean(text: str) -> str:
    """Makes text from outside safe to paint.

    Blanks of every kind become one blank each; characters that could steer the
    terminal or reorder the line are replaced, so that nothing is hidden.

    Args:
        text: Anything: a symbol, a broker's message, a strategy's reason.

    Returns:
        One line of printable characters.
    """
    if text.isascii() and text.isprintable():
        return text
    return ''.join(_clean_character(character) for character in text)


def _clean_character(character: str) -> str:
    if character in '\n\r\t':
        return ' '
    if unicodedata.category(character) in _UNSHOWN:
        return _REPLACEMENT
    return character


def fit(text: str, width: int, align: str = 'left') -> str:
    """Cuts or fills a text to an exact number of cells.

    Args:
        text: Cleaned text.
        width: Cells, at least 0.
        align: 'left' or 'right'.

    Returns:
        A text of exactly `width` cells; what was cut ends in an ellipsis.
    """
    length = len(text) if text.isascii() else cells.cell_len(text)
    if length > width:
        if width < 1:
            return ''
        return cells.set_cell_size(text, width - 1) + _ELLIPSIS
    blanks = ' ' * (width - length)
    return blanks + text if align == 'right' else text + blanks


def price(value: float | None) -> str:
    """Writes a price: 571.2 as 571.20, 0.0123 as 0.0123."""
    if value is None or not math.isfinite(value):
        return NONE
    decimals = 2 if abs(value) >= 1 or value == 0 else 4
    return f'{value:,.{decimals}f}'


def quantity(value: float | None) -> str:
    """Writes a number of units without needless decimals."""
    if value is None or not math.isfinite(value):
        return NONE
    return f'{value:,.6f}'.rstrip('0').rstrip('.')


def money(value: float) -> str:
    """Writes an amount of money to the cent."""
    return f'{value:,.2f}' if math.isfinite(value) else NONE


def gain(value: float) -> str:
    """Writes a profit or a loss, always with its sign."""
    if not math.isfinite(value):
        return NONE
    rounded = round(value, 2)
    return f'{rounded:+,.2f}' if rounded else '0.00'


def percent(fraction: float | None) -> str:
    """Writes a change, given as a fraction, in per cent with its sign."""
    if fraction is None or not math.isfinite(fraction):
        return NONE
    rounded = round(fraction * 100, 2)
    return f'{rounded:+.2f}%' if rounded else '0.00%'


def compact(value: float) -> str:
    """Writes a large number in four or five cells: 1234567 as 1.23M."""
    if not math.isfinite(value):
        return NONE
    for size, unit in ((1e9, 'B'), (1e6, 'M'), (1e3, 'k')):
        # From 99.95 % of a unit on, the unit below would round to four figures.
        if abs(value) >= size * 0.9995:
            scaled = value / size
            figures = math.floor(math.log10(abs(scaled) * 1.0005))
            # What is a little under one unit is one.
            decimals = min(2, max(0, 2 - figures))
            return f'{scaled:.{decimals}f}{unit}'
    return f'{value:.0f}'


def size(number: float | None) -> str:
    """Writes bytes in their largest unit: 512 B, 1.5 MB, 12 GB."""
    if number is None or not math.isfinite(number):
        return NONE
    for step, unit in ((1e12, 'TB'), (1e9, 'GB'), (1e6, 'MB'), (1e3, 'kB')):
        # What the unit below would round to one of this is one of this.
        if abs(number) >= step * 0.9995:
            scaled = number / step
            decimals = 1 if abs(scaled) < 9.95 else 0
            return f'{scaled:.{decimals}f} {unit}'
    return f'{number:.0f} B'


def growth(number: float | None) -> str:
    """Writes bytes an hour with their sign: +1.5 MB/h."""
    if number is None or not math.isfinite(number):
        return NONE
    return f'{"+" if number >= 0.5 else ""}{size(number)}/h'


def took(ms: float) -> str:
    """Writes how long something took: 12 µs, 0.34 ms, 5.6 ms, 1.20 s."""
    if not math.isfinite(ms):
        return NONE
    if ms < 0.0995:
        return f'{ms * 1e3:.0f} µs'
    if ms < 999.5:
        decimals = 2 if ms < 0.995 else 1 if ms < 99.95 else 0
        return f'{ms:.{decimals}f} ms'
    return f'{ms / 1e3:.2f} s'


def count(number: int, noun: str) -> str:
    """Writes a number of things: 1 order, 2 orders, 2 strategies."""
    if number == 1:
        return f'1 {noun}'
    plural = f'{noun[:-1]}ies' if noun.endswith('y') else f'{noun}s'
    return f'{number:,} {plural}'


def held(positions: Iterable[views.PositionRow]) -> str:
    """Names what is held: AAPL 100, IBM -5; empty where nothing is."""
    return ', '.join(
        f'{clean(row.symbol)} {quantity(row.quantity)}'
        for row in positions
        if row.quantity
    )


def duration(seconds: float | None) -> str:
    """Writes a length of time in its largest unit: 0s, 12s, 3m, 2h, 5d.

    In whole seconds, so that an age is not painted anew ten times in one.
    """
    if seconds is None or not math.isfinite(seconds):
        return NONE
    for size, unit in ((_DAY, 'd'), (_HOUR, 'h'), (_MINUTE, 'm')):
        if seconds >= size:
            return f'{int(seconds // size)}{unit}'
    return f'{max(int(seconds), 0)}s'


def moment(timestamp: int) -> datetime.datetime | None:
    """Gives the datetime of a stamp; None for the stamp 0, which is none."""
    return market.to_datetime(timestamp) if timestamp else None


def clock(timestamp: int) -> str:
    """Writes the time of day of a stamp, in UTC: 14:30:05."""
    when = moment(timestamp)
    return NONE if when is None else f'{when:%H:%M:%S}'


def date_clock(timestamp: int) -> str:
    """Writes the day and time of a stamp, in UTC: 2012-06-01 14:30:05."""
    when = moment(timestamp)
    return NONE if when is None else f'{when:%Y-%m-%d %H:%M:%S}'


def wrap(text: str, width: int) -> list[str]:
    """Breaks a cleaned text into lines at its blanks.

    Args:
        text: Cleaned text.
        width: Cells of a line, at least 1; a longer word is cut.

    Returns:
        At least one line.
    """
    lines = ['']
    for word in text.split():
        joined = f'{lines[-1]} {word}'.lstrip()
        if cells.cell_len(joined) <= width:
            lines[-1] = joined
        elif lines[-1]:
            lines.append(fit(word, min(width, cells.cell_len(word))))
        else:
            lines[-1] = fit(word, width)
    return lines
