"""Backtests that were run, kept from one start to the next.

A file a run: what was filled in, the figures, and the curve in so many points
as a screen can show. Trades are not kept; the run gives them again.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import json
import pathlib
from typing import Any

from tui.screens import backtest_child

FOLDER = 'backtests'
# The oldest go first.
KEPT = 200
POINTS = 1_000
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError)
_FIELDS = frozenset(
    field.name for field in dataclasses.fields(backtest_child.Form)
)


@dataclasses.dataclass(frozen=True)
class Run:
    """A backtest that went well.

    Attributes:
        number: One more than that of the run before.
        ended: When it was written, seconds since the epoch.
        form: What was filled in.
        outcome: Its figures and its curve.
    """

    number: int
    ended: float
    form: backtest_child.Form
    outcome: backtest_child.Outcome

    @property
    def figures(self) -> Mapping[str, Any]:
        """The object that `sting backtest --json` prints."""
        return self.outcome.figures


class Store:
    """The runs in a folder."""

    def __init__(self, folder: pathlib.Path | None = None) -> None:
        """Sets up the store; nothing is read.

        Args:
            folder: Where they are; None keeps none.
        """
        self._folder = folder

    def add(
        self,
        form: backtest_child.Form,
        outcome: backtest_child.Outcome,
        thin: Callable[[Sequence[float], int], list[int]],
    ) -> int:
        """Keeps a run, and forgets the oldest where there are too many.

        Args:
            form: What was filled in.
            outcome: What it gave.
            thin: Chooses places of values that are shown.

        Returns:
            Its number; 0 where none is kept.

        Raises:
            OSError: It cannot be written.
        """
        if self._folder is None:
            return 0
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        numbers = self._numbers()
        number = (numbers[-1] if numbers else 0) + 1
        curve = outcome.curve
        places = thin(curve.equity, POINTS)
        text = json.dumps(
            {
                'form': dataclasses.asdict(form),
                'figures': outcome.figures,
                'times': [curve.times[place] for place in places],
                'equity': [curve.equity[place] for place in places],
                'drawdown': [curve.drawdown[place] for place in places],
            }
        )
        # Nobody ever sees half of it.
        half = self._folder / f'{number}.half'
        half.write_text(text, encoding='utf-8')
        half.replace(self._path(number))
        for old in numbers[: len(numbers) + 1 - KEPT]:
            self._path(old).unlink(missing_ok=True)
            self.report(old).unlink(missing_ok=True)
        return number

    def runs(self) -> list[Run]:
        """Gives what is kept, the newest first.

        A file that cannot be read is left out.
        """
        found = []
        for number in reversed(self._numbers()):
            with contextlib.suppress(*_UNREADABLE):
                found.append(self._read(number))
        return found

    def report(self, number: int) -> pathlib.Path:
        """Gives the path of a run's page.

        Args:
            number: The run's.
        """
        return (self._folder or pathlib.Path()) / f'{number}.html'

    def _path(self, number: int) -> pathlib.Path:
        return (self._folder or pathlib.Path()) / f'{number}.json'

    def _numbers(self) -> list[int]:
        """Gives the numbers of the runs there are, in order."""
        if self._folder is None or not self._folder.is_dir():
            return []
        return sorted(
            int(path.stem)
            for path in self._folder.glob('*.json')
            if path.stem.isdecimal()
        )

    def _read(self, number: int) -> Run:
        path = self._path(number)
        kept = json.loads(path.read_text(encoding='utf-8'))
        given = {
            name: str(value)
            for name, value in kept['form'].items()
            if name in _FIELDS
        }
        curve = backtest_child.Curve(
            [str(each) for each in kept['times']],
            [float(each) for each in kept['equity']],
            [float(each) for each in kept['drawdown']],
        )
        return Run(
            number,
            path.stat().st_mtime,
            backtest_child.Form(**given),
            backtest_child.Outcome(dict(kept['figures']), curve),
        )
