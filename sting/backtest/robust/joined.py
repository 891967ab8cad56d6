"""Runs one after another, joined to one."""

import array
from collections.abc import Sequence
import dataclasses
from typing import Any

import numpy as np

from sting.backtest import trades
from sting.backtest import verdicts
from sting.backtest.figures import analyzer
from sting.backtest.figures import metrics
from sting.model import records


def curves(
    start: float, given: Sequence[analyzer.EquityCurve]
) -> analyzer.EquityCurve:
    """Joins curves, each of which begins with what the one before left.

    Args:
        start: The cash before the first.
        given: At least one, in the order of their stamps.
    """
    return analyzer.EquityCurve(
        start=start,
        timestamp=np.concatenate([curve.timestamp for curve in given]),
        equity=np.concatenate([curve.equity for curve in given]),
        cash=np.concatenate([curve.cash for curve in given]),
        exposed=np.concatenate([curve.exposed for curve in given]),
    )


def fills(given: Sequence[trades.FillTable]) -> trades.FillTable:
    """Joins fills; the number of the run makes each order's id its own.

    Args:
        given: Of each run.
    """
    found = trades.FillTable()
    for number, each in enumerate(given, start=1):
        found.order_id.extend(f'{number}-{name}' for name in each.order_id)
        for name in ('symbol', 'side', 'tag'):
            getattr(found, name).extend(getattr(each, name))
        for name in ('quantity', 'price', 'fee', 'timestamp'):
            column: array.array[Any] = getattr(found, name)
            column.extend(getattr(each, name))
    return found


def trips(given: Sequence[trades.TradeTable]) -> trades.TradeTable:
    """Joins round trips, in the order of the runs.

    Args:
        given: Of each run.
    """
    if not given:
        return trades.round_trips(trades.FillTable())
    columns: dict[str, Any] = {}
    for field in dataclasses.fields(trades.TradeTable):
        values = [getattr(each, field.name) for each in given]
        if isinstance(values[0], list):
            columns[field.name] = [one for each in values for one in each]
        elif any(each is None for each in values):
            columns[field.name] = None
        else:
            columns[field.name] = np.concatenate(values)
    return trades.TradeTable(**columns)


def flows(
    given: Sequence[metrics.PerformanceMetrics],
) -> dict[records.FlowKind, float]:
    """Adds up the cash that came and went without a fill.

    Args:
        given: Of each run.
    """
    return {
        records.FlowKind.BORROW: -sum(each.borrow_fees for each in given),
        records.FlowKind.INTEREST: -sum(each.interest for each in given),
        records.FlowKind.DIVIDEND: sum(each.dividends for each in given),
    }


def verdicts_of(
    rules: Sequence[str], given: Sequence[verdicts.Verdicts]
) -> verdicts.Verdicts:
    """Joins what was not let through.

    Args:
        rules: The names of the rules in force.
        given: Of each run.
    """
    found = verdicts.Verdicts(rules)
    for each in given:
        found.reduced += each.reduced
        found.denied += each.denied
        found.refused += each.refused
        found.by.update(each.by)
        found.rows += each.rows[: verdicts.KEPT - len(found.rows)]
    return found
