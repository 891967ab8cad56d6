"""A source that does as a test tells it."""

import asyncio

import numpy as np

from sting.data import table
from sting.data.sources import base
from sting.model import timeframes


class Source(base.DataSource):
    """Has bars of any symbol round the clock, all prices `price`.

    Attributes:
        requests: All that it was asked.
        error: Raised instead of an answer, if set; by symbol, if a dict.
        spoil: Changes the columns of an answer, if set.
        upto: No bar after it; None for up to now.
        gate: Answers wait for it, if set.
        crowd: `crowded` is set when it works on so many requests at once.
        most: The most requests that it worked on at once.
        woken: How many signs of life it was told of.
    """

    def __init__(self, name, time_source, *, price=100.0, batch=1, frames=None):
        self.name = name
        self.capabilities = base.Capabilities(timeframes=frames, batch=batch)
        self.clock = time_source
        self.price = price
        self.requests = []
        self.error = None
        self.spoil = None
        self.upto = None
        self.gate = None
        self.crowd = 0
        self.crowded = asyncio.Event()
        self.most = 0
        self.woken = 0
        self.closed = False
        self._working = 0

    async def get_bars(self, request):
        self.requests.append(request)
        self._working += 1
        self.most = max(self.most, self._working)
        if self._working == self.crowd:
            self.crowded.set()
        try:
            await asyncio.sleep(0)
            if self.gate is not None:
                await self.gate.wait()
        finally:
            self._working -= 1
        for name in request.symbols:
            error = self.error
            if isinstance(error, dict):
                error = error.get(name)
            if error is not None:
                raise error
        return table.BarTable.merge(
            [self._bars(name, request) for name in request.symbols]
        )

    def _bars(self, name, request):
        step = timeframes.length(request.timeframe)
        end = min(request.end, self.clock.now())
        if self.upto is not None:
            end = min(end, self.upto)
        stamps = np.arange(
            -(-request.start // step) * step, end + 1, step, dtype=np.int64
        )
        columns = {
            each: np.full(len(stamps), self.price)
            for each in ('open', 'high', 'low', 'close')
        }
        columns['volume'] = 1.0 + stamps // step % 7
        if self.spoil is not None:
            stamps, columns = self.spoil(stamps, columns)
        return table.BarTable.single(name, request.timeframe, stamps, columns)

    def wake(self):
        self.woken += 1

    async def close(self):
        self.closed = True


class Streaming(Source):
    """Also streams what a test pushes, over connections it makes and breaks.

    Attributes:
        wanted: The subscriptions, oldest first.
        watch: Whom it tells; None before it streams.
        refusal: Raised instead of streaming, if set.
        ended: How many streams have ended.
    """

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.capabilities = base.Capabilities(
            timeframes=self.capabilities.timeframes,
            batch=self.capabilities.batch,
            streams=frozenset(base.Stream),
        )
        self.wanted = []
        self.watch = None
        self.refusal = None
        self.ended = 0
        self._messages = asyncio.Queue()

    async def stream(self, wanted, watch):
        self.wanted.append(wanted)
        self.watch = watch
        if self.refusal is not None:
            raise self.refusal
        watch.monitor.connected()
        try:
            while (message := await self._messages.get()) is not None:
                yield message
        finally:
            self.ended += 1
            watch.monitor.closed()

    def push(self, *messages):
        for message in messages:
            self._messages.put_nowait(message)
