"""The report of a stop on its way into the log."""

import asyncio

import pytest

from sting.engine import clock
from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import stops
from sting.risk import stop
from sting.session import reporting
from tests.unit.engine import worlds
from tests.unit.session import stations

pytestmark = pytest.mark.unit

T = stations.T
REPORT = stops.StopReport(who='operator', pull=1)


@pytest.fixture
def home(tmp_path):
    return stations.home_in(tmp_path)


def stopped(station):
    return stations.until(lambda: station.snapshot().stop)


def test_a_stop_is_reported_with_what_it_did(home):
    with stations.running(home, interval_s=stations.NEVER) as station:
        sent = stations.buy(
            station, type=orders.OrderType.LIMIT, price=1.0
        ).order_id
        stations.wait_for(station, sent, 'accepted')
        number = station.emergency_stop('operator', 'enough')
        told = stopped(station)
        alerts = [row.message for row in station.snapshot().alerts]
    assert (told.who, told.reason, told.pull) == ('operator', 'enough', number)
    (paper,) = told.brokers
    assert paper.broker == 'paper'
    assert told.cancelled == (sent,)
    assert 0 < paper.last_ms <= told.took_ms
    assert told.is_certain
    assert 'no positions; 1 cancelled' in alerts
    events = stations.log_of(home)
    (logged,) = [one for one in events if one.type is T.STOP_REPORT]
    (halted,) = [one for one in events if one.type is T.TRADING_STATE]
    assert logged.data == told
    assert halted.seq < logged.seq


def test_a_latch_of_another_process_and_its_request_have_one_report(home):
    with stations.running(home) as station:
        folder = home.state(station.snapshot().profile)
        latch = stop.Latch(folder / stop.LATCH)
        latch.set('operator', 'from a shell')
        told = stopped(station)
        number = station.emergency_stop(
            'operator', 'from a shell', latched=latch.pulls
        )
        latch.close()
    assert number == told.pull == 1
    types = [one.type for one in stations.log_of(home)]
    assert types.count(T.STOP_REPORT) == 1


def test_the_report_is_still_shown_after_a_restart_until_a_resume(home):
    with stations.running(home) as station:
        station.emergency_stop('operator', 'enough')
        told = stopped(station)
    with stations.running(home) as station:
        picture = station.snapshot()
        assert picture.stop == told
        assert picture.stop_seq > 0
        stations.ask(station, commands.Resume(confirm='RESUME'))
        stations.until(lambda: station.snapshot().stop is None)


def test_kept_exits_work_on_at_a_stop_and_after_a_restart(home):
    home.config.mkdir(parents=True, exist_ok=True)
    (home.config / 'risk.yaml').write_text('stop: {keep_protective: true}\n')
    with stations.running(home, interval_s=0.05) as station:
        bought = stations.buy(station).order_id
        stations.wait_for(station, bought, 'filled')
        price = station.snapshot().positions[0].last
        stop_id = stations.ask(
            station,
            commands.SubmitOrder(
                symbol='AAPL',
                side=orders.OrderSide.SELL,
                quantity=10.0,
                type=orders.OrderType.STOP,
                stop_price=round(price * 0.5, 2),
            ),
        ).order_id
        stations.wait_for(station, stop_id, 'accepted')
        station.emergency_stop('operator', 'enough')
        told = stopped(station)
        assert (told.kept, told.cancelled) == ((stop_id,), ())
        assert stations.order_of(station, stop_id).status == 'accepted'
    with stations.running(home, interval_s=0.05) as station:
        assert station.snapshot().state == 'HALTED'
        station.emergency_stop('operator', 'again')
        stations.until(
            lambda: (now := station.snapshot().stop) and now.reason == 'again'
        )
        assert station.snapshot().stop.kept == (stop_id,)
        assert stations.order_of(station, stop_id).status == 'accepted'


def halted_world():
    world = worlds.World()
    world.bar('AAPL', 100.0)
    order_id = world.accepted()
    world.command(commands.Halt, who='operator')
    return world, order_id


class Watched(clock.VirtualClock):
    """Time that moves only while somebody waits, and calls him then."""

    def __init__(self, waits):
        super().__init__()
        self._waits = waits

    async def sleep(self, seconds):
        await super().sleep(seconds)
        self._waits()


async def tell(world, waits):
    """Posts a report, and gives what was told and how long that took."""
    told = []
    time = Watched(lambda: waits(told))
    before = time.monotonic()
    made = reporting.StopReports(world.engine.stops, told.append, time)
    await made.start()
    await asyncio.to_thread(made.post, REPORT)
    await asyncio.sleep(0)
    await made.idle()
    await made.stop()
    return told, time.monotonic() - before


async def test_it_waits_until_the_engine_knows_what_was_met():
    world, order_id = halted_world()

    def waits(told):
        assert told == []
        world.update(order_id, worlds.S.CANCELLED)

    told, took = await tell(world, waits)
    assert told == [REPORT]
    assert took < reporting.SETTLE_S


async def test_it_does_not_wait_for_ever():
    world, _ = halted_world()
    told, took = await tell(world, lambda told: None)
    assert told == [REPORT]
    assert reporting.SETTLE_S <= took < 2 * reporting.SETTLE_S


async def test_before_the_start_there_is_no_task():
    made = reporting.StopReports(
        worlds.World().engine.stops, [].append, clock.LiveClock()
    )
    with pytest.raises(errors.StateError):
        _ = made.task
    await made.idle()
    await made.stop()
