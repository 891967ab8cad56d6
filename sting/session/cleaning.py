"""Clears away old files that no restart, no audit and no check needs.

Only what a table here names can go: the event log, its segments, marks,
latches and ledgers are not in it.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Iterator
import os
import pathlib
import re
import stat
from typing import Final

import msgspec

from sting import settings
from sting.engine import background
from sting.engine import clock
from sting.model import market
from sting.session import intake
from sting.settings import retention

# Seconds after a start, which has other things to do, and between two times.
FIRST_S: Final = 600.0
EVERY_S: Final = 86_400.0
# Seconds in which a file may still be written, or be read for the first time.
FRESH_S: Final = 3_600
MB: Final = 1_000_000
WHO: Final = 'cleaning'
_DAY: Final = 86_400 * market.NANOSECONDS
# So many failures are told of at most.
_TOLD: Final = 3
# As `session.notes` and `strategy.guard` call a file that was full.
_FULL: Final = re.compile(r'.+\.log\.\d+')
# As the terminal's `backtest_history` calls them.
_RUN: Final = re.compile(r'(\d+)\.(?:json|html)')


class File(msgspec.Struct, frozen=True):
    """A file that may go.

    Attributes:
        path: The file.
        size: Bytes.
        changed: When it was last written, nanoseconds since the epoch, UTC.
        used: When it was last read or written, as far as the disk notes it.
        last: It stays, whatever the limits are.
    """

    path: pathlib.Path
    size: int
    changed: int
    used: int
    last: bool = False


class Kind(msgspec.Struct, frozen=True):
    """What is done about one kind of file.

    Attributes:
        name: As in sting.yaml.
        go: What is too old or too much, the last used first.
        stay: What is kept.
    """

    name: str
    go: tuple[File, ...] = ()
    stay: tuple[File, ...] = ()


class Cleaned(msgspec.Struct, frozen=True):
    """What was cleared away of one kind.

    Attributes:
        kind: As in sting.yaml.
        files: How many went.
        bytes: What they had.
        kept: How many stay.
        kept_bytes: What these have.
        failed: What could not be removed, and why.
    """

    kind: str
    files: int
    bytes: int
    kept: int
    kept_bytes: int
    failed: tuple[str, ...] = ()


def _bars(home: settings.Home) -> Iterator[File]:
    yield from _files(home.bars, '.parquet')


def _compiled(home: settings.Home) -> Iterator[File]:
    yield from _files(home.cache / 'compiled', '.code')


def _damaged(home: settings.Home) -> Iterator[File]:
    yield from _files(home.bars, '.parquet.corrupt', '.parquet.old')
    yield from _files(home.cache / 'compiled', '.corrupt')


def _logs(home: settings.Home) -> Iterator[File]:
    for profile in home.profiles():
        own = home.states / profile
        for file in _files(own):
            if file.path.parent in (own, own / 'strategies') and (
                _FULL.fullmatch(file.path.name)
            ):
                yield file


def _backtests(home: settings.Home) -> Iterator[File]:
    for profile in home.profiles():
        runs = [
            (int(found[1]), file)
            for file in _files(home.states / profile / 'backtests')
            if (found := _RUN.fullmatch(file.path.name))
        ]
        # The next one is numbered after it.
        newest = max((number for number, _ in runs), default=0)
        for number, file in runs:
            yield msgspec.structs.replace(file, last=number == newest)


_KINDS: Final[dict[str, Callable[[settings.Home], Iterator[File]]]] = {
    'bars': _bars,
    'compiled': _compiled,
    'logs': _logs,
    'damaged': _damaged,
    'backtests': _backtests,
}


def _files(folder: pathlib.Path, *endings: str) -> Iterator[File]:
    """Gives the user's plain files below it; no link is followed to one."""
    # Not glob: it fails where a folder goes meanwhile, as those do in which a
    # file is written before it is moved to its place.
    for place, _, names in os.walk(folder):
        for name in names:
            if endings and not name.endswith(endings):
                continue
            path = pathlib.Path(place, name)
            try:
                found = path.lstat()
            except OSError:
                # It went meanwhile.
                continue
            if stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid():
                used = max(found.st_atime_ns, found.st_mtime_ns)
                yield File(path, found.st_size, found.st_mtime_ns, used)


def plan(
    home: settings.Home, limits: settings.Retention, now: int
) -> tuple[Kind, ...]:
    """Says what is to go; nothing is touched.

    Args:
        home: Where the user's files are.
        limits: What is kept.
        now: Nanoseconds since the epoch, UTC.

    Returns:
        Each kind, in the order of sting.yaml.
    """
    return tuple(
        _judge(name, list(find(home)), getattr(limits, name), now)
        for name, find in _KINDS.items()
    )


def _judge(
    name: str, files: list[File], keep: retention.Keep, now: int
) -> Kind:
    files.sort(key=lambda file: (-file.used, file.path))
    fresh = now - FRESH_S * market.NANOSECONDS
    oldest = None if keep.days is None else now - round(keep.days * _DAY)
    most = None if keep.mb is None else keep.mb * MB
    go = []
    stay = [file for file in files if file.last or file.used > fresh]
    total = sum(file.size for file in stay)
    is_full = False
    for file in files:
        if file.last or file.used > fresh:
            continue
        # All that is older than the first that has no room goes with it.
        is_full = is_full or (most is not None and total + file.size > most)
        if is_full or (oldest is not None and file.used < oldest):
            go.append(file)
        else:
            total += file.size
            stay.append(file)
    return Kind(name, tuple(go), tuple(stay))


def preview(kind: Kind) -> Cleaned:
    """Says what `remove` would do.

    Args:
        kind: What is to go of one kind.
    """
    return _told(kind, kind.go, ())


def remove(kind: Kind) -> Cleaned:
    """Removes what is to go; what was written meanwhile stays.

    Args:
        kind: What is to go of one kind.

    Returns:
        What went, and what could not.
    """
    gone, failed = [], []
    for file in kind.go:
        try:
            if file.path.lstat().st_mtime_ns != file.changed:
                continue
            file.path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            failed.append(f'{file.path}: {error.strerror}')
        else:
            gone.append(file)
    return _told(kind, tuple(gone), tuple(failed))


def _told(
    kind: Kind, gone: tuple[File, ...], failed: tuple[str, ...]
) -> Cleaned:
    return Cleaned(
        kind.name,
        len(gone),
        sum(file.size for file in gone),
        len(kind.stay),
        sum(file.size for file in kind.stay),
        failed,
    )


def clean(
    home: settings.Home, limits: settings.Retention, now: int
) -> list[Cleaned]:
    """Clears away what is too old or too much.

    Args:
        home: Where the user's files are.
        limits: What is kept.
        now: Nanoseconds since the epoch, UTC.

    Returns:
        What went, by kind.
    """
    return [remove(kind) for kind in plan(home, limits, now)]


class Cleaning(background.Background):
    """Clears away once a day, in a thread."""

    name = WHO

    def __init__(
        self,
        home: settings.Home,
        limits: settings.Retention,
        tell: intake.Intake,
        time_source: clock.Clock,
    ) -> None:
        """Sets it up.

        Args:
            home: Where the user's files are.
            limits: What is kept.
            tell: Takes what was done, and alerts.
            time_source: The machine's clock, which files are stamped by.
        """
        self._home = home
        self._limits = limits
        self._tell = tell
        self._clock = time_source

    async def _run(self) -> None:
        await self._clock.sleep(FIRST_S)
        while True:
            self._say(
                await asyncio.to_thread(
                    clean, self._home, self._limits, self._clock.now()
                )
            )
            await self._clock.sleep(EVERY_S)

    def _say(self, found: list[Cleaned]) -> None:
        done = [
            f'{each.kind} {each.files} files, {each.bytes / MB:,.1f} MB'
            for each in found
            if each.files
        ]
        if done:
            self._tell.system('cleaned', f'removed {"; ".join(done)}', WHO)
        failed = [text for each in found for text in each.failed]
        if failed:
            more = len(failed) - _TOLD
            self._tell.alert(
                f'old files stay: {"; ".join(failed[:_TOLD])}'
                + (f' and {more} more' if more > 0 else ''),
                WHO,
            )
