"""How long it takes from an event to the log, and to what answers it.

Measured while the engine runs, by the machine's own clock, so not in the log.
"""

import bisect
import collections
import math

from sting.engine import clock
from sting.model import health
from sting.model import orders

# So many batches are remembered; an order that answers an older one is late
# beyond all measure.
BATCHES = 8_192
# The figures are of so many of the last orders.
KEPT = 1_000


_ENDS_S = tuple(end / 1e3 for end in health.ENDS_MS)


class Recent(collections.deque[float]):
    """The seconds that something took the last times, and sums of all times."""

    def __init__(self) -> None:
        super().__init__(maxlen=KEPT)
        self._counts = [0] * (len(_ENDS_S) + 1)
        self._total_s = 0.0

    def append(self, seconds: float) -> None:
        """Takes how long it took once more."""
        super().append(seconds)
        self._counts[bisect.bisect_left(_ENDS_S, seconds)] += 1
        self._total_s += seconds

    def sums(self) -> health.Sums:
        """Gives the sums, as they are now."""
        return health.Sums(tuple(self._counts), self._total_s)


def recent() -> Recent:
    """Gives a place for the seconds that something took the last times."""
    return Recent()


class BarToOrder:
    """Times orders: from when the engine took the event that they answer.

    To when they are handed to the broker; the log's commits and the strategy
    lie between.
    """

    def __init__(self, time_source: clock.Clock) -> None:
        self._clock = time_source
        self._firsts: list[int] = []
        self._times: list[float] = []
        self._took: dict[str, Recent] = {}
        self._decided: dict[str, Recent] = {}
        self._sent: dict[str, Recent] = {}
        self._durable = recent()

    def batch(self, first: int) -> None:
        """Notes that a batch of events is taken now.

        Args:
            first: Number of its first event.
        """
        self._firsts.append(first)
        self._times.append(self._clock.monotonic())
        if len(self._firsts) > 2 * BATCHES:
            del self._firsts[:BATCHES]
            del self._times[:BATCHES]

    def durable(self, now: float) -> None:
        """Notes that the batch taken last is in the log.

        Args:
            now: Seconds of the clock.
        """
        if self._times:
            self._durable.append(now - self._times[-1])

    def placed(self, order: orders.Order) -> None:
        """Notes that an order goes to the broker now.

        Not one that had to wait for others to be cancelled.

        Args:
            order: The order; the operator's answer no event.
        """
        answered = order.id.split('-')[1:2]
        if (
            not order.strategy
            or order.parent
            or order.seq != order.cause + 1
            or not answered
            or not answered[0].isdecimal()
        ):
            return
        came = self._taken(int(answered[0]))
        if came is None:
            return
        now, name = self._clock.monotonic(), order.strategy
        self._took.setdefault(name, recent()).append(now - came)
        signalled = self._taken(order.cause)
        if signalled is not None:
            self._decided.setdefault(name, recent()).append(signalled - came)
            self._sent.setdefault(name, recent()).append(now - signalled)

    def _taken(self, seq: int) -> float | None:
        """Gives when an event was taken; None where that is long ago."""
        place = bisect.bisect_right(self._firsts, seq) - 1
        return self._times[place] if place >= 0 else None

    def recent(self) -> dict[str, Recent]:
        """Gives the seconds of the last times, by what took so long."""
        found = {health.LOG: self._durable}
        for strategy, took in self._took.items():
            found[f'order: {strategy}'] = took
        return found

    def halves(self) -> dict[str, Recent]:
        """Gives what an order takes in two: the decision, then the sending.

        The first ends when the engine takes the signal.
        """
        decided = {f'decision: {k}': took for k, took in self._decided.items()}
        return decided | {f'sending: {k}': t for k, t in self._sent.items()}

    def figures(self, strategy: str) -> tuple[float, float] | None:
        """Gives median and 99th percentile of a strategy's last orders.

        Args:
            strategy: The instance's name.

        Returns:
            Both in milliseconds; None before the first order.
        """
        kept = self._took.get(strategy)
        if not kept:
            return None
        ranked = sorted(kept)
        return _rank(ranked, 0.5) * 1e3, _rank(ranked, 0.99) * 1e3


def _rank(ranked: list[float], share: float) -> float:
    """The nearest-rank percentile."""
    return ranked[max(math.ceil(share * len(ranked)), 1) - 1]
