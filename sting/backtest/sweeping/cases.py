"""What is run again and again: a strategy, its bars, and what is assumed."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any
from typing import TypeVar

import msgspec
import numpy as np

from sting import settings
from sting.backtest import assumptions
from sting.backtest import compiled
from sting.backtest import engine
from sting.backtest import ownrules
from sting.backtest import result as results
from sting.backtest.figures import analyzer
from sting.backtest.figures import metrics
from sting.backtest.sweeping import executors
from sting.data import actions
from sting.data import splits
from sting.data import table
from sting.model import errors
from sting.model import records
from sting.risk import manager

# What runs can be compared by: the higher, the better.
METRICS = (
    'sharpe',
    'sortino',
    'calmar',
    'omega',
    'cagr',
    'total_return',
    'max_drawdown',
    'profit_factor',
    'expectancy',
)

T = TypeVar('T')
R = TypeVar('R')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A backtest that can be varied, also in another process.

    Attributes:
        strategy: A module or a file, with its class or not.
        bars: What it is given.
        parameters: Of the strategy by name; defaults for the rest.
        assumed: Of the account and of the market.
        risk: The rules and the sizing; None for no rule.
    """

    strategy: str
    bars: table.BarTable
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    assumed: assumptions.Assumptions = dataclasses.field(
        default_factory=assumptions.Assumptions
    )
    risk: settings.Risk | None = None

    def gate(self) -> manager.RiskManager:
        """Gives the risk manager of one run."""
        if self.risk is None:
            return manager.RiskManager()
        return ownrules.gate_of(self.risk)

    def smooth(self) -> 'Case':
        """Gives the same on prices that fit over splits and dividends.

        For what takes bars out of their order, and with it out of the reach
        of the actions between them.
        """
        assumed = self.assumed
        if not assumed.actions:
            return self
        kept, _ = splits.applicable(
            self.bars, assumed.actions, assumed.calendar
        )
        bars = actions.adjusted(
            self.bars, kept, actions.View.BACK, calendar=assumed.calendar
        )
        left = actions.of_kind(kept, records.ActionKind.DELISTING)
        return dataclasses.replace(
            self,
            bars=bars,
            assumed=msgspec.structs.replace(assumed, actions=left),
        )

    def play(self, **options: Any) -> results.BacktestResult:
        """Runs it event by event.

        Args:
            **options: More for `engine.run`.

        Raises:
            errors.StrategyError: It cannot be loaded, or it raised.
        """
        return engine.run(
            self.strategy,
            self.bars,
            self.gate(),
            parameters=self.parameters,
            assumed=self.assumed,
            **options,
        )

    def figures(self) -> 'Figures':
        """Runs it the fast way, where it has one.

        Raises:
            errors.StrategyError: It cannot be loaded, or it raised.
        """
        made = compiled.run(
            self.strategy,
            self.bars,
            self.gate(),
            parameters=self.parameters,
            assumed=self.assumed,
        )
        return Figures(made.metrics, made.curve)


@dataclasses.dataclass(frozen=True, slots=True)
class Figures:
    """What is asked of a run that is one of many.

    Attributes:
        metrics: The figures.
        curve: The account at each moment.
    """

    metrics: metrics.PerformanceMetrics
    curve: analyzer.EquityCurve

    def get(self, metric: str) -> float | None:
        """Gives one figure; None where it is undefined.

        Args:
            metric: One of `METRICS`.
        """
        value: float | None = getattr(self.metrics, metric)
        return value


def check_metric(name: str) -> str:
    """Refuses what runs cannot be compared by.

    Args:
        name: Of a figure.

    Returns:
        The same name.

    Raises:
        errors.InputError: It is none of `METRICS`.
    """
    if name not in METRICS:
        raise errors.InputError(
            f'runs are not compared by {name!r}; take one of '
            + ', '.join(METRICS)
        )
    return name


def each(
    function: Callable[[T], R],
    given: Iterable[T],
    pool: executors.Pool | None = None,
) -> Iterator[R]:
    """Calls a function for each, in other processes if there are any.

    Args:
        function: One of a module, so that it can be sent; what it holds, such
            as bars, is sent once.
        given: What it is called with.
        pool: Where; None for here.

    Yields:
        What it gave, in order.

    Raises:
        errors.StrategyError: It killed its process twice.
    """
    items = list(given)
    if pool is None:
        yield from map(function, items)
        return
    tasks = (range(n, n + 1) for n in range(len(items)))
    for _, found in executors.ordered(pool, _some, (function, items), tasks):
        if found is None:
            raise errors.StrategyError(
                'its process died twice: out of memory, or a crash'
            )
        yield from found


def _some(
    thing: tuple[Callable[[Any], Any], Sequence[Any]], numbers: range
) -> list[Any]:
    """Calls the function for some; what a worker is asked for."""
    function, items = thing
    return [function(items[number]) for number in numbers]


def stream(seed: int, *place: int) -> np.random.Generator:
    """Gives random numbers that depend on nothing but their place.

    Args:
        seed: As the user gave it.
        *place: Which of the many streams of it.
    """
    return np.random.default_rng([seed % 2**63, *place])
