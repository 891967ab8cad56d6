"""What a strategy's process is given, and what is found out about it."""

import os
import pathlib
import subprocess
import sys
import time

import pytest

from sting.strategy import spawn

pytestmark = pytest.mark.unit

STACK = """\
a line
Stack (most recent call first):
  File "/usr/lib/python3/time.py", line 3 in wait
  File "/home/me/mine.py", line 12 in on_market_data
  File "/home/me/mine.py", line 40 in other
"""


def test_the_environment_has_no_secrets():
    given = {
        'HOME': '/home/me',
        'LC_ALL': 'C',
        'XDG_STATE_HOME': '/x',
        'ALPACA_SECRET': 'hidden',
        'AWS_TOKEN': 'hidden',
    }
    passed = spawn.environment(given)
    assert passed['HOME'] == '/home/me'
    assert {'LC_ALL', 'XDG_STATE_HOME', 'PYTHONPATH'} <= set(passed)
    assert 'hidden' not in passed.values()


def test_where_a_process_is_is_the_users_innermost_line(tmp_path):
    output = tmp_path / 'out.log'
    output.write_text(STACK)
    assert spawn.where(output, ['/home/me/mine.py']) == '/home/me/mine.py:12: '


@pytest.mark.parametrize('text', ['', 'File "/home/me/mine.py", line 1', STACK])
def test_where_is_nothing_if_it_cannot_be_told(tmp_path, text):
    output = tmp_path / 'out.log'
    output.write_text(text)
    assert spawn.where(output, ['/other.py']) == ''


def test_where_is_nothing_without_a_file(tmp_path):
    assert spawn.where(tmp_path / 'none', ['/other.py']) == ''


def test_a_kill_takes_what_was_started_below(tmp_path):
    code = (
        'import subprocess, sys, time\n'
        'one = subprocess.Popen(["sleep", "600"], start_new_session=True)\n'
        'print(one.pid, flush=True)\n'
        'time.sleep(600)\n'
    )
    with subprocess.Popen(
        [sys.executable, '-c', code],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        below = int(parent.stdout.readline())
        assert below in spawn.descendants(parent.pid)
        spawn.kill(parent.pid)
        parent.wait()
    # It is nobody's child of ours, so its end is seen by its state.
    end = time.monotonic() + 60.0
    while not _ended(below):
        assert time.monotonic() < end
        os.sched_yield()


def _ended(pid):
    try:
        stat = pathlib.Path(f'/proc/{pid}/stat').read_text()
    except OSError:
        return True
    return stat.rpartition(')')[2].split()[0] == 'Z'


def test_a_kill_of_what_is_gone_is_nothing():
    with subprocess.Popen(['true'], start_new_session=True) as gone:
        gone.wait()
    spawn.kill(gone.pid)
