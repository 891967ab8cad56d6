"""What may become an event: figures that are none never get into the state."""

import math

from sting.engine import state
from sting.model import errors
from sting.model import market
from sting.model import orders


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
        return _bar_fault(data, system)
    if isinstance(data, market.Quote):
        figures = (data.bid, data.ask, data.bid_size + 1, data.ask_size + 1)
    else:
        figures = (data.price, data.size + 1, 1.0, 1.0)
    # A comparison with nan is false.
    if all(0.0 < figure < math.inf for figure in figures):
        return None
    return market.DataIssue(
        data.symbol, data.timestamp, 'rejected', f'{data} makes no sense'
    )


def _bar_fault(
    bar: market.MarketData, system: state.SystemState
) -> market.DataIssue | None:
    # Chained, since this is asked for every bar.
    if not (
        0.0 < bar.low <= bar.open <= bar.high < math.inf
        and bar.low <= bar.close <= bar.high
        and 0.0 <= bar.volume < math.inf
    ):
        return market.DataIssue(
            bar.symbol,
            bar.timestamp,
            'rejected',
            f'open {bar.open:g}, high {bar.high:g}, low {bar.low:g}, '
            f'close {bar.close:g}, volume {bar.volume:g} make no bar',
        )
    last = system.last_bar.get(bar.symbol)
    if last is not None and bar.timestamp <= last:
        return market.DataIssue(
            bar.symbol,
            bar.timestamp,
            'repeated' if bar.timestamp == last else 'late',
            f'the bar of {market.to_iso(bar.timestamp)} came after that of '
            f'{market.to_iso(last)}',
        )
    return None


def signal_fault(signal: orders.Signal) -> str:
    """Says what is wrong with what a strategy wants.

    Args:
        signal: As the strategy's code made it.

    Returns:
        One sentence; empty when nothing is wrong.
    """
    if signal.kind is orders.SignalKind.CANCEL:
        return ''
    figures = [
        ('quantity', signal.quantity),
        ('weight', signal.weight),
        ('trail', signal.trail),
        ('take_profit', signal.take_profit),
        ('stop_loss', signal.stop_loss),
        *((f'indicator {k}', v) for k, v in signal.indicators.items()),
    ]
    for name, figure in figures:
        if isinstance(figure, float | int) and not math.isfinite(figure):
            return f'{name} {figure:g}'
    if signal.kind is orders.SignalKind.ORDER:
        return _order_fault(signal)
    return ''


def _order_fault(signal: orders.Signal) -> str:
    if signal.side is None:
        return 'an order without a side'
    try:
        orders.check_order(
            symbol=signal.symbol,
            # The sizing will find a quantity that makes sense.
            quantity=1.0 if signal.quantity is None else signal.quantity,
            type=signal.type,
            price=signal.price,
            stop_price=signal.stop_price,
        )
    except errors.OrderError as error:
        return str(error)
    return ''
