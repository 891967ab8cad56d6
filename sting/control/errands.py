"""Errands: what is asked of an engine by a thread that may wait for it."""

from collections.abc import Callable
from concurrent import futures
import queue
import threading
from typing import Any
from typing import TypeVar

_T = TypeVar('_T')


class Errands:
    """Does one errand after the other, in the order in which they came.

    Its thread ends with the process, whatever it waits for.
    """

    def __init__(self, name: str) -> None:
        """Starts the thread.

        Args:
            name: The thread's name.
        """
        self._queue: queue.SimpleQueue[
            tuple[futures.Future[Any], Callable[[], Any]] | None
        ] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, name=name, daemon=True
        )
        self._thread.start()

    def ask(self, errand: Callable[[], _T]) -> futures.Future[_T]:
        """Has something done.

        Args:
            errand: What to do; it raises a StingError when that fails.

        Returns:
            A future with what it gives.
        """
        answer: futures.Future[_T] = futures.Future()
        self._queue.put((answer, errand))
        return answer

    def close(self, timeout: float) -> None:
        """Takes no more errands, and waits a while for those that are left."""
        self._queue.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        while (next_one := self._queue.get()) is not None:
            answer, errand = next_one
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                answer.set_result(errand())
            # The boundary of the thread: whatever an errand ends in is told
            # to whoever waits for it.
            except Exception as error:  # noqa: BLE001
                answer.set_exception(error)
