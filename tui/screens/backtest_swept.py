"""What a sweep gave, by the values of its parameters."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import functools
from typing import Any

# Of these figures less is better.
LOWER = frozenset({'volatility', 'turnover', 'fees'})

Value = bool | int | float | str


@dataclasses.dataclass(frozen=True)
class Swept:
    """The runs of a sweep, in columns.

    Attributes:
        parameters: By name, the value of each run.
        figures: By name, that of each run; None for what is undefined.
        errors: Why there are none, by the run's place as text.
        metric: The figure that the best is best by.
        trials: How many combinations were ever tried on these data.
        deflated: The deflated Sharpe ratio of the best among them; None where
            it is not known.
    """

    parameters: Mapping[str, Sequence[Value]]
    figures: Mapping[str, Sequence[float | None]]
    errors: Mapping[str, str] = dataclasses.field(default_factory=dict)
    metric: str = 'sharpe'
    trials: int = 0
    deflated: float | None = None

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> 'Swept':
        """Reads what `sting sweep --json --cells` prints.

        Args:
            found: The object.

        Raises:
            KeyError: It has no cells.
        """
        return cls(
            **found['cells'],
            metric=found['metric'],
            trials=found['trials'],
            deflated=found['deflated_sharpe'],
        )

    @functools.cached_property
    def axes(self) -> Mapping[str, Sequence[Value]]:
        """The values of each parameter, in the order of the grid."""
        return {
            name: tuple(dict.fromkeys(values))
            for name, values in self.parameters.items()
        }

    @functools.cached_property
    def _places(self) -> Mapping[tuple[Value, ...], int]:
        each = zip(*self.parameters.values(), strict=True)
        return {values: place for place, values in enumerate(each)}

    def place(self, chosen: Mapping[str, Value]) -> int | None:
        """Gives the run with these values, by name; None where none was."""
        key = tuple(chosen[name] for name in self.parameters)
        return self._places.get(key)

    def at(self, place: int) -> dict[str, Value]:
        """Gives the values of a run."""
        return {name: each[place] for name, each in self.parameters.items()}

    def best(self, metric: str) -> int | None:
        """Gives the first run with the best figure; None where none has it."""
        known = [
            (value, place)
            for place, value in enumerate(self.figures[metric])
            if value is not None
        ]
        if not known:
            return None
        sign = -1 if metric in LOWER else 1
        return max(known, key=lambda one: (sign * one[0], -one[1]))[1]

    def levels(self, metric: str) -> Sequence[int | None]:
        """Gives each run's fifth: 0 for the worst, 4 for the best ones.

        Runs with the same figure are in the same fifth.
        """
        values = self.figures[metric]
        known = sorted({value for value in values if value is not None})
        if metric in LOWER:
            known.reverse()
        fifths = {
            value: rank * 5 // len(known) for rank, value in enumerate(known)
        }
        return [None if each is None else fifths[each] for each in values]
