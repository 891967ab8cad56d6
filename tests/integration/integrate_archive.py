"""A process that is killed while it archives loses nothing."""

import subprocess
import sys

import pytest

from tests.unit.engine import logs

pytestmark = pytest.mark.integration

COUNT = 60
# About so many lines are run.
LINES = 400


@pytest.mark.parametrize(
    'step',
    [
        37,
        pytest.param(3, marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ],
)
def test_killed_at_any_line_it_loses_nothing_and_is_made_good(tmp_path, step):
    path = tmp_path / 'events.db'
    logs.write_quickly(path, logs.some_events(COUNT), (COUNT, b'image'))
    done = subprocess.run(
        [
            sys.executable,
            '-m',
            'tests.integration.archive_program',
            str(path),
            str(step),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) > LINES // step
