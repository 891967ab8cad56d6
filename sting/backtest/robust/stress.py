"""How a strategy does when trading costs more than was thought."""

import dataclasses
import functools
from typing import Any

import msgspec

from sting.backtest.reporting import report
from sting.backtest.robust import parts
from sting.backtest.sweeping import cases
from sting.backtest.sweeping import executors
from sting.simulator import costs

FACTORS = (1.0, 2.0, 3.0)
# What is assumed where a run has no costs: a good broker on a liquid stock.
SLIPPAGE_BPS = 5.0
# The figures of a cost model that are prices; the others are times, shares
# of something or conditions.
_PRICES = frozenset(
    {
        'commission_bps',
        'slippage_bps',
        'bps',
        'maker_bps',
        'per_unit',
        'per_order',
        'minimum',
        'amount',
        'cap',
        'rate',
        'interest',
    }
)
# These are prices in a model of slippage and something else elsewhere.
_OF_SLIPPAGE = frozenset({'share', 'coefficient'})
_V = parts.Verdict


def scaled(model: Any, factor: float) -> Any:
    """Gives a cost model, or a part of it, with all prices multiplied.

    Args:
        model: The model.
        factor: Above 0. What a broker pays back is not multiplied.
    """
    if isinstance(model, tuple):
        return tuple(scaled(each, factor) for each in model)
    if isinstance(model, dict):
        return {name: value * factor for name, value in model.items()}
    if not isinstance(model, msgspec.Struct):
        return model
    changes = {}
    for name in model.__struct_fields__:
        value = getattr(model, name)
        if isinstance(value, int | float):
            if name in _PRICES | _OF_SLIPPAGE and value > 0:
                changes[name] = value * factor
        elif not isinstance(value, str):
            changes[name] = scaled(value, factor)
    return msgspec.structs.replace(model, **changes)


def check(
    case: cases.Case,
    metric: str,
    pool: executors.Pool | None = None,
) -> parts.Part:
    """Asks what is left when costs are two and three times as high.

    Args:
        case: The backtest; without costs it is given some.
        metric: One of `cases.METRICS`.
        pool: Where they run; None for here.

    Returns:
        The figure and the return under each; fine where it still earns under
        the highest.

    Raises:
        errors.StrategyError: The strategy raised.
    """
    model = case.assumed.costs
    given = model != costs.CostModel()
    if not given:
        model = costs.CostModel(slippage_bps=SLIPPAGE_BPS)
    job = functools.partial(_run, case, model)
    made = list(cases.each(job, FACTORS, pool))
    earned = [found.metrics.total_return for found in made]
    told = (
        ''
        if given
        else f'; the run is free, so 1x is {SLIPPAGE_BPS:g} bps of slippage'
    )
    lost = [
        factor
        for factor, value in zip(FACTORS, earned, strict=True)
        if value <= 0
    ]
    if not lost:
        verdict, reason = _V.OK, 'it earns even at three times the costs'
    else:
        verdict = _V.FAIL if lost[0] == 1.0 else _V.WARN
        reason = f'at {lost[0]:g} times the costs nothing is left'
    return parts.Part(
        name='costs',
        verdict=verdict,
        reason=reason + told,
        figures={
            'metric': metric,
            'assumed_slippage_bps': None if given else SLIPPAGE_BPS,
            'runs': [
                {
                    'factor': factor,
                    'metric': found.get(metric),
                    'total_return': found.metrics.total_return,
                    'fees': found.metrics.fees,
                }
                for factor, found in zip(FACTORS, made, strict=True)
            ],
        },
        rows=tuple(
            (
                f'{factor:g}x: return, {metric}',
                f'{report.percent(found.metrics.total_return)}  '
                f'{report.shown(found.get(metric), report.plain)}',
            )
            for factor, found in zip(FACTORS, made, strict=True)
        ),
    )


def _run(
    case: cases.Case, model: costs.CostModel, factor: float
) -> cases.Figures:
    assumed = msgspec.structs.replace(case.assumed, costs=scaled(model, factor))
    return dataclasses.replace(case, assumed=assumed).figures()
