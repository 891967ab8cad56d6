"""A backtest in a process of its own, asked for as a user would ask."""

import asyncio
import collections
from collections.abc import Mapping
from collections.abc import Sequence
import csv
import dataclasses
import json
import pathlib
import re
import shlex
import tempfile
from typing import Any

from sting.model import errors
from tui.screens import backtest_process
from tui.screens import backtest_swept

CANCELLED = 'cancelled'
# In place of a mode of filling: runs all of them.
ALL_MODES = 'all'
# What each command writes of a run, and how many rows of each are kept to be
# shown.
OUTPUTS = {
    'backtest': ('equity', 'trades', 'fills', 'orders'),
    'walkforward': ('equity', 'trades', 'fills'),
    'sweep': (),
}
KEPT = 20_000
# start:stop and start:stop:step.
_STEPS = re.compile(r'[-+.\d]+(:[-+.\d]+){1,2}')


def several(value: str) -> tuple[str, ...]:
    """Gives the ends of a range, or the parts of a list; else nothing.

    Args:
        value: What is filled in for a parameter: 5:20:5, 5|10|20, 7.
    """
    value = value.strip()
    if '|' in value:
        return tuple(value.split('|'))
    return tuple(value.split(':')[:2]) if _STEPS.fullmatch(value) else ()


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
        walk: Days to learn on and days to test on, as 500/250; walks forward.
        parameters: name=value, separated by blanks. A value of several,
            5:20:5 or 5|10, asks for a sweep.
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
    walk: str = ''
    parameters: str = ''

    @property
    def command(self) -> str:
        """The command of `sting` that this is for.

        Raises:
            errors.InputError: A quotation mark is not closed.
        """
        if self.walk.strip():
            return 'walkforward'
        pairs = _words('parameters', self.parameters)
        return 'sweep' if any(map(_tries, pairs)) else 'backtest'

    def arguments(self) -> list[str]:
        """Gives the options of its command, its strategy last.

        Returns:
            Every value in one argument with its option's name, so that none
            can be taken for an option.

        Raises:
            errors.InputError: A field that is needed is empty, one does not
                fit the command, or a quotation mark is not closed.
        """
        command = self.command
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
            if command != 'backtest':
                raise errors.InputError(
                    'fill: one mode, where values are tried'
                )
            found.append('--fill-range')
        pairs = _words('parameters', self.parameters)
        for pair in pairs:
            found.append(f'--grid={pair}' if _tries(pair) else f'--set={pair}')
        if command == 'walkforward':
            if not any(map(_tries, pairs)):
                raise errors.InputError(
                    'walk forward: give a parameter values to learn from, as '
                    '5:20:5'
                )
            train, slash, test = self.walk.partition('/')
            if not slash:
                raise errors.InputError(
                    'walk forward: give days to learn on and days to test on, '
                    'as 500/250'
                )
            found += [f'--train={train.strip()}', f'--test={test.strip()}']
        return [*found, '--', self.strategy.strip()]


def _tries(pair: str) -> bool:
    return bool(several(pair.partition('=')[2]))


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
        swept: What a sweep gave, which has nothing else.
        error: Why there is none of this, one line; empty when it went well.
    """

    figures: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    curve: Curve = Curve((), (), ())
    trades: Sequence[Mapping[str, str]] = ()
    fills: Sequence[Mapping[str, str]] = ()
    orders: Mapping[str, Mapping[str, str]] = dataclasses.field(
        default_factory=dict
    )
    swept: backtest_swept.Swept | None = None
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
            return await self._run(form, arguments, progress)
        except errors.InputError as error:
            return Outcome(error=str(error))
        except OSError as error:
            # A full disk, or no more processes.
            return Outcome(error=f'it cannot be run: {error}')

    async def _run(
        self,
        form: Form,
        arguments: Sequence[str],
        progress: backtest_process.Progress,
    ) -> Outcome:
        with tempfile.TemporaryDirectory(prefix='sting-') as folder:
            made = {
                name: pathlib.Path(folder, f'{name}.csv')
                for name in OUTPUTS[form.command]
            }
            status, printed, complaint = await self.execute(
                [
                    form.command,
                    '--json',
                    '--progress-json',
                    *(['--cells'] if form.command == 'sweep' else []),
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
            if form.command == 'sweep':
                return await asyncio.to_thread(_read_swept, printed)
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
                form.command,
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
            _rows(made[name], KEPT) if name in made else []
            for name in OUTPUTS['backtest'][1:]
        )
        by_id = {row['order_id']: row for row in orders}
    except (OSError, ValueError, KeyError) as error:
        return Outcome(error=f'the result cannot be read: {error}')
    return Outcome(figures, curve, trades, fills, by_id)


def _read_swept(printed: bytes) -> Outcome:
    try:
        return Outcome(swept=backtest_swept.Swept.read(json.loads(printed)))
    except (ValueError, KeyError, TypeError) as error:
        return Outcome(error=f'the result cannot be read: {error}')


def _rows(path: pathlib.Path, most: int | None) -> list[Mapping[str, str]]:
    """Reads the last rows of a table."""
    with path.open(newline='', encoding='utf-8') as file:
        return list(collections.deque(csv.DictReader(file), most))
