"""Orders to a broker's service on loopback and its reports, by way of HTTP.

The service is that of the tests for Alpaca, in a thread of this process: its
own work is in the figures.
"""

import asyncio
from collections.abc import Callable
import importlib
import time
from typing import Any
from typing import Final

from benchmarks import rows
from sting.broker import interface
from sting.broker import manager
from sting.engine import bus
from sting.engine import clock as clocks
from sting.engine import step
from sting.model import events
from sting.model import orders

ORDERS: Final = 300
_WAIT_S: Final = 10.0


def run() -> list[rows.Row]:
    """Measures from the manager to the service, and from there to a lane."""
    out, back = asyncio.run(_measure())
    rows.check(len(out), ORDERS, 'orders that arrived')
    rows.check(len(back), ORDERS, 'fills that came')
    return [
        rows.Row(f'{name}, {figure}', rows.percentile(found, share), 'ms')
        for name, found in (
            ('an order from the manager to the service, HTTP on loopback', out),
            (
                'a fill from the service to its lane, WebSocket on loopback',
                back,
            ),
        )
        for figure, share in (('p50', 50), ('p99', 99))
    ]


class _Rig:
    """A manager before a service, with a note of each moment."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.lanes = bus.EventBus()
        self.arrived: dict[str, float] = {}
        self.filled: dict[str, float] = {}
        self.told = 0.0
        self._watch()
        self.manager = manager.BrokerManager(
            world.make(),
            self._take,
            lambda order: False,
            time_source=clocks.LiveClock(),
        )

    def _watch(self) -> None:
        server = self.world.server
        place, push = server.exchange.place, server.push

        def placed(body: dict[str, Any]) -> Any:
            self.arrived[body['client_order_id']] = time.perf_counter()
            return place(body)

        def pushed(frame: bytes) -> None:
            self.told = time.perf_counter()
            push(frame)

        server.exchange.place = placed
        server.push = pushed

    def _take(self, report: interface.Report) -> None:
        kind = events.EventType.ORDER_UPDATE
        if isinstance(report, orders.Fill):
            kind = events.EventType.FILL
        self.lanes.post(
            bus.Lane.REPORTS, bus.Incoming(kind, report, 'broker:alpaca')
        )
        if kind is events.EventType.FILL:
            self.filled[report.order_id] = time.perf_counter()


async def _measure() -> tuple[list[float], list[float]]:
    worlds = importlib.import_module('tests.brokers.alpaca.world')
    world = worlds.AlpacaWorld()
    rig = _Rig(world)
    out, back = [], []
    try:
        await rig.manager.start()
        await rig.manager.reconcile()
        for number in range(ORDERS):
            order = _order(f'b-{number}-1-1', world.now())
            sent = time.perf_counter()
            rig.manager.send(step.Place(order))
            await _until(lambda order=order: order.id in rig.arrived)
            out.append((rig.arrived[order.id] - sent) * 1000)
            await asyncio.sleep(0.005)
            await world.trade('AAPL', 100.0)
            await _until(lambda order=order: order.id in rig.filled)
            back.append((rig.filled[order.id] - rig.told) * 1000)
        await rig.manager.stop()
    finally:
        await world.close()
    return out, back


async def _until(found: Callable[[], bool]) -> None:
    async with asyncio.timeout(_WAIT_S):
        while not found():  # noqa: ASYNC110 - it is told in another thread
            await asyncio.sleep(0.0005)


def _order(order_id: str, created: int) -> orders.Order:
    return orders.Order(
        id=order_id,
        symbol='AAPL',
        side=orders.OrderSide.BUY,
        quantity=1.0,
        created=created,
        status=orders.OrderStatus.SUBMITTED,
    )
