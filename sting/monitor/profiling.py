"""Looks at what the threads of this process do, while they do it.

A thread looks at the stacks of all others some two hundred times a second. It
changes nothing in them; what it costs is told with what it saw.
"""

from collections.abc import Iterator
import os
import re
import sys
import threading
import types
from typing import Final

from sting.engine import clock
from sting.model import profiles

RATE: Final = 200.0
MOST_S: Final = 120.0
# Bounds of what it keeps: kinds of stacks, and frames of each.
STACKS: Final = 5_000
FRAMES: Final = 100
_OTHERS: Final = ('(others)',)
_DEEPER: Final = '(deeper)'
# What a file is called without the folders of this machine.
_PACKAGE: Final = re.compile(
    r'.*(?:site-packages|python\d+\.\d+)/|.*/(?=(?:sting|tui|tests)/)'
)

_Key = tuple[str, tuple[int, ...]]


class Sampler:
    """Takes one profile."""

    def __init__(self, rate: float = RATE) -> None:
        """Sets it up.

        Args:
            rate: Looks a second.
        """
        self._step_s = 1.0 / rate
        self._clock = clock.LiveClock()
        # By number, as a code object's own hash is that of all it has.
        self._codes: dict[int, types.CodeType] = {}
        self._samples: dict[_Key, int] = {}
        self._cpu: dict[_Key, float] = {}
        self._used: dict[int, float] = {}
        self._rounds = 0

    def run(self, seconds: float, ended: threading.Event) -> profiles.Profile:
        """Looks for a while, in the thread that calls it.

        Args:
            seconds: So long.
            ended: Ends it before.

        Returns:
            What was seen of all other threads.
        """
        began = now = self._clock.monotonic()
        me = threading.current_thread()
        before = clock.thread_cpu(me.native_id)
        due = began
        # What was used before the first look is not of it.
        self._look(me.ident, count=False)
        while now < began + seconds and not ended.is_set():
            # A late look is not made up for.
            due = max(due + self._step_s, now)
            ended.wait(due - now)
            self._look(me.ident)
            now = self._clock.monotonic()
        after = clock.thread_cpu(me.native_id)
        return profiles.Profile(
            pid=os.getpid(),
            seconds=now - began,
            rounds=self._rounds,
            cost_s=(after or 0.0) - (before or 0.0),
            has_cpu=before is not None,
            stacks=tuple(self._stacks()),
        )

    def _look(self, me: int | None, *, count: bool = True) -> None:
        """Looks at all threads once."""
        known = {each.ident: each for each in threading.enumerate()}
        self._rounds += count
        for ident, frame in sys._current_frames().items():
            if ident == me:
                continue
            thread = known.get(ident)
            used = self._uses(thread)
            if count:
                name = f'thread {ident}' if thread is None else thread.name
                self._take((name, self._walk(frame)), used)

    def _uses(self, thread: threading.Thread | None) -> float:
        """Gives what a thread used of a processor since it was last seen."""
        number = None if thread is None else thread.native_id
        now = clock.thread_cpu(number)
        if now is None or number is None:
            return 0.0
        before = self._used.get(number, now)
        self._used[number] = now
        return now - before

    def _walk(self, frame: types.FrameType | None) -> tuple[int, ...]:
        """Gives the numbers of a stack's functions, the innermost first."""
        path: list[int] = []
        while frame is not None and len(path) <= FRAMES:
            code = frame.f_code
            number = id(code)
            # Kept, so that no other gets its number.
            self._codes.setdefault(number, code)
            path.append(number)
            frame = frame.f_back
        return tuple(path)

    def _take(self, key: _Key, used: float) -> None:
        if key not in self._samples and len(self._samples) >= STACKS:
            key = key[0], ()
        self._samples[key] = self._samples.get(key, 0) + 1
        self._cpu[key] = self._cpu.get(key, 0.0) + used

    def _stacks(self) -> Iterator[profiles.Stack]:
        names = {k: _name(code) for k, code in self._codes.items()}
        seen: dict[tuple[str, tuple[str, ...]], tuple[int, float]] = {}
        for key, samples in self._samples.items():
            thread, path = key
            frames = tuple(names[each] for each in reversed(path[:FRAMES]))
            if len(path) > FRAMES:
                frames = (_DEEPER, *frames)
            named = thread, frames or _OTHERS
            count, used = seen.get(named, (0, 0.0))
            seen[named] = count + samples, used + self._cpu[key]
        for (thread, frames), (count, used) in sorted(
            seen.items(), key=lambda one: -one[1][0]
        ):
            yield profiles.Stack(thread, frames, count, used)


def _name(code: types.CodeType) -> str:
    file = _PACKAGE.sub('', code.co_filename.replace(os.sep, '/'))
    if file.startswith('/'):
        # A strategy's own file.
        file = file.rpartition('/')[2]
    return f'{file}:{code.co_qualname}'
