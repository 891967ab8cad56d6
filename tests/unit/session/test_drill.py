"""The stop pulled for real, on paper. Nothing here asserts how fast."""

import msgspec
import pytest

from sting import settings
from sting.model import errors
from sting.session import drill
from tests.unit.session import stations

pytestmark = pytest.mark.unit


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setattr(drill, 'ORDER_MS', 1e9)
    monkeypatch.setattr(drill, 'CANCEL_MS', 1e9)
    monkeypatch.setattr(drill, 'QUEUED', 3_000)
    monkeypatch.setattr(drill, 'BLOCK_S', 0.2)
    monkeypatch.setattr(drill, 'HANG_S', 0.2)
    return settings.load(stations.home_in(tmp_path))


@pytest.mark.parametrize('case', drill.CASES)
def test_every_case_ends_with_nothing_working(config, case):
    found = drill.run(config, 'demo', case)
    assert found.case == case
    assert found.ok
    assert found.left == 0
    assert found.cancelled >= drill.WORKING
    assert found.flag_ms >= 0
    assert 0 <= found.first_ms <= found.last_ms
    assert found.report_ms > 0


def test_a_goal_that_is_missed_is_not_ok(config, monkeypatch):
    monkeypatch.setattr(drill, 'CANCEL_MS', 0.0)
    assert not drill.run(config, 'demo', 'working orders').ok


def test_a_machine_that_is_late_is_busy(config, monkeypatch):
    monkeypatch.setattr(drill, 'BUSY_MS', 0.0)
    found = drill.run(config, 'demo', 'working orders')
    assert found.busy
    assert found.late_ms > 0
    (kept,) = drill.result('demo', [found]).cases
    assert (kept.case, kept.busy, kept.verdict) == (found.case, True, 'ok')


def test_the_profile_itself_is_not_touched(config, tmp_path):
    drill.run(config, 'demo', 'working orders')
    assert not (tmp_path / 'state').exists()


def test_rules_that_let_no_order_through_are_told(config):
    rules = {'max_order_notional': settings.Rule(limit=1.0)}
    risk = msgspec.structs.replace(config.risk, rules=rules)
    strict = msgspec.structs.replace(config, risk=risk)
    with pytest.raises(errors.RefusedError, match='the drill cannot place'):
        drill.run(strict, 'demo', 'working orders')
