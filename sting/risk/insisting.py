"""A stop that could not cancel is repeated, at each broker by itself."""

from collections.abc import Callable
import threading
from typing import Final

import msgspec

from sting.engine import clock as clocks
from sting.model import stops

# Seconds until it is tried again: at first, and at most.
FIRST_S: Final = 1.0
MOST_S: Final = 30.0

# Cancels once more at one broker.
Again = Callable[[str], stops.BrokerStop]
Report = Callable[[stops.StopReport], None]


def is_doubtful(told: stops.BrokerStop) -> bool:
    """Whether it is not known of every order that it works no more."""
    return bool(told.unknown or told.error)


class Insisting:
    """Repeats one pull of the stop at the brokers that left a doubt.

    It ends at a broker once nothing is in doubt there, and everywhere when the
    stop is lifted or pulled anew.
    """

    def __init__(
        self,
        first: stops.StopReport,
        again: Again,
        report: Report,
        holds: Callable[[], bool],
        time_source: clocks.Clock,
    ) -> None:
        """Prepares it; `start` begins to repeat.

        Args:
            first: What came of the pull.
            again: Cancels once more at one broker.
            report: Takes the report whenever more is known, without waiting.
            holds: Whether the pull still stands.
            time_source: What measures.
        """
        self._report = first
        self._again = again
        self._tell = report
        self._holds = holds
        self._clock = time_source
        self._began = time_source.monotonic()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._insist,
                args=(one,),
                name=f'emergency stop {first.pull} at {one.broker}',
                daemon=True,
            )
            for one in first.brokers
            if is_doubtful(one)
        ]

    def start(self) -> None:
        """Begins to repeat, where there is a doubt."""
        for each in self._threads:
            each.start()

    def end(self) -> None:
        """Repeats no more; what is under way is finished."""
        self._ended.set()

    def join(self, seconds: float) -> None:
        """Waits for that, but not for longer than so many seconds."""
        limit = self._clock.monotonic() + seconds
        for each in self._threads:
            each.join(max(0.0, limit - self._clock.monotonic()))

    def _insist(self, told: stops.BrokerStop) -> None:
        gap = FIRST_S
        while is_doubtful(told):
            self._ended.wait(gap)
            gap = min(2.0 * gap, MOST_S)
            if self._ended.is_set() or not self._holds():
                return
            # The boundary of the stop: it goes on whatever goes wrong.
            try:
                now = self._again(told.broker)
            except Exception as error:  # noqa: BLE001
                now = stops.BrokerStop(broker=told.broker, error=str(error))
            told = self._learn(told, now)

    def _learn(
        self, told: stops.BrokerStop, now: stops.BrokerStop
    ) -> stops.BrokerStop:
        """Gives what is known by now, and tells it where that is more."""
        found = _together(told, now)
        with self._lock:
            last = self._report
            passed = (self._clock.monotonic() - self._began) * 1000.0
            self._report = msgspec.structs.replace(
                last,
                brokers=tuple(
                    found if one.broker == found.broker else one
                    for one in last.brokers
                ),
                tries=last.tries + 1,
                took_ms=max(last.took_ms, passed),
            )
            if _gist(found) != _gist(told):
                self._tell(self._report)
        return found


def _together(
    told: stops.BrokerStop, now: stops.BrokerStop
) -> stops.BrokerStop:
    """Gives what two pulls know together."""
    unknown = set(now.unknown)
    if now.error:
        unknown |= set(told.unknown)
    out = {*told.cancelled, *told.unknown, *now.cancelled} - unknown
    return msgspec.structs.replace(
        now,
        cancelled=tuple(sorted(out)),
        unknown=tuple(sorted(unknown)),
        first_ms=now.first_ms if told.first_ms is None else told.first_ms,
        note=now.note or told.note,
    )


def _gist(told: stops.BrokerStop) -> stops.BrokerStop:
    """Gives what matters of it: no times."""
    return msgspec.structs.replace(told, first_ms=None, last_ms=None)
