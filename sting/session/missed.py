"""What a strategy missed since its state was saved, read from the log."""

from collections.abc import Iterator
import pathlib

import msgspec

from sting.engine import history
from sting.engine import reader
from sting.engine import state
from sting.engine import step
from sting.engine import wishes
from sting.model import checks
from sting.model import events
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from sting.model import specs
from sting.strategy import host

# What lies further back is not fed again: it would take longer than it helps.
LIMIT = 50_000

_T = events.EventType
_FOR_ALL = frozenset(
    {
        _T.MARKET_DATA,
        _T.QUOTE,
        _T.TRADE,
        _T.DATA_ISSUE,
        _T.CORPORATE_ACTION,
        _T.CASH_FLOW,
    }
)


def read(
    path: pathlib.Path,
    spec: specs.StrategySpec,
    saved: records.StrategyState,
    until: int,
    now: host.Missed,
) -> host.Missed:
    """Reads what concerns a strategy between its state and its start.

    Args:
        path: The log's file.
        spec: The strategy.
        saved: Its state.
        until: Number of the event that starts it.
        now: What it holds at its start, for a state that is too old.

    Returns:
        What to tell it again.

    Raises:
        errors.JournalError: The log cannot be read.
    """
    kept = msgspec.json.encode(saved.saved)
    count = until - saved.seq - 1
    if count > LIMIT:
        return now._replace(
            state=kept,
            note=(
                f'its state is {count:,} events old, above {LIMIT:,}: what '
                'came since is not told again'
            ),
        )
    system = history.state_at(path, seq=saved.seq)
    working = [o for o in system.working() if o.strategy == spec.name]
    book = portfolio.Portfolio.of(saved.cash, saved.positions)
    told: list[step.Notify] = []
    answers: set[tuple[int, str, str]] = set()
    for event in reader.read(path, after=saved.seq, limit=max(count, 0)):
        system.apply(event)
        told += _notify(event, spec.name, system)
        wish = _wish(event, spec.name)
        if wish is not None:
            answers.add((event.cause, wish.kind, wish.order_id))
    return host.Missed(kept, book, working, told, frozenset(answers))


def _notify(
    event: events.Event, name: str, system: state.SystemState
) -> Iterator[step.Notify]:
    """Gives what the engine told the strategy of an event, if it did."""
    if event.type in _FOR_ALL:
        yield step.Notify(event)
        return
    if event.type is _T.SIGNAL_REFUSED:
        never = wishes.never_made(event)
        if never is not None and never.strategy == name:
            yield step.Notify(event, never)
        return
    if event.type not in (_T.ORDER_UPDATE, _T.FILL, _T.RISK_VERDICT):
        return
    order = system.orders.get(event.data.order_id)
    if order is None or order.strategy != name:
        return
    if event.type is _T.RISK_VERDICT:
        if order.status is orders.OrderStatus.DENIED:
            yield step.Notify(event, order)
    elif event.type is _T.ORDER_UPDATE:
        yield step.Notify(event, order)
    elif checks.belongs(event.data, order):
        position = system.book(name).positions.get(order.symbol)
        yield step.Notify(event, order, position)


def _wish(event: events.Event, name: str) -> orders.Signal | None:
    """Gives what a strategy wanted, by an event that tells of it."""
    if event.type is _T.SIGNAL and event.data.strategy == name:
        signal: orders.Signal = event.data
        return signal
    if event.type is _T.SIGNAL_REFUSED and event.data.strategy == name:
        refused: orders.Signal | None = event.data.signal
        return refused
    return None
