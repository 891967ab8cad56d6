"""The emergency stop while the engine's loop is blocked and flooded."""

import asyncio
import pathlib
import tempfile
import threading
import time

from benchmarks import rig
from benchmarks import rows
from sting.engine import bus
from sting.model import commands
from sting.model import events
from sting.model import stops
from sting.risk import stop

TRIALS = 200
QUEUED = 100_000
BLOCK_S = 0.05


def run() -> list[rows.Row]:
    """Measures from the trigger to the first cancel, by the stop's thread."""
    with tempfile.TemporaryDirectory() as folder:
        delays = asyncio.run(_measure(pathlib.Path(folder)))
    rows.check(len(delays), TRIALS, 'stops that cancelled')
    name = f'stop to first cancel, {QUEUED:,} queued, loop blocked'
    return [
        rows.Row(f'{name}, p50', rows.percentile(delays, 50), 'ms'),
        rows.Row(f'{name}, the slowest of {TRIALS}', max(delays), 'ms'),
    ]


async def _measure(folder: pathlib.Path) -> list[float]:
    lanes = bus.EventBus()
    for incoming in rig.bars(QUEUED):
        lanes.put(bus.Lane.MARKET, incoming)
    cancelled = threading.Event()
    moments: list[float] = []

    def cancel(since: float) -> list[stops.BrokerStop]:
        del since
        moments.append(time.perf_counter())
        cancelled.set()
        return []

    def announce(who: str, reason: str) -> None:
        halt = events.CommandGiven(
            command=commands.Halt(who=who, reason=reason)
        )
        lanes.post(
            bus.Lane.STOP,
            bus.Incoming(events.EventType.COMMAND, halt, who),
        )

    latch = stop.Latch(folder / 'halt.latch')
    emergency = stop.EmergencyStop(latch, cancel, announce)
    emergency.start()
    delays = []
    for _ in range(TRIALS):
        cancelled.clear()
        triggered = _trigger_later(emergency)
        # The engine's loop computes and awaits nothing.
        deadline = time.perf_counter() + BLOCK_S
        while time.perf_counter() < deadline:
            sum(range(100))
        rows.check(cancelled.wait(5.0), True, 'cancelled')
        delays.append((moments[-1] - triggered[0]) * 1000)
        emergency.logged()
    emergency.close()
    rows.check(latch.is_set, True, 'the latch')
    # The loop is free again: the halt is the first thing that it takes.
    await asyncio.sleep(0)
    first, *_ = await lanes.take(2_000)
    rows.check(first.type, events.EventType.COMMAND, 'the first event')
    return delays


def _trigger_later(emergency: stop.EmergencyStop) -> list[float]:
    """Pulls the stop from another thread, while the loop's is busy."""
    triggered: list[float] = []

    def pull() -> None:
        time.sleep(BLOCK_S / 4)
        triggered.append(time.perf_counter())
        emergency.trigger('operator', 'benchmark')

    threading.Thread(target=pull).start()
    return triggered
