"""The way of an event through lanes, core and log: rate and latency."""

import asyncio
import gc
import os
import pathlib
import sqlite3
import tempfile
import time

from benchmarks import rig
from benchmarks import rows
from sting.engine import bus
from sting.engine import chain
from sting.engine import journal
from sting.engine import step
from sting.model import events

EVENTS = 100_000
PACE = 2_000
PACED_S = 4
SYNCS = 1_000


def run() -> list[rows.Row]:
    """Measures; the best of several runs, since others use the machine."""
    work = rig.bars(EVENTS)
    gc.collect()
    gc.freeze()
    loop = rows.best(lambda: _coroutines(work))
    memory = rows.best(lambda: asyncio.run(_in_memory(work)))
    disk = rows.best(lambda: _on_disk(work))
    bare = rows.best(lambda: _bare(work))
    gc.unfreeze()
    return [
        rows.rate(
            'through lanes and core, log in memory',
            EVENTS,
            memory,
            'events',
            f'{loop.wall / memory.wall:.2f} of a loop that only awaits',
        ),
        rows.rate(
            'through lanes, core and durable log',
            EVENTS,
            disk,
            'events',
            f'{bare.wall / disk.wall:.2f} of SQLite writing the same rows',
        ),
        *_latency(),
    ]


def _latency() -> list[rows.Row]:
    found = syncs()
    latencies = _paced()
    made = []
    for share in (50, 99):
        figure = rows.percentile(latencies, share)
        sync = rows.met(found, share)
        made.append(
            rows.Row(
                f'publish to durable at {PACE:,}/s, p{share}',
                figure,
                'ms',
                f'{figure / sync:.1f} of the fdatasync that it meets, '
                f'{sync:.3g} ms',
            )
        )
    return made


def _coroutines(work: list[bus.Incoming]) -> rows.Took:
    async def take(incoming: bus.Incoming) -> bus.Incoming:
        return incoming

    async def loop() -> None:
        for incoming in work:
            await take(incoming)

    return rows.took(lambda: asyncio.run(loop()))


async def _push(made: rig.Rig, work: list[bus.Incoming]) -> None:
    for incoming in work:
        await made.bus.publish(bus.Lane.MARKET, incoming)
    await made.sequence.drain()


async def _in_memory(work: list[bus.Incoming]) -> rows.Took:
    async with rig.in_memory() as made:
        spent = await rows.took_by(_push(made, work))
        rows.check(made.engine.state.seq, len(work) + 1, 'events taken')
    return spent


def _on_disk(work: list[bus.Incoming]) -> rows.Took:
    async def push(path: pathlib.Path) -> rows.Took:
        async with rig.durable(path) as made:
            return await rows.took_by(_push(made, work))

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'events.db'
        spent = asyncio.run(push(path))
        found = chain.verify(path)
        rows.check((found.ok, found.events), (True, len(work) + 1), 'the log')
    return spent


def _bare(work: list[bus.Incoming]) -> rows.Took:
    """Writes rows that are there already, 2,000 a commit, from this thread."""
    made = [
        events.Event(seq, 0, each.type, each.source, each.data, each.symbol)
        for seq, each in enumerate(work, start=1)
    ]
    table, _ = journal.encode_rows(made, events.GENESIS)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'bare.db'
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute('PRAGMA journal_mode=WAL')
        connection.execute('PRAGMA synchronous=FULL')
        connection.execute(
            'CREATE TABLE events(seq INTEGER PRIMARY KEY, timestamp INTEGER, '
            'type TEXT, source TEXT, symbol TEXT, cause INTEGER, data TEXT, '
            'hash BLOB) STRICT'
        )

        def write() -> None:
            for first in range(0, len(table), 2_000):
                connection.execute('BEGIN')
                connection.executemany(
                    'INSERT INTO events VALUES (?,?,?,?,?,?,?,?)',
                    table[first : first + 2_000],
                )
                connection.execute('COMMIT')

        spent = rows.took(write)
        connection.close()
    return spent


def syncs() -> list[float]:
    """Gives how long the disk takes to make 4 KiB durable, in ms."""
    took = []
    with tempfile.TemporaryDirectory() as folder:
        file = os.open(pathlib.Path(folder) / 'sync', os.O_WRONLY | os.O_CREAT)
        for _ in range(SYNCS):
            os.write(file, bytes(4096))
            took.append(rows.took(lambda: os.fdatasync(file)).wall * 1000)
        os.close(file)
    return took


class _Watch(rig.NoOutlet):
    """Notes when what is durable comes out."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def act(self, effect: step.Effect) -> None:
        """Notes the moment of an event."""
        if isinstance(effect, step.Notify):
            self.at.append(time.perf_counter())


async def _pace(path: pathlib.Path) -> list[float]:
    work = rig.bars(round(PACE * PACED_S))
    watch = _Watch()
    sent = []
    async with rig.durable(path, watch) as made:
        start = time.perf_counter()
        for nth, incoming in enumerate(work):
            await asyncio.sleep(start + nth / PACE - time.perf_counter())
            sent.append(time.perf_counter())
            await made.bus.publish(bus.Lane.MARKET, incoming)
        await made.sequence.drain()
    rows.check(len(watch.at), len(sent), 'events that became durable')
    return [
        (out - into) * 1000 for into, out in zip(sent, watch.at, strict=True)
    ]


def _paced() -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_pace(pathlib.Path(folder) / 'events.db'))
