"""The seam between the engine and whatever runs its strategies.

`isolated.IsolatedHost` gives each a process of its own and is what an engine
uses; `inprocess.InProcessHost` runs them where the engine runs, for simulation
and for tests that have to be the same every time.
"""

from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple
from typing import Protocol

from sting.engine import step
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from sting.model import specs
from sting.strategy import context

# Events that may wait for a strategy before it counts as failed.
WAITING = 10_000

Emit = Callable[[str, int, Sequence[orders.Signal]], None]
Note = Callable[[str, context.LogLine], None]
Keep = Callable[[records.StrategyState], None]


class Status(Protocol):
    """Is told each change of a strategy's state."""

    def __call__(
        self, status: records.StrategyStatus, cause: int = 0, /
    ) -> None:
        """Takes a state.

        Args:
            status: The state.
            cause: Number of the event that it answers; 0 for none.
        """
        ...


class Vitals(NamedTuple):
    """How a strategy's process is.

    Attributes:
        pid: Its number; 0 without one.
        restarts: How often it was started again by itself.
        late: How many answers took longer than `late_ms`.
        waiting: Events that it has yet to answer.
    """

    pid: int = 0
    restarts: int = 0
    late: int = 0
    waiting: int = 0


class Missed(NamedTuple):
    """What a strategy has to be told again, from its saved state on.

    Attributes:
        state: What its `save_state` gave, as JSON.
        book: What it held when it gave that.
        working: Its orders that worked then.
        events: What concerned it since, oldest first.
        answers: What it wanted since: the event that it answered, the kind
            of the wish, the order's id.
        note: What its user should know of it.
    """

    state: bytes
    book: portfolio.Portfolio
    working: Sequence[orders.Order] = ()
    events: Sequence[step.Notify] = ()
    answers: frozenset[tuple[int, str, str]] = frozenset()
    note: str = ''


# Reads what was missed from the log; called in a thread.
Recall = Callable[[], Missed]


class Subscription:
    """What a strategy is to hear of, and what it heard already.

    Attributes:
        spec: What was configured.
    """

    def __init__(self, spec: specs.StrategySpec) -> None:
        """Sets up a subscription to which nothing was delivered."""
        self.spec = spec
        # By symbol, the time of the first bar that was delivered.
        self._first: dict[str, int] = {}

    def takes(self, event: events.Event, order: orders.Order | None) -> bool:
        """Says whether it is to hear of an event, which then counts as heard.

        Unclosed bars are for nobody.

        Args:
            event: The event.
            order: The order after it, where it is about one.
        """
        symbols = self.spec.symbols
        if order is not None:
            return order.strategy == self.spec.name
        if symbols and event.symbol and event.symbol not in symbols:
            return False
        if event.type is events.EventType.MARKET_DATA:
            if not event.data.closed:
                return False
            stamp = event.data.timestamp
            first = self._first.get(event.symbol)
            # What was missed is fed after the first that was not.
            if first is None or stamp < first:
                self._first[event.symbol] = stamp
        return True

    def past(
        self, history: Sequence[market.MarketData]
    ) -> Iterator[market.MarketData]:
        """Gives the bars of its symbols that will not be delivered too."""
        symbols = self.spec.symbols
        for bar in history:
            first = self._first.get(bar.symbol, bar.timestamp + 1)
            if bar.timestamp < first and (not symbols or bar.symbol in symbols):
                yield bar


class StrategyHost(Protocol):
    """Runs strategies, and keeps what they do from the engine.

    All is called in the engine's loop.
    """

    def start(
        self,
        name: str,
        *,
        seq: int,
        book: portfolio.Portfolio | None = None,
        history: Sequence[market.MarketData] = (),
        working: Sequence[orders.Order] = (),
        recall: Recall | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> Coroutine[Any, Any, None]:
        """Starts a strategy; events count for it from this call on.

        Args:
            name: The instance's name.
            seq: Number of the event that starts it.
            book: What it holds already; it is copied at once.
            history: Closed bars of before, oldest first, for its indicators.
            working: Its orders that work, which it is told before anything
                else.
            recall: Reads what it missed since its state was saved.
            given: What is set by hand over its parameters; None as it was.

        Returns:
            What to await until it runs or has failed.

        Raises:
            errors.StrategyError: There is no such instance.
        """
        ...

    async def stop(self, name: str, *, seq: int) -> None:
        """Stops a strategy; returns once nothing of it runs.

        Args:
            name: The instance's name; one that is not configured any more
                does not run.
            seq: Number of the event that stops it.
        """
        ...

    def deliver(
        self,
        event: events.Event,
        order: orders.Order | None = None,
        position: portfolio.Position | None = None,
    ) -> None:
        """Hands an event to the strategies that it concerns; never waits.

        Args:
            event: The event.
            order: The order after it, where it is about one.
            position: The position after it in the strategy's book, for a
                fill.
        """
        ...

    def is_running(self, name: str) -> bool:
        """Whether a strategy runs now."""
        ...

    def vitals(self, name: str) -> Vitals:
        """Says how a strategy's process is."""
        ...

    async def close(self, *, seq: int) -> None:
        """Stops them all; returns once nothing of them runs."""
        ...
