"""An engine as it runs live, without its thread: bus, core, log and board."""

from collections.abc import AsyncIterator
from collections.abc import Sequence
import contextlib
import pathlib
from typing import Any

from sting.engine import board
from sting.engine import bus
from sting.engine import clock
from sting.engine import core
from sting.engine import journal
from sting.engine import sequence
from sting.engine import step
from sting.model import events
from sting.model import market
from sting.risk import manager

SYMBOLS = tuple(f'S{n:02}' for n in range(50))
START = 1_577_836_800 * market.NANOSECONDS
MINUTE = 60 * market.NANOSECONDS


class MemoryLog:
    """Takes batches as a journal does, and keeps them in a list."""

    def __init__(self) -> None:
        self.kept: list[events.Event] = []

    async def append(self, batch: Sequence[events.Event]) -> None:
        """Keeps a batch."""
        self.kept += batch


class NoOutlet:
    """Drops what is to be done."""

    def act(self, effect: step.Effect) -> None:
        """Does nothing."""


class Rig:
    """The parts, put together.

    Attributes:
        bus: The way in.
        engine: What decides.
        sequence: The loop.
    """

    def __init__(
        self,
        log: Any,
        outlet: sequence.Outlet,
        limits: dict[bus.Lane, int] | None = None,
    ) -> None:
        self.bus = bus.EventBus(limits)
        self.engine = core.CoreEngine(manager.RiskManager(), symbols=SYMBOLS)
        self.sequence = sequence.Sequence(
            self.engine,
            event_bus=self.bus,
            log=log,
            shown=board.Board('bench', SYMBOLS, self.engine.state),
            outlet=outlet,
            time_source=clock.MarketClock(),
            failed=print,
        )


@contextlib.asynccontextmanager
async def durable(
    path: pathlib.Path,
    outlet: sequence.Outlet | None = None,
    limits: dict[bus.Lane, int] | None = None,
) -> AsyncIterator[Rig]:
    """Runs a rig on a new log on the disk."""
    log = await journal.Journal.open(path, seq=0, head=events.GENESIS)
    made = Rig(log, outlet or NoOutlet(), limits)
    await made.sequence.start()
    try:
        yield made
    finally:
        await made.sequence.stop()
        await log.close()


@contextlib.asynccontextmanager
async def in_memory() -> AsyncIterator[Rig]:
    """Runs a rig whose events are kept in a list."""
    made = Rig(MemoryLog(), NoOutlet())
    await made.sequence.start()
    try:
        yield made
    finally:
        await made.sequence.stop()


def bar(nth: int) -> bus.Incoming:
    """Makes the nth closed bar, of one of 50 symbols in turn."""
    symbol = SYMBOLS[nth % len(SYMBOLS)]
    price = 100.0 + nth % 97 / 8
    made = market.MarketData(
        symbol,
        START + nth * MINUTE,
        price,
        price + 0.25,
        price - 0.25,
        price + 0.125,
        1000.0 + nth % 1000,
    )
    return bus.Incoming(
        events.EventType.MARKET_DATA, made, 'feed:bench', symbol=symbol
    )


def bars(count: int) -> list[bus.Incoming]:
    """Makes closed bars of 50 symbols in turn."""
    return [bar(nth) for nth in range(count)]
