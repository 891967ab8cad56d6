"""How alerts read."""

import pytest

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
