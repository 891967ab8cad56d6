"""A damaged log is shown and takes nothing."""

import asyncio

import pytest

from sting.engine import bus
from sting.model import commands
from sting.model import errors
from sting.model import events
from sting.model import orders
from sting.model import records
from sting.session import frozen
from tests.unit.session import stations

pytestmark = pytest.mark.unit


@pytest.fixture
def room(tmp_path):
    home = stations.home_in(tmp_path)
    with stations.running(home) as station:
        bought = stations.buy(station)
        stations.wait_for(station, bought.order_id, 'filled')
    return frozen.FrozenRoom(
        home,
        stations.config(home),
        'demo',
        errors.JournalCorruptError('event 7 was changed', 7),
    )


async def test_it_shows_what_could_be_read(room):
    await room.start()
    picture = await room.picture(2.5)
    assert picture.state is records.TradingState.HALTED
    assert picture.reason.startswith('event 7 was changed; read-only')
    assert picture.loop_lag_ms == 2.5
    assert [row.quantity for row in picture.positions] == [10.0]
    assert room.bars('AAPL', 3)
    assert room.marks('AAPL', 3)
    assert room.emergency_cancel(0.0) == ()
    await room.stop()


async def test_it_refuses_every_command_and_says_why(room):
    answers = []
    for command in (commands.Resume(confirm='RESUME'), commands.CancelAll()):
        for reply in (answers.append, None):
            room.submit(
                bus.Lane.ORDERS,
                bus.Incoming(
                    events.EventType.COMMAND,
                    events.CommandGiven(command=command),
                    'operator',
                    reply=reply,
                ),
            )
    assert [one.ok for one in answers] == [False, False]
    assert 'event 7' in answers[0].message


async def test_it_judges_nothing(room):
    order = commands.SubmitOrder(
        symbol='AAPL', side=orders.OrderSide.BUY, quantity=1.0
    )
    with pytest.raises(errors.RefusedError, match='event 7'):
        await room.judge(order)


async def test_it_runs_until_it_is_told_to_end(room):
    ended = asyncio.Event()
    ended.set()
    await asyncio.wait_for(room.run_until(ended), 5.0)
