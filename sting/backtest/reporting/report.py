"""A run's figures as a person reads them."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import textwrap
from typing import Any

from sting.backtest import costwords
from sting.backtest import result as results
from sting.backtest import verdicts
from sting.backtest.figures import groups
from sting.model import market

# How many drawdowns the table shows, and how many symbols.
SHOWN = 5
MOST = 20
# The sections that are no figures; the page has tables of its own for them.
TABLES = (
    'Run',
    'Modes of filling',
    'Deepest drawdowns',
    'Years',
    'Symbols',
    'Sides',
    'Assumptions',
)
_DAY_S = 86_400
# Of a text beside its name.
_WIDTH = 54
_PAGE = 80
# Symbols that are named; JSON has all.
_NAMED = 50


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
            ('Modes of filling', _fill_range(result)),
            (f'Against {result.benchmark}, bought and held', _beside(result)),
            ('Deepest drawdowns', _drawdowns(result)),
            ('Years', _years(result)),
            ('Symbols', _groups(result.tables.symbols)),
            ('Sides', _groups(result.tables.sides)),
            ('Assumptions', _assumptions(result.assumptions)),
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
            for row in rows:
                lines += _fitted(*row, width)
        if report.warnings:
            lines += ['', 'Warnings']
            for warning in report.warnings:
                lines += _broken(warning, '  ', '    ')
        return ''.join(f'{_printable(line)}\n' for line in lines)


_Rows = tuple[tuple[str, str], ...]


def _fitted(name: str, text: str, width: int) -> list[str]:
    """Writes a row, with more lines below it where it is too long."""
    first = f'  {name:<{width}}  '
    return _broken(text, first, ' ' * len(first)) or [first]


def _broken(text: str, first: str, then: str) -> list[str]:
    """Breaks a text between words; one that is too long stays whole."""
    return textwrap.wrap(
        text,
        _PAGE,
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _run(result: results.BacktestResult) -> _Rows:
    """What was run over what."""
    parameters = ' '.join(
        f'{name}={value}' for name, value in result.parameters.items()
    )
    symbols = ', '.join(result.symbols[:_NAMED])
    if len(result.symbols) > _NAMED:
        symbols += f' and {len(result.symbols) - _NAMED:,} more'
    rows = [
        ('symbols', symbols),
        ('parameters', parameters or 'none'),
        ('from', market.to_iso(result.start)),
        ('to', market.to_iso(result.end)),
        (result.what, f'{result.bars:,}'),
        ('data hash', result.data_hash or '-'),
        ('code hash', result.code_hash or '-'),
        ('log hash', result.log_hash),
    ]
    if result.elapsed_s > 0:
        speed = result.bars / result.elapsed_s
        took = f'{result.elapsed_s:.3f} s, {speed:,.0f} {result.what}/s'
        rows.append(('took', took))
    return tuple(rows)


def _assumptions(given: Mapping[str, Any]) -> _Rows:
    """What was assumed; of costs with many figures in sentences."""
    if not given:
        return ()
    plain = {
        name: value
        for name, value in given.items()
        if not isinstance(value, Mapping)
    }
    rows = [
        (name.replace('_', ' '), assumed(value))
        for name, value in plain.items()
    ]
    if len(plain) < len(given):
        rows += _wrapped('costs', ' '.join(costwords.sentences(given)))
    return (
        *rows,
        *_wrapped('not modelled', '; '.join(costwords.left_out(given))),
    )


def _wrapped(name: str, text: str) -> _Rows:
    """Breaks a long text into rows, the first of which has its name."""
    lines = textwrap.wrap(text, _WIDTH)
    names = [name, *[''] * (len(lines) - 1)]
    return tuple(zip(names, lines, strict=True))


def _result(result: results.BacktestResult) -> _Rows:
    """What it made."""
    figures = result.metrics
    rows = [
        ('starting cash', money(result.curve.start)),
        ('final equity', money(figures.final_equity)),
        ('total return', percent(figures.total_return)),
        ('yearly growth (CAGR)', shown(figures.cagr, percent)),
        ('fees', money(figures.fees)),
    ]
    others = (
        ('borrow fees', figures.borrow_fees),
        ('interest', figures.interest),
        ('dividends', figures.dividends),
    )
    rows += [(name, money(value)) for name, value in others if value]
    return tuple(rows)


def _risk(result: results.BacktestResult) -> _Rows:
    """What it risked for that."""
    figures = result.metrics
    return (
        ('maximum drawdown', percent(figures.max_drawdown)),
        ('longest drawdown', days(figures.longest_drawdown_s)),
        ('volatility, yearly', shown(figures.volatility, share)),
        ('Sharpe', shown(figures.sharpe, plain)),
        ('Sortino', shown(figures.sortino, plain)),
        ('Calmar', shown(figures.calmar, plain)),
        ('Omega', shown(figures.omega, plain)),
        ('best day, worst day', _pair(figures.best_day, figures.worst_day)),
        (
            '5 % VaR, CVaR, daily',
            _pair(figures.value_at_risk, figures.conditional_value_at_risk),
        ),
        (
            'skew, kurtosis, tails',
            ', '.join(
                shown(value, plain)
                for value in (
                    figures.skew,
                    figures.kurtosis,
                    figures.tail_ratio,
                )
            ),
        ),
        ('exposure', shown(figures.exposure, share)),
        *_luck(result),
    )


def _luck(result: results.BacktestResult) -> _Rows:
    """How much of it the search explains; nothing where nobody counted."""
    if result.trials is None:
        return ()
    times = 'once' if result.trials == 1 else f'{result.trials:,} times'
    deflated = shown(result.deflated_sharpe, plain)
    return (('tried on these data', times), ('deflated Sharpe', deflated))


def _refused(found: verdicts.Verdicts) -> _Rows:
    """What did not come to be, and why the first one did not."""
    if not found.rows:
        return ()
    counts = (
        ('denied', found.denied),
        ('reduced', found.reduced),
        ('signals refused', found.refused),
    )
    first = found.rows[0]
    return (
        *((f'  {name}', f'{count:,}') for name, count in counts if count),
        ('  by', found.sentence()),
        ('  the first', f'{market.to_iso(first.timestamp)} {first.message}'),
    )


def _trading(result: results.BacktestResult) -> _Rows:
    """What it did."""
    figures = result.metrics
    orders = f'{result.orders:,}'
    if not result.orders and not result.verdicts.rows:
        orders += '; the strategy asked for none'
    return (
        ('orders', orders),
        *_refused(result.verdicts),
        ('fills', f'{len(result.fills):,}'),
        ('round trips', f'{len(result.trades):,}'),
        ('won', shown(figures.win_rate, share)),
        ('profit factor', shown(figures.profit_factor, plain)),
        ('expectancy', shown(figures.expectancy, money)),
        (
            'mean win, mean loss',
            ', '.join(
                shown(value, money)
                for value in (figures.mean_win, figures.mean_loss)
            ),
        ),
        ('payoff ratio', shown(figures.payoff_ratio, plain)),
        (
            'won, lost in a row',
            f'{figures.most_wins:,}, {figures.most_losses:,}',
        ),
        ('mean MAE, MFE', _pair(figures.mean_mae, figures.mean_mfe)),
        ('turnover', shown(figures.turnover, plain)),
    )


def _fill_range(result: results.BacktestResult) -> _Rows:
    """What it hangs on that the bars do not say; nothing without a range."""
    found = result.range
    if found is None:
        return ()
    return (
        (
            'ambiguity of fills',
            f'{money(found.lowest)} .. {money(found.highest)} '
            f'({share(found.width)} of the start)',
        ),
        (
            'ambiguous fills',
            f'{found.ambiguous:,} of {found.fills:,} ({share(found.share)})',
        ),
        *(
            (
                name,
                f'{money(each.final_equity)}, {percent(each.total_return)}, '
                f'drawdown {percent(each.max_drawdown)}, '
                f'Sharpe {shown(each.sharpe, plain)}',
            )
            for name, each in found.outcomes.items()
        ),
    )


def _beside(result: results.BacktestResult) -> _Rows:
    """How it did beside its benchmark; nothing without one."""
    figures = result.metrics
    if figures.benchmark_return is None:
        return ()
    return (
        ('benchmark return', percent(figures.benchmark_return)),
        ('alpha, yearly', shown(figures.alpha, percent)),
        ('beta', shown(figures.beta, plain)),
        (
            'information ratio',
            shown(figures.information_ratio, '{:.4f} a day'.format),
        ),
    )


def _drawdowns(result: results.BacktestResult) -> _Rows:
    """The deepest falls: when, how deep, how long."""
    return tuple(
        (
            market.to_iso(fall.start)[:10],
            f'{percent(fall.depth)}, {days(fall.length_s)}'
            + (
                ', not recovered'
                if fall.recovery_s is None
                else f', {days(fall.recovery_s)} of them from the bottom'
            ),
        )
        for fall in result.tables.drawdowns[:SHOWN]
    )


def _years(result: results.BacktestResult) -> _Rows:
    """The return of each year, where there are several."""
    yearly = result.tables.yearly
    if len(yearly) < 2:
        return ()
    return tuple((year, percent(value)) for year, value in yearly.items())


def _groups(rows: Sequence[groups.Group]) -> _Rows:
    """The round trips by what they have in common, the best first."""
    if len(rows) < 2:
        return ()
    order = sorted(rows, key=lambda row: -row.pnl - row.open_pnl)
    found = [
        (
            row.name,
            f'{money(row.pnl + row.open_pnl)}, {row.trades:,} round trips, '
            f'won {shown(row.win_rate, share)}',
        )
        for row in order[:MOST]
    ]
    if len(order) > MOST:
        found.append(('...', f'{len(order) - MOST} more with --json'))
    return tuple(found)


def assumed(value: object) -> str:
    """Writes an assumption: names joined by commas, yes or no."""
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, Mapping):
        named = (
            f'{name.replace("_", " ")} {assumed(each)}'
            for name, each in value.items()
        )
        return ', '.join(named) or 'none'
    if isinstance(value, (tuple, list)):
        nested = any(isinstance(each, Mapping) for each in value)
        between = '; ' if nested else ', '
        return between.join(map(assumed, value)) or 'none'
    return '-' if value is None else str(value)


def shown(value: float | None, write: Callable[[float], str]) -> str:
    """Writes a figure, a dash where it is undefined."""
    return '-' if value is None else write(value)


def _pair(first: float | None, second: float | None) -> str:
    return f'{shown(first, percent)}, {shown(second, percent)}'


def days(seconds: float) -> str:
    """Writes a time in days, a short one in hours."""
    if not seconds:
        return '-'
    if seconds < _DAY_S:
        return f'{seconds / 3600:.1f} h'
    return f'{seconds / _DAY_S:,.0f} days'


def money(value: float) -> str:
    """Writes an amount with two decimals."""
    return f'{value:,.2f}'


def percent(value: float) -> str:
    """Writes a fraction in per cent, with its sign."""
    return f'{value:+.2%}' if value else '0.00%'


def plain(value: float) -> str:
    """Writes a ratio with two decimals."""
    return f'{value:,.2f}'


def share(value: float) -> str:
    """Writes a fraction in per cent."""
    return f'{value:.2%}'


def _printable(line: str) -> str:
    """Escapes what a file's symbols could do to a terminal."""
    if line.isprintable():
        return line
    return ''.join(
        each if each.isprintable() else each.encode('unicode_escape').decode()
        for each in line
    )
