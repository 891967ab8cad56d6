"""A profile with a schedule, over sessions and between them."""

import datetime

import pytest

from sting import session
from sting import settings
from sting.data import calendars
from sting.engine import bus
from sting.engine import clock
from sting.engine import step
from sting.model import commands
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.model import specs
from sting.session import intake
from sting.session import planned
from sting.session import scheduling
from tests.unit.engine import worlds
from tests.unit.session import stations

pytestmark = [pytest.mark.unit, pytest.mark.timeout(120)]

T, S = events.EventType, orders.OrderStatus
YEAR = 366
SPECS = [
    specs.StrategySpec('sma', 'x', number=1),
    specs.StrategySpec('mean', 'x', number=2, enabled=False),
]
DAY_ORDER = {'time_in_force': orders.TimeInForce.DAY}
LIMIT = {'type': orders.OrderType.LIMIT, 'price': 90.0}


def at(text):
    return market.to_nanoseconds(datetime.datetime.fromisoformat(text))


class OverError(Exception):
    """The time that a test looks at is over."""


class Clock(clock.VirtualClock):
    """Jumps on only when all that is due now has been done."""

    end = 0

    def __init__(self, start, pump):
        super().__init__(start)
        self._pump = pump

    async def sleep(self, seconds):
        self._pump()
        if self.now() + seconds * market.NANOSECONDS >= self.end:
            self.advance(self.end)
            raise OverError
        await super().sleep(seconds)


class Market:
    """The real engine and lanes; a broker and processes that obey at once."""

    def __init__(self, begin, /, *, fills=True, **fields):
        self.clock = Clock(at(begin), self.pump)
        self.world = worlds.World()
        self.lanes = bus.EventBus()
        self.fills = fills
        schedule = settings.Schedule(**fields)
        self.scheduling = scheduling.Scheduling(
            schedule,
            planned.Plan(schedule, calendars.sessions('XNYS')),
            SPECS,
            system=self.world.state,
            tell=intake.Intake(self.lanes, lambda fill, source: ''),
            time_source=self.clock,
            look_s=6 * 3600.0,
        )

    async def until(self, end):
        """Runs it until a moment."""
        self.clock.end = at(end)
        with pytest.raises(OverError):
            await self.scheduling.run()

    def pump(self):
        """Takes what waits in the lanes, and does what follows of it."""
        for incoming in self.lanes.collect(100):
            self.world.now = self.clock.now()
            try:
                taken = self.world.engine.process_event(
                    incoming, self.clock.now()
                )
            except errors.RefusedError as error:
                incoming.reply(
                    commands.CommandResult(ok=False, message=str(error))
                )
                continue
            if incoming.reply is not None:
                incoming.reply(taken.result)
            self.world.keep(taken)
            self.obey(taken.effects)

    def obey(self, effects):
        for effect in effects:
            if isinstance(effect, step.Start):
                self.turned(effect.strategy, 'running')
            elif isinstance(effect, step.Stop):
                self.turned(effect.strategy, 'stopped')
            elif isinstance(effect, step.Cancel):
                self.world.update(effect.order.id, S.CANCELLED)
                self.obey(self.world.last.effects)
            elif isinstance(effect, step.Place) and self.fills:
                one = effect.order
                self.world.update(one.id, S.ACCEPTED, broker_id='b')
                if one.type is orders.OrderType.MARKET:
                    self.world.fill(
                        one.id,
                        one.quantity,
                        symbol=one.symbol,
                        side=one.side,
                        execution_id=one.id,
                    )

    def turned(self, name, status):
        self.world.tell(
            T.STRATEGY_STATUS,
            records.StrategyStatus(strategy=name, status=status),
            name,
        )

    def told(self):
        """Moments, to the minute, and statuses of the schedule."""
        return [
            (market.to_iso(one.timestamp)[:16], one.data.status)
            for one in self.world.events
            if one.type is T.SYSTEM_STATUS
            and one.data.component == scheduling.NAME
        ]

    def alerts(self):
        return [
            one.data.message
            for one in self.world.events
            if one.type is T.RISK_ALERT and one.data.source == scheduling.NAME
        ]

    def status(self, name='sma'):
        known = self.world.state.strategies.get(name)
        return known and known.status


async def test_a_year_of_sessions():
    made = Market('2026-01-01T00:00Z', start='open - 15m', stop='close + 5m')
    await made.until('2027-01-01T00:00Z')
    told = made.told()
    assert len(told) == 2 * 251
    assert told[:2] == [
        ('2026-01-02T14:15', 'began'),
        ('2026-01-02T21:05', 'ended'),
    ]
    # Clocks are put forward on March 8th and back on November 1st.
    for moment in ('2026-03-06T14:15', '2026-03-09T13:15'):
        assert (moment, 'began') in told
    assert ('2026-11-02T14:15', 'began') in told
    # The day after Thanksgiving closes at one, in New York.
    assert ('2026-11-27T18:05', 'ended') in told
    assert not any('2026-11-26' in moment for moment, _ in told)
    starts = [
        one
        for one in made.world.events
        if one.type is T.STRATEGY_STATUS and one.data.status == 'running'
    ]
    assert [one.data.strategy for one in starts] == ['sma'] * 251
    assert made.status() == 'stopped'
    assert made.alerts() == []


async def test_it_goes_on_in_a_session_and_waits_outside():
    made = Market('2026-11-23T18:00Z')
    await made.until('2026-11-23T18:01Z')
    assert made.told() == [('2026-11-23T18:00', 'began')]
    assert made.status() == 'running'
    assert made.scheduling.found.phrase == 'XNYS until 2026-11-23 21:00 UTC'
    made = Market('2026-11-25T22:00Z')
    await made.until('2026-11-25T22:01Z')
    assert made.told() == []
    assert made.status() is None
    assert made.scheduling.found.phrase == (
        'waits for XNYS: 2026-11-27 14:30 to 18:00 UTC'
    )


async def test_strategies_started_by_hand_end_with_the_session():
    made = Market('2026-11-23T20:59Z')
    made.world.run('mean')
    await made.until('2026-11-23T21:01Z')
    assert made.status('mean') == made.status() == 'stopped'


async def test_a_halt_keeps_the_session_from_starting_strategies():
    made = Market('2026-11-23T14:00Z')
    made.world.command(commands.Halt, who='operator', reason='lunch')
    await made.until('2026-11-23T15:00Z')
    assert made.status() is None
    (alert,) = made.alerts()
    assert 'no strategy is started: HALTED (operator: lunch)' in alert


@pytest.mark.parametrize(
    ('rule', 'left'),
    [('day', ['gtc']), ('all', []), ('keep', ['day', 'gtc'])],
)
async def test_orders_at_the_end(rule, left):
    made = Market('2026-11-23T20:00Z', orders=rule)
    made.world.bar('AAPL', 100.0, timestamp=made.clock.now())
    sent = {
        'day': made.world.accepted(**LIMIT, **DAY_ORDER),
        'gtc': made.world.accepted(**LIMIT),
    }
    await made.until('2026-11-23T21:01Z')
    working = [
        name
        for name, order_id in sent.items()
        if made.world.state.orders[order_id].is_working
    ]
    assert working == left


@pytest.mark.parametrize('rule', ['day', 'all'])
async def test_what_protects_a_position_that_is_kept_works_on(rule):
    made = Market('2026-11-23T20:00Z', orders=rule)
    made.world.now = made.clock.now() - worlds.MINUTE
    made.world.bar('AAPL', 100.0)
    made.world.protected()
    await made.until('2026-11-23T21:01Z')
    assert made.world.state.orders['ab-2'].is_working
    assert made.world.state.portfolio.quantity('AAPL') == 100.0


async def test_positions_are_closed_before_the_close():
    made = Market('2026-11-23T20:00Z', stop='close - 5m', positions='flatten')
    made.world.now = made.clock.now() - worlds.MINUTE
    made.world.bar('AAPL', 100.0)
    made.world.protected()
    await made.until('2026-11-23T20:56Z')
    assert made.world.state.portfolio.held == {}
    assert not made.world.state.orders['ab-2'].is_working
    assert made.alerts() == []
    (closing,) = [
        one
        for one in made.world.state.orders.values()
        if one.side == worlds.SELL and one.status is S.FILLED
    ]
    # It passed the gate as every other order, and the strategy's book has it.
    assert closing.judged
    assert closing.strategy == 'sma'
    assert made.world.state.book('sma').held == {}
    assert made.told()[-1] == ('2026-11-23T20:55', 'ended')


async def test_what_was_bought_by_hand_is_closed_too():
    made = Market('2026-11-23T20:00Z', stop='close - 5m', positions='flatten')
    made.world.now = made.clock.now() - worlds.MINUTE
    made.world.held()
    await made.until('2026-11-23T20:56Z')
    assert made.world.state.portfolio.held == {}
    assert made.alerts() == []


async def test_a_halt_keeps_positions_and_that_is_told():
    made = Market('2026-11-23T20:00Z', stop='close - 5m', positions='flatten')
    made.world.now = made.clock.now() - worlds.MINUTE
    made.world.held()
    made.world.command(commands.Halt, who='operator', reason='lunch')
    await made.until('2026-11-23T20:59Z')
    assert made.world.state.portfolio.quantity('AAPL') == 10.0
    assert 'AAPL is held after the session of 2026-11-23' in made.alerts()[-1]
    assert 'trading is halted' in made.alerts()[-1]


async def test_positions_that_nobody_buys_are_told():
    made = Market(
        '2026-11-23T20:00Z',
        fills=False,
        stop='close - 5m',
        positions='flatten',
    )
    made.world.now = made.clock.now() - worlds.MINUTE
    made.world.held()
    await made.until('2026-11-23T20:59Z')
    (alert,) = made.alerts()
    assert alert.startswith('AAPL is held after the session of 2026-11-23')


async def test_what_a_missed_end_has_left_is_cleared_away():
    made = Market('2026-11-23T23:00Z', stop='close - 5m', positions='flatten')
    made.world.now = at('2026-11-23T20:00Z')
    made.world.held()
    old = made.world.accepted(**LIMIT, **DAY_ORDER)
    made.world.now = at('2026-11-23T22:00Z')
    new = made.world.accepted(**LIMIT, **DAY_ORDER)
    await made.until('2026-11-23T23:01Z')
    assert not made.world.state.orders[old].is_working
    assert made.world.state.orders[new].is_working
    (alert,) = made.alerts()
    assert 'AAPL is held outside of a session' in alert
    assert made.world.state.portfolio.quantity('AAPL') == 10.0


def test_a_running_engine_waits_and_starts_when_its_session_begins(tmp_path):
    home = stations.home_in(tmp_path)
    options = {
        'strategies': {'sma': 'sting.library.sma_cross'},
        'schedule': settings.Schedule(start='open + 20m'),
    }

    def runs():
        return station.snapshot().strategies[0].status == 'running'

    with stations.running(home, interval_s=0.05, **options) as station:
        stations.until(runs)
        assert station.snapshot().session.running
    log = stations.log_of(home)
    first = next(one for one in log if one.type is T.STRATEGY_STATUS)
    (began,) = [
        one
        for one in log
        if one.source == 'engine'
        and one.type is T.SYSTEM_STATUS
        and one.data.component == scheduling.NAME
    ]
    assert 'begins' in began.data.detail
    assert began.seq < first.seq
    opened = calendars.session_open(log[0].timestamp)
    assert began.timestamp >= opened + 20 * worlds.MINUTE
    # In the middle of the session it goes on with it.
    with stations.running(
        home, interval_s=stations.NEVER, **options
    ) as station:
        stations.until(runs)
    told = [
        one.data.detail
        for one in stations.log_of(home, T.SYSTEM_STATUS)
        if one.data.component == scheduling.NAME
    ]
    assert 'goes on' in told[1]


def test_a_calendar_that_is_none_is_told_with_its_line(tmp_path):
    home = stations.home_in(tmp_path)
    home.config.mkdir()
    path = home.config / 'sting.yaml'
    path.write_text('profiles:\n  demo:\n    schedule:\n      calendar: XNYC\n')
    station = session.open('demo', home=home)
    with pytest.raises(errors.ConfigError, match="'XNYC' is no") as caught:
        station.start()
    assert str(caught.value.path) == str(path)
    assert caught.value.line == 4
