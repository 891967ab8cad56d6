"""How a connection is: its states, their reasons, and what was heard on it."""

from collections.abc import Callable
import enum
from typing import Final

import msgspec

from sting.engine import clock as clocks
from sting.model import market

# The clocks of both ends are compared by the quickest message of a stretch.
STRETCH: Final = 64
_STRETCH_S: Final = 60.0


class Link(enum.StrEnum):
    """How a connection is."""

    CLOSED = 'closed'
    CONNECTED = 'connected'
    # It works, and what happened without it is being asked for.
    RECONCILING = 'reconciling'
    # It works, and something is wrong with it.
    DEGRADED = 'degraded'
    # It is there, and nothing comes though something should.
    SILENT = 'silent'
    LOST = 'lost'
    RECONNECTING = 'reconnecting'


_CLOCK = 'clock'


class Change(msgspec.Struct, frozen=True):
    """A connection changed.

    Attributes:
        name: The connection.
        before: How it was.
        state: How it is.
        reason: Why; empty where nothing is wrong.
        timestamp: When, nanoseconds since the epoch, UTC.
    """

    name: str
    before: Link
    state: Link
    reason: str
    timestamp: int


def nobody(change: Change) -> None:
    """Is told of changes and does nothing."""


class ConnectionMonitor:
    """Knows how a connection is, and tells of each change.

    It belongs to one event loop. Whoever keeps the connection says what
    happens to it; whoever reads it says what is heard. Complaints make a
    connection that works a degraded one, until they were not made again for a
    while.

    Attributes:
        name: The connection.
        state: How it is.
        reason: Why.
        reconciles: Whether somebody asks what happened in between before a
            new connection counts as connected, and says `settled` then.
        skew_s: How much later this machine's clock was than the other end's
            when the quickest message of the last stretch came, seconds: the
            way of the message and the difference of the clocks. None before
            the first stretch, and where messages have no time.
    """

    def __init__(
        self,
        name: str,
        time_source: clocks.Clock,
        told: Callable[[Change], None] = nobody,
        *,
        most_skew_s: float = 2.0,
        calm_s: float = 60.0,
    ) -> None:
        """Begins with a closed connection.

        Args:
            name: The connection.
            time_source: Stamps changes and measures ages.
            told: Called with each change.
            most_skew_s: A larger difference of the clocks is complained of.
            calm_s: So long after it was last made a complaint is forgotten.
        """
        self.name = name
        self.state = Link.CLOSED
        self.reason = ''
        self.reconciles = False
        self.skew_s: float | None = None
        self._clock = time_source
        self._told = [told]
        self._most_skew_s = most_skew_s
        self._calm_s = calm_s
        self._complaints: dict[str, tuple[str, float]] = {}
        self._heard: dict[str, float] = {}
        self._counts = {'connections': 0, 'drops': 0, 'messages': 0}
        self._quickest: int | None = None
        self._measured = 0
        self._measured_since = 0.0

    def connected(self) -> None:
        """Says that the connection is there, and ready."""
        self._counts['connections'] += 1
        self._complaints.clear()
        self._turn(Link.RECONCILING if self.reconciles else Link.CONNECTED, '')

    def unsettled(self, reason: str) -> None:
        """Says that what happened in between is not known yet, and why."""
        if self.works:
            self._turn(Link.RECONCILING, reason)

    def settled(self) -> None:
        """Says that what happened in between is known."""
        if self.works:
            self._weigh()

    def watch(self, told: Callable[[Change], None]) -> None:
        """Has somebody else told of each change too.

        Args:
            told: Called with each change.
        """
        self._told.append(told)

    def silent(self, reason: str) -> None:
        """Says that nothing comes, though something should."""
        self._counts['drops'] += 1
        self._turn(Link.SILENT, reason)

    def lost(self, reason: str, *, final: bool = False) -> None:
        """Says that the connection broke, or could not be made.

        One that is being made again stays so, with the new reason, so that a
        long outage is no flood of changes.

        Args:
            reason: Why.
            final: It is not made again.
        """
        if self.works:
            self._counts['drops'] += 1
        again = self.state is Link.RECONNECTING and not final
        self._turn(Link.RECONNECTING if again else Link.LOST, reason)

    def reconnecting(self) -> None:
        """Says that it is made again; the reason stays."""
        self._turn(Link.RECONNECTING, self.reason)

    def closed(self) -> None:
        """Says that it was closed; why, where it did not work before."""
        reason = '' if self.works else self.reason
        self._complaints.clear()
        self._turn(Link.CLOSED, reason)

    @property
    def works(self) -> bool:
        """Whether messages may come."""
        return self.state in {Link.CONNECTED, Link.RECONCILING, Link.DEGRADED}

    @property
    def skewed(self) -> str:
        """How the clocks of both ends differ; empty where they agree."""
        return self._complaints.get(_CLOCK, ('', 0.0))[0]

    def complain(self, topic: str, reason: str) -> None:
        """Says that something is wrong with a connection that works.

        Args:
            topic: One word; a later complaint of the topic takes its place.
            reason: One sentence.
        """
        if self.works:
            until = self._clock.monotonic() + self._calm_s
            self._complaints[topic] = reason, until
            if self.state is not Link.RECONCILING:
                self._weigh()

    def heard(self, symbol: str, sent: int | None = None) -> None:
        """Says that a message came.

        Args:
            symbol: Of which instrument.
            sent: When the other end sent it by its clock, nanoseconds since
                the epoch, UTC.
        """
        now = self._clock.monotonic()
        self._counts['messages'] += 1
        self._heard[symbol] = now
        if sent is not None:
            self._compare(sent, now)
        if self._complaints:
            self._forget(now)

    def ages(self) -> dict[str, float]:
        """Gives the seconds since the last message of each instrument."""
        now = self._clock.monotonic()
        return {symbol: now - when for symbol, when in self._heard.items()}

    def statistics(self) -> dict[str, float]:
        """Counts: connections made, drops, messages."""
        return {name: float(count) for name, count in self._counts.items()}

    def _compare(self, sent: int, now: float) -> None:
        late = self._clock.now() - sent
        if self._quickest is None:
            self._quickest = late
            self._measured_since = now
        self._quickest = min(self._quickest, late)
        self._measured += 1
        if self._measured < STRETCH and now - self._measured_since < _STRETCH_S:
            return
        self.skew_s = self._quickest / market.NANOSECONDS
        self._quickest = None
        self._measured = 0
        if self.skew_s > self._most_skew_s:
            self.complain(
                _CLOCK,
                f'messages are {self.skew_s:.1f} s old when they come, or the '
                'clock here is ahead',
            )
        elif self.skew_s < -self._most_skew_s:
            self.complain(
                _CLOCK, f'the clock here is {-self.skew_s:.1f} s behind'
            )

    def _forget(self, now: float) -> None:
        over = [
            topic
            for topic, (_, until) in self._complaints.items()
            if until <= now
        ]
        for topic in over:
            del self._complaints[topic]
        if over and self.state is not Link.RECONCILING:
            self._weigh()

    def _weigh(self) -> None:
        reasons = [reason for reason, _ in self._complaints.values()]
        self._turn(
            Link.DEGRADED if reasons else Link.CONNECTED, '; '.join(reasons)
        )

    def _turn(self, state: Link, reason: str) -> None:
        if (state, reason) == (self.state, self.reason):
            return
        change = Change(self.name, self.state, state, reason, self._clock.now())
        self.state, self.reason = state, reason
        for told in self._told:
            told(change)
