"""A run's report as one HTML file that opens without a network.

plotly.js, style and script are inside; a content security policy forbids the
page to load anything. All text from outside is escaped, or set as text.
"""

import calendar
from collections.abc import Iterable
from collections.abc import Sequence
import html
import math
import pathlib
from typing import Any

import msgspec
import numpy as np

from sting import version
from sting.backtest import groups
from sting.backtest import plots
from sting.backtest import report
from sting.backtest import result as results
from sting.data import table
from sting.model import errors
from sting.model import market

# Round trips in the page; all of them are in the CSV.
TRADES = 5_000
# Rows of a table of groups; all of them are in the JSON.
GROUPS = 200
_ASSETS = pathlib.Path(__file__).parent / 'assets'
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)
_MONTHS = calendar.month_abbr[1:]
# A month of this return has the deepest colour.
_DEEPEST = 0.1
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
_FILL_RULES = {
    'next_open': 'An order decided at the close of a bar can fill from the '
    'next bar on. Market: at its open. Limit: at the open if that is at the '
    'limit or better, else at the limit if the bar trades through it; a mere '
    'touch does not fill. Stop: at the open if that gapped through the stop, '
    'else at the stop if the bar touches it. A stop-limit that is triggered '
    'inside a bar fills from the next bar on.',
}
_NOT_MODELLED = (
    'the spread between bid and ask, beyond the slippage above',
    'the impact of an order on the price, and the queue at a limit',
    'the time an order takes to the market, beyond the next bar',
    'fees for borrowing shares, interest on cash and margin, margin calls',
    'dividends, splits and delistings: prices are taken as they are',
    'that the symbols were chosen knowing which survived',
    'taxes',
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
            _months(result),
            _figures(result),
            _drawdowns(result),
            _groups(result),
            _trades(result),
            _log(result),
            _assumptions(result),
            _origin(result, command),
        )
        if part
    )
    data = _embedded(
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
            f'<title>{_text(result.strategy)} - sting</title>',
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


def _embedded(data: Any) -> str:
    """Writes data as JSON that cannot end the script that it stands in."""
    return msgspec.json.encode(data).decode().replace('<', '\\u003c')


def _text(value: object) -> str:
    """Escapes a text from outside."""
    shown = ''.join(
        each
        if each.isprintable() or each in ' \n'
        else '\N{REPLACEMENT CHARACTER}'
        for each in str(value)
    )
    return html.escape(shown)


def _section(title: str, inside: str, note: str = '') -> str:
    said = f'<p class="note">{_text(note)}</p>' if note else ''
    name = title.lower().replace(' ', '-')
    return f'<section id="s-{name}"><h2>{title}</h2>{inside}{said}</section>'


def _card(inside: str) -> str:
    return f'<div class="card">{inside}</div>'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Makes a table: the first column text, the others numbers."""

    def line(tag: str, cells: Sequence[str]) -> str:
        return ''.join(
            f'<{tag}{" class=number" if place else ""}>{_text(cell)}</{tag}>'
            for place, cell in enumerate(cells)
        )

    body = ''.join(f'<tr>{line("td", row)}</tr>' for row in rows)
    return (
        f'<table><thead><tr>{line("th", head)}</tr></thead>'
        f'<tbody>{body}</tbody></table>'
    )


def _pairs(rows: Iterable[tuple[str, str]], kind: str = 'number') -> str:
    """Makes a table of names and texts."""
    body = ''.join(
        f'<tr><th>{_text(name)}</th><td class={kind}>{_text(text)}</td></tr>'
        for name, text in rows
    )
    return f'<table>{body}</table>'


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
        f'<header><h1>{_text(result.strategy)}</h1>'
        f'<p>{_text(given)}</p>'
        f'<p>{_text(symbols)} \N{MIDDLE DOT} {days} \N{MIDDLE DOT} '
        f'{result.bars:,} bars</p></header>'
    )


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return ''
    items = ''.join(f'<li>{_text(each)}</li>' for each in warnings)
    return f'<div class="card warning"><ul>{items}</ul></div>'


def _tiles(result: results.BacktestResult) -> str:
    """The figures that are looked at first."""
    figures = result.metrics

    def tile(name: str, text: str, sign: float | None = None) -> str:
        tint = (
            '' if not sign else (' class=gain' if sign > 0 else ' class=loss')
        )
        return (
            f'<div class="tile"><b{tint}>{_text(text)}</b>'
            f'<span>{_text(name)}</span></div>'
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
        _section(
            'Equity',
            _card(_LOGARITHMIC + _place('equity')),
            'Cash and holdings at the last closes.' + held + thin,
        ),
        _section(
            'Drawdown',
            _card(_place('drawdown', 'low')),
            'How far the account was below its highest.',
        ),
        _section(
            'Price',
            _card(_symbols(drawn) + _place('prices', 'high')),
            _price_note(result, symbols),
        ),
    ]
    if drawn['distribution']:
        found.append(
            _section(
                'Distribution of daily returns',
                _card(_place('distribution', 'low')),
                'Days at or below the 5 % value at risk in red. Days without '
                'any change, mostly without a position, are left out.',
            )
        )
    if drawn['sharpe']:
        found.append(
            _section(
                'Rolling Sharpe ratio',
                _card(_place('sharpe', 'low')),
                'Over the last 126 days, a year.',
            )
        )
    return '\n'.join(found)


def _place(name: str, height: str = '') -> str:
    return f'<div id="{name}" class="plot {height}"></div>'


def _symbols(drawn: dict[str, Any]) -> str:
    """What chooses the symbol of the plot of prices."""
    options = ''.join(
        f'<option>{_text(symbol)}</option>' for symbol in drawn['prices']
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


def _months(result: results.BacktestResult) -> str:
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
    return _section(
        'Months',
        _card(
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


def _figures(result: results.BacktestResult) -> str:
    """All figures, as the terminal's table has them."""
    made = report.ReportGenerator().generate(result)
    cards = [
        _card(f'<h3>{_text(heading)}</h3>{_pairs(rows)}')
        for heading, rows in made.sections
        if heading not in report.TABLES
    ]
    return _section(
        'All figures',
        f'<div class="cards">{"".join(cards)}</div>',
        'A dash is a figure that is undefined. docs/guides/BACKTESTING.md '
        'says how each is worked out.',
    )


def _drawdowns(result: results.BacktestResult) -> str:
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
    return _section('Deepest drawdowns', _card(_table(head, rows)))


def _groups(result: results.BacktestResult) -> str:
    """The round trips by strategy, symbol and side."""
    tables = result.tables
    cards = [
        _card(f'<h3>{title}</h3>{_group_table(rows)}')
        for title, rows in (
            ('By strategy', tables.strategies),
            ('By symbol', tables.symbols),
            ('By side', tables.sides),
        )
        if rows
    ]
    if not cards:
        return ''
    return _section('Where it came from', '<br>'.join(cards))


def _group_table(rows: Sequence[groups.Group]) -> str:
    head = ('', 'round trips', 'profit', 'still open', 'fees', 'won', 'factor')
    cut = ''
    if len(rows) > GROUPS:
        cut = f'<p class="note">The first {GROUPS} of {len(rows):,}.</p>'
    made = _table(
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
        return _section('Round trips', _card('None ended.'))
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
    return _section(
        'Round trips',
        _card(
            '<div class="controls">'
            '<input id="find" type="search" placeholder="Search">'
            '<button id="back">Previous</button><button id="on">Next</button>'
            '<span id="page" class="note"></span></div>'
            f'<table id="trades"><thead><tr>{head}</tr></thead>'
            '<tbody></tbody></table>'
        ),
        note,
    )


def _log(result: results.BacktestResult) -> str:
    if not result.log:
        return ''
    lines = '\n'.join(
        f'{market.to_iso(line.timestamp)} {line.level}: {line.text}'
        for line in result.log
    )
    return _section("Strategy's log", _card(f'<pre>{_text(lines)}</pre>'))


def _assumptions(result: results.BacktestResult) -> str:
    """How orders were filled, what they cost, and what was left out."""
    given = result.assumptions
    rows = [
        (name.replace('_', ' '), report.assumed(value))
        for name, value in given.items()
    ]
    rule = _FILL_RULES.get(str(given.get('fill')), '')
    said = [rule] if rule else []
    if given.get('participation') is not None:
        said.append(
            f'At most {given["participation"]:.4g} of the volume of a bar is '
            'filled; the rest of an order stays working.'
        )
    if given.get('slippage_bps') is not None:
        said.append(
            f'Market and stop orders fill {given["slippage_bps"]:g} basis '
            'points worse; limits at their price or better. Commission is '
            f'{given.get("commission_bps", 0):g} basis points of the value '
            'traded.'
        )
    said.append('Open positions are marked at the last close, not closed.')
    left_out = ''.join(f'<li>{_text(each)}</li>' for each in _NOT_MODELLED)
    return _section(
        'Assumptions and costs',
        f'<div class="cards">{_card(_pairs(rows, "wide"))}'
        + _card(''.join(f'<p>{_text(each)}</p>' for each in said))
        + _card(f'<h3>Not modelled</h3><ul>{left_out}</ul>')
        + '</div>',
    )


def _origin(result: results.BacktestResult, command: str) -> str:
    """What was run, so that it can be run again."""
    rows = [
        ('command', command or '-'),
        ('sting', version.__version__),
        ('data hash', result.data_hash or '-'),
        ('code hash', result.code_hash or '-'),
        ('log hash', result.log_hash),
    ]
    return _section(
        'Where this is from',
        _card(_pairs(rows, 'wide')),
        'The same bars, code and command give the same log hash.',
    )
