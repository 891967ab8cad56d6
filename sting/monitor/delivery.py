"""Tells one channel what waits for it: pace, quiet hours, retries."""

import asyncio
import collections
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Sequence
import datetime
from typing import Final

from sting.engine import clock
from sting.model import errors
from sting.model import market
from sting.model import records
from sting.model import views
from sting.monitor import notices
from sting.monitor import outbox
from sting.monitor import routing
from sting.monitor import sender
from sting.settings import alerts

# The status of a channel that takes nothing.
DEAD: Final = 'dead'
LOOK_S: Final = 0.25
MINUTE_S: Final = 60.0
# After so many tries in vain a channel is dead, which is told.
DEAD_AFTER: Final = 3
# Seconds until it is tried again: doubled from the first to the longest.
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 300.0
# So many messages are sent by one process.
_BATCH: Final = 10

# Gives where the channel is; raises ConfigError where a key is missing.
Find = Callable[[], alerts.Address]
# Told what, of which source, and how much it matters.
Tell = Callable[[str, str, records.Severity], None]
Send = Callable[
    [alerts.Address, Sequence[notices.Message], float],
    Awaitable[sender.Result],
]


class Delivery:
    """The way to one channel.

    Attributes:
        name: The channel's name.
        fault: Why it takes nothing; empty while it does.
        idle: Whether nothing can be told now: there is nothing, or it has to
            wait.
    """

    def __init__(
        self,
        name: str,
        channel: alerts.Channel,
        who: str,
        *,
        find: Find,
        box: outbox.Outbox,
        disk: asyncio.Lock,
        tell: Tell,
        time_source: clock.Clock,
        quiet: alerts.Quiet | None = None,
        zone: datetime.tzinfo = datetime.UTC,
        send: Send = sender.send,
    ) -> None:
        """Sets up the way.

        Args:
            name: The channel's name.
            channel: What alerts.yaml says of it.
            who: The profile and its mode, for titles.
            find: Gives its address; asked before each try.
            box: Has what waits.
            disk: Held while the box is used.
            tell: Is told when the channel is dead, and when it is back.
            time_source: The wall's clock.
            quiet: When only what is critical goes out.
            zone: Of which clock that is.
            send: Sends messages.
        """
        self.name = name
        self.fault = ''
        self.idle = False
        self._channel = channel
        self._who = who
        self._find = find
        self._box = box
        self._disk = disk
        self._tell = tell
        self._clock = time_source
        self._quiet = quiet
        self._zone = zone
        self._send = send
        self._fresh = True
        self._waiting: list[notices.Notice] = []
        self._held = False
        self._dropped = 0
        # What was told and is still in the box, as when the disk is full.
        self._owed: tuple[frozenset[int], int] = (frozenset(), 0)
        self._failures = 0
        self._broken = False
        self._again = 0.0
        self._sent: collections.deque[float] = collections.deque()

    @property
    def waits(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def row(self) -> views.LinkRow:
        """Says how the channel is."""
        said = [f'{self.waits} wait'] if self.waits else []
        said += [self.fault] if self.fault else []
        return views.LinkRow(
            self.name, DEAD if self.fault else 'connected', ': '.join(said)
        )

    def look(self) -> None:
        """Says that the box may have more for it."""
        self._fresh = True
        self.idle = False

    async def run(self) -> None:
        """Tells what comes, for ever."""
        while True:
            try:
                done = await self.turn()
                self.idle = done and (self._failures > 0 or not self._fresh)
            # The boundary around a way out: whatever goes wrong on it is told
            # as that of its channel, and tried again.
            except Exception as error:  # noqa: BLE001
                self._fail(f'{type(error).__name__}: {error}')
                self._broken = self._fresh = self.idle = True
            await self._clock.sleep(LOOK_S)

    async def turn(self) -> bool:
        """Tells what may be told now.

        Returns:
            Whether nothing more can be told now.
        """
        now = self._clock.monotonic()
        waits = now < self._again
        if self._fresh and not (waits and self._broken):
            await self._read()
        due = self._due()
        if waits or not due:
            return True
        messages = self._messages(due, now)
        if messages:
            await self._try(messages)
        return not messages or self._failures > 0

    async def _read(self) -> None:
        """Reads what waits, and first lets go of what was told before."""
        self._fresh = False
        owed, dropped = self._owed
        async with self._disk:
            if owed:
                await asyncio.to_thread(
                    self._box.told, self.name, owed, dropped
                )
                self._owed = (frozenset(), 0)
            self._waiting, self._dropped = await asyncio.to_thread(
                lambda: (
                    self._box.waiting(self.name),
                    self._box.dropped(self.name),
                )
            )
        self._broken = False

    def _due(self) -> list[notices.Notice]:
        """Gives what may go out by the time of the day."""
        if not self._is_quiet():
            return self._waiting
        urgent = [
            one
            for one in self._waiting
            if one.severity is records.Severity.CRITICAL
        ]
        self._held = self._held or len(urgent) < len(self._waiting)
        return urgent

    def _is_quiet(self) -> bool:
        if self._quiet is None:
            return False
        moment = datetime.datetime.fromtimestamp(
            self._clock.now() / market.NANOSECONDS, self._zone
        )
        return self._quiet.covers(alerts.HOUR * moment.hour + moment.minute)

    def _messages(
        self, due: Sequence[notices.Notice], now: float
    ) -> list[notices.Message]:
        """Writes what is due: one message each, or one of all.

        It is one where there are more than may be sent in this minute, and
        of what was kept over quiet hours.
        """
        while self._sent and now - self._sent[0] >= MINUTE_S:
            self._sent.popleft()
        free = self._channel.per_minute - len(self._sent)
        if free <= 0:
            return []
        digest = len(due) > min(free, _BATCH) or self._dropped
        if digest or (self._held and not self._is_quiet()):
            return [notices.compose(self._who, due, self._dropped)]
        return [notices.compose(self._who, [one]) for one in due]

    async def _try(self, messages: Sequence[notices.Message]) -> None:
        taken, fault = await self._ask(messages)
        now = self._clock.monotonic()
        self._sent.extend([now] * taken)
        if taken:
            await self._book(messages[:taken])
        if fault:
            self._fail(fault)
        else:
            self._recover()

    def _fail(self, fault: str) -> None:
        """Waits before the next try; after some in vain tells of it."""
        self._failures += 1
        wait = FIRST_WAIT_S * 2.0 ** min(self._failures - 1, 16)
        self._again = self._clock.monotonic() + min(wait, LONGEST_WAIT_S)
        if self._failures >= DEAD_AFTER and not self.fault:
            self.fault = fault
            self._tell(
                f'channel {self.name} takes no alerts: {fault}; they are kept, '
                'and tried again',
                routing.OURS + self.name,
                records.Severity.WARNING,
            )

    async def _ask(self, messages: Sequence[notices.Message]) -> sender.Result:
        try:
            address = await asyncio.to_thread(self._find)
        except errors.ConfigError as error:
            return sender.Result(0, str(error))
        patience = self._channel.timeout_s * len(messages)
        return await self._send(address, messages, patience)

    async def _book(self, told: Sequence[notices.Message]) -> None:
        """Lets go of what was told."""
        seqs = frozenset(seq for message in told for seq in message.seqs)
        self._waiting = [one for one in self._waiting if one.seq not in seqs]
        self._owed = (self._owed[0] | seqs, self._owed[1] + self._dropped)
        self._dropped = 0
        if not self._is_quiet():
            self._held = False
        await self._read()

    def _recover(self) -> None:
        self._failures = 0
        if self.fault:
            self.fault = ''
            self._tell(
                f'channel {self.name} takes alerts again',
                routing.OURS + self.name,
                records.Severity.INFO,
            )
