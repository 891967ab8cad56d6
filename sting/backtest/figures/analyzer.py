"""PerformanceAnalyzer: from a run's equity and fills to its figures."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from sting.backtest import trades
from sting.backtest.figures import groups
from sting.backtest.figures import metrics
from sting.backtest.figures import periods
from sting.data import pages as pages_lib
from sting.data import table
from sting.model import orders
from sting.model import records

FloatArray = npt.NDArray[np.float64]

# The columns that are worked out of a curve's own.
WORKED_OUT = ('drawdown', 'benchmark')

_SIDES = {orders.OrderSide.BUY: 'long', orders.OrderSide.SELL: 'short'}


@dataclasses.dataclass(frozen=True)
class EquityCurve:
    """The account after each moment that had bars.

    Attributes:
        start: The cash before the first.
        timestamp: Rising, nanoseconds since the epoch, UTC.
        equity: Cash and holdings at the last closes.
        cash: In the account's currency.
        exposed: Whether any position was held.
        benchmark: What the same cash would be in the benchmark; None without.
        pages: Where the columns lie that are not in memory, and those of
            `WORKED_OUT`; else None.
    """

    start: float
    timestamp: npt.NDArray[np.int64]
    equity: npt.NDArray[np.float64]
    cash: npt.NDArray[np.float64]
    exposed: npt.NDArray[np.bool_]
    benchmark: npt.NDArray[np.float64] | None = None
    pages: pages_lib.Pages | None = dataclasses.field(
        default=None, compare=False, repr=False
    )

    def __len__(self) -> int:
        return len(self.timestamp)

    def drawdown(self) -> FloatArray:
        """How far below its peak the equity is at each: 0 or less."""
        return self._depths

    def release(self) -> None:
        """Says that what was read is not needed for now."""
        if self.pages is not None:
            self.pages.release()

    def beside(self, held: Iterable[FloatArray]) -> 'EquityCurve':
        """Gives the same with a benchmark.

        Args:
            held: What the same cash would be in it, a part at a time.
        """
        return dataclasses.replace(
            self, benchmark=self._column('benchmark', held)
        )

    def _column(self, name: str, parts: Iterable[FloatArray]) -> FloatArray:
        """Puts the parts of a column together where the others lie."""
        if self.pages is None:
            return np.concatenate([np.empty(0), *parts])
        done = 0
        for part in parts:
            self.pages.write(name, done, part)
            done += len(part)
            self.release()
        return self.pages.column(name, done)

    # A million bars take long enough to be looked at but once.
    @functools.cached_property
    def _depths(self) -> FloatArray:
        return self._column('drawdown', self._falling())

    def _falling(self) -> Iterator[FloatArray]:
        """Gives how far below its peak the equity is, a piece at a time."""
        peak = self.start
        for rows in table.pieces(len(self)):
            part = self.equity[rows]
            yield metrics.drawdowns(part, peak)
            peak = max(peak, float(np.max(part)))

    @functools.cached_property
    def deepest(self) -> float:
        """The deepest fall from a peak: 0 or less."""
        found = 0.0
        for rows in table.pieces(len(self)):
            found = min(found, float(np.min(self._depths[rows])))
            self.release()
        return found

    @functools.cached_property
    def _ends(self) -> npt.NDArray[np.int64]:
        """The places of each day's last moment."""
        found = [np.empty(0, np.int64)]
        for rows in table.pieces(len(self)):
            stamps = self.timestamp[rows.start : rows.stop + 1]
            ends = metrics.last_of_days(stamps) + rows.start
            # The last of a piece is the next one's first.
            found.append(ends if rows.stop == len(self) else ends[:-1])
            self.release()
        return np.concatenate(found)

    def _at_ends(self, column: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Picks a column's values at the last moments of the days."""
        picked = column[self._ends]
        self.release()
        return picked

    @functools.cached_property
    def _last_stamps(self) -> npt.NDArray[np.int64]:
        return self._at_ends(self.timestamp)

    @functools.cached_property
    def returns(self) -> FloatArray:
        """The daily returns, until the equity is gone."""
        return metrics.daily_returns(
            self._last_stamps, self._at_ends(self.equity), self.start
        )

    @functools.cached_property
    def days(self) -> npt.NDArray[np.int64]:
        """The UTC days of the daily returns, as days since the epoch."""
        return metrics.days(self._last_stamps)[: len(self.returns)]

    @functools.cached_property
    def benchmark_returns(self) -> FloatArray | None:
        """The benchmark's returns of the same days; None without one."""
        if self.benchmark is None:
            return None
        found = metrics.daily_returns(
            self._last_stamps, self._at_ends(self.benchmark), self.start
        )
        return found[: len(self.returns)]

    @functools.cached_property
    def falls(self) -> periods.Falls:
        """The stretches below a peak."""
        return periods.falls(self._depths, self.release)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What of a run is no single figure.

    Attributes:
        drawdowns: The deepest falls from a peak, the deepest first.
        monthly: Returns by month: '2013-05'.
        yearly: Returns by year: '2013'.
        strategies: The round trips by strategy.
        symbols: By symbol.
        sides: By side: long, short.
        open_trades: The round trips that had not ended.
    """

    drawdowns: Sequence[periods.Drawdown] = ()
    monthly: Mapping[str, float] = dataclasses.field(default_factory=dict)
    yearly: Mapping[str, float] = dataclasses.field(default_factory=dict)
    strategies: Sequence[groups.Group] = ()
    symbols: Sequence[groups.Group] = ()
    sides: Sequence[groups.Group] = ()
    open_trades: Sequence[trades.OpenTrip] = ()


class PerformanceAnalyzer:
    """Works out the figures of a run."""

    def analyze(
        self,
        curve: EquityCurve,
        fills: trades.FillTable,
        trips: trades.TradeTable,
        flows: Mapping[records.FlowKind, float] | None = None,
    ) -> metrics.PerformanceMetrics:
        """Works out the figures of a run.

        Args:
            curve: The account at each moment.
            fills: What was traded.
            trips: The round trips in it.
            flows: Cash that came (above 0) and went without a fill, by what
                for; None for none.

        Returns:
            The figures; what is undefined is None.
        """
        final = float(curve.equity[-1]) if len(curve) else curve.start
        returns = curve.returns
        growth = metrics.cagr(returns)
        deepest = curve.deepest
        mean = float(np.mean(curve.equity)) if len(curve) else 0.0
        curve.release()
        exposure = float(np.mean(curve.exposed)) if len(curve) else None
        longest = periods.longest_s(curve.timestamp, curve.falls)
        curve.release()
        pnl = trips.pnl
        came = flows or {}
        # 0 - 0 and not -0, which JSON would show.
        borrowed = 0.0 - came.get(records.FlowKind.BORROW, 0.0)
        interest = 0.0 - came.get(records.FlowKind.INTEREST, 0.0)
        return metrics.PerformanceMetrics(
            final_equity=final,
            total_return=final / curve.start - 1.0,
            cagr=growth,
            volatility=metrics.volatility(returns),
            sharpe=metrics.sharpe(returns),
            sortino=metrics.sortino(returns),
            calmar=metrics.calmar(growth, deepest),
            omega=metrics.omega(returns),
            max_drawdown=deepest,
            longest_drawdown_s=longest,
            value_at_risk=metrics.value_at_risk(returns),
            conditional_value_at_risk=metrics.conditional_value_at_risk(
                returns
            ),
            skew=metrics.skew(returns),
            kurtosis=metrics.kurtosis(returns),
            tail_ratio=metrics.tail_ratio(returns),
            best_day=float(np.max(returns)) if len(returns) else None,
            worst_day=float(np.min(returns)) if len(returns) else None,
            days=len(returns),
            win_rate=metrics.win_rate(pnl),
            profit_factor=metrics.profit_factor(pnl),
            expectancy=metrics.mean(pnl),
            mean_win=metrics.mean(pnl[pnl > 0]),
            mean_loss=metrics.mean(pnl[pnl < 0]),
            payoff_ratio=metrics.payoff_ratio(pnl),
            most_wins=metrics.longest_streak(pnl > 0),
            most_losses=metrics.longest_streak(pnl < 0),
            mean_mae=None if trips.mae is None else metrics.mean(trips.mae),
            mean_mfe=None if trips.mfe is None else metrics.mean(trips.mfe),
            exposure=exposure,
            turnover=fills.traded() / mean if mean > 0 else None,
            fees=fills.fees(),
            financing=borrowed + interest,
            borrow_fees=borrowed,
            interest=interest,
            dividends=came.get(records.FlowKind.DIVIDEND, 0.0),
            **_beside_benchmark(curve),
        )

    def tabulate(
        self,
        strategy: str,
        curve: EquityCurve,
        trips: trades.TradeTable,
        still_open: Sequence[trades.OpenTrip],
    ) -> Tables:
        """Works out what of a run is no single figure.

        Args:
            strategy: What was run.
            curve: The account at each moment.
            trips: The round trips.
            still_open: Those that had not ended.

        Returns:
            The tables.
        """
        returns = curve.returns
        days = curve.days

        def grouped(
            names: Sequence[str], open_names: Sequence[str]
        ) -> tuple[groups.Group, ...]:
            return groups.by(names, open_names, trips, still_open)

        worst = periods.worst(curve.timestamp, curve.drawdown(), curve.falls)
        curve.release()
        return Tables(
            drawdowns=worst,
            monthly=periods.monthly(days, returns),
            yearly=periods.yearly(days, returns),
            strategies=grouped(
                [strategy] * len(trips), [strategy] * len(still_open)
            ),
            symbols=grouped(trips.symbol, [trip.symbol for trip in still_open]),
            sides=grouped(
                [_SIDES[side] for side in trips.side],
                [_SIDES[trip.side] for trip in still_open],
            ),
            open_trades=still_open,
        )


def _beside_benchmark(curve: EquityCurve) -> dict[str, float | None]:
    """Gives the figures that need a benchmark; None without one."""
    returns = curve.returns
    others = curve.benchmark_returns
    if others is None or curve.benchmark is None or not len(curve):
        return dict.fromkeys(
            ('benchmark_return', 'alpha', 'beta', 'information_ratio')
        )
    return {
        'benchmark_return': float(curve.benchmark[-1]) / curve.start - 1.0,
        'alpha': metrics.alpha(returns, others),
        'beta': metrics.beta(returns, others),
        'information_ratio': metrics.information_ratio(returns, others),
    }
