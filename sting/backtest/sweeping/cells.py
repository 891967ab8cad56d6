"""The figures of every run of a sweep that is small enough to be looked at."""

from typing import Any

import numpy as np

from sting.backtest.figures import summaries
from sting.backtest.sweeping import spaces
from sting.backtest.sweeping import sweeps
from sting.model import errors

MOST = 10_000


class Cells:
    """Keeps what the runs gave, in the order of the space."""

    def __init__(self, space: spaces.Space, runs: int) -> None:
        """Begins without any.

        Args:
            space: The combinations.
            runs: How many there are.

        Raises:
            errors.InputError: They are too many.
        """
        if runs > MOST:
            raise errors.InputError(
                f'{runs:,} combinations are too many for a map of at most '
                f'{MOST:,}; take a wider step, or `sting sweep --out`'
            )
        self._space = space
        self._figures: list[Any] = []
        self._errors: dict[str, str] = {}
        self._runs = 0

    def add(self, block: sweeps.Block) -> None:
        """Takes the next rows."""
        self._figures.append(block.figures)
        for place, error in block.errors.items():
            self._errors[str(block.numbers[place])] = error
        self._runs += len(block.numbers)

    def to_json(self) -> dict[str, Any]:
        """Gives them in columns.

        Returns:
            `parameters` and `figures`: by name the values, one for each run,
            None for what is undefined. `errors`: why there are none, by the
            run's place.
        """
        figures = np.concatenate(self._figures)
        known = figures.astype(object)
        known[np.isnan(figures)] = None
        columns = known.T.tolist()
        return {
            'parameters': {
                name: values.tolist()
                for name, values in self._space.columns(
                    range(self._runs)
                ).items()
            },
            'figures': dict(zip(summaries.FIGURES, columns, strict=True)),
            'errors': self._errors,
        }
