"""What is known of one symbol that is followed."""

import msgspec
import pytest

from sting.data import lines
from sting.data import schedule
from sting.model import market

pytestmark = pytest.mark.unit

MINUTE = 60 * 10**9
NOW = 1_362_753_000 * 10**9
TIMES = schedule.Schedule.build('24/7', '1m', NOW)


def bar(minute, **changes):
    made = market.MarketData(
        'A', NOW + minute * MINUTE, 5.0, 5.0, 5.0, 5.0, 2.0 + minute
    )
    return msgspec.structs.replace(made, **changes)


def line(**given):
    return lines.Line('A', NOW, TIMES, given, [bar(-1), bar(0)])


def stamps(verdict):
    return [(at - NOW) // MINUTE for at in verdict.bars.timestamp.tolist()]


def test_what_is_not_newer_is_passed_over():
    verdict = line().check([bar(-1), bar(0), bar(1)], NOW + MINUTE)
    assert stamps(verdict) == [1]
    assert verdict.findings == ()


def test_what_is_rejected_is_left_out_and_said():
    bars = [bar(1), bar(2, high=1.0), bar(3)]
    verdict = line().check(bars, NOW + 3 * MINUTE)
    assert stamps(verdict) == [1, 3]
    assert 'the bar of 2013-03-08T14:32:00Z' in verdict.rejected


def test_a_check_takes_nothing():
    followed = line()
    for _ in range(2):
        verdict = followed.check([bar(1)], NOW + MINUTE)
        assert stamps(verdict) == [1]
    assert followed.last == NOW


@pytest.mark.parametrize('between', [False, True])
def test_what_is_taken_is_known_to_the_rules(between):
    followed = line()
    verdict = followed.check([bar(1), bar(2)], NOW + 2 * MINUTE)
    if between:
        # Another source's answer, which was not the one that is used.
        followed.check([bar(1), bar(3)], NOW + 3 * MINUTE)
    followed.take(verdict, NOW + 2 * MINUTE)
    assert followed.last == NOW + 2 * MINUTE
    following = followed.check([bar(3)], NOW + 3 * MINUTE)
    assert following.findings == ()
    gap = followed.check([bar(5)], NOW + 5 * MINUTE)
    assert [each.rule for each in gap.findings] == ['gap']


def test_the_clock_of_a_source_may_be_a_little_ahead():
    followed = line()
    soon = NOW + MINUTE - lines.SKEW
    assert stamps(followed.check([bar(1)], soon)) == [1]
    assert 'after now' in followed.check([bar(1)], soon - 1).rejected


def test_a_warning_is_given_once_for_bars_in_a_row():
    followed = line()
    told = []
    for minute, volume in ((1, 0.0), (2, 0.0), (3, 5.0), (4, 0.0)):
        verdict = followed.check([bar(minute, volume=volume)], NOW + 9 * MINUTE)
        told.append([issue.value for issue, _ in followed.odd(verdict)])
        followed.take(verdict, NOW + 9 * MINUTE)
    assert told == [['odd'], [], [], ['odd']]


def test_bars_behind_a_gap_are_never_rejected_for_it():
    verdict = line(gap='reject').check([bar(7)], NOW + 7 * MINUTE)
    assert stamps(verdict) == [7]
    assert [each.action.value for each in verdict.findings] == ['warn']
