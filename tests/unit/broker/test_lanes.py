"""What waits, in which order, and who may talk about an order."""

import asyncio

import pytest

from sting.broker import lanes
from sting.engine import step
from tests.unit.broker import stations

pytestmark = pytest.mark.unit

limit = stations.limit


async def test_errands_come_out_in_the_order_in_which_they_came():
    lane = lanes.Lane()
    sent = [step.Place(limit(f'o{number}')) for number in range(3)]
    for errand in sent:
        lane.put(errand)
    assert lane.head.errand is sent[0]
    assert [lane.pop() for _ in range(len(lane))] == sent
    assert lane.head is None


async def test_a_question_goes_before_orders():
    lane = lanes.Lane()
    lane.put(step.Place(limit()))
    lane.put(lanes.Ask('o9'))
    assert lane.pop() == lanes.Ask('o9')


async def test_an_order_is_taken_out_with_its_changes():
    lane = lanes.Lane()
    lane.put(step.Place(limit('o1')))
    lane.put(step.Place(limit('o2')))
    lane.put(step.Replace(limit('o1'), None, 91.0, None))
    assert lane.take_out('o1')
    assert len(lane) == 1
    assert lane.pop().order.id == 'o2'


async def test_the_changes_of_an_order_that_left_stay():
    lane = lanes.Lane()
    lane.put(step.Replace(limit('o1'), None, 91.0, None))
    assert not lane.take_out('o1')
    assert len(lane) == 1


async def test_only_what_lies_side_by_side_is_a_group():
    lane = lanes.Lane()
    for id, group in (('o2', 'g'), ('o3', 'h'), ('o4', 'g')):
        lane.put(step.Place(limit(id, oco=group)))
    assert [each.id for each in lane.pop_group(lambda o: o.oco == 'g')] == [
        'o2'
    ]
    assert lane.pop_group(lambda o: o.oco == 'g') == []
    assert len(lane) == 2


async def test_a_lane_is_idle_once_what_was_taken_is_done():
    lane = lanes.Lane()
    await lane.idle()
    lane.put(step.Place(limit()))
    lane.pop()
    waits = asyncio.ensure_future(lane.idle())
    await asyncio.sleep(0)
    assert not waits.done()
    lane.done()
    await waits


async def test_a_lane_is_idle_once_all_is_taken_out():
    lane = lanes.Lane()
    lane.put(step.Place(limit('o1')))
    lane.take_out('o1')
    await lane.idle()


async def test_one_order_is_talked_about_by_one_at_a_time():
    locks = lanes.Locks()
    seen = []

    async def talk(name, *ids):
        async with locks.hold(ids):
            seen.append(f'{name} in')
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            seen.append(f'{name} out')

    await asyncio.gather(talk('a', 'x', 'y'), talk('b', 'y', 'x'))
    assert seen == ['a in', 'a out', 'b in', 'b out']


async def test_who_gives_up_waiting_leaves_nothing_held():
    locks = lanes.Locks()

    async def talk():
        async with locks.hold(['x', 'y']):
            pass

    async with locks.hold(['y']):
        waits = asyncio.ensure_future(talk())
        await asyncio.sleep(0)
        waits.cancel()
        await asyncio.gather(waits, return_exceptions=True)
    async with asyncio.timeout(5.0):
        await talk()
    assert locks._locks == {}
