"""Stops that are repeated until nothing is in doubt."""

import queue
import threading

import pytest

from sting.engine import clock
from sting.model import stops
from sting.risk import insisting

pytestmark = pytest.mark.unit

SOON = 30.0


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    monkeypatch.setattr(insisting, 'FIRST_S', 0.001)
    monkeypatch.setattr(insisting, 'MOST_S', 0.01)


def told(broker='far', **more):
    return stops.BrokerStop(broker=broker, **more)


def report(*brokers):
    return stops.StopReport(who='operator', pull=1, brokers=brokers)


class World:
    """Brokers that answer from a script, then leave no doubt."""

    def __init__(self, first, hangs=None, **answers):
        self.hangs = hangs
        self.answers = {name: list(some) for name, some in answers.items()}
        self.reports = queue.Queue()
        self.holds = True
        self.asked = []
        self.made = insisting.Insisting(
            first,
            self.again,
            self.reports.put,
            lambda: self.holds,
            clock.LiveClock(),
        )
        self.made.start()

    def again(self, broker):
        self.asked.append(broker)
        if self.hangs is not None and broker == 'slow':
            assert self.hangs.wait(SOON)
        script = self.answers.get(broker)
        answer = script.pop(0) if script else told(broker)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def next(self):
        return self.reports.get(timeout=SOON)

    def done(self):
        self.made.join(SOON)
        assert not any(each.is_alive() for each in self.made._threads)
        return self.reports.empty()


def test_what_is_known_at_once_is_not_repeated():
    world = World(report(told(cancelled=('o1',))))
    assert world.done()
    assert world.asked == []


def test_it_is_repeated_until_nothing_is_unknown():
    world = World(
        report(told(unknown=('o1', 'o2'), first_ms=3.0, note='all of it')),
        far=[told(unknown=('o1', 'o2')), told(unknown=('o2',), first_ms=9.0)],
    )
    second, third = world.next(), world.next()
    assert (second.cancelled, second.unknown) == (('o1',), ('o2',))
    assert (third.cancelled, third.unknown) == (('o1', 'o2'), ())
    (far,) = third.brokers
    assert (far.first_ms, far.note) == (3.0, 'all of it')
    # What brought nothing new is no report of its own.
    assert (second.tries, third.tries) == (3, 4)
    assert third.is_certain
    assert world.done()


def test_a_broker_without_an_answer_leaves_what_was_unknown():
    world = World(
        report(told(unknown=('o1',))),
        far=[told(error='it hangs'), RuntimeError('no route')],
    )
    found = [world.next() for _ in range(3)]
    assert [one.unknown for one in found] == [('o1',), ('o1',), ()]
    assert [one.brokers[0].error for one in found] == [
        'it hangs',
        'no route',
        '',
    ]
    assert world.done()


def test_one_that_hangs_holds_up_no_other():
    hangs = threading.Event()
    world = World(
        report(told('slow', error='no answer'), told('far', unknown=('o1',))),
        hangs,
    )
    found = world.next()
    hangs.set()
    assert [one.error for one in found.brokers] == ['no answer', '']
    assert found.cancelled == ('o1',)
    assert world.next().is_certain
    assert world.done()


def test_it_ends_when_the_stop_is_lifted():
    world = World(report(told(error='no answer')))
    world.holds = False
    world.done()


def test_it_ends_when_it_is_told_to(monkeypatch):
    monkeypatch.setattr(insisting, 'FIRST_S', SOON)
    world = World(report(told(error='no answer')))
    world.made.end()
    assert world.done()
    assert world.asked == []
