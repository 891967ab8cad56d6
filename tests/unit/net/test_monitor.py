"""How a connection is, and who is told."""

import pytest

from sting.engine import clock
from sting.net import monitor

pytestmark = pytest.mark.unit

SECOND = 10**9
START = 1_700_000_000 * SECOND


@pytest.fixture
def time_source():
    return clock.VirtualClock(START)


@pytest.fixture
def told():
    return []


@pytest.fixture
def watched(time_source, told):
    return monitor.ConnectionMonitor('it', time_source, told.append)


async def passes(time_source, seconds):
    await time_source.sleep(seconds)


def states(told):
    return [(each.state, each.reason) for each in told]


def test_it_begins_closed(watched, told):
    assert (watched.state, watched.reason) == (monitor.Link.CLOSED, '')
    assert not watched.works
    assert told == []


def test_each_change_is_told_with_its_reason_and_time(watched, told):
    watched.connected()
    watched.lost('gone')
    watched.reconnecting()
    watched.connected()
    watched.closed()
    assert states(told) == [
        ('connected', ''),
        ('lost', 'gone'),
        ('reconnecting', 'gone'),
        ('connected', ''),
        ('closed', ''),
    ]
    assert [each.before for each in told][:2] == ['closed', 'connected']
    assert {each.timestamp for each in told} == {START}
    assert {each.name for each in told} == {'it'}


def test_what_does_not_change_is_not_told(watched, told):
    watched.connected()
    watched.connected()
    watched.lost('gone')
    watched.lost('gone')
    assert len(told) == 2


def test_while_it_is_made_again_only_the_reason_changes(watched, told):
    watched.connected()
    watched.lost('gone')
    watched.reconnecting()
    watched.lost('gone')
    watched.reconnecting()
    watched.lost('no answer')
    assert states(told)[2:] == [
        ('reconnecting', 'gone'),
        ('reconnecting', 'no answer'),
    ]
    watched.lost('the key is wrong', final=True)
    assert states(told)[-1] == ('lost', 'the key is wrong')


def test_silence_is_a_state_of_its_own(watched, told):
    watched.connected()
    watched.silent('nothing came for 9 s')
    assert states(told)[-1] == ('silent', 'nothing came for 9 s')
    assert not watched.works


def test_closing_what_did_not_work_keeps_the_reason(watched):
    watched.connected()
    watched.lost('the key is wrong')
    watched.closed()
    assert (watched.state, watched.reason) == ('closed', 'the key is wrong')


def test_complaints_degrade_what_works(watched, told):
    watched.connected()
    watched.complain('clock', 'the clock is wrong')
    watched.complain('garbage', 'nonsense')
    assert watched.works
    assert states(told)[1:] == [
        ('degraded', 'the clock is wrong'),
        ('degraded', 'the clock is wrong; nonsense'),
    ]


def test_nobody_complains_of_what_does_not_work(watched, told):
    watched.complain('clock', 'the clock is wrong')
    assert told == []


async def test_a_complaint_is_forgotten_after_a_while(
    watched, told, time_source
):
    watched.connected()
    watched.complain('garbage', 'nonsense')
    await passes(time_source, 59)
    watched.heard('A')
    assert watched.state == 'degraded'
    await passes(time_source, 1)
    watched.heard('A')
    assert states(told)[-1] == ('connected', '')


def test_a_new_connection_has_no_complaints(watched):
    watched.connected()
    watched.complain('garbage', 'nonsense')
    watched.lost('gone')
    watched.connected()
    assert watched.state == 'connected'


async def test_each_symbol_has_its_age(watched, time_source):
    watched.heard('A')
    await passes(time_source, 5)
    watched.heard('B')
    assert watched.ages() == {'A': 5.0, 'B': 0.0}


def test_it_counts(watched):
    for _ in range(2):
        watched.connected()
        watched.heard('A')
        watched.lost('gone')
        watched.lost('again')
    assert watched.statistics() == {
        'connections': 2,
        'drops': 2,
        'messages': 2,
    }


def hears(watched, time_source, late_s):
    for nth in range(monitor.STRETCH):
        # The quickest counts: the others were held up on their way.
        held_up = late_s + nth % 7
        watched.heard('A', time_source.now() - round(held_up * SECOND))


@pytest.mark.parametrize(
    ('late_s', 'said'),
    [
        (3.25, 'messages are 3.2 s old when they come, or the clock here'),
        (-3.25, 'the clock here is 3.2 s behind'),
    ],
)
def test_clocks_that_differ_are_told_of(watched, time_source, late_s, said):
    watched.connected()
    hears(watched, time_source, late_s)
    assert watched.skew_s == late_s
    assert said in watched.skewed
    assert watched.state == 'degraded'
    assert said in watched.reason


def test_clocks_that_agree_are_measured_and_not_told_of(watched, time_source):
    watched.connected()
    assert watched.skew_s is None
    hears(watched, time_source, 0.125)
    assert watched.skew_s == 0.125
    assert watched.state == 'connected'
    assert watched.skewed == ''


async def test_few_messages_are_measured_after_a_minute(watched, time_source):
    watched.connected()
    watched.heard('A', time_source.now() - 9 * SECOND)
    assert watched.skew_s is None
    await passes(time_source, 60)
    watched.heard('A', time_source.now() - 8 * SECOND)
    assert watched.skew_s == 8.0


def test_without_a_listener_nothing_is_told(time_source):
    watched = monitor.ConnectionMonitor('it', time_source)
    watched.connected()
    assert watched.state == 'connected'
