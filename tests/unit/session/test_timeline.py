"""The marks of a log."""

import pytest

from sting.engine import archive
from sting.model import events
from sting.model import orders
from sting.model import records
from sting.session import timeline
from tests.unit.engine import logs
from tests.unit.session import replays

pytestmark = pytest.mark.unit

T = events.EventType


def always():
    return True


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp('timeline')
    world = replays.traded()
    world.do_submit('AAPL', replays.BUY, 10.0, {'type': 'limit', 'price': 9.0})
    world.do_report(len(world.ids) - 1, orders.OrderStatus.REJECTED)
    return replays.write(folder / 'events.db', world)


def whole(path):
    found = timeline.Timeline(path)
    found.extend(len(logs.seqs(path)), always)
    return found


def test_each_kind_is_found(path):
    marks = whole(path).marks()
    kinds = [mark.kind for mark in marks if mark.kind != 'fill']
    assert set(kinds) == {'alert', 'reload', 'halt', 'resume', 'refused'}
    fills = [e.seq for e in logs.events_of(path) if e.type is T.FILL]
    assert [mark.seq for mark in marks if mark.kind == 'fill'] == fills
    assert {mark.kind for mark in marks} <= set(timeline.KINDS)


def test_a_verdict_that_lets_through_is_no_mark(path):
    judged = {e.seq for e in logs.events_of(path) if e.type is T.RISK_VERDICT}
    refused = {m.seq for m in whole(path).marks() if m.kind == 'refused'}
    assert judged - refused


def test_parts_and_segments_give_the_same(path, tmp_path, monkeypatch):
    expected = whole(path).marks()
    monkeypatch.setattr(timeline, '_PART', 7)
    assert whole(path).marks() == expected
    monkeypatch.setattr(archive, 'KEEP', 1)
    world = replays.traded()
    other = replays.write(tmp_path / 'events.db', world, checkpoint=60)
    before = whole(other).marks()
    archive.archive(other, keep=40)
    archive.archive(other, keep=6)
    assert whole(other).marks() == before


def test_one_that_is_overtaken_goes_on_where_it_was(path, monkeypatch):
    monkeypatch.setattr(timeline, '_PART', 20)
    found = timeline.Timeline(path)
    last = len(logs.seqs(path))
    assert not found.extend(last, lambda: False)
    assert found.read == 20
    assert found.extend(last, always)
    assert found.marks() == whole(path).marks()


def test_next_and_previous(path):
    found = whole(path)
    marks = found.marks()
    assert found.after(0) == marks[0]
    assert found.after(marks[0].seq) == marks[1]
    assert found.before(marks[1].seq) == marks[0]
    assert found.before(marks[0].seq) is None
    assert found.after(marks[-1].seq) is None
    assert found.after(0, 'halt').kind == 'halt'
    assert found.before(10**9, 'alert').kind == 'alert'


def test_buckets_count_every_mark_once(path):
    found = whole(path)
    last = len(logs.seqs(path))
    buckets = found.buckets(10, last)
    assert len(buckets) == 10
    assert sum(n for each in buckets for n in each.values()) == len(
        found.marks()
    )
    halt = found.after(0, 'halt')
    assert buckets[timeline.place_of(halt.seq, last, 10)]['halt'] == 1


@pytest.mark.parametrize(
    ('seq', 'last', 'count', 'place'),
    [(1, 1, 5, 0), (1, 100, 10, 0), (100, 100, 10, 9), (51, 100, 10, 5)],
)
def test_places(seq, last, count, place):
    assert timeline.place_of(seq, last, count) == place


def test_a_reduced_state_is_a_mark(tmp_path):
    world = replays.traded(1)
    change = records.TradingStateChange(
        state=records.TradingState.REDUCING, who='me', reason='less'
    )
    world.tell(T.TRADING_STATE, change)
    path = replays.write(tmp_path / 'events.db', world)
    assert whole(path).marks()[-1].kind == 'reduce'
