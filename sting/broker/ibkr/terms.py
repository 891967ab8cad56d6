"""Orders and contracts, in our terms and in those of Interactive Brokers."""

import datetime
from typing import Any
from typing import Final

from sting.model import market
from sting.model import orders

_T = orders.OrderType
_F = orders.TimeInForce

TYPES: Final = {
    _T.MARKET: 'MKT',
    _T.LIMIT: 'LMT',
    _T.STOP: 'STP',
    _T.STOP_LIMIT: 'STP LMT',
    _T.TRAILING_STOP: 'TRAIL',
    _T.MARKET_ON_OPEN: 'MKT',
    _T.MARKET_ON_CLOSE: 'MOC',
    _T.LIMIT_ON_OPEN: 'LMT',
    _T.LIMIT_ON_CLOSE: 'LOC',
}
_KINDS: Final = {
    theirs: ours for ours, theirs in TYPES.items() if ours not in orders.ON_OPEN
}
TIMES: Final = {
    _F.DAY: 'DAY',
    _F.GTC: 'GTC',
    _F.GTD: 'GTD',
    _F.IOC: 'IOC',
    _F.FOK: 'FOK',
}
_SPANS: Final = {theirs: ours for ours, theirs in TIMES.items()}
# At the opening: a time in force there, a kind here.
_OPENING: Final = 'OPG'
_AT_OPEN: Final = {
    _T.MARKET: _T.MARKET_ON_OPEN,
    _T.LIMIT: _T.LIMIT_ON_OPEN,
}
_LIMITS: Final = frozenset(
    {_T.LIMIT, _T.STOP_LIMIT, _T.LIMIT_ON_OPEN, _T.LIMIT_ON_CLOSE}
)
# Of a group: what one fills is taken away from the others, and no two of them
# are at an exchange at once.
_REDUCES: Final = 2
_AUCTIONS: Final = orders.ON_OPEN | orders.ON_CLOSE
# How they write a figure that is not there.
_UNSET: Final = 1e300


def refusal(order: orders.Order, lot: float) -> str:
    """Says why an order has no counterpart there; empty where it has one.

    Args:
        order: The order.
        lot: Smallest step of a quantity.
    """
    steps = order.quantity / lot if lot else order.quantity
    if abs(steps - round(steps)) > orders.DUST:
        return (
            f'{order.quantity:g} {order.symbol} is no multiple of {lot:g}, '
            'and Interactive Brokers takes no fractions of it through its API'
        )
    immediate = order.time_in_force in {_F.IOC, _F.FOK}
    if order.type in _AUCTIONS and (immediate or order.time_in_force is _F.GTD):
        return (
            f'an order of the type {order.type} works for its auction alone; '
            'send it as day'
        )
    if order.time_in_force is _F.FOK and order.type not in {
        _T.MARKET,
        _T.LIMIT,
    }:
        return 'Interactive Brokers takes fok with market and limit orders only'
    return ''


def to_ib(
    library: Any, order: orders.Order, account: str, parent: int = 0
) -> Any:
    """Gives an order in their terms.

    Args:
        library: It makes the order.
        order: The order, which `refusal` does not refuse.
        account: Whose it is.
        parent: The number of the order whose fills it waits for; 0 for none.
    """
    made = library.Order(
        action='BUY' if order.side is orders.OrderSide.BUY else 'SELL',
        totalQuantity=order.quantity,
        orderType=TYPES[order.type],
        tif=TIMES[order.time_in_force],
        orderRef=order.id,
        account=account,
        outsideRth=order.extended_hours,
        parentId=parent,
        transmit=True,
    )
    if order.type in orders.ON_OPEN:
        made.tif = _OPENING
    elif order.type in orders.ON_CLOSE:
        made.tif = TIMES[_F.DAY]
    elif order.time_in_force is _F.GTD:
        made.goodTillDate = _until(order.expires or 0)
    if order.type in _LIMITS:
        made.lmtPrice = order.price
    if order.type in {_T.STOP, _T.STOP_LIMIT}:
        made.auxPrice = order.stop_price
    if order.type is _T.TRAILING_STOP:
        if isinstance(order.trail, str):
            made.trailingPercent = float(order.trail.rstrip('%'))
        else:
            made.auxPrice = order.trail
    if order.oco:
        made.ocaGroup = order.oco
        made.ocaType = _REDUCES
    return made


def from_ib(order_id: str, contract: Any, order: Any) -> orders.Order:
    """Gives an order of theirs in our terms.

    A kind that we do not have is a market order here, with its name as the
    reason: it is listed, and is never sent.

    Args:
        order_id: The id that it has with us.
        contract: Of what.
        order: In their terms.
    """
    opening = order.tif == _OPENING
    kind: _T = _KINDS.get(order.orderType, _T.MARKET)
    if opening:
        kind = _AT_OPEN.get(kind, kind)
    limit = figure(order.lmtPrice)
    aux = figure(order.auxPrice)
    percent = figure(order.trailingPercent)
    trail: float | str | None = None
    if kind is _T.TRAILING_STOP:
        trail = aux if percent is None else f'{percent:g}%'
    return orders.Order(
        id=order_id,
        symbol=symbol(contract),
        side=orders.OrderSide('buy' if order.action == 'BUY' else 'sell'),
        quantity=figure(order.totalQuantity)
        or figure(order.filledQuantity)
        or 0.0,
        type=kind,
        price=limit if kind in _LIMITS else None,
        stop_price=aux if kind in {_T.STOP, _T.STOP_LIMIT} else None,
        trail=trail,
        time_in_force=_SPANS.get(order.tif, _F.DAY),
        expires=_moment(order.goodTillDate),
        reason='' if order.orderType in _KINDS else order.orderType,
        oco=order.ocaGroup,
        extended_hours=bool(order.outsideRth),
        status=orders.OrderStatus.SUBMITTED,
        resting=orders.OrderStatus.SUBMITTED,
    )


def symbol(contract: Any) -> str:
    """Gives the name of what a contract is about."""
    if contract.secType == 'STK':
        return str(contract.symbol)
    return str(contract.localSymbol or contract.symbol)


def figure(value: Any) -> float | None:
    """Gives a figure; None where it is unset, or nothing."""
    if not value or abs(value) > _UNSET:
        return None
    return float(value)


def stamp(moment: datetime.datetime) -> int:
    """Gives a moment of theirs, which has a time zone, as nanoseconds."""
    return round(moment.timestamp()) * market.NANOSECONDS


def _until(expires: int) -> str:
    # Whole seconds, none of them too late.
    moment = market.to_datetime(expires)
    return f'{moment:%Y%m%d-%H:%M:%S}'


def _moment(said: str) -> int | None:
    text = said.replace(' UTC', '').replace(' ', '-')
    try:
        moment = datetime.datetime.strptime(
            f'{text} +0000', '%Y%m%d-%H:%M:%S %z'
        )
    except ValueError:
        return None
    return stamp(moment)
