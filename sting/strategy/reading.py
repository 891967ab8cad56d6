"""Reads off what a strategy's indicators have, for whoever looks at it.

Only what runs live does so: a backtest reads nothing.
"""

from collections.abc import Callable
import math
from typing import Any

from sting.model import market
from sting.model import readings
from sting.strategy import runner

# The most bytes of the past that are told at once, of all symbols together.
PAST_BYTES = 4 << 20
Show = Callable[[str, readings.Readings], None]


def read(
    feeder: runner.StrategyRunner, bar: market.MarketData
) -> readings.Readings | None:
    """Reads off the values at a bar that the strategy was just handed.

    Args:
        feeder: Feeds the strategy.
        bar: The bar.

    Returns:
        One row; None where no indicator has a value.
    """
    lines = feeder.lines(bar.symbol)
    found: dict[str, float] = {}
    for line in lines:
        if len(found) == readings.LINES:
            break
        found[line.name[: readings.NAME_LIMIT]] = _number(line.value)
    if all(math.isnan(value) for value in found.values()):
        return None
    row = readings.packer(len(found)).pack(bar.timestamp, *found.values())
    return readings.Readings(bar.symbol, tuple(found), row)


def _number(value: Any) -> float:
    """Gives a finite number, and nan for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return number if math.isfinite(number) else math.nan


class Past:
    """Collects what the indicators have while they are warmed up."""

    def __init__(self, feeder: runner.StrategyRunner) -> None:
        """Sets up what has read nothing.

        Args:
            feeder: Feeds the strategy.
        """
        self._feeder = feeder
        self._rows: dict[str, tuple[tuple[str, ...], bytearray]] = {}

    def warm_up(self, bar: market.MarketData) -> None:
        """Hands a bar to the indicators, and reads them.

        Args:
            bar: See `StrategyRunner.warm_up`.

        Raises:
            errors.StrategyError: An indicator raised.
        """
        self._feeder.warm_up(bar)
        told = read(self._feeder, bar)
        if told is None:
            return
        names, rows = self._rows.get(bar.symbol, ((), bytearray()))
        if names != told.names:
            rows = bytearray()
            self._rows[bar.symbol] = told.names, rows
        rows += told.rows

    def told(self) -> list[readings.Readings]:
        """Gives what was read, a part of each symbol, the newest rows."""
        room = PAST_BYTES // max(len(self._rows), 1)
        found = []
        for symbol, (names, rows) in self._rows.items():
            size = readings.row_bytes(len(names))
            part = bytes(rows[-max(room // size, 1) * size :])
            found.append(readings.Readings(symbol, names, part))
        return found
