"""The indicators that a strategy's orders are sized by, beside its own."""

from typing import Any

from sting.model import sizing
from sting.strategy import base
from sting.strategy import handles
from sting.strategy import indicators


def ask(strategy: base.AbstractStrategy, method: sizing.Sizing | None) -> str:
    """Has what a method sizes by kept up to date, and put into each signal.

    So it is of the strategy's own bars, comes back with a restart as its
    indicators do, and stands in the log.

    Args:
        strategy: Before its first bar.
        method: How its orders are sized; None where it is not configured.

    Returns:
        The name of the figure; empty where the method needs none.
    """
    kind: type[indicators.Indicator]
    options: dict[str, Any] = {}
    if isinstance(method, sizing.AverageRange):
        kind = indicators.ATR
    elif isinstance(method, sizing.VolatilityTarget):
        kind = indicators.Volatility
        options['bars_per_year'] = method.bars_per_year
    else:
        return ''
    handle = handles.Handle(kind, options | {'period': method.period}, None)
    # By a name of its own, since the strategy may have the same indicator.
    handle.name = name = sizing.figure_of(method)
    strategy._context.add(handle)
    return name
