"""Where many runs are worked out: order, deaths, and a prompt end."""

from concurrent import futures
import os
import pathlib
import subprocess
import sys
import time

import numpy as np
import pytest

from sting.backtest.sweeping import executors
from tests.unit.backtest import tasks

# Processes take a while to start where others compute too.
pytestmark = [pytest.mark.unit, pytest.mark.timeout(300)]

DEADLINE_S = 120.0
TASKS = [range(at, at + 2) for at in range(0, 8, 2)]


def until(holds):
    """Waits for something to hold."""
    end = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def gone(pid):
    """Whether a process runs no more."""
    try:
        state = pathlib.Path(f'/proc/{pid}/stat').read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state.rpartition(')')[2].split()[0] in 'ZX'


def test_results_come_in_the_order_of_the_tasks():
    with executors.Threads(3) as pool:
        found = list(executors.ordered(pool, tasks.squares, None, TASKS))
    assert [task for task, _ in found] == TASKS
    assert [each for _, came in found for each in came[1]] == [
        number * number for number in range(8)
    ]


def test_only_a_few_tasks_are_under_way():
    asked = []

    def coming():
        for at in range(100):
            asked.append(at)
            yield range(at, at + 1)

    with executors.Threads(2) as pool:
        found = executors.ordered(pool, tasks.squares, None, coming())
        next(found)
        assert len(asked) <= 2 * executors.DEPTH + 1
        assert len(list(found)) == 99


def test_processes_share_what_is_placed_and_spoil_it_for_nobody():
    values = np.arange(1000.0)
    shared = {'values': values, 'name': 'x'}
    with executors.Processes(1) as pool:
        came = dict(executors.ordered(pool, tasks.total, shared, TASKS[:1]))
        (task,) = came
        assert came[task] == values.sum()
        where = list(executors.ordered(pool, tasks.squares, shared, TASKS))
    pids = {pid for _, (pid, _) in where}
    assert len(pids) == 1
    assert os.getpid() not in pids
    assert values[0] == 0.0


def test_what_a_task_raises_is_raised():
    with executors.Threads(1) as pool, pytest.raises(ValueError, match='no 0'):
        list(executors.ordered(pool, tasks.raising, None, TASKS))


def test_a_dead_worker_is_replaced_and_only_what_kills_it_is_lost(tmp_path):
    with executors.Processes(2) as pool:
        found = list(executors.ordered(pool, tasks.dying, str(tmp_path), TASKS))
    numbers = [number for task, _ in found for number in task]
    assert numbers == list(range(8))
    lost = [task for task, came in found if came is None]
    assert lost == [range(5, 6)]
    assert all(came == list(task) for task, came in found if came is not None)


def test_leaving_by_an_exception_stops_what_runs(tmp_path):
    pool = executors.Processes(1)
    pool.submit(tasks.endless, pool.place(str(tmp_path)), range(1))
    until((tmp_path / 'pid').exists)
    with pytest.raises(KeyboardInterrupt), pool:
        raise KeyboardInterrupt
    pid = int((tmp_path / 'pid').read_text())
    until(lambda: gone(pid))


PROGRAM = """
import sys
from sting.backtest.sweeping import executors
from tests.unit.backtest import tasks

if __name__ == '__main__':
    pool = executors.Processes(1)
    pool.submit(tasks.endless, pool.place(sys.argv[1]), range(1)).result()
"""


def test_workers_end_with_the_process_that_started_them(tmp_path):
    program = tmp_path / 'program.py'
    program.write_text(PROGRAM)
    process = subprocess.Popen(
        [sys.executable, str(program), str(tmp_path)],
        env={**os.environ, 'PYTHONPATH': str(pathlib.Path.cwd())},
        stderr=subprocess.DEVNULL,
    )
    until((tmp_path / 'pid').exists)
    process.kill()
    process.wait()
    pid = int((tmp_path / 'pid').read_text())
    until(lambda: gone(pid))


class Broken(futures.Executor):
    """Loses all that it is given."""

    def submit(self, fn, /, *args, **kwargs):
        raise futures.BrokenExecutor('it is gone')


def test_an_executor_that_breaks_for_good_loses_everything():
    pool = executors.Given(Broken(), 2)
    found = list(executors.ordered(pool, tasks.squares, None, TASKS))
    assert [came for _, came in found] == [None] * 8


def test_a_given_executor_is_left_running():
    with futures.ThreadPoolExecutor(1) as own:
        with executors.Given(own, 1) as pool:
            assert dict(executors.ordered(pool, tasks.squares, 0, TASKS))
        assert own.submit(abs, -1).result() == 1


def test_what_has_not_begun_is_taken_back():
    class Waiting(futures.Executor):
        def submit(self, fn, /, *args, **kwargs):
            return futures.Future()

    pool = executors.Given(Waiting(), 1)
    future = pool.submit(tasks.squares, None, range(1))
    with pytest.raises(KeyboardInterrupt), pool:
        raise KeyboardInterrupt
    assert future.cancelled()
