"""Where the engine's effects go once they are durable."""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
import functools
from typing import Any

from sting.broker import manager
from sting.engine import board
from sting.engine import core
from sting.engine import latency
from sting.engine import state
from sting.engine import step
from sting.model import records
from sting.risk import stop
from sting.session import feeds
from sting.strategy import host

Recall = Callable[[records.StrategyState, int, host.Missed], host.Missed]
Follow = Callable[[], Coroutine[Any, Any, None]]
Reload = Callable[[step.Reload], Coroutine[Any, Any, None]]


class Outlet(core.Component):
    """Hands each effect to the part that carries it out; never waits."""

    name = 'outlet'

    def __init__(
        self,
        system: state.SystemState,
        brokers: manager.BrokerManager,
        strategies: host.StrategyHost,
        shown: board.Board,
        emergency: stop.EmergencyStop,
        timing: latency.BarToOrder | None = None,
        reload: Reload | None = None,
        recall: Recall | None = None,
        is_added: Callable[[str], bool] = lambda _: False,
        follow: Follow | None = None,
    ) -> None:
        """Sets up the ways out.

        Args:
            system: The engine's state.
            brokers: Takes orders.
            strategies: Takes events.
            shown: Has the bars that warm a strategy up.
            emergency: Is held and released.
            timing: Told of orders that go out.
            reload: Changes the versions of strategies.
            recall: Reads what a strategy missed since its state was saved;
                given the state, the number of the event that starts it, and
                what it holds. Without it nothing is told again.
            is_added: Says whether a symbol is for the operator alone.
            follow: Has the feed give what is followed.
        """
        self._state = system
        self._brokers = brokers
        self._strategies = strategies
        self._board = shown
        self._stop = emergency
        self._timing = timing
        self._reload = reload
        self._recall = recall
        self._is_added = is_added
        self._follow = follow
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Has nothing to start."""

    async def stop(self) -> None:
        """Stops every strategy and waits for what is under way."""
        await self._strategies.close(seq=self._state.seq)
        if self._tasks:
            await asyncio.wait(self._tasks)

    def act(self, effect: step.Effect) -> None:
        """Carries out an effect, or hands it to what does.

        Args:
            effect: What the engine wants done; it is durable.
        """
        if isinstance(effect, step.Notify):
            if effect.order or not self._is_added(effect.event.symbol):
                self._strategies.deliver(
                    effect.event, effect.order, effect.position
                )
        elif isinstance(effect, step.Place | step.Cancel | step.Replace):
            self._brokers.send(effect)
            if isinstance(effect, step.Place) and self._timing is not None:
                self._timing.placed(effect.order)
        elif isinstance(effect, step.Start):
            self._spawn(self._start(effect))
        elif isinstance(effect, step.Stop):
            self._spawn(self._strategies.stop(effect.strategy, seq=effect.seq))
        elif isinstance(effect, step.Reload):
            if self._reload is not None:
                self._spawn(self._reload(effect))
        elif isinstance(effect, step.Follow):
            if self._follow is not None:
                self._spawn(self._follow())
        elif isinstance(effect, step.Hold):
            self._stop.halt(effect.who, effect.reason, effect.seq)
        else:
            self._stop.release()

    def _start(self, effect: step.Start) -> Coroutine[Any, Any, None]:
        name = effect.strategy
        book = self._state.book(name).copy()
        working = [o for o in self._state.working() if o.strategy == name]
        saved = self._state.saved.get(name)
        recall = None
        if saved is not None and self._recall is not None:
            now = host.Missed(b'', book, working)
            recall = functools.partial(self._recall, saved, effect.seq, now)
        return self._strategies.start(
            name,
            seq=effect.seq,
            book=book,
            history=[
                bar
                for bar in self._board.history(feeds.WARM_UP)
                if not self._is_added(bar.symbol)
            ],
            working=working,
            recall=recall,
            given=self._state.parameters.get(name, {}),
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
