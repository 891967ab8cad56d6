"""What a strategy's process lays on itself, in a process of its own."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit


def run(code, **more):
    return subprocess.run(
        [sys.executable, '-c', f'from sting.strategy import guard\n{code}'],
        capture_output=True,
        text=True,
        **more,
    )


def test_output_is_bounded_by_one_file_more(tmp_path):
    path = tmp_path / 'out.log'
    code = (
        'import os, sys\n'
        f'one = os.open({str(path)!r}, os.O_CREAT | os.O_APPEND | os.O_RDWR)\n'
        'os.dup2(one, 1)\n'
        'os.dup2(one, 2)\n'
        f'sys.stdout = guard.Output({str(path)!r}, limit=1000)\n'
        'for n in range(100):\n'
        '    print(f"line {n:03}", "x" * 40)\n'
        'print("the end", end="", flush=True)\n'
        'print("y" * 3000, flush=True)\n'
    )
    assert run(code).returncode == 0
    older = tmp_path / 'out.log.1'
    assert path.stat().st_size <= 1000
    assert older.stat().st_size <= 1000
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_process_whose_parent_is_another_ends_at_once():
    done = run('guard.tie_to(1 << 30)\nprint("went on")')
    assert done.returncode == 1
    assert done.stdout == ''


def test_memory_beyond_what_is_allowed_is_an_error():
    done = run(
        'guard.limit_memory(8 << 20)\n'
        'try:\n'
        '    bytearray(16 << 20)\n'
        'except MemoryError:\n'
        '    print("no")\n'
        'guard.spare_memory()\n'
        'bytearray(16 << 20)\n'
        'print("yes")\n'
    )
    assert done.stdout == 'no\nyes\n'


def test_a_process_that_is_refused_is_remembered_with_its_place(tmp_path):
    path = tmp_path / 'mine.py'
    path.write_text(
        'import contextlib, os\n'
        'with contextlib.suppress(Exception):\n'
        '    os.fork()\n'
    )
    done = run(
        'fence = guard.Fence()\n'
        'fence.put_up()\n'
        f'name = {str(path)!r}\n'
        'exec(compile(open(name).read(), name, "exec"))\n'
        'print(fence.crossed)\n'
    )
    assert done.stdout == (
        f'{path}:3: a strategy may not start processes (os.fork)\n'
    )
