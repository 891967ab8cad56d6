"""What is kept of a sweep while it runs: the best of it, and counts."""

import bisect
import hashlib
import math
import pathlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sting import settings
from sting.backtest import ledger
from sting.backtest.figures import metrics
from sting.backtest.figures import selection
from sting.backtest.figures import summaries
from sting.backtest.sweeping import spaces
from sting.backtest.sweeping import sweeps
from sting.model import errors

SHOWN = 10


class Leaders:
    """The best runs so far.

    Attributes:
        runs: How many there were.
        failed: How many of them have no figures.
        first_error: Why the first of those has none.
        tally: Of the Sharpe ratios of those that traded.
    """

    def __init__(self, metric: str, count: int = SHOWN) -> None:
        """Begins with none.

        Args:
            metric: What they are compared by; one of `summaries.FIGURES`.
            count: How many are kept.

        Raises:
            errors.InputError: There is no such figure.
        """
        sweeps.check_metric(metric)
        self.runs = 0
        self.failed = 0
        self.first_error = ''
        self.tally = ledger.Tally()
        self._column = summaries.FIGURES.index(metric)
        self._sign = -1.0 if metric in summaries.LOWER else 1.0
        self._count = count
        # The worse, the later; of equals the first of the sweep comes first.
        self._best: list[tuple[float, int]] = []
        self._figures: dict[int, npt.NDArray[np.float64]] = {}

    def add(self, block: sweeps.Block) -> None:
        """Takes the next runs of a sweep."""
        self.runs += len(block.numbers)
        self.failed += len(block.errors)
        if block.errors and not self.first_error:
            self.first_error = block.errors[min(block.errors)]
        values = self._sign * block.figures[:, self._column]
        least = -self._best[-1][0] if self._full else -math.inf
        for place in np.flatnonzero(values > least).tolist():
            number = block.numbers[place]
            bisect.insort(self._best, (-float(values[place]), number))
            self._figures[number] = block.figures[place].copy()
            if len(self._best) > self._count:
                _, worst = self._best.pop()
                del self._figures[worst]
        sharpes = block.figures[:, summaries.FIGURES.index('sharpe')]
        known = sharpes[np.isfinite(sharpes)] / math.sqrt(metrics.DAYS_A_YEAR)
        self.tally = self.tally.joined(ledger.tally(known))

    def rows(self, space: spaces.Space) -> list[sweeps.Row]:
        """Gives the best runs, the best first.

        A run at which the figure is undefined is none of them.

        Args:
            space: The combinations.
        """
        return [
            sweeps.row(space, number, self._figures[number])
            for _, number in self._best
        ]

    @property
    def _full(self) -> bool:
        return len(self._best) == self._count


class Luck(NamedTuple):
    """What the ledger says of a sweep.

    Attributes:
        trials: On these data, its runs too; None without a ledger.
        deflated: The deflated Sharpe ratio of the best run; None where it is
            undefined.
        warning: Why there is no ledger; or empty.
    """

    trials: int | None = None
    deflated: float | None = None
    warning: str = ''


def counted(swept: sweeps.Sweep, found: Leaders, path: pathlib.Path) -> Luck:
    """Writes a sweep into the ledger of trials, as one search.

    Args:
        swept: What was run.
        found: What came of it.
        path: The ledger's file; its folder is made.
    """
    work = swept.work
    best = found.rows(work.space)[:1]
    returns = swept.returns(best[0]) if best else np.empty(0)
    moments = selection.moments(returns)
    bars = work.bars
    whole = len(bars) > 0
    data = ledger.Data(
        bars.digest(),
        tuple(bars.symbols),
        int(bars.timestamp[0]) if whole else 0,
        int(bars.timestamp[-1]) if whole else 0,
    )
    searched: dict[str, object] = {**work.parameters}
    searched |= {axis.name: axis.values for axis in work.space.axes}
    if work.space.picks is not None:
        searched['picks'] = hashlib.blake2b(
            work.space.picks.tobytes()
        ).hexdigest()
    trial = ledger.Trial(
        kind='sweep',
        strategy=work.reference,
        code=swept.code or '',
        key=ledger.key(
            work.reference, swept.code, searched, work.assumed.told()
        ),
        tally=found.tally,
        days=len(returns),
        skew=0.0 if moments is None else moments[0],
        kurtosis=3.0 if moments is None else moments[1],
    )
    try:
        settings.make_private(path.parent)
        tally = ledger.Ledger(path).add(data, trial)
    except (errors.LedgerError, errors.ConfigError) as error:
        return Luck(warning=str(error))
    if not best or not tally.trials:
        return Luck(tally.trials)
    return Luck(
        tally.trials,
        selection.deflated_among(returns, tally.trials, tally.variance),
    )
