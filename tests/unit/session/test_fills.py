"""Fills of orders that the state has forgotten are booked once."""

import asyncio
import contextlib

import pytest

from sting.engine import bus
from sting.engine import state
from sting.model import errors
from sting.model import records
from sting.session import fills
from tests.unit.engine import logs
from tests.unit.engine import worlds
from tests.unit.session import stations

pytestmark = pytest.mark.unit

T = worlds.T
SOON = 20.0


class Desk:
    """A log whose first order the state has forgotten."""

    def __init__(self, path):
        self.path = path
        self.world = worlds.World()
        self.world.bar('AAPL', 100.0)
        self.old = self.world.order(quantity=10.0)
        self.first = worlds.fill(self.old, 10.0, execution_id='x1')
        self.world.tell(T.FILL, self.first, 'broker:test')
        self.young = self.world.order(quantity=5.0)
        self.world.tell(
            T.FILL,
            worlds.fill(self.young, 5.0, execution_id='x2'),
            'broker:test',
        )
        logs.write_quickly(path, self.world.events)
        assert self.old not in self.world.state.orders

    @contextlib.asynccontextmanager
    async def running(self):
        self.bus = bus.EventBus()
        made = fills.ForgottenFills(self.path, self.world.state, self.bus)
        await made.start()
        try:
            yield made
        finally:
            await made.stop()

    async def next(self):
        async with asyncio.timeout(SOON):
            (one,) = await self.bus.take(10)
        return one


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.setattr(state, 'DONE_ORDERS', 1)
    return Desk(tmp_path / 'events.db')


async def test_a_fill_of_a_forgotten_order_is_booked_if_it_is_new(desk):
    late = worlds.fill(desk.old, 2.0, execution_id='x9')
    async with desk.running() as made:
        assert made.refuse(desk.first, 'broker:test')
        assert made.refuse(late, 'broker:test')
        one = await desk.next()
    # The first, asked about before it, was in the log.
    assert (one.type, one.data, one.source) == (T.FILL, late, 'broker:test')
    assert one.refusal is None


async def test_a_fill_that_the_state_can_tell_is_taken_at_once(desk):
    theirs = worlds.fill('theirs', 1.0)
    known = worlds.fill(desk.young, 5.0, execution_id='x2')
    async with desk.running() as made:
        assert made.refuse(known, 'broker:test') == ''
        assert made.refuse(theirs, 'broker:test') == ''


async def test_an_id_without_a_number_is_looked_for_in_the_whole_log(desk):
    late = worlds.fill('ab-x', 2.0)
    async with desk.running() as made:
        assert made.refuse(late, 'broker:test')
        assert (await desk.next()).data == late


async def test_a_log_that_cannot_say_is_an_alert(desk):
    desk.path.write_bytes(b'no database' * 100)
    async with desk.running() as made:
        made.refuse(desk.first, 'broker:test')
        one = await desk.next()
    assert one.type is T.RISK_ALERT
    assert one.data.severity is records.Severity.CRITICAL
    assert one.data.message.startswith(
        f'a fill of 10 AAPL for {desk.old} is not booked'
    )


async def test_before_the_start_the_log_is_asked_once_for_all(desk):
    async with desk.running() as made:
        assert made.is_booked(desk.first, since=5)
        desk.path.unlink()
        late = worlds.fill(desk.old, 2.0, execution_id='x9')
        assert not made.is_booked(late, since=5)
        # What was traded while the engine was away cannot be in the log.
        assert not made.is_booked(desk.first, since=0)


def test_what_was_not_started_has_no_task(tmp_path):
    made = fills.ForgottenFills(
        tmp_path / 'events.db', state.SystemState(), event_bus=None
    )
    with pytest.raises(errors.StateError):
        made.task  # noqa: B018


def test_a_running_engine_books_a_late_duplicate_once(tmp_path, monkeypatch):
    monkeypatch.setattr(state, 'DONE_ORDERS', 1)
    home = stations.home_in(tmp_path)
    with stations.running(home) as station:
        for _ in range(3):
            done = len(stations.log_of(home, T.FILL)) + 1
            stations.buy(station)
            stations.until(
                lambda: len(stations.log_of(home, T.FILL)) == done  # noqa: B023
            )
        first = stations.log_of(home, T.FILL)[0].data
        room = station._room
        assert first.order_id not in room._engine.state.orders
        room._intake.report('paper', first)
        room._intake.report(
            'paper', worlds.fill(first.order_id, 1.0, execution_id='late')
        )
        stations.until(lambda: len(stations.log_of(home, T.FILL)) == 4)
    booked = [
        event.data.execution_id for event in stations.log_of(home, T.FILL)
    ]
    assert booked.count(first.execution_id) == 1
    assert booked[-1] == 'late'
