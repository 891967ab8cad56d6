"""Durable subscribers: fed from the log, each at its own pace.

A subscriber has a cursor, the number of the last event that it has taken. It
reads the log behind it, so nothing queues in memory, nobody waits for it, and
after a restart it goes on where it was. It may see an event twice, never not
at all: handlers are idempotent by the event's number.
"""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
import contextlib
import os
import pathlib
from typing import Any

from sting.engine import bus
from sting.engine import clock
from sting.engine import core
from sting.engine import journal
from sting.engine import reader
from sting.model import errors
from sting.model import events
from sting.model import records
from sting.model import views

LOOK_S = 0.05
PAGE = 1_000
BEHIND = 50_000
# So many events that nobody asked for are read again after a crash at most.
FORGOTTEN = 10_000
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0

Handler = Callable[[events.Event], Awaitable[None]]
PageHandler = Callable[[Sequence[events.Event]], Awaitable[None]]


class Subscriber(core.Component):
    """Feeds one handler from the log.

    Attributes:
        name: Its name, and that of its cursor's file.
        cursor: Number of the last event that was taken.
    """

    def __init__(
        self,
        name: str,
        handler: Handler,
        *,
        log: journal.Journal,
        path: pathlib.Path,
        folder: pathlib.Path,
        event_bus: bus.EventBus,
        time_source: clock.Clock,
        kinds: Collection[events.EventType] | None = None,
        first: int = 0,
        look_s: float = LOOK_S,
    ) -> None:
        """Sets up a subscriber.

        Args:
            name: Its name: letters, digits, - and _.
            handler: Takes each event; it may be given one twice.
            log: Says how far the log has come.
            path: The log's file.
            folder: Where cursors are kept; it is made if need be.
            event_bus: Takes what there is to report of it.
            time_source: Paces the waiting.
            kinds: Types of the events that the handler is given; None for all.
            first: The event behind which a new one begins, which has no cursor
                yet.
            look_s: Seconds between two looks at the log.
        """
        self.name = name
        self.cursor = 0
        self._handler = handler
        self._log = log
        self._path = path
        self._file = folder / name
        self._bus = event_bus
        self._clock = time_source
        self._kinds = (
            None if kinds is None else frozenset(each.value for each in kinds)
        )
        self._first = first
        self._kept = 0
        self._look_s = look_s
        self._status = 'stopped'
        self._behind = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins behind its cursor.

        Raises:
            errors.JournalError: The cursor cannot be read.
        """
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.cursor = read_cursor(self._file, self._first)
        self._status = 'running'
        self._task = asyncio.get_running_loop().create_task(
            self._run(), name=f'subscriber {self.name}'
        )

    async def begin_behind(self, cursor: int) -> None:
        """Has it start behind an event, whatever its cursor's file says.

        Args:
            cursor: The event's number.

        Raises:
            OSError: The file cannot be written.
        """
        await asyncio.to_thread(write_cursor, self._file, cursor)

    async def stop(self) -> None:
        """Ends after the event in hand; the cursor is kept."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._keep)
        self._status = 'stopped'

    def statistics(self) -> views.QueueRow:
        """Says how far it is behind."""
        return views.QueueRow(
            name=self.name,
            waiting=max(0, self._log.seq - self.cursor),
            limit=BEHIND,
            taken=self.cursor,
        )

    async def _run(self) -> None:
        wait = FIRST_WAIT_S
        while True:
            try:
                await self._follow()
            # The boundary around a handler: whatever it raises is its own
            # affair. It is told once, and tried again after a while.
            except Exception as error:  # noqa: BLE001
                if self._status != 'failed':
                    self._tell('failed', f'{type(error).__name__}: {error}')
                await self._clock.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_S)
            else:
                wait = FIRST_WAIT_S
                await self._clock.sleep(self._look_s)

    async def _follow(self) -> None:
        """Takes what the log has behind the cursor."""
        while self.cursor < self._log.seq:
            self._look_behind()
            page, last = await asyncio.to_thread(self._read_page)
            try:
                await self._hand(page)
                self.cursor = last
            finally:
                # What nobody asked for can as well be read again.
                if page or self.cursor - self._kept >= FORGOTTEN:
                    await asyncio.to_thread(self._keep)
            if self._status == 'failed':
                self._tell('running', 'it takes events again')

    async def _hand(self, page: Sequence[events.Event]) -> None:
        """Gives them to the handler; the cursor is at what it has taken."""
        for event in page:
            await self._handler(event)
            self.cursor = event.seq

    def _keep(self) -> None:
        cursor = self.cursor
        if cursor != self._kept:
            write_cursor(self._file, cursor)
            self._kept = cursor

    def _read_page(self) -> tuple[list[events.Event], int]:
        """Reads what the handler is given next, and how far that goes."""
        most = min(PAGE, self._log.seq - self.cursor)
        page, last = [], self.cursor
        for row in reader.unhashed(self._path, after=self.cursor, limit=most):
            last = row[0]
            # What nobody asked for is not even decoded.
            if self._kinds is None or row[2] in self._kinds:
                page.append(reader.to_event(row))
        return page, last

    def _look_behind(self) -> None:
        behind = self._log.seq - self.cursor > BEHIND
        if behind and not self._behind:
            self._tell('behind', f'{self._log.seq - self.cursor} events wait')
        self._behind = behind

    def _tell(self, status: str, detail: str) -> None:
        self._status = status
        self._bus.put(
            bus.Lane.REPORTS,
            bus.Incoming(
                events.EventType.SYSTEM_STATUS,
                records.SystemStatus(
                    component=f'subscriber:{self.name}',
                    status=status,
                    detail=detail,
                ),
                'engine',
            ),
        )


class PageSubscriber(Subscriber):
    """Feeds a handler that takes up to PAGE events at once.

    The cursor moves once it has taken all of them.
    """

    def __init__(self, name: str, handler: PageHandler, **fields: Any) -> None:
        """Sets up a subscriber.

        Args:
            name: Its name: letters, digits, - and _.
            handler: Takes events, in order; it may be given some twice.
            **fields: As `Subscriber` takes them.
        """
        super().__init__(name, self._hand_one, **fields)
        self._pages = handler

    async def _hand_one(self, event: events.Event) -> None:
        await self._pages((event,))

    async def _hand(self, page: Sequence[events.Event]) -> None:
        if page:
            await self._pages(page)


def read_cursor(file: pathlib.Path, first: int) -> int:
    """Reads how far a reader was.

    Args:
        file: Has it.
        first: What holds where there is no such file.

    Raises:
        errors.JournalError: It is not a cursor.
    """
    try:
        return int(file.read_text(encoding='ascii'))
    except FileNotFoundError:
        return first
    except ValueError:
        raise errors.JournalError(
            f'{file} is not a cursor; remove it to begin at the first event'
        ) from None


def write_cursor(file: pathlib.Path, cursor: int) -> None:
    """Replaces the file in one step, so that it is never half written."""
    fresh = file.with_suffix('.new')
    number = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(number, 'w', encoding='ascii') as out:
        out.write(str(cursor))
        out.flush()
        # Or it may be empty after the power was cut.
        os.fsync(number)
    fresh.replace(file)
