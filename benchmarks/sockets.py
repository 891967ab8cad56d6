"""From the feed's socket to a decision, in the programs that people run.

A process of its own speaks as Binance does, 1,000 closed bars a second, and
notes when it sends each. The engine decides on a bar in the step that numbers
it, and the event's time is the beginning of that step: so the log of `sting
run`, or of `sting-tui` while it paints, has the other end. A strategy answers
later: it is told of what is durable alone.
"""

import asyncio
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import http
import json
import multiprocessing
from multiprocessing import connection as pipes
import os
import pathlib
import pty
import signal
import subprocess
import tempfile
import threading
import urllib.parse

from websockets import exceptions
from websockets import http11
from websockets.asyncio import client
from websockets.asyncio import server

from benchmarks import feeds
from benchmarks import journal
from benchmarks import rig
from benchmarks import rows
from benchmarks import startup
from sting.engine import clock
from sting.engine import reader
from sting.model import events

RATE = 1_000
SYMBOLS = tuple(f'S{n:03}' for n in range(200))
# Of each symbol: fewer minutes than a bar may be late.
EACH = 50
# The first ones find an engine that has just started.
COLD = 1_000
# A strategy wants something on one bar in so many: 50 a second.
EVERY = 20
PATIENCE_S = 60.0
_MS = 1_000_000
_SETTLE_S = 2.0

_STRATEGY = f"""
from sting import strategy


class Often(strategy.AbstractStrategy):
    async def on_start(self):
        self.seen = 0

    async def on_market_data(self, data):
        self.seen += 1
        if self.seen % {EVERY} == 0:
            self.buy(data.symbol, 1.0, strategy.OrderType.LIMIT, price=1.0)
"""
_CONFIG = f"""
profiles:
  bench:
    mode: paper
    broker: paper
    feed: bench
    symbols: [{', '.join(SYMBOLS)}]
    strategies: [often]
    cash: 100000
    calendar: 24/7
feeds:
  bench: {{kind: market, sources: [binance], patience_s: 3600}}
"""


def run() -> list[rows.Row]:
    """Measures both, and checks that every bar is in the log once."""
    syncs = journal.syncs()
    bare = _bare()
    with tempfile.TemporaryDirectory() as bytecode:
        environ = startup.environment(bytecode)
        own = _measure(environ, ['sting', 'run', '--profile', 'bench'])
        inside = _measure(environ, ['sting-tui', '--profile', 'bench'])
    what = f"feed's socket to decision, {RATE:,}/s, engine in"
    return [
        rows.Row(
            f'{what} {where}, p{share:g}',
            rows.percentile(taken, share),
            'ms',
            'durable, by a strategy in a process of its own, '
            f'{rows.percentile(answered, share):.3g} ms; a bare reader of the '
            f"socket {rows.percentile(bare, share):.3g} ms; the disk's sync "
            f'{rows.percentile(syncs, share):.3g} ms',
        )
        for where, (taken, answered) in (
            ('its own process', own),
            ('a thread, screen painting', inside),
        )
        for share in (50, 99, 99.9)
    ]


def _bare() -> list[float]:
    """Gives the ms to a program that only reads the socket."""
    with _serving(_start()) as (url, service):
        came = asyncio.run(_listen(url))
        sent = service.recv()
    rows.check(len(came), len(sent), 'messages')
    return [(into - out) / _MS for out, into in zip(sent, came, strict=True)][
        COLD:
    ]


async def _listen(url: str) -> list[int]:
    now = clock.LiveClock().now
    came = []
    async with client.connect(url, compression=None) as connection:
        for _ in range((EACH - 1) * len(SYMBOLS)):
            await connection.recv()
            came.append(now())
    return came


def _start() -> int:
    """Gives when the first bars close, so that the last ones have closed."""
    return (clock.LiveClock().now() // rig.MINUTE - EACH) * rig.MINUTE


def _measure(
    environ: Mapping[str, str], command: list[str]
) -> tuple[list[float], list[float]]:
    """Gives the ms from socket to engine, and from there to an answer."""
    start = _start()
    with (
        tempfile.TemporaryDirectory() as name,
        _serving(start) as (url, service),
    ):
        home = pathlib.Path(name)
        _configure(home, url)
        with _running(command, {**environ, 'STING_HOME': name}):
            rows.check(service.poll(PATIENCE_S), True, 'a connection in time')
            sent = service.recv()
        return _delays(home / 'state' / 'bench' / 'events.db', sent)


def _configure(home: pathlib.Path, url: str) -> None:
    files = {
        'config/sting.yaml': _CONFIG,
        'config/strategy.yaml': 'strategies: {often: {strategy: often.py}}\n',
        'config/exchanges/binance.yaml': (
            f'base_url: {url.replace("ws:", "http:")}\n'
            f'data_stream_url: {url}\nper_minute: 60000\nburst: 1000\n'
        ),
        'strategies/often.py': _STRATEGY,
    }
    for path, text in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)


@contextlib.contextmanager
def _running(command: list[str], environ: Mapping[str, str]) -> Iterator[None]:
    """Runs a program in a terminal of its own, and ends it in order."""
    master, slave = pty.openpty()
    shown = {'TERM': 'xterm-256color', 'COLUMNS': '160', 'LINES': '48'}
    program, *arguments = command
    with subprocess.Popen(
        [str(startup.TOOLS / program), *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**environ, **shown},
        start_new_session=True,
    ) as process:
        os.close(slave)
        reads = threading.Thread(target=_read, args=(master,))
        reads.start()
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)
            reads.join(PATIENCE_S)
            os.close(master)


def _read(terminal: int) -> None:
    """Takes what is painted, as a terminal does."""
    with contextlib.suppress(OSError):
        while os.read(terminal, 65_536):
            pass


def _delays(
    path: pathlib.Path, sent: list[int]
) -> tuple[list[float], list[float]]:
    """Holds the log against what was sent.

    Raises:
        rows.WrongError: A bar is missing or there twice.
    """
    taken: list[float] = []
    answered: list[float] = []
    by_seq: dict[int, int] = {}
    for event in reader.read(path):
        if event.type is events.EventType.MARKET_DATA:
            at = sent[len(taken)]
            by_seq[event.seq] = at
            taken.append((event.timestamp - at) / _MS)
        elif event.type is events.EventType.SIGNAL and event.cause in by_seq:
            answered.append((event.timestamp - by_seq[event.cause]) / _MS)
    rows.check(len(taken), len(sent), 'bars')
    rows.check(len(answered) > (len(sent) - COLD) // EVERY // 2, True, 'orders')
    return taken[COLD:], answered[COLD // EVERY :]


@contextlib.contextmanager
def _serving(start: int) -> Iterator[tuple[str, pipes.Connection]]:
    """Runs the service in a process of its own; gives its address."""
    context = multiprocessing.get_context('spawn')
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, start))
    process.start()
    try:
        yield ours.recv(), ours
    finally:
        ours.send(None)
        process.join(30)


def _serve(pipe: pipes.Connection, start: int) -> None:
    asyncio.run(_service(pipe, start))


async def _service(pipe: pipes.Connection, start: int) -> None:
    # Bars from the second on: the first one is asked for.
    frames = [
        feeds.frame(symbol, start + (nth + 1) * rig.MINUTE, nth).split(
            str(feeds.SENT)
        )
        for nth in range(1, EACH)
        for symbol in SYMBOLS
    ]
    now = clock.LiveClock().now

    async def tell(connection: server.ServerConnection) -> None:
        sent = []
        loop = asyncio.get_running_loop()
        with contextlib.suppress(exceptions.ConnectionClosed):
            # A strategy's process has to be there.
            await asyncio.sleep(_SETTLE_S)
            began = loop.time()
            for nth, (head, tail) in enumerate(frames):
                await asyncio.sleep(began + nth / RATE - loop.time())
                sent.append(now())
                await connection.send(f'{head}{sent[-1] // _MS}{tail}')
            # The last ones are to be durable.
            await asyncio.sleep(_SETTLE_S)
        pipe.send(sent)
        await connection.wait_closed()

    def answer(
        connection: server.ServerConnection, request: http11.Request
    ) -> http11.Response | None:
        """Has one bar of the past of each symbol."""
        path = urllib.parse.urlsplit(request.path)
        if not path.path.startswith('/api/'):
            return None
        asked = urllib.parse.parse_qs(path.query)
        opens = start // _MS
        known = int(asked['startTime'][0]) <= opens
        row = [opens, *['100.0'] * 4, '1.0', opens + 59_999, '0', 1, *'000']
        return connection.respond(
            http.HTTPStatus.OK, json.dumps([row] if known else [])
        )

    async with server.serve(
        tell, '127.0.0.1', 0, compression=None, process_request=answer
    ) as running:
        (listening,) = running.sockets
        pipe.send(f'ws://127.0.0.1:{listening.getsockname()[1]}')
        await asyncio.to_thread(pipe.recv)
