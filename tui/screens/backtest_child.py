"""A backtest in a process of its own, asked for as a user would ask."""

import asyncio
import collections
from collections.abc import Mapping
from collections.abc import Sequence
import csv
import dataclasses
import json
import pathlib
import shlex
import tempfile
from typing import Any

from sting.model import errors
from tui.screens import backtest_process

CANCELLED = 'cancelled'
# In place of a mode of filling: runs all of them.
ALL_MODES = 'all'
# What is written of a run, and how many rows of each are kept to be shown.
OUTPUTS = ('equity', 'trades', 'fills', 'orders')
KEPT = 20_000


@dataclasses.dataclass(frozen=True)
class Form:
    """What the user filled in; an empty text leaves the default.

    Attributes:
        strategy: A module, or a file with or without a class name.
        data: 'sample', or files.
        symbols: Separated by blanks or commas; empty for all.
        start: First day.
        end: Last day.
        cash: What the account starts with.
        costs: A schedule of costs.yaml by its name, or a file of one.
        commission_bps: Of each fill's value, basis points; in place of the
            schedule's.
        slippage_bps: Against each market fill, basis points; in place of the
            schedule's.
        fill: The mode of filling, or 'all' for the range over all modes.
        parameters: name=value, separated by blanks.
    """

    strategy: str
    data: str = 'sample'
    symbols: str = ''
    start: str = ''
    end: str = ''
    cash: str = ''
    costs: str = ''
    commission_bps: str = ''
    slippage_bps: str = ''
    fill: str = ''
    parameters: str = ''

    def arguments(self) -> list[str]:
        """Gives the options of `sting backtest`, its strategy last.

        Returns:
            Every value in one argument with its option's name, so that none
            can be taken for an option.

        Raises:
            errors.InputError: A field that is needed is empty, or a quotation
                mark is not closed.
        """
        if not self.strategy.strip():
            raise errors.InputError('strategy is empty; give a module or file')
        files = _words('data', self.data)
        if not files:
            raise errors.InputError("data is empty; give 'sample' or a file")
        symbols = self.symbols.replace(',', ' ').split()
        found = [f'--data={name}' for name in files]
        found += [f'--symbol={symbol}' for symbol in symbols]
        fill = self.fill.strip()
        for option, value in (
            ('start', self.start),
            ('end', self.end),
            ('cash', self.cash),
            ('costs', self.costs),
            ('commission-bps', self.commission_bps),
            ('slippage-bps', self.slippage_bps),
            ('fill', '' if fill == ALL_MODES else fill),
        ):
            if value.strip():
                found.append(f'--{option}={value.strip()}')
        if fill == ALL_MODES:
            found.append('--fill-range')
        for pair in _words('parameters', self.parameters):
            found.append(f'--set={pair}')
        return [*found, '--', self.strategy.strip()]


def _words(field: str, text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise errors.InputError(f'{field}: close the quotation mark') from None


@dataclasses.dataclass(frozen=True)
class Curve:
    """How the account went, oldest first.

    Attributes:
        times: ISO 8601 in UTC.
        equity: Cash and holdings, in the account's currency.
        drawdown: Loss since the highest equity before; a fraction, 0 or less.
    """

    times: Sequence[str]
    equity: Sequence[float]
    drawdown: Sequence[float]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a backtest gave.

    Attributes:
        figures: The object that `sting backtest --json` prints.
        curve: The account at each bar.
        trades: Round trips, oldest first, by the columns of `--trades`; the
            last ones of very many, as also of what follows.
        fills: What was traded, oldest first, by the columns of `--fills`.
        orders: What was asked for, by its id, by the columns of `--orders`.
        error: Why there is none of this, one line; empty when it went well.
    """

    figures: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    curve: Curve = Curve((), (), ())
    trades: Sequence[Mapping[str, str]] = ()
    fills: Sequence[Mapping[str, str]] = ()
    orders: Mapping[str, Mapping[str, str]] = dataclasses.field(
        default_factory=dict
    )
    error: str = ''


class Child(backtest_process.Process):
    """Runs one backtest and can end it."""

    async def run(
        self, form: Form, progress: backtest_process.Progress
    ) -> Outcome:
        """Runs the backtest and reads what it found.

        Args:
            form: What to run.
            progress: Called with bars done and bars in all.

        Returns:
            The figures, or the error.
        """
        try:
            arguments = form.arguments()
        except errors.InputError as error:
            return Outcome(error=str(error))
        with tempfile.TemporaryDirectory(prefix='sting-') as folder:
            made = {
                name: pathlib.Path(folder, f'{name}.csv') for name in OUTPUTS
            }
            status, printed, complaint = await self.execute(
                [
                    'backtest',
                    '--json',
                    '--progress-json',
                    *(f'--{name}={path}' for name, path in made.items()),
                    *arguments,
                ],
                progress,
            )
            if self.cancelled:
                return Outcome(error=CANCELLED)
            if status:
                return Outcome(
                    error=complaint or f'the backtest ended with {status}'
                )
            # Reading a year of minutes takes long enough to be felt.
            return await asyncio.to_thread(_read, printed, made)

    async def report(
        self,
        form: Form,
        path: pathlib.Path,
        progress: backtest_process.Progress,
    ) -> str:
        """Runs the backtest and writes its page.

        Args:
            form: What to run.
            path: The page.
            progress: Called with bars done and bars in all.

        Returns:
            Why there is none, one line; empty when it went well.
        """
        try:
            arguments = form.arguments()
        except errors.InputError as error:
            return str(error)
        ended = await self.execute(
            [
                'backtest',
                '--json',
                '--progress-json',
                f'--report={path}',
                *arguments,
            ],
            progress,
        )
        if self.cancelled:
            return CANCELLED
        if ended.status:
            return ended.complaint or f'it ended with {ended.status}'
        return ''


def _read(printed: bytes, made: Mapping[str, pathlib.Path]) -> Outcome:
    try:
        figures = json.loads(printed)
        rows = _rows(made['equity'], None)
        curve = Curve(
            [row['timestamp'] for row in rows],
            [float(row['equity']) for row in rows],
            [-abs(float(row['drawdown'])) for row in rows],
        )
        trades, fills, orders = (
            _rows(made[name], KEPT) for name in ('trades', 'fills', 'orders')
        )
        by_id = {row['order_id']: row for row in orders}
    except (OSError, ValueError, KeyError) as error:
        return Outcome(error=f'the result cannot be read: {error}')
    return Outcome(figures, curve, trades, fills, by_id)


def _rows(path: pathlib.Path, most: int | None) -> list[Mapping[str, str]]:
    """Reads the last rows of a table."""
    with path.open(newline='', encoding='utf-8') as file:
        return list(collections.deque(csv.DictReader(file), most))
