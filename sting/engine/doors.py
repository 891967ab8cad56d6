"""What may become an event: figures that are none never get into the state."""

from collections.abc import Iterator
import math
from typing import Any

from sting.engine import state
from sting.model import checks
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders

_ORDER = orders.SignalKind.ORDER
_TEXT = frozenset({str})
_FIGURE = frozenset({float})


def fault(
    data: market.MarketData | market.Quote | market.Trade,
    system: state.SystemState,
) -> market.DataIssue | None:
    """Says what is wrong with market data.

    Args:
        data: What a feed sent.
        system: The state that it would change.

    Returns:
        What is wrong; None when nothing is.
    """
    if isinstance(data, market.MarketData):
        # One chain, since this is asked for every bar; a comparison with nan
        # is false.
        if (
            0.0 < data.low <= data.open <= data.high < math.inf
            and data.low <= data.close <= data.high
            and 0.0 <= data.volume < math.inf
        ):
            return _late(data, system.last_bar.get(data.symbol))
        return _no_bar(data)
    if isinstance(data, market.Quote):
        figures = (data.bid, data.ask, data.bid_size + 1, data.ask_size + 1)
    else:
        figures = (data.price, data.size + 1, 1.0, 1.0)
    if all(0.0 < figure < math.inf for figure in figures):
        return None
    return market.DataIssue(
        data.symbol, data.timestamp, 'rejected', f'{data} makes no sense'
    )


def _late(bar: market.MarketData, last: int | None) -> market.DataIssue | None:
    if last is None or bar.timestamp > last:
        return None
    return market.DataIssue(
        bar.symbol,
        bar.timestamp,
        'repeated' if bar.timestamp == last else 'late',
        f'the bar of {market.to_iso(bar.timestamp)} came after that of '
        f'{market.to_iso(last)}',
    )


def _no_bar(bar: market.MarketData) -> market.DataIssue:
    return market.DataIssue(
        bar.symbol,
        bar.timestamp,
        'rejected',
        f'open {bar.open:g}, high {bar.high:g}, low {bar.low:g}, '
        f'close {bar.close:g}, volume {bar.volume:g} make no bar',
    )


def signal_fault(signal: orders.Signal) -> str:
    """Says what is wrong with what a strategy wants.

    Args:
        signal: As the strategy's code made it.

    Returns:
        One sentence; empty when nothing is wrong.
    """
    if is_plain(signal):
        return ''
    fault = _unreadable(signal)
    if fault or signal.kind is orders.SignalKind.CANCEL:
        return fault
    largest = max(abs(signal.quantity or 0.0), abs(signal.weight or 0.0))
    if largest > orders.LARGEST:
        name = (
            'quantity' if abs(signal.quantity or 0.0) == largest else 'weight'
        )
        return f'{name} {getattr(signal, name):g}'
    is_order = signal.kind is orders.SignalKind.ORDER
    if is_order and signal.side is None:
        return 'an order without a side'
    try:
        checks.check_order(
            symbol=signal.symbol,
            # The sizing will find a quantity that makes sense; that of a
            # target may be below 0.
            quantity=(
                signal.quantity
                if is_order and signal.quantity is not None
                else 1.0
            ),
            type=signal.type,
            price=signal.price,
            stop_price=signal.stop_price,
        )
        checks.check_exits(
            side=signal.side if is_order else None,
            price=signal.price,
            stop_price=signal.stop_price,
            take_profit=signal.take_profit,
            stop_loss=signal.stop_loss,
        )
        checks.check_time(signal.time_in_force, signal.expires)
    except errors.OrderError as error:
        return str(error)
    return ''


def is_plain(signal: orders.Signal) -> bool:
    """Whether a signal wants a plain order, and the log can keep it.

    What `signal_fault` else finds out by writing and reading, for the one
    that nearly all are.

    Args:
        signal: As the strategy's code made it.
    """
    if not (
        signal.kind is _ORDER
        and checks.is_plain(signal)
        and signal.weight is None
        and type(signal.indicators) is dict
    ):
        return False
    indicators = signal.indicators
    texts = (
        signal.reason,
        signal.order_id,
        signal.strategy,
        signal.code,
        signal.oco,
        *indicators,
    )
    figures = indicators.values()
    return (
        _TEXT.issuperset(map(type, texts))
        and ''.join(texts).isascii()
        and _FIGURE.issuperset(map(type, figures))
        and all(map(math.isfinite, figures))
    )


def kept(signal: orders.Signal) -> orders.Signal | None:
    """Gives a signal as the log can keep it; None where it cannot."""
    return None if _unreadable(signal) else signal


def _unreadable(signal: orders.Signal) -> str:
    """Says why the log would not give a signal back as it is."""
    try:
        text = events.encode(signal)
        if events.decode(events.EventType.SIGNAL, text) == signal:
            return ''
    except (errors.JournalError, TypeError, ValueError) as error:
        fault = str(error)
    else:
        fault = f'{text.decode()} is not what was wanted'
    # Neither nan nor infinity can be written as JSON.
    return next(
        (
            f'{name} {value:g}'
            for name, value in _figures(signal)
            if isinstance(value, float) and not math.isfinite(value)
        ),
        fault,
    )


def _figures(signal: orders.Signal) -> Iterator[tuple[str, Any]]:
    for name in signal.__struct_fields__:
        if name != 'indicators':
            yield name, getattr(signal, name)
    if isinstance(signal.indicators, dict):
        for name, value in signal.indicators.items():
            yield f'indicator {name}', value
