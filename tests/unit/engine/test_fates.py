"""What strategies wanted, and what became of it."""

import pytest

from sting.engine import fates
from sting.model import events
from sting.model import orders
from sting.model import records
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T, S = worlds.T, worlds.S


class Told(worlds.World):
    """A world whose signals are kept."""

    def __init__(self, *args, **more):
        self.fates = fates.Fates()
        super().__init__(*args, **more)
        self.run('sma')

    def keep(self, taken):
        super().keep(taken)
        for event in taken.events:
            if event.type is T.SIGNAL:
                self.fates.take(event, event.data, 7)
            elif event.type is T.SIGNAL_REFUSED:
                self.fates.refuse(event.cause, event.data)
        return taken

    def rows(self):
        return self.fates.rows(self.state)


def row(signal, seq=1):
    """What is kept of a signal by itself."""
    kept = fates.Fates()
    kept.take(events.Event(seq, 5, T.SIGNAL, 'sma', signal), signal, 7)
    return kept


def signal(number=1, **fields):
    return orders.Signal(
        symbol='AAPL', order_id=f'ab-{number}', strategy='sma', **fields
    )


def test_a_signal_follows_its_order():
    world = Told()
    world.bar()
    world.signal('ab-s-1-1', side=worlds.BUY, quantity=10.0, reason='up')
    (before,) = world.rows()
    assert (before.text, before.reason) == ('order buy 10 AAPL', 'up')
    assert (before.fate, before.is_done) == ('submitted', False)
    assert before.bar == 7

    world.fill('ab-s-1-1', 4.0, 99.5)
    assert world.rows()[0].fate == 'partially filled 4 at 99.5'
    world.fill('ab-s-1-1', 6.0, 99.5, execution_id='x2')
    (after,) = world.rows()
    assert (after.fate, after.is_done) == ('filled 10 at 99.5', True)


def test_a_signal_that_was_refused_says_what_stopped_it():
    world = Told()
    world.signal('ab-9', kind=orders.SignalKind.CANCEL)

    (found,) = world.rows()
    assert found.fate.startswith('cancel: ')
    assert found.is_done


def test_an_order_that_was_rejected_says_why():
    world = Told()
    world.bar()
    world.signal('ab-s-1-1', side=worlds.BUY, quantity=10.0)
    world.update('ab-s-1-1', S.REJECTED, message='no such account')

    assert world.rows()[0].fate == 'rejected: no such account'


def test_a_signal_without_an_order_waits():
    (found,) = row(signal()).rows(worlds.World().state)
    assert (found.fate, found.is_done) == ('waits', False)


def test_an_order_that_is_not_kept_any_more_has_its_last_words():
    world = Told()
    world.bar()
    world.signal('ab-s-1-1', side=worlds.BUY, quantity=10.0)
    (known,) = world.rows()

    assert world.fates.rows(worlds.World().state) == (known,)


def test_a_refusal_of_a_signal_that_is_not_kept_is_left_out():
    kept = row(signal(), seq=5)
    for cause, name in ((4, 'sma'), (6, 'sma'), (5, 'other')):
        kept.refuse(
            cause,
            records.Refusal(
                order_id='x', strategy=name, gate=records.Gate.STALE
            ),
        )
    assert kept.rows(worlds.World().state)[0].fate == 'waits'


def test_the_newest_come_first_and_are_bounded(monkeypatch):
    monkeypatch.setattr(fates, 'SIGNALS', 3)
    kept = fates.Fates()
    for seq in range(1, 9):
        wanted = signal(seq)
        kept.take(events.Event(seq, 5, T.SIGNAL, 'sma', wanted), wanted, 0)

    found = kept.rows(worlds.World().state)
    assert [each.seq for each in found] == [8, 7, 6]


def test_the_same_rows_are_given_until_something_changes():
    kept = row(signal())
    state = worlds.World().state
    first = kept.rows(state)
    assert kept.rows(state) is first

    more = signal(2)
    kept.take(events.Event(2, 5, T.SIGNAL, 'sma', more), more, 0)
    assert kept.rows(state) is not first


def test_a_copy_goes_on_by_itself():
    kept = row(signal())
    other = kept.copy()
    more = signal(2)
    other.take(events.Event(2, 5, T.SIGNAL, 'sma', more), more, 0)

    state = worlds.World().state
    assert len(kept.rows(state)) == 1
    assert len(other.rows(state)) == 2
