"""What a strategy can be set to: typed, bounded, documented parameters."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from sting.model import errors
from sting.model import parameters as rules
from sting.strategy import plain


class Parameter:
    """One thing that a strategy can be set to.

    The type is that of the default: int, float, bool or str.

    Attributes:
        default: The value where none is given.
        low: Smallest value allowed; None for no bound.
        high: Largest value allowed; None for no bound.
        choices: The values allowed; None for any.
        doc: What it does, in a few words.
    """

    __slots__ = ('choices', 'default', 'doc', 'high', 'low')

    def __init__(
        self,
        default: Any,
        *,
        low: float | None = None,
        high: float | None = None,
        choices: Sequence[Any] | None = None,
        doc: str = '',
    ) -> None:
        default = plain.scalar(default)
        if not isinstance(default, bool | int | float | str):
            raise errors.StrategyError(
                f'a parameter is an int, a float, a bool or a str, '
                f'not a {type(default).__name__}: {default!r}'
            )
        self.default = default
        self.low = low
        self.high = high
        self.choices = None if choices is None else tuple(choices)
        self.doc = doc
        if not self._allows(default):
            raise errors.StrategyError(
                f'the default {default!r} must be {self.allowed()}'
            )

    def allowed(self) -> str:
        """Says what a value has to be: 'an int from 2 to 500'."""
        if self.choices is not None:
            return 'one of ' + ', '.join(str(each) for each in self.choices)
        kind = type(self.default).__name__
        words = f'an {kind}' if kind == 'int' else f'a {kind}'
        if self.low is not None and self.high is not None:
            return f'{words} from {self.low:g} to {self.high:g}'
        if self.low is not None:
            return f'{words} of at least {self.low:g}'
        if self.high is not None:
            return f'{words} of at most {self.high:g}'
        return words

    def convert(self, value: Any) -> Any:
        """Turns what was given into a value of this parameter.

        Args:
            value: A value, or its text as from a command line.

        Returns:
            The value, of the default's type.

        Raises:
            ValueError: It is not such a value, or it is out of bounds.
        """
        converted = rules.coerce(plain.scalar(value), type(self.default))
        if not self._allows(converted):
            raise ValueError(value)
        return converted

    def _allows(self, value: Any) -> bool:
        """Whether a value of the right type is within the bounds."""
        return rules.is_within(value, self.low, self.high, self.choices)


def resolve(
    declared: Mapping[str, Parameter],
    given: Mapping[str, Any],
    *,
    where: str = '',
) -> dict[str, Any]:
    """Holds what was given against what is declared.

    Args:
        declared: The strategy's parameters by name.
        given: Values by name, or their texts.
        where: What the error is to start with: a file, an option.

    Returns:
        A value for every declared parameter, in the order of declaration.

    Raises:
        errors.StrategyError: A name is unknown or a value is not allowed.
    """
    for name in given:
        if name not in declared:
            raise errors.StrategyError(
                rules.unknown(name, declared), path=where or None
            )
    values = {}
    for name, parameter in declared.items():
        if name not in given:
            values[name] = parameter.default
            continue
        try:
            values[name] = parameter.convert(given[name])
        except ValueError:
            raise errors.StrategyError(
                rules.wrong(name, given[name], parameter.allowed()),
                path=where or None,
            ) from None
    return values
