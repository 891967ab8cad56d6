"""What comes of an event of a run: noted, carried out, and told."""

import collections
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
from typing import Any

from sting.backtest import record as record_lib
from sting.engine import bus
from sting.engine import core
from sting.engine import step
from sting.model import errors
from sting.model import events
from sting.model import orders
from sting.simulator import market as simulated
from sting.strategy import runner

_T = events.EventType
_FILL = _T.FILL
_PLAYED = core.PLAYED
_NOTIFY, _PLACE = step.Notify, step.Place
_BOOKED: Mapping[events.EventType, Callable[..., Any]] = {
    _T.CORPORATE_ACTION: runner.StrategyRunner.corporate_action,
    _T.CASH_FLOW: runner.StrategyRunner.cash_flow,
}


class Settler:
    """Stands between the engine, the market and the strategy of a run.

    Attributes:
        running: Whether the strategy is; it may be stopped by its limits.
    """

    def __init__(
        self,
        engine: core.CoreEngine,
        exchange: simulated.MarketSimulator,
        feeder: runner.StrategyRunner,
        record: record_lib.Record,
    ) -> None:
        """Begins a run.

        Args:
            engine: Decides.
            exchange: Has the orders.
            feeder: Feeds the strategy.
            record: Takes down what happens.
        """
        self.running = True
        self._engine = engine
        self._system = engine.state
        self._exchange = exchange
        self._feeder = feeder
        self._record = record
        self._steps: collections.deque[step.Step] = collections.deque()

    def add(self, came: step.Step) -> None:
        """Has what came of an event wait in line."""
        self._steps.append(came)

    def put(
        self,
        kind: events.EventType,
        data: Any,
        source: str,
        now: int,
        symbol: str = '',
        cause: int = 0,
    ) -> None:
        """Has the engine take an event; what came of it waits in line.

        Args:
            kind: What happened.
            data: The payload.
            source: Who says so.
            now: When, nanoseconds since the epoch, UTC.
            symbol: The instrument, where it is about one.
            cause: Number of the event that led to it.
        """
        self._steps.append(
            self._engine.process_event(
                bus.Incoming(kind, data, source, symbol, cause), now
            )
        )

    async def take_signals(
        self, signals: Sequence[orders.Signal], cause: int
    ) -> None:
        """Has the engine take what the strategy wants, and settles it.

        Args:
            signals: What it wants.
            cause: Number of the event that it answers.
        """
        name = self._feeder.name
        now = self._system.time
        for signal in signals:
            self._steps.append(
                self._engine.settle_signal(signal, name, cause, now)
            )
            await self.settle()

    async def settle(self) -> None:
        """Notes and acts on what came, until nothing more comes."""
        steps, take = self._steps, self._record.take
        while steps:
            came = steps.popleft()
            take(came.events)
            for effect in came.effects:
                if type(effect) is _NOTIFY:
                    if not self.running:
                        continue
                    event, order = effect.event, effect.order
                    if order is None:
                        signals = await self._book(event)
                    elif event.type is _FILL:
                        signals = await self._feeder.fill(
                            event.seq, event.data, order, effect.position
                        )
                    else:
                        signals = await self._feeder.order_update(
                            event.seq, order
                        )
                    if signals:
                        self._hear(signals, event.seq)
                elif type(effect) is _PLACE:
                    now = self._system.time
                    self.report(self._exchange.submit(effect.order, now))
                else:
                    self._act(effect)

    def _act(self, effect: step.Effect) -> None:
        now = self._system.time
        if isinstance(effect, step.Cancel):
            # An order that was rejected meanwhile is there no more, and that
            # has been told.
            with contextlib.suppress(errors.BrokerRejectedError):
                self.report(self._exchange.cancel(effect.order.id, now))
        elif isinstance(effect, step.Replace):
            self.report(self._replaced(effect, now))
        elif isinstance(effect, step.Stop):
            self.running = False

    def _replaced(
        self, effect: step.Replace, now: int
    ) -> Sequence[step.Report]:
        order = effect.order
        try:
            return self._exchange.replace(
                order.id,
                now,
                effect.quantity,
                effect.price,
                effect.stop_price,
            )
        except errors.BrokerRejectedError as error:
            return [
                orders.OrderUpdate(
                    order_id=order.id,
                    status=order.resting,
                    message=str(error),
                    quantity=order.quantity,
                )
            ]

    def report(self, reports: Sequence[step.Report]) -> None:
        """Has the engine take what the market says of orders."""
        engine, now = self._engine, self._system.time
        for report in reports:
            self._steps.append(engine.process_report(report, _PLAYED, now))

    async def _book(self, event: events.Event) -> Sequence[orders.Signal]:
        """Has the strategy book what is about no order."""
        booked = _BOOKED.get(event.type)
        if booked is None:
            return ()
        signals: Sequence[orders.Signal] = await booked(
            self._feeder, event.seq, event.data, event.timestamp
        )
        return signals

    def _hear(self, signals: Sequence[orders.Signal], cause: int) -> None:
        """Has the engine take what was wanted in answer to what was told."""
        name, now = self._feeder.name, self._system.time
        for signal in signals:
            self._steps.append(
                self._engine.process_signal(signal, name, cause, now)
            )
