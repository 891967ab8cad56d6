"""The windows of a walk forward: what was learnt, and what it was worth."""

from collections.abc import Mapping
from typing import Any

from rich import text

from tui import format as text_format
from tui import themes
from tui.screens import backtest_figures as figures

NOTHING = (
    'no walk forward: give days to learn on and days to test on, as 500/250, '
    'and a parameter as 5:20:5'
)


def windows(
    found: Mapping[str, Any], width: int, palette: themes.Palette
) -> text.Text:
    """Writes a line for each window, and what they come to.

    Args:
        found: The object that `sting walkforward --json` prints.
        width: Cells of a line; what has no room is left out, the return over
            the tests last.
        palette: The theme's styles.
    """
    each = list(found.get('windows') or ())
    muted = palette.style('muted')
    if not each:
        return text.Text(NOTHING, muted)
    metric = str(found.get('metric', ''))
    label, write = figures.FIGURES.get(metric, (metric, figures.ratio))
    lines = [
        text.Text(
            f'{"tested from":11}  {"to":10} {"learnt":>8} {"tested":>8} '
            f'{"return":>9} {"trades":>6}  learnt values',
            muted,
        )
    ]
    for window in each:
        line = text.Text(
            f'{window["test_start"][:10]:11}  {window["test_end"][:10]} '
        )
        line.append(_written(window['in_sample'], write).rjust(8))
        line.append(
            _written(window['out_of_sample'], write).rjust(9),
            palette.style(_tone(window['out_of_sample'])),
        )
        line.append(
            _written(window['total_return'], text_format.percent).rjust(10),
            palette.style(_tone(window['total_return'])),
        )
        line.append(f'{window["trades"]:>7}  ')
        values = dict(window['parameters'] or {}).items()
        learnt = ' '.join(f'{name}={value}' for name, value in values)
        line.append(text_format.clean(learnt), muted)
        lines.append(line)
    lines += [text.Text(''), text.Text(f'learnt, tested: {label}', muted)]
    lines += [text.Text(words, muted) for words in _sums(found)]
    for line in lines:
        line.truncate(width, overflow='ellipsis')
    return text.Text('\n').join(lines)


def _sums(found: Mapping[str, Any]) -> list[str]:
    """Says how much of what was learnt held."""
    made = []
    efficiency = found.get('efficiency')
    if efficiency is not None:
        made.append(
            f'efficiency {efficiency:.2f}: the year of the tests over that of '
            'the learning'
        )
    overfit = found.get('overfitting_probability')
    if overfit is not None:
        made.append(
            f'overfitting {overfit:.0%}: how often the best of one half is '
            'below the median of the other'
        )
    made.append(f'of {found.get("combinations", 0):,} combinations a window')
    return made


def _written(value: float | None, write: Any) -> str:
    return text_format.NONE if value is None else str(write(float(value)))


def _tone(value: float | None) -> str:
    return '' if not value else 'up' if value > 0 else 'down'
