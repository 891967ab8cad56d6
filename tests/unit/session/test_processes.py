"""What the system tells of processes and files."""

import os
import subprocess
import sys

import pytest

from sting.session import processes

pytestmark = pytest.mark.unit

# As Linux writes them; the name has all that a name may have.
STATUS = 'Name:\ta) b\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t3\n'
STAT = '7 (a) b (c) S 1 7 7 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 3 0 9 9 9\n'


def told(tmp_path, status=STATUS, stat=STAT):
    folder = tmp_path / '7'
    folder.mkdir()
    (folder / 'status').write_text(status)
    (folder / 'stat').write_text(stat)
    return processes.look(7, tmp_path)


def test_memory_peak_and_processor_are_read(tmp_path):
    found = told(tmp_path)
    assert found.memory == 1024 * 1024
    assert found.peak == 2048 * 1024
    assert found.cpu_s == 200 / os.sysconf('SC_CLK_TCK')


def test_without_a_peak_it_is_what_there_is(tmp_path):
    status = STATUS.replace('VmHWM', 'VmOther')
    assert told(tmp_path, status).peak == 1024 * 1024


def test_one_that_has_ended_has_nothing(tmp_path):
    assert told(tmp_path, 'Name:\ta\nState:\tZ (zombie)\n') is None


@pytest.mark.parametrize(
    ('status', 'stat'),
    [
        ('VmRSS: many kB\n', STAT),
        ('VmRSS:\n', STAT),
        (STATUS, '7 (a) S 1\n'),
        (STATUS, ''),
        ('\n', '\n'),
    ],
)
def test_what_another_system_writes_is_no_error(tmp_path, status, stat):
    assert told(tmp_path, status, stat) is None


def test_where_nothing_is_told_there_is_nothing(tmp_path):
    assert processes.look(7, tmp_path) is None


def test_a_process_that_runs_and_is_then_gone():
    with subprocess.Popen(
        [sys.executable, '-c', 'input()'], stdin=subprocess.PIPE
    ) as child:
        found = processes.look(child.pid)
        assert found.memory > 0
        assert found.peak >= found.memory
        child.communicate(b'\n')
    assert processes.look(child.pid) is None


def test_the_size_of_files_and_folders(tmp_path):
    (tmp_path / 'log').write_bytes(b'x' * 10)
    folder = tmp_path / 'parts'
    folder.mkdir()
    (folder / 'one').write_bytes(b'x' * 5)
    (folder / 'two').write_bytes(b'x' * 7)
    size = processes.size_of(tmp_path / 'log', folder, tmp_path / 'nothing')
    assert size == 22
