"""Which alerts go where, and what is the same."""

import pytest

from sting.model import records
from sting.monitor import notices
from sting.monitor import routing
from sting.settings import alerts

pytestmark = pytest.mark.unit

S = records.Severity


def notice(severity=S.WARNING, message='late', source='data', seq=1):
    return notices.Notice(
        seq=seq, timestamp=0, severity=severity, message=message, source=source
    )


def router(profile='demo', **rules):
    channels = {
        'phone': alerts.Channel(),
        'mail': alerts.Channel(),
        'live': alerts.Channel(profiles=('live',)),
    }
    return routing.Router(
        alerts.Alerts(channels=channels, rules=rules), profile
    )


def test_without_rules_warnings_go_everywhere():
    made = router()
    assert made.channels(notice()) == ('phone', 'mail')
    assert made.channels(notice(S.CRITICAL)) == ('phone', 'mail')
    assert made.channels(notice(S.INFO)) == ()


def test_any_rule_counts():
    made = router(
        urgent=alerts.Rule(severity=S.CRITICAL, channels=('phone',)),
        risk=alerts.Rule(severity=S.INFO, sources=('ri*',), channels=('mail',)),
        words=alerts.Rule(messages=('*DRAWDOWN*',), channels=('phone',)),
    )
    assert made.channels(notice(S.CRITICAL)) == ('phone',)
    assert made.channels(notice(S.INFO, source='risk')) == ('mail',)
    assert made.channels(notice(message='Drawdown 3%')) == ('phone',)
    assert made.channels(notice()) == ()


def test_a_dead_channel_is_not_told_of_itself():
    assert router().channels(notice(source='alerts:phone')) == ('mail',)


def test_the_same_is_told_once_and_then_how_often_it_came():
    made = routing.Repeats(60.0)
    to = ('phone',)
    assert made.admits(notice(message='late by 3 s', seq=1), to, 0.0)
    assert not made.admits(notice(message='late by 4 s', seq=2), to, 10.0)
    assert not made.admits(notice(message='late by 5 s', seq=3), to, 59.0)
    assert made.admits(notice(message='early', seq=4), to, 59.0)
    assert made.over(59.9) == []
    ((one, channels),) = made.over(60.0)
    assert (one.seq, one.more, channels) == (3, 2, to)
    assert made.over(119.9) == []
    assert made.over(120.0) == []
    assert made.admits(notice(message='late by 6 s', seq=5), to, 121.0)


def test_figures_count_in_what_is_critical():
    made = routing.Repeats(60.0)
    assert made.admits(notice(S.CRITICAL, 'lost 5'), (), 0.0)
    assert made.admits(notice(S.CRITICAL, 'lost 6'), (), 0.0)
    assert not made.admits(notice(S.CRITICAL, 'lost 6'), (), 0.0)


def test_zero_seconds_keep_nothing_back():
    made = routing.Repeats(0.0)
    assert made.admits(notice(), (), 0.0)
    assert made.admits(notice(), (), 0.0)
