"""The parts of a report that are tables and words."""

import calendar
from collections.abc import Mapping
from collections.abc import Sequence
import math
from typing import Any

from sting import version
from sting.backtest import costwords
from sting.backtest import result as results
from sting.backtest.figures import groups as group_lib
from sting.backtest.reporting import markup
from sting.backtest.reporting import report
from sting.model import market
from sting.simulator import modes

# Rows of a table of groups; all of them are in the JSON.
GROUPS = 200
_MONTHS = calendar.month_abbr[1:]
# A month of this return has the deepest colour.
_DEEPEST = 0.1
_FILL_RULE = (
    'An order decided at the close of a bar can fill from the next bar on. '
    'Market: at its open. Limit: at the open if that is at the limit or '
    'better, else at the limit if the bar trades through it; a mere touch '
    'does not fill. Stop: at the open if that gapped through the stop, else '
    'at the stop if the bar touches it. Market on open and on close: at the '
    'open of a session, and at the close of the bar that ends with it.'
)
_UNSURE = (
    'A stop-limit that is triggered inside a bar fills from the next bar on. '
    'A trailing stop follows the extremes of closed bars. Of two exits that a '
    'bar reaches the worse one counts.'
)
# What a bar leaves open, by mode of filling.
_FILL_RULES = {
    'next_open': _UNSURE,
    'pessimistic': _UNSURE,
    'path': 'Inside a bar the price goes from the open to the nearer extreme, '
    'to the farther one and to the close, and orders are held against that '
    'path.',
    'optimistic': 'What a bar leaves open is decided for the order: a '
    'stop-limit fills on the bar that triggers it if its range allows, a '
    'trailing stop sees the extreme first that it follows, and of two exits '
    'the better one counts.',
}


def months(result: results.BacktestResult) -> str:
    """Returns by month and year, each with a colour."""
    tables = result.tables
    if not tables.yearly:
        return ''
    rows = []
    for year, total in reversed(list(tables.yearly.items())):
        cells = ''.join(
            _heat(tables.monthly.get(f'{year}-{month:02}'))
            for month in range(1, 13)
        )
        rows.append(f'<tr><th>{year}</th>{cells}{_heat(total)}</tr>')
    head = ''.join(f'<th>{name}</th>' for name in ('', *_MONTHS, 'Year'))
    return markup.section(
        'Months',
        markup.card(
            f'<table class="heat"><thead><tr>{head}</tr></thead>'
            f'<tbody>{"".join(rows)}</tbody></table>'
        ),
        'Daily returns compounded by UTC month, per cent.',
    )


def _heat(value: float | None) -> str:
    if value is None:
        return '<td></td>'
    shade = math.sqrt(min(abs(value) / _DEEPEST, 1.0)) * 0.55
    name = 'gain' if value > 0 else 'loss'
    return (
        f'<td style="background:rgba(var(--{name}-rgb),{shade:.2f})">'
        f'{round(value * 100, 1) + 0.0:.1f}</td>'
    )


def figures(result: results.BacktestResult) -> str:
    """All figures, as the terminal's table has them."""
    made = report.ReportGenerator().generate(result)
    cards = [
        markup.card(f'<h3>{markup.escaped(heading)}</h3>{markup.pairs(rows)}')
        for heading, rows in made.sections
        if heading not in report.TABLES
    ]
    return markup.section(
        'All figures',
        f'<div class="cards">{"".join(cards)}</div>',
        'A dash is a figure that is undefined. docs/guides/BACKTESTING.md '
        'says how each is worked out.',
    )


def drawdowns(result: results.BacktestResult) -> str:
    """The deepest falls from a peak."""
    falls = result.tables.drawdowns
    if not falls:
        return ''
    rows = [
        (
            market.to_iso(fall.start)[:10],
            report.percent(fall.depth),
            market.to_iso(fall.bottom)[:10],
            'not yet' if fall.end is None else market.to_iso(fall.end)[:10],
            report.days(fall.length_s),
            report.shown(fall.recovery_s, report.days),
        )
        for fall in falls
    ]
    head = ('from', 'depth', 'bottom', 'recovered', 'lasted', 'from bottom')
    return markup.section(
        'Deepest drawdowns', markup.card(markup.table(head, rows))
    )


def groups(result: results.BacktestResult) -> str:
    """The round trips by strategy, symbol and side."""
    tables = result.tables
    cards = [
        markup.card(f'<h3>{title}</h3>{_group_table(rows)}')
        for title, rows in (
            ('By strategy', tables.strategies),
            ('By symbol', tables.symbols),
            ('By side', tables.sides),
        )
        if rows
    ]
    if not cards:
        return ''
    return markup.section('Where it came from', '<br>'.join(cards))


def _group_table(rows: Sequence[group_lib.Group]) -> str:
    head = ('', 'round trips', 'profit', 'still open', 'fees', 'won', 'factor')
    cut = ''
    if len(rows) > GROUPS:
        cut = f'<p class="note">The first {GROUPS} of {len(rows):,}.</p>'
    made = markup.table(
        head,
        [
            (
                row.name,
                f'{row.trades:,}',
                report.money(row.pnl),
                report.money(row.open_pnl),
                report.money(row.fees),
                report.shown(row.win_rate, report.share),
                report.shown(row.profit_factor, report.plain),
            )
            for row in rows[:GROUPS]
        ],
    )
    return made + cut


def verdicts(result: results.BacktestResult) -> str:
    """What was not let through; the first of it in a table."""
    found = result.verdicts
    if not found.rows:
        return ''
    head = ('when', 'symbol', 'what', 'by', 'why')
    rows = [
        (
            market.to_iso(row.timestamp),
            row.symbol,
            row.decision,
            row.by,
            row.message,
        )
        for row in found.rows[:GROUPS]
    ]
    total = found.denied + found.reduced + found.refused
    return markup.section(
        'Not let through',
        markup.card(markup.table(head, rows, 'wide')),
        f'{total:,} in all ({found.sentence()}); here the first {len(rows):,}.',
    )


def log(result: results.BacktestResult) -> str:
    """What the strategy wrote."""
    if not result.log:
        return ''
    lines = '\n'.join(
        f'{market.to_iso(line.timestamp)} {line.level}: {line.text}'
        for line in result.log
    )
    return markup.section(
        "Strategy's log", markup.card(f'<pre>{markup.escaped(lines)}</pre>')
    )


def assumptions(result: results.BacktestResult) -> str:
    """How orders were filled, what they cost, and what was left out."""
    given = result.assumptions
    rows = [
        (name.replace('_', ' '), report.assumed(value))
        for name, value in given.items()
    ]
    said = _filled(given)
    if given.get('participation') is not None:
        said.append(
            f'At most {given["participation"]:.4g} of the volume of a bar is '
            'filled; the rest of an order stays working.'
        )
    said += costwords.sentences(given)
    said.append('Open positions are marked at the last close, not closed.')
    left_out = ''.join(
        f'<li>{markup.escaped(each)}</li>' for each in costwords.left_out(given)
    )
    return markup.section(
        'Assumptions and costs',
        f'<div class="cards">{markup.card(markup.pairs(rows, "wide"))}'
        + markup.card(
            ''.join(f'<p>{markup.escaped(each)}</p>' for each in said)
        )
        + markup.card(f'<h3>Not modelled</h3><ul>{left_out}</ul>')
        + '</div>',
    )


def _filled(given: Mapping[str, Any]) -> list[str]:
    """How orders were filled, by what was assumed of it."""
    fill = given.get('fill')
    if fill not in _FILL_RULES:
        return []
    rule = _FILL_RULE
    touch = bool(given.get('touch_fills'))
    if modes.fills_on_touch(modes.number(fill), touch):
        rule = rule.replace('a mere touch does not fill', 'a touch fills')
    return [rule, _FILL_RULES[fill]]


def fill_range(result: results.BacktestResult) -> str:
    """What the run makes in each mode of filling, where all were run."""
    found = result.range
    if found is None:
        return ''
    rows = [
        (
            name,
            report.money(each.final_equity),
            report.percent(each.total_return),
            report.percent(each.max_drawdown),
            report.shown(each.sharpe, report.plain),
            f'{each.fills:,}',
            f'{each.trades:,}',
        )
        for name, each in found.outcomes.items()
    ]
    head = (
        *('fill', 'final equity', 'total return', 'max drawdown', 'Sharpe'),
        *('fills', 'round trips'),
    )
    return markup.section(
        'Ambiguity of fills',
        markup.card(markup.table(head, rows)),
        f'From {report.money(found.lowest)} to {report.money(found.highest)}, '
        f'{report.share(found.width)} of the start: what the bars do not say '
        f'decides. {found.ambiguous:,} of {found.fills:,} fills are not in all '
        'runs at the same price.',
    )


def origin(result: results.BacktestResult, command: str) -> str:
    """What was run, so that it can be run again."""
    rows = [
        ('command', command or '-'),
        ('sting', version.__version__),
        ('data hash', result.data_hash or '-'),
        ('code hash', result.code_hash or '-'),
        ('log hash', result.log_hash),
    ]
    return markup.section(
        'Where this is from',
        markup.card(markup.pairs(rows, 'wide')),
        'The same bars, code and command give the same log hash.',
    )
