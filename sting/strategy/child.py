"""A strategy's process: `python -m sting.strategy.child FD PARENT NAME`.

It answers the frames of `wire` that come through the socket FD, one after
another, and ends with PARENT. It waits for them in the middle of a coroutine:
that is three times as fast as asking the loop, which only runs while the
strategy has tasks of its own.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import gc
import pathlib
import socket
import sys
import traceback
from typing import Any
from typing import cast

from sting.engine import clock
from sting.model import errors
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import readings
from sting.model import sessions
from sting.strategy import blame
from sting.strategy import context
from sting.strategy import guard
from sting.strategy import loader
from sting.strategy import reading
from sting.strategy import runner
from sting.strategy import versions
from sting.strategy import wire

_CHUNK = 65_536
# Answers that want nothing are sent together, unless they take this long.
_HELD_S = 0.002


class Child:
    """Answers what the engine tells, with one strategy."""

    def __init__(self, channel: socket.socket) -> None:
        """Sets up a process in which nothing is loaded.

        Args:
            channel: The way to the engine.
        """
        self._channel = channel
        self._reader = wire.Reader()
        self._clock = clock.LiveClock()
        self._fence = guard.Fence()
        self._feeder: runner.StrategyRunner
        self._files: list[str] = []
        self._memory = 0
        self._out = bytearray()
        self._held = 0.0
        self._last = 0
        self._done = False

    async def run(self) -> int:
        """Answers until the engine ends it or is gone.

        Returns:
            The exit status: 0 for an orderly end.
        """
        try:
            while not self._done:
                await self._take(await self._receive())
        except errors.StrategyError as error:
            self._fail(error, error.__cause__)
            return 1
        except MemoryError as error:
            guard.spare_memory()
            self._fail(blame.failure(error, self._files), error)
            return 1
        return 0

    async def _receive(self) -> bytes:
        # Tasks of the strategy's own go on while nothing happens.
        if len(asyncio.all_tasks()) > 1:
            await self._readable()
        return self._channel.recv(_CHUNK)

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        came = asyncio.Event()
        loop.add_reader(self._channel, came.set)
        try:
            await came.wait()
        finally:
            loop.remove_reader(self._channel)

    async def _take(self, data: bytes) -> None:
        if not data:
            # The engine is gone.
            self._done = True
        for body in self._reader.take(data):
            await self._answer(wire.told(body))
            if self._done:
                break
        self._flush()

    async def _answer(self, frame: wire.Told) -> None:
        if isinstance(frame, wire.Load):
            await self._load(frame)
        elif isinstance(frame, wire.Save):
            self._save()
        else:
            await self._timed(frame)

    async def _timed(self, frame: Any) -> None:
        """Has the strategy answer an event, and says how long it took."""
        began = self._clock.monotonic()
        signals: Sequence[orders.Signal]
        read: list[readings.Readings] = []
        if isinstance(frame, wire.Begin):
            past = reading.Past(self._feeder)
            signals = await self._begin(frame, past)
            read = past.told()
        elif isinstance(frame, wire.Adopt):
            self._adopt(frame)
            signals = ()
        elif isinstance(frame, wire.End):
            signals = await self._feeder.stop(frame.now, frame.seq)
            self._done = True
        else:
            signals = await answer(self._feeder, frame)
        if isinstance(frame, wire.Bar):
            told = reading.read(self._feeder, frame.data)
            read = [] if told is None else [told]
        if self._fence.crossed:
            raise errors.StrategyError(self._fence.crossed)
        spent = self._clock.monotonic() - began
        self._last = frame.seq
        self._out += wire.encode(
            wire.Answer(frame.seq, spent, list(signals), self._lines(), read)
        )
        self._held += spent
        if signals or self._held > _HELD_S or len(self._out) > _CHUNK:
            self._flush()

    def _flush(self) -> None:
        if self._out:
            self._channel.sendall(self._out)
            self._out.clear()
        self._held = 0.0

    def _send(self, frame: wire.Said) -> None:
        self._out += wire.encode(frame)
        self._flush()

    def _lines(self) -> list[context.LogLine]:
        lines = self._feeder.take_log()
        for line in lines:
            print(  # noqa: T201 - the strategy's own log.
                market.to_iso(line.timestamp), line.level, line.text
            )
        return lines

    async def _load(self, frame: wire.Load) -> None:
        sys.path[:] = frame.search
        sys.stdout = sys.stderr = guard.Output(frame.output)
        self._memory = frame.memory
        guard.limit_memory(frame.memory + guard.LOADING)
        self._fence.put_up()
        try:
            store = versions.Store(pathlib.Path(frame.versions))
            recorder = versions.Recorder(
                frame.reference,
                store.load(frame.version) if frame.version else None,
            )
            # It stays: what is imported later is to be of the same version.
            sys.meta_path.insert(0, recorder)
            kind = loader.load(frame.reference, recorder)
            self._files = blame.files_of(kind)
            strategy = loader.instantiate(kind, frame.name, frame.parameters)
            version = recorder.version()
            self._feeder = runner.StrategyRunner(
                strategy,
                number=frame.number,
                log=frame.log,
                code=version.code,
                timeframes=frame.timeframes,
                sessions=(
                    None
                    if frame.sessions is None
                    else lambda: cast(sessions.Sessions, frame.sessions)
                ),
                sizing=frame.sizing,
            )
            if self._fence.crossed:
                raise errors.StrategyError(self._fence.crossed)
        except errors.StrategyError as error:
            self._fail(error, error.__cause__, loading=True)
            self._done = True
            return
        if frame.versions:
            _keep(version, store)
        guard.limit_memory(frame.memory)
        sources = {
            each.name: (each.path, each.digest) for each in version.sources
        }
        settings = loader.describe(kind, strategy.parameters)
        self._send(wire.Loaded(self._files, version.code, sources, settings))

    async def _begin(
        self, frame: wire.Begin, past: reading.Past
    ) -> Sequence[orders.Signal]:
        feeder = self._feeder
        feeder.adopt(
            portfolio.Portfolio.of(frame.cash, frame.positions.values())
        )
        signals = await feeder.start(frame.now, frame.seq)
        for bar in frame.history:
            past.warm_up(bar)
        if frame.state:
            feeder.load_state(frame.state)
        signals = [*signals, *await feeder.recall(frame.now, frame.working)]
        # What is here now stays; looking through it takes milliseconds.
        gc.collect()
        gc.freeze()
        return signals

    def _adopt(self, frame: wire.Adopt) -> None:
        self._feeder.adopt(
            portfolio.Portfolio.of(frame.cash, frame.positions.values())
        )
        for bar in frame.bars:
            self._feeder.warm_up(bar)
        if frame.state:
            self._feeder.load_state(frame.state)

    def _save(self) -> None:
        book = self._feeder.strategy.portfolio
        self._send(
            wire.Saved(
                self._last,
                self._feeder.save_state(wire.STATE_LIMIT),
                book.cash,
                book.positions,
            )
        )

    def _fail(
        self,
        error: errors.StrategyError,
        cause: BaseException | None,
        *,
        loading: bool = False,
    ) -> None:
        """Tells what went wrong; the whole of it goes to the log."""
        if isinstance(cause, MemoryError):
            guard.spare_memory()
            error = errors.StrategyError(
                f'{error}; it may use {self._memory >> 20} MB: mend the leak '
                'or raise process.memory_mb in strategy.yaml'
            )
        if cause is not None:
            traceback.print_exception(cause)
        lines = self._lines() if hasattr(self, '_feeder') else []
        self._send(wire.Failed(str(error), loading, lines))


def _keep(version: versions.Version, store: versions.Store) -> None:
    """Keeps a copy, without which there only is no way back to it."""
    try:
        store.save(version)
    except errors.StrategyError as error:
        print(error)  # noqa: T201 - the strategy's own log.


_HEARD: Mapping[type, Callable[..., Any]] = {
    wire.Bar: runner.StrategyRunner.market_data,
    wire.Quote: runner.StrategyRunner.quote,
    wire.Trade: runner.StrategyRunner.trade,
    wire.Issue: runner.StrategyRunner.data_issue,
}
_BOOKED: Mapping[type, Callable[..., Any]] = {
    wire.Action: runner.StrategyRunner.corporate_action,
    wire.Flow: runner.StrategyRunner.cash_flow,
}


async def answer(
    feeder: runner.StrategyRunner,
    frame: wire.Bar
    | wire.Quote
    | wire.Trade
    | wire.Issue
    | wire.Action
    | wire.Flow
    | wire.Update
    | wire.Filled,
) -> Any:
    """Has a strategy answer an event.

    Args:
        feeder: The strategy's runner.
        frame: The event.

    Returns:
        What the strategy wants.
    """
    if isinstance(frame, wire.Bar | wire.Quote | wire.Trade | wire.Issue):
        return await _HEARD[type(frame)](feeder, frame.seq, frame.data)
    if isinstance(frame, wire.Action | wire.Flow):
        booked = _BOOKED[type(frame)]
        return await booked(feeder, frame.seq, frame.data, frame.now)
    if isinstance(frame, wire.Update):
        return await feeder.order_update(frame.seq, frame.order)
    return await feeder.fill(frame.seq, frame.fill, frame.order, frame.position)


def main() -> int:
    """Runs one strategy until the engine ends it."""
    number, parent = map(int, sys.argv[1:3])
    guard.tie_to(parent)
    guard.set_signals()
    with socket.socket(fileno=number) as channel:
        channel.set_inheritable(False)
        return asyncio.run(Child(channel).run())


if __name__ == '__main__':
    sys.exit(main())
