"""Many runs of one compiled decision, by one compiled loop.

The loop is that of `backtest.columns.arrays`, followed by that of
`backtest.figures.summaries`: what a run traded lies in columns that the next
run writes over, and only its figures remain.
"""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
from typing import Any

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
from sting.strategy import kinds

FloatArray = npt.NDArray[np.float64]

COLUMNS = ('open', 'high', 'low', 'close', 'volume')
# What a loop writes for each bar, fill and round trip of the run at hand.
_OF_RUN = (
    *('f8', 'f8', '?'),
    *('i8', 'i8', 'f8', 'f8', 'f8', 'i1'),
    *('f8', 'f8', 'f8', 'f8', 'f8', 'f8', 'i8', 'i8', '?', 'f8'),
)
_WORDS: dict[type, str] = {bool: '?', int: 'i8', float: 'f8'}
_PLAIN = frozenset(_WORDS)


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
        self._ends = (
            metrics.last_of_days(bars.timestamp)
            if len(bars)
            else np.empty(0, np.int64)
        )
        self._market = (
            float(assumed.cash),
            commissions.rates_of_model(assumed.costs),
            slippage.slip_of_model(assumed.costs),
            float(assumed.participation),
            limited,
        )
        self._words = tuple(_WORDS[each] for each in kind.figures)
        self._state_words = tuple(_WORDS[each] for each in flat(kind.state))
        first = tuple(each() for each in kind.figures)
        samples = self._arguments(
            np.empty((1, 1)),
            [(0,) * kind.inputs],
            [tuple(each() for each in flat(kind.state))],
            [first],
            self.scratch(),
        )
        self._loop: Callable[..., Any] = jit.compile(
            loop(compiled.answerer(decide), kind), samples
        )

    def scratch(self) -> tuple[npt.NDArray[Any], ...]:
        """Gives room for what one run writes; for one thread at a time."""
        # There is at most one fill a bar, and what is never written takes no
        # memory.
        return tuple(np.empty(len(self._columns[0]), word) for word in _OF_RUN)

    def run(
        self,
        shared: FloatArray,
        places: Sequence[tuple[int, ...]],
        states: Sequence[tuple[Any, ...]],
        figures: Sequence[tuple[Any, ...]],
        scratch: tuple[npt.NDArray[Any], ...],
    ) -> tuple[FloatArray, FloatArray]:
        """Runs all.

        Args:
            shared: The indicators, a row each.
            places: For each run, the rows of its inputs.
            states: For each run, the first state, in a row.
            figures: For each run, the parameters that are numbers.
            scratch: What `scratch` gave.

        Returns:
            For each run the figures of `summaries.FIGURES`; and a code of
            `kinds.fault`, with the answer that it ended at.
        """
        given = self._arguments(shared, places, states, figures, scratch)
        self._loop(*given)
        return given[-2], given[-1]

    def returns(self, scratch: tuple[npt.NDArray[Any], ...]) -> FloatArray:
        """Gives the daily returns of the run that was the last in a room.

        Args:
            scratch: The room.
        """
        found: FloatArray = scratch[-1][: len(self._ends)]
        # Until the equity is gone.
        gone = np.flatnonzero(found <= -1.0)
        return found[: gone[0] + 1].copy() if len(gone) else found.copy()

    def _arguments(
        self,
        shared: FloatArray,
        places: Sequence[tuple[int, ...]],
        states: Sequence[tuple[Any, ...]],
        figures: Sequence[tuple[Any, ...]],
        scratch: tuple[npt.NDArray[Any], ...],
    ) -> tuple[Any, ...]:
        count = len(places)
        return (
            *self._columns,
            shared,
            np.array(places, np.int64).reshape(count, self.kind.inputs),
            _columns(states, self._state_words),
            _columns(figures, self._words),
            *self._market,
            self._ends,
            scratch,
            np.empty((count, len(summaries.FIGURES))),
            np.empty((count, 4)),
        )


def _columns(
    rows: Sequence[tuple[Any, ...]], words: Sequence[str]
) -> tuple[npt.NDArray[Any], ...]:
    """Lays rows out in columns of their types."""
    if not words:
        return ()
    return tuple(
        np.array(column, word)
        for column, word in zip(zip(*rows, strict=True), words, strict=True)
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
        scratch: Any,
        figures: Any,
        faults: Any,
    ) -> None:
        for run in range(len(places)):
            count, orders, held, code, wanted, asked, level = play(
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
                scratch[0],
                scratch[1],
                scratch[2],
                scratch[3],
                scratch[4],
                scratch[5],
                scratch[6],
                scratch[7],
                scratch[8],
            )
            faults[run, 0] = code
            faults[run, 1] = wanted
            faults[run, 2] = asked
            faults[run, 3] = level
            if code == kinds.SOUND:
                summarise(
                    cash, orders, count, held, ends, scratch, figures[run]
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


def summarise(
    cash: float,
    orders: int,
    count: int,
    held: int,
    ends: Any,
    scratch: Any,
    into: Any,
) -> None:
    """Works out the figures of one run; it is compiled.

    Args:
        cash: What the account started with.
        orders: How many there were.
        count: How many fills.
        held: On how many bars a position was held.
        ends: The numbers of the last bars of the days.
        scratch: What the run wrote.
        into: Takes `summaries.FIGURES`, in their order.
    """
    equities = scratch[0]
    quantities, prices, fees = scratch[5], scratch[6], scratch[7]
    bars = len(equities)
    trips = summaries.round_trips(
        count,
        scratch[3],
        quantities,
        prices,
        fees,
        scratch[8],
        scratch[9],
        scratch[10],
        scratch[11],
        scratch[12],
        scratch[13],
        scratch[14],
        scratch[15],
        scratch[16],
        scratch[17],
    )
    final = equities[bars - 1] if bars else cash
    depth = summaries.deepest(equities, cash)
    days = summaries.daily(equities, ends, cash, scratch[18])
    into[0], into[1], into[2] = orders, count, trips
    into[3], into[4] = final, final / cash - 1.0
    into[5], into[6], into[7], into[8], into[9], into[10] = (
        summaries.of_returns(scratch[18], days, depth)
    )
    into[11] = depth
    into[12], into[13], into[14] = summaries.of_trips(
        trips, scratch[9], scratch[11], scratch[13], scratch[14]
    )
    mean = summaries.total(equities, bars) / bars if bars else 0.0
    into[15] = held / bars if bars else np.nan
    into[16] = (
        summaries.traded(count, quantities, prices) / mean
        if mean > 0.0
        else np.nan
    )
    into[17] = summaries.total(fees, count)
