"""`sting clean`."""

import json
import os

import pytest

pytestmark = pytest.mark.unit


def test_it_says_what_would_go_and_then_takes_it(sting, home):
    old = home.cache / 'data' / 'old.bin'
    old.parent.mkdir(parents=True)
    old.write_bytes(bytes(2_000_000))
    os.utime(old, (0, 0))
    home.config.mkdir()
    (home.config / 'sting.yaml').write_text('retention: {cache_days: 30}\n')
    log = home.log('demo')
    log.parent.mkdir(parents=True)
    log.write_text('')
    os.utime(log, (0, 0))

    done = sting('clean', '--dry-run')
    assert done.out == (
        'would take away 1 file of the cache, 2.0 MB; 0.0 MB are left\n'
    )
    assert old.exists()
    found = json.loads(sting('clean', '--json').out)
    assert found == {
        'files': 1, 'bytes': 2_000_000, 'left': 0, 'dry_run': False,
    }  # fmt: skip
    assert not old.exists()
    assert log.exists()


def test_a_wrong_policy_names_the_line(sting, home):
    home.config.mkdir()
    (home.config / 'sting.yaml').write_text('retention: {cache_days: 0}\n')
    done = sting('clean')
    assert done.code == 2
    assert 'sting.yaml:1' in done.err
