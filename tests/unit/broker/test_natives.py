"""Entries that go to a broker with their exits, or not at all."""

import pytest

from sting.engine import natives
from sting.engine import step
from sting.model import errors
from sting.model import orders
from tests.unit.broker import stations

pytestmark = pytest.mark.unit

S = stations.S
IN, TP, SL = 'o1', 'o1-tp', 'o1-sl'
PARTS = natives.Native(times=frozenset({orders.TimeInForce.GTC}), whole=False)


class Station(stations.Station):
    """One whose broker takes exits with their entry."""

    def __init__(self, **more):
        super().__init__(**more)
        vars(self.broker).update(native=PARTS)


def group():
    """An entry and its exits."""
    attached = {'side': 'sell', 'parent': IN, 'oco': IN, 'held': 10.0}
    return [
        stations.limit(IN),
        stations.order(TP, type='limit', price=110.0, **attached),
        stations.order(SL, type='stop', stop_price=80.0, **attached),
    ]


def send(desk, *which):
    for order in group():
        if not which or order.id in which:
            desk.manager.send(step.Place(order))


def working(desk):
    return sorted(order.id for order in desk.broker.venue.working())


def test_an_entry_goes_with_its_exits():
    station = Station()

    async def scene(desk):
        send(desk)
        desk.manager.send(step.Place(stations.limit('o2')))
        await desk.passes(1.0)
        assert desk.broker.together == [[IN, TP, SL]]
        assert working(desk) == [IN, SL, TP, 'o2']

    station.play(scene)


def test_exits_of_an_entry_that_was_taken_out_are_not_sent():
    station = Station()

    async def scene(desk):
        send(desk)
        desk.manager.send(step.Cancel(group()[0]))
        await desk.passes(1.0)
        assert working(desk) == []
        assert [name for name, _ in desk.statuses()] == [IN, TP, SL]
        assert {status for _, status in desk.statuses()} == {S.CANCELLED}

    station.play(scene)


def test_exits_of_an_entry_that_cannot_be_sent_are_not_sent():
    station = Station()

    async def scene(desk):
        send(desk, TP, SL)
        await desk.passes(1.0)
        assert not desk.broker.together
        assert desk.statuses() == [(TP, S.CANCELLED), (SL, S.CANCELLED)]

    station.play(scene)


def unanswered(desk):
    desk.broker.script.errors['place'] = errors.BrokerUnknownError('no answer')


def test_what_never_arrived_is_sent_again_as_a_whole():
    station = Station()

    async def scene(desk):
        unanswered(desk)
        send(desk)
        await desk.passes(0.5)
        assert set(desk.statuses()) == {
            (name, S.UNKNOWN) for name in (IN, TP, SL)
        }
        del desk.broker.script.errors['place']
        await desk.passes(30.0)
        assert desk.broker.together == [[IN, TP, SL]] * 2
        assert working(desk) == [IN, SL, TP]
        assert set(desk.broker.venue.placed.values()) == {1}

    station.play(scene)


def test_what_arrived_unanswered_is_not_sent_again():
    station = Station()

    async def scene(desk):
        unanswered(desk)
        desk.broker.script.arrives = True
        send(desk)
        await desk.passes(30.0)
        assert desk.broker.together == [[IN, TP, SL]]
        assert working(desk) == [IN, SL, TP]
        for name in (IN, TP, SL):
            told = [status for each, status in desk.statuses() if each == name]
            assert told[-1] is S.ACCEPTED

    station.play(scene)


def test_what_is_too_old_is_not_sent_again_in_part():
    station = Station(policy={'resend_s': 0.1})

    async def scene(desk):
        unanswered(desk)
        send(desk)
        await desk.passes(30.0)
        assert desk.broker.together == [[IN, TP, SL]]
        assert working(desk) == []
        for name in (IN, TP, SL):
            told = [status for each, status in desk.statuses() if each == name]
            assert told == [S.UNKNOWN, S.CANCELLED]

    station.play(scene)
