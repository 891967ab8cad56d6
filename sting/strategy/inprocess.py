"""Strategies in the engine's own process, where nothing keeps them apart."""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import msgspec

from sting.engine import clock
from sting.engine import step
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from sting.model import specs
from sting.strategy import blame
from sting.strategy import frames
from sting.strategy import host
from sting.strategy import loader
from sting.strategy import reading
from sting.strategy import runner

_T = events.EventType

_HEARD: Mapping[events.EventType, Callable[..., Any]] = {
    _T.MARKET_DATA: runner.StrategyRunner.market_data,
    _T.QUOTE: runner.StrategyRunner.quote,
    _T.TRADE: runner.StrategyRunner.trade,
    _T.DATA_ISSUE: runner.StrategyRunner.data_issue,
}
_BOOKED: Mapping[events.EventType, Callable[..., Any]] = {
    _T.CORPORATE_ACTION: runner.StrategyRunner.corporate_action,
    _T.CASH_FLOW: runner.StrategyRunner.cash_flow,
}

GRACE_S = 2.0


class _Instance:
    """A strategy that runs, and what waits for it.

    Attributes:
        spec: What was configured.
        heard: What it is to hear of.
        queue: Events it has yet to answer; None ends it.
        task: What feeds it.
        started: Set once it runs or has failed.
        last_seq: Number of the event that stops it.
    """

    def __init__(self, spec: specs.StrategySpec) -> None:
        self.spec = spec
        self.heard = host.Subscription(spec)
        self.queue: asyncio.Queue[step.Notify | None] = asyncio.Queue(
            host.WAITING
        )
        self.task: asyncio.Task[None] | None = None
        self.started = asyncio.Event()
        self.last_seq = 0

    async def ready(self) -> None:
        """Waits until it runs or has failed."""
        await self.started.wait()


class InProcessHost:
    """Runs each strategy in a task of its own; see `host.StrategyHost`.

    One that raises, or falls too far behind, has failed and is out; the
    others do not notice. One that never awaits holds up the engine: only a
    process of its own could help that.
    """

    def __init__(
        self,
        specs: Sequence[specs.StrategySpec],
        *,
        log: str,
        time_source: clock.Clock,
        emit: host.Emit,
        status: Callable[[records.StrategyStatus], None],
        note: host.Note | None = None,
        sessions: frames.Sessions | None = None,
        show: reading.Show | None = None,
    ) -> None:
        """Sets up a host in which nothing runs yet.

        Args:
            specs: The instances that can be started.
            log: The id of the log, the start of every order id.
            time_source: Tells the time of starts and stops.
            emit: Told the strategy's name, the number of the event that it
                answered, and what it wants.
            status: Told each change of a strategy's state: running, stopped
                or failed.
            note: Told the strategy's name and each line of its log.
            sessions: Tells when the exchange trades, for longer bars.
            show: Told the strategy's name and what its indicators have after
                each bar; without it nothing is read off.
        """
        self._specs = {spec.name: spec for spec in specs}
        self._log = log
        self._clock = time_source
        self._emit = emit
        self._status = status
        self._note = note
        self._sessions = sessions
        self._show = show
        self._running: dict[str, _Instance] = {}

    def start(
        self,
        name: str,
        *,
        seq: int,
        book: portfolio.Portfolio | None = None,
        history: Sequence[market.MarketData] = (),
        working: Sequence[orders.Order] = (),
        recall: host.Recall | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> Coroutine[Any, Any, None]:
        """Starts a strategy, without its saved state; see `StrategyHost`."""
        del recall
        spec = self._spec(name)
        if name in self._running:
            return self._running[name].ready()
        spec = msgspec.structs.replace(spec, given=given or {})
        instance = _Instance(spec)
        held = portfolio.Portfolio() if book is None else book.copy()
        # Events that come while it loads wait in its queue.
        self._running[name] = instance
        instance.task = asyncio.create_task(
            self._run(instance, seq, held, tuple(history), tuple(working)),
            name=f'strategy {name}',
        )
        return instance.ready()

    async def stop(self, name: str, *, seq: int) -> None:
        """Stops a strategy; what it has not answered is dropped."""
        instance = self._running.get(name)
        if instance is None or instance.task is None:
            return
        while not instance.queue.empty():
            instance.queue.get_nowait()
        instance.last_seq = seq
        instance.queue.put_nowait(None)
        done, _ = await asyncio.wait({instance.task}, timeout=GRACE_S)
        if not done:
            instance.task.cancel()
            await asyncio.wait({instance.task})

    def deliver(
        self,
        event: events.Event,
        order: orders.Order | None = None,
        position: portfolio.Position | None = None,
    ) -> None:
        """Hands an event to the strategies that it concerns; never waits."""
        for instance in tuple(self._running.values()):
            if not instance.heard.takes(event, order):
                continue
            try:
                instance.queue.put_nowait(step.Notify(event, order, position))
            except asyncio.QueueFull:
                self._leave(
                    instance,
                    'failed',
                    f'fell behind: {host.WAITING} events wait',
                )
                if instance.task is not None:
                    instance.task.cancel()

    def is_running(self, name: str) -> bool:
        """Whether a strategy runs now."""
        instance = self._running.get(name)
        return instance is not None and instance.started.is_set()

    def vitals(self, name: str) -> host.Vitals:
        """Says how a strategy is: there is no process to tell of."""
        instance = self._running.get(name)
        waiting = 0 if instance is None else instance.queue.qsize()
        return host.Vitals(waiting=waiting)

    async def close(self, *, seq: int) -> None:
        """Stops them all; returns once nothing of them runs."""
        await asyncio.gather(
            *(self.stop(name, seq=seq) for name in self._running)
        )

    def _spec(self, name: str) -> specs.StrategySpec:
        """Finds what is configured under a name."""
        spec = self._specs.get(name)
        if spec is None:
            raise errors.StrategyError(
                f'there is no strategy {name!r}; there are '
                f'{", ".join(self._specs) or "none"}'
            )
        return spec

    def _leave(self, instance: _Instance, status: str, detail: str) -> None:
        """Says, once, that a strategy runs no more."""
        name = instance.spec.name
        if self._running.get(name) is instance:
            del self._running[name]
            self._tell(instance.spec, status, detail)
        instance.started.set()

    def _tell(self, spec: specs.StrategySpec, status: str, detail: str) -> None:
        self._status(
            records.StrategyStatus(
                strategy=spec.name,
                status=status,
                detail=detail,
                policy=spec.on_failure if status == 'failed' else '',
            )
        )

    async def _run(
        self,
        instance: _Instance,
        seq: int,
        book: portfolio.Portfolio,
        history: Sequence[market.MarketData],
        working: Sequence[orders.Order],
    ) -> None:
        """Loads a strategy and feeds it until it is stopped or fails."""
        try:
            feeder = await self._prepare(instance, seq, book, history, working)
            self._tell(instance.spec, 'running', '')
            instance.started.set()
            while (delivery := await instance.queue.get()) is not None:
                signals = await answer(feeder, delivery)
                self._report(feeder, delivery.event.seq, signals)
                self._read(feeder, delivery.event)
            seq = instance.last_seq
            signals = await feeder.stop(self._clock.now(), seq)
            self._report(feeder, seq, signals)
        except errors.StrategyError as error:
            self._leave(instance, 'failed', str(error))
        except asyncio.CancelledError:
            self._leave(instance, 'stopped', 'it did not stop by itself')
            raise
        except (SystemExit, KeyboardInterrupt) as error:
            # Its module raised this; left alone it would end the engine.
            self._leave(instance, 'failed', str(blame.failure(error, ())))
        else:
            self._leave(instance, 'stopped', '')
        finally:
            # Says nothing where the reason was given above.
            self._leave(instance, 'failed', 'an error in sting itself')

    async def _prepare(
        self,
        instance: _Instance,
        seq: int,
        book: portfolio.Portfolio,
        history: Sequence[market.MarketData],
        working: Sequence[orders.Order],
    ) -> runner.StrategyRunner:
        """Loads a strategy, starts it, and warms its indicators up."""
        spec = instance.spec
        kind = await asyncio.to_thread(loader.load, spec.reference)
        strategy = loader.instantiate(kind, spec.name, spec.values)
        feeder = runner.StrategyRunner(
            strategy,
            number=spec.number,
            log=self._log,
            timeframes=spec.timeframes,
            sessions=self._sessions,
            sizing=spec.sizing,
        )
        feeder.adopt(book)
        signals = await feeder.start(self._clock.now(), seq)
        past = reading.Past(feeder)
        warm_up = feeder.warm_up if self._show is None else past.warm_up
        for bar in instance.heard.past(history):
            warm_up(bar)
        if self._show is not None:
            for told in past.told():
                self._show(spec.name, told)
        more = await feeder.recall(self._clock.now(), working)
        signals = [*signals, *more]
        self._report(feeder, seq, signals)
        return feeder

    def _read(self, feeder: runner.StrategyRunner, event: events.Event) -> None:
        """Tells what the indicators have after a bar."""
        if self._show is None or event.type is not _T.MARKET_DATA:
            return
        told = reading.read(feeder, event.data)
        if told is not None:
            self._show(feeder.name, told)

    def _report(
        self,
        feeder: runner.StrategyRunner,
        seq: int,
        signals: Sequence[orders.Signal],
    ) -> None:
        """Hands on what a strategy wants and what it wrote."""
        name = feeder.name
        if signals:
            self._emit(name, seq, signals)
        lines = feeder.take_log()
        if self._note is not None:
            for line in lines:
                self._note(name, line)


async def answer(
    feeder: runner.StrategyRunner, delivery: step.Notify
) -> Sequence[orders.Signal]:
    """Has a strategy answer an event.

    Args:
        feeder: Feeds it.
        delivery: The event, with what belongs to it.

    Returns:
        What it wants.

    Raises:
        errors.StrategyError: Its code raised.
    """
    event, order = delivery.event, delivery.order
    heard = _HEARD.get(event.type)
    if heard is not None:
        wanted: Sequence[orders.Signal] = await heard(
            feeder, event.seq, event.data
        )
        return wanted
    booked = _BOOKED.get(event.type)
    if booked is not None:
        wanted = await booked(feeder, event.seq, event.data, event.timestamp)
        return wanted
    if order is None:
        return ()
    if event.type is _T.FILL:
        return await feeder.fill(
            event.seq, event.data, order, delivery.position
        )
    return await feeder.order_update(event.seq, order)
