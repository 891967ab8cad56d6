"""A backtest in a process of its own, asked for as a user would ask."""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import csv
import dataclasses
import json
import pathlib
import shlex
import sys
import tempfile
from typing import Any

from sting.model import errors

PROGRAM = (sys.executable, '-m', 'sting.cli.main')
CANCELLED = 'cancelled'
# How long a child may take to end when asked to, in seconds.
PATIENCE_S = 2.0
_LINE_LIMIT = 1 << 20

Progress = Callable[[int, int], None]


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
        commission_bps: Of each fill's value, basis points.
        slippage_bps: Against each market fill, basis points.
        parameters: name=value, separated by blanks.
    """

    strategy: str
    data: str = 'sample'
    symbols: str = ''
    start: str = ''
    end: str = ''
    cash: str = ''
    commission_bps: str = ''
    slippage_bps: str = ''
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
        for option, value in (
            ('start', self.start),
            ('end', self.end),
            ('cash', self.cash),
            ('commission-bps', self.commission_bps),
            ('slippage-bps', self.slippage_bps),
        ):
            if value.strip():
                found.append(f'--{option}={value.strip()}')
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
        trades: Round trips, oldest first, by the columns of `--trades`.
        error: Why there is none of this, one line; empty when it went well.
    """

    figures: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    curve: Curve = Curve((), (), ())
    trades: Sequence[Mapping[str, str]] = ()
    error: str = ''


class Child:
    """Runs one backtest and can end it.

    Attributes:
        program: The command that `backtest` and its options are given to.
    """

    def __init__(self, program: Sequence[str] = PROGRAM) -> None:
        self.program = tuple(program)
        self._process: asyncio.subprocess.Process | None = None
        self._cancelled = False

    async def run(self, form: Form, progress: Progress) -> Outcome:
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
            equity = pathlib.Path(folder, 'equity.csv')
            trades = pathlib.Path(folder, 'trades.csv')
            status, printed, complaint = await self._execute(
                [
                    'backtest',
                    '--json',
                    '--progress-json',
                    f'--equity={equity}',
                    f'--trades={trades}',
                    *arguments,
                ],
                progress,
            )
            if self._cancelled:
                return Outcome(error=CANCELLED)
            if status:
                return Outcome(
                    error=complaint or f'the backtest ended with {status}'
                )
            # Reading a year of minutes takes long enough to be felt.
            return await asyncio.to_thread(_read, printed, equity, trades)

    async def _execute(
        self, arguments: Sequence[str], progress: Progress
    ) -> tuple[int, bytes, str]:
        process = await asyncio.create_subprocess_exec(
            *self.program,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LINE_LIMIT,
        )
        self._process = process
        if self._cancelled:
            process.terminate()
        if process.stdout is None or process.stderr is None:
            raise errors.StateError('a child without pipes')
        try:
            printed, complaint = await asyncio.gather(
                process.stdout.read(), _follow(process.stderr, progress)
            )
            return await process.wait(), printed, complaint
        finally:
            if process.returncode is None:
                process.kill()

    async def cancel(self) -> None:
        """Ends the backtest; waits until its process is gone."""
        self._cancelled = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE_S)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _follow(stream: asyncio.StreamReader, progress: Progress) -> str:
    """Passes progress on, and gives the last line that was something else."""
    complaint = ''
    async for line in stream:
        text = line.decode(errors='replace').strip()
        try:
            seen = json.loads(text)
            progress(int(seen['done']), int(seen['total']))
        except (ValueError, KeyError, TypeError):
            complaint = text.removeprefix('sting: ') or complaint
    return complaint


def _read(
    printed: bytes, equity: pathlib.Path, trades: pathlib.Path
) -> Outcome:
    try:
        figures = json.loads(printed)
        with equity.open(newline='', encoding='utf-8') as file:
            rows = list(csv.DictReader(file))
        curve = Curve(
            [row['timestamp'] for row in rows],
            [float(row['equity']) for row in rows],
            [-abs(float(row['drawdown'])) for row in rows],
        )
        with trades.open(newline='', encoding='utf-8') as file:
            trips = list(csv.DictReader(file))
    except (OSError, ValueError, KeyError) as error:
        return Outcome(error=f'the result cannot be read: {error}')
    return Outcome(figures, curve, trips)
