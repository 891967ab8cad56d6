"""What people type for an order, on the command line or in the ticket."""

import datetime
import math
import re
from typing import Any
from typing import Literal

import msgspec

from sting.model import checks
from sting.model import errors
from sting.model import market
from sting.model import orders

_END = datetime.time(23, 59, 59)
_AMOUNT = re.compile(r'(\d+(?:\.\d*)?|\.\d+)(?:([$%])(r?))?')

_PLACE = re.compile(
    r'(bid|ask|last|near|far)(?:([+-])(\d+(?:\.\d*)?|\.\d+)(%?))?'
)


class Amount(msgspec.Struct, frozen=True):
    """How much of something is wanted.

    Attributes:
        value: Above 0.
        unit: Units of the instrument, money of the account's currency, or per
            cent of the equity.
        risk: That is what is lost at the stop, not what it costs.
    """

    value: float
    unit: Literal['', '$', '%'] = ''
    risk: bool = False


def amount(text: str) -> Amount:
    """Reads how much is wanted.

    Args:
        text: 100 units, 5000$ of money, 10% of the equity, or with an r what
            may be lost at the stop: 1%r, 200$r. No commas, since they mean
            different things to different people.

    Returns:
        The amount.

    Raises:
        errors.OrderError: Saying what to change.
    """
    text = text.strip()
    if not text:
        raise errors.OrderError('needed')
    if ',' in text:
        raise errors.OrderError('without commas, please: 1234.50')
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise errors.OrderError('not a number: 100, 5000$, 10% or 1%r')
    value = float(found[1])
    if not 0 < value <= orders.LARGEST:
        raise errors.OrderError('must be above 0')
    unit: Literal['', '$', '%'] = '$' if found[2] == '$' else '%'
    if found[2] is None:
        return Amount(value)
    return Amount(value, unit, risk=bool(found[3]))


def units(
    wanted: Amount,
    *,
    side: orders.OrderSide,
    price: float | None,
    stop: float | None,
    equity: float,
    lot: float,
) -> float:
    """Gives the units that an amount comes to, rounded down to the lot.

    Args:
        wanted: The amount; plain units are left as they are.
        side: Of the order.
        price: What a unit costs; None while that is not known.
        stop: Where it is closed with a loss; None without a stop.
        equity: Of the account, in its currency.
        lot: Smallest step of a quantity; 0 for whole units.

    Returns:
        Units, above 0.

    Raises:
        errors.OrderError: It cannot be worked out, or is less than one lot.
    """
    if not wanted.unit:
        return wanted.value
    if price is None:
        raise errors.OrderError('no price yet')
    each = price
    if wanted.risk:
        if stop is None:
            raise errors.OrderError('r needs a stop loss')
        each = side.sign * (price - stop)
        if each <= 0:
            raise errors.OrderError('r needs a stop that loses')
    money = wanted.value
    if wanted.unit == '%':
        money = max(equity, 0.0) * wanted.value / 100
    step = lot or 1.0
    # What is a whole number but for the dust of floats stays one.
    lots = math.floor(money / each / step + orders.DUST)
    if lots < 1:
        raise errors.OrderError(f'less than {step:g}')
    return round(lots * step, 10)


class Place(msgspec.Struct, frozen=True):
    """A price that goes by the market's.

    Attributes:
        book: Of what; `near` is the own side of the book and `far` the other
            one, both the last price where there are no quotes.
        away: Added to it; of `near` and `far` towards the other side, so that
            less is better for who orders.
        is_share: That is a share of the price, not an amount.
    """

    book: Literal['bid', 'ask', 'last', 'near', 'far']
    away: float = 0.0
    is_share: bool = False


def place(text: str) -> Place:
    """Reads a price that goes by the market's.

    Args:
        text: bid, ask, last, near or far; with a distance bid-0.05 or
            near-0.1%.

    Returns:
        The place.

    Raises:
        errors.OrderError: It is none.
    """
    found = _PLACE.fullmatch(''.join(text.casefold().split()))
    if found is None:
        raise errors.OrderError('not a number: 1234.50 or near-0.1%')
    book: Any = found[1]
    away = float(found[3] or 0) * (-1 if found[2] == '-' else 1)
    if found[4]:
        if abs(away) >= 100:
            raise errors.OrderError('less than 100%')
        return Place(book, away / 100, True)
    return Place(book, away)


def price(
    wanted: Place,
    side: orders.OrderSide,
    *,
    bid: float | None,
    ask: float | None,
    last: float | None,
) -> float:
    """Gives what a place of the market is now.

    Args:
        wanted: The place.
        side: Of the order.
        bid: The best; None without quotes.
        ask: The same.
        last: The last price; None before the first.

    Returns:
        The price, as `rounded` leaves it.

    Raises:
        errors.OrderError: It is not known, or would not be above 0.
    """
    own, other = (bid, ask) if side is orders.OrderSide.BUY else (ask, bid)
    if bid is None and ask is None:
        own = other = last
    found = {
        'bid': bid, 'ask': ask, 'last': last, 'near': own, 'far': other,
    }[wanted.book]  # fmt: skip
    if found is None:
        raise errors.OrderError(
            'no price yet'
            if last is None
            else f'no {wanted.book}: there are no quotes; last or near'
        )
    sign = side.sign if wanted.book in ('near', 'far') else 1
    away = found * wanted.away if wanted.is_share else wanted.away
    value = rounded(found + sign * away)
    if value <= 0:
        raise errors.OrderError('must be above 0')
    return value


def rounded(price: float) -> float:
    """Rounds a price that was worked out: to the cent, below 1 to 1e-6."""
    return round(price, 2 if price >= 1 else 6)


def moment(text: str) -> int:
    """Reads when an order expires.

    Args:
        text: A day, as 2026-12-01, which is its end; or a day and a time, as
            2026-12-01T15:30. Both in UTC, unless the time says otherwise.

    Returns:
        Nanoseconds since the epoch, UTC.

    Raises:
        errors.OrderError: It is no such moment.
    """
    text = text.strip()
    try:
        found = datetime.datetime.fromisoformat(text)
        if len(text) <= len('2026-12-01'):
            found = datetime.datetime.combine(found.date(), _END)
        if found.tzinfo is None:
            found = found.replace(tzinfo=datetime.UTC)
        return market.to_nanoseconds(found)
    except (ValueError, OverflowError):
        raise errors.OrderError(
            f'{text!r} is no moment; write 2026-12-01 or 2026-12-01T15:30'
        ) from None


def trail(text: str) -> float | str:
    """Reads the distance of a trailing stop.

    Args:
        text: An amount, as 1.5, or a per cent, as 2%.

    Returns:
        The amount, or the per cent as it is kept.

    Raises:
        errors.OrderError: It is no distance.
    """
    text = text.strip()
    wanted: float | str = text
    if '%' not in text:
        try:
            wanted = float(text)
        except ValueError:
            raise errors.OrderError(
                f'trail {text!r} must be an amount, or a per cent as 2%'
            ) from None
    checks.parse_trail(wanted)
    return wanted
