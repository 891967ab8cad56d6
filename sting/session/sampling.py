"""Looks at how the engine is, beside it and never in its way."""

import asyncio
import collections
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
import os
import pathlib
import shutil
from typing import Final

from sting.broker import manager
from sting.engine import background
from sting.engine import clock
from sting.engine import latency
from sting.engine import segments
from sting.model import health
from sting.model import market
from sting.session import histograms
from sting.session import processes
from sting.strategy import isolated

EVERY_S: Final = 1.0
# The size of the log is looked at each so many times.
_DISK_EVERY: Final = 10
ENGINE: Final = 'engine'


class Trend:
    """By how much a figure grows an hour, over the last hour.

    The first minute does not count: whatever starts grows.
    """

    STEP_S: Final = 60.0
    LEAST_S: Final = 240.0
    _STEPS: Final = 60

    def __init__(self) -> None:
        self._begins: float | None = None
        self._seen: collections.deque[tuple[float, int]] = collections.deque(
            maxlen=self._STEPS + 1
        )

    def take(self, now: float, value: int) -> float | None:
        """Takes the figure as it is now.

        Args:
            now: Seconds of a clock.
            value: The figure.

        Returns:
            Its growth an hour; None in the first five minutes.
        """
        if self._begins is None:
            self._begins = now + self.STEP_S
        if now < self._begins:
            return None
        if not self._seen or now - self._seen[-1][0] >= self.STEP_S:
            self._seen.append((now, value))
        since, first = self._seen[0]
        passed = now - since
        if passed < self.LEAST_S:
            return None
        return (value - first) / passed * 3600.0


class Steps:
    """By how much a clock was moved within the last minute."""

    KEPT_S: Final = 60.0

    def __init__(self) -> None:
        self._ahead: collections.deque[tuple[float, float]] = (
            collections.deque()
        )

    def take(self, now: float, wall: int) -> float | None:
        """Takes both clocks as they are now.

        Args:
            now: Seconds of a clock that nobody sets.
            wall: Of the one that may be set, nanoseconds since the epoch, UTC.

        Returns:
            Seconds by which that went ahead of the first, below 0 behind; None
            the first time.
        """
        ahead = wall / market.NANOSECONDS - now
        self._ahead.append((now, ahead))
        while now - self._ahead[0][0] > self.KEPT_S:
            self._ahead.popleft()
        first = self._ahead[0][1]
        return ahead - first if len(self._ahead) > 1 else None


class Sampling(background.Background):
    """Works the figures out once a second, in a thread.

    Attributes:
        found: The newest; None before the first.
        lags: The seconds by which the loop was late, the last times.
        sums: How long things took since the start, by what and whose it was;
            replaced, never changed.
        counts: How many events of each type there were since the start; the
            same.
    """

    name = 'health'

    def __init__(
        self,
        log: pathlib.Path,
        strategies: Sequence[str],
        *,
        timing: latency.BarToOrder,
        hosted: isolated.IsolatedHost,
        brokers: manager.BrokerManager,
        counts: Mapping[str, int],
        time_source: clock.Clock,
    ) -> None:
        """Sets it up.

        Args:
            log: The event log.
            strategies: Their names, in order.
            timing: Has timed the engine.
            hosted: Runs the strategies.
            brokers: Has timed the brokers.
            counts: Counts the events of each type.
            time_source: The engine's clock.
        """
        self.found: health.Health | None = None
        self.lags = latency.recent()
        self.sums: Mapping[tuple[str, str], health.Sums] = {}
        self.counts: Mapping[str, int] = {}
        self._counts = counts
        self._log = log
        self._strategies = strategies
        self._timing = timing
        self._hosted = hosted
        self._brokers = brokers
        self._clock = time_source
        self._wall = clock.LiveClock()
        self._steps = Steps()
        self._looks = 0
        self._disk = health.Health()
        self._log_trend = Trend()
        # By process: what it used and when, and how its memory grows.
        self._used: dict[int, tuple[float, float]] = {}
        self._trends: dict[int, Trend] = {}

    async def look(self) -> None:
        """Looks once."""
        # Copied here, as the loop goes on to write them.
        timed = self._timed()
        took = {name: list(each) for name, each in timed.items()}
        timed |= self._timing.halves()
        self.sums = {_key(name): each.sums() for name, each in timed.items()}
        self.counts = dict(self._counts)
        pids = self._pids()
        self.found = await asyncio.to_thread(self._work, took, pids)

    async def _run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    def _timed(self) -> dict[str, latency.Recent]:
        """Gives the seconds of what is timed, by its name."""
        found = {health.LOOP: self.lags}
        found |= self._timing.recent()
        for name in self._strategies:
            took = self._hosted.answers(name)
            if took is not None:
                found[f'answer: {name}'] = took
        for name, took in self._brokers.answers().items():
            found[f'broker: {name}'] = took
        return found

    def _pids(self) -> dict[str, int]:
        found = {ENGINE: os.getpid()}
        for name in self._strategies:
            pid = self._hosted.vitals(name).pid
            if pid:
                found[name] = pid
        return found

    # In the thread, one look at a time.

    def _work(
        self, took: Mapping[str, Collection[float]], pids: Mapping[str, int]
    ) -> health.Health:
        now = self._clock.monotonic()
        if self._looks % _DISK_EVERY == 0:
            self._disk = self._look_at_disk(now)
        self._looks += 1
        free, disk = self._free()
        gone = self._used.keys() - pids.values()
        for pid in gone:
            del self._used[pid], self._trends[pid]
        timed = (
            histograms.histogram(name, all_) for name, all_ in took.items()
        )
        return health.Health(
            latencies=tuple(each for each in timed if each is not None),
            processes=tuple(
                self._look_at(name, pid, now) for name, pid in pids.items()
            ),
            log=self._disk.log,
            log_growth=self._disk.log_growth,
            free=free,
            disk=disk,
            clock_step=self._steps.take(
                self._wall.monotonic(), self._wall.now()
            ),
        )

    def _look_at(self, name: str, pid: int, now: float) -> health.ProcessRow:
        used = processes.look(pid)
        if used is None:
            return health.ProcessRow(name, pid)
        since, before = self._used.get(pid, (now, used.cpu_s))
        self._used[pid] = now, used.cpu_s
        trend = self._trends.setdefault(pid, Trend())
        return health.ProcessRow(
            name,
            pid,
            used.memory,
            used.peak,
            trend.take(now, used.memory),
            (used.cpu_s - before) / (now - since) if now > since else None,
            used.cpu_s,
            used.files,
        )

    def _look_at_disk(self, now: float) -> health.Health:
        size = processes.size_of(
            self._log,
            self._log.with_name(f'{self._log.name}-wal'),
            self._log.parent / segments.FOLDER,
        )
        return health.Health(
            log=size, log_growth=self._log_trend.take(now, size)
        )

    def _free(self) -> tuple[int | None, int | None]:
        """Gives the bytes that are free where the log is, and its disk's."""
        try:
            disk = shutil.disk_usage(self._log.parent)
        except OSError:
            return None, None
        return disk.free, disk.total


def _key(name: str) -> tuple[str, str]:
    """Gives what was timed, and whose it was."""
    what, _, whose = name.partition(': ')
    return what, whose
