"""What led to an event, with the figures that a screen shows of it."""

import pathlib

from sting.engine import describe
from sting.engine import history
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.model import views


def explain(
    path: pathlib.Path, seq: int, until: int | None = None
) -> tuple[views.Cause, ...]:
    """Gives an event and what led to it.

    Args:
        path: The log's file.
        seq: The event's number.
        until: Nothing later is told; None for all.

    Returns:
        The event first, its first cause last; of a signal what became of it
        is before it.

    Raises:
        errors.JournalError: There is no such event, or no log.
    """
    return tuple(
        _cause(path, event)
        for event in history.why(path, seq)
        if until is None or event.seq <= until
    )


def _cause(path: pathlib.Path, event: events.Event) -> views.Cause:
    row, data = describe.to_row(event), event.data
    signal = _signal(data)
    rules: tuple[records.RuleFigure, ...] = ()
    if isinstance(data, records.Verdict):
        rules = tuple(history.figures(path, data))
    # Reason and indicators have lines of their own.
    is_signal = isinstance(data, orders.Signal)
    text = describe.aim(data) if is_signal else row.text
    return views.Cause(
        row.seq,
        row.timestamp,
        row.type,
        row.source,
        row.symbol,
        row.cause,
        text,
        rules=rules,
        reason='' if signal is None else signal.reason,
        indicators={} if signal is None else signal.indicators,
        bar=data if isinstance(data, market.MarketData) else None,
        mark=describe.mark(event) if isinstance(data, orders.Fill) else None,
    )


def _signal(data: object) -> orders.Signal | None:
    """Gives the signal that a payload is or tells of."""
    if isinstance(data, records.Refusal):
        return data.signal
    return data if isinstance(data, orders.Signal) else None
