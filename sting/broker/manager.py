"""Takes durable intents to the brokers, and asks before it does so again."""

import asyncio
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Coroutine
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import functools
import threading
from typing import Any
from typing import Final

from sting.broker import errands
from sting.broker import interface
from sting.broker import lanes
from sting.broker import link as links
from sting.broker import way as ways
from sting.engine import clock as clocks
from sting.engine import core
from sting.engine import latency
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import stops
from sting.model import views
from sting.net import monitor

# So long the emergency stop waits for brokers that hang.
STOP_S: Final = 15.0
# So long an end waits for what is not sent yet.
DRAIN_S: Final = 10.0
# So long a start waits for one of several brokers: the others are not to wait
# for it.
FIRST_S: Final = 3.0
# And so long for one that is there and does not tell what happened.
SETTLED_S: Final = 20.0

Reconciled = Callable[[], Coroutine[Any, Any, None]]
# A further broker, what takes its reports, and what looks at its book.
Other = tuple[interface.BrokerInterface, interface.Sink, Reconciled]


async def nothing() -> None:
    """Has nothing more to ask after a connection was made."""


class BrokerManager(core.Component):
    """Sends what the engine has decided to the broker that it is for.

    Each broker has a way of its own, see `way.Way`: none waits for another.

    Whatever becomes of an errand comes back as a report: a refusal as
    rejected, silence as unknown, and what the emergency stop kept back as
    denied. What was not answered is asked about, at growing intervals, until
    it is: an order is sent again only when the broker says that it never had
    it. A cancel stays pending and is asked for until the broker answers.
    """

    name = 'brokers'

    def __init__(
        self,
        broker: interface.BrokerInterface,
        sink: interface.Sink,
        halted: interface.Halted,
        *,
        time_source: clocks.Clock,
        policy: links.Policy | None = None,
        instruments: Mapping[str, market.Instrument] | None = None,
        told: links.Told = monitor.nobody,
        reconciled: Reconciled = nothing,
        others: Sequence[Other] = (),
    ) -> None:
        """Sets up the ways to the brokers.

        Args:
            broker: The broker.
            sink: Takes every report of it.
            halted: Whether the emergency stop keeps an order back; a broker
                asks before each send.
            time_source: The engine's clock.
            policy: How long what waits; None for the usual.
            instruments: Ticks and lots, by symbol; what is not in it is sent
                as it is.
            told: Called with each change of a connection.
            reconciled: Called after orders and fills were asked for, each time
                a connection was made, before new orders go out. Raises a
                BrokerError to be called again.
            others: Further brokers, each with what takes its reports, and
                what is called for it as `reconciled`. An order names the one
                that it goes to.
        """
        policy = policy or links.Policy()
        self._clock = time_source
        self._told = told
        self._ways = [
            ways.Way(
                each,
                takes,
                halted,
                time_source=time_source,
                policy=policy,
                instruments=instruments or {},
                told=told,
                reconciled=looks,
            )
            for each, takes, looks in ((broker, sink, reconciled), *others)
        ]
        self._task: asyncio.Task[None] | None = None
        # Of each broker the last pull of the stop, which may hang.
        self._stopping: dict[str, threading.Thread] = {}

    @property
    def task(self) -> asyncio.Task[None]:
        """What sends; it ends by itself only when it fails."""
        if self._task is None:
            raise errors.StateError('the brokers have not been started')
        return self._task

    @property
    def waiting(self) -> int:
        """How many errands wait."""
        return sum(way.waiting for way in self._ways)

    def rows(self) -> tuple[views.LinkRow, ...]:
        """Says how the connection to each broker is."""
        return tuple(
            views.LinkRow(way.name, way.link.status, way.link.reason)
            for way in self._ways
        )

    def answers(self) -> dict[str, latency.Recent]:
        """Gives the seconds until each broker's last answers."""
        return {way.name: way.took for way in self._ways}

    def know(
        self,
        working: Callable[[], Iterable[orders.Order]],
        booked: Callable[[orders.Fill], bool],
        since: int = 0,
    ) -> None:
        """Learns what is in the log; before `start`, while that is all.

        Args:
            working: Gives the orders that work.
            booked: Whether a fill is in the log already.
            since: The first moment of which a fill may be missing,
                nanoseconds since the epoch, UTC; an hour more is asked for.
        """
        for way in self._ways:
            mine = functools.partial(self._working_at, way, working)
            way.know(errands.Ledger(mine, booked, since))

    def _working_at(
        self, way: ways.Way, working: Callable[[], Iterable[orders.Order]]
    ) -> list[orders.Order]:
        return [o for o in working() if self._way_of(o) is way]

    async def start(self) -> None:
        """Connects and begins to send; without an answer it goes on trying.

        Raises:
            errors.AccountError: A broker answers for another account.
        """
        loop = asyncio.get_running_loop()
        opens = [loop.create_task(way.link.open()) for way in self._ways]
        try:
            done, _ = await asyncio.wait(
                opens,
                timeout=FIRST_S if len(opens) > 1 else None,
                return_when=asyncio.FIRST_EXCEPTION,
            )
            for each in done:
                each.result()
        except BaseException:
            for each in opens:
                each.cancel()
            await asyncio.gather(*opens, return_exceptions=True)
            raise
        self._task = loop.create_task(self._run(opens), name='brokers')

    async def stop(self) -> None:
        """Sends what waits, if there is a way, then disconnects."""
        task, self._task = self._task, None
        if task is not None:
            await self._drain(task)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        for way in self._ways:
            await way.close()

    async def reconcile(self) -> None:
        """Waits until each broker has told what works and what was filled.

        Of several one that is not there is not waited for, but for the first,
        and one that does not tell not for long.
        """
        if len(self._ways) == 1:
            await self._ways[0].link.until_ready()
            return
        first = [asyncio.create_task(w.link.until_ready()) for w in self._ways]
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SETTLED_S):
                    for way in self._ways:
                        await way.link.until_settled()
        finally:
            for each in first:
                each.cancel()
            await asyncio.gather(*first, return_exceptions=True)

    def send(self, errand: lanes.Errand) -> None:
        """Takes an errand whose intent is durable; never waits.

        Args:
            errand: What to tell a broker.
        """
        self._way_of(errand.order).send(errand)

    def _way_of(self, order: orders.Order) -> ways.Way:
        """Gives the way to the broker of an order."""
        for way in self._ways:
            if way.name == order.broker:
                return way
        return self._ways[0]

    def emergency_cancel_all(
        self,
        since: float | None = None,
        keep: Collection[str] = (),
        only: str = '',
    ) -> tuple[stops.BrokerStop, ...]:
        """Takes all orders out at all brokers, now, from whatever thread.

        One that hangs does not delay another.

        Args:
            since: When the stop was pulled, in seconds of the clock; None for
                now.
            keep: Ids of orders that work on.
            only: The one broker where it is repeated; empty for all. Where
                the last time still hangs nothing more is done.

        Returns:
            What was done at each broker, in their order.
        """
        asked = [way for way in self._ways if only in ('', way.name)]
        hung = self._stopping.get(only)
        if hung is not None and hung.is_alive():
            return (stops.BrokerStop(broker=only, error='it still hangs'),)
        pulled = self._clock.monotonic() if since is None else since
        found: dict[str, stops.BrokerStop] = {}
        all_told = threading.Event()

        def cancel(way: ways.Way) -> None:
            found[way.name] = self._stop_at(way, pulled, keep)
            if len(found) == len(asked):
                all_told.set()

        for way in asked:
            thread = threading.Thread(target=cancel, args=(way,), daemon=True)
            self._stopping[way.name] = thread
            thread.start()
        # One wait for all: several that hang take no longer than one.
        all_told.wait(STOP_S)
        silent = f'no answer in {STOP_S:g} s'
        told = dict(found)
        return tuple(
            told.get(way.name)
            or stops.BrokerStop(broker=way.name, error=silent)
            for way in asked
        )

    def _stop_at(
        self, way: ways.Way, pulled: float, keep: Collection[str]
    ) -> stops.BrokerStop:
        """Takes all orders out at one broker."""
        began = self._clock.monotonic()
        # The boundary of the stop: what fails at one broker is told, and the
        # others are done all the same.
        try:
            told = way.emergency_cancel_all(keep)
        except Exception as error:  # noqa: BLE001
            return stops.BrokerStop(broker=way.name, error=str(error))
        last = self._clock.monotonic() - pulled
        first: float | None = None
        if told.first_s is not None:
            first = began - pulled + told.first_s
        elif told.cancelled:
            first = last
        return stops.BrokerStop(
            broker=way.name,
            cancelled=told.cancelled,
            unknown=told.unknown,
            first_ms=None if first is None else first * 1000.0,
            last_ms=last * 1000.0,
            note=told.note,
        )

    async def _run(self, opens: Sequence[asyncio.Task[None]]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for way, opened in zip(self._ways, opens, strict=True):
                    group.create_task(_follow(opened, way))
        except BaseExceptionGroup as several:
            raise _first(several) from None

    async def _drain(self, task: asyncio.Task[None]) -> None:
        """Lets out what waits, where there is a connection."""
        connected = [way for way in self._ways if way.link.works]
        if not connected:
            return
        sent = asyncio.ensure_future(_drained(connected))
        # A task that has failed will send no more.
        await asyncio.wait(
            {sent, task},
            timeout=DRAIN_S,
            return_when=asyncio.FIRST_COMPLETED,
        )
        sent.cancel()
        await asyncio.gather(sent, return_exceptions=True)


async def _follow(opened: asyncio.Task[None], way: ways.Way) -> None:
    """Runs a way once its first try to connect is over."""
    await opened
    await way.run()


async def _drained(connected: Sequence[ways.Way]) -> None:
    await asyncio.gather(*(way.drain() for way in connected))


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Gives the first of what went wrong together."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
