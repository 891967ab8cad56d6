"""PerformanceAnalyzer: from a run's equity and fills to its figures."""

import dataclasses

import numpy as np
import numpy.typing as npt

from sting.backtest import metrics
from sting.backtest import trades


@dataclasses.dataclass(frozen=True, slots=True)
class EquityCurve:
    """The account after each moment that had bars.

    Attributes:
        start: The cash before the first.
        timestamp: Rising, nanoseconds since the epoch, UTC.
        equity: Cash and holdings at the last closes.
        cash: In the account's currency.
        exposed: Whether any position was held.
    """

    start: float
    timestamp: npt.NDArray[np.int64]
    equity: npt.NDArray[np.float64]
    cash: npt.NDArray[np.float64]
    exposed: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.timestamp)

    def drawdown(self) -> npt.NDArray[np.float64]:
        """How far below its peak the equity is at each: 0 or less."""
        return metrics.drawdowns(self.equity, self.start)


class PerformanceAnalyzer:
    """Works out the figures of a run."""

    def analyze(
        self,
        curve: EquityCurve,
        fills: trades.FillTable,
        trips: trades.TradeTable,
    ) -> metrics.PerformanceMetrics:
        """Works out the figures of a run.

        Args:
            curve: The account at each moment.
            fills: What was traded.
            trips: The round trips in it.

        Returns:
            The figures; what is undefined is None.
        """
        final = float(curve.equity[-1]) if len(curve) else curve.start
        returns = metrics.daily_returns(
            curve.timestamp, curve.equity, curve.start
        )
        growth = metrics.cagr(returns)
        deepest = float(np.min(curve.drawdown(), initial=0.0))
        mean = float(np.mean(curve.equity)) if len(curve) else 0.0
        return metrics.PerformanceMetrics(
            final_equity=final,
            total_return=final / curve.start - 1.0,
            cagr=growth,
            volatility=metrics.volatility(returns),
            sharpe=metrics.sharpe(returns),
            sortino=metrics.sortino(returns),
            calmar=metrics.calmar(growth, deepest),
            max_drawdown=deepest,
            win_rate=metrics.win_rate(trips.pnl),
            profit_factor=metrics.profit_factor(trips.pnl),
            exposure=float(np.mean(curve.exposed)) if len(curve) else None,
            turnover=fills.traded() / mean if mean > 0 else None,
            fees=fills.fees(),
        )
