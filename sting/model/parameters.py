"""What a parameter of a strategy may be set to, for whoever shows or asks."""

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
import difflib
import math
from typing import Any

import msgspec

from sting.model import errors

_WORDS = {
    'true': True,
    'yes': True,
    'on': True,
    '1': True,
    'false': False,
    'no': False,
    'off': False,
    '0': False,
}


class Setting(msgspec.Struct, frozen=True):
    """A parameter of a strategy, to be shown and asked for.

    Attributes:
        name: What it is set by.
        default: Its value where none is given; of its type.
        allowed: What a value has to be, in words: 'an int from 2 to 500'.
        doc: What it does.
        value: What it is set to.
        low: Smallest value allowed; None for no bound.
        high: Largest value allowed; None for no bound.
        choices: The values allowed; empty for any within the bounds.
    """

    name: str
    default: bool | int | float | str
    allowed: str
    doc: str = ''
    value: bool | int | float | str | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[bool | int | float | str, ...] = ()

    def convert(self, value: Any) -> Any:
        """Turns what was given into a value of this parameter.

        Args:
            value: A value, or its text as typed.

        Raises:
            errors.StrategyError: It is not allowed.
        """
        try:
            made = coerce(value, type(self.default))
        except ValueError:
            made = None
        choices = self.choices or None
        if made is None or not is_within(made, self.low, self.high, choices):
            raise errors.StrategyError(wrong(self.name, value, self.allowed))
        return made


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What a fork of a log can change.

    Attributes:
        strategies: What each that ran then can be set to; a value is that of
            today.
        limits: Of the rules of risk.yaml; the value of a rule that is not
            asked is `off`.
        notes: What cannot be changed, and why.
    """

    strategies: dict[str, tuple[Setting, ...]]
    limits: tuple[Setting, ...]
    notes: tuple[str, ...] = ()


def convert(
    settings: Sequence[Setting], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Holds what was given against what a strategy says of its parameters.

    Args:
        settings: The strategy's parameters.
        given: Values by name, or their texts; None holds for any.

    Returns:
        What was given, of the parameters' types.

    Raises:
        errors.StrategyError: A name is unknown or a value is not allowed.
    """
    known = {each.name: each for each in settings}
    found = {}
    for name, value in given.items():
        if value is not None and name not in known:
            raise errors.StrategyError(unknown(name, known))
        found[name] = None if value is None else known[name].convert(value)
    return found


def is_within(
    value: Any,
    low: float | None,
    high: float | None,
    choices: Sequence[Any] | None,
) -> bool:
    """Whether a value of the right type is within its bounds."""
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if choices is not None:
        return value in choices
    if isinstance(value, bool | str):
        return True
    return (low is None or value >= low) and (high is None or value <= high)


def wrong(name: str, value: Any, allowed: str) -> str:
    """Says that a value is not allowed, and what is."""
    return f'parameter {name} is {value!r}; it must be {allowed}'


def unknown(name: str, declared: Collection[str]) -> str:
    """Says that a name is not declared, and which are."""
    message = f'there is no parameter {name!r}'
    if not declared:
        return f'{message}; this strategy takes none'
    near = difflib.get_close_matches(name, declared, n=1)
    if near:
        message += f'; did you mean {near[0]!r}?'
    return f'{message} (it takes {", ".join(declared)})'


def coerce(value: Any, kind: type) -> Any:
    """Turns a value or its text into one of bool, int, float and str.

    Args:
        value: The value.
        kind: The type that it is to be of.

    Raises:
        ValueError: It cannot be done without changing the value.
    """
    if isinstance(value, str):
        text = value.strip()
        if kind is bool:
            if text.lower() not in _WORDS:
                raise ValueError(value)
            return _WORDS[text.lower()]
        return kind(text) if kind is not str else value
    if kind is str or not isinstance(value, bool | int | float):
        raise ValueError(value)
    if (kind is bool) != isinstance(value, bool):
        raise ValueError(value)
    if kind is int and value != int(value if math.isfinite(value) else 0):
        raise ValueError(value)
    return kind(value)
