"""What comes of an event of a run: noted, carried out, and told."""

import asyncio

import msgspec
import pytest

from sting.backtest import record
from sting.backtest import settling
from sting.engine import core
from sting.engine import step
from sting.model import events
from sting.model import orders
from sting.model import records
from sting.risk import manager
from sting.simulator import market as simulated
from sting.strategy import base
from sting.strategy import runner

pytestmark = pytest.mark.unit


class Listener(base.AbstractStrategy):
    """Hears what becomes of its orders."""

    async def on_start(self):
        self.heard = []

    async def on_order_update(self, order):
        self.heard.append(order.status)


class World:
    """A settler with a market and a strategy, without bars."""

    def __init__(self):
        self.exchange = simulated.MarketSimulator()
        self.engine = core.CoreEngine(
            manager.RiskManager(()),
            symbols=('X',),
            strategies={'s': 1},
            matcher=self.exchange.on_bar,
        )
        self.feeder = runner.StrategyRunner(
            Listener('s', {}), number=1, log='l'
        )
        self.record = record.Record(())
        self.settler = settling.Settler(
            self.engine, self.exchange, self.feeder, self.record
        )
        asyncio.run(self.begin())

    async def begin(self):
        created = records.LogCreated(
            log='l', profile='l', mode=records.Mode.REPLAY, cash=1e6
        )
        self.settler.put(events.EventType.LOG_CREATED, created, 'engine', 1)
        await self.settler.settle()
        await self.feeder.start(1, 1)

    def want(self, **given):
        signal = orders.Signal(symbol='X', strategy='s', order_id='o', **given)
        asyncio.run(self.settler.take_signals([signal], 1))


def buy(world):
    world.want(
        side=orders.OrderSide.BUY,
        quantity=10.0,
        type=orders.OrderType.LIMIT,
        price=5.0,
    )


def test_what_a_strategy_wants_gets_to_the_market_and_it_hears_of_it():
    world = World()
    buy(world)
    assert [each.id for each in world.exchange.working()] == ['o']
    assert world.feeder.strategy.heard == ['accepted']
    assert world.record.orders == 1
    world.want(kind=orders.SignalKind.CANCEL)
    assert world.exchange.working() == []
    assert world.feeder.strategy.heard[1:] == ['pending_cancel', 'cancelled']


def test_a_change_that_the_market_refuses_leaves_the_order_as_it_was():
    world = World()
    buy(world)
    order = world.engine.state.orders['o']
    order = msgspec.structs.replace(order, resting=order.status)
    world.settler.add(step.Step([], [step.Replace(order, None, None, 4.0)]))
    asyncio.run(world.settler.settle())
    after = world.engine.state.orders['o']
    assert (after.status, after.quantity, after.price) == ('accepted', 10, 5)
    assert 'takes no stop price' in after.message


def test_a_strategy_that_is_stopped_hears_no_more():
    world = World()
    world.settler.add(step.Step([], [step.Stop('s', 1)]))
    asyncio.run(world.settler.settle())
    assert not world.settler.running
    buy(world)
    assert world.feeder.strategy.heard == []
