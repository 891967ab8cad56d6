"""Looks at what the threads of this process do, while they do it.

A thread looks at the stacks of all others some two hundred times a second. It
changes nothing in them; what it costs is told with what it saw.

What a thread used of a processor is told by its own clock, and split over the
places where it was seen at work. A stack alone does not say whether it works
or waits: some places are known to wait, and one in which a thread is seen much
more often than it had a processor has to be another.
"""

import collections
from collections.abc import Iterator
from collections.abc import Mapping
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
# So long a thread may go on before another one gets its turn, while somebody
# looks. With the usual 5 ms the looks would wait until a short piece of work
# is over, and see only what is after it.
_TURN_S: Final = 1e-5
# What waits, by the end of its name.
_WAITS: Final = re.compile(
    r'(selectors\.py:.*\.select|threading\.py:(Condition\.wait|'
    r'Thread\._wait_for_tstate_lock)|socket\.py:.*\.(accept|readinto)|'
    r'futures/thread\.py:_worker|errands\.py:Errands\._run)'
)
# Seen so much more often than it had a processor, a thread waits there; less
# may be for a processor, or for its turn in Python.
_TOO_OFTEN: Final = 5.0
# Seen for so long it has to be, for that to say anything.
_CLOCK_S: Final = 0.05
_UNSEEN: Final = ('(too short to be seen)',)
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
        # By thread.
        self._cpu: dict[str, float] = {}
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
        before = sys.getswitchinterval()
        sys.setswitchinterval(min(_TURN_S, before))
        try:
            return self._run(seconds, ended)
        finally:
            sys.setswitchinterval(before)

    def _run(self, seconds: float, ended: threading.Event) -> profiles.Profile:
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
            stacks=tuple(self._stacks(now - began)),
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
                self._cpu[name] = self._cpu.get(name, 0.0) + used
                self._take((name, self._walk(frame)))

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

    def _take(self, key: _Key) -> None:
        if key not in self._samples and len(self._samples) >= STACKS:
            key = key[0], ()
        self._samples[key] = self._samples.get(key, 0) + 1

    def _stacks(self, seconds: float) -> Iterator[profiles.Stack]:
        """Gives what was seen, the most frequent first."""
        seen = self._named()
        waits = self._waits(seen, seconds)
        at_work: collections.Counter[str] = collections.Counter()
        for (thread, frames), samples in seen.items():
            if (thread, frames[-1]) not in waits:
                at_work[thread] += samples
        for (thread, frames), samples in seen.most_common():
            works = (thread, frames[-1]) not in waits
            share = samples / at_work[thread] if works else 0.0
            yield profiles.Stack(
                thread, frames, samples, share * self._cpu[thread]
            )
        for thread, used in self._cpu.items():
            if used and not at_work[thread]:
                yield profiles.Stack(thread, _UNSEEN, 0, used)

    def _named(self) -> collections.Counter[tuple[str, tuple[str, ...]]]:
        """Gives how often each thread was seen where, by names."""
        names = {k: _name(code) for k, code in self._codes.items()}
        seen: collections.Counter[tuple[str, tuple[str, ...]]] = (
            collections.Counter()
        )
        for (thread, path), samples in self._samples.items():
            frames = tuple(names[each] for each in reversed(path[:FRAMES]))
            if len(path) > FRAMES:
                frames = (_DEEPER, *frames)
            seen[thread, frames or _OTHERS] += samples
        return seen

    def _waits(
        self,
        seen: Mapping[tuple[str, tuple[str, ...]], int],
        seconds: float,
    ) -> set[tuple[str, str]]:
        """Gives the functions in which a thread waits."""
        often: collections.Counter[tuple[str, str]] = collections.Counter()
        for (thread, frames), samples in seen.items():
            often[thread, frames[-1]] += samples
        found = set()
        for (thread, name), samples in often.items():
            spent = samples / max(self._rounds, 1) * seconds
            too_often = spent > _TOO_OFTEN * self._cpu[thread] + _CLOCK_S
            if too_often or _WAITS.search(name):
                found.add((thread, name))
        return found


def _name(code: types.CodeType) -> str:
    file = _PACKAGE.sub('', code.co_filename.replace(os.sep, '/'))
    if file.startswith('/'):
        # A strategy's own file.
        file = file.rpartition('/')[2]
    return f'{file}:{code.co_qualname}'
