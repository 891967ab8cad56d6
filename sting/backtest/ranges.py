"""The same run under every mode of filling."""

from collections.abc import Callable
import dataclasses

import msgspec

from sting.backtest import ambiguity
from sting.backtest import assumptions
from sting.backtest import engine
from sting.backtest import result as results
from sting.simulator import modes

Once = Callable[
    [assumptions.Assumptions, engine.Progress | None], results.BacktestResult
]


def run(
    once: Once,
    assumed: assumptions.Assumptions,
    progress: engine.Progress | None = None,
) -> results.BacktestResult:
    """Runs it in all modes of filling.

    Args:
        once: Runs it by what is assumed, telling its progress.
        assumed: What the result is of; only `fill` differs in the others.
        progress: Told now and then how many bars are done, and of how many,
            those of all runs together.

    Returns:
        The result as assumed, with its range.
    """
    order = [
        assumed.fill,
        *(each for each in modes.NAMES if each != assumed.fill),
    ]
    runs = {}
    for nth, name in enumerate(order):
        own = msgspec.structs.replace(assumed, fill=name)
        runs[name] = once(own, _part(progress, nth, len(order)))
    shown = runs[assumed.fill]
    ambiguous, fills = ambiguity.differing(
        [each.fills for each in runs.values()]
    )
    found = ambiguity.FillRange(
        start=shown.curve.start,
        outcomes={name: _outcome(runs[name]) for name in modes.NAMES},
        ambiguous=ambiguous,
        fills=fills,
    )
    return dataclasses.replace(shown, range=found)


def _outcome(result: results.BacktestResult) -> ambiguity.Outcome:
    figures = result.metrics
    return ambiguity.Outcome(
        final_equity=figures.final_equity,
        total_return=figures.total_return,
        max_drawdown=figures.max_drawdown,
        sharpe=figures.sharpe,
        fills=len(result.fills),
        trades=len(result.trades),
    )


def _part(
    progress: engine.Progress | None, nth: int, count: int
) -> engine.Progress | None:
    """Gives what one of several runs tells its progress to."""
    if progress is None:
        return None
    tell = progress
    return lambda done, total: tell(nth * total + done, count * total)
