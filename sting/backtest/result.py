"""BacktestResult: all that came of a run, as JSON and as CSV."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import csv
import dataclasses
import pathlib
from typing import Any

import numpy as np
import numpy.typing as npt

from sting.backtest import ambiguity
from sting.backtest import costwords
from sting.backtest import trades
from sting.backtest import verdicts
from sting.backtest.figures import analyzer
from sting.backtest.figures import metrics
from sting.backtest.figures import periods
from sting.model import errors
from sting.model import market
from sting.strategy import context

# So many moments are written, all of them.
_WHOLE = 2_000_000
_MOMENTS = ('start', 'bottom', 'end', 'entry_time')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BacktestResult:
    """All that came of a run.

    Attributes:
        strategy: What was run: a module or a file.
        parameters: Its values by name.
        symbols: What it was given.
        start: Time of the first bar, nanoseconds since the epoch, UTC.
        end: Time of the last bar.
        bars: How many bars, or quotes.
        orders: How many orders, the denied ones too.
        verdicts: Which of them risk did not let through, and the signals that
            became no order.
        fills: What was traded.
        trades: The round trips that ended.
        curve: The account at each moment.
        metrics: The figures.
        log_hash: The hash over all that happened.
        elapsed_s: Seconds of the run without imports and loading.
        assumptions: How orders were filled and what they cost, by name.
        warnings: What a reader of the figures has to know.
        log: What the strategy wrote, the last lines of it.
        tables: What is no single figure.
        benchmark: What the run was held against, bought and held; None where
            several symbols ran and none was named.
        data_hash: Equal bars have equal ones; empty where it is not known.
        code_hash: Equal code of the strategy, of all files that it loaded,
            has equal ones; None where it was loaded before the run.
        trials: How many trials the ledger has on these data, this run too;
            None where nobody counted.
        deflated_sharpe: The probability that the Sharpe ratio is better than
            the best of that many worthless trials; None where it is undefined.
        range: What came of it in all modes of filling; None where only one was
            run.
    """

    strategy: str
    parameters: Mapping[str, Any]
    symbols: Sequence[str]
    start: int
    end: int
    bars: int
    orders: int
    verdicts: verdicts.Verdicts
    fills: trades.FillTable
    trades: trades.TradeTable
    curve: analyzer.EquityCurve
    metrics: metrics.PerformanceMetrics
    log_hash: str
    elapsed_s: float
    assumptions: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    warnings: Sequence[str] = ()
    log: Sequence[context.LogLine] = ()
    tables: analyzer.Tables = dataclasses.field(default_factory=analyzer.Tables)
    benchmark: str | None = None
    data_hash: str = ''
    code_hash: str | None = None
    trials: int | None = None
    deflated_sharpe: float | None = None
    range: ambiguity.FillRange | None = None

    @property
    def what(self) -> str:
        """What was run over, in one word."""
        quoted = self.assumptions.get('timeframe') == 'quote'
        return 'quotes' if quoted else 'bars'

    def to_json(self) -> dict[str, Any]:
        """Gives the object that `sting backtest --json` prints."""
        speed = self.bars / self.elapsed_s if self.elapsed_s > 0 else None
        written = [
            {
                'timestamp': market.to_iso(line.timestamp),
                'level': line.level,
                'text': line.text,
            }
            for line in self.log
        ]
        return {
            'strategy': self.strategy,
            'parameters': dict(self.parameters),
            'symbols': list(self.symbols),
            'start': market.to_iso(self.start),
            'end': market.to_iso(self.end),
            'bars': self.bars,
            'orders': self.orders,
            'verdicts': self.verdicts.to_json(self.orders),
            'fills': len(self.fills),
            'trades': len(self.trades),
            'initial_cash': self.curve.start,
            **dataclasses.asdict(self.metrics),
            'benchmark': self.benchmark,
            'trials': self.trials,
            'deflated_sharpe': self.deflated_sharpe,
            'range': None if self.range is None else self.range.to_json(),
            **_tables(self.tables),
            'log_hash': self.log_hash,
            'data_hash': self.data_hash,
            'code_hash': self.code_hash,
            'elapsed_s': self.elapsed_s,
            'bars_per_s': speed,
            'assumptions': dict(self.assumptions),
            'not_modelled': costwords.left_out(self.assumptions),
            'warnings': list(self.warnings),
            **({'log': written} if written else {}),
        }

    def write_fills(self, path: pathlib.Path) -> None:
        """Writes the fills as CSV.

        Args:
            path: The file; one that is there is replaced.

        Raises:
            errors.InputError: It cannot be written.
        """
        fills = self.fills
        _write(
            path,
            {
                'order_id': fills.order_id,
                'symbol': fills.symbol,
                'side': fills.side,
                'quantity': fills.quantity,
                'price': fills.price,
                'fee': fills.fee,
                'timestamp': _times(np.asarray(fills.timestamp)),
                'tag': fills.tag,
            },
        )

    def write_trades(self, path: pathlib.Path) -> None:
        """Writes the round trips as CSV; as `write_fills`."""
        trips = self.trades
        _write(
            path,
            {
                'symbol': trips.symbol,
                'side': trips.side,
                'quantity': trips.quantity.tolist(),
                'entry_time': _times(trips.entry_time),
                'entry_price': trips.entry_price.tolist(),
                'exit_time': _times(trips.exit_time),
                'exit_price': trips.exit_price.tolist(),
                'pnl': trips.pnl.tolist(),
                'fees': trips.fees.tolist(),
                'mae': _listed(trips.mae, len(trips)),
                'mfe': _listed(trips.mfe, len(trips)),
            },
        )

    def write_verdicts(self, path: pathlib.Path) -> None:
        """Writes what was not let through as CSV; as `write_fills`."""
        rows = self.verdicts.to_rows()
        names = [field.name for field in dataclasses.fields(verdicts.Refused)]
        _write(path, {name: [row[name] for row in rows] for name in names})

    def write_equity(self, path: pathlib.Path) -> None:
        """Writes the account at each moment as CSV; as `write_fills`.

        Of more than two million moments one of so many is written that about a
        million are left, and the last.
        """
        curve = self.curve
        every = 1 if len(curve) <= _WHOLE else -(-len(curve) // (_WHOLE // 2))
        last = len(curve) - 1
        rows = np.append(np.arange(0, last, every), last)[: len(curve)]
        _write(
            path,
            {
                'timestamp': _times(curve.timestamp[rows]),
                'equity': curve.equity[rows].tolist(),
                'cash': curve.cash[rows].tolist(),
                'drawdown': curve.drawdown()[rows].tolist(),
            },
        )


def _write(path: pathlib.Path, columns: Mapping[str, Iterable[Any]]) -> None:
    """Writes columns as CSV."""
    try:
        with pathlib.Path(path).open('w', newline='', encoding='utf-8') as file:
            writer = csv.writer(file, lineterminator='\n')
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
    except OSError as error:
        raise errors.InputError(
            f'cannot be written: {error.strerror}', path=path
        ) from None


def _tables(tables: analyzer.Tables) -> dict[str, Any]:
    """Gives the tables as JSON has them."""
    return {
        'drawdowns': [_with_times(each) for each in tables.drawdowns],
        'monthly': dict(tables.monthly),
        'yearly': dict(tables.yearly),
        'by_strategy': [dataclasses.asdict(each) for each in tables.strategies],
        'by_symbol': [dataclasses.asdict(each) for each in tables.symbols],
        'by_side': [dataclasses.asdict(each) for each in tables.sides],
        'open_trades': [_with_times(each) for each in tables.open_trades],
    }


def _with_times(row: periods.Drawdown | trades.OpenTrip) -> dict[str, Any]:
    """Gives a row's fields, its moments as ISO 8601 in UTC."""
    fields = dataclasses.asdict(row)
    for name in _MOMENTS:
        if fields.get(name) is not None:
            fields[name] = market.to_iso(fields[name])
    return fields


def _listed(
    column: npt.NDArray[np.float64] | None, count: int
) -> list[float] | list[str]:
    """Gives a column's values; nothing for each where it was not measured."""
    return [''] * count if column is None else column.tolist()


def _times(timestamps: npt.NDArray[np.int64]) -> list[str]:
    """Writes nanoseconds as ISO 8601 in UTC, as `market.to_iso` does."""
    if np.any(timestamps % market.NANOSECONDS):
        return [market.to_iso(each) for each in timestamps.tolist()]
    # A column of whole seconds, which nearly all are, is much faster at once.
    seconds = timestamps.astype('datetime64[ns]').astype('datetime64[s]')
    texts: list[str] = np.datetime_as_string(seconds, timezone='UTC').tolist()
    return texts
