"""Alerts on their way out: from the log to the channels of alerts.yaml.

A durable subscriber takes alerts from the log into the outbox, and each
channel has a task that tells what waits there. Nothing of it is waited for by
the engine; a message is let go of only once its channel has taken it, so that
one may be told twice after a crash, and never not at all.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Sequence
import contextlib
from typing import Final

from sting.engine import clock
from sting.engine import core
from sting.engine import subscribers
from sting.model import errors
from sting.model import events
from sting.model import views
from sting.monitor import delivery
from sting.monitor import notices
from sting.monitor import outbox
from sting.monitor import routing

NAME: Final = 'alerts'
LOOK_S: Final = 0.25
KINDS: Final = frozenset(
    {events.EventType.RISK_ALERT, events.EventType.SYSTEM_STATUS}
)
# So long an end waits for what can still be told.
GRACE_S: Final = 5.0
_POLL_S: Final = 0.05

Subscribe = Callable[[subscribers.Handler], subscribers.Subscriber]


class AlertsOut(core.Component):
    """Tells people who do not sit at the screen what the log alerts of."""

    name = NAME

    def __init__(
        self,
        router: routing.Router,
        repeats: routing.Repeats,
        *,
        box: outbox.Outbox,
        disk: asyncio.Lock,
        deliveries: Sequence[delivery.Delivery],
        subscribe: Subscribe,
        time_source: clock.Clock,
    ) -> None:
        """Sets up the ways out.

        Args:
            router: Gives the channels of an alert.
            repeats: Keeps the same from being told again and again.
            box: Keeps what is not told yet; it is closed at the end.
            disk: Held while the box is used.
            deliveries: The ways to the channels.
            subscribe: Makes the subscriber to the log, given its handler.
            time_source: The wall's clock.
        """
        self._router = router
        self._repeats = repeats
        self._box = box
        self._disk = disk
        self._ways = {each.name: each for each in deliveries}
        self._subscriber = subscribe(self._take)
        self._clock = time_source
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begins behind the last alert that was taken."""
        try:
            await self._subscriber.start()
        except errors.JournalError:
            # The box knows as well how far it was.
            taken = await asyncio.to_thread(self._box.taken)
            await self._subscriber.begin_behind(taken)
            await self._subscriber.start()
        works = [each.run() for each in self._ways.values()]
        self._tasks = [
            asyncio.get_running_loop().create_task(work, name=NAME)
            for work in (*works, self._count())
        ]

    async def stop(self) -> None:
        """Tells what can be told in a few seconds; the rest is kept."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                while not self._is_idle():
                    await self._clock.sleep(_POLL_S)
        await self._subscriber.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # A thread may still use it.
        async with self._disk:
            self._box.close()

    def rows(self) -> tuple[views.LinkRow, ...]:
        """Says how each channel is."""
        return tuple(each.row() for each in self._ways.values())

    def _is_idle(self) -> bool:
        if not self._tasks or all(task.done() for task in self._tasks):
            return True
        return not self._subscriber.statistics().waiting and all(
            each.idle for each in self._ways.values()
        )

    async def _take(self, event: events.Event) -> None:
        """Keeps an alert for its channels; called in the log's order."""
        one = notices.of(event)
        if one is None:
            return
        channels = self._router.channels(one)
        if channels and self._repeats.admits(
            one, channels, self._clock.monotonic()
        ):
            await self._keep(one, channels)

    async def _count(self) -> None:
        """Tells how often alerts came again, when that is due."""
        while True:
            await self._clock.sleep(LOOK_S)
            for one, channels in self._repeats.over(self._clock.monotonic()):
                # A full disk is told by others, and the next count has it.
                with contextlib.suppress(errors.JournalError):
                    await self._keep(one, channels, again=True)

    async def _keep(
        self,
        one: notices.Notice,
        channels: Sequence[str],
        *,
        again: bool = False,
    ) -> None:
        async with self._disk:
            fresh = await asyncio.to_thread(
                self._box.take, one, channels, again=again
            )
        for name in fresh:
            self._ways[name].look()
