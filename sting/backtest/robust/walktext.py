"""A walk-forward as a person reads it."""

from sting.backtest.reporting import report
from sting.backtest.robust import walkforward
from sting.model import market


def text(found: walkforward.WalkForward) -> str:
    """Writes what came of a walk-forward, for a terminal.

    Args:
        found: Of `walkforward.run`.

    Returns:
        A line for each window, then the tests joined, with a newline at the
        end.
    """
    result = found.result
    rows = [('tested from', 'to', found.metric, 'tested', 'return', 'with')]
    for step in found.steps:
        chosen = step.parameters
        rows.append(
            (
                market.to_iso(step.test_start)[:10],
                market.to_iso(step.test_end)[:10],
                report.shown(step.inside, report.plain),
                report.shown(step.outside, report.plain),
                report.percent(step.total_return),
                'nothing traded'
                if chosen is None
                else ' '.join(f'{name}={chosen[name]}' for name in chosen),
            )
        )
    widths = [max(len(row[n]) for row in rows) for n in range(5)]
    lines = [result.strategy, '']
    for row in rows:
        cells = [
            f'{cell:>{width}}'
            for cell, width in zip(row[:5], widths, strict=True)
        ]
        lines.append('  '.join([*cells, row[5]]))
    figures = result.metrics
    summary = [
        ('combinations', f'{found.combinations:,}'),
        ('final equity', report.money(figures.final_equity)),
        ('yearly growth (CAGR)', report.shown(figures.cagr, report.percent)),
        ('Sharpe', report.shown(figures.sharpe, report.plain)),
        ('maximum drawdown', report.percent(figures.max_drawdown)),
        ('efficiency', report.shown(found.efficiency, report.plain)),
        (
            'probability of overfitting',
            report.shown(found.overfitting, report.share),
        ),
        (
            'deflated Sharpe',
            report.shown(result.deflated_sharpe, report.plain)
            + (
                ''
                if result.trials is None
                else f', {result.trials:,} trials on these data'
            ),
        ),
    ]
    for name, each in found.stability().items():
        kept = report.shown(each['kept'], report.share)
        summary.append(
            (
                f'{name} chosen',
                f'{each["distinct"]} values, {each["mode"]} most often, kept '
                f'in {kept} of the windows',
            )
        )
    lines += ['', 'the tests, joined']
    width = max(len(name) for name, _ in summary)
    lines += [f'  {name:<{width}}  {value}' for name, value in summary]
    lines += ['', *(f'warning: {warning}' for warning in result.warnings)]
    return ''.join(f'{line}\n' for line in lines)
