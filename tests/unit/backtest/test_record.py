"""The record of a run: what is counted, and that the hash covers all of it."""

import pytest

from sting.backtest import record
from sting.model import events
from sting.model import records

pytestmark = pytest.mark.unit

T = events.EventType


def flow(seq, amount):
    data = records.CashFlow(kind=records.FlowKind.DIVIDEND, amount=amount)
    return events.Event(seq, 5, T.CASH_FLOW, 'engine', data)


def test_cash_flows_are_added_up_by_kind():
    made = record.Record(())
    made.take([flow(1, 2.0), flow(2, 3.0)])
    assert made.flows[records.FlowKind.DIVIDEND] == 5.0
    assert made.flows[records.FlowKind.INTEREST] == 0.0


def test_every_event_is_shown_to_who_watches():
    seen = []
    made = record.Record((), seen.append)
    batch = [flow(1, 2.0), flow(2, 3.0)]
    made.take(batch)
    assert seen == batch


@pytest.mark.parametrize('size', [1, 7, 3_000])
def test_the_hash_does_not_depend_on_how_many_events_come_at_once(size):
    batch = [flow(seq, seq / 4) for seq in range(3_000)]
    made = record.Record(())
    for start in range(0, len(batch), size):
        made.take(batch[start : start + size])
    whole = record.Record(())
    for event in batch:
        whole.take([event])
    assert made.log_hash('x') == whole.log_hash('x')
    assert made.log_hash('x') != made.log_hash('y')


def test_the_hash_covers_every_event():
    made, other = record.Record(()), record.Record(())
    made.take([flow(1, 2.0)])
    other.take([flow(1, 2.5)])
    assert made.log_hash('x') != other.log_hash('x')
