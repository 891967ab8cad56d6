"""A bar's way to an order through a strategy on a node, over a NATS server.

The same way as in `isolation`, whose figures of this run stand beside it. All
three are on this machine, over loopback.
"""

import asyncio
from collections.abc import AsyncGenerator
from collections.abc import Iterator
import contextlib
import gc
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from benchmarks import isolation
from benchmarks import journal
from benchmarks import rig
from benchmarks import rows
from sting.data import serving
from sting.data import table
from sting.data.sources import base
from sting.data.sources import carried
from sting.engine import bus
from sting.engine import clock
from sting.engine import journal as journal_lib
from sting.engine import subscribers
from sting.model import events
from sting.model import market
from sting.net import monitor
from sting.net import postal
from sting.net import presence
from sting.session import observing
from sting.strategy import isolated
from sting.strategy import nodes
from sting.strategy import relay

_SUBJECTS = presence.Subjects('bench', 'bench')
_NODE = 'n1'
TRIPS = 2_000
# Bars that a source on a node streams, so many a second.
STREAMED, RATE = 5_000, 1_000
_SOURCE = 'paced'
# Events of a log that go to observers.
PUBLISHED = 20_000


def run() -> list[rows.Row]:
    """Measures; each bar has to lead to one order."""
    made = []
    with tempfile.TemporaryDirectory() as name, _serving(name) as url:
        folder = pathlib.Path(name)
        spec = isolation.spec(folder, isolation.BUYER, 'buyer')
        words = [sys.executable, '-m', 'benchmarks.nodes', url, spec.reference]
        there = subprocess.Popen(words)
        try:
            made += _round_trips(folder, url)
            made += _streamed(url)
            made.append(_published(folder, url))
            for pace, count in isolation.PACES.items():
                made += _paced(folder, url, pace, count)
        finally:
            there.terminate()
            there.wait()
    return made


@contextlib.contextmanager
def _serving(folder: str) -> Iterator[str]:
    with socket.socket() as asked:
        asked.bind(('127.0.0.1', 0))
        port = asked.getsockname()[1]
    beside = pathlib.Path(sys.executable).parent / 'nats-server'
    program = str(beside) if beside.exists() else shutil.which('nats-server')
    words = [program or 'nats-server', '-a', '127.0.0.1', '-p', str(port)]
    words += ['-js', '-sd', folder]
    server = subprocess.Popen(
        words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield f'nats://127.0.0.1:{port}'
    finally:
        server.terminate()
        server.wait()


def _round_trips(folder: pathlib.Path, url: str) -> list[rows.Row]:
    """Measures a bar's way to a strategy and back, with nothing else."""
    there = asyncio.run(_trips(folder, url))
    here = asyncio.run(_trips(folder, None))
    return [
        rows.Row(
            f"bar to a strategy's answer, one at a time, on a node, p{each}",
            rows.percentile(there, each),
            'ms',
            'in a process of the same machine by its socket '
            f'{rows.percentile(here, each):.3g} ms',
        )
        for each in (50, 99)
    ]


async def _trips(folder: pathlib.Path, url: str | None) -> list[float]:
    spent: list[float] = []
    came = asyncio.Event()
    there = None if url is None else _nodes(url)
    host = isolated.IsolatedHost(
        [isolation.spec(folder, isolation.BUYER, 'buyer')],
        log='bench',
        folder=folder,
        time_source=clock.MarketClock(),
        emit=lambda *_: came.set(),
        status=isolation.tell,
        elsewhere=there,
    )
    if there is not None:
        await there.start()
    await host.start('buyer', seq=0)
    for seq, incoming in enumerate(rig.bars(TRIPS), start=1):
        bar = incoming.data
        event = events.Event(
            seq, bar.timestamp, incoming.type, 'bench', bar, bar.symbol
        )
        came.clear()
        began = time.perf_counter()
        host.deliver(event)
        await came.wait()
        spent.append((time.perf_counter() - began) * 1000)
    await host.close(seq=TRIPS + 1)
    if there is not None:
        await there.stop()
    return spent


class Paced(base.DataSource):
    """Streams bars that are stamped as they leave."""

    name = _SOURCE
    capabilities = base.Capabilities(streams=frozenset({base.Stream.BARS}))

    async def get_bars(self, request: base.Request) -> table.BarTable:
        """Has none of the past."""
        return table.BarTable.empty(request.symbols[0], request.timeframe)

    async def stream(
        self, wanted: base.Subscription, watch: base.Watch
    ) -> AsyncGenerator[base.Message]:
        """Gives them at an even pace."""
        watch.monitor.connected()
        time_source = clock.LiveClock()
        loop = asyncio.get_running_loop()
        began = loop.time()
        for nth in range(STREAMED):
            await asyncio.sleep(began + nth / RATE - loop.time())
            stamp = time_source.now()
            yield market.MarketData('X', stamp, 1.0, 1.0, 1.0, 1.0, 1.0)
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Has no connection."""


def _streamed(url: str) -> list[rows.Row]:
    """Measures a bar's way from a source on a node to its reader here."""
    delays = asyncio.run(_read(url))
    rows.check(len(delays), STREAMED, 'bars')
    return [
        rows.Row(
            f'{RATE:,} bars/s of a source on a node to their reader, p{each}',
            rows.percentile(delays, each),
            'ms',
        )
        for each in (50, 99)
    ]


async def _read(url: str) -> list[float]:
    time_source = clock.LiveClock()
    source = carried.CarriedSource(
        _SOURCE,
        _NODE,
        _connect(url),
        _SUBJECTS,
        Paced.capabilities,
        lost_s=60.0,
    )
    wanted = base.Subscription(symbols=('X',), timeframe='1m')
    watch = base.Watch(monitor=monitor.ConnectionMonitor(_SOURCE, time_source))
    delays: list[float] = []
    async with contextlib.aclosing(source.stream(wanted, watch)) as stream:
        async for message in stream:
            delays.append((time_source.now() - message.timestamp) / 1e6)
            if len(delays) == STREAMED:
                break
    await source.close()
    return delays


def _published(folder: pathlib.Path, url: str) -> rows.Row:
    """Measures how fast a log's events get to the server for observers."""
    spent, there = asyncio.run(_publish(folder, url))
    rows.check(there, PUBLISHED, 'events of the stream')
    return rows.Row(
        'events of the log to observers, confirmed by the server',
        PUBLISHED / spent,
        'events/s',
    )


async def _publish(folder: pathlib.Path, url: str) -> tuple[float, int]:
    path = folder / 'observed.db'
    log = await journal_lib.Journal.open(path, seq=0, head=events.GENESIS)
    await log.append(
        [
            events.Event(
                seq, each.data.timestamp, each.type, 'bench', each.data, 'X'
            )
            for seq, each in enumerate(rig.bars(PUBLISHED), start=1)
        ]
    )
    made: list[subscribers.Subscriber] = []

    def subscribe(handler: subscribers.PageHandler) -> subscribers.Subscriber:
        made.append(
            subscribers.PageSubscriber(
                observing.NAME,
                handler,
                log=log,
                path=path,
                folder=folder / observing.FOLDER,
                event_bus=bus.EventBus(),
                time_source=clock.LiveClock(),
            )
        )
        return made[0]

    way = _connect(url)
    part = observing.Publishing(way, _SUBJECTS, 'bench', 1, subscribe, print)
    began = time.perf_counter()
    await part.start()
    while made[0].cursor < PUBLISHED:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    spent = time.perf_counter() - began
    state = (await way.client.jetstream().stream_info(_SUBJECTS.stream)).state
    await part.stop()
    await log.close()
    return spent, state.messages


def _paced(
    folder: pathlib.Path, url: str, pace: int, count: int
) -> list[rows.Row]:
    gc.collect()
    gc.freeze()
    found = asyncio.run(_measure(folder, url, pace, count))
    gc.unfreeze()
    local = isolation.measured(folder, pace, count, isolated=True)
    syncs = journal.syncs()
    what = f'bar to order, {pace:,} bars/s, durable, strategy on a node'
    return [
        rows.Row(
            f'{what}, p{per_cent}',
            rows.percentile(found, per_cent),
            'ms',
            f'in a process of the same machine by its socket '
            f"{rows.percentile(local, per_cent):.3g} ms; of the disk's own "
            f'syncs {rows.percentile(syncs, per_cent):.3g} ms',
        )
        for per_cent in (50, 99)
    ]


def _connect(url: str) -> postal.Connection:
    return postal.Connection(postal.Access(servers=(url,), name='bench'))


def _nodes(url: str) -> nodes.Nodes:
    return nodes.Nodes(
        _connect(url),
        _SUBJECTS,
        {'buyer': _NODE},
        lost_s=5.0,
        away_s=60.0,
        late_s=60.0,
    )


async def _measure(
    folder: pathlib.Path, url: str, pace: int, count: int
) -> list[float]:
    outlet = isolation.Outlet(count)
    there = _nodes(url)
    async with rig.durable(folder / f'node{pace}.db', outlet) as made:
        outlet.host = isolated.IsolatedHost(
            [isolation.spec(folder, isolation.BUYER, 'buyer')],
            log='bench',
            folder=folder,
            time_source=clock.MarketClock(),
            emit=isolation.emit(made.bus),
            status=isolation.tell,
            elsewhere=there,
        )
        await there.start()
        await isolation.pass_through(outlet, made.bus, pace, count)
        await there.stop()
    rows.check(len(outlet.delays), count, 'orders')
    return outlet.delays


async def _node(url: str, reference: str) -> None:
    """Is the node, until it is killed."""
    path = pathlib.Path(reference)
    spec = isolation.spec(path.parent, isolation.BUYER, 'buyer')
    way = _connect(url)
    made = relay.Host(
        _NODE, way, _SUBJECTS, {'buyer': spec}, path.parent / 'node'
    )
    desk = serving.Desk(
        _NODE, way, _SUBJECTS, {_SOURCE: Paced()}, clock.LiveClock()
    )
    await made.start()
    await desk.start()
    await asyncio.Event().wait()


if __name__ == '__main__':
    asyncio.run(_node(*sys.argv[1:3]))
