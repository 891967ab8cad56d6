"""How far an engine gives way, by figures alone."""

import pytest

from sting.model import health
from sting.monitor import resources

pytestmark = pytest.mark.unit

MB = 1_000_000


@pytest.mark.parametrize(
    ('share', 'level'),
    [(0.5, 0), (0.799, 0), (0.80, 1), (0.85, 2), (0.9, 3), (0.93, 4),
     (0.95, 5), (0.98, 6), (1.2, 6)],
)  # fmt: skip
@pytest.mark.parametrize('name', ['memory', 'files'])
def test_memory_and_files_go_by_their_share(name, share, level):
    given = share if name == 'memory' else (round(share * 1000), 1000)
    found, why = resources.judge(resources.Use(**{name: given}), 1024.0, 0)
    assert found == level
    assert bool(why) is bool(level)


@pytest.mark.parametrize(
    ('free_mb', 'level'),
    [(1025, 0), (1023, 1), (767, 2), (511, 3), (358, 4), (255, 5), (127, 6)],
)
def test_the_disk_goes_by_what_is_free(free_mb, level):
    use = resources.Use(free=free_mb * MB)
    assert resources.judge(use, 1024.0, 0)[0] == level
    # What asks for nothing to be free is never short of it.
    assert resources.judge(use, 0.0, 0) == (0, ())


def test_a_busy_processor_touches_no_trading():
    assert resources.judge(resources.Use(cpu=8.0), 1024.0, 0)[0] == 4
    assert resources.judge(resources.Use(cpu=0.9), 1024.0, 0)[0] == 1


def test_a_step_that_was_taken_is_kept_until_it_is_clearly_better():
    use = resources.Use(memory=0.79, memory_text='x')
    assert resources.judge(use, 1024.0, 0)[0] == 0
    assert resources.judge(use, 1024.0, 1)[0] == 1
    disk = resources.Use(free=1100 * MB)
    assert resources.judge(disk, 1024.0, 0)[0] == 0
    assert resources.judge(disk, 1024.0, 1)[0] == 1


def test_the_worst_counts_and_all_are_named():
    use = resources.Use(
        memory=0.81, memory_text='memory!', free=10 * MB, files=(99, 100)
    )
    level, why = resources.judge(use, 1024.0, 0)
    assert level == 6
    assert why == (
        'memory!',
        '9 MiB are free where the log is',
        '99 of 100 files are open',
    )


def test_the_ladder_goes_up_one_at_a_time_and_each_has_its_time():
    ladder = resources.Ladder()
    moves = [ladder.take(6, 0.5 * tick) for tick in range(40)]
    assert [0.5 * at for at, move in enumerate(moves) if move] == [
        0.0, 3.0, 6.0, 9.0, 12.0, 15.0,
    ]  # fmt: skip
    assert ladder.level == 6
    assert set(moves) == {0, 1}


def test_the_ladder_comes_down_one_at_a_time_after_a_minute_each():
    ladder = resources.Ladder()
    for at in (0.0, 3.0):
        ladder.take(2, at)
    moves = {at: ladder.take(0, float(at)) for at in range(10, 200)}
    assert {at for at, move in moves.items() if move} == {70, 130}
    assert ladder.level == 0


def test_worse_in_between_begins_the_minute_again():
    ladder = resources.Ladder()
    ladder.take(1, 0.0)
    assert ladder.take(0, 10.0) == 0
    assert ladder.take(1, 60.0) == 0
    assert ladder.take(0, 71.0) == 0
    assert ladder.take(0, 131.0) == -1


def rows(*memory):
    return [health.ProcessRow('x', 1, memory=each) for each in memory]


def test_a_configured_limit_is_for_all_processes_together():
    share, text = resources.memory_of(
        rows(300 * MB, 100 * MB, None), 800.0, (9, 10)
    )
    assert share == 0.5
    assert text == 'sting has 381 of 762 MiB of memory in use'


def test_without_one_that_of_the_control_group_counts():
    assert resources.memory_of(rows(MB), None, (9, 10))[0] == 0.9
    assert resources.memory_of(rows(MB), None, None) == (None, '')


@pytest.mark.parametrize(
    ('left', 'total', 'level'),
    [
        # 95 % of a large machine are in use, and nothing is short.
        (1_600, 32_000, 0),
        (1_024, 32_000, 0),
        (1_023, 32_000, 1),
        (511, 32_000, 3),
        (127, 32_000, 6),
        # A small one goes by shares.
        (250, 1_000, 0),
        (199, 1_000, 1),
        (49, 1_000, 5),
        (19, 1_000, 6),
    ],
)
def test_the_machine_goes_by_what_is_left(left, total, level):
    use = resources.Use(machine=(left * MB, total * MB))
    assert resources.judge(use, 0.0, 0)[0] == level


def test_what_is_left_is_told_and_has_to_be_clearly_more():
    use = resources.Use(machine=(1_050 * MB, 32_000 * MB))
    assert resources.judge(use, 0.0, 0) == (0, ())
    assert resources.judge(use, 0.0, 1) == (
        1, ('1,001 of 30,517 MiB of memory are left',),
    )  # fmt: skip


def test_the_machine_tells_its_memory(tmp_path):
    file = tmp_path / 'meminfo'
    file.write_text('MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 250 kB\n')
    assert resources.machine_memory(file) == (250 * 1024, 1000 * 1024)
    left, total = resources.machine_memory()
    assert 0 < left < total
    file.write_text('MemTotal: 1000 kB\n')
    assert resources.machine_memory(file) is None
    assert resources.machine_memory(tmp_path / 'none') is None


def test_a_control_group_tells_its_limit_and_what_is_not_of_files(tmp_path):
    for name, text in (
        ('memory.max', '1000\n'),
        ('memory.current', '900\n'),
        ('memory.stat', 'anon 1\ninactive_file 400\n'),
    ):
        (tmp_path / name).write_text(text)
    assert resources.group_memory(tmp_path) == (500, 1000)
    (tmp_path / 'memory.max').write_text('max\n')
    assert resources.group_memory(tmp_path) is None
    assert resources.group_memory(tmp_path / 'none') is None
