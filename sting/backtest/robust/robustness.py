"""What speaks against a backtest: all tests of one strategy, and a verdict."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import pathlib
from typing import Any

from sting.backtest import result as results
from sting.backtest.robust import confidence
from sting.backtest.robust import lookahead
from sting.backtest.robust import neighbourhood
from sting.backtest.robust import parts
from sting.backtest.robust import permutation
from sting.backtest.robust import stress
from sting.backtest.sweeping import cases
from sting.backtest.sweeping import executors
from sting.model import market

PARTS = ('lookahead', 'permutation', 'bootstrap', 'neighbourhood', 'costs')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """What the tests came to.

    Attributes:
        result: The run itself.
        metric: What runs were compared by.
        seed: Of all that was drawn.
        tests: What each test came to, in the order of `PARTS`.
    """

    result: results.BacktestResult
    metric: str
    seed: int
    tests: Sequence[parts.Part]

    @property
    def verdict(self) -> parts.Verdict:
        """The worst of all verdicts."""
        return parts.worst([part.verdict for part in self.tests])

    def to_json(self) -> dict[str, Any]:
        """Gives the object that `sting robustness --json` prints."""
        result = self.result
        return {
            'strategy': result.strategy,
            'parameters': dict(result.parameters),
            'symbols': list(result.symbols),
            'start': market.to_iso(result.start),
            'end': market.to_iso(result.end),
            'bars': result.bars,
            'metric': self.metric,
            'value': getattr(result.metrics, self.metric),
            'seed': self.seed,
            'verdict': str(self.verdict),
            'trials': result.trials,
            'deflated_sharpe': result.deflated_sharpe,
            **{part.name: part.to_json() for part in self.tests},
            'data_hash': result.data_hash,
            'code_hash': result.code_hash,
            'assumptions': dict(result.assumptions),
            'warnings': list(result.warnings),
        }


def run(
    case: cases.Case,
    result: results.BacktestResult,
    *,
    metric: str,
    only: Collection[str] = PARTS,
    files: Sequence[pathlib.Path] = (),
    runs: int = 200,
    cuts: int = 8,
    seed: int = 0,
    pool: executors.Pool | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Robustness:
    """Tests a strategy.

    Args:
        case: The backtest.
        result: What came of it.
        metric: One of `cases.METRICS`.
        only: Which of `PARTS`.
        files: Those that the bars were read from.
        runs: How many permutations.
        cuts: At how many moments it is asked whether it looks ahead.
        seed: Of all that is drawn.
        pool: Where runs are made; None for here.
        told: Is given each part's name before it begins.

    Returns:
        What the tests came to.

    Raises:
        errors.InputError: There is no such metric.
        errors.StrategyError: The strategy raised.
    """
    cases.check_metric(metric)
    tests: Mapping[str, Callable[[], parts.Part]] = {
        'lookahead': lambda: lookahead.check(case, files, cuts=cuts, seed=seed),
        'permutation': lambda: permutation.check(
            case, metric, runs=runs, seed=seed, pool=pool
        ),
        'bootstrap': lambda: confidence.check(
            result,
            paths=max(runs, confidence.PATHS),
            chance=cases.stream(seed, 4),
        ),
        'neighbourhood': lambda: neighbourhood.check(case, metric, pool),
        'costs': lambda: stress.check(case, metric, pool),
    }
    made = []
    for name, test in tests.items():
        if name in only:
            told(name)
            made.append(test())
    return Robustness(result=result, metric=metric, seed=seed, tests=made)


def text(found: Robustness) -> str:
    """Writes what the tests came to, for a terminal.

    Args:
        found: Of `run`.

    Returns:
        Lines with a newline at the end.
    """
    result = found.result
    lines = [
        result.strategy,
        f'  {", ".join(result.symbols)}, {market.to_iso(result.start)} to '
        f'{market.to_iso(result.end)}, seed {found.seed}',
        '',
    ]
    for part in found.tests:
        lines.append(f'{part.name:<14} {part.verdict:<5} {part.reason}')
        width = max((len(name) for name, _ in part.rows), default=0)
        lines += [f'  {name:<{width}}  {value}' for name, value in part.rows]
    lines += ['', f'verdict        {found.verdict}']
    if result.trials is not None and result.deflated_sharpe is not None:
        lines.append(
            f'tried on these data: {result.trials:,}; deflated Sharpe '
            f'{result.deflated_sharpe:.2f}'
        )
    lines += [f'warning: {warning}' for warning in result.warnings]
    return ''.join(f'{line}\n' for line in lines)
