"""Stacks of threads that really run."""

import sys
import threading

import pytest

from sting.engine import clock
from sting.model import profiles
from sting.monitor import profiling
from tests.unit.session import stations

pytestmark = pytest.mark.unit

HERE = 'tests/unit/monitor/test_profiling.py'


def _inner(ended):
    total = 0
    while not ended.is_set():
        total += sum(range(200))
    return total


def _outer(ended):
    return _inner(ended)


def _deep(depth, ended):
    return ended.wait() if not depth else _deep(depth - 1, ended)


@pytest.fixture
def thread():
    """Starts threads, and ends them after the test."""
    ended = threading.Event()
    started = []

    def start(target, name, *given):
        made = threading.Thread(
            target=target, args=(*given, ended), name=name, daemon=True
        )
        made.start()
        started.append(made)

    yield start
    ended.set()
    for each in started:
        each.join()


def _take(seconds=0.5, rate=200.0):
    return profiling.Sampler(rate).run(seconds, threading.Event())


def test_what_works_has_the_processor_and_what_waits_has_not(thread):
    thread(_outer, 'works')
    thread(_deep, 'waits', 3)
    found = _take()
    rows = profiles.functions(found, waiting=False)
    spent = {(row.thread, row.function): row for row in rows}
    inner = spent['works', f'{HERE}:_inner']
    outer = spent['works', f'{HERE}:_outer']
    # On a busy machine it is little, but nearly all that there was.
    assert inner.self > 0.5 * outer.total > 0.0
    assert inner.self <= inner.total <= outer.total
    waits = spent['waits', f'{HERE}:_deep']
    assert waits.total < 0.2 * inner.self
    both = profiles.functions(found, waiting=True)
    waited = {row.function: row for row in both if row.thread == 'waits'}
    # Once, though it is in itself three times.
    assert waited[f'{HERE}:_deep'].total == pytest.approx(
        found.seconds, rel=0.05
    )


def _bursts(ended):
    while not ended.wait(0.004):
        _work()


def _work():
    return sum(number * number for number in range(10_000))


def test_short_pieces_of_work_are_not_taken_for_the_wait_between(thread):
    thread(_bursts, 'bursts')
    found = _take(1.0)
    spent = {
        row.function: row.total
        for row in profiles.functions(found, waiting=False)
        if row.thread == 'bursts'
    }
    assert spent[f'{HERE}:_work'] > 0.5 * max(spent.values()) > 0.0


def test_turns_are_as_long_as_before_once_it_is_done():
    before = sys.getswitchinterval()
    _take(0.05)
    assert sys.getswitchinterval() == before


def test_the_thread_that_looks_is_not_seen_and_says_what_it_costs():
    found = _take(0.2)
    me = threading.current_thread().name
    assert me not in {stack.thread for stack in found.stacks}
    assert found.has_cpu
    assert 0 < found.cost_s < 0.1
    assert 1 < found.rounds <= 0.2 * 200 + 1


def test_it_can_be_ended():
    ended = threading.Event()
    ended.set()
    assert profiling.Sampler().run(60.0, ended).seconds < 1.0


def test_no_folder_of_the_machine_is_told(thread):
    thread(_outer, 'works')
    names = {name for s in _take(0.1).stacks for name in s.frames}
    assert 'threading.py:Thread.run' in names
    assert not [name for name in names if name.startswith('/')]


def test_what_it_keeps_is_bounded(thread, monkeypatch):
    monkeypatch.setattr(profiling, 'FRAMES', 4)
    monkeypatch.setattr(profiling, 'STACKS', 1)
    thread(_deep, 'first', 20)
    thread(_deep, 'second', 30)
    found = _take(0.1)
    frames = {stack.frames for stack in found.stacks}
    assert ('(others)',) in frames
    assert max(map(len, frames)) == 5
    # A busy machine may give a thread no more than moments.
    assert {path[0] for path in frames} <= {
        '(others)',
        '(deeper)',
        '(too short to be seen)',
    }


PROFILE = profiles.Profile(
    pid=1,
    seconds=2.0,
    rounds=200,
    cost_s=0.01,
    has_cpu=True,
    stacks=(
        profiles.Stack('engine', ('a.py:run', 'a.py:work'), 100, 0.5),
        profiles.Stack('engine', ('a.py:run', 'b.py:<a;b>'), 50, 0.25),
        profiles.Stack('journal', ('c.py:wait',), 200, 0.0),
    ),
)


def test_functions_have_their_own_part_and_the_whole():
    assert profiles.functions(PROFILE, waiting=False) == (
        profiles.FunctionRow('engine', 'a.py:work', 0.5, 0.5),
        profiles.FunctionRow('engine', 'b.py:<a;b>', 0.25, 0.25),
        profiles.FunctionRow('engine', 'a.py:run', 0.0, 0.75),
        profiles.FunctionRow('journal', 'c.py:wait', 0.0, 0.0),
    )
    waited = profiles.functions(PROFILE, waiting=True)
    assert waited[0] == profiles.FunctionRow('journal', 'c.py:wait', 2.0, 2.0)


def test_folded_stacks_are_lines_with_microseconds():
    assert profiles.folded(PROFILE, waiting=False) == (
        'engine;a.py:run;a.py:work 500000\nengine;a.py:run;b.py:<a,b> 250000\n'
    )


def test_a_thread_that_has_ended_has_no_clock():
    made = threading.Thread(target=lambda: None)
    made.start()
    made.join()
    # The system takes it down a moment later than Python.
    stations.until(lambda: clock.thread_cpu(made.native_id) is None)
    assert clock.thread_cpu(None) is None
