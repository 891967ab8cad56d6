"""How alerts read."""

import pytest

from sting.model import events
from sting.model import records
from sting.monitor import notices

pytestmark = pytest.mark.unit

S = records.Severity


def notice(seq, severity=S.WARNING, message='late', more=0):
    return notices.Notice(
        seq=seq,
        timestamp=1_700_000_000 * 10**9,
        severity=severity,
        message=message,
        source='data',
        more=more,
    )


def test_one_alert_is_a_message():
    found = notices.compose('demo DEMO', [notice(7)])
    assert found.title == 'sting demo DEMO: warning'
    assert found.body == 'late\ndata, event 7, 2023-11-14T22:13:20Z'
    assert found.seqs == (7,)


def test_several_are_a_digest_named_after_the_worst():
    found = notices.compose(
        'x', [notice(1), notice(2, S.CRITICAL), notice(3, more=4)], dropped=5
    )
    assert found.title == 'sting x: 3 alerts, 1 critical'
    assert found.severity is S.CRITICAL
    lines = found.body.splitlines()
    assert lines[1] == '2023-11-14T22:13:20Z critical data: late'
    assert lines[2].endswith('late (4 more of it)')
    assert lines[3] == 'and 5 older ones that were not kept'
    assert 'sting log show' in lines[4]


def test_a_digest_has_an_end():
    found = notices.compose('x', [notice(n) for n in range(130)])
    assert 'and 30 more' in found.body
    assert len(found.seqs) == 130


def test_control_characters_are_shown_and_long_words_cut():
    body = notices.compose('x', [notice(1, message='a\n\x1b' + 'b' * 999)]).body
    assert body.startswith('a\\n\\x1bbbb')
    assert len(body) < 600


def event(data):
    kind = (
        events.EventType.RISK_ALERT
        if isinstance(data, records.Alert)
        else events.EventType.SYSTEM_STATUS
    )
    return events.Event(5, 9, kind, 'engine', data)


def test_an_alert_is_told_as_it_is():
    alert = records.Alert(severity=S.CRITICAL, message='lost', source='risk')
    found = notices.of(event(alert))
    assert found == notices.Notice(
        seq=5, timestamp=9, severity=S.CRITICAL, message='lost', source='risk'
    )


@pytest.mark.parametrize(
    ('status', 'severity'),
    [('lost', S.WARNING), ('silent', S.WARNING), ('connected', S.INFO)],
)
def test_a_connection_that_changes_is_told(status, severity):
    told = records.SystemStatus(
        component='broker:alpaca', status=status, detail='no answer'
    )
    found = notices.of(event(told))
    assert found.message == f'broker:alpaca is {status}: no answer'
    assert (found.source, found.severity) == ('broker:alpaca', severity)


def test_what_else_parts_say_is_not():
    told = records.SystemStatus(component='broker:a', status='reconnecting')
    assert notices.of(event(told)) is None
