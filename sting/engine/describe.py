"""Events in a few words, for screens and for the log on the command line."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from sting.model import commands
from sting.model import events
from sting.model import orders
from sting.model import records
from sting.model import stops
from sting.model import views

_T = events.EventType


def _bar(data: Any) -> str:
    return (
        f'{data.symbol} {data.timeframe} o {data.open:g} h {data.high:g} '
        f'l {data.low:g} c {data.close:g} v {data.volume:g}'
    )


def aim(data: orders.Signal) -> str:
    """Says in a few words what a signal wants."""
    side = '' if data.side is None else f' {data.side}'
    amount = data.weight if data.quantity is None else data.quantity
    size = '' if amount is None else f' {amount:g}'
    return f'{data.kind}{side}{size} {data.symbol or data.order_id}'


def wanted(data: orders.Signal) -> str:
    """Says in a few words what a signal wants, and why."""
    figures = ', '.join(f'{k} {v:g}' for k, v in data.indicators.items())
    why = data.reason + (f' ({figures})' if figures else '')
    return aim(data) + (f': {why}' if why else '')


def _refusal(data: Any) -> str:
    signal = '' if data.signal is None else f'; wanted {wanted(data.signal)}'
    return f'{data.order_id} {data.gate}: {data.reason}{signal}'


def _order(data: Any) -> str:
    limit = '' if data.price is None else f' limit {data.price:g}'
    stop = '' if data.stop_price is None else f' stop {data.stop_price:g}'
    exits = ''.join(
        f', {name} {level:g}'
        for name, level in (
            ('take profit', data.take_profit),
            ('stop loss', data.stop_loss),
        )
        if level is not None
    )
    late = ' in extended hours' if data.extended_hours else ''
    sized = f'; {data.sizing}' if data.sizing else ''
    who = data.strategy or 'operator'
    return (
        f'{data.side} {data.quantity:g} {data.symbol} {data.type}{limit}{stop}'
        f' {data.time_in_force}{late}{exits} by {who} {data.id}{sized}'
    )


def _verdict(data: Any) -> str:
    why = f': {data.message}' if data.message else ''
    return f'{data.decision} {data.quantity:g} {data.order_id}{why}'


def _update(data: Any) -> str:
    why = f': {data.message}' if data.message else ''
    return f'{data.order_id} {data.status}{why}'


def _fill(data: Any) -> str:
    return (
        f'{data.side} {data.quantity:g} {data.symbol} at {data.price:g} '
        f'fee {data.fee:.2f} {data.order_id}'
    )


def _position(data: Any) -> str:
    return (
        f'{data.symbol} {data.quantity:g} at {data.average_price:g} '
        f'realized {data.realized:.2f}'
    )


def _strategy_status(data: Any) -> str:
    code = f'code {data.code}' if data.code else ''
    error = f'as it was: {data.error}' if data.error else ''
    words = (data.strategy, data.status, data.detail, error, code)
    return ' '.join(filter(None, words))


def _flow(data: Any) -> str:
    of = f' on {data.quantity:g} {data.symbol}' if data.symbol else ''
    why = f': {data.detail}' if data.detail else ''
    return f'{data.kind} {data.amount:+.2f}{of}{why}'


def _action(data: Any) -> str:
    figure = {
        records.ActionKind.SPLIT: f'{data.ratio:g} for 1',
        records.ActionKind.DIVIDEND: f'{data.amount:g} a unit',
        records.ActionKind.DELISTING: f'paid out at {data.price:g}',
    }[data.kind]
    why = f': {data.detail}' if data.detail else ''
    return f'{data.symbol} {data.kind} {figure}{why}'


def _reconciliation(data: Any) -> str:
    found = '; '.join(each.text for each in data.differences)
    return f'{data.trigger}: {found or "both books agree"}'


_WORDS: Mapping[events.EventType, Callable[[Any], str]] = {
    _T.LOG_CREATED: lambda d: f'log {d.log} {d.profile} {d.mode} {d.cash:g}',
    _T.SYSTEM_STATUS: lambda d: f'{d.component} {d.status} {d.detail}',
    _T.MARKET_DATA: _bar,
    _T.QUOTE: lambda d: f'{d.symbol} {d.bid:g}/{d.ask:g}',
    _T.TRADE: lambda d: f'{d.symbol} {d.size:g} at {d.price:g}',
    _T.DATA_ISSUE: lambda d: f'{d.symbol} {d.issue} {d.detail}',
    _T.SIGNAL: wanted,
    _T.SIGNAL_REFUSED: _refusal,
    _T.ORDER_REQUEST: _order,
    _T.RISK_VERDICT: _verdict,
    _T.ORDER_UPDATE: _update,
    _T.FILL: _fill,
    _T.POSITION_UPDATE: _position,
    _T.RISK_ALERT: lambda d: f'{d.severity}: {d.message}',
    _T.ALERT_SEEN: lambda d: f'alerts up to {d.up_to}',
    _T.RULE_SET: lambda d: ', '.join(
        name if limit is None else f'{name} {limit:g}'
        for name, limit in zip(d.names, d.limits, strict=True)
    ),
    _T.TRADING_STATE: lambda d: f'{d.state} by {d.who} {d.reason}',
    _T.STOP_REPORT: lambda d: f'{d.who}: {stops.in_words(d)}',
    _T.STRATEGY_STATUS: _strategy_status,
    _T.STRATEGY_STATE: lambda d: (
        f'{d.strategy} at {d.seq}: {", ".join(d.saved)}'
    ),
    _T.CHECKPOINT: lambda d: f'up to {d.up_to} {d.digest[:16]}',
    _T.CASH_FLOW: _flow,
    _T.CORPORATE_ACTION: _action,
    _T.RECONCILIATION: _reconciliation,
    _T.COMMAND: lambda d: commands.describe(d.command),
}


def describe(event: events.Event) -> str:
    """Says in a few words what an event tells.

    Args:
        event: Any event.

    Returns:
        One line.
    """
    return _WORDS[event.type](event.data).strip()


def to_row(event: events.Event) -> views.EventRow:
    """Gives an event as screens show it.

    Args:
        event: Any event.

    Returns:
        A line of the events pane.
    """
    return views.EventRow(
        event.seq,
        event.timestamp,
        event.type.value,
        event.source,
        event.symbol,
        event.cause,
        describe(event),
    )


def mark(event: events.Event) -> views.Mark:
    """Gives a fill as charts show it."""
    fill: orders.Fill = event.data
    return views.Mark(
        fill.timestamp, fill.price, fill.side, fill.quantity, event.seq
    )


def rule(said: records.RuleFigure) -> str:
    """Says in a line what a rule said of an order."""
    word = 'no' if said.failed else 'ok'
    if said.limit is None:
        return f'{word}  {said.name}'
    if said.figure is None:
        measured = 'unknown' if said.failed else 'does not apply'
    else:
        measured = f'{said.figure:,.6g}'
    return (
        f'{word}  {said.name}: {measured}, limit {said.limit:,.10g} {said.unit}'
    )
