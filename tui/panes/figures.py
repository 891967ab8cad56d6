"""What the risk rules say of the order in the ticket."""

from collections.abc import Iterable

from textual import content
from textual import widgets

from sting.model import records
from sting.model import views
from tui import format as text_format

_BAR = 8
_FULL, _EMPTY = '█', '░'
# A rule is nearly used up from here on.
_NEAR = 0.8
# Columns: a rule's name, figure of limit, what is left; in how many at least
# there is room for a bar, too.
_NAME, _FIGURE, _LEFT, _WIDE, _USUAL = 22, 16, 14, 62, 46


def use(rule: records.RuleFigure) -> float | None:
    """Gives how much of a limit is used: 1 at the limit.

    Args:
        rule: Its figure and limit.

    Returns:
        None where the rule does not apply, or its limit is 0.
    """
    if rule.figure is None or not rule.limit:
        return None
    return rule.figure / rule.limit


def ordered(
    rules: Iterable[records.RuleFigure],
) -> list[records.RuleFigure]:
    """Gives the rules that said no first, then those nearest to their limit.

    The trading state is left out unless it said no: it has no limit.
    """
    shown = [rule for rule in rules if rule.failed or rule.limit is not None]
    return sorted(shown, key=lambda rule: (not rule.failed, -(use(rule) or 0)))


def _amount(value: float) -> str:
    if abs(value) >= 1000:
        return text_format.compact(value)
    return f'{value:.3g}'


def _bar(share: float) -> str:
    filled = max(0, min(_BAR, round(share * _BAR)))
    return _FULL * filled + _EMPTY * (_BAR - filled)


def _room(rule: records.RuleFigure) -> str:
    """Says what is left to a limit."""
    if rule.failed and rule.figure is None:
        return 'unknown'
    if rule.figure is None or rule.limit is None:
        return '' if rule.failed else 'does not apply'
    left = rule.limit - rule.figure
    return f'{_amount(left)} left' if left >= 0 else f'{_amount(-left)} over'


class Figures(widgets.Static):
    """Each rule with its figure, its limit and what is left.

    Attributes:
        lines: What is shown, as text.
    """

    def __init__(self) -> None:
        super().__init__(id='figures', markup=False)
        self.lines: list[str] = []

    def clear(self) -> None:
        """Shows nothing."""
        self._write([])

    def refuse(self, message: str) -> None:
        """Says why the order would not even be judged."""
        self._write([(f'✗ {text_format.clean(message)}', '$error')])

    def show(self, found: views.Judgement) -> None:
        """Shows what the rules say."""
        written: list[tuple[str, str]] = [_verdict(found)]
        rules = ordered(found.rules)
        cells = [_cells(rule) for rule in rules]
        # Of the ticket, what its scroll bar leaves.
        room = self.size.width or _USUAL
        wide = room >= _WIDE
        for rule, (name, figure, bar, left) in zip(rules, cells, strict=True):
            line = (
                text_format.fit(name, _NAME)
                + text_format.fit(figure, _FIGURE, 'right')
                + (f' {bar:{_BAR}}' if wide else '')
                + ' '
                + text_format.fit(left, _LEFT)
            )
            written.append((line.rstrip(), _style(rule)))
        self._write(written)

    def _write(self, written: list[tuple[str, str]]) -> None:
        lines = [line for line, _ in written]
        if lines != self.lines:
            self.lines = lines
            self.update(
                content.Content('\n').join(
                    content.Content.styled(line, style)
                    for line, style in written
                )
            )


def _verdict(found: views.Judgement) -> tuple[str, str]:
    if found.decision is records.Decision.APPROVE:
        return '✓ risk would let it through', '$success'
    if found.decision is records.Decision.REDUCE:
        return f'▼ risk would reduce it to {found.quantity:g}', '$warning'
    return '✗ risk would deny it', '$error'


def _style(rule: records.RuleFigure) -> str:
    if rule.failed:
        return '$error'
    share = use(rule)
    return '$warning' if share is not None and share >= _NEAR else '$muted'


def _cells(rule: records.RuleFigure) -> tuple[str, str, str, str]:
    """Writes a rule: name, figure of limit, a bar, what is left."""
    mark = '✗ ' if rule.failed else '  '
    name = text_format.clean(f'{mark}{rule.name}')
    share = use(rule)
    if rule.figure is None or rule.limit is None:
        return name, '', '', _room(rule)
    return (
        name,
        f'{_amount(rule.figure)} of {_amount(rule.limit)}',
        '' if share is None else _bar(share),
        _room(rule),
    )
