"""The plots of a report, as plotly.js takes them.

They are plain data: no text from outside is among it, and a colour is the name
of a variable of the page's style, which knows light and dark.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sting.backtest import trades
from sting.backtest.figures import analyzer
from sting.backtest.figures import metrics
from sting.backtest.figures import periods
from sting.data import table
from sting.model import orders

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Of a line's lows and highs; a screen is no wider.
BUCKETS = 2_000
# Symbols with a plot of their own, and the points that they share.
SYMBOLS = 20
_POINTS = 40_000
# Round trips marked in one plot.
MARKS = 2_000
_BINS = 60
_MS = 1_000_000
_DAY_MS = 86_400_000

Trace = dict[str, Any]


def thinned(values: FloatArray, buckets: int = BUCKETS) -> IntArray:
    """Picks the places that a line cannot do without.

    Args:
        values: The line's.
        buckets: How many stretches of equal length are looked at.

    Returns:
        The places of the lowest and the highest value of each stretch, and
        of the first and the last value, rising; all places of a short line.
    """
    count = len(values)
    if count <= 2 * buckets:
        return np.arange(count)
    edges = np.linspace(0, count, buckets + 1).astype(np.int64)
    places = {0, count - 1}
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = values[start:end]
        places.add(start + int(np.argmin(part)))
        places.add(start + int(np.argmax(part)))
    return np.array(sorted(places))


def equity(curve: analyzer.EquityCurve) -> list[Trace]:
    """Draws the account, and its benchmark where there is one."""
    traces = [_line(curve.timestamp, curve.equity, 'account', '--accent')]
    if curve.benchmark is not None:
        traces.append(
            _line(curve.timestamp, curve.benchmark, 'benchmark', '--second')
        )
    return traces


def drawdown(curve: analyzer.EquityCurve) -> list[Trace]:
    """Draws how far the account is below its peak."""
    trace = _line(curve.timestamp, curve.drawdown(), 'drawdown', '--loss')
    return [trace | {'fill': 'tozeroy', 'fillcolor': '--loss-soft'}]


def rolling_sharpe(curve: analyzer.EquityCurve) -> list[Trace]:
    """Draws the Sharpe ratio of the last half year; nothing of less."""
    ratios = periods.rolling_sharpe(curve.returns)
    if not len(ratios):
        return []
    # A gap may be the lowest of its stretch: it has no value of its own.
    places = thinned(np.nan_to_num(ratios))
    days = curve.days[periods.WINDOW - 1 :][places]
    return [
        {
            'type': 'scatter',
            'mode': 'lines',
            'name': 'Sharpe',
            'x': (days * _DAY_MS).tolist(),
            'y': _rounded(ratios[places]),
            'line': {'color': '--accent', 'width': 1.5},
        }
    ]


def distribution(returns: FloatArray) -> list[Trace]:
    """Draws how often the daily returns that moved were how high."""
    moved = returns[returns != 0]
    if not len(moved):
        return []
    counts, edges = np.histogram(moved, bins=_BINS)
    middles = (edges[:-1] + edges[1:]) / 2
    tail = metrics.value_at_risk(returns)
    return [
        {
            'type': 'bar',
            'name': 'days',
            'x': _rounded(middles),
            'y': counts.tolist(),
            'width': float(edges[1] - edges[0]),
            'marker': {
                'color': [
                    '--loss' if middle <= (tail or 0.0) else '--accent'
                    for middle in middles.tolist()
                ]
            },
        }
    ]


def prices(
    bars: table.BarTable,
    trips: trades.TradeTable,
    still_open: Sequence[trades.OpenTrip],
) -> dict[str, list[Trace]]:
    """Draws the closes of each symbol, and where round trips began and ended.

    Args:
        bars: What the run was given.
        trips: The round trips that ended.
        still_open: Those that had not.

    Returns:
        By symbol, the most traded first; only so many of them.
    """
    names = np.array(trips.symbol)
    counts = {
        symbol: int(np.sum(names == symbol))
        + sum(trip.symbol == symbol for trip in still_open)
        for symbol in bars.symbols
    }
    order = sorted(bars.symbols, key=lambda symbol: (-counts[symbol], symbol))
    shown = order[:SYMBOLS]
    buckets = min(BUCKETS, _POINTS // (2 * len(shown))) if shown else 0
    rows = dict(bars.split())
    found = {}
    for symbol in shown:
        own = rows[symbol]
        close = _line(
            bars.timestamp[own], bars.close[own], 'close', '--faint', buckets
        )
        found[symbol] = [
            close,
            *_marks(
                trips.take(np.flatnonzero(names == symbol)),
                [trip for trip in still_open if trip.symbol == symbol],
            ),
        ]
    return found


def _marks(
    trips: trades.TradeTable, still_open: Sequence[trades.OpenTrip]
) -> list[Trace]:
    """Draws entries and exits; of very many each second, third, ... trip."""
    step = -(-len(trips) // MARKS) or 1
    some = trips.take(np.arange(0, len(trips), step))
    long = [side is orders.OrderSide.BUY for side in some.side]
    long += [trip.side is orders.OrderSide.BUY for trip in still_open]
    entries = {
        'type': 'scatter',
        'mode': 'markers',
        'name': 'entry',
        'x': [
            *(some.entry_time // _MS).tolist(),
            *(trip.entry_time // _MS for trip in still_open),
        ],
        'y': [
            *_rounded(some.entry_price),
            *(trip.entry_price for trip in still_open),
        ],
        'text': ['long' if each else 'short' for each in long],
        'hovertemplate': '%{text} entry at %{y}<extra></extra>',
        'marker': {
            'symbol': [
                'triangle-up' if each else 'triangle-down' for each in long
            ],
            'size': 9,
            'color': '--accent',
        },
    }
    exits = {
        'type': 'scatter',
        'mode': 'markers',
        'name': 'exit',
        'x': (some.exit_time // _MS).tolist(),
        'y': _rounded(some.exit_price),
        'text': [f'{pnl:,.2f}' for pnl in some.pnl.tolist()],
        'hovertemplate': 'exit at %{y}, profit %{text}<extra></extra>',
        'marker': {
            'symbol': 'circle',
            'size': 7,
            'color': [
                '--gain' if pnl > 0 else '--loss' for pnl in some.pnl.tolist()
            ],
        },
    }
    return [each for each in (entries, exits) if each['x']]


def _line(
    timestamp: IntArray,
    values: FloatArray,
    name: str,
    color: str,
    buckets: int = BUCKETS,
) -> Trace:
    """Draws a line over time."""
    places = thinned(values, buckets)
    return {
        'type': 'scatter',
        'mode': 'lines',
        'name': name,
        'x': (timestamp[places] // _MS).tolist(),
        'y': _rounded(values[places]),
        'line': {'color': color, 'width': 1.5},
    }


def _rounded(values: FloatArray) -> list[float]:
    """Gives values to eight digits, which no plot shows more of."""
    return [float(f'{value:.8g}') for value in values.tolist()]


def span(curve: analyzer.EquityCurve) -> list[int] | None:
    """Gives the first and the last moment, which all plots over time share."""
    if not len(curve):
        return None
    return (curve.timestamp[[0, -1]] // _MS).tolist()  # type: ignore[no-any-return]


def layouts() -> Mapping[str, Mapping[str, Any]]:
    """Gives what is special of each plot's axes, by its name."""
    return {
        'prices': {'hovermode': 'closest'},
        'equity': {},
        'drawdown': {'yaxis': {'tickformat': '.0%'}},
        'sharpe': {},
        'distribution': {
            'bargap': 0,
            'hovermode': 'closest',
            'xaxis': {'type': 'linear', 'tickformat': '.4~%'},
        },
    }
