"""Bars in another order: the same market without its patterns.

What a strategy makes on permuted bars is luck and drift, for the order of the
bars, all that could have told it anything, is gone.
"""

import dataclasses
import functools

import numpy as np

from sting.backtest.reporting import report
from sting.backtest.robust import parts
from sting.backtest.sweeping import cases
from sting.backtest.sweeping import executors
from sting.data import table
from sting.model import errors
from sting.model import timeframes

# Below the first it is taken for skill, above the second for luck.
SKILL = 0.05
LUCK = 0.2
_V = parts.Verdict


def permuted(
    bars: table.BarTable, chance: np.random.Generator
) -> table.BarTable:
    """Permutes bars.

    Masters (2018), after White (2000): the gaps from a close to the next open
    are put in one random order, the bars' insides (high, low and close over
    the open, and the volume) in another. First open and last close stay, and
    so does the distribution of both. Gaps over closed hours change places
    among each other only. Symbols are permuted alike, by the stamp, so that
    what they have in common at a moment stays in common.

    Args:
        bars: Of one symbol or several.
        chance: Where the order comes from.

    Returns:
        A table with the same stamps.
    """
    stamps, moments = np.unique(bars.timestamp, return_inverse=True)
    inside, between = chance.random((2, len(stamps)))
    step = timeframes.length(bars.timeframe)
    columns = {
        name: getattr(bars, name).copy()
        for name in ('open', 'high', 'low', 'close', 'volume')
    }
    for _, rows in bars.split():
        own = bars.take(rows)
        at = moments[rows]
        if not len(own):
            continue
        order = np.argsort(inside[at], kind='stable')
        gaps = np.zeros(len(own))
        gaps[1:] = np.log(own.open[1:] / own.close[:-1])
        gaps[1:] = _within(
            gaps[1:],
            between[at[1:]],
            # A change to summer time is no closed hour.
            np.diff(own.timestamp) > 1.5 * step,
        )
        moves = np.log(own.close / own.open)[order]
        moves = np.concatenate(([0.0], moves[:-1])) + gaps
        first = own.open[0] * np.exp(np.cumsum(moves))
        made = {
            name: first * (getattr(own, name) / own.open)[order]
            for name in ('high', 'low', 'close')
        }
        # Rounding must not put a close outside of its bar.
        highest = np.maximum(first, made['close'])
        lowest = np.minimum(first, made['close'])
        columns['open'][rows] = first
        columns['high'][rows] = np.maximum(made['high'], highest)
        columns['low'][rows] = np.minimum(made['low'], lowest)
        columns['close'][rows] = made['close']
        columns['volume'][rows] = own.volume[order]
    return dataclasses.replace(bars, generated=True, **columns)


def _within(
    values: table.FloatArray,
    keys: table.FloatArray,
    classes: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> table.FloatArray:
    """Orders values by their keys, within each class by itself."""
    found = values.copy()
    for wanted in (True, False):
        places = np.flatnonzero(classes == wanted)
        order = np.argsort(keys[places], kind='stable')
        found[places] = values[places[order]]
    return found


def check(
    case: cases.Case,
    metric: str,
    *,
    runs: int,
    seed: int,
    pool: executors.Pool | None = None,
) -> parts.Part:
    """Asks how often chance does as well as the strategy.

    Args:
        case: The backtest.
        metric: One of `cases.METRICS`.
        runs: How many permutations.
        seed: Of the permutations.
        pool: Where they run; None for here.

    Returns:
        The p-value, which counts the strategy's own run as one of them, and
        the band of the permuted runs.

    Raises:
        errors.StrategyError: The strategy raised on the bars as they are.
    """
    own = case.figures().get(metric)
    if own is None:
        return parts.Part(
            name='permutation',
            verdict=_V.WARN,
            reason=f'its {metric} is undefined: it hardly trades',
        )
    job = functools.partial(_run, case.smooth(), metric, seed)
    found = list(cases.each(job, range(runs), pool))
    values = np.array([value for value in found if value is not None])
    better = int((values >= own).sum())
    p_value = (better + 1) / (runs + 1)
    if p_value <= SKILL:
        verdict = _V.OK
        reason = 'the order of the bars is what it makes its money of'
    else:
        verdict = _V.WARN if p_value <= LUCK else _V.FAIL
        reason = (
            f'{better} of {runs} runs on bars without any order did as well'
        )
    middle = (
        [None] * 3
        if not len(values)
        else np.quantile(values, (0.05, 0.5, 0.95)).tolist()
    )
    return parts.Part(
        name='permutation',
        verdict=verdict,
        reason=reason,
        figures={
            'metric': metric,
            'value': own,
            'p_value': p_value,
            'runs': runs,
            'undefined': runs - len(values),
            'permuted': dict(zip(('p5', 'p50', 'p95'), middle, strict=True)),
        },
        rows=(
            (metric, report.plain(own)),
            ('p-value', f'{p_value:.4f} of {runs} permutations'),
            (
                'permuted, 5 50 95 %',
                ' '.join(report.shown(value, report.plain) for value in middle),
            ),
        ),
    )


def _run(case: cases.Case, metric: str, seed: int, number: int) -> float | None:
    """Runs on one permutation; None where the figure is undefined there."""
    bars = permuted(case.bars, cases.stream(seed, 1, number))
    try:
        return dataclasses.replace(case, bars=bars).figures().get(metric)
    except errors.StrategyError:
        # It may ask too much of a market that never was.
        return None
