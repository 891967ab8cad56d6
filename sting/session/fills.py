"""Fills of orders that the state has forgotten: the log is asked.

The state forgets orders done long ago with their executions, and the log does
not. A fill of such an order may be new, or one that is reported again.
"""

import asyncio
import contextlib
import pathlib

from sting.engine import bus
from sting.engine import core
from sting.engine import reader
from sting.engine import state
from sting.model import errors
from sting.model import events
from sting.model import orders
from sting.model import records


class ForgottenFills(core.Component):
    """Lets each fill be booked once, however old its order is."""

    name = 'fills'

    def __init__(
        self,
        path: pathlib.Path,
        system: state.SystemState,
        event_bus: bus.EventBus,
    ) -> None:
        """Sets it up.

        Args:
            path: The log's file.
            system: The state.
            event_bus: Takes a fill that is new.
        """
        self._path = path
        self._system = system
        self._bus = event_bus
        self._waiting: asyncio.Queue[tuple[orders.Fill, str]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._executions: frozenset[tuple[str, str]] | None = None

    @property
    def task(self) -> asyncio.Task[None]:
        """Its task; it ends by itself only when it fails."""
        if self._task is None:
            raise errors.StateError('fills have not been started')
        return self._task

    async def start(self) -> None:
        """Begins to ask the log."""
        self._task = asyncio.create_task(self._run(), name=self.name)

    async def stop(self) -> None:
        """Ends; what waits is reported again after the next start."""
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task

    def refuse(self, fill: orders.Fill, source: str) -> str:
        """Keeps a fill out of its step while the log is asked about it.

        Args:
            fill: The fill, about to be taken.
            source: Who reports it.

        Returns:
            Why it is not taken now; empty where the state can tell itself
            whether it is new, which is nearly always.
        """
        system = self._system
        if fill.order_id in system.orders or not fill.order_id.startswith(
            f'{system.log}-'
        ):
            return ''
        self._waiting.put_nowait((fill, source))
        return 'the log is asked whether it is new'

    def is_booked(self, fill: orders.Fill, since: int) -> bool:
        """Whether a fill of before the start is in the log.

        Args:
            fill: What the broker has.
            since: Time of the log's last event, nanoseconds, UTC: it does not
                have what somebody else traded while the engine was away.
        """
        system = self._system
        ours = fill.order_id.startswith(f'{system.log}-')
        if not ours and fill.timestamp < system.began(fill.broker):
            # It is in the cash that the log began with.
            return True
        if fill.order_id in system.orders or fill.timestamp > since:
            return system.knows_execution(fill)
        if self._executions is None:
            self._executions = reader.executions(self._path)
        booked = (fill.order_id, fill.execution_id) in self._executions
        return booked or system.knows_execution(fill)

    async def _run(self) -> None:
        while True:
            fill, source = await self._waiting.get()
            incoming = bus.Incoming(events.EventType.FILL, fill, source)
            try:
                if await asyncio.to_thread(self._has, fill):
                    continue
            except errors.JournalError as error:
                incoming = bus.Incoming(
                    events.EventType.RISK_ALERT,
                    _cannot_tell(fill, error),
                    'engine',
                )
            self._bus.put(bus.Lane.REPORTS, incoming)

    def _has(self, fill: orders.Fill) -> bool:
        """Whether the log has a fill behind what led to its order."""
        number = fill.order_id.split('-')[1]
        after = int(number) if number.isdecimal() else 0
        found = reader.executions(self._path, after)
        return (fill.order_id, fill.execution_id) in found


def _cannot_tell(
    fill: orders.Fill, error: errors.JournalError
) -> records.Alert:
    return records.Alert(
        severity=records.Severity.CRITICAL,
        message=(
            f'a fill of {fill.quantity:g} {fill.symbol} for {fill.order_id} '
            f'is not booked, since the log cannot say if it is new: {error}'
        ),
        source='orders',
    )
