"""Player: runs combinations of one compiled strategy over columns.

What a combination costs beside its bars has to be little: the strategy is not
made anew for each, and an indicator with the same options is worked out once.
"""

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import math
import threading
from typing import Any
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sting.backtest import assumptions
from sting.backtest import compiled
from sting.backtest.columns import batches
from sting.backtest.figures import summaries
from sting.backtest.sweeping import askers
from sting.backtest.sweeping import shelf as shelves
from sting.backtest.sweeping import spaces
from sting.data import table
from sting.model import errors
from sting.risk import manager
from sting.strategy import base
from sting.strategy import blame
from sting.strategy import kinds

FloatArray = npt.NDArray[np.float64]

# Bytes of indicators that are kept.
MEMORY = 256 * 1024 * 1024
# Columns that there is room for at least, and at most.
LEAST = 64
_MOST = 4_096
_NONE = batches.Kind(0, (), ())


@dataclasses.dataclass(slots=True)
class _Lot:
    """Combinations that wait to be run at once.

    Attributes:
        kind: What they have in common.
        at: Their places in the task.
        rows: The indicators that were taken for them, and their rows.
        places: The rows of their inputs, one after another.
        states: Their first states, one after another.
        figures: Their parameters that are numbers, one after another.
    """

    kind: batches.Kind = _NONE
    at: list[int] = dataclasses.field(default_factory=list)
    rows: dict[Hashable, tuple[int, ...]] = dataclasses.field(
        default_factory=dict
    )
    places: list[int] = dataclasses.field(default_factory=list)
    states: list[Any] = dataclasses.field(default_factory=list)
    figures: list[Any] = dataclasses.field(default_factory=list)


class Found(NamedTuple):
    """What came of some combinations.

    Attributes:
        figures: For each those of `summaries.FIGURES`; nan where there are
            none.
        wrong: Why there are none, by the place.
    """

    figures: FloatArray
    wrong: dict[int, str]


class Player:
    """Runs combinations of one strategy; threads share it."""

    def __init__(
        self,
        kind: type[base.AbstractStrategy],
        bars: table.BarTable,
        gate: manager.RiskManager,
        assumed: assumptions.Assumptions,
        parameters: Mapping[str, Any],
        space: spaces.Space,
        *,
        by_events: Callable[[Mapping[str, Any]], Sequence[float]],
    ) -> None:
        """Sets up a player; it compiles what it needs when it needs it.

        Args:
            kind: The strategy, one that `compiled.outside` says nothing of.
            bars: Of one symbol, in the order of the stamps.
            gate: Risk.
            assumed: Of the account and of the market.
            parameters: What is not swept, by name.
            space: The combinations.
            by_events: Runs a combination that the loop does not have.

        Raises:
            errors.StrategyError: A parameter is unknown or not allowed.
        """
        self._bars = bars
        self._symbol = bars.symbols[0]
        self._assumed = assumed
        self._limits = compiled.limits(gate)
        self._space = space
        self._by_events = by_events
        self._asker = askers.Asker(kind, bars, parameters)
        self._files = blame.files_of(kind)
        self._decide = getattr(kind, 'decide')  # noqa: B009
        fit = MEMORY // (8 * max(1, len(bars)))
        rows = min(max(fit, LEAST), _MOST)
        self._shelf = shelves.Shelf(len(bars), rows)
        self._batches: dict[batches.Kind, batches.Batch] = {}
        self._lock = threading.Lock()

    def check(self, point: Mapping[str, Any]) -> None:
        """Sees whether a combination can be run over columns.

        Args:
            point: The combination.

        Raises:
            compiled.OutsideError: It needs the events.
            errors.StrategyError: The strategy refuses it.
        """
        with self._lock:
            asked = self._asker.ask(point)
        try:
            self._batch(asked.kind)
        except errors.StrategyError as error:
            raise compiled.OutsideError(str(error)) from None

    def run(self, numbers: range) -> Found:
        """Runs some combinations.

        Args:
            numbers: Which of the space.

        Returns:
            Their figures, or what was wrong with them.
        """
        found = Found(
            np.full((len(numbers), len(summaries.FIGURES)), math.nan), {}
        )
        lot = _Lot()
        try:
            for at, point in enumerate(self._space.points(numbers)):
                try:
                    self._play(lot, at, point, found)
                except errors.StrategyError as error:
                    found.wrong[at] = str(error)
            self._flush(lot, found)
        finally:
            self._shelf.give_back(list(lot.rows))
        return found

    def returns(self, number: int) -> FloatArray:
        """Gives the daily returns of one combination.

        Args:
            number: Which of the space; one that has figures.

        Raises:
            compiled.OutsideError: It needs the events.
        """
        with self._lock:
            asked = self._asker.ask(self._space.point(number))
        wanted = {each.key: each for each, _ in asked.lines}
        rows = dict(
            zip(wanted, self._shelf.take(list(wanted.values())), strict=True)
        )
        try:
            return self._batch(asked.kind).returns(
                self._shelf.table,
                tuple(rows[each.key][line] for each, line in asked.lines),
                asked.state,
                asked.figures,
            )
        finally:
            self._shelf.give_back(list(rows))

    def _play(
        self, lot: _Lot, at: int, point: Mapping[str, Any], found: Found
    ) -> None:
        """Adds a combination to a lot; runs that where it does not fit."""
        try:
            with self._lock:
                asked = self._asker.ask(point)
        except compiled.OutsideError:
            found.figures[at] = self._by_events(point)
            return
        if lot.at and lot.kind is not asked.kind:
            self._flush(lot, found)
        for wanted, _ in asked.lines:
            if wanted.key not in lot.rows:
                self._take(lot, asked, found)
                break
        lot.kind = asked.kind
        lot.at.append(at)
        rows = lot.rows
        lot.places += [rows[wanted.key][line] for wanted, line in asked.lines]
        lot.states += asked.state
        lot.figures += asked.figures

    def _take(self, lot: _Lot, asked: askers.Asked, found: Found) -> None:
        """Takes a combination's indicators that the lot does not have yet."""
        missing = {
            wanted.key: wanted
            for wanted, _ in asked.lines
            if wanted.key not in lot.rows
        }
        rows = self._shelf.take_at_once(list(missing.values()))
        if rows is None:
            self._flush(lot, found)
            missing = {wanted.key: wanted for wanted, _ in asked.lines}
            rows = self._shelf.take(list(missing.values()))
        lot.rows.update(zip(missing, rows, strict=True))

    def _flush(self, lot: _Lot, found: Found) -> None:
        """Runs a lot, lets go of its indicators, and empties it."""
        try:
            if not lot.at:
                return
            batch = self._batch(lot.kind)
            figures, faults = batch.run(
                self._shelf.table,
                len(lot.at),
                lot.places,
                lot.states,
                lot.figures,
            )
            found.figures[lot.at] = figures
            for row in np.flatnonzero(faults[:, 0] != kinds.SOUND).tolist():
                found.figures[lot.at[row]] = math.nan
                found.wrong[lot.at[row]] = self._fault(faults[row])
        except errors.StrategyError as error:
            # It has types of its own, which cannot be compiled.
            found.wrong.update(dict.fromkeys(lot.at, str(error)))
        finally:
            self._shelf.give_back(list(lot.rows))
            lot.rows.clear()
            for column in (lot.at, lot.places, lot.states, lot.figures):
                column.clear()

    def _fault(self, told: FloatArray) -> str:
        """Says what was wrong with an answer, as it is said of one run."""
        code, quantity, kind, price = told.tolist()
        try:
            raise ValueError(
                kinds.sentence(int(code), quantity, int(kind), price)
            )
        except ValueError as error:
            return str(blame.failure(error, self._files))

    def _batch(self, kind: batches.Kind) -> batches.Batch:
        """Gives the loop of a kind of runs, compiled once."""
        with self._lock:
            found = self._batches.get(kind)
            if found is None:
                found = self._batches[kind] = batches.Batch(
                    self._decide, kind, self._bars, self._assumed, self._limits
                )
            return found
