"""A run's figures as a person reads them."""

from collections.abc import Callable
import dataclasses

from sting.backtest import result as results
from sting.model import market


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """A run's figures in words, in sections.

    Attributes:
        title: What was run.
        sections: Headings, each with its rows of name and text.
        warnings: What a reader of the figures has to know.
    """

    title: str
    sections: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    warnings: tuple[str, ...]


class ReportGenerator:
    """Makes reports of runs."""

    def generate(self, result: results.BacktestResult) -> Report:
        """Puts a run's figures into words.

        Args:
            result: The run.

        Returns:
            The report.
        """
        sections = (
            ('Run', _run(result)),
            ('Result', _result(result)),
            ('Risk', _risk(result)),
            ('Trading', _trading(result)),
            (
                'Assumptions',
                tuple(
                    (name.replace('_', ' '), _assumed(value))
                    for name, value in result.assumptions.items()
                ),
            ),
        )
        return Report(
            title=result.strategy,
            sections=tuple(each for each in sections if each[1]),
            warnings=tuple(result.warnings),
        )

    def text(self, result: results.BacktestResult) -> str:
        """Writes a run's figures as a table for the terminal.

        Args:
            result: The run.

        Returns:
            Lines of at most about 80 columns, with a newline at the end.
        """
        report = self.generate(result)
        width = max(
            len(name) for _, rows in report.sections for name, _ in rows
        )
        lines = [report.title]
        for heading, rows in report.sections:
            lines += ['', heading]
            lines += [f'  {name:<{width}}  {text}' for name, text in rows]
        if report.warnings:
            lines += ['', 'Warnings']
            lines += [f'  {warning}' for warning in report.warnings]
        return ''.join(f'{_printable(line)}\n' for line in lines)


_Rows = tuple[tuple[str, str], ...]


def _run(result: results.BacktestResult) -> _Rows:
    """What was run over what."""
    parameters = ' '.join(
        f'{name}={value}' for name, value in result.parameters.items()
    )
    rows = [
        ('symbols', ', '.join(result.symbols)),
        ('parameters', parameters or 'none'),
        ('from', market.to_iso(result.start)),
        ('to', market.to_iso(result.end)),
        ('bars', f'{result.bars:,}'),
        ('log hash', result.log_hash),
    ]
    if result.elapsed_s > 0:
        speed = result.bars / result.elapsed_s
        took = f'{result.elapsed_s:.3f} s, {speed:,.0f} bars/s'
        rows.append(('took', took))
    return tuple(rows)


def _result(result: results.BacktestResult) -> _Rows:
    """What it made."""
    figures = result.metrics
    return (
        ('starting cash', _money(result.curve.start)),
        ('final equity', _money(figures.final_equity)),
        ('total return', _percent(figures.total_return)),
        ('yearly growth (CAGR)', _or_dash(figures.cagr, _percent)),
        ('fees', _money(figures.fees)),
    )


def _risk(result: results.BacktestResult) -> _Rows:
    """What it risked for that."""
    figures = result.metrics
    return (
        ('maximum drawdown', _percent(figures.max_drawdown)),
        ('volatility, yearly', _or_dash(figures.volatility, _share)),
        ('Sharpe', _or_dash(figures.sharpe, _plain)),
        ('Sortino', _or_dash(figures.sortino, _plain)),
        ('Calmar', _or_dash(figures.calmar, _plain)),
        ('exposure', _or_dash(figures.exposure, _share)),
    )


def _trading(result: results.BacktestResult) -> _Rows:
    """What it did."""
    figures = result.metrics
    return (
        ('orders', f'{result.orders:,}'),
        ('fills', f'{len(result.fills):,}'),
        ('round trips', f'{len(result.trades):,}'),
        ('won', _or_dash(figures.win_rate, _share)),
        ('profit factor', _or_dash(figures.profit_factor, _plain)),
        ('turnover', _or_dash(figures.turnover, _plain)),
    )


def _assumed(value: object) -> str:
    """Writes an assumption: names joined by commas, yes or no."""
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, (tuple, list)):
        return ', '.join(map(str, value)) or 'none'
    return '-' if value is None else str(value)


def _or_dash(value: float | None, write: Callable[[float], str]) -> str:
    """Writes a figure, a dash where it is undefined."""
    return '-' if value is None else write(value)


def _money(value: float) -> str:
    return f'{value:,.2f}'


def _percent(value: float) -> str:
    return f'{value:+.2%}' if value else '0.00%'


def _plain(value: float) -> str:
    return f'{value:,.2f}'


def _share(value: float) -> str:
    return f'{value:.2%}'


def _printable(line: str) -> str:
    """Escapes what a file's symbols could do to a terminal."""
    if line.isprintable():
        return line
    return ''.join(
        each if each.isprintable() else each.encode('unicode_escape').decode()
        for each in line
    )
