"""Walk-forward: parameters found on one stretch are held to the next.

In each window the sweep finds the parameters that did best on the bars to
learn on; with these the strategy trades the bars that follow, which the sweep
did not see. Only these count. Pardo (2008).

Each test begins flat, with the cash that the one before left, and with the
indicators warmed up on the bars to learn on, as after a restart: the strategy
itself sees the test alone. What is held at its end counts at the last close.
"""

import collections
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import hashlib
import itertools
import math
import pathlib
from typing import Any

import msgspec
import numpy as np

from sting.backtest import ledger
from sting.backtest import result as results
from sting.backtest.figures import analyzer
from sting.backtest.figures import benchmark as benchmarks
from sting.backtest.figures import metrics
from sting.backtest.figures import selection
from sting.backtest.robust import joined
from sting.backtest.robust import windows
from sting.backtest.sweeping import cases
from sting.backtest.sweeping import executors
from sting.backtest.sweeping import spaces
from sting.backtest.sweeping import sweeps
from sting.data import table
from sting.model import errors
from sting.model import market
from sting.strategy import loader
from sting.strategy import versions

# More combinations than these are drawn from for the probability of
# overfitting, which needs the days of every one.
MOST = 1_000
_BLOCKS = 16
_Told = Callable[[str, int, int], None]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What came of a window.

    Attributes:
        window: Its rows.
        train_start: Time of the first bar to learn on, nanoseconds, UTC.
        test_start: Time of the first bar of the test.
        test_end: Of the last.
        parameters: What was found; None where nothing traded, and the
            account stood still.
        failed: Combinations that the strategy refused or failed with.
        inside: The figure that was sought, on the bars to learn on.
        inside_cagr: The yearly growth there.
        outside: The same figure in the test.
        outside_cagr: The yearly growth there.
        total_return: In the test, a fraction.
        trades: Round trips that ended in the test.
    """

    window: windows.Window
    train_start: int
    test_start: int
    test_end: int
    parameters: Mapping[str, Any] | None
    failed: int
    inside: float | None = None
    inside_cagr: float | None = None
    outside: float | None = None
    outside_cagr: float | None = None
    total_return: float = 0.0
    trades: int = 0

    def to_json(self) -> dict[str, Any]:
        """Gives it as JSON has it."""
        return {
            'train_start': market.to_iso(self.train_start),
            'test_start': market.to_iso(self.test_start),
            'test_end': market.to_iso(self.test_end),
            'parameters': self.parameters,
            'failed': self.failed,
            'in_sample': self.inside,
            'out_of_sample': self.outside,
            'in_sample_cagr': self.inside_cagr,
            'out_of_sample_cagr': self.outside_cagr,
            'total_return': self.total_return,
            'trades': self.trades,
        }


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WalkForward:
    """What came of all windows.

    Attributes:
        result: The tests, joined to one run.
        metric: What was sought.
        combinations: How many there are.
        steps: The windows.
        overfitting: The probability that the best in one half of the time is
            below the median in the other; None where it cannot be told.
    """

    result: results.BacktestResult
    metric: str
    combinations: int
    steps: Sequence[Step]
    overfitting: float | None

    def with_result(self, result: results.BacktestResult) -> 'WalkForward':
        """Gives the same with more said of the joined run."""
        return dataclasses.replace(self, result=result)

    @property
    def efficiency(self) -> float | None:
        """Yearly growth of the tests over the mean of that learnt; Pardo.

        None where nothing was learnt that grew.
        """
        learnt = [
            step.inside_cagr
            for step in self.steps
            if step.inside_cagr is not None
        ]
        outside = self.result.metrics.cagr
        if not learnt or outside is None or np.mean(learnt) <= 0:
            return None
        return outside / float(np.mean(learnt))

    def stability(self) -> dict[str, dict[str, Any]]:
        """Gives for each parameter how it moved from window to window.

        Returns:
            By name: the values in order, how many differ, the most frequent
            one and its share, and the share of the windows that kept the
            value of the one before.
        """
        chosen = [s.parameters for s in self.steps if s.parameters is not None]
        found = {}
        for name in chosen[0] if chosen else ():
            values = [each[name] for each in chosen]
            ((mode, times),) = collections.Counter(values).most_common(1)
            kept = [one == two for one, two in itertools.pairwise(values)]
            found[name] = {
                'values': values,
                'distinct': len(set(values)),
                'mode': mode,
                'mode_share': times / len(values),
                'kept': float(np.mean(kept)) if kept else None,
            }
        return found

    def to_json(self) -> dict[str, Any]:
        """Gives the object that `sting walkforward --json` prints."""
        return {
            **self.result.to_json(),
            'metric': self.metric,
            'combinations': self.combinations,
            'windows': [step.to_json() for step in self.steps],
            'efficiency': self.efficiency,
            'overfitting_probability': self.overfitting,
            'stability': self.stability(),
        }


def run(
    case: cases.Case,
    grid: Sequence[str],
    *,
    train: int,
    test: int,
    metric: str = 'sharpe',
    anchored: bool = False,
    workers: int = 1,
    pool: executors.Pool | None = None,
    seed: int = 0,
    warnings: Sequence[str] = (),
    told: _Told = lambda *_: None,
) -> tuple[WalkForward, ledger.Data, ledger.Trial]:
    """Walks forward.

    Args:
        case: The strategy and all bars.
        grid: As `spaces.parse` takes it.
        train: Days with bars that each window learns on.
        test: Days that each is held to.
        metric: What is sought: one of `cases.METRICS`.
        anchored: Whether all windows begin with the first bar.
        workers: How many runs at a time.
        pool: Where the searches run, and stays; None starts workers.
        seed: Of the combinations that are drawn where there are too many.
        warnings: What a reader has to know of the data.
        told: Is given a line before each step, how many are done, and how
            many there are.

    Returns:
        What came of it, and all bars and the search as the ledger has them.

    Raises:
        errors.InputError: An option makes no sense, or there are too few
            days.
        errors.StrategyError: The strategy cannot be loaded, or it raised in a
            test.
    """
    cases.check_metric(metric)
    cuts = windows.split(case.bars, train, test, anchored=anchored)
    with versions.Recorder(case.strategy) as recorder:
        kind = loader.load(case.strategy, recorder)
    version = recorder.version()
    space = spaces.parse(grid, kind.parameters)
    values = {axis.name: axis.values for axis in space.axes}
    first = sweeps.Sweep(
        case.strategy,
        case.bars,
        case.gate(),
        lambda _: space,
        parameters=case.parameters,
        assumed=case.assumed,
    )
    walked = _Walk(case.assumed.cash, warnings)
    with _pool(pool, first, workers) as where:
        for number, window in enumerate(cuts, start=1):
            told(f'window {number} of {len(cuts)}', number - 1, len(cuts) + 1)
            rows = sweeps.sweep(
                case.strategy,
                window.train(case.bars),
                case.gate(),
                values,
                parameters=case.parameters,
                assumed=case.assumed,
                pool=where,
            )
            best, failed = _best(rows, metric)
            walked.take(case, window, metric, best, failed)
    told(
        'all combinations, for the probability of overfitting',
        len(cuts),
        len(cuts) + 1,
    )
    returns = _returns(case, space, seed)
    code = version.code if version.sources else None
    assumptions = {
        **case.assumed.told(),
        'rules': case.gate().rule_set().names,
        'timeframe': case.bars.timeframe,
        'generated': case.bars.generated,
        'walkforward': 'anchored' if anchored else 'rolling',
        'train_days': train,
        'test_days': test,
        'grid': list(grid),
        'metric': metric,
        'seed': seed,
    }
    result = walked.result(case, code, assumptions)
    found = WalkForward(
        result=result,
        metric=metric,
        combinations=len(space),
        steps=walked.steps,
        overfitting=_overfitting(returns),
    )
    bars = case.bars
    data = ledger.Data(
        result.data_hash,
        bars.symbols,
        int(bars.timestamp[0]),
        int(bars.timestamp[-1]),
    )
    return found, data, _trial(case, code, grid, len(space), returns)


def _pool(
    given: executors.Pool | None, first: sweeps.Sweep, workers: int
) -> contextlib.AbstractContextManager[executors.Pool]:
    """Gives where the searches run; ends what was started for them."""
    if given is not None:
        return contextlib.nullcontext(given)
    # A process takes longer to start than many a search.
    return executors.Threads(1) if workers == 1 else first.pool(workers)


def counted(
    found: WalkForward,
    data: ledger.Data,
    search: ledger.Trial,
    path: pathlib.Path,
) -> WalkForward:
    """Writes a walk down and says how much of it the search explains.

    All combinations are trials, and so is the walk: who tries other windows
    or another figure tries again.

    Args:
        found: What `run` gave; the next two as well.
        data: All bars.
        search: The combinations on them.
        path: The ledger's file; its folder is made.
    """
    result = ledger.searched(found.result, data, search, path)
    if result.trials is not None:
        _, own = ledger.of_result(found.result)
        own = own._replace(kind='walkforward')
        result = ledger.searched(result, data, own, path)
    return found.with_result(result)


def _best(rows: Any, metric: str) -> tuple[sweeps.Row | None, int]:
    """Gives the best run that has the figure, and how many failed."""
    found: sweeps.Row | None = None
    failed = 0
    for row in rows:
        failed += bool(row.error)
        if row.error or row.figures[metric] is None:
            continue
        if found is None or sweeps.better(
            metric, row.figures[metric], found.figures[metric]
        ):
            found = row
    return found, failed


class _Walk:
    """The tests so far, joined."""

    def __init__(self, cash: float, warnings: Sequence[str]) -> None:
        self.steps: list[Step] = []
        self._warnings = warnings
        self._start = cash
        self._cash = cash
        self._made: list[results.BacktestResult] = []
        self._curves: list[analyzer.EquityCurve] = []

    def take(
        self,
        case: cases.Case,
        window: windows.Window,
        metric: str,
        best: sweeps.Row | None,
        failed: int,
    ) -> None:
        """Holds what was found to the test, with the cash that is left."""
        bars = window.test(case.bars)
        step = Step(
            window=window,
            train_start=int(case.bars.timestamp[window.start]),
            test_start=int(bars.timestamp[0]),
            test_end=int(bars.timestamp[-1]),
            parameters=None if best is None else dict(best.parameters),
            failed=failed,
        )
        if best is None or self._cash <= 0:
            self._stand(bars)
            self.steps.append(step)
            return
        assumed = msgspec.structs.replace(case.assumed, cash=self._cash)
        made = dataclasses.replace(
            case,
            bars=bars,
            parameters={**case.parameters, **best.parameters},
            assumed=assumed,
        ).play(warm=window.train(case.bars), warnings=self._warnings)
        self._made.append(made)
        self._curves.append(made.curve)
        self._cash = made.metrics.final_equity
        self.steps.append(
            dataclasses.replace(
                step,
                inside=best.figures[metric],
                inside_cagr=best.figures['cagr'],
                outside=getattr(made.metrics, metric),
                outside_cagr=made.metrics.cagr,
                total_return=made.metrics.total_return,
                trades=len(made.trades),
            )
        )

    def _stand(self, bars: table.BarTable) -> None:
        """Lets a test pass without a trade."""
        stamps = np.unique(bars.timestamp)
        still = np.full(len(stamps), self._cash)
        self._curves.append(
            analyzer.EquityCurve(
                start=self._cash,
                timestamp=stamps,
                equity=still,
                cash=still,
                exposed=np.zeros(len(stamps), np.bool_),
            )
        )

    def result(
        self,
        case: cases.Case,
        code: str | None,
        assumptions: Mapping[str, Any],
    ) -> results.BacktestResult:
        """Gives all tests as one run."""
        curve = joined.curves(self._start, self._curves)
        tested = case.bars.take(slice(self.steps[0].window.cut, None))
        benchmark = None
        if len(tested.symbols) == 1:
            benchmark = benchmarks.of_bars(
                tested, case.assumed.actions, case.assumed.calendar
            )
            held = benchmark.equity(curve.timestamp, self._start)
            curve = dataclasses.replace(curve, benchmark=held)
        fills = joined.fills([made.fills for made in self._made])
        trips = joined.trips([made.trades for made in self._made])
        # Else what the account made would be more than the round trips.
        still_open = [
            trip for made in self._made for trip in made.tables.open_trades
        ]
        analyst = analyzer.PerformanceAnalyzer()
        whole = hashlib.blake2b(digest_size=32)
        for made in self._made:
            whole.update(made.log_hash.encode())
        return results.BacktestResult(
            strategy=case.strategy,
            parameters=case.parameters,
            symbols=tested.symbols,
            start=int(tested.timestamp[0]),
            end=int(tested.timestamp[-1]),
            bars=len(tested),
            orders=sum(made.orders for made in self._made),
            verdicts=joined.verdicts_of(
                case.gate().rule_set().names,
                [made.verdicts for made in self._made],
            ),
            fills=fills,
            trades=trips,
            curve=curve,
            metrics=analyst.analyze(
                curve,
                fills,
                trips,
                joined.flows([made.metrics for made in self._made]),
            ),
            tables=analyst.tabulate(case.strategy, curve, trips, still_open),
            benchmark=None if benchmark is None else benchmark.name,
            data_hash=case.bars.digest(),
            code_hash=code,
            log_hash=whole.hexdigest(),
            elapsed_s=sum(made.elapsed_s for made in self._made),
            assumptions=assumptions,
            warnings=(
                *dict.fromkeys(
                    [
                        *self._warnings,
                        *(w for made in self._made for w in made.warnings),
                    ]
                ),
                'each test begins flat, and what it holds at its end counts '
                'at the last close',
            ),
        )


def _returns(
    case: cases.Case, space: spaces.Space, seed: int
) -> list[metrics.FloatArray]:
    """Runs the combinations on all bars and gives their daily returns.

    Those that the strategy refuses or does not trade with are left out.
    """
    if len(space) > MOST:
        space = space.drawn(MOST, cases.stream(seed, 5))
    found = []
    for number in range(len(space)):
        varied = dataclasses.replace(
            case, parameters={**case.parameters, **space.point(number)}
        )
        try:
            returns = varied.figures().curve.returns
        except errors.StrategyError:
            continue
        if metrics.sharpe(returns) is not None:
            found.append(returns)
    return found


def _overfitting(returns: Sequence[metrics.FloatArray]) -> float | None:
    """Gives the probability of overfitting; None for too few days or runs."""
    if len(returns) < 2:
        return None
    days = max(len(each) for each in returns)
    blocks = min(_BLOCKS, days // 2 // 2 * 2)
    if blocks < 2:
        return None
    matrix = np.zeros((days, len(returns)))
    for column, each in zip(matrix.T, returns, strict=True):
        # Nothing moves any more where the money is gone.
        column[: len(each)] = each
    return selection.overfitting_probability(matrix, blocks)


def _trial(
    case: cases.Case,
    code: str | None,
    grid: Sequence[str],
    combinations: int,
    returns: Sequence[metrics.FloatArray],
) -> ledger.Trial:
    """Gives the search as the ledger has it, by its runs on all bars."""
    year = math.sqrt(metrics.DAYS_A_YEAR)
    sharpes = [value for each in returns if (value := metrics.sharpe(each))]
    found = ledger.tally([value / year for value in sharpes])
    if found.trials and combinations > MOST:
        # Those that were drawn stand for all.
        spread = found.variance * (combinations - 1)
        found = ledger.Tally(combinations, found.mean, spread)
    return ledger.Trial(
        kind='walkforward',
        strategy=case.strategy,
        code=code or '',
        key=ledger.key(
            case.strategy,
            code,
            {**case.parameters, 'grid': list(grid)},
            case.assumed.told(),
        ),
        tally=found,
        days=max((len(each) for each in returns), default=0),
    )
