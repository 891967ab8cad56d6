"""A run's report as one HTML file that opens without a network.

plotly.js, style and script are inside; a content security policy forbids the
page to load anything. All text from outside is escaped, or set as text.
"""

from collections.abc import Sequence
import pathlib
from typing import Any

import numpy as np

from sting.backtest import result as results
from sting.backtest.reporting import chapters
from sting.backtest.reporting import markup
from sting.backtest.reporting import plots
from sting.backtest.reporting import report
from sting.data import table
from sting.model import errors
from sting.model import market

# Round trips in the page; all of them are in the CSV.
TRADES = 5_000
_ASSETS = pathlib.Path(__file__).parent / 'assets'
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)
_LOGARITHMIC = (
    '<div class="controls"><label><input id="logarithmic" type="checkbox"> '
    'logarithmic</label></div>'
)
# Heading, format and whether the sign has a colour.
_TRADE_COLUMNS = (
    ('closed', 'text', False),
    ('symbol', 'text', False),
    ('side', 'text', False),
    ('quantity', 'number', False),
    ('entered', 'text', False),
    ('in at', 'number', False),
    ('out at', 'number', False),
    ('profit', 'money', True),
    ('fees', 'money', False),
    ('MAE', 'share', False),
    ('MFE', 'share', False),
)


def write(
    path: pathlib.Path,
    result: results.BacktestResult,
    bars: table.BarTable,
    command: str = '',
) -> None:
    """Writes a run's report.

    Args:
        path: The file; one that is there is replaced.
        result: The run.
        bars: What it was given.
        command: What made it; empty if nothing is to be said.

    Raises:
        errors.InputError: It cannot be written.
    """
    text = render(result, bars, command)
    try:
        pathlib.Path(path).write_text(text, encoding='utf-8')
    except OSError as error:
        raise errors.InputError(
            f'cannot be written: {error.strerror}', path=path
        ) from None


def render(
    result: results.BacktestResult, bars: table.BarTable, command: str = ''
) -> str:
    """Makes a run's report; as `write`.

    Returns:
        The page.
    """
    # plotly takes long to import, and only reports need it.
    from plotly import offline  # noqa: PLC0415

    drawn: dict[str, Any] = {
        'prices': plots.prices(bars, result.trades, result.tables.open_trades),
        'equity': plots.equity(result.curve),
        'drawdown': plots.drawdown(result.curve),
        'sharpe': plots.rolling_sharpe(result.curve),
        'distribution': plots.distribution(result.curve.returns),
    }
    body = '\n'.join(
        part
        for part in (
            _header(result),
            _warnings(result.warnings),
            _tiles(result),
            _plots(result, drawn, len(bars.symbols)),
            chapters.months(result),
            chapters.figures(result),
            chapters.fill_range(result),
            chapters.drawdowns(result),
            chapters.groups(result),
            _trades(result),
            chapters.verdicts(result),
            chapters.log(result),
            chapters.assumptions(result),
            chapters.origin(result, command),
        )
        if part
    )
    data = markup.embedded(
        {
            'plots': drawn | {'prices': list(drawn['prices'].values())},
            'layouts': plots.layouts(),
            'span': plots.span(result.curve),
            'trades': _trade_rows(result),
            'formats': [kind for _, kind, _ in _TRADE_COLUMNS],
        }
    )
    return '\n'.join(
        (
            '<!DOCTYPE html>',
            '<html lang="en">',
            '<head>',
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width">',
            f'<title>{markup.escaped(result.strategy)} - sting</title>',
            f'<style>{_asset("report.css")}</style>',
            '</head>',
            '<body>',
            f'<main>{body}</main>',
            f'<script id="data" type="application/json">{data}</script>',
            f'<script>{offline.get_plotlyjs()}</script>',
            f'<script>{_asset("report.js")}</script>',
            '</body>',
            '</html>\n',
        )
    )


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding='utf-8')


def _header(result: results.BacktestResult) -> str:
    days = ' to '.join(
        market.to_iso(moment)[:10] for moment in (result.start, result.end)
    )
    symbols = ', '.join(result.symbols[: plots.SYMBOLS])
    rest = len(result.symbols) - plots.SYMBOLS
    if rest > 0:
        symbols += f' and {rest} more'
    given = ' '.join(
        f'{name}={value}' for name, value in result.parameters.items()
    )
    return (
        f'<header><h1>{markup.escaped(result.strategy)}</h1>'
        f'<p>{markup.escaped(given)}</p>'
        f'<p>{markup.escaped(symbols)} \N{MIDDLE DOT} {days} \N{MIDDLE DOT} '
        f'{result.bars:,} {result.what}</p></header>'
    )


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return ''
    items = ''.join(f'<li>{markup.escaped(each)}</li>' for each in warnings)
    return f'<div class="card warning"><ul>{items}</ul></div>'


def _tiles(result: results.BacktestResult) -> str:
    """The figures that are looked at first."""
    figures = result.metrics

    def tile(name: str, text: str, sign: float | None = None) -> str:
        tint = (
            '' if not sign else (' class=gain' if sign > 0 else ' class=loss')
        )
        return (
            f'<div class="tile"><b{tint}>{markup.escaped(text)}</b>'
            f'<span>{markup.escaped(name)}</span></div>'
        )

    tiles = [
        tile(
            'total return',
            report.percent(figures.total_return),
            figures.total_return,
        ),
        tile(
            'a year', report.shown(figures.cagr, report.percent), figures.cagr
        ),
        tile('max drawdown', report.percent(figures.max_drawdown)),
        tile('Sharpe', report.shown(figures.sharpe, report.plain)),
        tile('Sortino', report.shown(figures.sortino, report.plain)),
        tile('won', report.shown(figures.win_rate, report.share)),
        tile(
            'profit factor', report.shown(figures.profit_factor, report.plain)
        ),
    ]
    if figures.benchmark_return is not None:
        tiles.append(
            tile(
                f'{result.benchmark}, held',
                report.percent(figures.benchmark_return),
            )
        )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _plots(
    result: results.BacktestResult, drawn: dict[str, Any], symbols: int
) -> str:
    """The places of the plots, each with what has to be said of it."""
    held = (
        f' The benchmark is {result.benchmark}, bought at the first close '
        'with all the cash and held, without costs.'
        if result.benchmark is not None
        else ' There is no benchmark; --benchmark names one.'
    )
    thin = (
        f' Of more than {2 * plots.BUCKETS:,} points the lowest and the '
        'highest of each stretch are drawn.'
    )
    found = [
        markup.section(
            'Equity',
            markup.card(_LOGARITHMIC + _place('equity')),
            'Cash and holdings at the last closes.' + held + thin,
        ),
        markup.section(
            'Drawdown',
            markup.card(_place('drawdown', 'low')),
            'How far the account was below its highest.',
        ),
        markup.section(
            'Price',
            markup.card(_symbols(drawn) + _place('prices', 'high')),
            _price_note(result, symbols),
        ),
    ]
    if drawn['distribution']:
        found.append(
            markup.section(
                'Distribution of daily returns',
                markup.card(_place('distribution', 'low')),
                'Days at or below the 5 % value at risk in red. Days without '
                'any change, mostly without a position, are left out.',
            )
        )
    if drawn['sharpe']:
        found.append(
            markup.section(
                'Rolling Sharpe ratio',
                markup.card(_place('sharpe', 'low')),
                'Over the last 126 days, a year.',
            )
        )
    return '\n'.join(found)


def _place(name: str, height: str = '') -> str:
    return f'<div id="{name}" class="plot {height}"></div>'


def _symbols(drawn: dict[str, Any]) -> str:
    """What chooses the symbol of the plot of prices."""
    options = ''.join(
        f'<option>{markup.escaped(symbol)}</option>'
        for symbol in drawn['prices']
    )
    return (
        '<div class="controls"><label>Symbol <select id="symbol">'
        f'{options}</select></label></div>'
    )


def _price_note(result: results.BacktestResult, symbols: int) -> str:
    note = (
        'Closes; a triangle is an entry (up: long, down: short), a dot an '
        'exit, green with a profit.'
    )
    if symbols > plots.SYMBOLS:
        note += f' The {plots.SYMBOLS} most traded of {symbols} symbols.'
    if len(result.trades) > plots.MARKS:
        note += (
            f' Of a symbol with more than {plots.MARKS:,} round trips every '
            'second, third, ... one is marked.'
        )
    return note


def _trade_rows(result: results.BacktestResult) -> list[list[Any]]:
    """Gives the last round trips, the columns as the page shows them."""
    count = len(result.trades)
    trips = result.trades.take(np.arange(max(0, count - TRADES), count))
    undefined = [None] * len(trips)
    columns = (
        [_moment(each) for each in trips.exit_time.tolist()],
        trips.symbol,
        ['long' if side.value == 'buy' else 'short' for side in trips.side],
        trips.quantity.tolist(),
        [_moment(each) for each in trips.entry_time.tolist()],
        trips.entry_price.tolist(),
        trips.exit_price.tolist(),
        trips.pnl.tolist(),
        trips.fees.tolist(),
        undefined if trips.mae is None else trips.mae.tolist(),
        undefined if trips.mfe is None else trips.mfe.tolist(),
    )
    return [list(row) for row in zip(*columns, strict=True)]


def _moment(timestamp: int) -> str:
    return market.to_iso(timestamp)[:19].replace('T', ' ')


def _trades(result: results.BacktestResult) -> str:
    """The place of the round trips, which the script fills."""
    if not len(result.trades):
        return markup.section('Round trips', markup.card('None ended.'))
    head = ''.join(
        f'<th class={"text" if kind == "text" else "number"}'
        f'{" data-signed=1" if signed else ""}>{name}</th>'
        for name, kind, signed in _TRADE_COLUMNS
    )
    note = 'Times in UTC; MAE and MFE in per cent of the entry price.'
    if len(result.trades) > TRADES:
        note = (
            f'The last {TRADES:,} of {len(result.trades):,}; --trades writes '
            'all. ' + note
        )
    return markup.section(
        'Round trips',
        markup.card(
            '<div class="controls">'
            '<input id="find" type="search" placeholder="Search">'
            '<button id="back">Previous</button><button id="on">Next</button>'
            '<span id="page" class="note"></span></div>'
            f'<table id="trades"><thead><tr>{head}</tr></thead>'
            '<tbody></tbody></table>'
        ),
        note,
    )
