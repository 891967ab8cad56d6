"""The paper broker in trouble, and the suite that it has to pass in it."""

import pytest

from sting.broker import drills
from sting.broker import paper
from sting.engine import clock
from sting.model import errors
from sting.model import orders
from sting.net import monitor
from sting.simulator import ticks
from sting.testing.brokers import suite
from tests.brokers import paper as world
from tests.unit.simulator import worlds

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    'scenario', suite.SCENARIOS, ids=lambda each: each.__name__
)
async def test_the_paper_broker_is_a_broker(scenario):
    await suite.run(scenario, world.PaperWorld())


@pytest.fixture
def time():
    return clock.VirtualClock(worlds.DECIDED)


async def drilled(time, reports, **chances):
    inner = paper.PaperBroker(ticks.TickMarket(), time, cash=1e6)
    made = drills.DrilledBroker(inner, drills.Chance(**chances), time)
    await made.connect(reports.append, worlds.never)
    return made


async def sent(broker, count):
    """Sends orders; how many were accepted, rejected and unknown."""
    found = {True: 0, False: 0, None: 0}
    for each in range(count):
        try:
            answer = await broker.place_order(worlds.order(f'o{each}'))
        except errors.BrokerUnknownError:
            found[None] += 1
        else:
            found[answer.accepted] += 1
    return found


async def test_without_chances_nothing_goes_wrong(time):
    assert (await sent(await drilled(time, []), 50))[True] == 50


async def test_a_share_of_orders_is_rejected(time):
    reports = []
    found = await sent(await drilled(time, reports, reject=0.2), 500)
    assert 60 < found[False] < 140
    rejected = [r for r in reports if r.status is orders.OrderStatus.REJECTED]
    assert len(rejected) == found[False]
    assert rejected[0].message == 'rejected by the drill'


async def test_of_what_is_lost_half_arrived(time):
    broker = await drilled(time, [], lose=0.5)
    found = await sent(broker, 500)
    assert 190 < found[None] < 310
    arrived = len(await broker.get_orders()) - found[True]
    assert found[None] * 0.3 < arrived < found[None] * 0.7


async def test_the_same_seed_has_the_same_troubles(time):
    one = await sent(await drilled(time, [], lose=0.3, reject=0.3, seed=4), 99)
    two = await sent(await drilled(time, [], lose=0.3, reject=0.3, seed=4), 99)
    assert one == two


async def test_requests_take_their_time(time):
    broker = await drilled(time, [], delay_s=2.0)
    before = time.monotonic()
    await broker.place_order(worlds.order())
    await broker.get_orders()
    assert time.monotonic() - before == 4.0


async def test_the_stop_is_asked_after_the_delay(time):
    inner = paper.PaperBroker(ticks.TickMarket(), time, cash=1e6)
    broker = drills.DrilledBroker(inner, drills.Chance(delay_s=2.0), time)
    start = time.monotonic()
    await broker.connect(print, lambda order: time.monotonic() > start + 1.0)
    with pytest.raises(errors.BrokerWithheldError):
        await broker.place_order(worlds.order())


async def test_the_line_is_cut_now_and_then(time):
    reports = []
    broker = await drilled(time, reports, cut_every_s=10.0, cut_for_s=5.0)
    await broker.place_order(worlds.order())
    await time.sleep(11.0)
    assert broker.match(worlds.bar(1, 100.0, 101.0, 99.0)) == []
    assert broker.monitor.state is monitor.Link.LOST
    with pytest.raises(errors.BrokerRejectedError):
        await broker.place_order(worlds.order('o2'))
    with pytest.raises(errors.BrokerUnknownError):
        await broker.connect(reports.append, worlds.never)
    await time.sleep(5.0)
    # A line that is whole again is not a connection.
    with pytest.raises(errors.BrokerRejectedError):
        await broker.place_order(worlds.order('o3'))
    await broker.connect(reports.append, worlds.never)
    (fill,) = await broker.get_fills()
    assert fill.order_id == 'o1'


async def test_the_line_that_is_cut_meanwhile_leaves_a_doubt(time):
    broker = await drilled(
        time, [], delay_s=2.0, cut_every_s=1.0, cut_for_s=5.0
    )
    with pytest.raises(errors.BrokerUnknownError):
        await broker.place_order(worlds.order())
