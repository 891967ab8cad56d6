"""Makes of what users' code hands over the plain types of the log.

To Python a number of numpy's is as good as a float, and None may pass for an
empty text. JSON takes the one not at all and gives the other back as another
type, and an event that cannot be written or read back ends the engine.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import datetime
import enum
import math
import numbers
from typing import Any

from sting.model import errors
from sting.model import market
from sting.model import orders

_FIGURES = frozenset(
    {
        'quantity',
        'weight',
        'price',
        'stop_price',
        'take_profit',
        'stop_loss',
        'trail',
    }
)
_MAY_LACK = _FIGURES | {'expires'}
_CHOICES: Mapping[str, type[enum.StrEnum]] = {
    'kind': orders.SignalKind,
    'side': orders.OrderSide,
    'type': orders.OrderType,
    'time_in_force': orders.TimeInForce,
}
_TEXTS = ('symbol', 'reason', 'order_id', 'strategy', 'code', 'oco')
_FLAGS = ('extended_hours',)
_PLAIN: Mapping[str, type] = {
    **dict.fromkeys(_FLAGS, bool),
    **dict.fromkeys(_FIGURES, float),
    **dict.fromkeys(_TEXTS, str),
    **_CHOICES,
}
# Of nanoseconds, what a log can keep.
_LAST = 2**63
# A value of such a type need not be one that the log takes.
_OPEN = frozenset({float, str})


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


def moment(name: str, value: Any) -> int:
    """Gives a moment in nanoseconds since the epoch, UTC.

    Args:
        name: What the value is, for the message.
        value: It, or a datetime that says its time zone.

    Raises:
        errors.OrderError: It is neither.
    """
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return market.to_nanoseconds(value)
    if isinstance(value, numbers.Integral) and abs(int(value)) < _LAST:
        return int(value)
    raise errors.OrderError(
        f'{name} {value!r} must be a datetime with a time zone, or '
        'nanoseconds since the epoch'
    )


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
    for name, value in given.items():
        if value is None and name in _MAY_LACK:
            continue
        kind = type(value)
        # What is right already, as it nearly always is, costs a look.
        if kind is _PLAIN.get(name) and (
            (kind is float and math.isfinite(value))
            or (kind is str and value.isascii())
            or kind not in _OPEN
        ):
            continue
        given[name] = _clean(name, value)
    return orders.Signal(**given)


def figures(named: Iterable[tuple[Any, Any]]) -> dict[str, float]:
    """Gives the values of indicators, those that have one already.

    Args:
        named: Names and values, of whatever type users have them.
    """
    return {
        text(name): value if type(value) is float else float(value)
        for name, value in named
        # Neither nan nor infinity can be written as JSON.
        if math.isfinite(value)
    }


def _clean(name: str, value: Any) -> Any:
    """Gives a field of a signal the type that it has in the log."""
    if name in _CHOICES:
        return _choose(name, _CHOICES[name], value)
    if name == 'indicators':
        return figures((value or {}).items())
    if name == 'symbol' and not isinstance(value, str):
        raise errors.OrderError(f'{value!r} is not a symbol')
    if name == 'expires':
        return moment(name, value)
    if name not in _FIGURES:
        return bool(value) if name in _FLAGS else text(value)
    if name == 'trail' and isinstance(value, str):
        return text(value)
    return number(name.replace('_', ' '), value)


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
