"""The engine and all that belongs to it, running in its own loop."""

import asyncio
from collections.abc import Mapping
import contextlib
import functools
import os
from typing import Any

import msgspec

from sting.engine import background
from sting.engine import bus
from sting.engine import clock
from sting.engine import exits
from sting.engine import recovery
from sting.model import commands
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import parameters
from sting.model import records
from sting.model import specs
from sting.model import stops
from sting.model import views
from sting.monitor import metrics
from sting.session import heap
from sting.session import parts
from sting.session import scheduling
from sting.session import settable
from sting.strategy import host

LOCK = 'engine.lock'
PICTURE_S = 0.1
THIN_S = 1.0
# So long an end waits for cancels, and so often it looks.
CANCEL_S = 10.0
_POLL_S = 0.02


class EngineRoom(parts.Parts):
    """One profile's engine, from its log to its brokers."""

    _trading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Starts all parts; trading begins, unless a halt is latched."""
        heap.settle()
        system = self._engine.state
        self._loop = asyncio.get_running_loop()
        since = self._since = system.time
        self._started = self._clock.monotonic()
        self._began = clock.LiveClock().now()
        halted = system.trading is records.TradingState.HALTED
        if self._stop.is_set and not halted:
            who, reason = self._stop.reason
            self._intake.command(
                bus.Lane.STOP, commands.Halt(who=who, reason=reason), who
            )
        elif halted:
            self._stop.hold('engine', system.halted_by, system.seq)
        self._intake.system('started', f'process {os.getpid()}')
        self._brokers.know(
            system.working,
            lambda fill: self._fills.is_booked(fill, since),
            since,
        )
        await self._engine.start()
        if self._unfollowed:
            self._intake.alert(self._unfollowed, self._feeding.name)
        for note in self._found.notes:
            self._intake.alert(note, 'journal')
        if self._unsaid:
            self._intake.alert(self._unsaid, 'alerts')
        if self._archived:
            self._intake.system('archived', self._archived)
        await self._sequence.drain()
        if self._found.base.seq:
            self._behind.append(asyncio.create_task(self._verify_older()))
        # A broker that does not answer must not keep the engine from being
        # seen and stopped.
        self._trading = asyncio.create_task(self._begin_trading())
        self._behind.append(self._trading)

    async def _begin_trading(self) -> None:
        """Settles what may work at the broker, then starts strategies.

        With a schedule they are started when its session begins, and this
        does not end.
        """
        system = self._engine.state
        await self._brokers.reconcile()
        if self._scheduling is not None:
            await self._scheduling.run()
        elif system.trading is records.TradingState.TRADING:
            scheduling.start_enabled(
                self._specs, system, self._intake, 'engine'
            )

    async def _verify_older(self) -> None:
        """Holds what is older than the checkpoint against the chain."""
        try:
            await asyncio.to_thread(
                recovery.verify_older, self._path, self._found.base
            )
        except errors.JournalError as error:
            self._damage = str(error)
            self._stop.trigger('journal', self._damage)

    async def run_until(self, ended: asyncio.Event) -> None:
        """Lets the engine run until it is told to end.

        Of what runs only beside it, as figures and checkpoints, an alert
        tells that it failed.

        Args:
            ended: Set by whoever ends it.

        Raises:
            Exception: Whatever ended a part by itself.
        """
        waiting = asyncio.create_task(ended.wait())
        pending = {
            waiting,
            self._sequence.task,
            self._brokers.task,
            self._fills.task,
            self._reports.task,
            *self._behind,
        }
        pending |= {
            each.task
            for each in self._reconcilers.values()
            if each.task is not None
        }
        beside = {
            each.task
            for each in self._engine.components
            if isinstance(each, background.Background) and each.task is not None
        }
        pending |= beside
        try:
            while not waiting.done():
                done, pending = await asyncio.wait(
                    pending, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    if task in beside:
                        self._tell_ended(task)
                    else:
                        task.result()
        finally:
            waiting.cancel()

    def _tell_ended(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._intake.alert(
                f'{task.get_name()} failed and is missing until sting starts '
                f'again: {error!r}',
                task.get_name(),
                records.Severity.CRITICAL,
            )

    async def stop(self) -> None:
        """Ends all parts in order and closes the log.

        The log is closed also when that is given up, as it may be while the
        log cannot be written; nothing of what is lost then was acted on.
        """
        try:
            await self._end()
        finally:
            self._sequence.task.cancel()
            await asyncio.gather(self._sequence.task, return_exceptions=True)
            await self._journal.close()
            self._notes.close()

    async def _end(self) -> None:
        if self._scheduling is not None and self._trading is not None:
            # Or it would start strategies that are about to end.
            self._trading.cancel()
        if not self._sequence.task.done():
            await self._feeding.stop()
            await self._outlet.stop()
            await self._sequence.drain()
            if self._chosen.on_disconnect == 'cancel':
                await self._cancel_working()
            self._tell_unsent()
            await self._reports.idle()
            with contextlib.suppress(errors.JournalWriteError):
                await self._checkpoints.make()
            self._intake.system('stopped', 'in order')
            await self._sequence.drain()
        for task in self._behind:
            task.cancel()
        await asyncio.gather(*self._behind, return_exceptions=True)
        await self._engine.stop()

    def _tell_unsent(self) -> None:
        """Names what works on outside and will be filled without its exits."""
        waiting = exits.unsent(self._engine.state)
        if not waiting or self._played is not None:
            return
        names = ', '.join(f'{one.id} ({one.symbol})' for one in waiting)
        self._intake.alert(
            f'{names}: works on at the broker, and its exits are sent only '
            'when sting hears of its fills; until sting runs again such fills '
            'are without them. Cancel it, or set on_disconnect: cancel',
            'brokers',
        )

    async def _cancel_working(self) -> None:
        """Has all orders cancelled, and waits until none works."""
        self._intake.command(bus.Lane.ORDERS, commands.CancelAll(), 'engine')
        await self._sequence.drain()
        until = self._clock.monotonic() + CANCEL_S
        while self._engine.state.working_count():
            if self._clock.monotonic() > until:
                self._intake.alert(
                    'the engine ends and not all orders are known to be '
                    'cancelled; look at the broker',
                    'brokers',
                )
                break
            await asyncio.sleep(_POLL_S)
            await self._sequence.drain()

    def submit(self, lane: bus.Lane, incoming: bus.Incoming) -> None:
        """Puts something into a lane, from any thread.

        Trading is not resumed on a log that does not verify.
        """
        if (
            self._damage
            and incoming.type is events.EventType.COMMAND
            and isinstance(incoming.data.command, commands.Resume)
        ):
            if incoming.reply is not None:
                incoming.reply(
                    commands.CommandResult(ok=False, message=self._damage)
                )
            return
        if incoming.type is events.EventType.COMMAND:
            self._guard_parameters(incoming)
            if isinstance(incoming.data.command, commands.WatchSymbol):
                # Whether the feed has it takes longer than a turn may.
                self._loop.call_soon_threadsafe(self._ask, lane, incoming)
                return
        self.bus.post(lane, incoming)

    def _ask(self, lane: bus.Lane, incoming: bus.Incoming) -> None:
        self._behind.append(asyncio.create_task(self._ask_feed(lane, incoming)))

    async def _ask_feed(self, lane: bus.Lane, incoming: bus.Incoming) -> None:
        """Lets only a symbol become an event that the feed can give."""
        symbol = incoming.data.command.symbol
        why = ''
        if symbol not in self._symbols.all:
            why = await self._symbols.refusal(symbol)
        if why:
            incoming.refusal = lambda: why
        self.bus.put(lane, incoming)

    def _guard_parameters(self, incoming: bus.Incoming) -> None:
        """Has parameters held to their strategy when their turn comes."""
        command = incoming.data.command
        if isinstance(command, commands.SetParameters):
            incoming.refusal = functools.partial(
                settable.refusal, command, self._specs, self._hosted
            )

    def bars(self, symbol: str, limit: int) -> tuple[market.MarketData, ...]:
        """Gives the last closed bars of a symbol, oldest first."""
        return self._board.bars(symbol, limit)

    def marks(self, symbol: str, limit: int) -> tuple[views.Mark, ...]:
        """Gives the last fills of a symbol, oldest first."""
        return self._board.marks(symbol, limit)

    def lines(self, symbol: str, limit: int) -> tuple[views.Line, ...]:
        """Gives the indicators that strategies have of a symbol."""
        return self._board.lines(symbol, limit)

    async def judge(
        self, command: commands.SubmitOrder | commands.ReplaceOrder
    ) -> views.Judgement:
        """Gives what risk would say of an order or a change; sends nothing.

        Raises:
            errors.OrderError: It makes no sense.
            errors.RefusedError: It is not allowed now.
        """
        return self._engine.weigh(command, self._clock.now())

    def emergency_cancel(self, since: float) -> tuple[stops.BrokerStop, ...]:
        """Cancels everything at the brokers, from the stop's thread.

        Args:
            since: When the stop was pulled, in seconds of the clock.

        Returns:
            What was done at each broker.
        """
        return self._brokers.emergency_cancel_all(
            since, self._engine.stops.to_keep()
        )

    def emergency_again(self, since: float, broker: str) -> stops.BrokerStop:
        """Cancels once more at one broker; from any thread.

        Args:
            since: When the stop was pulled, in seconds of the clock.
            broker: Its name.
        """
        met = self._engine.stops
        (told,) = self._brokers.emergency_cancel_all(
            since, met.to_keep() | met.after(), broker
        )
        return told

    def stopped(self, report: stops.StopReport) -> None:
        """Takes what came of a stop, from any thread."""
        self._reports.post(report)

    async def picture(self, lag_ms: float = 0.0) -> views.Snapshot:
        """Makes a picture of the engine at its last durable event.

        Args:
            lag_ms: How late the loop was last, in milliseconds.

        Returns:
            The picture.
        """
        if lag_ms:
            self._sampling.lags.append(lag_ms / 1e3)
        async with self._sequence.durable:
            now = self._clock.monotonic()
            return self._board.picture(
                now,
                self._rows(),
                account=self.account,
                currency=self._chosen.currency,
                halting=self._stop.pending,
                pid=os.getpid(),
                started=self._began,
                uptime_s=now - self._started,
                feeds=(self._feeding.row(),),
                brokers=self._links(),
                channels=self._channels(),
                queues=(
                    *self.bus.statistics(),
                    views.QueueRow('brokers', self._brokers.waiting, 0),
                ),
                loop_lag_ms=lag_ms,
                generated=self._symbols.feed.generated,
                risk=self._measuring.found,
                health=self._sampling.found,
                easing=self._easing.found,
                availability=self._availability and self._availability.found,
                session=self._scheduling and self._scheduling.found,
            )

    @property
    def every_s(self) -> float:
        """Seconds from one picture to the next."""
        return THIN_S if self._easing.is_thin else PICTURE_S

    @property
    def timed(self) -> tuple[metrics.Sums, Mapping[str, int]]:
        """How long things took, and how many events of each type there were."""
        return self._sampling.sums, self._sampling.counts

    def alert(self, message: str, source: str) -> None:
        """Tells something that a person should know."""
        self._intake.alert(message, source)

    def _channels(self) -> tuple[views.LinkRow, ...]:
        return () if self._alerts is None else self._alerts.rows()

    def _links(self) -> tuple[views.LinkRow, ...]:
        """Says how each broker is; of several what is in its account, too."""
        rows, system = self._brokers.rows(), self._engine.state
        return tuple(
            msgspec.structs.replace(
                row,
                detail=row.detail
                or f'equity {book.value(system.prices):,.2f}, '
                f'cash {book.cash:,.2f}',
            )
            if (book := system.venues.get(row.name)) is not None
            else row
            for row in rows
        )

    def _rows(self) -> tuple[views.StrategyRow, ...]:
        running = self._running()
        return tuple(
            _row(
                running[spec.name].spec if spec.name in running else spec,
                self._chosen.symbols,
                self._hosted.vitals(spec.name),
                self._hosted.settings(spec.name),
            )
            for spec in self._specs
        )


def _row(
    spec: specs.StrategySpec,
    symbols: tuple[str, ...],
    vitals: host.Vitals,
    settings: tuple[parameters.Setting, ...],
) -> views.StrategyRow:
    return views.StrategyRow(
        spec.name,
        spec.reference,
        'stopped',
        spec.symbols or symbols,
        ' '.join(f'{k}={v}' for k, v in spec.values.items()),
        settings=settings,
        **vitals._asdict(),
    )
