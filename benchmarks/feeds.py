"""Bars from a WebSocket into the engine: how many a second, and none lost.

A process of its own speaks as Binance does; its bars go through the stream,
which looks for late, double and missing ones, through the lanes, the core and
the durable log. The first row is all that `sting run` does with them: the
sources in their order, the rules, and what a person is told; the second is the
stream alone.
"""

import asyncio
import collections
from collections.abc import AsyncIterator
from collections.abc import Iterator
import contextlib
import http
import json
import multiprocessing
from multiprocessing import connection as pipes
import pathlib
import tempfile

from websockets import exceptions
from websockets import http11
from websockets.asyncio import server

from benchmarks import rig
from benchmarks import rows
from sting import settings
from sting.data import cache
from sting.data import calendars
from sting.data import manager
from sting.data import market_feed
from sting.data import store
from sting.data.sources import base
from sting.data.sources import binance_stream
from sting.data.sources import registry
from sting.data.sources import streaming
from sting.engine import bus
from sting.engine import clock
from sting.engine import reader
from sting.model import events
from sting.model import market
from sting.model import views
from sting.net import monitor
from sting.net import sockets
from sting.net import wires
from sting.session import feeds

BARS = 100_000
# So small that the service has to wait.
ROOM = 1_024
_MS = 1_000_000
_EACH = BARS // len(rig.SYMBOLS)
# The bars are of the last two days.
_PATIENCE_S = 7 * 86_400.0
_LOOK_S = 0.01
# Where a frame has the time at which it is sent.
SENT = 1_234_567_890_123


def run() -> list[rows.Row]:
    """Measures, then reads the bars out of the log."""
    # So that the last one has closed.
    start = (clock.LiveClock().now() // rig.MINUTE - _EACH) * rig.MINUTE
    with _serving(start) as url:
        taken, feed_took, waited, blocked = asyncio.run(_feed(url, start))
    with _serving(start) as url:
        spent, most, paused = asyncio.run(_measure(url, start))
    return [
        rows.rate(
            'bars from a WebSocket through a feed, the rules, core and log',
            taken,
            feed_took,
            'bars',
            f'at most {waited:,} waited in the lane of {ROOM:,}, the feed had '
            f'to wait {blocked:,} times',
        ),
        rows.rate(
            'bars from a WebSocket through lanes, core and durable log',
            BARS,
            spent,
            'bars',
            f'at most {most:,.0f} messages waited, the service had to wait '
            f'{paused:,.0f} times',
        ),
    ]


async def _feed(url: str, start: int) -> tuple[int, rows.Took, int, int]:
    """Measures the feed that a profile with this service has."""
    limits = {**bus.LIMITS, bus.Lane.MARKET: ROOM}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'events.db'
        async with rig.durable(path, limits=limits) as made:
            # They are known from before.
            for symbol in rig.SYMBOLS:
                await _publish(made, _first(symbol, start))
            await made.sequence.drain()
            played = feeds.FeedComponent(
                _market(url, pathlib.Path(folder) / 'bars'),
                made.bus,
                made.engine.state,
                clock.LiveClock(),
            )
            await played.start()
            most: list[int] = []
            # The connection is no part of the time.
            await _until(made, len(rig.SYMBOLS) + 1, most)
            before = _lane(made).taken
            spent = await rows.took_by(_until(made, BARS, most))
            found = _lane(made)
            await played.stop()
        _check(path, start)
    return BARS - before, spent, max(most), found.blocked


def _market(url: str, folder: pathlib.Path) -> market_feed.MarketFeed:
    """Makes the feed, as `sting run` does of a profile."""
    time_source = clock.LiveClock()
    service = settings.Service(
        calendar=calendars.ALWAYS,
        base_url=url.replace('ws:', 'http:'),
        per_minute=60_000.0,
        burst=1_000,
        data_stream_url=url,
    )
    data = manager.DataManager(
        [registry.build('binance', service, time_source, {})],
        cache.DataCache(
            store.BarStore(folder), time_source, calendar=calendars.ALWAYS
        ),
        time_source,
        calendar=calendars.ALWAYS,
    )
    return market_feed.MarketFeed(
        data, rig.SYMBOLS, '1m', time_source, patience_s=_PATIENCE_S
    )


def _lane(made: rig.Rig) -> views.QueueRow:
    return made.bus.statistics()[bus.Lane.MARKET]


async def _until(made: rig.Rig, count: int, most: list[int]) -> None:
    """Waits until so many bars are in the log; notes how many wait."""
    while True:
        now = _lane(made)
        most.append(now.waiting)
        if now.taken >= count:
            break
        await asyncio.sleep(_LOOK_S)
    await made.sequence.drain()


def _first(symbol: str, start: int) -> market.MarketData:
    return market.MarketData(
        symbol, _stamp(start, 0), 100.0, 100.0, 100.0, 100.0, 1.0
    )


async def _measure(url: str, start: int) -> tuple[rows.Took, float, float]:
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
        _check(path, start)
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


def _check(path: pathlib.Path, start: int) -> None:
    """Refuses a log without each bar once and in its order.

    Raises:
        rows.WrongError: It has others, or something was wrong with one.
    """
    found: dict[str, list[int]] = collections.defaultdict(list)
    for event in reader.read(path):
        if event.type is events.EventType.MARKET_DATA:
            found[event.symbol].append(event.data.timestamp)
        elif event.type is events.EventType.DATA_ISSUE:
            raise rows.WrongError(f'{event.symbol}: {event.data.detail}')
    wanted = [_stamp(start, nth) for nth in range(_EACH)]
    rows.check(dict(found), dict.fromkeys(rig.SYMBOLS, wanted), 'bars')


def _stamp(start: int, nth: int) -> int:
    return start + (nth + 1) * rig.MINUTE


@contextlib.contextmanager
def _serving(start: int) -> Iterator[str]:
    """Runs the service in a process of its own; gives its address."""
    context = multiprocessing.get_context('spawn')
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, start))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join(30)


def _serve(pipe: pipes.Connection, start: int) -> None:
    asyncio.run(_service(pipe, start))


async def _service(pipe: pipes.Connection, start: int) -> None:
    frames = [
        frame(symbol, _stamp(start, nth), nth).split(str(SENT))
        for nth in range(_EACH)
        for symbol in rig.SYMBOLS
    ]
    now = clock.LiveClock().now

    async def tell(connection: server.ServerConnection) -> None:
        with contextlib.suppress(exceptions.ConnectionClosed):
            for head, tail in frames:
                await connection.send(f'{head}{now() // _MS}{tail}')
            await connection.wait_closed()

    def answer(
        connection: server.ServerConnection, request: http11.Request
    ) -> http11.Response | None:
        """Has no bars of the past."""
        if request.path.startswith('/api/'):
            return connection.respond(http.HTTPStatus.OK, '[]')
        return None

    async with server.serve(
        tell, '127.0.0.1', 0, compression=None, process_request=answer
    ) as running:
        (listening,) = running.sockets
        pipe.send(f'ws://127.0.0.1:{listening.getsockname()[1]}')
        await asyncio.to_thread(pipe.recv)


def frame(symbol: str, stamp: int, nth: int) -> str:
    """Writes a closed bar as Binance does, to be stamped when it is sent.

    Args:
        symbol: The instrument.
        stamp: When it closes, nanoseconds since the epoch, UTC.
        nth: Makes bars that differ.
    """
    close = 100.0 + nth % 7 / 8
    bar = {
        't': (stamp - rig.MINUTE) // _MS,
        'T': stamp // _MS - 1,
        's': symbol,
        'i': '1m',
        'f': 1,
        'L': 2,
        'o': '100.00000000',
        'c': f'{close:.8f}',
        'h': '101.25000000',
        'l': '99.75000000',
        'v': f'{1000 + nth % 97}.00000000',
        'n': 7,
        'x': True,
        'q': '1.0',
        'V': '1.0',
        'Q': '1.0',
        'B': '0',
    }
    data = {'e': 'kline', 'E': SENT, 's': symbol, 'k': bar}
    return json.dumps({'stream': f'{symbol.lower()}@kline_1m', 'data': data})
