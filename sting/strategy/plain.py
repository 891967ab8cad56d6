"""Makes of what users' code hands over the plain types of the log.

To Python a number of numpy's is as good as a float, and None may pass for an
empty text. JSON takes the one not at all and gives the other back as another
type, and an event that cannot be written or read back ends the engine.
"""

from collections.abc import Callable
from collections.abc import Mapping
import enum
import math
import numbers
from typing import Any

from sting.model import errors
from sting.model import orders

_FIGURES = (
    'quantity',
    'weight',
    'price',
    'stop_price',
    'take_profit',
    'stop_loss',
)
_CHOICES: Mapping[str, Callable[[Any], enum.StrEnum]] = {
    'kind': orders.SignalKind,
    'side': orders.OrderSide,
    'type': orders.OrderType,
    'time_in_force': orders.TimeInForce,
}


def number(name: str, value: Any) -> float:
    """Gives a finite float.

    Args:
        name: What the value is, for the message.
        value: A number of any type.

    Raises:
        errors.OrderError: It is not a number, or not a finite one.
    """
    if type(value) is not float:
        try:
            if isinstance(value, str | bytes):
                raise TypeError
            value = float(value)
        except (TypeError, ValueError, OverflowError):
            raise errors.OrderError(
                f'{name} {value!r} must be a finite number'
            ) from None
    if not math.isfinite(value):
        raise errors.OrderError(f'{name} {value} must be a finite number')
    return float(value)


def text(value: Any) -> str:
    """Gives a text that can be written as UTF-8; an empty one for None."""
    if type(value) is not str:
        value = '' if value is None else str(value)
    if value.isascii():
        return str(value)
    # One half of a surrogate pair, as broken file names have it, is no text.
    return str(value.encode('utf-8', 'replace').decode('utf-8'))


def scalar(value: Any) -> Any:
    """Gives an int, a float or a str for what is as good as one.

    Args:
        value: Anything; what is none of them is given back as it is.
    """
    if type(value) in (bool, int, float, str) or isinstance(value, enum.Enum):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    return text(value) if isinstance(value, str) else value


def signal(**given: Any) -> orders.Signal:
    """Makes a signal of the log's own types.

    Args:
        **given: Fields of a Signal, of whatever type users have them.

    Returns:
        The signal.

    Raises:
        errors.OrderError: A field cannot be made what it has to be, or a
            figure is not finite.
    """
    for name in _FIGURES:
        value = given.get(name)
        if value is not None:
            given[name] = number(name.replace('_', ' '), value)
    for name, choice in _CHOICES.items():
        if name in given and type(given[name]) is not choice:
            given[name] = _choose(name, choice, given[name])
    if not isinstance(given['symbol'], str):
        raise errors.OrderError(f'{given["symbol"]!r} is not a symbol')
    for name in ('symbol', 'reason', 'order_id', 'strategy', 'code'):
        if name in given:
            given[name] = text(given[name])
    trail = given.get('trail')
    if trail is not None:
        given['trail'] = (
            text(trail) if isinstance(trail, str) else number('trail', trail)
        )
    given['indicators'] = {
        text(name): value if type(value) is float else float(value)
        for name, value in (given.get('indicators') or {}).items()
        # Those that have no value yet.
        if math.isfinite(value)
    }
    return orders.Signal(**given)


def _choose(
    name: str, choice: Callable[[Any], enum.StrEnum], value: Any
) -> enum.StrEnum | None:
    """Gives one of an order's words for what a user wrote, such as 'buy'."""
    if name == 'side' and value is None:
        return None
    try:
        return choice(value)
    except ValueError as error:
        raise errors.OrderError(str(error)) from None
