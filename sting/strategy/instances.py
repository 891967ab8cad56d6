"""What a host keeps of each strategy: its process now, its failures so far."""

import asyncio
import hashlib

from sting.model import specs
from sting.strategy import handover
from sting.strategy import host
from sting.strategy import process

# After so many failures it is not started again by itself; one that ran well
# for so many seconds begins to count anew.
FAILURES = 3
GOOD_S = 600.0
BACKOFF_S = 1.0
BACKOFF_LIMIT_S = 60.0


def backoff(name: str, failures: int) -> float:
    """Gives how long to wait before a strategy is started again.

    It doubles with each failure; up to a quarter of it more comes from a hash,
    so that strategies that failed together do not start together.

    Args:
        name: The instance's name.
        failures: How often it has failed, from 1.

    Returns:
        Seconds.
    """
    base = min(BACKOFF_LIMIT_S, BACKOFF_S * 2.0 ** (failures - 1))
    drawn = hashlib.blake2b(f'{name} {failures}'.encode(), digest_size=2)
    return base * (1 + int.from_bytes(drawn.digest(), 'big') / 0x40000)


class Record:
    """What is kept of an instance from one process to the next.

    Attributes:
        failures: How often it failed without having run well in between.
        restarts: How often it was started by itself.
        late: Late answers of processes that are gone.
        timer: What starts it again.
        again: It is being started by itself, not by the operator.
        versions: What it ran.
    """

    def __init__(self) -> None:
        self.failures = 0
        self.restarts = 0
        self.late = 0
        self.timer: asyncio.TimerHandle | None = None
        self.again = False
        self.versions = handover.Versions()

    def cancel(self) -> bool:
        """Forgets a start that was to come; says whether there was one."""
        timer, self.timer = self.timer, None
        if timer is not None:
            timer.cancel()
        return timer is not None


class Instance:
    """A strategy that runs.

    Attributes:
        spec: What was configured.
        versions: What it ran.
        heard: What it is to hear of.
        process: Its process.
        started: Set once it runs or has failed.
        running: It has been told to run.
        stopping: It was asked to stop.
        since: When it began to run, by the loop's time.
        began: Number of the event that started it.
        told: How many late answers were noted, and when more may be.
        answers: What it had wanted already in answer to what it missed.
        saved: Number of the last event in the state that was saved last.
        task: What starts it.
        saving: What saves its state from time to time.
        change: The change of its version that is under way.
    """

    def __init__(
        self, spec: specs.StrategySpec, versions: handover.Versions
    ) -> None:
        self.spec = spec
        self.versions = versions
        self.process: process.Process
        self.started = asyncio.Event()
        self.running = False
        self.stopping = False
        self.heard = host.Subscription(spec)
        self.since = 0.0
        self.told = (0, 0.0)
        self.began = 0
        self.answers: frozenset[tuple[int, str, str]] = frozenset()
        self.saved = 0
        self.task: asyncio.Task[None] | None = None
        self.saving: asyncio.Task[None] | None = None
        self.change: handover.Change | None = None

    async def ready(self) -> None:
        """Waits until it runs or has failed."""
        await self.started.wait()
