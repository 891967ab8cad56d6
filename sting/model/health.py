"""How the engine itself is: how long things take, its memory, its disk.

Nothing of it is in the log: it is measured by the machine's own clock.
"""

import enum
from typing import Final

import msgspec

# What is timed of the engine itself.
LOOP: Final = 'loop late'
LOG: Final = 'event to log'
# Where the buckets of a histogram end, in milliseconds; one more bucket has
# all that is longer.
ENDS_MS = (
    *(step * 10.0**power for power in range(-2, 4) for step in (1, 2, 5)),
    10_000.0,
)


class Latency(msgspec.Struct, frozen=True, gc=False):
    """How long something took, the last times.

    Attributes:
        name: What; of a strategy or a broker with its name.
        counts: How often it took so long: up to each of ENDS_MS, and longer.
        p50_ms: The median, milliseconds.
        p99_ms: The 99th percentile, by nearest rank.
        max_ms: The longest.
    """

    name: str
    counts: tuple[int, ...]
    p50_ms: float
    p99_ms: float
    max_ms: float

    @property
    def taken(self) -> int:
        """Of how many times these figures are."""
        return sum(self.counts)


class Sums(msgspec.Struct, frozen=True, gc=False):
    """How long something took, all times since the engine started.

    Attributes:
        counts: How often it took so long: up to each of ENDS_MS, and longer.
        total_s: The seconds of all times together.
    """

    counts: tuple[int, ...]
    total_s: float


class ProcessRow(msgspec.Struct, frozen=True, gc=False):
    """A process of the engine's.

    What the machine does not tell is None.

    Attributes:
        name: `engine`, or the strategy that runs in it.
        pid: Its number.
        memory: Bytes that it has in memory.
        peak: The most that it had.
        growth: By how many bytes an hour that grows, over the last hour; None
            in its first five minutes.
        cpu: Its share of one processor since it was last looked at.
        cpu_s: Seconds of a processor that it has used.
        files: Files, sockets and pipes that it has open.
    """

    name: str
    pid: int
    memory: int | None = None
    peak: int | None = None
    growth: float | None = None
    cpu: float | None = None
    cpu_s: float | None = None
    files: int | None = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the engine is, a second old at most.

    Attributes:
        latencies: What is timed, the engine's own first.
        processes: The engine, then its strategies.
        log: Bytes of the event log, archived segments included.
        log_growth: By how many bytes an hour it grows, over the last hour;
            None in the first five minutes.
        free: Bytes that are free where the log is; None where that is not
            known.
        disk: Bytes of that disk.
        clock_step: Seconds that the machine's clock was moved by in the last
            minute, which a clock that keeps time is not; None in the first.
    """

    latencies: tuple[Latency, ...] = ()
    processes: tuple[ProcessRow, ...] = ()
    log: int = 0
    log_growth: float | None = None
    free: int | None = None
    disk: int | None = None
    clock_step: float | None = None


# What an engine does where the machine runs short, in this order.
STEPS: Final = (
    'fewer pictures',
    'caches dropped',
    'old events archived',
    'backtests stopped',
    'reducing',
    'halted',
)


# How many of them are taken once each is.
THIN, CACHES, ARCHIVE, BACKTESTS, REDUCING, HALTED = range(1, len(STEPS) + 1)


class Easing(msgspec.Struct, frozen=True):
    """How far the engine gives way to what the machine lacks.

    Attributes:
        level: How many of STEPS are taken.
        reasons: What there is too little of, with figures.
    """

    level: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def step(self) -> str:
        """The last step that was taken; empty for none."""
        return STEPS[self.level - 1] if self.level else ''


class Condition(enum.StrEnum):
    """How well something is."""

    OK = 'ok'
    # It works, and not all of it, or not as well as it should.
    DEGRADED = 'degraded'
    # What it is there for it does not do.
    FAILING = 'failing'


class Finding(msgspec.Struct, frozen=True, gc=False):
    """Something that is not well.

    Attributes:
        state: How much that matters.
        area: What it is of: engine, log, loop, feed, broker, alerts, lane,
            strategy, inbox, disk, clock or resources.
        reason: One sentence for a person.
    """

    state: Condition
    area: str
    reason: str


class Verdict(msgspec.Struct, frozen=True):
    """How the engine is, and why.

    Attributes:
        state: The worst of what was found; ok where nothing was.
        reasons: What was found, the worst first.
    """

    state: Condition = Condition.OK
    reasons: tuple[Finding, ...] = ()
