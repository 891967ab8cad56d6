"""A run's figures as a person reads them."""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses

from sting.backtest import groups
from sting.backtest import result as results
from sting.model import market

# How many drawdowns the table shows, and how many symbols.
SHOWN = 5
MOST = 20
_DAY_S = 86_400


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
            (f'Against {result.benchmark}, bought and held', _beside(result)),
            ('Deepest drawdowns', _drawdowns(result)),
            ('Years', _years(result)),
            ('Symbols', _groups(result.tables.symbols)),
            ('Sides', _groups(result.tables.sides)),
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
        ('data hash', result.data_hash or '-'),
        ('code hash', result.code_hash or '-'),
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
        ('longest drawdown', _days(figures.longest_drawdown_s)),
        ('volatility, yearly', _or_dash(figures.volatility, _share)),
        ('Sharpe', _or_dash(figures.sharpe, _plain)),
        ('Sortino', _or_dash(figures.sortino, _plain)),
        ('Calmar', _or_dash(figures.calmar, _plain)),
        ('Omega', _or_dash(figures.omega, _plain)),
        ('best day, worst day', _pair(figures.best_day, figures.worst_day)),
        (
            '5 % VaR, CVaR, daily',
            _pair(figures.value_at_risk, figures.conditional_value_at_risk),
        ),
        (
            'skew, kurtosis, tails',
            ', '.join(
                _or_dash(value, _plain)
                for value in (
                    figures.skew,
                    figures.kurtosis,
                    figures.tail_ratio,
                )
            ),
        ),
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
        ('expectancy', _or_dash(figures.expectancy, _money)),
        (
            'mean win, mean loss',
            ', '.join(
                _or_dash(value, _money)
                for value in (figures.mean_win, figures.mean_loss)
            ),
        ),
        ('payoff ratio', _or_dash(figures.payoff_ratio, _plain)),
        (
            'won, lost in a row',
            f'{figures.most_wins:,}, {figures.most_losses:,}',
        ),
        ('mean MAE, MFE', _pair(figures.mean_mae, figures.mean_mfe)),
        ('turnover', _or_dash(figures.turnover, _plain)),
    )


def _beside(result: results.BacktestResult) -> _Rows:
    """How it did beside its benchmark; nothing without one."""
    figures = result.metrics
    if figures.benchmark_return is None:
        return ()
    return (
        ('benchmark return', _percent(figures.benchmark_return)),
        ('alpha, yearly', _or_dash(figures.alpha, _percent)),
        ('beta', _or_dash(figures.beta, _plain)),
        (
            'information ratio',
            _or_dash(figures.information_ratio, '{:.4f} a day'.format),
        ),
    )


def _drawdowns(result: results.BacktestResult) -> _Rows:
    """The deepest falls: when, how deep, how long."""
    return tuple(
        (
            market.to_iso(fall.start)[:10],
            f'{_percent(fall.depth)}, {_days(fall.length_s)}'
            + (
                ', not recovered'
                if fall.recovery_s is None
                else f', {_days(fall.recovery_s)} of them from the bottom'
            ),
        )
        for fall in result.tables.drawdowns[:SHOWN]
    )


def _years(result: results.BacktestResult) -> _Rows:
    """The return of each year, where there are several."""
    yearly = result.tables.yearly
    if len(yearly) < 2:
        return ()
    return tuple((year, _percent(value)) for year, value in yearly.items())


def _groups(rows: Sequence[groups.Group]) -> _Rows:
    """The round trips by what they have in common, the best first."""
    if len(rows) < 2:
        return ()
    order = sorted(rows, key=lambda row: -row.pnl - row.open_pnl)
    found = [
        (
            row.name,
            f'{_money(row.pnl + row.open_pnl)}, {row.trades:,} round trips, '
            f'won {_or_dash(row.win_rate, _share)}',
        )
        for row in order[:MOST]
    ]
    if len(order) > MOST:
        found.append(('...', f'{len(order) - MOST} more with --json'))
    return tuple(found)


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


def _pair(first: float | None, second: float | None) -> str:
    return f'{_or_dash(first, _percent)}, {_or_dash(second, _percent)}'


def _days(seconds: float) -> str:
    """Writes a time in days, a short one in hours."""
    if not seconds:
        return '-'
    if seconds < _DAY_S:
        return f'{seconds / 3600:.1f} h'
    return f'{seconds / _DAY_S:,.0f} days'


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
