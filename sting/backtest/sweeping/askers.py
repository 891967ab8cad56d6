"""Asker: asks a strategy what each combination needs, at little cost.

The strategy is not made anew for each, nor is an indicator with the same
options.
"""

from collections.abc import Hashable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import functools
import itertools
from typing import Any
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sting.backtest import compiled
from sting.backtest import engine
from sting.backtest.columns import batches
from sting.backtest.sweeping import shelf as shelves
from sting.data import table
from sting.strategy import base
from sting.strategy import blame
from sting.strategy import compiled as strategies
from sting.strategy import handles
from sting.strategy import indicators
from sting.strategy import loader
from sting.strategy import parameters as declared
from sting.strategy import runner

FloatArray = npt.NDArray[np.float64]

# Indicators that an instance is asked for before another is made.
_HANDLES = 4_096


class Asked(NamedTuple):
    """What a combination needs.

    Attributes:
        kind: Runs that the same code can do.
        lines: Of each input, the indicator and which of its lines it is.
        state: The first state, in a row.
        figures: The parameters that are numbers.
    """

    kind: batches.Kind
    lines: list[tuple[shelves.Wanted, int]]
    state: tuple[Any, ...]
    figures: tuple[Any, ...]


class _Instance(NamedTuple):
    """A strategy, and what would feed it.

    Attributes:
        strategy: It is not started.
        feeder: Knows which bars it asks for.
    """

    strategy: strategies.CompiledStrategy
    feeder: runner.StrategyRunner


class Asker:
    """Asks a strategy what it needs, combination by combination."""

    def __init__(
        self,
        kind: type[base.AbstractStrategy],
        bars: table.BarTable,
        parameters: Mapping[str, Any],
    ) -> None:
        self._kind = kind
        self._bars = bars
        (self._symbol,) = bars.symbols
        self._columns: dict[str, npt.NDArray[Any]] = {
            name: getattr(bars, name)
            for name in ('timestamp', *batches.COLUMNS)
        }
        self._files = blame.files_of(kind)
        self._defaults = declared.resolve(kind.parameters, parameters)
        self._numbers = tuple(
            name
            for name, value in self._defaults.items()
            if isinstance(value, bool | int | float)
        )
        self._types = tuple(
            type(self._defaults[name]) for name in self._numbers
        )
        # Whoever sets up more with each instance gets an instance each time.
        self._reused = kind.__init__ is strategies.CompiledStrategy.__init__
        self._now: _Instance | None = None
        self._known: dict[Hashable, handles.Handle] = {}
        self._lines: dict[int, tuple[shelves.Wanted, int]] = {}
        self._kinds: dict[tuple[int, Any], batches.Kind] = {}
        self._keys: dict[Hashable, int] = {}
        self._counter = itertools.count()

    def ask(self, point: Mapping[str, Any]) -> Asked:
        """Asks for one combination.

        Args:
            point: The combination; its values are those of the parameters.

        Raises:
            compiled.OutsideError: It needs the events.
            errors.StrategyError: The strategy refuses it.
        """
        values = {**self._defaults, **point}
        strategy, feeder = self._ready(values)
        try:
            strategy.parameters = values
            inputs = tuple(strategy.inputs())
            first = tuple(strategy.initial_state())
        except (Exception, SystemExit) as error:
            raise blame.failure(error, self._files) from error
        known = self._lines
        lines = [
            known.get(id(line)) or self._find(strategy, line) for line in inputs
        ]
        if feeder.built:
            raise compiled.OutsideError('it asks for bars of longer timeframes')
        figures = tuple([values[name] for name in self._numbers])
        found = self._kinds.get((len(inputs), tuple(map(type, first))))
        if found is not None:
            return Asked(found, lines, first, figures)
        # It is new, or a tuple in the state has a shape of its own.
        found = self._kind_of(len(inputs), first)
        return Asked(found, lines, batches.flat(first), figures)

    def _kind_of(self, inputs: int, first: tuple[Any, ...]) -> batches.Kind:
        """Gives the one object of a kind of runs.

        Raises:
            compiled.OutsideError: The state holds something else than numbers.
        """
        try:
            shape = batches.shape(first)
        except TypeError as error:
            raise compiled.OutsideError(str(error)) from None
        made = batches.Kind(inputs, shape, self._types)
        return self._kinds.setdefault((inputs, shape), made)

    def _ready(self, values: Mapping[str, Any]) -> '_Instance':
        """Gives an instance to ask."""
        now = self._now
        if (
            now is not None
            and self._reused
            and len(now.strategy._context.handles) < _HANDLES
        ):
            return now
        made = loader.instantiate(self._kind, engine.NAME, values)
        if not isinstance(made, strategies.CompiledStrategy):
            raise compiled.OutsideError(f'{made.name} is no CompiledStrategy')
        feeder = runner.StrategyRunner(made, number=1, log=engine.LOG)
        feeder.expect(self._bars.timeframe)
        try:
            made.check()
        except (TypeError, ValueError) as error:
            raise blame.failure(error, self._files) from error
        if self._reused:
            self._known.clear()
            self._lines.clear()
            # An indicator that was asked for before is not made again.
            vars(made)['indicator'] = functools.partial(self._indicator, made)
        self._now = _Instance(made, feeder)
        return self._now

    def _indicator(
        self,
        strategy: strategies.CompiledStrategy,
        kind: type[indicators.Indicator],
        **options: Any,
    ) -> handles.Handle:
        """Gives what `AbstractStrategy.indicator` gives, made but once."""
        try:
            asked = (kind, *options.items())
            known = self._known.get(asked)
        except TypeError:
            # An option has no hash.
            return type(strategy).indicator(strategy, kind, **options)
        if known is None:
            known = type(strategy).indicator(strategy, kind, **options)
            self._known[asked] = known
            if known.covers(self._symbol):
                wanted = self._wanted(known)
                for at, line in enumerate((known, *known.others.values())):
                    self._lines[id(line)] = wanted, at
        return known

    def _find(
        self, strategy: strategies.CompiledStrategy, line: handles.Line
    ) -> tuple[shelves.Wanted, int]:
        """Finds what a line is of that is not known yet."""
        handle, at = compiled.handle_of(strategy, line)
        if not handle.covers(self._symbol):
            raise compiled.OutsideError(f'{handle.name} is of another symbol')
        return self._wanted(handle), at

    def _wanted(self, handle: handles.Handle) -> shelves.Wanted:
        """Says what a handle needs."""
        if len(self._keys) >= _HANDLES:
            self._keys.clear()
        # A number is quickly looked up.
        key = next(self._counter)
        # An option without a hash is worked out each time.
        with contextlib.suppress(TypeError):
            key = self._keys.setdefault(handle.key, key)

        def make() -> Sequence[FloatArray]:
            own = handle.make()
            try:
                return own.over_lines(self._columns) or compiled.stepped(
                    own, self._bars
                )
            except Exception as error:
                raise blame.failure(error, self._files) from error

        return shelves.Wanted(key, 1 + len(handle.others), make)
