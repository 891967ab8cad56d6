"""The latch on disk, and the stop that nothing can delay."""

import queue
import stat
import threading
import time

import pytest

from sting.model import errors
from sting.model import stops
from sting.risk import insisting
from sting.risk import stop
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit

SOON = 30.0


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'halt.latch'


@pytest.fixture
def latch(path):
    made = stop.Latch(path)
    yield made
    made.close()


def test_a_new_latch_is_not_set(latch):
    assert not latch.is_set
    assert latch.reason == ('', '')


def test_a_latch_stays_set_when_it_is_opened_again(latch, path):
    latch.set('operator', 'too fast')
    latch.close()
    again = stop.Latch(path)
    assert again.is_set
    assert again.reason == ('operator', 'too fast')
    again.close()


def test_a_latch_is_seen_by_all_who_have_it_open(latch, path):
    other = stop.Latch(path)
    latch.set('signal', 'SIGUSR1')
    assert other.is_set
    other.clear()
    assert not latch.is_set
    other.close()


def test_a_latch_that_was_lifted_stays_lifted(latch, path):
    latch.set('operator', '')
    latch.clear()
    latch.sync()
    latch.close()
    again = stop.Latch(path)
    assert not again.is_set
    again.close()


def test_the_file_is_its_owners_and_has_its_full_size_at_once(latch, path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size == 4096


def test_setting_it_writes_in_place(latch, path):
    blocks = path.stat().st_blocks
    latch.set('operator', 'x' * 4000)
    latch.sync()
    assert path.stat().st_size == 4096
    assert path.stat().st_blocks == blocks


@pytest.mark.parametrize('letter', ['x', 'é', '\N{BOMB}'])
def test_a_text_that_is_too_long_is_cut(latch, path, letter):
    latch.set('operator', letter * 10_000)
    who, reason = latch.reason
    assert who == 'operator'
    assert reason.startswith(letter * 900)
    assert len(reason) < 4096
    assert path.stat().st_size == 4096


def test_a_text_that_is_no_text_is_no_hindrance(latch):
    latch.set('operator', 'of a terminal: \udcff')
    assert latch.is_set
    assert latch.reason == ('operator', 'of a terminal: ?')


def test_a_shorter_text_leaves_nothing_of_a_longer_one(latch):
    latch.set('operator', 'a long reason')
    latch.set('signal', 'b')
    assert latch.reason == ('signal', 'b')


class Stop:
    """An emergency stop with what it did."""

    def __init__(self, latch, cancel=None):
        self.cancels = 0
        self.cancelled = threading.Event()
        self.announced = []
        self.reports = []
        self._more = cancel
        self.stop = stop.EmergencyStop(
            latch,
            self.cancel,
            lambda who, why: self.announced.append(who),
            self.reports.append,
        )

    def cancel(self, since):
        self.cancels += 1
        if self._more is not None:
            self._more()
        self.cancelled.set()
        return [stops.BrokerStop(broker='test', cancelled=('o1',))]


@pytest.fixture
def made(latch):
    one = Stop(latch)
    one.stop.start()
    yield one
    one.stop.close()


def test_a_trigger_sets_the_flag_announces_and_cancels(made, latch):
    made.stop.trigger('operator', 'test')
    assert latch.is_set
    assert made.stop.is_set
    assert made.stop.reason == ('operator', 'test')
    assert made.announced == ['operator']
    assert made.cancelled.wait(SOON)


def test_a_trigger_before_the_thread_is_carried_out_with_it(latch):
    one = Stop(latch)
    one.stop.trigger('operator', '')
    assert one.stop.is_set
    one.stop.start()
    assert one.cancelled.wait(SOON)
    one.stop.close()


def test_a_trigger_returns_while_a_cancel_hangs(latch):
    hung = threading.Event()
    let_go = threading.Event()

    def hang():
        hung.set()
        let_go.wait(SOON)

    one = Stop(latch, hang)
    one.stop.start()
    one.stop.trigger('operator', 'first')
    assert hung.wait(SOON)
    before = time.monotonic()
    one.stop.trigger('operator', 'second')
    took = time.monotonic() - before
    assert not let_go.is_set()
    assert took < 0.5
    assert one.stop.reason == ('operator', 'second')
    let_go.set()
    one.stop.close()
    assert one.cancels == 2


def test_a_pull_is_not_held_up_by_one_before_it_that_hangs(latch):
    free = threading.Event()
    seen = queue.Queue()

    def cancel(since):
        seen.put(since)
        assert free.wait(SOON)
        return []

    one = stop.EmergencyStop(latch, cancel, lambda who, why: None)
    one.start()
    one.trigger('first', '')
    seen.get(timeout=SOON)
    one.trigger('second', '')
    seen.get(timeout=SOON)
    free.set()
    one.close()


def test_a_cancel_that_fails_is_told_and_the_next_stop_works(latch):
    failing = [RuntimeError('no route')]

    def fail_once():
        if failing:
            raise failing.pop()

    one = Stop(latch, fail_once)
    one.stop.start()
    one.stop.trigger('operator', '')
    one.stop.trigger('operator', '')
    assert one.cancelled.wait(SOON)
    one.stop.close()
    assert sorted(one.announced) == ['operator', 'operator', 'stop']


def test_many_threads_may_pull_it_at_once(made, latch):
    gate = threading.Barrier(16)

    def pull(number):
        gate.wait(SOON)
        made.stop.trigger(f'thread{number}', f'reason{number}')

    threads = [threading.Thread(target=pull, args=(n,)) for n in range(16)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(SOON)
    who, reason = latch.reason
    assert who.removeprefix('thread') == reason.removeprefix('reason')
    assert len(made.announced) == 16
    for _ in range(16):
        assert made.stop.pending
        made.stop.logged()
    assert not made.stop.pending


def test_a_release_is_refused_while_a_newer_stop_is_pending(made):
    made.stop.trigger('operator', 'newer')
    assert not made.stop.release()
    assert made.stop.is_set
    made.stop.logged()
    assert made.stop.release()
    assert not made.stop.is_set


def test_more_logged_than_pulled_leaves_none_pending(made):
    made.stop.logged()
    made.stop.trigger('operator', '')
    assert made.stop.pending


def test_a_hold_keeps_the_first_reason(made):
    made.stop.hold('max_loss', 'first')
    made.stop.hold('engine', 'second')
    assert made.stop.reason == ('max_loss', 'first')
    assert not made.stop.pending
    assert made.cancels == 0


def test_each_pull_is_numbered_and_reported(made):
    before = time.time_ns()
    assert made.stop.trigger('operator', 'first') == 1
    assert made.stop.trigger('signal', 'second') == 2
    made.stop.close()
    assert [(one.pull, one.who, one.reason) for one in made.reports] == [
        (1, 'operator', 'first'),
        (2, 'signal', 'second'),
    ]
    told = made.reports[0]
    assert told.cancelled == ('o1',)
    assert told.took_ms >= 0
    assert before <= told.pulled <= time.time_ns()


def test_cancels_that_fail_have_no_report(latch):
    def fail():
        raise RuntimeError('no route')

    one = Stop(latch, fail)
    one.stop.start()
    one.stop.trigger('operator', '')
    one.stop.close()
    assert one.reports == []
    assert one.stop.is_set


def doubtful(since):
    return [stops.BrokerStop(broker='far', unknown=('o1',))]


def insisting_stop(latch, again, reports):
    one = stop.EmergencyStop(
        latch, doubtful, lambda who, why: None, reports.put, again=again
    )
    one.start()
    return one


def test_a_pull_that_left_a_doubt_is_repeated_and_reported_again(
    latch, monkeypatch
):
    monkeypatch.setattr(insisting, 'FIRST_S', 0.01)
    reports, asked = queue.Queue(), []

    def again(since, broker):
        asked.append((since, broker))
        return stops.BrokerStop(broker='far')

    one = insisting_stop(latch, again, reports)
    one.trigger('operator', 'enough')
    first, second = (reports.get(timeout=SOON) for _ in range(2))
    one.close()
    assert (first.unknown, first.tries) == (('o1',), 1)
    assert (second.unknown, second.cancelled, second.tries) == ((), ('o1',), 2)
    assert (second.pull, second.pulled) == (first.pull, first.pulled)
    ((since, broker),) = asked
    assert broker == 'far'
    assert since <= time.monotonic()


@pytest.mark.parametrize('how', ['release', 'trigger', 'close'])
def test_a_resume_a_newer_pull_and_the_end_stop_the_repeating(latch, how):
    reports = queue.Queue()
    one = insisting_stop(latch, lambda since, broker: doubtful(0)[0], reports)
    one.trigger('operator', 'enough')
    reports.get(timeout=SOON)
    end = time.monotonic() + SOON
    while one._insisting is None:
        assert time.monotonic() < end
        time.sleep(0.001)
    thread = one._insisting._threads[0]
    one.logged()
    if how == 'trigger':
        one.trigger('operator', 'again')
    else:
        getattr(one, how)()
    thread.join(SOON)
    assert not thread.is_alive()
    one.close()


def test_a_halt_of_a_rule_cancels_and_is_reported(made):
    made.stop.halt('max_loss', 'too much', 10)
    assert made.stop.reason == ('max_loss', 'too much')
    assert not made.stop.withholds(order(11))
    made.stop.close()
    assert [one.who for one in made.reports] == ['max_loss']
    assert made.stop.count == 1


def test_the_halt_of_a_stop_that_was_pulled_is_no_second_one(made):
    made.stop.trigger('operator', 'by hand')
    made.stop.halt('operator', 'by hand', 10)
    made.stop.close()
    assert made.cancels == 1
    assert made.stop.count == 1


def test_a_latch_of_another_process_and_its_request_are_one_pull(made, latch):
    latch.set('operator', 'from a shell')
    made.stop.heed()
    assert made.stop.trigger('operator', 'from a shell', latch.pulls) == 1
    made.stop.close()
    assert (made.cancels, made.stop.count) == (1, 1)


def test_a_request_that_comes_before_its_latch_is_heeded_is_one(made, latch):
    latch.set('operator', 'from a shell')
    made.stop.trigger('operator', 'from a shell', latch.pulls)
    made.stop.logged()
    made.stop.heed()
    made.stop.close()
    assert (made.cancels, made.stop.count) == (1, 1)


def test_a_latch_that_was_set_again_is_a_new_pull(made, latch):
    latch.set('operator', 'first')
    made.stop.heed()
    latch.set('operator', 'second')
    assert made.stop.trigger('operator', 'second', latch.pulls) == 2


def test_a_heeded_latch_that_was_lifted_is_pulled_again(made, latch):
    latch.set('operator', 'first')
    made.stop.heed()
    made.stop.logged()
    made.stop.release()
    assert made.stop.trigger('operator', 'first', latch.pulls) == 2
    assert latch.is_set


def test_one_stop_counts_once_in_the_latch(made, latch):
    latch.set('operator', 'from a shell')
    made.stop.trigger('operator', 'from a shell', latch.pulls)
    made.stop.heed()
    assert latch.pulls == 1


def test_a_latch_found_set_at_the_start_is_no_pull(latch):
    latch.set('operator', 'yesterday')
    one = Stop(latch)
    one.stop.heed()
    assert one.stop.count == 0


def test_a_resume_leaves_a_latch_that_was_not_heeded_yet(made, latch):
    made.stop.hold('max_loss', '')
    latch.set('operator', 'from a shell')
    assert not made.stop.release()
    assert latch.is_set


def test_a_flag_that_was_lifted_before_it_was_heeded_is_set_again(made, latch):
    latch.set('operator', 'from a shell')
    latch.clear()
    made.stop.heed()
    assert latch.is_set
    assert made.announced == ['operator']


def test_a_halt_beside_the_latch_of_another_process_cancels(made, latch):
    latch.set('operator', 'from a shell')
    made.stop.halt('max_loss', 'too much', 10)
    made.stop.close()
    assert made.cancels == 1


def order(seq):
    return worlds.order(seq=seq)


def test_nothing_is_kept_back_while_trading(made):
    assert not made.stop.withholds(order(1))


def test_until_the_stop_is_an_event_every_order_is_kept_back(made):
    made.stop.trigger('operator', '')
    made.stop.hold('operator', '', 10)
    assert made.stop.withholds(order(11))
    made.stop.logged()
    assert not made.stop.withholds(order(11))


def test_after_a_halt_only_what_it_admitted_goes_out(made):
    made.stop.hold('operator', '', 10)
    assert made.stop.withholds(order(10))
    assert not made.stop.withholds(order(11))


def test_a_newer_stop_keeps_back_what_the_older_one_admitted(made):
    made.stop.hold('operator', '', 10)
    made.stop.trigger('signal', '')
    assert made.stop.withholds(order(11))
    made.stop.hold('signal', '', 20)
    made.stop.logged()
    assert made.stop.withholds(order(20))
    assert not made.stop.withholds(order(21))


def test_a_flag_that_is_no_event_keeps_everything_back(latch, made):
    latch.set('operator', 'by another process')
    assert made.stop.withholds(order(10**9))


def test_a_halt_after_a_release_begins_anew(made):
    made.stop.hold('operator', '', 10)
    assert made.stop.release()
    assert not made.stop.withholds(order(5))
    made.stop.hold('engine', '')
    assert made.stop.withholds(order(11))


def test_a_stop_pulled_after_the_end_holds_at_the_next_start(latch, path):
    one = Stop(latch)
    one.stop.start()
    one.stop.close()
    one.stop.trigger('signal', 'late')
    again = stop.Latch(path)
    assert again.is_set
    again.close()


def test_closing_a_stop_that_was_never_started_is_nothing(latch):
    one = Stop(latch)
    one.stop.close()
    assert one.cancels == 0


def test_a_latch_that_cannot_be_made_says_what_to_do(tmp_path):
    with pytest.raises(errors.JournalWriteError, match='set STING_HOME'):
        stop.Latch(tmp_path / 'missing' / 'halt.latch')
