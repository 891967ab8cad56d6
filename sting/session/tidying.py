"""Takes away of the cache what nobody has read for long: it can be made again.

Logs, archived events, runs and code of strategies are never touched.
"""

import asyncio
from collections.abc import Callable
import os
import pathlib
import stat
from typing import Final
from typing import NamedTuple

import msgspec

from sting import settings
from sting.engine import background
from sting.engine import clock
from sting.model import market

FIRST_S: Final = 300.0
EVERY_S: Final = 86_400.0
# Seconds in which a file may still be written, or be read for the first time.
FRESH_S: Final = 3_600.0
_DAY_S: Final = 86_400.0
MB: Final = 1_000_000


class Freed(msgspec.Struct, frozen=True):
    """What was taken away, or would be.

    Attributes:
        files: How many files.
        bytes: Their size.
        left: Bytes that are kept.
    """

    files: int = 0
    bytes: int = 0
    left: int = 0


class _File(NamedTuple):
    read: float
    size: int
    path: pathlib.Path


def tidy(
    folder: pathlib.Path,
    policy: settings.Retention,
    now: float,
    *,
    dry: bool = False,
) -> Freed:
    """Takes away what is too old, then the oldest of what is too much.

    Args:
        folder: The cache.
        policy: How long it is kept.
        now: Seconds since the epoch.
        dry: Only say what would go.

    Returns:
        What went. A file that cannot be taken away counts as kept.
    """
    found = _files(folder)
    left = sum(each.size for each in found)
    count = freed = 0
    for each in found:
        age = now - each.read
        is_old = (
            policy.cache_days is not None and age > policy.cache_days * _DAY_S
        )
        is_much = policy.cache_mb is not None and left > policy.cache_mb * MB
        if age < FRESH_S or not (is_old or is_much):
            continue
        if not dry and not _removed(each.path):
            continue
        left -= each.size
        freed += each.size
        count += 1
    return Freed(count, freed, left)


def _files(folder: pathlib.Path) -> list[_File]:
    """Gives the files of a folder, those read longest ago first.

    Where the disk notes no reading, when they were written counts.
    """
    found = []
    # Not rglob: it fails where a folder goes meanwhile, as those do in which a
    # file is written before it is moved to its place.
    for place, _, names in os.walk(folder):
        for path in map(pathlib.Path(place).joinpath, names):
            try:
                seen = path.lstat()
            except OSError:
                # It went meanwhile.
                continue
            if stat.S_ISREG(seen.st_mode):
                read = max(seen.st_atime, seen.st_mtime)
                found.append(_File(read, seen.st_size, path))
    return sorted(found)


def _removed(path: pathlib.Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


class Tidying(background.Background):
    """Does it once a day, beside the engine."""

    name = 'tidying'

    def __init__(
        self,
        folder: pathlib.Path,
        policy: settings.Retention,
        tell: Callable[[str, str], None],
        time_source: clock.Clock,
    ) -> None:
        """Sets it up.

        Args:
            folder: The cache.
            policy: How long it is kept.
            tell: Takes what was done, as `intake.Intake.system` does.
            time_source: The machine's clock.
        """
        self._folder = folder
        self._policy = policy
        self._tell = tell
        self._clock = time_source

    async def tidy(self) -> None:
        """Does it now."""
        now = self._clock.now() / market.NANOSECONDS
        freed = await asyncio.to_thread(tidy, self._folder, self._policy, now)
        if freed.files:
            self._tell('cleaned', text(freed))

    async def _run(self) -> None:
        await asyncio.sleep(FIRST_S)
        while True:
            await self.tidy()
            await asyncio.sleep(EVERY_S)


def text(freed: Freed) -> str:
    """Says what went."""
    files = '1 file' if freed.files == 1 else f'{freed.files:,} files'
    return (
        f'{files} of the cache, {freed.bytes / MB:,.1f} MB; '
        f'{freed.left / MB:,.1f} MB are left'
    )
