"""What was not let through in a run."""

import pytest

from sting.backtest import verdicts
from sting.model import events
from sting.model import records

pytestmark = pytest.mark.unit


def event(kind, data, at=1_000_000_000):
    return events.Event(
        seq=1, timestamp=at, type=kind, source='risk', data=data, symbol='X'
    )


def verdict(decision='deny', failed=(1,), name='o1'):
    return event(
        events.EventType.RISK_VERDICT,
        records.Verdict(
            order_id=name,
            decision=records.Decision(decision),
            failed=failed,
            message='too much',
        ),
    )


def refusal(gate='stale'):
    return event(
        events.EventType.SIGNAL_REFUSED,
        records.Refusal(
            order_id='o2',
            strategy='s',
            gate=records.Gate(gate),
            reason='too late',
        ),
    )


@pytest.fixture
def found():
    return verdicts.Verdicts(('halted', 'max_position', 'buying_power'))


def test_orders_are_counted_by_verdict_and_by_rule(found):
    found.judged(verdict(failed=(1, 2)))
    found.judged(verdict('reduce', failed=(1,)))
    found.stopped(refusal())
    told = found.to_json(orders=5)
    assert (told['approved'], told['reduced'], told['denied']) == (3, 1, 1)
    assert told['refused'] == 1
    assert told['by'] == {'max_position': 2, 'buying_power': 1, 'stale': 1}
    assert found.sentence() == 'max_position 2, buying_power 1, stale 1'


def test_one_that_no_rule_denied_is_of_a_foreign_symbol(found):
    found.judged(verdict(failed=()))
    assert found.by == {'symbol': 1}


def test_each_is_kept_with_its_reason(found):
    found.judged(verdict(failed=(1, 2)))
    found.stopped(refusal())
    assert found.to_rows() == [
        {
            'timestamp': '1970-01-01T00:00:01Z',
            'order_id': 'o1',
            'symbol': 'X',
            'decision': 'deny',
            'by': 'max_position buying_power',
            'message': 'too much',
        },
        {
            'timestamp': '1970-01-01T00:00:01Z',
            'order_id': 'o2',
            'symbol': 'X',
            'decision': 'refused',
            'by': 'stale',
            'message': 'too late',
        },
    ]
    assert found.to_json(1)['first'] == found.to_rows()[0]


def test_a_run_that_refused_nothing_has_no_first(found):
    assert found.to_json(0)['first'] is None


def test_only_so_many_are_kept_and_all_are_counted(found, monkeypatch):
    monkeypatch.setattr(verdicts, 'KEPT', 2)
    for at in range(4):
        found.judged(verdict(name=f'o{at}'))
    assert [row.order_id for row in found.rows] == ['o0', 'o1']
    assert found.denied == 4


def test_a_position_that_is_there_already_needs_no_reason(found):
    found.stopped(refusal('reached'))
    assert found.refused == 0
    assert not found.rows
