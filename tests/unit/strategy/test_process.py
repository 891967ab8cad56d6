"""One strategy in a process of its own: what it may, and how it ends."""

import fcntl
import pathlib

import pytest

from sting.model import errors
from sting.model import portfolio
from sting.model import specs
from sting.strategy import host
from sting.strategy import process
from sting.strategy import wire
from tests.unit.strategy import processes
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit

BUYER = """
async def on_start(self):
    self.sma = self.indicator(strategy.indicators.SMA, period=2)
    self.seen = 0
    self.log.info(f'holding {self.portfolio.quantity("X"):g}')

async def on_market_data(self, data):
    self.seen += 1
    self.buy(data.symbol, 2.0)

async def on_stop(self):
    self.close('X')

def save_state(self):
    return {'seen': self.seen}

def load_state(self, state):
    self.seen = state['seen']
"""


def quick(deadline_ms=300.0, **limits):
    return specs.Process(deadline_ms=deadline_ms, late_ms=1.0, **limits)


def gone(pid):
    """Whether a process is no more, or only waits to be forgotten."""
    try:
        stat = pathlib.Path(f'/proc/{pid}/stat').read_text()
    except OSError:
        return True
    return stat.rpartition(')')[2].split()[0] == 'Z'


async def test_a_bar_is_answered_with_ids_and_code(tmp_path):
    async with processes.running(tmp_path, BUYER, number=4) as seen:
        seen.bar(7)
        await processes.until(lambda: len(seen.answers) == 2)
        (signal_made,) = seen.answers[1].signals
        assert seen.answers[1].seq == seen.made.last_seq == 7
        assert signal_made.order_id == 't-7-4-1'
        assert signal_made.code == seen.made.code
        assert len(seen.made.code) == 16


async def test_it_starts_with_its_book_warm_and_with_its_state(tmp_path):
    seen = processes.Seen(tmp_path, BUYER)
    book = portfolio.Portfolio()
    book.apply(samples.fill(quantity=6.0))
    await seen.start(
        book=book, history=[samples.bar(3.0)], state=b'{"seen":40}'
    )
    assert [line.text for line in seen.answers[0].lines] == ['holding 6']
    seen.bar(7, timestamp=2)
    await processes.until(lambda: len(seen.answers) == 2)
    assert seen.answers[1].signals[0].indicators == {'SMA(2)': 2.0}
    saved, _ = await seen.made.save()
    assert (saved.seq, saved.state) == (7, b'{"seen":41}')
    assert saved.positions['X'].quantity == 6.0
    assert await seen.made.end(seq=9, now=9)
    assert seen.answers[-1].signals[0].order_id == 't-9-1-1'
    assert seen.failures == []
    assert gone(seen.made.pid)


async def test_events_that_come_before_it_began_wait_for_it(tmp_path):
    seen = processes.Seen(tmp_path, BUYER)
    seen.bar(7)
    await seen.start()
    await processes.until(lambda: len(seen.answers) == 2)
    assert [answer.seq for answer in seen.answers] == [1, 7]
    seen.made.kill()
    await seen.made.gone()


async def test_between_two_events_what_waits_can_be_taken_over(tmp_path):
    async with processes.running(tmp_path, BUYER) as seen:
        for seq in range(7, 207):
            seen.bar(seq, timestamp=seq)
        await seen.made.hold()
        rest = seen.made.take_waiting()
        saved, _ = await seen.made.save()
        assert saved.seq == seen.made.last_seq < 206
        assert [seq for seq, _ in rest] == list(range(saved.seq + 1, 207))
        seen.made.resume()
        for seq, frame in rest:
            seen.made.tell(seq, frame)
        await processes.until(lambda: len(seen.answers) == 201)
        assert [a.seq for a in seen.answers[1:]] == list(range(7, 207))
        await seen.made.hold()


@pytest.mark.parametrize(
    ('body', 'detail'),
    [
        (
            processes.on_bar("raise RuntimeError('no more')"),
            'mine.py:6: RuntimeError: no more',
        ),
        (
            processes.on_bar('raise SystemExit(3)'),
            'mine.py:6: SystemExit: 3',
        ),
        (
            processes.on_bar('__import__("os")._exit(3)'),
            'its process ended by itself with status 3',
        ),
        (
            processes.on_bar('__import__("os").kill(0, 9)'),
            'its process was ended by SIGKILL',
        ),
        (
            processes.on_bar('await self.on_market_data(data)'),
            'RecursionError',
        ),
        (
            processes.on_bar('__import__("os").fork()'),
            'mine.py:6: RefusedError: a strategy may not start processes '
            '(os.fork)',
        ),
        (
            processes.on_bar(
                'import contextlib, subprocess\n'
                '    with contextlib.suppress(Exception):\n'
                '        subprocess.run(["true"])'
            ),
            'mine.py:8: a strategy may not start processes (subprocess.Popen)',
        ),
        (
            processes.on_bar(
                'import os, socket\n'
                '    for n in os.listdir("/proc/self/fd"):\n'
                '        try: os.write(int(n), b"\\0\\0\\0\\5hello" * 20)\n'
                '        except OSError: pass'
            ),
            'its process sent what makes no sense',
        ),
    ],
)
async def test_one_that_does_harm_fails_and_says_where(tmp_path, body, detail):
    async with processes.running(tmp_path, body) as seen:
        seen.bar()
        failure = await seen.failed()
        assert detail in failure.detail
        assert not failure.loading
        assert gone(seen.made.pid)


async def test_late_answers_are_counted(tmp_path):
    body = processes.on_bar('__import__("time").sleep(0.01)')
    limits = specs.Process(late_ms=5.0, deadline_ms=30_000)
    async with processes.running(tmp_path, body, process=limits) as seen:
        seen.bar()
        await processes.until(lambda: seen.answers[1:])
        assert seen.made.late == 1
        assert seen.made.slowest >= 0.01


async def test_a_leak_ends_with_what_it_may_use(tmp_path):
    body = """
    async def on_market_data(self, data):
        kept = []
        while True:
            kept.append(bytearray(1 << 20))
    """
    limits = specs.Process(memory_mb=64, deadline_ms=30_000)
    async with processes.running(tmp_path, body, process=limits) as seen:
        seen.bar()
        failure = await seen.failed()
        assert 'mine.py:9: MemoryError' in failure.detail
        assert 'it may use 64 MB' in failure.detail


async def test_a_flood_of_signals_is_a_failure(tmp_path):
    body = processes.on_bar('[self.buy("X", 1) for _ in range(30)]')
    limits = specs.Process(signals_per_s=5.0, deadline_ms=30_000)
    async with processes.running(tmp_path, body, process=limits) as seen:
        seen.bar(7)
        seen.bar(8)
        failure = await seen.failed()
        assert 'above 5 signals a second over 10 seconds' in failure.detail
        assert [len(answer.signals) for answer in seen.answers] == [0, 30]


async def test_one_that_falls_behind_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(host, 'WAITING', 3)
    seen = processes.Seen(tmp_path, BUYER)
    for seq in range(5):
        seen.bar(seq)
    assert seen.failures[0].detail == 'fell behind: 3 events wait'


@pytest.mark.parametrize(
    ('body', 'detail'),
    [
        ('def f(:', 'mine.py:5: SyntaxError'),
        ('x = 1 / 0', 'mine.py:5: ZeroDivisionError'),
        ('raise SystemExit', 'mine.py:5: SystemExit'),
    ],
)
async def test_what_cannot_be_loaded_says_so(tmp_path, body, detail):
    seen = processes.Seen(tmp_path, body)
    with pytest.raises(errors.StrategyError, match=r'mine\.py:5'):
        await seen.made.spawn()
    failure = await seen.failed()
    assert failure.loading
    assert detail in failure.detail


async def test_an_error_in_on_start_is_a_failure_but_not_of_loading(tmp_path):
    seen = processes.Seen(
        tmp_path, 'async def on_start(self):\n    raise ValueError("not now")'
    )
    with pytest.raises(errors.StrategyError, match='ValueError: not now'):
        await seen.start()
    failure = await seen.failed()
    assert not failure.loading


async def test_what_it_prints_is_in_a_file_for_its_owner(tmp_path):
    body = processes.on_bar('print("a line"); self.log.info("noted")')
    async with processes.running(tmp_path, body) as seen:
        seen.bar()
        await processes.until(lambda: seen.answers[1:])
        assert 'a line\n' in seen.printed()
        assert '1970-01-01T00:00:00Z info noted\n' in seen.printed()
        assert seen.output.stat().st_mode & 0o777 == 0o600


async def test_the_traceback_of_a_failure_is_in_the_file(tmp_path):
    body = processes.on_bar('raise RuntimeError("no more")')
    async with processes.running(tmp_path, body) as seen:
        seen.bar()
        await seen.failed()
        assert 'Traceback' in seen.printed()
        assert 'RuntimeError: no more' in seen.printed()


async def test_it_sees_no_secrets(tmp_path, monkeypatch):
    monkeypatch.setenv('ALPACA_SECRET', 'hidden')
    monkeypatch.setenv('LC_ALL', 'C.UTF-8')
    body = processes.on_bar(
        'self.log.info(" ".join(sorted(__import__("os").environ)))'
    )
    async with processes.running(tmp_path, body) as seen:
        seen.bar()
        await processes.until(lambda: seen.answers[1:])
        names = seen.answers[1].lines[0].text.split()
        assert 'LC_ALL' in names
        assert 'ALPACA_SECRET' not in names


async def test_it_inherits_no_lock(tmp_path):
    path = tmp_path / 'engine.lock'
    held = path.open('w')
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    async with processes.running(tmp_path, BUYER):
        held.close()
        with path.open('w') as again:
            fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)


async def test_tasks_of_its_own_go_on_while_nothing_comes(tmp_path):
    body = """
    async def on_start(self):
        import asyncio
        self.task = asyncio.create_task(self.work())

    async def work(self):
        import asyncio
        for n in range(3):
            await asyncio.sleep(0.001)
        print('worked')
    """
    async with processes.running(tmp_path, body) as seen:
        await processes.until(lambda: 'worked' in seen.printed())
        seen.bar()
        await processes.until(lambda: seen.answers[1:])


async def test_one_that_does_not_stop_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(process, 'GRACE_S', 0.2)
    body = 'async def on_stop(self):\n    while True: pass'
    async with processes.running(tmp_path, body) as seen:
        assert not await seen.made.end(seq=9, now=9)
        assert seen.failures == []
        assert gone(seen.made.pid)


async def test_it_inherits_more_than_may_wait(tmp_path):
    async with processes.running(tmp_path, 'pass') as seen:
        frame = wire.encode(wire.Bar(7, samples.bar(1.0)))
        waiting = [(seq, frame) for seq in range(host.WAITING + 1)]
        seen.made.inherit(waiting)
        assert seen.made.waiting == len(waiting)
        assert seen.made.failure is None
