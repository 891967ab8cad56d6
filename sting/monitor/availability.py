"""Works out from the log how much of the sessions trading was possible.

It was while the engine ran, was not halted, and no broker and no feed was lost.
What is folded is kept in a file beside the log, so that a start reads what came
after it and no month of events.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Iterable
import datetime
import pathlib
from typing import Final

import msgspec

from sting.engine import background
from sting.engine import clock
from sting.engine import history
from sting.engine import journal
from sting.engine import reader
from sting.engine import state
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import records
from sting.model import sessions as sessions_lib
from sting.model import uptime

FILE: Final = 'availability.json'
EVERY_S: Final = 60.0
# Until then the start of the engine is an event.
FIRST_S: Final = 2.0
_KINDS: Final = (events.EventType.SYSTEM_STATUS, events.EventType.TRADING_STATE)
_DAY: Final = 86_400 * market.NANOSECONDS
_EPOCH: Final = datetime.date(1970, 1, 1)
_OUTSIDE: Final = ('broker:', 'feed:')
# Of a broker or a feed: words of one that cannot be traded with.
_DOWN: Final = frozenset(
    {'lost', 'silent', 'reconnecting', 'closed', 'failed', 'ended', 'stopped'}
)

Row = tuple[int, int, str, str]


class Ledger(msgspec.Struct):
    """When trading was possible, as far as the log was read.

    Attributes:
        log: The log's id.
        seq: Number of the last event that was read.
        first: Time of the first that counts; 0 before there is one.
        spans: From when to when, nanoseconds, oldest first.
        since: Since when it has been; 0 while it is not.
        running: Whether the engine runs.
        halted: Whether trading is halted.
        down: Brokers and feeds that are lost.
    """

    log: str
    seq: int = 0
    first: int = 0
    spans: list[tuple[int, int]] = []
    since: int = 0
    running: bool = False
    halted: bool = False
    down: set[str] = set()

    def take(self, rows: Iterable[Row], before: Callable[[int], int]) -> None:
        """Takes what the log has next.

        Args:
            rows: Number, time, type and payload, in order.
            before: Gives the time of the last event before a number: an engine
                that was killed could not say when.
        """
        for seq, time, kind, text in rows:
            told = reader.payload(seq, kind, text)
            self.first = self.first or time
            if isinstance(told, records.TradingStateChange):
                self.halted = told.state is records.TradingState.HALTED
            elif told.component == state.ENGINE:
                self._take_engine(seq, told.status, before)
            elif told.component.startswith(_OUTSIDE):
                change = self.down.add if told.status in _DOWN else self._found
                change(told.component)
            self._turn(time)

    def up_between(self, start: int, end: int, now: int) -> int:
        """Gives the nanoseconds of a stretch in which it was possible.

        Args:
            start: When it begins.
            end: When it ends.
            now: Until when what goes on has gone on.
        """
        spans = [*self.spans, *([(self.since, now)] if self.since else [])]
        return sum(
            max(0, min(end, until) - max(start, since))
            for since, until in spans
        )

    def forget(self, before: int) -> None:
        """Forgets what ended before a moment."""
        self.spans = [each for each in self.spans if each[1] > before]
        self.first = max(self.first, before) if self.first else 0

    def _found(self, component: str) -> None:
        self.down.discard(component)

    def _take_engine(
        self, seq: int, status: str, before: Callable[[int], int]
    ) -> None:
        if status == 'started':
            if self.since:
                self.spans.append((self.since, before(seq)))
                self.since = 0
            self.running, self.down = True, set()
        elif status == 'stopped':
            self.running = False

    def _turn(self, time: int) -> None:
        up = self.running and not self.halted and not self.down
        if up and not self.since:
            self.since = time
        elif self.since and not up:
            self.spans.append((self.since, time))
            self.since = 0


def measure(
    ledger: Ledger, sessions: sessions_lib.Sessions, now: int
) -> uptime.Availability:
    """Works out the shares.

    Args:
        ledger: When trading was possible.
        sessions: When the exchange trades.
        now: Nanoseconds since the epoch, UTC.
    """
    begin = max(ledger.first, now - uptime.DAYS * _DAY)
    days = []
    for day, opens, closes in zip(
        sessions.days, sessions.opens, sessions.closes, strict=True
    ):
        start, end = max(opens, begin), min(closes, now)
        if ledger.first and start < end:
            up = ledger.up_between(start, end, now)
            date = _EPOCH + datetime.timedelta(days=day)
            days.append(
                uptime.Day(
                    day=date.isoformat(),
                    open_s=(end - start) / market.NANOSECONDS,
                    up_s=up / market.NANOSECONDS,
                )
            )
    whole = sum(each.open_s for each in days)
    share = sum(each.up_s for each in days) / whole if whole else None
    return uptime.Availability(days=tuple(days), share=share)


class Keeper(background.Background):
    """Works it out once a minute, in a thread.

    Attributes:
        found: The newest; None before the first.
    """

    name = 'availability'

    def __init__(
        self,
        folder: pathlib.Path,
        path: pathlib.Path,
        log: str,
        *,
        journaled: journal.Journal,
        sessions: Callable[[], sessions_lib.Sessions],
        time_source: clock.Clock,
    ) -> None:
        """Sets it up.

        Args:
            folder: Where its file is.
            path: The log's file.
            log: The log's id.
            journaled: Says how far the log has come.
            sessions: Gives when the exchange trades.
            time_source: The clock of the log's events.
        """
        self.found: uptime.Availability | None = None
        self._file = folder / FILE
        self._path = path
        self._log = log
        self._journal = journaled
        self._sessions = sessions
        self._clock = time_source
        self._ledger: Ledger | None = None

    async def look(self) -> None:
        """Works it out as it is now."""
        until = self._journal.seq
        self.found = await asyncio.to_thread(self._work, until)

    async def _run(self) -> None:
        wait = FIRST_S
        while True:
            await self._clock.sleep(wait)
            wait = EVERY_S
            try:
                await self.look()
            except (errors.StingError, OSError):
                # A log that cannot be read is told by others.
                self.found = None

    def _work(self, until: int) -> uptime.Availability:
        now = self._clock.now()
        oldest = now - uptime.DAYS * _DAY
        ledger = self._ledger or self._begin(oldest)
        rows = reader.of_kinds(self._path, _KINDS, ledger.seq, until)
        ledger.take(rows, self._time_before)
        ledger.seq = until
        ledger.forget(oldest)
        self._ledger = ledger
        self._keep(ledger)
        return measure(ledger, self._sessions(), now)

    def _begin(self, oldest: int) -> Ledger:
        """Gives what was kept of this log, or an empty one."""
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=Ledger)
        except (OSError, msgspec.MsgspecError):
            kept = None
        if kept is not None and kept.log == self._log:
            return kept
        try:
            seq = history.seq_at(self._path, oldest)
        except errors.JournalError:
            # It begins later.
            return Ledger(self._log)
        # An engine that did not run then will be found started, behind an
        # event that is older.
        return Ledger(
            self._log, seq=seq, first=oldest, since=oldest, running=True
        )

    def _keep(self, ledger: Ledger) -> None:
        fresh = self._file.with_suffix('.new')
        fresh.write_bytes(msgspec.json.encode(ledger))
        fresh.chmod(0o600)
        fresh.replace(self._file)

    def _time_before(self, seq: int) -> int:
        for row in reader.unhashed(self._path, after=seq - 2, limit=1):
            return int(row[1])
        return 0
