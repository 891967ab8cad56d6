"""Where the time of W1 goes: the same bars with ever more of the work.

Each stage does what the one before does and one thing more; the difference is
what that thing costs.
"""

import time

from benchmarks import backtests
from benchmarks import rows
from benchmarks import work
from sting import strategy as strategies
from sting.backtest import assumptions
from sting.backtest import engine
from sting.data import table
from sting.simulator import costs

BARS = 200_000
RUNS = 3
_ASSUMED = assumptions.Assumptions(
    cash=work.CASH, costs=costs.CostModel(commission_bps=work.COMMISSION * 1e4)
)


class Watching(strategies.AbstractStrategy):
    """Compares the averages as W1 does, and trades nothing."""

    async def on_start(self) -> None:
        """Begins with nothing seen."""
        self._fast = self.indicator(strategies.indicators.SMA, period=work.FAST)
        self._slow = self.indicator(strategies.indicators.SMA, period=work.SLOW)
        self._before = float('nan')
        self.crossings = 0

    async def on_market_data(self, data: strategies.MarketData) -> None:
        """Counts where they cross."""
        if not self._slow.ready:
            return
        now = self._fast.value - self._slow.value
        if (self._before <= 0 < now) or (self._before >= 0 > now):
            self.crossings += 1
        self._before = now


def run() -> list[rows.Row]:
    """Measures the stages."""
    bars = backtests.table_of({'W': work.bars(work.W1_SEED, BARS)})
    objects = rows.best(lambda: rows.took(lambda: _drain(bars)), RUNS).cpu
    quiet, _ = min(_backtest(bars, 'benchmarks.where') for _ in range(RUNS))
    played, after = min(
        _backtest(bars, backtests.STRATEGY) for _ in range(RUNS)
    )
    orders = _orders(bars)
    return [
        _row('bars made of columns', objects, BARS, 'a bar'),
        _row('indicators, strategy, engine, curve', quiet - objects, BARS),
        _row('an order: signal to fill', played - quiet, orders, 'an order'),
        _row('round trips, figures and tables after it', after, BARS),
    ]


def _row(name: str, cpu: float, count: int, each: str = 'a bar') -> rows.Row:
    return rows.Row(f'of W1: {name}', cpu / count * 1e6, f'us {each}', 'of CPU')


def _drain(bars: table.BarTable) -> None:
    for _ in bars.rows():
        pass


def _backtest(bars: table.BarTable, strategy: str) -> tuple[float, float]:
    """Gives the CPU seconds of the bars, and of what follows them."""
    moments = [time.process_time()]
    engine.run(
        strategy,
        bars,
        backtests.gate(),
        assumed=_ASSUMED,
        progress=lambda *_: moments.append(time.process_time()),
    )
    return moments[-1] - moments[0], time.process_time() - moments[-1]


def _orders(bars: table.BarTable) -> int:
    done = engine.run(
        backtests.STRATEGY, bars, backtests.gate(), assumed=_ASSUMED
    )
    return done.orders
