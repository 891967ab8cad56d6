"""The bands in which a run's figures lie, its returns drawn again."""

import math

import numpy as np

from sting.backtest import result as results
from sting.backtest.figures import bootstrap
from sting.backtest.figures import metrics
from sting.backtest.reporting import report
from sting.backtest.robust import parts

# Days that are drawn together: about a month, longer than volatility lasts.
BLOCK = 20
PATHS = 1_000
_LEVELS = (0.05, 0.5, 0.95)
# Values that are drawn at once.
_AT_ONCE = 2_000_000
_V = parts.Verdict

FloatArray = bootstrap.FloatArray
Bands = dict[str, dict[str, float | None]]


def of_returns(
    returns: FloatArray,
    start: float,
    *,
    block: int,
    paths: int,
    chance: np.random.Generator,
) -> Bands:
    """Draws daily returns again, by blocks.

    Args:
        returns: Day by day.
        start: The cash before the first.
        block: How many days in a row are drawn together.
        paths: How many paths.
        chance: Where the draws come from.

    Returns:
        The 5, 50 and 95 % points of final equity, CAGR, Sharpe ratio and
        maximum drawdown, as `metrics` defines them.
    """
    found: dict[str, list[FloatArray]] = {}
    step = max(1, _AT_ONCE // len(returns))
    for first in range(0, paths, step):
        count = min(step, paths - first)
        own = returns[bootstrap.places(len(returns), block, count, chance)]
        growth = np.cumprod(1.0 + own, axis=1).astype(np.float64)
        last = np.maximum(growth[:, -1], 0.0)
        deviation = _deviation(own)
        drawn = {
            'final_equity': start * growth[:, -1],
            'cagr': last ** (metrics.DAYS_A_YEAR / len(returns)) - 1.0,
            'sharpe': own.mean(axis=1)
            / deviation
            * math.sqrt(metrics.DAYS_A_YEAR),
            'max_drawdown': _deepest(growth, 1.0),
        }
        for name, values in drawn.items():
            found.setdefault(name, []).append(values)
    return {name: _band(np.concatenate(each)) for name, each in found.items()}


def of_trades(
    pnl: FloatArray, start: float, *, paths: int, chance: np.random.Generator
) -> Bands:
    """Draws round trips again, one by one; their sizes do not compound.

    Args:
        pnl: Profit of each, after fees, in the account's currency.
        start: The cash before the first.
        paths: How many paths.
        chance: Where the draws come from.

    Returns:
        The 5, 50 and 95 % points of final equity and maximum drawdown, the
        drawdown from trip to trip.
    """
    step = max(1, _AT_ONCE // len(pnl))
    ends, falls = [], []
    for first in range(0, paths, step):
        count = min(step, paths - first)
        own = pnl[bootstrap.places(len(pnl), 1, count, chance)]
        equity = start + np.cumsum(own, axis=1)
        ends.append(equity[:, -1])
        falls.append(_deepest(equity, start))
    return {
        'final_equity': _band(np.concatenate(ends)),
        'max_drawdown': _band(np.concatenate(falls)),
    }


def check(
    result: results.BacktestResult,
    *,
    paths: int,
    chance: np.random.Generator,
) -> parts.Part:
    """Asks how else the run might have gone.

    Args:
        result: The run.
        paths: How often it is drawn again.
        chance: Where the draws come from.

    Returns:
        The bands; fine where even the 5 % point of the Sharpe ratio is above
        0.
    """
    returns = result.curve.returns
    if len(returns) < 2:
        return parts.Part(
            name='bootstrap',
            verdict=_V.WARN,
            reason='fewer than two days say nothing',
        )
    start = result.curve.start
    block = min(BLOCK, max(1, len(returns) // 5))
    drawn = of_returns(returns, start, block=block, paths=paths, chance=chance)
    trips = result.trades.pnl
    by_trade = (
        of_trades(trips, start, paths=paths, chance=chance)
        if len(trips)
        else None
    )
    low, middle = drawn['sharpe']['p5'], drawn['sharpe']['p50']
    if low is None or middle is None:
        verdict, reason = _V.WARN, 'its Sharpe ratio is undefined'
    elif low > 0:
        verdict = _V.OK
        reason = f'in 19 of 20 draws its Sharpe ratio is above {low:.2f}'
    else:
        verdict = _V.WARN if middle > 0 else _V.FAIL
        reason = (
            'a Sharpe ratio of 0 lies within the band: these returns are no '
            'proof of a profit'
            if middle > 0
            else 'in most draws it loses money'
        )
    rows = [
        ('of the draws', '5 %  50 %  95 %'),
        *(
            (name.replace('_', ' '), _shown(name, band))
            for name, band in drawn.items()
        ),
    ]
    if by_trade is not None:
        rows += [
            (f'{name.replace("_", " ")}, by round trips', _shown(name, band))
            for name, band in by_trade.items()
        ]
    return parts.Part(
        name='bootstrap',
        verdict=verdict,
        reason=reason,
        figures={
            'paths': paths,
            'block_days': block,
            'returns': drawn,
            'trades': by_trade,
        },
        rows=rows,
    )


def _deviation(values: FloatArray) -> FloatArray:
    """Gives each path's sample deviation; not a number where it is still."""
    found = np.std(values, axis=1, ddof=1)
    return np.where(found < metrics.STILL, np.nan, found)


def _deepest(levels: FloatArray, start: float) -> FloatArray:
    """Gives each path's deepest fall from a peak, 0 or less."""
    peaks = np.maximum(np.maximum.accumulate(levels, axis=1), start)
    found: FloatArray = np.minimum((levels / peaks - 1.0).min(axis=1), 0.0)
    return found


def _band(values: FloatArray) -> dict[str, float | None]:
    values = values[np.isfinite(values)]
    names = [f'p{round(level * 100)}' for level in _LEVELS]
    if not len(values):
        return dict.fromkeys(names)
    return dict(zip(names, np.quantile(values, _LEVELS).tolist(), strict=True))


def _shown(name: str, band: dict[str, float | None]) -> str:
    write = {
        'final_equity': report.money,
        'cagr': report.percent,
        'max_drawdown': report.percent,
    }.get(name, report.plain)
    return '  '.join(report.shown(value, write) for value in band.values())
