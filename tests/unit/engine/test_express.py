"""The short way of a plain order leaves nothing otherwise than the long one."""

import asyncio
import collections
import random

import hypothesis
from hypothesis import strategies as st
import pytest

from sting import strategy
from sting.backtest import assumptions
from sting.backtest import engine
from sting.engine import core
from sting.engine import image
from sting.engine import step
from sting.model import events
from sting.model import orders
from sting.model import specs
from sting.risk import manager
from sting.risk import rules
from sting.risk import scopes
from sting.simulator import costs
from sting.simulator import market as simulated
from sting.strategy import runner
from tests.unit.backtest import bars as worlds
from tests.unit.engine import worlds as engines

pytestmark = pytest.mark.unit

T = events.EventType
S = orders.OrderStatus
SYMBOLS = ('X', 'Y')
LIMITED = specs.StrategySpec(
    name=engine.NAME, reference='x', limits=specs.Limits(max_loss=200.0)
)


class Restless(strategy.AbstractStrategy):
    """Mostly sends plain orders, and now and then all else that there is."""

    def __init__(self, name, parameters):
        super().__init__(name, {})
        self.random = random.Random(parameters['seed'])
        self.exits = parameters['exits']
        self.sent = []
        self.heard = []

    async def on_market_data(self, data):
        for _ in range(self.random.choice([0, 0, 1, 1, 1, 2])):
            self.act(data.symbol, data.close)

    async def on_order_update(self, order):
        self.heard.append(order)
        if self.random.random() < 0.05:
            self.act(order.symbol, 100.0)

    def act(self, symbol, price):
        draw = self.random
        held = self.portfolio.quantity(symbol)
        way = draw.random()
        if held and way < 0.3:
            verb = self.sell if held > 0 else self.buy
            self.sent.append(verb(symbol, abs(held), reason='out'))
        elif way < 0.8:
            verb = draw.choice([self.buy, self.sell])
            size = draw.choice([1.0, 7.5, 300.0, 5_000.0])
            self.sent.append(verb(symbol, size, reason='wanted'))
        elif way < 0.85 and self.sent:
            self.cancel(draw.choice(self.sent))
        elif way < 0.88:
            self.close(symbol)
        elif way < 0.91:
            self.target(symbol, float(draw.randint(-20, 20)))
        elif way < 0.94 and self.exits:
            self.buy(symbol, 5.0, take_profit=price * 1.001)
        elif way < 0.97:
            self.buy(symbol, 5.0, price=price, type=orders.OrderType.LIMIT)
        else:
            self.buy(symbol, None, oco='g')


def table(count, seed):
    draw, rows, last = random.Random(seed), [], dict.fromkeys(SYMBOLS, 100.0)
    for minute in range(1, count + 1):
        for symbol in SYMBOLS:
            first = last[symbol]
            close = round(first * (1.0 + draw.uniform(-2e-3, 2e-3)), 4)
            high, low = max(first, close) + 0.05, min(first, close) - 0.05
            size = draw.choice([0.0, 40.0, 2_000.0])
            rows.append((symbol, minute, first, high, low, close, size))
            last[symbol] = close
    return worlds.make(rows, SYMBOLS)


def play(seed, *, short, exits, latency, limit):
    """Plays a run, and gives what is left of it."""
    seen = []
    made = Restless(engine.NAME, {'seed': seed, 'exits': exits})
    played = engine.BacktestEngine(
        runner.StrategyRunner(made, number=1, log=engine.LOG),
        table(120, seed),
        manager.RiskManager(
            [rules.BuyingPower(limit), rules.MaxPosition(900)]
        ).holding(LIMITED),
        assumptions.Assumptions(
            cash=1e5,
            costs=costs.CostModel(commission_bps=2.0, latency_ms=latency),
        ),
        watch=seen.append,
    )
    taken = collections.Counter()
    way = played._engine._express
    if short:

        def count(name, take):
            def counting(*given):
                taken[name] += bool(done := take(*given))
                return done

            setattr(way, name, counting)

        count('carry', way.carry)
        count('book', way.book)
    else:
        played._engine._express = None
    asyncio.run(played.run())
    left = image.capture(played._engine.state)
    return taken, (
        seen,
        played.log_hash(),
        left,
        played._market.working(),
        made.heard,
        list(played.record.fills.rows()),
        played.curve().equity.tolist(),
    )


@hypothesis.settings(max_examples=15, deadline=None)
@hypothesis.given(
    seed=st.integers(0, 2**31),
    latency=st.sampled_from([0.0, 70_000.0]),
    limit=st.sampled_from([0.5, 4.0]),
    exits=st.booleans(),
)
def test_a_run_is_the_same_on_the_short_way_and_on_the_long_one(
    seed, latency, limit, exits
):
    more = {'latency': latency, 'limit': limit, 'exits': exits}
    _, short = play(seed, short=True, **more)
    _, long = play(seed, short=False, **more)
    assert short == long


def test_the_runs_that_are_compared_take_the_short_way_often():
    taken, _ = play(1, short=True, exits=False, latency=0.0, limit=4.0)
    assert taken['carry'] > 20
    assert taken['book'] > 20


class World:
    """An engine with a market of its own."""

    def __init__(self, *risk_rules):
        self.exchange = simulated.MarketSimulator()
        self.engine = core.CoreEngine(
            manager.RiskManager(risk_rules),
            symbols=('AAPL',),
            strategies={'sma': 1},
            matcher=self.exchange.on_bar,
            taker=self.exchange.accept,
        )
        self.engine.process_bar(engines.bar())

    def want(self, order_id='o', **given):
        given = {'side': engines.BUY, 'quantity': 2.0} | given
        signal = orders.Signal(
            symbol='AAPL', strategy='sma', order_id=order_id, **given
        )
        return self.engine.settle_signal(signal, 'sma', 1, engines.NOON)


def kinds(came):
    return [event.type for event in came.events]


def test_a_plain_order_is_at_the_market_when_the_step_ends():
    world = World()
    came = world.want()
    assert kinds(came) == [
        T.SIGNAL,
        T.ORDER_REQUEST,
        T.RISK_VERDICT,
        T.ORDER_UPDATE,
    ]
    (told,) = came.effects
    assert told.order.status is S.ACCEPTED
    assert world.engine.state.orders['o'] == told.order
    assert [each.id for each in world.exchange.working()] == ['o']


def test_what_risk_denies_does_not_get_to_the_market():
    world = World(rules.MaxPosition(1.0))
    came = world.want()
    assert kinds(came)[-1] is T.RISK_ALERT
    assert world.engine.state.orders['o'].status is S.DENIED
    assert not world.exchange.working()


@pytest.mark.parametrize(
    'given',
    [
        {'type': orders.OrderType.LIMIT, 'price': 90.0},
        {'quantity': None},
        {'quantity': 1e-12},
        {'oco': 'g'},
        {'take_profit': 120.0},
        {'time_in_force': orders.TimeInForce.IOC},
        {'kind': orders.SignalKind.TARGET, 'side': None},
        {'reason': 'é'},
    ],
)
def test_what_is_not_plain_goes_the_long_way(given):
    world = World()
    assert T.ORDER_UPDATE not in kinds(world.want(**given))
    assert not world.exchange.working()


def test_an_order_that_is_known_is_refused_on_the_long_way():
    world = World()
    world.want()
    assert kinds(world.want()) == [T.SIGNAL_REFUSED]


@pytest.mark.parametrize(
    ('more', 'quantity'), [({'soft': True}, None), ({'reduces': True}, 1.0)]
)
def test_what_risk_has_to_tell_of_goes_the_long_way(more, quantity):
    rule = scopes.Scoped('r', rules.MaxPosition(1.0), scopes.Scope(), **more)
    world = World(rule)
    came = world.want()
    placed = [each for each in came.effects if isinstance(each, step.Place)]
    alert = came.events[-1]
    order = world.engine.state.orders['o']
    assert [each.order for each in placed] == [order]
    assert order.status is S.SUBMITTED
    assert order.quantity == (quantity or came.events[0].data.quantity)
    assert alert.type is T.RISK_ALERT
    assert 'max_position(r): ' in alert.data.message
