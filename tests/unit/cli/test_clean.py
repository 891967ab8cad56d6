"""Old files are cleared away by a command, and told before."""

import json
import os
import time

import pytest

pytestmark = pytest.mark.unit

DAY_S = 86_400


@pytest.fixture
def old(home):
    """A full log of strategies that is a year old."""
    path = home.state('demo') / 'strategies.log.1'
    path.write_bytes(b'x' * 2_000_000)
    stamp = time.time() - 365 * DAY_S
    os.utime(path, (stamp, stamp))
    return path


def test_a_dry_run_says_what_would_go_and_removes_nothing(sting, home, old):
    outcome = sting('clean', '--dry-run')
    assert outcome.code == 0
    assert 'GOES' in outcome.out
    assert '2.0 MB would be freed' in outcome.out
    assert old.exists()


def test_it_removes_and_says_what_went(sting, home, old):
    out = sting('clean').out
    (row,) = [line for line in out.splitlines() if line.startswith('logs')]
    assert row.split()[:4] == ['logs', '1', '2.0', 'MB']
    assert out.endswith('2.0 MB freed\n')
    assert not old.exists()
    assert sting('clean').out.endswith('0.0 MB freed\n')


def test_as_json_it_is_one_object(sting, home, old):
    found = json.loads(sting('clean', '--dry-run', '--json').out)
    assert found['dry_run'] is True
    assert found['bytes'] == 2_000_000
    by_kind = {each['kind']: each for each in found['kinds']}
    assert by_kind['logs'] == {
        'kind': 'logs',
        'files': 1,
        'bytes': 2_000_000,
        'kept': 0,
        'kept_bytes': 0,
        'failed': [],
    }
    assert set(by_kind) == {
        *('bars', 'compiled', 'logs', 'damaged', 'backtests')
    }
    assert json.loads(sting('clean', '--json').out)['dry_run'] is False
    assert not old.exists()


def test_limits_that_are_wrong_remove_nothing(sting, home, old):
    home.config.mkdir(exist_ok=True)
    (home.config / 'sting.yaml').write_text('retention: {logs: {days: 0}}\n')
    outcome = sting('clean')
    assert outcome.code == 2
    assert 'sting.yaml:1' in outcome.err
    assert old.exists()
