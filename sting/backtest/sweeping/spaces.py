"""The combinations of parameters that a sweep runs: a grid, or draws of it.

None of them is kept: a combination is made of its number.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import decimal
import math
from typing import Any
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sting.model import errors
from sting.strategy import parameters as declared_lib

IntArray = npt.NDArray[np.int64]

# More values of one parameter would be a list that fills the memory.
MOST_VALUES = 1_000_000
# Numbers of combinations have to fit into 64 bits.
_MOST = 2**62


class Axis(NamedTuple):
    """The values that one parameter takes.

    Attributes:
        name: The parameter.
        values: Of its type, each once.
    """

    name: str
    values: tuple[Any, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Space:
    """Combinations, numbered from 0; the last parameter changes first.

    Attributes:
        axes: The parameters.
        picks: Which combinations of the grid; None for all.
    """

    axes: tuple[Axis, ...]
    picks: IntArray | None = None

    def __len__(self) -> int:
        return self.grid if self.picks is None else len(self.picks)

    @property
    def grid(self) -> int:
        """How many combinations the whole grid has."""
        return math.prod(len(axis.values) for axis in self.axes)

    def drawn(self, count: int, chance: np.random.Generator) -> 'Space':
        """Draws combinations, each as likely as any other and at most once.

        Args:
            count: How many; all where the grid has no more.
            chance: Where the draws come from.
        """
        if count >= self.grid:
            return self
        picks = chance.choice(self.grid, count, replace=False)
        return dataclasses.replace(self, picks=np.asarray(picks, np.int64))

    def point(self, number: int) -> dict[str, Any]:
        """Gives a combination by its number."""
        at = number if self.picks is None else int(self.picks[number])
        found = {}
        for name, values in reversed(self.axes):
            at, place = divmod(at, len(values))
            found[name] = values[place]
        return dict(reversed(found.items()))

    def points(self, numbers: range) -> Iterator[dict[str, Any]]:
        """Gives combinations by their numbers, sooner than one by one.

        Args:
            numbers: In a row.

        Yields:
            A combination.
        """
        found = self._places(numbers)
        names = tuple(axis.name for axis in self.axes)
        columns = [
            [axis.values[place] for place in found[axis.name].tolist()]
            for axis in self.axes
        ]
        for values in zip(*columns, strict=True):
            yield dict(zip(names, values, strict=True))

    def columns(self, numbers: range) -> dict[str, npt.NDArray[Any]]:
        """Gives combinations in columns.

        Args:
            numbers: In a row.

        Returns:
            The values of each parameter.
        """
        found = self._places(numbers)
        return {
            name: np.asarray(values)[found[name]] for name, values in self.axes
        }

    def _places(self, numbers: range) -> dict[str, IntArray]:
        """Gives where each parameter's values are, for numbers in a row."""
        at = np.arange(numbers.start, numbers.stop, dtype=np.int64)
        if self.picks is not None:
            at = self.picks[numbers.start : numbers.stop]
        found = {}
        for name, values in reversed(self.axes):
            at, found[name] = np.divmod(at, len(values))
        return found


def parse(
    texts: Iterable[str], declared: Mapping[str, declared_lib.Parameter]
) -> Space:
    """Reads a grid as the command line has it.

    Args:
        texts: `fast=5:50:5` for 5, 10, ... up to 50 and with it, `fast=5:50`
            for every whole number, `kind=a|b|c` for a list.
        declared: The strategy's parameters.

    Returns:
        The whole grid.

    Raises:
        errors.InputError: A text is wrong, or the grid is too large.
        errors.StrategyError: There is no such parameter, or it does not take
            a value.
    """
    given: dict[str, list[str]] = {}
    for text in texts:
        name, equals, values = text.partition('=')
        if not equals or not name or not values:
            raise errors.InputError(
                f'--grid {text!r} has to be name=start:stop:step or name=a|b|c'
            )
        if name in given:
            raise errors.InputError(f'--grid {name} is given twice')
        given[name] = _values(text, values)
    return space(given, declared)


def space(
    given: Mapping[str, Sequence[Any]],
    declared: Mapping[str, declared_lib.Parameter],
) -> Space:
    """Makes a grid.

    Args:
        given: The values of each parameter, or their texts.
        declared: The strategy's parameters.

    Returns:
        The whole grid, each value of a parameter once.

    Raises:
        errors.InputError: There are no combinations, or too many.
        errors.StrategyError: There is no such parameter, or it does not take
            a value.
    """
    axes = []
    for name, values in given.items():
        if not 0 < len(values) <= MOST_VALUES:
            raise errors.InputError(
                f'--grid {name} has {len(values):,} values; give from 1 to '
                f'{MOST_VALUES:,}'
            )
        taken = [
            declared_lib.resolve(declared, {name: value})[name]
            for value in values
        ]
        axes.append(Axis(name, tuple(dict.fromkeys(taken))))
    if not axes:
        raise errors.InputError('a sweep needs at least one --grid name=values')
    made = Space(tuple(axes))
    if made.grid > _MOST:
        raise errors.InputError(
            f'the grid has {made.grid:,} combinations; make a step larger'
        )
    return made


def _values(text: str, values: str) -> list[str]:
    """Spells the values of one parameter out."""
    if ':' not in values:
        return values.split('|')
    parts = values.split(':')
    try:
        numbers = [decimal.Decimal(part) for part in parts]
    except decimal.InvalidOperation:
        numbers = []
    if len(numbers) not in (2, 3) or not all(
        map(decimal.Decimal.is_finite, numbers)
    ):
        raise errors.InputError(
            f'--grid {text!r} has to be name=start:stop:step, in numbers'
        )
    start, stop = numbers[:2]
    step = numbers[2] if len(numbers) == 3 else decimal.Decimal(1)
    if step <= 0 or stop < start:
        raise errors.InputError(
            f'--grid {text!r}: the step has to be above 0, and the stop not '
            'below the start'
        )
    count = int((stop - start) / step) + 1
    if count > MOST_VALUES:
        raise errors.InputError(
            f'--grid {text!r} has {count:,} values; give at most '
            f'{MOST_VALUES:,}'
        )
    # In decimals, as written: 0.1 three times is 0.3.
    return [f'{start + step * number:f}' for number in range(count)]
