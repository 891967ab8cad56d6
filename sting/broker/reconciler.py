"""Looks at a broker's book: after each connection, and now and then."""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from sting.broker import interface
from sting.broker import link as links
from sting.broker import reconcile
from sting.engine import clock as clocks
from sting.engine import core
from sting.engine import state
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import records

_T = TypeVar('_T')
_S = orders.OrderStatus
_PENDING = frozenset({_S.PENDING_CANCEL, _S.PENDING_REPLACE})

# Seconds between a look that sees something and the one that confirms it.
APART_S = 2.0
# Seconds between two looks while something differs.
OPEN_S = 15.0
# Brokers bring an account's cash up to date every three minutes at the latest.
CASH_S = 180.0
# So long a fill may take to be booked.
BOOKED_S = 120.0
# So long a request may take, whatever the adapter thinks.
REQUEST_S = 60.0
# An order whose cancel or change is not answered so long is asked about.
PENDING_S = 60.0
# Looks after a connection that orders wait for; what never comes to rest is
# left to the timer.
SETTLING = 3
# Fills are asked for from so long before the last look, since clocks differ;
# and while something differs, in case one was passed over, from so long ago.
SINCE = 600 * market.NANOSECONDS
DEEP = 86_400 * market.NANOSECONDS

Tell = Callable[[records.Reconciliation], None]
Booked = Callable[[orders.Fill], bool]


class Reconciler(core.Component):
    """Tells the engine in what a broker's book differs from its own."""

    name = 'reconciliation'

    def __init__(
        self,
        broker: interface.BrokerInterface,
        system: state.SystemState,
        *,
        sink: interface.Sink,
        tell: Tell,
        booked: Booked,
        time_source: clocks.Clock,
        expected: reconcile.Expected,
        every_s: float = 60.0,
        apart_s: float = APART_S,
        at: str = '',
    ) -> None:
        """Sets up the looks; nothing is asked yet.

        Args:
            broker: The broker.
            system: The engine's state.
            sink: Takes fills that are not booked.
            tell: Takes what differs.
            booked: Whether a fill is in the log already.
            time_source: Waits between the looks.
            expected: What the profile says of the account.
            every_s: Seconds between two looks; 0 looks only after a
                connection.
            apart_s: Seconds between a look that sees something and the one
                that confirms it.
            at: Its name, where it is one of several: what is there is held
                against what we have there.
        """
        self._broker = broker
        self._at = at
        self._system = system
        self._sink = sink
        self._tell = tell
        self._booked = booked
        self._clock = time_source
        self._expected = expected
        self._every_s = every_s
        self._apart_s = apart_s
        self._looks = reconcile.Looks(apart_s, CASH_S)
        self._since: int | None = None
        # Fills that were told and are not booked yet, and since when.
        self._told: dict[tuple[str, str], float] = {}
        # Orders that wait for an answer and are not shown, and since when.
        self._pending: dict[str, tuple[float, orders.Order]] = {}
        self._looking = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def task(self) -> asyncio.Task[None] | None:
        """Its task, which ends by itself only when it fails; None without."""
        return self._task

    async def start(self) -> None:
        """Begins to look now and then."""
        if self._every_s:
            self._task = asyncio.get_running_loop().create_task(
                self._run(), name=self.name
            )

    async def stop(self) -> None:
        """Looks no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def reconciled(self) -> None:
        """Looks after a connection, before orders go out again.

        It returns when what differs is known to the engine.

        Raises:
            errors.BrokerError: The broker did not answer.
        """
        trigger = 'start' if self._since is None else 'reconnect'
        for _ in range(SETTLING):
            await self.look(trigger)
            if not self._looks.waits:
                return
            await self._clock.sleep(self._apart_s)
            trigger = 'confirm'

    async def look(self, trigger: str) -> None:
        """Holds the books against each other once.

        Args:
            trigger: What for.

        Raises:
            errors.BrokerError: The broker did not answer.
        """
        async with self._looking:
            await self._look(trigger)

    async def _look(self, trigger: str) -> None:
        began = self._clock.monotonic()
        asked_at = self._clock.now()
        before = reconcile.ours(self._system, self._at)
        theirs = await self._fetch()
        after = reconcile.ours(self._system, self._at)
        known = self._known()
        found = [
            self._named(each)
            for each in reconcile.compare(after, theirs, self._expected)
            if each.kind is not records.DifferenceKind.MISSING
            or each.order is None
            or await self._is_missing(each.order)
        ]
        now = self._clock.monotonic()
        await self._tell_ends(after, theirs, now)
        kept = self._looks.take(
            before,
            after,
            found,
            known,
            now,
            moving=self._moving(theirs.fresh, now),
        )
        self._since = asked_at
        told = trigger in ('start', 'reconnect')
        if told or _changed(kept, tuple(known.values())):
            self._tell(
                records.Reconciliation(
                    trigger=trigger,
                    took=now - began,
                    differences=tuple(kept),
                    broker=self._at,
                )
            )

    def _known(self) -> dict[str, records.Difference]:
        """Gives what is open of this broker."""
        return {
            name: each
            for name, each in self._system.differences.items()
            if each.broker == self._at
        }

    def _named(self, found: records.Difference) -> records.Difference:
        """Says of which of several brokers a difference is."""
        if not self._at:
            return found
        return msgspec.structs.replace(
            found, id=f'{found.id}@{self._at}', broker=self._at
        )

    def _moving(self, fresh: Sequence[orders.Fill], now: float) -> set[str]:
        """Gives the symbols of fills that were told and are not booked yet.

        The log may be slow. What is never booked is no reason to look away.
        """
        told, self._told = self._told, {}
        moving: set[str] = set()
        for fill in fresh:
            if self._booked(fill):
                continue
            key = fill.order_id, fill.execution_id
            self._told[key] = told.get(key, now)
            if now - self._told[key] < BOOKED_S:
                moving |= {fill.symbol, ''}
        return moving

    async def _is_missing(self, order: orders.Order) -> bool:
        """Asks about an order that works here and is not shown as working.

        Most often it has just ended, and its end was not heard.

        Returns:
            Whether the broker does not say where it is; it is never assumed.

        Raises:
            errors.BrokerError: It did not answer.
        """
        theirs = await self._find(order.id)
        if theirs is not None:
            return not theirs.is_working and not self._tell_end(order, theirs)
        if order.status is not _S.UNKNOWN:
            self._report(
                order, _S.UNKNOWN, 'the broker does not show it; look there'
            )
        return True

    async def _tell_ends(
        self, mine: reconcile.Ours, theirs: reconcile.Theirs, now: float
    ) -> None:
        """Asks about orders whose cancel or change is long unanswered.

        One may have ended without its being heard; all else is left to whoever
        sent the request.

        Raises:
            errors.BrokerError: The broker did not answer.
        """
        there = {order.id for order in theirs.working}
        waited, self._pending = self._pending, {}
        for order in mine.working.values():
            if order.status not in _PENDING or order.id in there:
                continue
            since, was = waited.get(order.id, (now, order))
            if was != order:
                since = now
            self._pending[order.id] = since, order
            if now - since >= PENDING_S:
                found = await self._find(order.id)
                if found is not None and not found.is_working:
                    self._tell_end(order, found)

    async def _find(self, order_id: str) -> orders.Order | None:
        return await _request(self._broker.get_order_by_client_id(order_id))

    def _tell_end(self, order: orders.Order, theirs: orders.Order) -> bool:
        """Tells how an order ended, unless by fills, which tell themselves.

        An end is an end, whatever was sent of the order meanwhile.
        """
        if theirs.status is _S.FILLED:
            return False
        self._report(order, theirs.status, theirs.message)
        return True

    def _report(
        self, order: orders.Order, status: orders.OrderStatus, message: str
    ) -> None:
        self._sink(
            orders.OrderUpdate(
                order_id=order.id, status=status, message=message
            )
        )

    async def _fetch(self) -> reconcile.Theirs:
        """Asks for all; fills first, so that they can be booked meanwhile.

        Raises:
            errors.BrokerError: It did not answer.
        """
        broker = self._broker
        differs = self._looks.waits or self._known()
        ago = DEEP if differs else SINCE
        fresh = []
        if self._since is not None:
            since = max(0, self._since - ago)
            for fill in await _request(broker.get_fills(since)):
                if not self._booked(fill):
                    self._sink(fill)
                    fresh.append(fill)
        return reconcile.Theirs(
            working=await _request(broker.get_orders()),
            positions=await _request(broker.get_positions()),
            account=await _request(broker.get_account_info()),
            fresh=fresh,
        )

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(self._pause())
            try:
                await self.look('timer')
            except errors.BrokerError:
                # Whoever keeps the connection tells of it, and looks again
                # once it is back.
                continue

    def _pause(self) -> float:
        """Gives the seconds to the next look: fewer while there is need."""
        if self._looks.waits:
            return min(self._apart_s, self._every_s)
        if any(not each.accepted for each in self._known().values()):
            return min(OPEN_S, self._every_s)
        return self._every_s


async def _request(request: Coroutine[object, object, _T]) -> _T:
    return await links.within(REQUEST_S, request)


def _changed(
    now: Sequence[records.Difference], before: Sequence[records.Difference]
) -> bool:
    """Whether there is anything to tell."""
    return {each.id: _gist(each) for each in now} != {
        each.id: _gist(each) for each in before
    }


def _gist(each: records.Difference) -> object:
    return round(each.offset, 9), each.text.partition(' works ')[0]
