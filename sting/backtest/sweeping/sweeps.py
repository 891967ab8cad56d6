"""Sweeps: one strategy with many combinations of its parameters.

A decision that can be compiled is run over columns by threads; everything else
event by event in processes. Both trade and count the same. Combinations are
made of their numbers and results are handed on as they come, so that a sweep
takes the same memory whatever its size.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import copy
import dataclasses
import math
import os
import threading
from typing import Any
from typing import NamedTuple
import uuid

import numpy as np
import numpy.typing as npt

from sting.backtest import assumptions
from sting.backtest import compiled
from sting.backtest import engine
from sting.backtest import result
from sting.backtest.figures import summaries
from sting.backtest.sweeping import executors
from sting.backtest.sweeping import players
from sting.backtest.sweeping import spaces
from sting.data import table
from sting.model import errors
from sting.risk import manager
from sting.strategy import base
from sting.strategy import loader
from sting.strategy import versions

FloatArray = npt.NDArray[np.float64]

# Bars that one task goes over, compiled and event by event: a fraction of a
# second, so that progress shows and an interrupt is heard.
_BARS = (10_000_000, 200_000)
# The most runs in one task.
_RUNS = (1_024, 32)
# How many combinations may be refused before the first is found that is not.
_PATIENCE = 1_000


class Row(NamedTuple):
    """One run of a sweep.

    Attributes:
        number: Its place in the sweep, from 0.
        parameters: What was swept, by name.
        figures: `summaries.FIGURES` by name; None for what is undefined.
        error: Why there are none, in one line; empty where there are.
    """

    number: int
    parameters: Mapping[str, Any]
    figures: Mapping[str, float | None]
    error: str = ''

    def to_json(self) -> dict[str, Any]:
        """Gives a run that has figures, as `sting sweep --json` prints it."""
        return {
            'number': self.number,
            'parameters': dict(self.parameters),
            **self.figures,
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Block:
    """Some runs in a row, in columns.

    Attributes:
        numbers: Their places in the sweep.
        figures: A row each, of `summaries.FIGURES`; nan for what is undefined.
        errors: Why there are none, by the place in this block.
    """

    numbers: range
    figures: FloatArray
    errors: Mapping[int, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Work:
    """All that the runs of a sweep share; it is sent to each worker once.

    Attributes:
        key: Another sweep has another.
        reference: The strategy: a module or a file, with its class or not.
        version: Its code as it was when the sweep began.
        bars: What it is given.
        gate: Risk.
        assumed: Of the account and of the market.
        parameters: What is not swept, by name.
        space: The combinations.
        by_columns: Whether compiled code runs them.
    """

    key: str
    reference: str
    version: versions.Version
    bars: table.BarTable
    gate: manager.RiskManager
    assumed: assumptions.Assumptions
    parameters: Mapping[str, Any]
    space: spaces.Space
    by_columns: bool = False


class Sweep:
    """A sweep that can be run.

    Attributes:
        work: What its runs share.
        note: Why they are run event by event; empty where compiled code does.
        code: Hash of the strategy's code; None where it was loaded before.
    """

    def __init__(
        self,
        reference: str,
        bars: table.BarTable,
        gate: manager.RiskManager,
        space: Callable[[type[base.AbstractStrategy]], spaces.Space],
        *,
        parameters: Mapping[str, Any] | None = None,
        assumed: assumptions.Assumptions | None = None,
    ) -> None:
        """Loads the strategy and sees how it can be run.

        Args:
            reference: The strategy: a module or a file, with its class or
                not.
            bars: What it is given, in the order of the stamps.
            gate: Risk.
            space: Gives the combinations, once the strategy is known.
            parameters: What is not swept, by name; defaults for the rest.
            assumed: Of the account and of the market; None for the defaults.

        Raises:
            errors.StrategyError: The strategy cannot be loaded, or it has no
                such parameter.
            errors.InputError: A parameter is both swept and set.
        """
        with versions.Recorder(reference) as recorder:
            kind = loader.load(reference, recorder)
        made = space(kind)
        given = dict(parameters or {})
        for name, _ in made.axes:
            if name in given:
                raise errors.InputError(
                    f'{name} is both swept and set; leave one of them out'
                )
        version = recorder.version()
        self.code = version.code if version.sources else None
        work = Work(
            key=uuid.uuid4().hex,
            reference=reference,
            version=version,
            bars=bars,
            gate=gate,
            assumed=assumed or assumptions.Assumptions(),
            parameters=given,
            space=made,
        )
        self.note = _why_events(work, kind)
        self.work = dataclasses.replace(work, by_columns=not self.note)

    def __len__(self) -> int:
        return len(self.work.space)

    def pool(self, workers: int) -> executors.Pool:
        """Gives workers of this machine that suit it.

        Args:
            workers: How many.
        """
        if self.work.by_columns:
            return executors.Threads(workers)
        return executors.Processes(workers)

    def blocks(self, pool: executors.Pool) -> Iterator[Block]:
        """Runs all, and hands on what came, in order.

        Args:
            pool: Where.

        Yields:
            Some runs at a time.
        """
        work = self.work
        tasks = _tasks(work, pool.workers)
        try:
            for numbers, found in executors.ordered(pool, play, work, tasks):
                if found is None:
                    shape = (len(numbers), len(summaries.FIGURES))
                    died = 'its worker died twice: out of memory, or a crash'
                    yield Block(numbers, np.full(shape, math.nan), {0: died})
                else:
                    yield found
        finally:
            _forget(work.key)

    def rows(self, block: Block) -> Iterator[Row]:
        """Gives the runs of a block one by one."""
        for place, number in enumerate(block.numbers):
            found = row(self.work.space, number, block.figures[place])
            yield found._replace(error=block.errors.get(place, ''))

    def returns(self, row: Row) -> FloatArray:
        """Gives the daily returns of one combination, which is run again.

        Args:
            row: One that has figures.
        """
        if self.work.by_columns:
            try:
                return _player(self.work).returns(row.number)
            except compiled.OutsideError:
                pass
            finally:
                _forget(self.work.key)
        return _by_events(self.work, row.parameters).curve.returns


def row(space: spaces.Space, number: int, figures: FloatArray) -> Row:
    """Gives a run without an error.

    Args:
        space: The combinations.
        number: Its place.
        figures: `summaries.FIGURES`, in their order.
    """
    named: dict[str, float | None] = {
        name: None if math.isnan(value) else value
        for name, value in zip(summaries.FIGURES, figures.tolist(), strict=True)
    }
    for name in summaries.COUNTS:
        count = named[name]
        named[name] = None if count is None else int(count)
    return Row(number, space.point(number), named)


def sweep(
    reference: str,
    bars: table.BarTable,
    gate: manager.RiskManager,
    grid: Mapping[str, Sequence[Any]],
    *,
    parameters: Mapping[str, Any] | None = None,
    assumed: assumptions.Assumptions | None = None,
    draws: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    pool: executors.Pool | None = None,
) -> Iterator[Row]:
    """Runs a strategy with many combinations of its parameters.

    Args:
        reference: The strategy: a module or a file, with its class or not.
        bars: What it is given, in the order of the stamps.
        gate: Risk.
        grid: The values of each parameter that is swept; the last one
            changes first.
        parameters: What is not swept, by name; defaults for the rest.
        assumed: Of the account and of the market; None for the defaults.
        draws: How many combinations are drawn of the grid; None for all.
        seed: Of the draws.
        workers: How many run at a time; None for one a core.
        pool: Workers that are there already and stay; see `executors`. None
            starts some and ends them.

    Yields:
        A row for each combination, in the order of the grid or of the draws,
        whatever the workers. A combination that the strategy refuses, or at
        which it fails, has a row with the error.

    Raises:
        errors.StrategyError: The strategy cannot be loaded, or it has no such
            parameter.
        errors.InputError: The grid makes no sense.
    """

    def space(kind: type[base.AbstractStrategy]) -> spaces.Space:
        made = spaces.space(grid, kind.parameters)
        if draws is None:
            return made
        return made.drawn(draws, np.random.default_rng(seed))

    made = Sweep(
        reference, bars, gate, space, parameters=parameters, assumed=assumed
    )
    if pool is not None:
        for block in made.blocks(pool):
            yield from made.rows(block)
        return
    with made.pool(workers or cores()) as own:
        for block in made.blocks(own):
            yield from made.rows(block)


def better(metric: str, one: float | None, other: float | None) -> bool:
    """Whether one run is better than another, by one of the figures.

    Args:
        metric: One of `summaries.FIGURES`.
        one: Its value.
        other: The other's. What is undefined is worse than all else.
    """
    if one is None or math.isnan(one):
        return False
    if other is None or math.isnan(other):
        return True
    return one < other if metric in summaries.LOWER else one > other


def best(rows: Iterator[Row], metric: str) -> Row | None:
    """Gives the best run; the first of equals, None where all failed.

    Args:
        rows: What `sweep` gave.
        metric: One of `summaries.FIGURES`.

    Raises:
        errors.InputError: There is no such figure.
    """
    check_metric(metric)
    found: Row | None = None
    for row in rows:
        if row.error:
            continue
        if found is None or better(
            metric, row.figures[metric], found.figures[metric]
        ):
            found = row
    return found


def check_metric(metric: str) -> None:
    """Refuses what is no figure of a sweep.

    Raises:
        errors.InputError: Naming those there are.
    """
    if metric not in summaries.FIGURES:
        raise errors.InputError(
            f'there is no --metric {metric}; there are '
            + ', '.join(summaries.FIGURES)
        )


def cores() -> int:
    """Gives how many cores this process may use."""
    # Not every system tells what of the machine is ours.
    allowed = getattr(os, 'sched_getaffinity', None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def play(work: Work, numbers: range) -> Block:
    """Runs some combinations; what a worker is asked for.

    Args:
        work: What all runs share.
        numbers: Which combinations.
    """
    if work.by_columns:
        return Block(numbers, *_player(work).run(numbers))
    figures = np.full((len(numbers), len(summaries.FIGURES)), math.nan)
    wrong = {}
    for place, number in enumerate(numbers):
        try:
            figures[place] = _figures(work, work.space.point(number))
        except errors.StrategyError as error:
            wrong[place] = str(error)
    return Block(numbers, figures, wrong)


_players: dict[str, players.Player] = {}
_lock = threading.Lock()


def _player(work: Work) -> players.Player:
    """Gives what runs a sweep over columns; threads share it."""
    with _lock:
        found = _players.get(work.key)
        if found is None:
            with versions.Recorder(work.reference, work.version) as recorder:
                kind = loader.load(work.reference, recorder)
            # A sweep of before is not asked for again.
            _players.clear()
            found = _players[work.key] = players.Player(
                kind,
                work.bars,
                work.gate,
                work.assumed,
                work.parameters,
                work.space,
                by_events=lambda point: _figures(work, point),
            )
        return found


def _forget(key: str) -> None:
    """Gives back the memory of a sweep that has ended."""
    with _lock:
        _players.pop(key, None)


def _by_events(work: Work, point: Mapping[str, Any]) -> result.BacktestResult:
    """Runs one combination event by event."""
    with versions.Recorder(work.reference, work.version) as recorder:
        return engine.run(
            work.reference,
            work.bars,
            # A rule may remember what it saw.
            copy.deepcopy(work.gate),
            parameters={**work.parameters, **point},
            assumed=work.assumed,
            recorder=recorder,
        )


def _figures(work: Work, point: Mapping[str, Any]) -> tuple[float, ...]:
    """Gives the figures of one combination, run event by event."""
    done = _by_events(work, point)
    counts = {
        'orders': done.orders,
        'fills': len(done.fills),
        'trades': len(done.trades),
    }
    found = (
        counts[name] if name in counts else getattr(done.metrics, name)
        for name in summaries.FIGURES
    )
    return tuple(math.nan if each is None else each for each in found)


def _why_events(work: Work, kind: type[base.AbstractStrategy]) -> str:
    """Says why the runs need the events; empty where they do not."""
    why = compiled.outside(kind, work.bars, work.gate, work.assumed)
    if why:
        return why
    for number in range(min(len(work.space), _PATIENCE)):
        point = work.space.point(number)
        try:
            _player(work).check(point)
        except compiled.OutsideError as outside:
            return str(outside)
        except errors.StrategyError:
            # It refuses this one.
            continue
        return ''
    return 'it refuses all of the first combinations'


def _tasks(work: Work, workers: int) -> Iterator[range]:
    """Cuts a sweep into tasks."""
    total = len(work.space)
    kind = 0 if work.by_columns else 1
    fit = _BARS[kind] // max(1, len(work.bars))
    # Enough of them that no worker is idle for long at the end.
    share = -(-total // (4 * workers))
    size = max(1, min(fit, share, _RUNS[kind]))
    for first in range(0, total, size):
        yield range(first, min(first + size, total))
