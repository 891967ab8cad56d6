"""A bar's way to an order through a strategy in a process of its own.

The bar enters the lanes, is numbered, written, given to the process, and comes
back as a signal, which is judged, written, and leaves as an order.
"""

import asyncio
from collections.abc import Sequence
import functools
import gc
import pathlib
import tempfile
import time

from benchmarks import journal
from benchmarks import rig
from benchmarks import rows
from sting.engine import bus
from sting.engine import clock
from sting.engine import step
from sting.model import events
from sting.model import orders
from sting.model import records
from sting.model import specs
from sting.strategy import host
from sting.strategy import inprocess
from sting.strategy import isolated

# Bars by their rate a second.
PACES = {50: 1_000, 1_000: 10_000}
KILLS = 20
DEADLINE_MS = 100.0

BUYER = """
from sting import strategy


class Buyer(strategy.AbstractStrategy):
    async def on_market_data(self, data):
        self.buy(data.symbol, 1.0, strategy.OrderType.LIMIT, price=1.0)
"""
_BUY = 'self.buy(data.symbol, 1.0, strategy.OrderType.LIMIT, price=1.0)'
_LOOP = BUYER.replace(_BUY, 'while True: pass')


def run() -> list[rows.Row]:
    """Measures; each bar has to lead to one order."""
    made = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for pace, count in PACES.items():
            made += _paced(folder, pace, count)
        kills = asyncio.run(_kills(folder))
    return [
        *made,
        rows.Row(
            f'endless loop, dead after its deadline, slowest of {KILLS}',
            max(kills),
            'ms',
            f'deadline {DEADLINE_MS:g} ms',
        ),
    ]


def _paced(folder: pathlib.Path, pace: int, count: int) -> list[rows.Row]:
    """Measures at a rate, and the disk's sync before, between and after."""
    syncs = journal.syncs()
    own = measured(folder, pace, count, isolated=True)
    syncs += journal.syncs()
    inside = measured(folder, pace, count, isolated=False)
    syncs += journal.syncs()
    what = f'bar to order, {pace:,} bars/s, durable, isolated strategy'
    return [
        rows.Row(
            f'{what}, p{per_cent}',
            rows.percentile(own, per_cent),
            'ms',
            f'in the engine {rows.percentile(inside, per_cent):.3g} ms; of the '
            "disk's own syncs, two of which lie on the way, "
            f'{rows.percentile(syncs, per_cent):.3g} ms',
        )
        for per_cent in (50, 99)
    ]


def measured(
    folder: pathlib.Path, pace: int, count: int, *, isolated: bool
) -> list[float]:
    # As `sting run` does: what is there before stays.
    gc.collect()
    gc.freeze()
    found = asyncio.run(_measure(folder, pace, count, isolated=isolated))
    gc.unfreeze()
    return found


class Outlet:
    """Gives events to the strategy, and takes the time of orders."""

    def __init__(self, wanted: int) -> None:
        self.host: host.StrategyHost
        # By the stamps of bars, which are known before they have a number.
        self.came: dict[int, float] = {}
        self.delays: list[float] = []
        self.done = asyncio.Event()
        self._wanted = wanted
        self._stamps: dict[int, int] = {}

    def act(self, effect: step.Effect) -> None:
        """Takes an effect."""
        if isinstance(effect, step.Notify):
            event = effect.event
            if event.type is events.EventType.MARKET_DATA:
                self._stamps[event.seq] = event.data.timestamp
            self.host.deliver(event, effect.order, effect.position)
        elif isinstance(effect, step.Place):
            answered = int(effect.order.id.split('-')[1])
            spent = time.perf_counter() - self.came[self._stamps[answered]]
            self.delays.append(spent * 1000)
            if len(self.delays) == self._wanted:
                self.done.set()


def spec(folder: pathlib.Path, code: str, name: str) -> specs.StrategySpec:
    path = folder / f'{name}.py'
    path.write_text(code)
    limits = specs.Process(
        signals_per_s=100_000, deadline_ms=10_000, late_ms=1_000
    )
    return specs.StrategySpec(name, str(path), process=limits)


async def _measure(
    folder: pathlib.Path, pace: int, count: int, *, isolated: bool
) -> list[float]:
    outlet = Outlet(count)
    log = folder / f'events{pace}{isolated}.db'
    async with rig.durable(log, outlet) as made:
        outlet.host = _host(folder, made.bus, isolated=isolated)
        await pass_through(outlet, made.bus, pace, count)
    rows.check(len(outlet.delays), count, 'orders')
    return outlet.delays


async def pass_through(
    outlet: Outlet, lanes: bus.EventBus, pace: int, count: int
) -> None:
    """Has bars come in at a pace, and waits for the orders."""
    await outlet.host.start('buyer', seq=0)
    began = time.perf_counter()
    for nth, incoming in enumerate(rig.bars(count)):
        await asyncio.sleep(began + nth / pace - time.perf_counter())
        outlet.came[incoming.data.timestamp] = time.perf_counter()
        lanes.put(bus.Lane.MARKET, incoming)
    async with asyncio.timeout(60):
        await outlet.done.wait()
    await outlet.host.close(seq=0)


def emit(lanes: bus.EventBus) -> host.Emit:
    """Gives what puts the wishes of strategies into the lanes."""

    def put(name: str, cause: int, wanted: Sequence[orders.Signal]) -> None:
        for signal in wanted:
            lanes.put(
                bus.Lane.ORDERS,
                bus.Incoming(
                    events.EventType.SIGNAL,
                    signal,
                    name,
                    symbol=signal.symbol,
                    cause=cause,
                ),
            )

    return put


def _host(
    folder: pathlib.Path, lanes: bus.EventBus, *, isolated: bool
) -> host.StrategyHost:
    make = functools.partial(
        _isolated if isolated else inprocess.InProcessHost,
        [spec(folder, BUYER, 'buyer')],
        log='bench',
        time_source=clock.MarketClock(),
        emit=emit(lanes),
        status=tell,
    )
    made: host.StrategyHost = make(**({'folder': folder} if isolated else {}))
    return made


_isolated = isolated.IsolatedHost


def tell(status: records.StrategyStatus, cause: int = 0) -> None:
    del cause
    if status.status == 'failed':
        print(status.detail)


async def _kills(folder: pathlib.Path) -> list[float]:
    """Measures from an event to the end of a process that loops on it."""
    delays = []
    for nth in range(KILLS):
        looped = spec(folder, _LOOP, f'loop{nth}')
        limits = specs.Process(deadline_ms=DEADLINE_MS)
        one = specs.StrategySpec(looped.name, looped.reference, process=limits)
        dead = asyncio.Event()

        def told(
            status: records.StrategyStatus,
            cause: int = 0,
            dead: asyncio.Event = dead,
        ) -> None:
            del cause
            if status.status == 'failed':
                rows.check('did not answer' in status.detail, True, 'the kill')
                dead.set()

        looping = _isolated(
            [one],
            log='bench',
            folder=folder,
            time_source=clock.MarketClock(),
            emit=lambda *_: None,
            status=told,
        )
        await looping.start(one.name, seq=0)
        bar = rig.bar(0)
        event = events.Event(1, 1, bar.type, bar.source, bar.data, bar.symbol)
        began = time.perf_counter()
        looping.deliver(event)
        await dead.wait()
        delays.append((time.perf_counter() - began) * 1000 - DEADLINE_MS)
        await looping.close(seq=2)
    return delays
