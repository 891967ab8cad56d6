"""The engine: one event in, what follows out."""

import pytest

from sting.engine import core
from sting.engine import step
from sting.model import commands
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.model import specs
from sting.risk import manager
from sting.risk import rules
from sting.simulator import market as simulated
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S
BUY = worlds.BUY


def test_a_bar_is_told_to_strategies():
    world = worlds.World()
    world.bar('AAPL', 100.0)
    (event,) = world.last.events
    assert event.type is T.MARKET_DATA
    assert (event.source, event.symbol) == ('feed:test', 'AAPL')
    assert world.effects() == [step.Notify(event)]


@pytest.mark.parametrize(
    ('kind', 'data'),
    [
        (T.QUOTE, market.Quote('AAPL', 1, 99.0, 101.0, 1.0, 1.0)),
        (T.TRADE, market.Trade('AAPL', 1, 100.0, 1.0)),
        (T.DATA_ISSUE, market.DataIssue('AAPL', 1, 'stale')),
    ],
)
def test_other_market_data_are_told_to_strategies(kind, data):
    world = worlds.World()
    world.tell(kind, data, 'feed:test', 'AAPL')
    assert world.effects() == [step.Notify(world.last.events[0])]


def test_an_events_place_is_kept():
    world = worlds.World()
    data = market.DataIssue('AAPL', 1, 'stale')
    world.tell(T.DATA_ISSUE, data, 'feed:test', 'AAPL', cause=2)
    assert world.last.events == [
        events.Event(3, world.now, T.DATA_ISSUE, 'feed:test', data, 'AAPL', 2)
    ]


def test_a_strategy_that_fails_alerts():
    world = worlds.World()
    world.tell(
        T.STRATEGY_STATUS,
        records.StrategyStatus(strategy='sma', status='failed', detail='why'),
    )
    assert world.alerts(records.Severity.CRITICAL) == [
        'strategy sma failed: why'
    ]
    world.tell(
        T.STRATEGY_STATUS,
        records.StrategyStatus(strategy='sma', status='stopped'),
    )
    assert world.alerts() == []


def test_a_strategy_that_cannot_change_its_version_alerts():
    world = worlds.World()
    world.tell(
        T.STRATEGY_STATUS,
        records.StrategyStatus(strategy='sma', status='running', error='why'),
    )
    assert world.alerts(records.Severity.WARNING) == [
        'strategy sma goes on as it was: why'
    ]


def test_a_running_strategy_that_goes_on_otherwise_tells():
    world = worlds.World()
    for detail in ('', 'reloaded: base changed'):
        world.tell(
            T.STRATEGY_STATUS,
            records.StrategyStatus(
                strategy='sma', status='running', detail=detail
            ),
        )
    assert world.alerts(records.Severity.INFO) == [
        'strategy sma: reloaded: base changed'
    ]


def matched():
    """A world whose orders go to a simulated market, as effects say."""
    played = simulated.MarketSimulator()
    world = worlds.World(matcher=played.on_bar)
    order_id = world.order()
    for report in played.submit(*world.placed(), world.now):
        world.tell(T.ORDER_UPDATE, report, 'broker:paper')
    return world, order_id


def test_a_bar_first_fills_orders_then_reaches_strategies():
    world, order_id = matched()
    world.bar('AAPL', 101.0)
    bar, filled, moved = world.last.events
    verdict = world.state.orders[order_id].judged
    assert (filled.type, filled.source) == (T.FILL, core.PLAYED)
    assert (filled.cause, moved.cause) == (verdict, filled.seq)
    assert world.status(order_id) is S.FILLED
    told = [one.event for one in world.effects(step.Notify)]
    assert told == [filled, bar]


def test_an_open_bar_fills_nothing():
    world, order_id = matched()
    world.bar('AAPL', 101.0, closed=False)
    assert world.kinds() == [T.MARKET_DATA]
    assert world.status(order_id) is S.ACCEPTED


def test_a_bar_by_column_does_as_one_by_event():
    one, order_id = matched()
    other, _ = matched()
    one.bar('AAPL', 101.0, timestamp=worlds.NOON + 5)
    taken = other.engine.process_bar(
        worlds.bar('AAPL', 101.0, timestamp=worlds.NOON + 5)
    )
    assert taken.events == one.last.events[1:]
    assert worlds.image(other.state) == worlds.image(one.state)
    assert other.status(order_id) is S.FILLED


@pytest.mark.parametrize('matcher', [None, lambda bar: ()])
def test_a_bar_by_column_that_fills_nothing_gives_nothing(matcher):
    world = worlds.World(matcher=matcher)
    seq = world.state.seq
    assert world.engine.process_bar(worlds.bar()) is None
    assert world.state.seq == seq + 1


def test_rules_are_logged_when_they_differ_from_the_logs():
    world = worlds.World(rules.MaxPosition(10.0))
    assert world.kinds() == [T.RULE_SET]
    assert world.last.events[0].data == records.RuleSet(
        names=('halted', 'max_position'),
        limits=(None, 10.0),
        units=('state', 'units'),
    )
    assert world.engine.adopt_rules().events == []


def test_a_verdict_names_the_rules_it_is_from():
    world = worlds.World(rules.MaxPosition(10.0))
    world.order(quantity=12.0)
    verdict = world.last.events[2].data
    assert verdict.rules == 2
    assert (verdict.figures, verdict.failed) == ((0.0, 12.0), (1,))


class Part(core.Component):
    """Notes when it is started and stopped."""

    def __init__(self, name, notes, fails=False):
        self.name = name
        self._notes = notes
        self._fails = fails

    async def start(self):
        if self._fails:
            raise OSError(f'{self.name} cannot start')
        self._notes.append(f'+{self.name}')

    async def stop(self):
        self._notes.append(f'-{self.name}')


def engine(*parts):
    made = core.CoreEngine(manager.RiskManager())
    for part in parts:
        made.register_component(part)
    return made


async def test_components_start_in_order_and_stop_the_other_way():
    notes = []
    made = engine(Part('a', notes), Part('b', notes))
    await made.start()
    await made.stop()
    assert notes == ['+a', '+b', '-b', '-a']


async def test_a_component_that_cannot_start_stops_those_before_it():
    notes = []
    made = engine(
        Part('a', notes), Part('b', notes), Part('c', notes, fails=True)
    )
    with pytest.raises(OSError, match='c cannot start'):
        await made.start()
    assert notes == ['+a', '+b', '-b', '-a']


def test_the_same_events_give_the_same_log():
    def play():
        world, _ = matched()
        world.bar('AAPL', 101.0)
        world.signal(side=BUY, quantity=3.0)
        return world.events

    assert play() == play()


def test_an_orders_id_follows_from_its_command():
    world = worlds.World()
    assert world.order() == 'ab-3-0-1'
    assert isinstance(world.state.orders['ab-3-0-1'], orders.Order)


def losing(limit=1_000.0, on_loss='tell'):
    """A strategy that holds 100 at 100 and may lose so much."""
    limits = specs.Limits(max_loss=limit, on_loss=on_loss)
    spec = specs.StrategySpec('sma', 'a', limits=limits)
    world = worlds.World(configured=[spec])
    world.bar('AAPL', 100.0)
    world.signal('ab-1', side=worlds.BUY, quantity=100.0)
    world.fill('ab-1', 100.0)
    return world


def test_a_loss_past_its_limit_is_told_once():
    world = losing()
    world.bar('AAPL', 90.0)
    assert world.alerts() == []
    world.bar('AAPL', 89.0)
    assert world.alerts() == [
        'strategy_max_loss(sma): 1,100 in cash is above the limit of 1,000: '
        'sma may only get out'
    ]
    assert world.last.events[-1].cause == world.last.events[0].seq
    world.bar('AAPL', 88.0)
    assert world.alerts() == []


@pytest.mark.parametrize('status', ['running', 'restarting', 'stopped', None])
def test_a_loss_past_its_limit_stops_a_strategy_that_asks_for_it(status):
    world = losing(on_loss='stop')
    if status is not None:
        told = records.StrategyStatus(strategy='sma', status=status)
        world.tell(worlds.T.STRATEGY_STATUS, told, 'host')
    world.bar('AAPL', 89.0)
    stops = [
        effect for effect in world.last.effects if isinstance(effect, step.Stop)
    ]
    alive = status in ('running', 'restarting')
    assert [effect.strategy for effect in stops] == ['sma'] * alive
    assert world.alerts()[0].endswith('sma is stopped')
    world.bar('AAPL', 88.0)
    assert not any(isinstance(one, step.Stop) for one in world.last.effects)


def test_a_loss_is_told_again_once_it_was_well_within_its_limit():
    world = losing()
    told = []
    for price in (89.0, 90.5, 89.0, 91.5, 89.0):
        world.bar('AAPL', price)
        told.append(len(world.alerts()))
    assert told == [1, 0, 0, 0, 1]


def test_a_backtests_bar_tells_of_a_loss_too():
    world = losing()
    taken = world.engine.process_bar(
        worlds.bar('AAPL', 80.0, timestamp=world.now + worlds.MINUTE)
    )
    (event,) = taken.events
    assert event.type is worlds.T.RISK_ALERT
    assert event.cause == event.seq - 1


def test_past_its_loss_a_strategy_may_only_get_out():
    world = losing()
    world.bar('AAPL', 80.0)
    world.signal('ab-2', side=worlds.BUY, quantity=1.0)
    assert world.status('ab-2') is worlds.S.DENIED
    assert 'strategy_max_loss(sma): 2,000 in cash' in (
        world.state.orders['ab-2'].message
    )
    world.signal('ab-3', side=worlds.SELL, quantity=60.0)
    assert world.status('ab-3') is worlds.S.SUBMITTED
    # Nor may it turn round.
    world.signal('ab-4', side=worlds.SELL, quantity=60.0)
    assert world.status('ab-4') is worlds.S.DENIED
    world.signal('ab-5', side=worlds.BUY, quantity=1.0, strategy='mean')
    assert world.status('ab-5') is worlds.S.SUBMITTED


def called(world, cuts, keep=()):
    """A margin call, and what came of its cuts."""
    told = world.engine.call_margin('too little', cuts, 'broker', keep)
    came, made = world.engine.reduce(cuts, told.events[0])
    return told, came, made


def test_a_margin_call_cancels_what_works_there_and_reduces():
    world = losing()
    world.signal(
        'ab-2',
        side=orders.OrderSide.SELL,
        quantity=100.0,
        type=orders.OrderType.LIMIT,
        price=101.0,
    )
    told, came, (cut,) = called(world, {'AAPL': -40.0})
    alert, asked = told.events
    assert (alert.source, alert.data.severity) == (
        'broker',
        records.Severity.CRITICAL,
    )
    assert asked.data.status is S.PENDING_CANCEL
    assert [
        one.order.id for one in told.effects if isinstance(one, step.Cancel)
    ] == ['ab-2']
    request, verdict = came.events
    assert (request.source, request.cause) == ('broker', alert.seq)
    assert (cut.strategy, cut.side, cut.quantity) == ('sma', 'sell', 40.0)
    assert verdict.data.order_id == cut.id == f'ab-{alert.seq}-0-1'
    assert [
        one.order.id for one in came.effects if isinstance(one, step.Place)
    ] == [cut.id]


def test_a_further_call_keeps_the_orders_of_the_one_before():
    world = losing()
    _, _, (first,) = called(world, {'AAPL': -10.0})
    told, _, _ = called(world, {'AAPL': -20.0}, {first.id})
    assert [each.type for each in told.events] == [T.RISK_ALERT]
    assert world.status(first.id) is S.SUBMITTED


def test_a_cut_of_what_no_strategy_holds_is_the_operators():
    world = worlds.World()
    world.bar('AAPL', 100.0)
    world.held(10.0)
    _, _, (cut,) = called(world, {'AAPL': -4.0})
    assert cut.strategy == ''


def test_risk_judges_cuts_as_all_orders():
    world = losing()
    world.command(commands.Halt, reason='enough')
    _, came, (cut,) = called(world, {'AAPL': -40.0})
    assert world.status(cut.id) is S.DENIED
    assert not any(isinstance(each, step.Place) for each in came.effects)
