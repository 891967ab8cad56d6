"""The guard against loss of speed."""

import json

import pytest

from benchmarks import guard

pytestmark = pytest.mark.unit


@pytest.fixture
def spent(monkeypatch):
    """A clock of CPU time that only moves when a part says so."""
    now = [0.0]
    monkeypatch.setattr(guard.time, 'process_time', lambda: now[0])

    def takes(*seconds):
        left = list(seconds)

        def part():
            now[0] += left.pop(0) if len(left) > 1 else left[0]

        return part

    return takes


def test_middle_of_many_rounds_counts(spent, monkeypatch):
    monkeypatch.setattr(guard, 'ROUNDS', 3)
    part, reference = spent(3.0, 2.0, 9.0), spent(1.0, 1.0, 3.0)
    assert guard.ratio(part, reference) == 3.0


def test_part_that_seems_slower_is_measured_again(spent):
    slow_at_first = spent(*[9.0] * guard.ROUNDS, 2.0)
    told = []
    now = guard.check({'a': slow_at_first}, spent(1.0), {'a': 2.0}, told.append)
    assert now == {'a': 2.0}
    assert '1.00 of before' in told[0]
    assert guard.lost(now, {'a': 2.0}) == []


def test_part_that_stays_slower_is_lost(spent):
    now = guard.check(
        {'a': spent(2.7), 'b': spent(2.5)},
        spent(1.0),
        {'a': 2.0, 'b': 2.0},
        lambda _: None,
    )
    assert guard.lost(now, {'a': 2.0, 'b': 2.0}) == ['a']


def test_status_says_whether_a_part_was_lost(monkeypatch, tmp_path, capsys):
    kept = tmp_path / 'guard.json'
    monkeypatch.setattr(guard, 'KEPT', kept)
    monkeypatch.setattr(guard, 'ROUNDS', 1)
    monkeypatch.setattr(guard, 'AGAIN', 0)
    monkeypatch.setattr(guard, 'BARS', 200)
    monkeypatch.setattr(guard, 'EVENTS', 50)
    assert guard.main(['--write']) == 0
    ratios = json.loads(kept.read_text())
    kept.write_text(json.dumps(dict.fromkeys(ratios, 1e6)))
    assert guard.main([]) == 0
    kept.write_text(json.dumps(dict.fromkeys(ratios, 1e-9)))
    assert guard.main([]) == 1
    assert 'slower by more than 30%: a backtest' in capsys.readouterr().out


def test_every_part_has_a_kept_ratio(tmp_path):
    assert set(guard.parts(tmp_path)) == set(json.loads(guard.KEPT.read_text()))
