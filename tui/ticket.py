"""What is typed into the ticket, and the order that it makes."""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import re

from sting.model import commands
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import protection
from sting.model import typed
from sting.model import views
from tui import format as text_format
from tui import opening

SIDES = tuple(side.value for side in orders.OrderSide)
TYPES = tuple(kind.value for kind in orders.OrderType)
TIMES = ('gtc', 'day', 'gtd', 'ioc', 'fok')
HOURS = ('regular', 'extended')
FIELDS = (
    'side',
    'symbol',
    'quantity',
    'type',
    'price',
    'stop_price',
    'trail',
    'time_in_force',
    'expires',
    'stop_loss',
    'take_profit',
    'hours',
)
# What may be left empty; enter passes over it.
OPTIONAL = frozenset({'stop_loss', 'take_profit', 'hours'})
_NUMBER = re.compile(r'\d+(\.\d*)?|\.\d+')


@dataclasses.dataclass(frozen=True)
class Draft:
    """The ticket as it is filled in.

    Attributes:
        side: One of SIDES.
        symbol: As typed.
        quantity: As typed.
        type: One of TYPES.
        price: As typed; counts only where the type has a limit.
        stop_price: As typed; counts only where the type has a trigger.
        time_in_force: One of TIMES.
        order_id: The working order that is changed; empty for a new one.
        trail: As typed, an amount or a per cent; counts only for trailing
            stops.
        expires: As typed, a day or a moment; counts only for gtd.
        stop_loss: As typed, a price or a per cent of the order's; may be
            empty.
        take_profit: The same.
        hours: One of HOURS.
    """

    side: str = 'buy'
    symbol: str = ''
    quantity: str = ''
    type: str = 'market'
    price: str = ''
    stop_price: str = ''
    time_in_force: str = 'gtc'
    order_id: str = ''
    trail: str = ''
    expires: str = ''
    stop_loss: str = ''
    take_profit: str = ''
    hours: str = 'regular'


def from_order(order: orders.Order) -> Draft:
    """Gives the draft that would leave a working order as it is."""
    return Draft(
        side=order.side.value,
        symbol=order.symbol,
        quantity=plain(order.quantity),
        type=order.type.value,
        price=plain(order.price),
        stop_price=plain(order.stop_price),
        time_in_force=order.time_in_force.value,
        order_id=order.id,
    )


def plain(value: float | None) -> str:
    """Writes a number as it would be typed; nothing for None."""
    return '' if value is None else f'{value:.10f}'.rstrip('0').rstrip('.')


def fields(draft: Draft) -> tuple[str, ...]:
    """Gives the fields that can be filled in, in order."""
    unused = set()
    if draft.type not in orders.WITH_PRICE:
        unused.add('price')
    if draft.type not in orders.WITH_STOP:
        unused.add('stop_price')
    if draft.type != 'trailing_stop':
        unused.add('trail')
    if draft.time_in_force != 'gtd':
        unused.add('expires')
    if draft.order_id:
        unused |= {'side', 'symbol', 'type', 'trail', 'time_in_force'}
        unused |= {'expires', *OPTIONAL}
    return tuple(name for name in FIELDS if name not in unused)


def number(text: str) -> float:
    """Reads a number above 0, written with digits and one point.

    Args:
        text: As typed; commas are refused, since they mean different things
            to different people.

    Returns:
        The number.

    Raises:
        errors.OrderError: Saying what to change.
    """
    text = text.strip()
    if not text:
        raise errors.OrderError('needed')
    if ',' in text:
        raise errors.OrderError('without commas, please: 1234.50')
    if not _NUMBER.fullmatch(text):
        raise errors.OrderError('not a number: 1234.50')
    value = float(text)
    if value <= 0:
        raise errors.OrderError('must be above 0')
    if value > orders.LARGEST:
        raise errors.OrderError('is too large')
    return value


def is_relative(text: str) -> bool:
    """Whether a price goes by the market's, as bid-0.05."""
    return text.strip()[:1].isalpha()


def _price(text: str) -> object:
    return typed.place(text) if is_relative(text) else number(text)


def _symbol(text: str) -> None:
    text = text.strip()
    if not text:
        raise errors.OrderError('needed')
    if ' ' in text or not text.isprintable():
        raise errors.OrderError('not a symbol')


def _anything(text: str) -> None:
    del text  # Chosen from a list, and so right.


_CHECKS: Mapping[str, Callable[[str], object]] = {
    'symbol': _symbol,
    'quantity': typed.amount,
    'price': _price,
    'stop_price': _price,
    'trail': typed.trail,
    'expires': typed.moment,
    'stop_loss': protection.level,
    'take_profit': protection.level,
}


# What is asked for where the reader of a field only knows what is wrong.
_WANTED = {'trail': 'needed: 1.5 or 2%', 'expires': 'needed: 2026-12-01'}


def problem(draft: Draft, field: str) -> str:
    """Says what is wrong with a field; empty when nothing is."""
    if field not in fields(draft):
        return ''
    text = getattr(draft, field).strip()
    if not text and field in _WANTED:
        return _WANTED[field]
    try:
        _CHECKS.get(field, _anything)(text)
    except errors.OrderError as error:
        return str(error)
    return ''


def problems(draft: Draft) -> dict[str, str]:
    """Gives what is wrong, by field; empty when it can be reviewed."""
    found = {name: problem(draft, name) for name in fields(draft)}
    return {name: text for name, text in found.items() if text}


def unknown(draft: Draft, snapshot: views.Snapshot) -> str:
    """Says that nothing is known of the symbol; empty when it can be traded.

    Args:
        draft: With a symbol or without.
        snapshot: For the profile's symbols, and what is held besides.
    """
    symbol = draft.symbol.strip().upper()
    known = {row.symbol for row in snapshot.watch}
    known.update(row.symbol for row in snapshot.positions)
    return '' if not symbol or symbol in known else 'not in this profile'


def to_command(
    draft: Draft,
) -> commands.SubmitOrder | commands.ReplaceOrder:
    """Gives the command that a draft without problems stands for.

    Args:
        draft: With its quantity in units and its exits as prices, as
            `sizing.resolve` leaves it.

    Raises:
        errors.OrderError: It has problems.
    """
    used = fields(draft)
    price = number(draft.price) if 'price' in used else None
    stop_price = number(draft.stop_price) if 'stop_price' in used else None
    quantity = number(draft.quantity)
    if draft.order_id:
        return commands.ReplaceOrder(
            order_id=draft.order_id,
            quantity=quantity,
            price=price,
            stop_price=stop_price,
        )
    _symbol(draft.symbol)
    return commands.SubmitOrder(
        symbol=draft.symbol.strip().upper(),
        side=orders.OrderSide(draft.side),
        quantity=quantity,
        type=orders.OrderType(draft.type),
        price=price,
        stop_price=stop_price,
        time_in_force=orders.TimeInForce(draft.time_in_force),
        reason='ticket',
        take_profit=number(draft.take_profit) if draft.take_profit else None,
        stop_loss=number(draft.stop_loss) if draft.stop_loss else None,
        extended_hours=draft.hours == 'extended',
        trail=typed.trail(draft.trail) if 'trail' in used else None,
        expires=typed.moment(draft.expires) if 'expires' in used else None,
    )


def review(draft: Draft, snapshot: views.Snapshot, asked: str = '') -> str:
    """Says in one line what would be sent, and where to.

    Args:
        draft: A draft as `sizing.resolve` leaves it, without problems.
        snapshot: For the last price, the mode and the account.
        asked: The quantity as it was typed, where it was no number of units.

    Returns:
        BUY 10 AAPL limit 99.50 gtc, about 995.00 USD, PAPER account.
    """
    symbol = draft.symbol.strip().upper()
    verb = 'CHANGE to ' if draft.order_id else ''
    words = [f'{verb}{draft.side.upper()}', draft.quantity.strip(), symbol]
    words.append(draft.type.replace('_', ' '))
    used = fields(draft)
    words += [
        getattr(draft, name).strip()
        for name in ('stop_price', 'price', 'trail')
        if name in used
    ]
    words.append(draft.time_in_force)
    if 'expires' in used:
        words.append(market.to_iso(typed.moment(draft.expires)))
    parts = [' '.join(words)]
    if not draft.order_id:
        parts += _besides(draft)
    value = _value(draft, snapshot)
    if value is not None:
        sized = f' ({asked.strip()})' if asked else ''
        parts.append(
            f'about {text_format.money(value)} {snapshot.currency}{sized}'
        )
    account = snapshot.account or snapshot.profile
    if opening.is_opening(snapshot):
        account = 'still opening'
    parts.append(f'{snapshot.mode.value.upper()} {account}')
    return text_format.clean(', '.join(parts))


def _besides(draft: Draft) -> list[str]:
    """Says which exits are attached, and whether it trades out of hours."""
    parts = []
    if draft.stop_loss:
        parts.append(f'stop loss {draft.stop_loss.strip()}')
    if draft.take_profit:
        parts.append(f'take profit {draft.take_profit.strip()}')
    if draft.hours == 'extended':
        parts.append('extended hours')
    return parts


def place(draft: Draft, name: str, snapshot: views.Snapshot) -> Draft:
    """Puts a price in the place of one that goes by the market's.

    Args:
        draft: A draft.
        name: Of one of its prices, which has no problem.
        snapshot: For the prices.

    Raises:
        errors.OrderError: It is not known.
    """
    text = getattr(draft, name)
    if not is_relative(text):
        return draft
    symbol = draft.symbol.strip().upper()
    quoted = next((r for r in snapshot.watch if r.symbol == symbol), None)
    value = typed.price(
        typed.place(text),
        orders.OrderSide(draft.side),
        bid=None if quoted is None else quoted.bid,
        ask=None if quoted is None else quoted.ask,
        last=_last(symbol, snapshot),
    )
    return dataclasses.replace(draft, **{name: plain(value)})


def _value(draft: Draft, snapshot: views.Snapshot) -> float | None:
    price = entry(draft, snapshot)
    return None if price is None else number(draft.quantity) * price


def entry(draft: Draft, snapshot: views.Snapshot) -> float | None:
    """Gives what a unit would cost: the limit, else the trigger, else last.

    Args:
        draft: A draft; prices that are not right do not count, nor do those
            that go by the market's.
        snapshot: For the last price.

    Returns:
        None while that is not known.
    """
    used = fields(draft)
    for name in ('price', 'stop_price'):
        if name in used:
            text = getattr(draft, name)
            wrong = problem(draft, name) or is_relative(text)
            return None if wrong else number(text)
    return _last(draft.symbol.strip().upper(), snapshot)


def _last(symbol: str, snapshot: views.Snapshot) -> float | None:
    lasts = {row.symbol: row.last for row in snapshot.positions}
    lasts.update((row.symbol, row.last) for row in snapshot.watch)
    return lasts.get(symbol)
