"""What goes wrong in a world, and how often: drawn once a seed."""

from collections.abc import Sequence

import msgspec
import numpy as np

from sting.broker import interface
from sting.model import errors
from sting.model import orders
from sting.testing import broker


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """How often each thing goes wrong, as a share of the chances it has.

    Attributes:
        deaths: How often the process dies.
        slow_s: The longest that a commit or a request takes when slow.
        slow: Commits and requests that are slow.
        commit_fails: Commits that fail and leave nothing behind.
        commit_lies: Commits that are told to have failed and are durable.
        lost_request: Requests that never arrive and are never answered.
        lost_answer: Requests that arrive and are never answered.
        busy: Requests that are answered by 429 or 503.
        refused: Orders that the broker rejects.
        late: Reports that come late.
        doubled: Reports that come twice.
        drops: Chance of each minute that the connection is lost.
        bad_bar: Bars that are lost, doubled, swapped, stale or nonsense.
        jumps: Chance of each minute that the clock jumps.
        unasked: Chance of each minute of a fill that nobody asked for.
        doubled_signal: Signals that are handed over twice.
        dedupes: Whether the broker refuses an id that it has seen.
        batch: Events that are committed together, at most.
        checkpoint: Events between two checkpoints.
    """

    deaths: int
    slow_s: float
    slow: float
    commit_fails: float
    commit_lies: float
    lost_request: float
    lost_answer: float
    busy: float
    refused: float
    late: float
    doubled: float
    drops: float
    bad_bar: float
    jumps: float
    unasked: float
    doubled_signal: float
    dedupes: bool
    batch: int
    checkpoint: int


def draw(chance: np.random.Generator) -> Faults:
    """Draws what goes wrong in a world; each kind is absent in some."""

    def share(most: float) -> float:
        if chance.random() < 0.4:
            return 0.0
        return float(chance.random()) * most

    return Faults(
        deaths=int(chance.integers(0, 5)),
        slow_s=float(chance.choice([0.1, 2.0, 10.0])),
        slow=share(0.3),
        commit_fails=share(0.01),
        lost_request=share(0.15),
        lost_answer=share(0.15),
        busy=share(0.1),
        refused=share(0.1),
        late=share(0.4),
        doubled=share(0.3),
        drops=share(0.05),
        bad_bar=share(0.1),
        jumps=share(0.03),
        unasked=share(0.01),
        doubled_signal=share(0.2),
        dedupes=bool(chance.random() < 0.5),
        batch=int(chance.choice([1, 3, 2000])),
        checkpoint=int(chance.choice([50, 400, 100_000])),
        commit_lies=share(0.01),
    )


# Nothing is on its way for longer: a request arrives by then or never.
ON_THE_WAY_S = 2.0
TIMEOUT_S = 5.0


class RandomScript(broker.Script):
    """Draws what becomes of requests and reports.

    Attributes:
        quiet: Nothing goes wrong any more.
    """

    def __init__(self, faults: Faults, chance: np.random.Generator) -> None:
        """Sets up the script.

        Args:
            faults: How often what goes wrong.
            chance: Where it is drawn from.
        """
        self.quiet = False
        self._faults = faults
        self._chance = chance

    def fate(self, request: str) -> broker.Fate:
        """Says what becomes of a request; see `Script`."""
        faults = self._faults
        out = 0.001 + 0.05 * float(self._chance.random())
        back = 0.001 + 0.05 * float(self._chance.random())
        if self.quiet:
            return broker.Fate(out_s=out, back_s=back)
        if self._chance.random() < faults.slow:
            out += min(ON_THE_WAY_S, faults.slow_s) * self._chance.random()
            back += faults.slow_s * self._chance.random()
        kind = self._chance.random()
        if kind < faults.lost_request:
            return broker.Fate(
                out, TIMEOUT_S, False, errors.BrokerUnknownError('no answer')
            )
        kind -= faults.lost_request
        if kind < faults.lost_answer:
            return broker.Fate(
                out, TIMEOUT_S, True, errors.BrokerUnknownError('no answer')
            )
        kind -= faults.lost_answer
        if kind < faults.busy / 2:
            return broker.Fate(
                out, back, False, errors.BrokerError('429 too many requests')
            )
        if kind < faults.busy:
            done = bool(self._chance.random() < 0.5)
            return broker.Fate(
                out, back, done, errors.BrokerError('503 not available')
            )
        return broker.Fate(out, back)

    def refusal(self, order: orders.Order) -> str:
        """Says why an order is rejected; see `Script`."""
        if not self.quiet and self._chance.random() < self._faults.refused:
            return 'not today'
        return ''

    def deliveries(self, report: interface.Report) -> Sequence[float]:
        """Says when a report comes; see `Script`."""
        delay = 0.001 + 0.02 * float(self._chance.random())
        if self.quiet:
            return (delay,)
        if self._chance.random() < self._faults.late:
            delay += 20.0 * float(self._chance.random())
        if self._chance.random() < self._faults.doubled:
            return (delay, delay + 3.0 * float(self._chance.random()))
        return (delay,)
