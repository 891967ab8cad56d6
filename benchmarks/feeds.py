"""Bars from a WebSocket into the engine: how many a second, and none lost.

A process of its own speaks as Binance does; its bars go through the stream,
which looks for late, double and missing ones, through the lanes, the core and
the durable log.
"""

import asyncio
import collections
from collections.abc import AsyncIterator
from collections.abc import Iterator
import contextlib
import json
import multiprocessing
from multiprocessing import connection as pipes
import pathlib
import tempfile

from websockets import exceptions
from websockets.asyncio import server

from benchmarks import rig
from benchmarks import rows
from sting.data.sources import base
from sting.data.sources import binance_stream
from sting.data.sources import streaming
from sting.engine import bus
from sting.engine import clock
from sting.engine import reader
from sting.model import events
from sting.net import monitor
from sting.net import sockets
from sting.net import wires

BARS = 100_000
# So small that the service has to wait.
ROOM = 1_024
_MS = 1_000_000


def run() -> list[rows.Row]:
    """Measures, then reads the bars out of the log."""
    with _serving() as url:
        spent, most, paused = asyncio.run(_measure(url))
    return [
        rows.rate(
            'bars from a WebSocket through lanes, core and durable log',
            BARS,
            spent,
            'bars',
            f'at most {most:,.0f} messages waited, the service had to wait '
            f'{paused:,.0f} times',
        )
    ]


async def _measure(url: str) -> tuple[rows.Took, float, float]:
    time_source = clock.LiveClock()
    wanted = base.Subscription(symbols=rig.SYMBOLS, timeframe='1m')
    watch = base.Watch(monitor=monitor.ConnectionMonitor('bench', time_source))
    subscriber = binance_stream.Subscriber(wanted, time_source, 'bench')
    place = streaming.Place(url=url, policy=wires.Policy(queue=ROOM))
    socket = streaming.connect(
        'bench',
        place,
        time_source,
        watch,
        url=subscriber.url(url),
        greet=subscriber.greet,
    )
    messages = streaming.Follower(
        socket,
        subscriber.decode,
        wanted,
        watch,
        time_source,
        refill=None,
        every=True,
    ).messages()
    limits = {**bus.LIMITS, bus.Lane.MARKET: ROOM}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'events.db'
        async with (
            rig.durable(path, limits=limits) as made,
            contextlib.aclosing(messages) as bars,
        ):
            # The connection is no part of the time.
            await _publish(made, await anext(bars))
            most: list[float] = []
            spent = await rows.took_by(_play(made, bars, socket, most))
            paused = socket.statistics()['pauses']
        _check(path)
    return spent, max(most), paused


async def _play(
    made: rig.Rig,
    bars: AsyncIterator[base.Message],
    socket: sockets.Socket,
    most: list[float],
) -> None:
    for nth in range(1, BARS):
        await _publish(made, await anext(bars))
        if nth % 64 == 0:
            most.append(socket.statistics()['waiting'])
    await made.sequence.drain()


async def _publish(made: rig.Rig, bar: base.Message) -> None:
    await made.bus.publish(
        bus.Lane.MARKET,
        bus.Incoming(
            events.EventType.MARKET_DATA, bar, 'feed:bench', symbol=bar.symbol
        ),
    )


def _check(path: pathlib.Path) -> None:
    """Refuses a log without each bar once and in its order.

    Raises:
        rows.WrongError: It has others.
    """
    found: dict[str, list[int]] = collections.defaultdict(list)
    for event in reader.read(path):
        if event.type is events.EventType.MARKET_DATA:
            found[event.symbol].append(event.data.timestamp)
    each = BARS // len(rig.SYMBOLS)
    wanted = [_stamp(nth) for nth in range(each)]
    rows.check(dict(found), dict.fromkeys(rig.SYMBOLS, wanted), 'bars')


def _stamp(nth: int) -> int:
    return rig.START + (nth + 1) * rig.MINUTE


@contextlib.contextmanager
def _serving() -> Iterator[str]:
    """Runs the service in a process of its own; gives its address."""
    context = multiprocessing.get_context('spawn')
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join(30)


def _serve(pipe: pipes.Connection) -> None:
    asyncio.run(_service(pipe))


async def _service(pipe: pipes.Connection) -> None:
    frames = [
        _frame(symbol, _stamp(nth))
        for nth in range(BARS // len(rig.SYMBOLS))
        for symbol in rig.SYMBOLS
    ]

    async def tell(connection: server.ServerConnection) -> None:
        with contextlib.suppress(exceptions.ConnectionClosed):
            for frame in frames:
                await connection.send(frame)
            await connection.wait_closed()

    async with server.serve(tell, '127.0.0.1', 0, compression=None) as running:
        (listening,) = running.sockets
        pipe.send(f'ws://127.0.0.1:{listening.getsockname()[1]}')
        await asyncio.to_thread(pipe.recv)


def _frame(symbol: str, stamp: int) -> str:
    """Writes a closed bar as Binance does."""
    bar = {
        't': (stamp - rig.MINUTE) // _MS,
        'T': stamp // _MS - 1,
        's': symbol,
        'i': '1m',
        'f': 1,
        'L': 2,
        'o': '100.00000000',
        'c': '100.12500000',
        'h': '100.25000000',
        'l': '99.75000000',
        'v': '1000.00000000',
        'n': 7,
        'x': True,
        'q': '1.0',
        'V': '1.0',
        'Q': '1.0',
        'B': '0',
    }
    data = {'e': 'kline', 'E': stamp // _MS, 's': symbol, 'k': bar}
    return json.dumps({'stream': f'{symbol.lower()}@kline_1m', 'data': data})
