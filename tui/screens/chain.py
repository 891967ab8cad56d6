"""A chain of causes as text: each event, and below it what it decided by."""

from collections.abc import Iterator
from collections.abc import Sequence

from rich import console
from rich import padding
from rich import table
from rich import text

from sting.model import records
from sting.model import views
from tui import format as text_format
from tui import themes
from tui.panes import figures

_INDENT = 4
# What a rule said, told without colour.
_NO, _OK = '✗', '✓'


def cells(row: views.EventRow, depth: int) -> tuple[str, str, str, str]:
    """Writes an event for a line of its own.

    Args:
        row: The event.
        depth: How many events lie between it and the first one.

    Returns:
        Number, marked where it led to the one above; time; type; what it says.
    """
    what = text_format.clean(row.text)
    symbol = text_format.clean(row.symbol)
    if symbol and symbol not in what:
        what = f'{symbol} {what}'
    return (
        f'{"└ " if depth else ""}{row.seq}',
        text_format.clock(row.timestamp),
        text_format.clean(row.type),
        what,
    )


def render(
    causes: Sequence[views.Cause], palette: themes.Palette
) -> console.Group:
    """Writes the whole chain.

    Args:
        causes: The event first, its first cause last.
        palette: The styles.

    Returns:
        What a Static shows.
    """
    lines = [cells(row, depth) for depth, row in enumerate(causes)]
    widths = [max(len(line[at]) for line in lines) for at in range(3)]
    parts: list[console.RenderableType] = []
    for row, line in zip(causes, lines, strict=True):
        grid = table.Table.grid(padding=(0, 1), expand=True)
        styles = ('muted', 'muted', 'text!')
        for width, style in zip(widths, styles, strict=True):
            grid.add_column(
                style=palette.style(style, 'panel'), width=width, no_wrap=True
            )
        grid.add_column(ratio=1, overflow='fold')
        grid.add_row(*map(text.Text, line))
        parts.append(grid)
        parts += [
            padding.Padding(each, (0, 0, 0, _INDENT))
            for each in _details(row, palette)
        ]
    return console.Group(*parts)


def _details(
    row: views.Cause, palette: themes.Palette
) -> Iterator[console.RenderableType]:
    """Gives what an event was decided by."""
    muted = palette.style('muted', 'panel')
    if row.reason:
        yield text.Text(f'because {text_format.clean(row.reason)}')
    if row.indicators:
        yield _indicators(row, palette)
    if row.rules:
        idle = [each.name for each in row.rules if _is_idle(each)]
        if len(idle) < len(row.rules):
            yield rules_table(row.rules, palette)
        if idle:
            names = text_format.clean(', '.join(idle))
            yield text.Text(f'did not apply: {names}', muted)


def _indicators(row: views.Cause, palette: themes.Palette) -> table.Table:
    grid = table.Table.grid(padding=(0, 2))
    grid.add_column(style=palette.style('muted', 'panel'))
    grid.add_column(justify='right')
    for name, value in row.indicators.items():
        grid.add_row(
            text.Text(text_format.clean(name)), text.Text(f'{value:,.8g}')
        )
    return grid


def _is_idle(rule: records.RuleFigure) -> bool:
    """Whether a rule had nothing to say: no figure, and no complaint."""
    return not rule.failed and rule.figure is None


def rules_table(
    rules: Sequence[records.RuleFigure], palette: themes.Palette
) -> table.Table:
    """Writes what the rules said: those that said no first.

    Args:
        rules: Each rule's figure and limit; those that had nothing to say are
            left out.
        palette: The styles.

    Returns:
        A table: rule, figure, limit, result.
    """
    muted = palette.style('muted', 'panel')
    grid = table.Table(
        box=None, padding=(0, 2, 0, 0), header_style=muted, show_edge=False
    )
    grid.add_column('rule', overflow='fold')
    grid.add_column('figure', justify='right', no_wrap=True)
    grid.add_column('limit', justify='right', no_wrap=True)
    grid.add_column('result', no_wrap=True)
    for rule in figures.ordered(each for each in rules if not _is_idle(each)):
        share = figures.use(rule)
        used = '' if share is None else f', {share:.0%} used'
        result = 'said no' if rule.failed else f'passed{used}'
        style = 'error!' if rule.failed else 'text'
        grid.add_row(
            text.Text(
                f'{_NO if rule.failed else _OK} {text_format.clean(rule.name)}',
                palette.style(style, 'panel'),
            ),
            _amount(rule.figure),
            f'{_amount(rule.limit)} {text_format.clean(rule.unit)}'.strip(),
            result,
        )
    return grid


def _amount(value: float | None) -> str:
    return text_format.NONE if value is None else f'{value:,.6g}'
