"""Each effect is handed to the part that carries it out."""

import asyncio

import pytest

from sting.broker import manager
from sting.broker import paper
from sting.engine import board
from sting.engine import clock
from sting.engine import state
from sting.engine import step
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import specs
from sting.risk import stop
from sting.session import outlet
from sting.simulator import ticks
from sting.strategy import inprocess
from tests.unit.risk import worlds
from tests.unit.session import stations

pytestmark = pytest.mark.unit

T = stations.T
LIMIT = orders.OrderType.LIMIT


class Parts:
    """An outlet with real parts behind it."""

    def __init__(self, folder, body='pass'):
        home = stations.home_in(folder)
        path = stations.write_strategy(home, 'mine.py', body)
        self.reports = []
        self.signals = []
        self.statuses = []
        self.reloads = []
        self.system = state.SystemState()
        self.latch = stop.Latch(folder / 'latch')
        self.stop = stop.EmergencyStop(
            self.latch, lambda since: (), lambda who, why: None
        )
        broker = paper.PaperBroker(
            ticks.TickMarket(), clock.VirtualClock(), cash=1e5
        )
        self.brokers = manager.BrokerManager(
            broker,
            self.reports.append,
            self.stop.withholds,
            time_source=clock.VirtualClock(),
        )
        self.hosted = inprocess.InProcessHost(
            [specs.StrategySpec(name='mine', reference=path)],
            log='t',
            time_source=clock.VirtualClock(),
            emit=lambda name, seq, made: self.signals.extend(made),
            status=lambda told: self.statuses.append(told.status),
        )
        self.outlet = outlet.Outlet(
            self.system,
            self.brokers,
            self.hosted,
            board.Board('t', ('X',), self.system),
            self.stop,
            reload=self.reload,
        )

    async def reload(self, effect):
        self.reloads.append(effect)

    async def start(self):
        await self.brokers.start()
        await self.outlet.start()

    async def end(self):
        await self.outlet.stop()
        await self.brokers.stop()
        self.latch.close()

    async def until(self, condition):
        async with asyncio.timeout(5.0):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.001)


@pytest.fixture
def parts(tmp_path):
    return Parts(
        tmp_path,
        """
        async def on_market_data(self, data):
            self.buy(data.symbol, 1)
        """,
    )


def bar():
    return market.MarketData('X', 1, 1.0, 1.0, 1.0, 1.0, 1.0)


async def test_orders_go_to_the_broker(parts):
    await parts.start()
    one = worlds.order(price=1.0, seq=1)
    parts.outlet.act(step.Place(one))
    parts.outlet.act(step.Replace(one, 20.0, None, None))
    await parts.until(lambda: len(parts.reports) == 2)
    parts.outlet.act(step.Cancel(one))
    await parts.end()
    assert [report.status for report in parts.reports] == [
        'accepted',
        'accepted',
        'cancelled',
    ]


async def test_a_strategy_is_started_told_and_stopped(parts):
    await parts.start()
    parts.outlet.act(step.Start('mine', 3))
    await parts.until(lambda: parts.statuses == ['running'])
    event = events.Event(4, 1, T.MARKET_DATA, 'feed', bar(), 'X')
    parts.outlet.act(step.Notify(event))
    await parts.until(lambda: parts.signals)
    assert parts.signals[0].order_id == 't-4-1-1'
    parts.outlet.act(step.Stop('mine', 5))
    await parts.until(lambda: parts.statuses == ['running', 'stopped'])
    await parts.end()


async def test_a_strategy_is_reloaded(parts):
    await parts.start()
    effect = step.Reload('mine', 3, back=True)
    parts.outlet.act(effect)
    await parts.until(lambda: parts.reloads == [effect])
    await parts.end()


async def test_the_end_stops_every_strategy_and_waits_for_it(parts):
    await parts.start()
    parts.outlet.act(step.Start('mine', 3))
    await parts.end()
    assert parts.statuses[-1] == 'stopped'
    assert not parts.hosted.is_running('mine')


async def test_a_halt_holds_the_stop_and_a_resume_releases_it(parts):
    await parts.start()
    parts.system.seq = 10
    parts.outlet.act(step.Hold('max_loss', 'too much', 10))
    assert parts.stop.reason == ('max_loss', 'too much')
    assert parts.stop.withholds(worlds.order(seq=10))
    assert not parts.stop.withholds(worlds.order(seq=11))
    parts.outlet.act(step.Release())
    assert not parts.stop.is_set
    await parts.end()
