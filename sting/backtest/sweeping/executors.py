"""Where many runs are worked out: processes, threads, or other machines.

The seam is `concurrent.futures.Executor`. What all runs share travels once a
worker; a task is a range of numbers, and so costs nothing to send.
"""

import abc
import collections
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from concurrent import futures
import contextlib
import functools
import mmap
import multiprocessing
from multiprocessing import connection
import os
import pathlib
import pickle
import signal
import tempfile
import threading
from typing import Any
from typing import NamedTuple
from typing import Self

# Tasks that wait or run, for each worker.
DEPTH = 3
_ALIGNED = 64

Call = Callable[[Any, range], Any]


class Pool(abc.ABC):
    """An executor, and what it takes to feed it.

    Used as a context: left by an exception, it stops what runs at once.

    Attributes:
        workers: How many tasks run at a time.
        broken: What a task raises when its worker died.
    """

    workers: int
    broken: tuple[type[BaseException], ...] = (futures.BrokenExecutor,)

    def __enter__(self) -> Self:
        """Begins."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Ends, at once where something was raised."""
        self.close(now=kind is not None)

    def place(self, thing: Any) -> Any:
        """Takes what all tasks share to where they run.

        Args:
            thing: Anything that can be pickled.

        Returns:
            What `submit` takes for it.
        """
        return thing

    @abc.abstractmethod
    def submit(self, call: Call, placed: Any, task: range) -> Any:
        """Has a task done.

        Args:
            call: A function of a module; it is given the shared thing and
                the task.
            placed: What `place` gave.
            task: Which numbers are to be done.

        Returns:
            A future.
        """

    def result(self, future: Any) -> Any:
        """Waits for what a task gave.

        Args:
            future: What `submit` gave.

        Returns:
            What its call returned; what that raised is raised.
        """
        return future.result()

    @abc.abstractmethod
    def renew(self) -> None:
        """Starts new workers where one has died."""

    @abc.abstractmethod
    def close(self, *, now: bool = False) -> None:
        """Ends.

        Args:
            now: Whether what runs is not waited for.
        """


class Given(Pool):
    """Any executor that somebody else made and will close."""

    def __init__(self, executor: futures.Executor, workers: int) -> None:
        """Takes an executor.

        Args:
            executor: Where the tasks run.
            workers: How many of them at a time.
        """
        self.workers = workers
        self._executor = executor
        self._submitted: collections.deque[futures.Future[Any]]
        self._submitted = collections.deque(maxlen=DEPTH * workers + 1)

    def submit(self, call: Call, placed: Any, task: range) -> Any:
        """Has a task done."""
        future = self._executor.submit(call, placed, task)
        self._submitted.append(future)
        return future

    def renew(self) -> None:
        """Does nothing: it is not ours."""

    def close(self, *, now: bool = False) -> None:
        """Takes back what has not begun, where it is not waited for."""
        if now:
            for future in self._submitted:
                future.cancel()


class Threads(Given):
    """Threads of this process, for compiled code that lets go of the GIL."""

    def __init__(self, workers: int) -> None:
        """Starts no thread before the first task.

        Args:
            workers: How many.
        """
        self._own = futures.ThreadPoolExecutor(workers)
        super().__init__(self._own, workers)

    def close(self, *, now: bool = False) -> None:
        """Ends; what runs is waited for, what has not begun is not run."""
        self._own.shutdown(wait=True, cancel_futures=now)


class Stored(NamedTuple):
    """A shared thing in a file.

    Attributes:
        path: The file.
        head: Bytes of the pickle at its start.
        places: First and last byte of each of its arrays.
    """

    path: str
    head: int
    places: tuple[tuple[int, int], ...]


class Processes(Pool):
    """Processes of this machine, which end when this one does.

    What they share lies in a file that they map, so that its arrays are in
    memory once for all of them.
    """

    def __init__(self, workers: int) -> None:
        """Starts no process before the first task.

        Args:
            workers: How many.
        """
        self.workers = workers
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0
        self._executor: futures.ProcessPoolExecutor | None = None
        self._leash: connection.Connection | None = None

    def place(self, thing: Any) -> Stored:
        """Writes a thing to a file, its arrays behind the rest."""
        self._count += 1
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix='sting-')
        path = pathlib.Path(self._folder.name, f'{self._count}')
        buffers: list[pickle.PickleBuffer] = []
        head = pickle.dumps(thing, 5, buffer_callback=buffers.append)
        places = []
        with path.open('wb') as file:
            file.write(head)
            for buffer in buffers:
                first = -(-file.tell() // _ALIGNED) * _ALIGNED
                file.seek(first)
                file.write(buffer.raw())
                places.append((first, file.tell()))
        return Stored(str(path), len(head), tuple(places))

    def submit(self, call: Call, placed: Any, task: range) -> Any:
        """Has a task done."""
        if self._executor is None:
            self._executor = self._start()
        # A worker is to have no interrupt of its own, not even while it
        # starts; it ends when its leash is let go.
        with _interrupts_held():
            return self._executor.submit(_call_stored, call, placed, task)

    def renew(self) -> None:
        """Starts new workers."""
        self._stop(now=True)

    def close(self, *, now: bool = False) -> None:
        """Ends all workers and removes the files."""
        self._stop(now=now)
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _start(self) -> futures.ProcessPoolExecutor:
        # Threads may run here, of which a forked process would have half.
        context = multiprocessing.get_context('spawn')
        theirs, self._leash = context.Pipe(duplex=False)
        return futures.ProcessPoolExecutor(
            self.workers,
            mp_context=context,
            initializer=_begin,
            initargs=(theirs,),
        )

    def _stop(self, *, now: bool) -> None:
        if self._executor is None:
            return
        if now and self._leash is not None:
            self._leash.close()
        self._executor.shutdown(wait=True, cancel_futures=True)
        if self._leash is not None:
            self._leash.close()
        self._executor = self._leash = None


def ordered(
    pool: Pool, call: Call, thing: Any, tasks: Iterable[range]
) -> Iterator[tuple[range, Any]]:
    """Has tasks done, a few at a time, and gives what came in their order.

    Where a worker dies, what it and the others were at is repeated, each
    number by itself, so that only the one that kills its worker is lost.

    Args:
        pool: Where.
        call: What is done; a function of a module.
        thing: What all tasks share.
        tasks: Numbers to be done.

    Yields:
        The numbers, and what the call gave; None for what killed its worker
        twice.
    """
    placed = pool.place(thing)
    coming = iter(tasks)
    waiting: collections.deque[tuple[range, Any]] = collections.deque()
    while True:
        while len(waiting) < DEPTH * pool.workers:
            task = next(coming, None)
            if task is None:
                break
            waiting.append((task, _submitted(pool, call, placed, task)))
        if not waiting:
            return
        task, future = waiting.popleft()
        came = _result(pool, future)
        if came is not None:
            yield task, came[0]
            continue
        pool.renew()
        lost = [(task, None), *waiting]
        waiting.clear()
        for each, other in lost:
            done = _result(pool, other)
            if done is not None:
                yield each, done[0]
                continue
            for number in each:
                single = range(number, number + 1)
                again = _submitted(pool, call, placed, single)
                found = _result(pool, again)
                if found is None:
                    pool.renew()
                yield single, None if found is None else found[0]


def _submitted(pool: Pool, call: Call, placed: Any, task: range) -> Any:
    """Gives a task's future; None where a worker has died already."""
    try:
        return pool.submit(call, placed, task)
    except pool.broken:
        return None


def _result(pool: Pool, future: Any) -> tuple[Any] | None:
    """Gives what a task came to; None where its worker died."""
    if future is None:
        return None
    try:
        return (pool.result(future),)
    except pool.broken:
        return None


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Has processes that start here never see an interrupt."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(leash: connection.Connection) -> None:
    """Has a worker end with the process that started it."""
    parent = multiprocessing.parent_process()
    ends: Sequence[Any] = [leash, *([parent.sentinel] if parent else [])]
    threading.Thread(target=_follow, args=(ends,), daemon=True).start()


def _follow(ends: Sequence[Any]) -> None:
    connection.wait(ends)
    os._exit(1)


def _call_stored(call: Call, placed: Stored, task: range) -> Any:
    return call(_read(placed), task)


@functools.lru_cache(maxsize=2)
def _read(placed: Stored) -> Any:
    """Gives a thing of a file, with arrays that are written to by nobody."""
    with pathlib.Path(placed.path).open('rb') as file:
        # Writable, as arrays usually are, without a change to the file.
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    view = memoryview(content)
    buffers = [view[first:last] for first, last in placed.places]
    # Written by this program, in a folder of its own of mode 0700.
    return pickle.loads(view[: placed.head], buffers=buffers)  # noqa: S301
