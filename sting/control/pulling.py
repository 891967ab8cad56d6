"""The emergency stop, pulled from another process.

It has three ways, none of which needs another: the latch, which is a file and
holds at once; the control socket, on a connection of its own; and a signal to
the engine's process, where the socket does not answer.
"""

from collections.abc import Callable
from concurrent import futures
import contextlib
import fcntl
import os
import pathlib
import re
import signal
import threading

from sting import settings
from sting.control import client
from sting.model import errors
from sting.risk import stop

# So long the socket has to answer before a signal goes out, and so long
# whoever pulled waits for that at most.
ANSWER_S = 1.0
WAIT_S = 0.25
# The engine's lock says whose it is.
_LOCK = 'engine.lock'
_HOLDER = re.compile(rb'process (\d+)')


class Puller:
    """Pulls the stop of one profile's engine."""

    def __init__(
        self,
        home: settings.Home,
        profile: str,
        tell: Callable[[str], None],
    ) -> None:
        """Makes a puller; nothing is opened yet.

        Args:
            home: The user's folders.
            profile: The profile.
            tell: Takes one sentence when the stop did not go by the socket;
                called from a thread of its own.
        """
        self._home = home
        self._profile = profile
        self._tell = tell

    def pull(self, who: str, reason: str, latched: int = 0) -> int:
        """Pulls the stop; see `Workstation.emergency_stop`.

        Args:
            who: Who pulls it.
            reason: Why.
            latched: The latch's count of pulls, if it is set already.

        Returns:
            Which pull it is since the engine started; 0 where the engine has
            not said so within WAIT_S seconds.
        """
        answer: futures.Future[int] = futures.Future()
        threading.Thread(
            target=self._send,
            args=(who, reason, latched, answer),
            name='sting-halt',
            daemon=True,
        ).start()
        with contextlib.suppress(TimeoutError):
            return answer.result(WAIT_S)
        return 0

    def _send(
        self, who: str, reason: str, latched: int, answer: futures.Future[int]
    ) -> None:
        latch = ''
        if not latched:
            latched, latch = self._latch(who, reason)
        asked = client.Client(
            self._home.socket(self._profile), self._profile, timeout=ANSWER_S
        )
        try:
            found = asked.request(
                'halt', who=who, reason=reason, latched=latched
            )
            answer.set_result(int(found['pull']))
        except errors.StingError:
            self._tell(self._signal(latch))
            answer.set_result(0)

    def _latch(self, who: str, reason: str) -> tuple[int, str]:
        """Sets the latch; gives its count of pulls, and what went wrong."""
        try:
            flag = stop.Latch(self._home.state(self._profile) / stop.LATCH)
        except errors.StingError as error:
            return 0, f'; its latch is not set: {error}'
        flag.set(who, reason)
        flag.sync()
        pulls = flag.pulls
        flag.close()
        return pulls, ''

    def _signal(self, latch: str) -> str:
        """Sends the signal that is the stop; says how that went."""
        pid = holder(self._home.log(self._profile).parent / _LOCK)
        if not pid:
            if latch:
                return f'THE STOP REACHED NOTHING: no engine answers{latch}'
            return 'no engine answers; its next start is HALTED'
        try:
            os.kill(pid, signal.SIGUSR1)
        except OSError as error:
            return f'the stop did not reach process {pid}: {error.strerror}' + (
                latch or '; its latch is set, no new order leaves'
            )
        return (
            'the control socket does not answer; the stop went to process '
            f'{pid} as a signal{latch}'
        )


def holder(path: pathlib.Path) -> int:
    """Gives the process that holds an engine's lock.

    Args:
        path: The lock's file.

    Returns:
        Its number; 0 where nobody holds it, so that no signal ever goes to a
        process that only has the number of one that ended.
    """
    try:
        with path.open('rb') as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                found = _HOLDER.match(file.read(200))
                return int(found[1]) if found else 0
    except OSError:
        pass
    return 0
