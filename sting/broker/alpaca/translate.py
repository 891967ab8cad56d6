"""Orders of ours as Alpaca's, and Alpaca's as ours.

Source: the orders part of Alpaca's Trading API, version 2, and the models of
alpaca-py 0.44, which all that goes out and all orders that come in pass.

A client order id of ours is the order's id. Two more are made of it: `ID~n`
for the n-th order that took its place, since a replacement is a new order
there, and `ID+OTHER` for the one request that makes two exits of a group.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final

from sting.model import checks
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.net import words

_K = orders.OrderType
_S = orders.OrderStatus
_T = orders.TimeInForce

# Between our id and the number of a replacement.
REPLACED: Final = '~'
# Between the ids of a group's two orders.
PAIRED: Final = '+'
# Names that are tried for one change.
_NAMES: Final = 20
# Theirs for an order of several options at once, which only others send.
_SEVERAL: Final = 'mleg'
# Theirs for an entry with exits.
_ATTACHED: Final = frozenset({'bracket', 'oto'})
# A client order id is no longer.
LONGEST: Final = 128

# Our words for an order's life there; what is not here works.
ENDED: Final[Mapping[str, orders.OrderStatus]] = {
    'filled': _S.FILLED,
    'canceled': _S.CANCELLED,
    'expired': _S.EXPIRED,
    'rejected': _S.REJECTED,
    # Only the last one of a chain says what became of it.
    'replaced': _S.CANCELLED,
}
_TIMES: Final[Mapping[str, orders.TimeInForce]] = {
    'day': _T.DAY,
    'gtc': _T.GTC,
    'ioc': _T.IOC,
    'fok': _T.FOK,
    # Auctions end with their day.
    'opg': _T.DAY,
    'cls': _T.DAY,
}
# A kind and a time in force there are one kind here.
_AUCTIONS: Final[Mapping[orders.OrderType, tuple[str, str]]] = {
    _K.MARKET_ON_OPEN: ('market', 'opg'),
    _K.MARKET_ON_CLOSE: ('market', 'cls'),
    _K.LIMIT_ON_OPEN: ('limit', 'opg'),
    _K.LIMIT_ON_CLOSE: ('limit', 'cls'),
}
# What it takes, by kind and time in force; all else is a matter of the day.
_AT_ONCE: Final = frozenset({_T.IOC, _T.FOK})
_DAYS_ONLY: Final = frozenset({_K.TRAILING_STOP, *_AUCTIONS})
_FRACTIONS: Final = frozenset({_K.MARKET, _K.LIMIT, _K.STOP, _K.STOP_LIMIT})
_LIMITS: Final = frozenset({_K.LIMIT, _K.LIMIT_ON_OPEN, _K.LIMIT_ON_CLOSE})
_AT_AUCTION: Final = {theirs: ours for ours, theirs in _AUCTIONS.items()}


def refusal(order: orders.Order) -> str:
    """Says why an order has no counterpart there; empty where it has.

    Args:
        order: The order.
    """
    if order.time_in_force is _T.GTD:
        return (
            'Alpaca has no orders until a date (gtd); it has day, gtc, ioc and '
            'fok'
        )
    if len(order.id) > LONGEST - 8:
        return f'Alpaca takes ids of {LONGEST - 8} characters at most'
    if order.type in _DAYS_ONLY and order.time_in_force in _AT_ONCE:
        return (
            f'Alpaca takes no {order.type} order as {order.time_in_force}; '
            'send it as day or gtc'
        )
    if order.extended_hours and (order.type, order.time_in_force) != (
        _K.LIMIT,
        _T.DAY,
    ):
        return (
            'Alpaca takes none but limit orders for a day in extended hours, '
            f'and this is a {order.type} order as {order.time_in_force}'
        )
    return _fraction_refusal(order) if order.quantity % 1 else ''


def _fraction_refusal(order: orders.Order) -> str:
    """Says why an order of a fraction is not taken; empty where it is."""
    what = f'{order.quantity:g} {order.symbol} is a fraction, of which Alpaca'
    if order.type not in _FRACTIONS:
        return f'{what} takes no {order.type} order; send whole units'
    day = order.time_in_force is _T.DAY
    if day or (order.type is _K.MARKET and order.time_in_force is _T.GTC):
        return ''
    return (
        f'{what} takes {order.type} orders for a day alone, not as '
        f'{order.time_in_force}; send it as day, or whole units'
    )


def pair(
    group: Sequence[orders.Order],
) -> tuple[orders.Order, orders.Order]:
    """Gives the take profit and the stop of a group.

    Raises:
        errors.OrderError: Alpaca has no such group.
    """
    exits = {_K.LIMIT: 0, _K.STOP: 1, _K.STOP_LIMIT: 1}
    made = sorted(group, key=lambda each: exits.get(each.type, 2))
    if [exits.get(each.type, 2) for each in made] != [0, 1]:
        raise errors.OrderError(
            'Alpaca pairs one limit with one stop or stop-limit order, and '
            f'this group is {", ".join(each.type for each in group)}'
        )
    first, second = made
    same = (first.quantity, first.time_in_force, first.side, first.symbol) == (
        second.quantity,
        second.time_in_force,
        second.side,
        second.symbol,
    )
    if not same:
        raise errors.OrderError(
            'Alpaca pairs orders of one symbol, side, quantity and time in '
            'force'
        )
    if first.quantity % 1 or first.time_in_force in _AT_ONCE:
        raise errors.OrderError(
            'Alpaca pairs orders of whole units, as day or gtc; this group is '
            f'of {first.quantity:g}, as {first.time_in_force}'
        )
    return first, second


def request(order: orders.Order, **more: Any) -> dict[str, Any]:
    """Makes the body that places an order.

    Args:
        order: One without a `refusal`.
        **more: Other fields of theirs.

    Returns:
        The fields, as the SDK's model of such an order has them.

    Raises:
        errors.OrderError: The terms make no sense.
    """
    from alpaca.trading import requests as models  # noqa: PLC0415

    kind: Any = models.MarketOrderRequest
    terms: dict[str, Any] = _common(order) | more
    if order.type in _LIMITS:
        kind = models.LimitOrderRequest
        terms['limit_price'] = order.price
    elif order.type is _K.STOP:
        kind = models.StopOrderRequest
        terms['stop_price'] = order.stop_price
    elif order.type is _K.STOP_LIMIT:
        kind = models.StopLimitOrderRequest
        terms |= {'stop_price': order.stop_price, 'limit_price': order.price}
    elif order.type is _K.TRAILING_STOP:
        kind = models.TrailingStopOrderRequest
        amount, share = checks.parse_trail(order.trail)
        if share:
            terms['trail_percent'] = float(f'{share * 100:.12g}')
        else:
            terms['trail_price'] = amount
    return _checked(kind, terms)


def pair_request(profit: orders.Order, stop: orders.Order) -> dict[str, Any]:
    """Makes the body that places the two exits of a group.

    Raises:
        errors.OrderError: Alpaca has no such orders.
    """
    from alpaca.trading import requests as models  # noqa: PLC0415

    fault = refusal(profit) or refusal(stop)
    if fault:
        raise errors.OrderError(fault)
    loss: dict[str, Any] = {'stop_price': stop.stop_price}
    if stop.price is not None:
        loss['limit_price'] = stop.price
    terms = _common(profit) | {
        'client_order_id': profit.id + PAIRED + stop.id,
        'order_class': 'oco',
        'limit_price': profit.price,
        'take_profit': {'limit_price': profit.price},
        'stop_loss': loss,
    }
    return _checked(models.LimitOrderRequest, terms)


def _common(order: orders.Order) -> dict[str, Any]:
    _, tif = _AUCTIONS.get(order.type, ('', str(order.time_in_force)))
    if order.type is _K.MARKET and order.quantity % 1 and tif == 'gtc':
        # Alpaca takes fractions for a day alone. A market order fills at
        # once, or at the next opening, so that it is the same one.
        tif = 'day'
    terms = {
        'symbol': order.symbol,
        'qty': order.quantity,
        'side': str(order.side),
        'time_in_force': tif,
        'client_order_id': order.id,
    }
    return terms | ({'extended_hours': True} if order.extended_hours else {})


def _checked(kind: Any, terms: dict[str, Any]) -> dict[str, Any]:
    try:
        made: dict[str, Any] = kind(**terms).to_request_fields()
    except ValueError as error:
        raise errors.OrderError(words.plain(str(error))) from None
    # Members of the SDK's enumerations are text, too, and JSON says so.
    return made


def change(
    quantity: float | None,
    price: float | None,
    stop_price: float | None,
) -> dict[str, Any]:
    """Makes the body that changes an order.

    The SDK's model of it cuts quantities to whole ones, so it is not used.

    Args:
        quantity: Units in all; None to keep.
        price: The limit; None to keep.
        stop_price: The trigger; None to keep.
    """
    terms = {
        'qty': None if quantity is None else f'{quantity:.9f}',
        'limit_price': None if price is None else _text(price),
        'stop_price': None if stop_price is None else _text(stop_price),
    }
    if terms['qty']:
        terms['qty'] = terms['qty'].rstrip('0').rstrip('.')
    return {name: value for name, value in terms.items() if value is not None}


def next_names(client_id: str, order_id: str) -> Iterator[str]:
    """Gives client order ids for what takes an order's place, the next first.

    Args:
        client_id: Of the order that stands there now.
        order_id: Ours.
    """
    own, _, told = client_id.partition(REPLACED)
    if own.partition(PAIRED)[0] != order_id:
        # A leg, or an order that was changed elsewhere, has a name of theirs.
        own, told = order_id, ''
    first = int(told) if told.isdecimal() else 0
    for count in range(first + 1, first + 1 + _NAMES):
        yield f'{own}{REPLACED}{count}'


def _text(number: float) -> str:
    return format(number, '.12g')


def our_id(client_id: str) -> str:
    """Gives the id of ours that a client order id was made of."""
    return client_id.split(REPLACED, 1)[0]


def model(raw: object) -> Any:
    """Makes the SDK's model of an order of an answer.

    Raises:
        errors.BrokerUnknownError: It is none.
    """
    from alpaca.trading import models  # noqa: PLC0415

    return parsed(models.Order, raw)


def parsed(kind: Any, raw: object) -> Any:
    """Makes one of the SDK's models of an answer.

    Args:
        kind: The model.
        raw: What came.

    Raises:
        errors.BrokerUnknownError: It is not what it should be.
    """
    if not isinstance(raw, dict):
        raise errors.BrokerUnknownError(
            f'alpaca: {words.plain(str(raw))[:60]} is no {kind.__name__}'
        )
    try:
        # Keys that are none of the model's would be arguments of its own.
        return kind(**{str(key): value for key, value in raw.items()})
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise errors.BrokerUnknownError(
            f'alpaca: an answer is no {kind.__name__}: '
            + words.plain(str(error))
        ) from None


def number(text: object, what: str = 'a number') -> float:
    """Reads a number that comes as text.

    Raises:
        errors.BrokerUnknownError: It is none, or none that can be.
    """
    try:
        found = float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        found = float('nan')
    if not abs(found) <= orders.LARGEST:
        raise errors.BrokerUnknownError(
            f'alpaca: {words.plain(str(text))[:40]!r} is not {what}'
        )
    return found


def positive(text: object, what: str) -> float:
    """Reads a number above 0 that comes as text.

    Raises:
        errors.BrokerUnknownError: It is none.
    """
    found = number(text, what)
    if found <= 0:
        raise errors.BrokerUnknownError(f'alpaca: {found:g} is not {what}')
    return found


def optional(text: object, what: str = 'a number') -> float | None:
    """Reads a number that may be missing."""
    return None if text is None or text == '' else number(text, what)


def moment(stamp: Any) -> int:
    """Gives nanoseconds since the epoch of a time of the SDK's models.

    Raises:
        errors.BrokerUnknownError: It has no time zone.
    """
    if stamp is None or stamp.tzinfo is None:
        raise errors.BrokerUnknownError(
            f'alpaca: the time {stamp} has no time zone'
        )
    return market.to_nanoseconds(stamp)


def order(found: Any, order_id: str = '') -> orders.Order:
    """Makes an order of ours of the SDK's model.

    Args:
        found: The model.
        order_id: Our id of it; empty for the one that it tells.

    Raises:
        errors.BrokerUnknownError: It makes no sense.
    """
    filled = optional(found.filled_qty) or 0.0
    status = _status(found, filled)
    quantity = _quantity(found, filled, status)
    if not found.symbol or found.side is None:
        raise errors.BrokerUnknownError(
            f'alpaca: order {found.id} has no symbol or side'
        )
    kind = _kind(found)
    return orders.Order(
        id=order_id or our_id(found.client_order_id),
        symbol=found.symbol,
        side=orders.OrderSide(found.side.value),
        quantity=quantity,
        type=kind,
        price=optional(found.limit_price),
        stop_price=optional(found.stop_price),
        trail=_trail(found),
        time_in_force=_TIMES[found.time_in_force.value],
        created=moment(found.submitted_at),
        updated=moment(found.updated_at),
        status=status,
        resting=status,
        filled=filled,
        average_price=optional(found.filled_avg_price) or 0.0,
        broker_id=str(found.id),
        extended_hours=found.extended_hours,
        reason=f'for {found.notional} USD' if found.notional else '',
    )


def _quantity(found: Any, filled: float, status: orders.OrderStatus) -> float:
    """Gives the units of an order.

    One for an amount of money, which only others send, has what that buys at
    its limit. At no limit it has 0, and what was filled once it has ended.
    """
    if found.qty is not None or found.notional is None:
        return positive(found.qty, 'a quantity')
    if status not in orders.WORKING:
        return filled
    limit = optional(found.limit_price)
    return positive(found.notional, 'an amount') / limit if limit else 0.0


def _kind(found: Any) -> orders.OrderType:
    said = found.type or found.order_type
    tif = found.time_in_force.value
    if said is None and found.order_class.value == _SEVERAL:
        # A leg trades when the whole does, whatever that is.
        return _K.MARKET
    if said is None:
        raise errors.BrokerUnknownError(f'alpaca: order {found.id} has no type')
    return _AT_AUCTION.get((said.value, tif)) or _K(said.value)


def _status(found: Any, filled: float) -> orders.OrderStatus:
    ended = ENDED.get(found.status.value)
    if ended is not None:
        return ended
    return _S.PARTIALLY_FILLED if filled > 0 else _S.ACCEPTED


def _trail(found: Any) -> float | str | None:
    if found.trail_percent:
        return f'{number(found.trail_percent):g}%'
    return optional(found.trail_price)


def leaves(found: Any) -> Iterator[tuple[Any, str]]:
    """Gives an order and those that hang on it, with our ids.

    Args:
        found: The SDK's model, with its legs.

    Yields:
        Each order, and its id.
    """
    mine = our_id(found.client_order_id)
    first, _, second = mine.partition(PAIRED)
    if not found.legs or found.symbol:
        # Of an order of several options only the legs are of something.
        yield found, first
    for leg in found.legs or ():
        own = our_id(leg.client_order_id)
        if found.order_class.value in _ATTACHED:
            is_limit = _kind(leg) is _K.LIMIT
            own = mine + (orders.TAKE_PROFIT if is_limit else orders.STOP_LOSS)
        yield leg, second or own


def execution(order_uuid: object, filled: float) -> str:
    """Names a fill, the same way on the stream and in the list of fills.

    The stream has an `execution_id` and the list of activities an `id` of its
    own; nothing that Alpaca writes says that one is in the other. What both
    have is the order and how much of it is filled with this fill, which no
    two fills of an order share.

    Args:
        order_uuid: Alpaca's own id of the order.
        filled: Units filled, with this fill.
    """
    return f'{order_uuid}:' + f'{filled:.9f}'.rstrip('0').rstrip('.')
