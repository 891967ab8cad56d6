"""How a strategy does with parameters a little off.

What earns with a period of 20 and with no other has found the past, not a
pattern.
"""

from collections.abc import Mapping
import contextlib
import dataclasses
import functools
from typing import Any
from typing import NamedTuple

import numpy as np

from sting.backtest.reporting import report
from sting.backtest.robust import parts
from sting.backtest.sweeping import cases
from sting.backtest.sweeping import executors
from sting.model import errors
from sting.strategy import loader
from sting.strategy import parameters

# A step is this share of the value, one unit at least for an int.
STEP = 0.1
STEPS = (-2, -1, 1, 2)
# Shares of the neighbours that have to earn.
MOST = 0.8
HALF = 0.5
_V = parts.Verdict


class Neighbour(NamedTuple):
    """A run with one parameter a little off.

    Attributes:
        name: Of the parameter.
        value: What it was.
        metric: The figure that runs are compared by; None where undefined.
        total_return: A fraction.
        sharpe: Of a year; None where undefined.
    """

    name: str
    value: Any
    metric: float | None
    total_return: float
    sharpe: float | None


def around(
    declared: Mapping[str, parameters.Parameter], values: Mapping[str, Any]
) -> list[tuple[str, Any]]:
    """Gives the parameters a little off, one at a time.

    Args:
        declared: The strategy's parameters.
        values: What they are.

    Returns:
        Names and other values: one and two steps down and up, within their
        bounds, or the next of their choices. Words and switches stay.
    """
    found: list[tuple[str, Any]] = []
    for name, parameter in declared.items():
        value = values[name]
        if isinstance(value, bool | str):
            continue
        for other in _others(parameter, value):
            with contextlib.suppress(ValueError):
                converted = parameter.convert(other)
                if converted != value and (name, converted) not in found:
                    found.append((name, converted))
    return found


def _others(parameter: parameters.Parameter, value: float) -> list[float]:
    """Gives the values beside one."""
    if parameter.choices is not None:
        known = sorted(parameter.choices)
        place = known.index(value)
        return [
            known[place + step]
            for step in STEPS
            if 0 <= place + step < len(known)
        ]
    if isinstance(value, int):
        size = max(1, round(abs(value) * STEP))
        return [value + step * size for step in STEPS]
    width = abs(value) * STEP
    if not width:
        bounds = parameter.high, parameter.low
        known = [abs(bound) for bound in bounds if bound]
        width = STEP * (min(known) if known else 1.0)
    return [value + step * width for step in STEPS]


def check(
    case: cases.Case,
    metric: str,
    pool: executors.Pool | None = None,
) -> parts.Part:
    """Asks how the strategy does with parameters a little off.

    Args:
        case: The backtest.
        metric: One of `cases.METRICS`.
        pool: Where they run; None for here.

    Returns:
        The spread of the figure, the worst neighbour, and the share of them
        that earn.

    Raises:
        errors.StrategyError: The strategy cannot be loaded, or it raised with
            its own parameters.
    """
    declared = loader.load(case.strategy).parameters
    values = parameters.resolve(declared, case.parameters)
    own = case.figures()
    others = around(declared, values)
    job = functools.partial(_run, case, metric)
    made = [each for each in cases.each(job, others, pool) if each]
    if not made:
        return parts.Part(
            name='neighbourhood',
            verdict=_V.WARN if others else _V.OK,
            reason=(
                f'it refuses all {len(others)} parameters a little off'
                if others
                else 'it has no number to be set to'
            ),
        )
    return _judged(metric, own, made, len(others) - len(made))


def _judged(
    metric: str, own: cases.Figures, made: list[Neighbour], refused: int
) -> parts.Part:
    value = own.get(metric)
    known = [each.metric for each in made if each.metric is not None]
    share = float(np.mean([each.total_return > 0 for each in made]))
    worst = min(made, key=lambda each: each.total_return)
    middle = float(np.median(known)) if known else None
    if own.metrics.total_return <= 0:
        verdict, reason = _V.FAIL, 'it loses money as it stands'
    elif share < HALF:
        verdict = _V.FAIL
        reason = f'only {share:.0%} of the parameters beside these earn'
    elif share < MOST:
        verdict = _V.WARN
        reason = f'{share:.0%} of the parameters beside these earn'
    elif value is not None and middle is not None and middle < HALF * value:
        verdict = _V.WARN
        reason = (
            f'it stands on a peak: beside it the {metric} is {middle:.2f} in '
            f'the middle, not {value:.2f}'
        )
    else:
        verdict = _V.OK
        reason = f'{share:.0%} of the {len(made)} parameters beside these earn'
    low, high = (min(known), max(known)) if known else (None, None)
    return parts.Part(
        name='neighbourhood',
        verdict=verdict,
        reason=reason,
        figures={
            'metric': metric,
            'value': value,
            'lowest': low,
            'median': middle,
            'highest': high,
            'positive': share,
            'refused': refused,
            'worst': worst._asdict(),
            'neighbours': [each._asdict() for each in made],
        },
        rows=(
            (
                f'{metric}, lowest median highest',
                '  '.join(
                    report.shown(each, report.plain)
                    for each in (low, middle, high)
                ),
            ),
            (
                'worst neighbour',
                f'{worst.name}={worst.value:g}, return '
                f'{report.percent(worst.total_return)}',
            ),
        ),
    )


def _run(
    case: cases.Case, metric: str, other: tuple[str, Any]
) -> Neighbour | None:
    """Runs a neighbour; None where the strategy refuses it."""
    name, value = other
    varied = dataclasses.replace(
        case, parameters={**case.parameters, name: value}
    )
    try:
        found = varied.figures()
    except errors.StrategyError:
        # Such as a fast period that reaches the slow one.
        return None
    return Neighbour(
        name,
        value,
        found.get(metric),
        found.metrics.total_return,
        found.metrics.sharpe,
    )
