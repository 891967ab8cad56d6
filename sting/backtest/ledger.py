"""The ledger of trials: how often something was tried on the same data.

Whoever shows the best of a hundred runs shows luck as well; how much, says the
deflated Sharpe ratio, if only somebody counted. Each run that traded is one
trial, a sweep is one row with the figures of all its trials. The same code
with the same parameters and assumptions on the same bars is the same trial,
however often it is run.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import hashlib
import math
import pathlib
import sqlite3
from typing import Any
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from sting import settings
from sting.backtest import result as results
from sting.backtest.figures import metrics
from sting.backtest.figures import selection
from sting.engine import clock
from sting.model import errors

# Of two periods that have this share of the shorter one in common, the trials
# on one count on the other.
SHARED = 0.5
# Seconds that another process may hold the file.
_PATIENCE_S = 2.0
_BASE = """
CREATE TABLE IF NOT EXISTS data (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    symbols TEXT NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    count INTEGER NOT NULL,
    mean REAL NOT NULL,
    spread REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS trials (
    data INTEGER NOT NULL REFERENCES data (id),
    key TEXT NOT NULL,
    time INTEGER NOT NULL,
    kind TEXT NOT NULL,
    strategy TEXT NOT NULL,
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    mean REAL NOT NULL,
    spread REAL NOT NULL,
    days INTEGER NOT NULL,
    skew REAL NOT NULL,
    kurtosis REAL NOT NULL,
    runs INTEGER NOT NULL,
    PRIMARY KEY (data, key)
) STRICT, WITHOUT ROWID;
"""
# A second run of the same is no second trial.
_ADD = """
INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
ON CONFLICT DO UPDATE SET runs = runs + 1
RETURNING runs
"""

FloatArray = npt.NDArray[np.float64]


class Data(NamedTuple):
    """What was tried on.

    Attributes:
        digest: Of the bars: equal ones have equal digests.
        symbols: The instruments.
        start: Time of the first bar, nanoseconds since the epoch, UTC.
        end: Time of the last.
    """

    digest: str
    symbols: tuple[str, ...]
    start: int
    end: int

    def shares(self, other: 'Data') -> bool:
        """Whether trials on the other count on this.

        Args:
            other: What was tried on before.

        Returns:
            Whether they have a symbol in common, and half of the shorter
            period.
        """
        if self.digest == other.digest:
            return True
        common = min(self.end, other.end) - max(self.start, other.start)
        shorter = min(self.end - self.start, other.end - other.start)
        if common < 0 or common < SHARED * shorter:
            return False
        return not set(self.symbols).isdisjoint(other.symbols)


class Tally(NamedTuple):
    """How many trials there were, and how their Sharpe ratios scatter.

    Attributes:
        trials: How many.
        mean: Of their Sharpe ratios of a day.
        spread: Sum of the squared distances from the mean.
    """

    trials: int = 0
    mean: float = 0.0
    spread: float = 0.0

    @property
    def variance(self) -> float:
        """Of the Sharpe ratios of a day, as a sample; 0 for one trial."""
        return self.spread / (self.trials - 1) if self.trials > 1 else 0.0

    def joined(self, other: 'Tally') -> 'Tally':
        """Counts both; Chan, Golub and LeVeque (1979)."""
        trials = self.trials + other.trials
        if not trials:
            return self
        away = other.mean - self.mean
        return Tally(
            trials,
            self.mean + away * other.trials / trials,
            self.spread
            + other.spread
            + away * away * self.trials * other.trials / trials,
        )


class Trial(NamedTuple):
    """One run, or the runs of one search.

    Attributes:
        kind: What made it: 'backtest', 'sweep', 'walkforward'.
        strategy: The module or the file.
        code: Hash of its code; empty where it is not known.
        key: What makes it another trial than the next; see `key`.
        tally: Of its runs that traded.
        days: How many daily returns the run had, for a search the best one.
        skew: Of them.
        kurtosis: Of them, 3 for a normal law.
    """

    kind: str
    strategy: str
    code: str
    key: str
    tally: Tally
    days: int = 0
    skew: float = 0.0
    kurtosis: float = 3.0


def tally(sharpes: Sequence[float] | FloatArray) -> Tally:
    """Counts trials.

    Args:
        sharpes: Their Sharpe ratios, of a day.
    """
    if not len(sharpes):
        return Tally()
    mean = float(np.mean(sharpes))
    spread = float(np.sum((np.asarray(sharpes) - mean) ** 2))
    return Tally(len(sharpes), mean, spread)


def key(
    strategy: str,
    code: str | None,
    parameters: Mapping[str, Any],
    assumptions: Mapping[str, Any],
) -> str:
    """Gives what makes a trial another one than the next.

    Args:
        strategy: The module or the file, with its class or not.
        code: Hash of its code; None where it is not known.
        parameters: By name; of a search, its grid.
        assumptions: By name; the seed does not count.

    Returns:
        32 hexadecimal digits.
    """
    name = strategy.rpartition(':')[2] if code else strategy
    assumed = {n: v for n, v in assumptions.items() if n != 'seed'}
    raw = msgspec.json.encode(
        (name, code, dict(parameters), assumed), order='sorted', enc_hook=str
    )
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


def of_result(result: results.BacktestResult) -> tuple[Data, Trial]:
    """Gives a run as the ledger has it.

    Args:
        result: The run; it counts as a trial if its returns differ.
    """
    returns = result.curve.returns
    sharpe = metrics.sharpe(returns)
    moments = selection.moments(returns)
    data = Data(
        result.data_hash, tuple(result.symbols), result.start, result.end
    )
    return data, Trial(
        kind='backtest',
        strategy=result.strategy,
        code=result.code_hash or '',
        key=key(
            result.strategy,
            result.code_hash,
            result.parameters,
            result.assumptions,
        ),
        tally=tally(
            [] if sharpe is None else [sharpe / math.sqrt(metrics.DAYS_A_YEAR)]
        ),
        days=len(returns),
        skew=0.0 if moments is None else moments[0],
        kurtosis=3.0 if moments is None else moments[1],
    )


def counted(
    result: results.BacktestResult, path: pathlib.Path
) -> results.BacktestResult:
    """Writes a run down and says how much of it the search explains.

    Args:
        result: The run.
        path: The ledger's file; its folder is made.

    Returns:
        The run with its figures; with a warning where the ledger cannot be
        used.
    """
    return searched(result, *of_result(result), path)


def searched(
    result: results.BacktestResult,
    data: Data,
    trial: Trial,
    path: pathlib.Path,
) -> results.BacktestResult:
    """Writes a search down, of which a run came; as `counted`.

    Args:
        result: The run.
        data: What was searched on.
        trial: The search, or the run itself.
        path: The ledger's file; its folder is made.
    """
    try:
        settings.make_private(path.parent)
        found = Ledger(path).add(data, trial)
    except (errors.LedgerError, errors.ConfigError) as error:
        return dataclasses.replace(
            result, warnings=(*result.warnings, str(error))
        )
    returns = result.curve.returns
    deflated = (
        selection.deflated_among(returns, found.trials, found.variance)
        if trial.tally.trials
        else None
    )
    return dataclasses.replace(
        result, trials=found.trials, deflated_sharpe=deflated
    )


class Ledger:
    """The file. It is opened for each call, so that many processes share it.

    It is not synced to the disk: that takes longer than many a backtest, and
    only a machine that loses its power can lose a count.
    """

    def __init__(self, path: pathlib.Path) -> None:
        """Names the file; it is made with the first trial.

        Args:
            path: In a folder that is there.
        """
        self._path = path

    def add(self, data: Data, trial: Trial) -> Tally:
        """Writes a trial down.

        Args:
            data: What it was made on.
            trial: The run or the search.

        Returns:
            All trials on these data, this one too.

        Raises:
            errors.LedgerError: The file cannot be read or written.
        """
        with self._open() as connection:
            row = connection.execute(
                'INSERT INTO data VALUES (NULL, ?, ?, ?, ?, 0, 0, 0) '
                'ON CONFLICT DO UPDATE SET digest = digest '
                'RETURNING id, count, mean, spread',
                (
                    data.digest,
                    msgspec.json.encode(data.symbols).decode(),
                    data.start,
                    data.end,
                ),
            ).fetchone()
            place, before = row[0], Tally(*row[1:])
            if trial.tally.trials and self._insert(connection, place, trial):
                connection.execute(
                    'UPDATE data SET count = ?, mean = ?, spread = ? '
                    'WHERE id = ?',
                    (*before.joined(trial.tally), place),
                )
            return _on(connection, data)

    def on(self, data: Data) -> Tally:
        """Counts the trials on these data.

        Args:
            data: What is asked for.

        Returns:
            Those on the same bars and on data that overlap with them.

        Raises:
            errors.LedgerError: The file cannot be read.
        """
        if not self._path.exists():
            return Tally()
        with self._open() as connection:
            return _on(connection, data)

    def _insert(
        self, connection: sqlite3.Connection, place: int, trial: Trial
    ) -> bool:
        """Adds a trial; False where it was made before."""
        (runs,) = connection.execute(
            _ADD,
            (
                place,
                trial.key,
                clock.LiveClock().now(),
                trial.kind,
                trial.strategy,
                trial.code,
                *trial.tally,
                trial.days,
                trial.skew,
                trial.kurtosis,
            ),
        ).fetchone()
        return bool(runs == 1)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Gives the file within one transaction.

        Raises:
            errors.LedgerError: It cannot be read or written.
        """
        try:
            self._path.touch(mode=0o600)
            connection = sqlite3.connect(
                self._path, timeout=_PATIENCE_S, isolation_level=None
            )
            with contextlib.closing(connection):
                connection.execute('PRAGMA synchronous = OFF')
                connection.execute('BEGIN IMMEDIATE')
                if not connection.execute('PRAGMA user_version').fetchone()[0]:
                    for statement in _BASE.split(';'):
                        connection.execute(statement)
                    connection.execute('PRAGMA user_version = 1')
                yield connection
                connection.execute('COMMIT')
        except (OSError, sqlite3.Error, msgspec.MsgspecError) as error:
            raise errors.LedgerError(
                f'{self._path}: the ledger of trials cannot be used, so that '
                f'this run is not counted: {error}; move the file away to '
                'begin another one'
            ) from None


def _on(connection: sqlite3.Connection, data: Data) -> Tally:
    """Counts the trials on these data.

    Raises:
        sqlite3.DatabaseError: The file has what was never counted.
    """
    found = Tally()
    rows = connection.execute(
        'SELECT digest, symbols, start, end, count, mean, spread FROM data '
        'WHERE end >= ? AND start <= ? OR digest = ? ORDER BY id',
        (data.start, data.end, data.digest),
    )
    for digest, symbols, start, end, *figures in rows:
        names = msgspec.json.decode(symbols, type=tuple[str, ...])
        if data.shares(Data(digest, names, start, end)):
            own = Tally(*figures)
            if own.trials < 0 or not (
                math.isfinite(own.mean) and 0.0 <= own.spread < math.inf
            ):
                raise sqlite3.DatabaseError(
                    f'it has {own.trials} trials with '
                    f'a mean of {own.mean:g} and a spread of {own.spread:g}'
                )
            found = found.joined(own)
    return found
