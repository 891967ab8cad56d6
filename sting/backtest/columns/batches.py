"""Many runs of one compiled decision, by one compiled loop.

The loop is that of `backtest.columns.arrays`, which counts what the figures of
`backtest.figures.summaries` are made of; nothing else of a run remains.
"""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
from typing import Any
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sting.backtest import assumptions
from sting.backtest.columns import arrays
from sting.backtest.figures import metrics
from sting.backtest.figures import summaries
from sting.data import table
from sting.simulator import commissions
from sting.simulator import slippage
from sting.strategy import compiled

FloatArray = npt.NDArray[np.float64]

COLUMNS = ('open', 'high', 'low', 'close', 'volume')
# Equities at the ends of days that runs at once may have: some megabytes.
_LEVELS = 1_000_000
_WORDS: dict[type, str] = {bool: '?', int: 'i8', float: 'f8'}
_PLAIN = frozenset(_WORDS)
# Where a table of `summaries.TOLD` has a fault.
FAULTS = slice(3, 7)


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """Runs that the same code can do.

    Attributes:
        inputs: How many indicators the decision is given.
        state: The types of the first state, in its shape.
        figures: The types of the parameters that are numbers.
    """

    inputs: int
    state: Any
    figures: tuple[type, ...]


def shape(state: tuple[Any, ...]) -> tuple[Any, ...]:
    """Gives the types of a state, in its shape.

    Args:
        state: Numbers, bools, and tuples of them.

    Raises:
        TypeError: It holds something else.
    """
    found = tuple(map(type, state))
    if _PLAIN.issuperset(found):
        return found
    return tuple([_shape(each) for each in state])


def _shape(value: Any) -> Any:
    if isinstance(value, tuple):
        return shape(value)
    if type(value) not in _WORDS:
        raise TypeError(f'a state of {value!r}')
    return type(value)


def flat(state: tuple[Any, ...]) -> tuple[Any, ...]:
    """Gives the numbers of a state, or the types of a shape, in a row."""
    if tuple not in map(type, state):
        return state
    found: list[Any] = []
    for each in state:
        if isinstance(each, tuple):
            found += flat(each)
        else:
            found.append(each)
    return tuple(found)


class Came(NamedTuple):
    """What came of some runs.

    Attributes:
        figures: For each those of `summaries.FIGURES`.
        faults: For each a code of `kinds.fault`, with the answer that it ended
            at.
    """

    figures: FloatArray
    faults: FloatArray


class Batch:
    """The loop of one kind of runs, compiled for one set of bars."""

    def __init__(
        self,
        decide: Callable[..., Any],
        kind: Kind,
        bars: table.BarTable,
        assumed: assumptions.Assumptions,
        limited: arrays.Limits,
    ) -> None:
        """Compiles; it is quick where the code is known or on disk.

        Args:
            decide: The decision.
            kind: What its runs have in common.
            bars: Of one symbol, in the order of the stamps.
            assumed: Of the account and of the market.
            limited: Of `arrays.RULES`, in their order.

        Raises:
            errors.StrategyError: It cannot be compiled; naming file and line.
        """
        # Numba is slow to import, and only who compiles needs it.
        from sting.strategy import jit  # noqa: PLC0415

        self.kind = kind
        self._columns = tuple(
            np.ascontiguousarray(getattr(bars, name), np.float64)
            for name in COLUMNS
        )
        # After the last day there is none.
        self._ends = np.full(1, -1, np.int64)
        if len(bars):
            ends = metrics.last_of_days(bars.timestamp)
            self._ends = np.append(ends, self._ends)
        self._market = (
            float(assumed.cash),
            commissions.rates_of_model(assumed.costs),
            slippage.slip_of_model(assumed.costs),
            float(assumed.participation),
            limited,
        )
        self._words = tuple(_WORDS[each] for each in kind.figures)
        self._state_words = tuple(_WORDS[each] for each in flat(kind.state))
        samples = self._arguments(
            np.empty((1, 1)),
            1,
            [0] * kind.inputs,
            [each() for each in flat(kind.state)],
            [each() for each in kind.figures],
        )
        self._loop: Callable[..., Any] = jit.compile(
            loop(compiled.answerer(decide), kind), samples
        )

    def run(
        self,
        shared: FloatArray,
        count: int,
        places: Sequence[int],
        states: Sequence[Any],
        figures: Sequence[Any],
    ) -> Came:
        """Runs all.

        What the runs differ in is given run after run in one row: a tuple a
        run would have the garbage collector look through all there is.

        Args:
            shared: The indicators, a row each.
            count: How many runs.
            places: The rows of their inputs.
            states: Their first states.
            figures: Their parameters that are numbers.
        """
        # Days without end are not laid out for all runs at once.
        step = max(1, _LEVELS // len(self._ends))
        start, bars = self._market[0], len(self._columns[0])
        parts = []
        for first in range(0, count, step):
            last = min(first + step, count)
            own = [
                row[first * width : last * width]
                for row, width in (
                    (places, self.kind.inputs),
                    (states, len(self._state_words)),
                    (figures, len(self._words)),
                )
            ]
            levels, told = self._play(shared, last - first, *own)
            made = summaries.of_runs(told, levels, start, bars)
            parts.append(Came(made, told[:, FAULTS]))
        return Came(*map(np.concatenate, zip(*parts, strict=True)))

    def returns(
        self,
        shared: FloatArray,
        places: tuple[int, ...],
        state: tuple[Any, ...],
        figures: tuple[Any, ...],
    ) -> FloatArray:
        """Gives the daily returns of one run.

        Args:
            shared: The indicators, a row each.
            places: The rows of its inputs.
            state: The first state, in a row.
            figures: The parameters that are numbers.
        """
        levels, _ = self._play(shared, 1, places, state, figures)
        with np.errstate(all='ignore'):
            found: FloatArray = summaries.daily(levels, self._market[0])[0]
        return found[: summaries.days_of(levels[0])]

    def _play(self, *given: Any) -> tuple[FloatArray, FloatArray]:
        """Runs some; gives the equities of their days, and what is told."""
        arguments = self._arguments(*given)
        self._loop(*arguments)
        levels, told = arguments[-2:]
        return levels, told

    def _arguments(
        self,
        shared: FloatArray,
        count: int,
        places: Sequence[int],
        states: Sequence[Any],
        figures: Sequence[Any],
    ) -> tuple[Any, ...]:
        return (
            *self._columns,
            shared,
            np.array(places, np.int64).reshape(count, self.kind.inputs),
            _columns(states, self._state_words),
            _columns(figures, self._words),
            *self._market,
            self._ends,
            np.empty((count, len(self._ends) - 1)),
            np.zeros((count, len(summaries.TOLD))),
        )


def _columns(
    row: Sequence[Any], words: Sequence[str]
) -> tuple[npt.NDArray[Any], ...]:
    """Lays a row of runs out in columns of their types."""
    width = len(words)
    return tuple(
        np.array(row[at::width], word) for at, word in enumerate(words)
    )


def loop(answer: Callable[..., Any], kind: Kind) -> Callable[..., Any]:
    """Makes the loop over runs, to be called or to be compiled.

    Args:
        answer: The decision; see `strategy.compiled.answerer`.
        kind: What the runs have in common.

    Returns:
        A function that fills the two tables that it is given last.
    """
    play = arrays.loop(answer, arrays.reader(kind.inputs), brief=True)
    rows = ''.join(f'table[run, {at}], ' for at in range(kind.inputs))
    places_of = arrays.spelled('table, run', f'({rows})')
    taken = iter(range(len(flat(kind.state))))
    state_of = arrays.spelled('columns, run', _spelled(kind.state, taken))
    figures_of = arrays.spelled(
        'columns, run', _spelled(kind.figures, iter(range(len(kind.figures))))
    )

    def play_all(
        opens: Any,
        highs: Any,
        lows: Any,
        closes: Any,
        volumes: Any,
        table: Any,
        places: Any,
        states: Any,
        parameters: Any,
        cash: float,
        rates: commissions.Rates,
        slip: slippage.Slip,
        participation: float,
        limits: arrays.Limits,
        ends: Any,
        levels: Any,
        told: Any,
    ) -> None:
        for run in range(len(places)):
            play(
                opens,
                highs,
                lows,
                closes,
                volumes,
                table,
                places_of(places, run),
                state_of(states, run),
                figures_of(parameters, run),
                cash,
                rates,
                slip,
                participation,
                limits,
                ends,
                levels,
                told,
                run,
            )

    return play_all


def _spelled(state: Any, taken: Any) -> str:
    """Spells out how a tuple is made of columns."""
    parts = ''.join(
        f'{_spelled(each, taken)}, '
        if isinstance(each, tuple)
        else f'columns[{next(taken)}][run], '
        for each in state
    )
    return f'({parts})'
