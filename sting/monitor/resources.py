"""When an engine gives way, and how far: a policy of figures alone.

Each resource has a limit for each step. The ladder goes up one step at a time,
so that each has its effect before the next is taken, and down one at a time
after it has been well for a while.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import pathlib
from typing import Final

import msgspec

from sting.model import health

_MIB: Final = 1 << 20
MB: Final = 1_000_000
# Shares of its limit at which memory or descriptors ask for each step.
SHARES: Final = (0.80, 0.84, 0.88, 0.92, 0.95, 0.98)
# Shares of `free_mb` below which the disk does, and of this the machine's
# memory: other programs may have most of a large one, and nothing is short.
FREE: Final = (1.0, 0.75, 0.5, 0.35, 0.25, 0.125)
LEFT_MB: Final = 1_024
# Shares of one processor, over a minute, at which it does; trading is not
# touched for it.
BUSY: Final = (0.90, 0.93, 0.96, 0.98)
# A step that was taken is kept until it is better by so much.
_LESS: Final = 0.03
_MORE: Final = 1.1
# Seconds for a step to have its effect, and of being well before one is
# taken back.
UP_S: Final = 3.0
DOWN_S: Final = 60.0


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine uses at one moment; None is what nobody tells.

    Attributes:
        memory: Share of its limit of memory.
        memory_text: The same in words.
        machine: Bytes that the machine has left for whoever asks, and has.
        files: How many files are open, and may be.
        free: Bytes that are free where the log is.
        cpu: Share of one processor over the last minute.
    """

    memory: float | None = None
    memory_text: str = ''
    machine: tuple[int, int] | None = None
    files: tuple[int, int] | None = None
    free: int | None = None
    cpu: float | None = None


def judge(use: Use, free_mb: float, level: int) -> tuple[int, tuple[str, ...]]:
    """Says how far an engine has to give way.

    Args:
        use: What it uses.
        free_mb: Megabytes that are to be free where the log is.
        level: How far it gives way now: 0 to 6.

    Returns:
        How far it should, and why: one sentence for each resource that asks
        for any step.
    """
    asked = [*_asked(use, free_mb, level)]
    return (
        max((step for step, _ in asked), default=0),
        tuple(why for step, why in asked if step),
    )


def _asked(use: Use, free_mb: float, level: int) -> Iterator[tuple[int, str]]:
    if use.memory is not None:
        yield _above(use.memory, SHARES, level), use.memory_text
    if use.machine is not None:
        left, total = use.machine
        # Of a small machine the shares are less.
        limits = [
            min(LEFT_MB * MB * share, (1 - most) * total)
            for share, most in zip(FREE, SHARES, strict=True)
        ]
        yield (
            _below(left, limits, level),
            f'{left // _MIB:,} of {total // _MIB:,} MiB of memory are left',
        )
    if use.free is not None:
        yield (
            _below(use.free, [free_mb * MB * share for share in FREE], level),
            f'{use.free // _MIB:,} MiB are free where the log is',
        )
    if use.files is not None:
        have, most = use.files
        yield (
            _above(have / most, SHARES, level),
            f'{have:,} of {most:,} files are open',
        )
    if use.cpu is not None:
        yield (
            _above(use.cpu, BUSY, level),
            f'{use.cpu:.0%} of a processor were used for a minute',
        )


def _above(share: float, limits: Sequence[float], level: int) -> int:
    return sum(
        share >= (limit - _LESS if nth < level else limit)
        for nth, limit in enumerate(limits)
    )


def _below(left: int, limits: Sequence[float], level: int) -> int:
    return sum(
        left < (limit * _MORE if nth < level else limit)
        for nth, limit in enumerate(limits)
    )


class Ladder:
    """How far an engine gives way, a step at a time.

    Attributes:
        level: How far: 0 for not at all, 6 for halted.
    """

    def __init__(self) -> None:
        """Begins with nothing given up."""
        self.level = 0
        self._moved: float | None = None
        self._well: float | None = None

    def take(self, wanted: int, now: float) -> int:
        """Takes what is asked for now.

        Args:
            wanted: How far the engine should give way.
            now: Seconds of a clock that nobody sets.

        Returns:
            1 where a step is to be taken now, -1 where one is to be taken
            back, else 0.
        """
        if wanted >= self.level:
            self._well = None
        elif self._well is None:
            self._well = now
        if wanted > self.level:
            if self._moved is not None and now - self._moved < UP_S:
                return 0
            self.level += 1
            self._moved = now
            return 1
        if self._well is not None and now - self._well >= DOWN_S:
            self.level -= 1
            # The next one takes as long again.
            self._well = now
            return -1
        return 0


def memory_of(
    rows: Sequence[health.ProcessRow],
    memory_mb: float | None,
    group: tuple[int, int] | None,
) -> tuple[float | None, str]:
    """Gives the share of its limit of memory that is used, and says it.

    Args:
        rows: The engine's processes.
        memory_mb: What they may have in megabytes; None for what the group
            may have.
        group: Bytes that the control group has, and may have; None for no
            limit.
    """
    if memory_mb is not None:
        own = sum(row.memory or 0 for row in rows)
        return _share('sting has', own, round(memory_mb * MB))
    if group is not None:
        return _share('the control group has', *group)
    return None, ''


def _share(whose: str, used: int, most: int) -> tuple[float, str]:
    return (
        used / most,
        f'{whose} {used // _MIB:,} of {most // _MIB:,} MiB of memory in use',
    )


def machine_memory(
    file: pathlib.Path = pathlib.Path('/proc/meminfo'),
) -> tuple[int, int] | None:
    """Gives the bytes that a machine has left, and has; None if untold.

    What it keeps only for as long as nobody else wants it is left.
    """
    try:
        told = dict(
            line.split(':', 1) for line in file.read_text().splitlines()
        )
        left, total = (
            int(told[name].split()[0]) * 1024
            for name in ('MemAvailable', 'MemTotal')
        )
    except (OSError, ValueError, LookupError):
        return None
    return left, total


def group_memory(
    folder: pathlib.Path = pathlib.Path('/sys/fs/cgroup'),
) -> tuple[int, int] | None:
    """Gives the bytes that a control group has, and may have.

    Of version 2, as containers and systemd have it; what is kept of files
    does not count.

    Returns:
        None without a limit.
    """
    try:
        limit = int((folder / 'memory.max').read_text())
        used = int((folder / 'memory.current').read_text())
        told = dict(
            line.split()
            for line in (folder / 'memory.stat').read_text().splitlines()
        )
        return used - int(told['inactive_file']), limit
    except (OSError, ValueError, LookupError):
        return None
