"""What an indicator is, and the ways to write one.

An indicator is defined once and runs in two speeds: `update` takes one bar
after another, `over_columns` takes all of them. Both do the same operations in
the same order, so that their values are equal bit for bit.

What goes on from its last value is written as a generator, which is sent one
bar after another at either speed. What looks at the last bars is written as a
function of a window, of numbers or of columns; it adds the window up anew at
each bar, so that no rounding error lives longer than the period.
"""

import abc
import collections
from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Mapping
from collections.abc import Sequence
import itertools
import math
import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from sting.model import errors
from sting.model import market

FloatArray = npt.NDArray[np.float64]
# Timestamps are whole numbers.
Columns = Mapping[str, npt.NDArray[Any]]
# A number at one speed, a column at the other.
Value = Any
# Yields the value, or the values, of what it was sent last; first of nothing.
Steps = Generator[Any, Any, None]

FIELDS = ('open', 'high', 'low', 'close', 'volume')
# Where prices stand still, a sum of moves shrinks from bar to bar until it is
# too small to keep its digits. Below this, ratios of such sums are noise.
NOTHING = 1e-290
# Bars in one piece of a column: some arrays of it fit into a core's cache.
_PIECE = 16_384


class Indicator(abc.ABC):
    """A value, or several, that follow from the bars of a symbol.

    Attributes:
        name: What it is called in the log: SMA(10).
        lines: The names of its values where it has several, the main one
            first.
        symbols: The instruments whose bars it takes, where it is of several
            together.
        values: At the last bar, where it has several; else empty.
    """

    name: str
    lines: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    values: tuple[float, ...] = ()

    @abc.abstractmethod
    def update(self, bar: market.MarketData) -> float:
        """Takes the next bar.

        Args:
            bar: A closed bar of the symbol.

        Returns:
            The value at the bar's close, the main one where it has several;
            nan until there are enough bars.
        """

    def over_columns(self, columns: Columns) -> FloatArray | None:
        """Works out the values of many bars at once; it keeps no state.

        Args:
            columns: The bars' timestamp, open, high, low, close and volume by
                name.

        Returns:
            What `update` would give a new instance at each bar, bit for bit;
            None for an indicator that has only the one speed.
        """
        return None

    def over_lines(self, columns: Columns) -> tuple[FloatArray, ...] | None:
        """As `over_columns`, with a column for each of its lines."""
        main = self.over_columns(columns)
        return None if main is None else (main,)


class OfField(Indicator):
    """A value of one field's values, over a period.

    Attributes:
        period: How many bars.
        field: The part of the bar that it reads.
        low: The smallest period there is, of the class.
    """

    low = 1

    def __init__(self, period: int, field: str = 'close') -> None:
        """Makes one before its first bar.

        Args:
            period: How many bars.
            field: The part of the bar that it reads.

        Raises:
            errors.StrategyError: An option is not allowed.
        """
        check_whole(self, low=self.low, period=period)
        check_field(self, field)
        self.period = period
        self.field = field
        self.name = name_of(self, period, field=field)
        self._read = operator.attrgetter(field)

    def update(self, bar: market.MarketData) -> float:
        """Takes the next bar and gives the value at its close."""
        return self.add(self._read(bar))

    def over_columns(self, columns: Columns) -> FloatArray:
        """Works out the values of many bars at once."""
        return self.over(columns[self.field])

    @abc.abstractmethod
    def add(self, value: float) -> float:
        """Takes the next value itself, of a bar or of anything else.

        Args:
            value: A finite number.

        Returns:
            The value that ends with it, nan until there are enough.
        """

    @abc.abstractmethod
    def over(self, values: FloatArray) -> FloatArray:
        """Works out the whole column at once.

        Args:
            values: The field's values, oldest first.

        Returns:
            What `add` gives at each of them.
        """


class Window(OfField):
    """A value of the last `period` values of a field."""

    def __init__(self, period: int, field: str = 'close') -> None:
        super().__init__(period, field)
        self._window: collections.deque[float] = collections.deque(
            maxlen=period
        )

    def add(self, value: float) -> float:
        """Takes the next value and gives that of the window it ends."""
        window = self._window
        window.append(value)
        if len(window) < self.period:
            return math.nan
        found: float = self._of(window)
        return found

    def over(self, values: FloatArray) -> FloatArray:
        """Works out the whole column at once."""
        (found,) = over_windows(
            lambda window: (self._of(window),), self.period, values
        )
        return found

    @abc.abstractmethod
    def _of(self, window: Sequence[Value]) -> Value:
        """Gives the value of a window, oldest first."""


class Running(OfField):
    """A value of a field that goes on from the one before it."""

    def __init__(self, period: int, field: str = 'close') -> None:
        super().__init__(period, field)
        self._send = begin(self._steps())

    def add(self, value: float) -> float:
        """Takes the next value and gives the indicator's own."""
        found: float = self._send(value)
        return found

    def over(self, values: FloatArray) -> FloatArray:
        """Works out the whole column at once."""
        (found,) = over_steps(self._steps(), values)
        return found

    @abc.abstractmethod
    def _steps(self) -> Steps:
        """Gives the definition; it is sent numbers."""


class OfBars(Indicator):
    """What goes on from one bar to the next and reads several fields.

    Attributes:
        fields: The parts of a bar that it reads, two or more.
    """

    fields: tuple[str, ...]

    def __init__(self, name: str) -> None:
        """Makes one before its first bar; options are set before.

        Args:
            name: What it is called in the log.
        """
        self.name = name
        self._read = operator.attrgetter(*self.fields)
        self._send = begin(self._steps())

    def update(self, bar: market.MarketData) -> float:
        """Takes the next bar and gives the main value at its close."""
        found = self._send(self._read(bar))
        if not self.lines:
            return float(found)
        self.values = found
        return float(found[0])

    def over_columns(self, columns: Columns) -> FloatArray:
        """Works out the main values of many bars at once."""
        return self.over_lines(columns)[0]

    def over_lines(self, columns: Columns) -> tuple[FloatArray, ...]:
        """Works out the values of many bars at once, line by line."""
        given = [columns[field] for field in self.fields]
        return over_steps(self._steps(), *given, lines=len(self.lines) or 1)

    @abc.abstractmethod
    def _steps(self) -> Steps:
        """Gives the definition; it is sent tuples of the fields.

        It yields a tuple where the indicator has lines.
        """


def begin(steps: Steps) -> Callable[[Any], Any]:
    """Starts a generator and gives what takes its next input."""
    next(steps)
    return steps.send


def over_steps(
    steps: Steps, *columns: npt.NDArray[Any], lines: int = 1
) -> tuple[FloatArray, ...]:
    """Gives what a new generator makes of one row after another.

    Args:
        steps: The generator.
        *columns: What it is sent: numbers of one column, tuples of several.
        lines: How many values it yields; a tuple where it is more than one.

    Returns:
        A column for each value.
    """
    lists = [column.tolist() for column in columns]
    rows = lists[0] if len(lists) == 1 else zip(*lists, strict=True)
    found = map(begin(steps), rows)
    length = len(columns[0])
    if lines == 1:
        return (np.fromiter(found, np.float64, length),)
    values = itertools.chain.from_iterable(found)
    flat = np.fromiter(values, np.float64, lines * length)
    return tuple(flat.reshape(length, lines).T.copy())


def over_windows(
    definition: Callable[..., tuple[Value, ...]],
    period: int,
    *columns: FloatArray,
    lines: int = 1,
) -> tuple[FloatArray, ...]:
    """Gives what a definition makes of each window of some columns.

    Of each column the definition is handed the first values of all windows,
    then the second ones, and so on: what it does to one, it does to all.

    Args:
        definition: Takes a window of each column and gives a tuple of values.
        period: Rows in a window.
        *columns: What it looks at, of one length.
        lines: How many values it gives.

    Returns:
        A column for each value; nan in the rows before the first full window.
    """
    length = len(columns[0])
    found = tuple(np.full(length, math.nan) for _ in range(lines))
    with np.errstate(all='ignore'):
        for first in range(0, length - period + 1, _PIECE):
            last = min(first + _PIECE + period - 1, length)
            count = last - first - period + 1
            windows = [
                [
                    column[first + row : first + row + count]
                    for row in range(period)
                ]
                for column in columns
            ]
            for line, values in zip(found, definition(*windows), strict=True):
                line[last - count : last] = values
    return found


def ratio(above: Value, below: Value) -> Value:
    """Divides numbers or columns; what is divided by 0 gives 0."""
    if isinstance(below, np.ndarray):
        quotients = np.zeros(len(below))
        return np.divide(above, below, out=quotients, where=below != 0)
    return above / below if below else 0.0


def root(value: Value) -> Value:
    """Gives the square root of a number or of a column."""
    return np.sqrt(value) if isinstance(value, np.ndarray) else math.sqrt(value)


def check_whole(
    of: Indicator, *, low: int = 1, high: int | None = None, **options: Any
) -> None:
    """Refuses options that are not whole numbers from `low` to `high`.

    Raises:
        errors.StrategyError: One is not.
    """
    allowed = f'at least {low}' if high is None else f'from {low} to {high}'
    kind = type(of).__name__
    for name, value in options.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise errors.StrategyError(
                f'{kind}: {name} {value!r} must be an int, {allowed}'
            )
        if value < low or (high is not None and value > high):
            raise errors.StrategyError(
                f'{kind}: {name} {value} must be {allowed}'
            )


def check_positive(of: Indicator, **options: Any) -> None:
    """Refuses options that are not finite numbers above 0.

    Raises:
        errors.StrategyError: One is not.
    """
    for name, value in options.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 < value < math.inf:
            raise errors.StrategyError(
                f'{type(of).__name__}: {name} {value!r} must be a number '
                f'above 0'
            )


def check_field(of: Indicator, *fields: Any) -> None:
    """Refuses what is not the name of a part of a bar.

    Raises:
        errors.StrategyError: One is not.
    """
    for field in fields:
        if field not in FIELDS:
            raise errors.StrategyError(
                f'{type(of).__name__}: field {field!r} must be one of '
                f'{", ".join(FIELDS)}'
            )


def name_of(of: Indicator, *options: float, field: str = 'close') -> str:
    """Gives an indicator's name in the log: SMA(10) or SMA(10, high)."""
    words = [
        str(option) if isinstance(option, int) else f'{option:g}'
        for option in options
    ]
    if field != 'close':
        words.append(field)
    return f'{type(of).__name__}({", ".join(words)})'
