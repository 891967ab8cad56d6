"""The guardian's loop, in a thread: pipes, a latch and a way are real."""

import os
import queue
import threading
import time

import msgspec
import pytest

from sting.engine import clock
from sting.risk import guardian
from sting.risk import stop
from tests.unit.risk import ways

pytestmark = pytest.mark.unit

SOON = 30.0


class World:
    """A guardian, and the engine's side of it."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder / 'halt.latch'
        self.latch = stop.Latch(self.path)
        self.told = queue.Queue()
        self.orders = folder / 'orders'
        self.orders.write_text('one\ntwo\n')
        self.read, self.write = os.pipe()
        self.thread = threading.Thread(
            target=guardian.Guardian(self.read, self.told.put).run
        )
        self.thread.start()

    def say(self, order):
        os.write(self.write, msgspec.json.encode(order) + b'\n')

    def begin(self, **more):
        self.say(guardian.Begin(str(self.path), **more))

    def arm(self, reference='tests.unit.risk.ways:make', **options):
        self.say(
            guardian.Arm(
                'paper', reference, {'folder': str(self.folder), **options}
            )
        )

    def next(self):
        return self.told.get(timeout=SOON)

    def ready(self, **options):
        self.begin()
        self.arm(**options)
        assert self.next() == guardian.Told('paper')

    def looked(self):
        """Lets it look at the latch some more times."""
        time.sleep(20 * guardian.LOOK_MS / 1000.0)

    def hang_up(self):
        if self.write is not None:
            os.close(self.write)
            self.write = None

    def end(self):
        if self.write is not None:
            self.say(guardian.End())
        self.thread.join(SOON)
        assert not self.thread.is_alive()

    def close(self):
        if self.thread.is_alive():
            self.hang_up()
            self.thread.join(SOON)
        self.hang_up()
        os.close(self.read)
        self.latch.close()


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


def test_a_latch_that_is_set_has_everything_cancelled(world):
    world.ready()
    world.latch.set('operator', 'too fast')
    told = world.next()
    assert (told.who, told.left, told.error) == ('operator', 0, '')
    assert told.first_ms <= told.last_ms
    assert world.orders.read_text() == ''


def test_each_pull_counts_also_while_the_latch_is_set(world):
    world.ready()
    for who in ('first', 'second'):
        world.latch.set(who, '')
        assert world.next().who == who


def test_a_latch_that_was_set_before_is_no_pull(world):
    world.latch.set('operator', 'yesterday')
    world.ready()
    world.latch.set('operator', 'today')
    world.next()
    world.end()
    assert ways.asked(world.folder) == ['cancel', 'close']


def test_what_was_pulled_before_a_broker_was_armed_is_done_then(world):
    world.begin()
    world.arm('tests.unit.risk.ways:nothing')
    assert 'nothing' in world.next().error
    world.latch.set('operator', '')
    world.looked()
    world.arm()
    assert world.next() == guardian.Told('paper')
    assert world.next().who == 'operator'


def test_it_repeats_until_nothing_works(world):
    world.ready(sticky=2)
    world.latch.set('operator', '')
    assert world.next().left == 0
    world.end()
    assert ways.asked(world.folder).count('cancel') >= 3


def test_an_order_that_arrives_late_is_cancelled_too(world):
    world.ready(late=1)
    world.latch.set('operator', '')
    assert world.next().left == 0
    assert world.orders.read_text() == ''


def test_a_resume_ends_the_cancels(world):
    world.ready(sticky=10**6)
    world.latch.set('operator', '')
    while 'cancel' not in ways.asked(world.folder):
        time.sleep(0.001)
    world.latch.clear()
    assert world.next().left == 2


def test_a_pull_that_was_lifted_before_it_is_carried_out_is_left(world):
    told = queue.Queue()
    post = guardian.Post(
        'paper',
        ways.make({'folder': world.folder}),
        told.put,
        clock.LiveClock(),
    )
    post.pull('operator', lambda: False)
    post.end()
    post.join(SOON)
    assert ways.asked(world.folder) == ['close']


def test_a_newer_pull_does_not_wait_for_an_older_one(world):
    world.ready(sticky=10**6)
    world.latch.set('first', '')
    while 'cancel' not in ways.asked(world.folder):
        time.sleep(0.001)
    world.latch.set('second', '')
    assert world.next().who == 'first'
    world.latch.clear()


def test_what_cannot_be_done_is_told_once_time_is_up(world, monkeypatch):
    monkeypatch.setattr(guardian, 'LIMIT_S', 0.2)
    world.ready()
    world.orders.unlink()
    world.orders.mkdir()
    world.latch.set('operator', '')
    told = world.next()
    assert told.left is None
    assert told.first_ms is None
    assert 'directory' in told.error


def test_a_way_that_cannot_be_kept_is_told_and_tried_again(world, monkeypatch):
    monkeypatch.setattr(guardian, '_MOST_S', 0.02)
    world.orders.unlink()
    world.begin()
    world.arm()
    assert world.next() == guardian.Told('paper', error='no way there')
    world.orders.write_text('')
    assert world.next() == guardian.Told('paper')


def test_a_signal_sets_the_latch_and_is_the_stop(world):
    read, write = os.pipe()
    world.begin(signals={'SIGUSR1': read})
    world.arm()
    assert world.next() == guardian.Told('paper')
    for _ in range(2):
        os.write(write, b'Current thread')
        assert world.next().who == 'signal'
        assert world.latch.reason == ('signal', 'SIGUSR1')
        assert world.latch.is_set
        # The engine reads it and counts it; all that time it is one signal.
        os.read(read, 100)
        world.latch.set('signal', 'SIGUSR1')
        world.looked()
        world.latch.clear()
    os.close(write)
    world.looked()
    assert not world.latch.is_set
    world.end()
    os.close(read)
    assert ways.asked(world.folder).count('cancel') == 2


def test_a_signal_is_no_other_pull_that_comes_before_the_engine_has_it(world):
    read, write = os.pipe()
    world.begin(signals={'SIGUSR1': read})
    world.arm()
    assert world.next() == guardian.Told('paper')
    os.write(write, b'Current thread')
    assert world.next().who == 'signal'
    world.latch.set('operator', '')
    assert world.next().who == 'operator'
    os.close(write)
    world.end()
    os.close(read)


def test_what_is_kept_works_on(world):
    world.orders.write_text('exit\nentry\n')
    world.begin()
    world.say(guardian.Keep('paper', frozenset({'exit'})))
    world.say(guardian.Keep('other', frozenset({'entry'})))
    world.arm()
    assert world.next() == guardian.Told('paper')
    world.latch.set('operator', '')
    assert world.next().left == 0
    assert world.orders.read_text() == 'exit\n'


def test_what_was_sent_after_a_stop_is_taken_out_by_the_next(world):
    world.ready()
    world.latch.set('first', '')
    assert world.next().left == 0
    world.orders.write_text('flatten\n')
    world.say(guardian.Keep('paper', later=frozenset({'flatten'})))
    world.looked()
    world.latch.set('second', '')
    assert world.next().left == 0
    assert world.orders.read_text() == ''


def test_what_was_sent_after_the_stop_is_left_alone_by_its_late_looks(tmp_path):
    told = queue.Queue()
    way = ways.make({'folder': tmp_path})
    post = guardian.Post('paper', way, told.put, clock.LiveClock())
    (tmp_path / 'orders').write_text('one\n')

    def flattened(keep):
        # The engine flattens as soon as the first cancel is through.
        way.cancel = once
        once(keep)
        (tmp_path / 'orders').write_text('flatten\n')
        post.keep = guardian.Keep('paper', later=frozenset({'flatten'}))

    once, way.cancel = way.cancel, flattened
    post.pull('operator', lambda: True)
    while (found := told.get(timeout=SOON)).who != 'operator':
        pass
    post.end()
    post.join(SOON)
    assert (tmp_path / 'orders').read_text() == 'flatten\n'
    assert found.error == ''


def test_an_orderly_end_leaves_orders_alone(world):
    world.begin(cancel=True)
    world.arm()
    world.next()
    world.end()
    assert ways.asked(world.folder) == ['close']


@pytest.mark.parametrize('cancel', [True, False])
def test_an_engine_that_is_gone_is_a_stop_where_that_is_wanted(world, cancel):
    world.begin(cancel=cancel)
    world.arm()
    world.next()
    world.hang_up()
    world.end()
    wanted = ['cancel', 'close'] if cancel else ['close']
    assert ways.asked(world.folder) == wanted


def test_no_key_is_in_what_is_printed_of_an_order():
    order = guardian.Arm('alpaca', 'a:b', {'secret': 'abc'})
    assert 'abc' not in repr(order)
