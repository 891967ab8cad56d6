"""Running strategies change their version, in processes that really run."""

import asyncio

import msgspec
import pytest

from sting.engine import clock
from sting.model import events
from sting.model import portfolio
from sting.model import specs
from sting.strategy import handover
from sting.strategy import isolated
from tests.unit.strategy import processes
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit

BODY = """\
from sting import strategy


class Mine(strategy.AbstractStrategy):
    parameters = {'size': strategy.Parameter(1, low=1, high=9)}

    async def on_start(self):
        self.count = 0
        self.sma = self.indicator(strategy.indicators.SMA, period=3)

    async def on_market_data(self, data):
        self.count += 1
        self.buy(
            'X', self.parameters['size'],
            reason=f'old {self.count} {self.sma.value}',
        )

    def save_state(self):
        return {'count': self.count}

    def load_state(self, state):
        self.count = state['count']
"""
NEW = BODY.replace('old', 'new')


class Desk:
    """A host with one strategy, whose file is edited."""

    def __init__(self, folder, text=BODY, **fields):
        self.path = folder / 'mine.py'
        self.path.write_text(text)
        fields.setdefault('process', processes.PATIENT)
        self.spec = specs.StrategySpec(
            'mine', str(self.path), symbols=('X',), **fields
        )
        self.said = []
        self.statuses = []
        self.notes = []
        self.bars = []
        self.host = isolated.IsolatedHost(
            [self.spec],
            log='t',
            folder=folder / 'out',
            time_source=clock.VirtualClock(50),
            emit=self.emit,
            status=lambda told, cause=0: self.statuses.append((told, cause)),
            note=lambda name, line: self.notes.append(line.text),
        )

    def emit(self, name, seq, signals):
        self.said += [(seq, signal) for signal in signals]

    def bar(self, close):
        seq = 100 + len(self.bars)
        bar = samples.bar(float(close), timestamp=seq)
        self.bars.append(bar)
        self.host.deliver(
            events.Event(
                seq, seq, events.EventType.MARKET_DATA, 'test', bar, 'X'
            )
        )

    async def answered(self, count):
        await processes.until(lambda: len(self.said) >= count)

    async def start(self):
        await self.host.start('mine', seq=3)
        assert self.host.is_running('mine')

    async def change(self, seq=9, text=None, back=False, keep=False, **fields):
        if text is not None:
            self.path.write_text(text)
        spec = self.host.ran('mine').spec
        await self.host.change(
            'mine',
            seq=seq,
            past=lambda: handover.Past(portfolio.Portfolio(), tuple(self.bars)),
            spec=None if back else msgspec.structs.replace(spec, **fields),
            explain=lambda error: f'see: {error}',
            keep=keep,
        )

    @property
    def last(self):
        return self.statuses[-1][0]

    def reasons(self):
        return [signal.reason for _, signal in self.said]


@pytest.fixture
async def make(tmp_path):
    made = []

    async def one(*args, **fields):
        desk = Desk(tmp_path, *args, **fields)
        made.append(desk)
        await desk.start()
        return desk

    yield one
    for desk in made:
        await desk.host.close(seq=99)


async def test_the_new_code_goes_on_with_state_and_indicators(make):
    desk = await make()
    for close in (1, 2, 3):
        desk.bar(close)
    await desk.change(text=NEW)
    for close in (4, 5):
        desk.bar(close)
    await desk.answered(5)
    assert desk.reasons() == [
        'old 1 nan', 'old 2 nan', 'old 3 2.0', 'new 4 3.0', 'new 5 4.0',
    ]  # fmt: skip
    assert [seq for seq, _ in desk.said] == [100, 101, 102, 103, 104]
    status, cause = desk.statuses[-1]
    assert (status.status, status.detail) == (
        'running',
        'reloaded: mine.py changed',
    )
    assert cause == 9
    codes = [signal.code for _, signal in desk.said]
    assert codes[3:] == [status.code] * 2
    assert codes[0] not in codes[3:]


async def test_bars_that_come_meanwhile_are_answered_once(make):
    desk = await make()
    desk.path.write_text(NEW)
    change = asyncio.create_task(desk.change())
    close = 0
    while not change.done():
        desk.bar(close := close + 1)
        # No more signals than a strategy may give.
        await asyncio.sleep(0.02)
    await change
    desk.bar(close + 1)
    await desk.answered(close + 1)
    seqs = [seq for seq, _ in desk.said]
    assert seqs == list(range(100, 100 + close + 1))
    counts = [int(reason.split()[1]) for reason in desk.reasons()]
    assert counts == list(range(1, close + 2))
    figures = [reason.split()[2] for reason in desk.reasons()]
    # The mean of three closes of which each is one above the last.
    assert figures[2:] == [f'{n - 1:.1f}' for n in range(3, close + 2)]
    words = [reason.split()[0] for reason in desk.reasons()]
    assert words == sorted(words, reverse=True)
    assert set(words) == {'old', 'new'}


@pytest.mark.parametrize('shadow_s', [0.0, 0.05])
async def test_bars_that_the_old_one_has_not_come_to_count_once(
    make, tmp_path, shadow_s
):
    gate = tmp_path / 'gate'
    desk = await make(
        BODY.replace(
            'self.count += 1',
            'import pathlib, time\n'
            f'        while not pathlib.Path({str(gate)!r}).exists():\n'
            '            time.sleep(0.005)\n'
            '        self.count += 1',
        ),
        shadow_s=shadow_s,
    )
    for close in range(1, 101):
        desk.bar(close)
    assert desk.host._running['mine'].process.pending
    desk.path.write_text(NEW)
    change = asyncio.create_task(desk.change())
    await processes.until(lambda: desk.host._running['mine'].change)
    gate.touch()
    await change
    await desk.answered(100)
    assert [seq for seq, _ in desk.said] == list(range(100, 200))
    assert [reason.split()[1:] for reason in desk.reasons()][2:] == [
        [f'{n}', f'{n - 1:.1f}'] for n in range(3, 101)
    ]


async def test_of_changes_asked_for_together_the_last_counts(make):
    desk = await make()
    desk.path.write_text(NEW)
    await asyncio.gather(*(desk.change(seq=seq) for seq in (7, 8, 9)))
    assert [cause for _, cause in desk.statuses[1:]] == [7, 8, 9]
    assert desk.last.detail == 'reloaded: mine.py changed'
    assert len([s for s, _ in desk.statuses if 'reloaded' in s.detail]) == 1


FAULTS = {
    'syntax': (BODY.replace('class Mine', 'class class'), 'SyntaxError'),
    'import': ('import nothing_such\n' + BODY, 'ModuleNotFoundError'),
    'on_start': (BODY.replace('self.count = 0', '1 / 0'), 'ZeroDivision'),
    'state': (BODY.replace("state['count']", "state['c']"), 'KeyError'),
    'exit': (BODY.replace('self.count = 0', 'raise SystemExit'), 'SystemExit'),
}


@pytest.mark.parametrize('fault', FAULTS)
async def test_a_version_that_cannot_run_leaves_the_old_one_as_it_was(
    make, fault
):
    desk = await make()
    text, error = FAULTS[fault]
    desk.bar(1)
    await desk.answered(1)
    code = desk.last.code
    await desk.change(text=text)
    assert desk.last.error.startswith(f'see: {desk.path}:')
    assert error in desk.last.error
    assert (desk.last.status, desk.last.code) == ('running', code)
    desk.bar(2)
    await desk.answered(2)
    assert [r.split()[:2] for r in desk.reasons()] == [
        ['old', '1'],
        ['old', '2'],
    ]
    await desk.change(text=NEW)
    desk.bar(3)
    await desk.answered(3)
    assert desk.reasons()[2].startswith('new 3')


async def test_parameters_are_taken_and_refused(make):
    desk = await make()
    await desk.change(parameters={'size': 4})
    assert desk.last.detail == 'reloaded: size 4 (was its default)'
    await desk.change(parameters={'size': 10})
    assert 'parameter size is 10' in desk.last.error
    desk.bar(1)
    await desk.answered(1)
    assert desk.said[0][1].quantity == 4.0


async def test_what_on_start_wants_is_not_sent_again(make):
    text = BODY.replace('self.count = 0', "self.count = 0; self.buy('X', 7)")
    desk = await make(text)
    assert [signal.quantity for _, signal in desk.said] == [7.0]
    await desk.change(text=text + '# more\n')
    assert desk.notes == [
        'on_start of the new version wants buy 7 X; not sent, since the '
        'strategy goes on'
    ]
    desk.bar(1)
    await desk.answered(2)
    assert [signal.quantity for _, signal in desk.said] == [7.0, 1.0]


async def test_a_rollback_takes_the_copy_and_the_parameters_of_before(make):
    desk = await make()
    first = desk.last.code
    await desk.change(text=NEW, parameters={'size': 2})
    desk.path.unlink()
    await desk.change(back=True)
    assert desk.last.detail == (
        'rolled back: mine.py changed; size its default (was 2)'
    )
    assert desk.last.code == first
    desk.bar(1)
    await desk.answered(1)
    assert desk.reasons() == ['old 1 nan']
    await desk.change(back=True)
    assert desk.last.error == 'there is no version before this one'


async def test_without_copies_there_is_no_way_back(make, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'versions').write_text('no folder')
    desk = await make()
    await desk.change(text=NEW)
    assert desk.last.detail == 'reloaded: mine.py changed'
    code = desk.statuses[0][0].code
    await desk.change(back=True)
    assert desk.last.error == f'see: there is no copy of version {code}'
    assert (
        'no copy of this version' in (tmp_path / 'out' / 'mine.log').read_text()
    )


async def test_a_rolled_back_version_stays_through_a_failure(make):
    desk = await make(
        BODY.replace('self.count += 1', 'self.count += 1; 1 / (5 - self.count)')
    )
    await desk.change(text=NEW)
    await desk.change(back=True)
    for close in range(5):
        desk.bar(close)
    await processes.until(lambda: desk.last.status == 'starting')
    await desk.host.start('mine', seq=50)
    desk.bar(9)
    await desk.answered(5)
    assert {reason.split()[0] for reason in desk.reasons()} == {'old'}


async def test_a_strategy_that_does_not_run_is_left_alone(make):
    desk = await make()
    spec = desk.host.ran('mine').spec
    await desk.host.stop('mine', seq=7)
    told = len(desk.statuses)
    await desk.host.change(
        'mine',
        seq=9,
        past=lambda: handover.Past(portfolio.Portfolio()),
        spec=spec,
    )
    assert desk.host.ran('mine') is None
    assert len(desk.statuses) == told


async def test_a_stop_ends_a_change_under_way(make):
    slow = BODY.replace(
        'self.count = 0', 'import time; time.sleep(600); self.count = 0'
    )
    desk = await make()
    desk.path.write_text(slow)
    change = asyncio.create_task(desk.change())
    await processes.until(
        lambda: (
            (one := desk.host._running['mine'].change)
            and one.successor
            and one.successor.process.pid
        )
    )
    new = desk.host._running['mine'].change.successor.process
    await desk.host.stop('mine', seq=7)
    await change
    await new.gone()
    assert desk.last.status == 'stopped'


async def test_a_change_that_just_begins_is_ended_too(make):
    desk = await make()
    change = asyncio.create_task(desk.change())
    await processes.until(lambda: desk.host._running['mine'].change)
    # Its process is being started, and has no number yet.
    await desk.host.stop('mine', seq=7)
    await change
    assert desk.last.status == 'stopped'


async def test_a_second_change_takes_the_place_of_the_first(make):
    desk = await make(shadow_s=3600.0)
    desk.path.write_text(NEW)
    first = asyncio.create_task(desk.change(seq=8))
    await processes.until(lambda: 'its shadow' in desk.last.detail)
    await desk.change(seq=9, shadow_s=0.0)
    await first
    assert [(s.detail, cause) for s, cause in desk.statuses[-2:]] == [
        ('a change of version was given up', 8),
        ('reloaded: mine.py changed', 9),
    ]
    desk.bar(1)
    await desk.answered(1)
    assert desk.reasons() == ['new 1 nan']


async def shadowed(desk, text):
    desk.path.write_text(text)
    change = asyncio.create_task(desk.change())
    await processes.until(
        lambda: (one := desk.host._running['mine'].change) and one.shadow
    )
    return change


async def test_a_shadow_is_unheard_and_then_takes_over(make):
    desk = await make(shadow_s=3600.0)
    desk.bar(1)
    change = await shadowed(
        desk, NEW.replace("self.parameters['size']", 'self.count')
    )
    shadow = desk.host._running['mine'].change.shadow
    for close in (2, 3):
        desk.bar(close)
    await processes.until(lambda: shadow.answers == 2)
    desk.host._running['mine'].change.fail()  # As if its time were over.
    await change
    desk.bar(4)
    await desk.answered(4)
    assert [r.split()[:2] for r in desk.reasons()] == [
        ['old', '1'], ['old', '2'], ['old', '3'], ['new', '4'],
    ]  # fmt: skip
    assert desk.notes == [
        'to event 101 the old version wants buy 1 X, the new one buy 2 X',
        'to event 102 the old version wants buy 1 X, the new one buy 3 X',
    ]
    assert [status.detail for status, _ in desk.statuses[1:-1]] == [
        'a new version is its shadow for 3600 s',
        f'its shadow differs: {desk.notes[0]}',
    ]
    assert desk.last.detail == (
        'reloaded: mine.py changed; as a shadow 2 of 2 answers differed'
    )


async def test_a_rollback_gives_a_shadow_up(make):
    desk = await make(shadow_s=3600.0)
    change = await shadowed(desk, NEW)
    code = desk.last.code
    await desk.change(seq=11, back=True)
    await change
    status, cause = desk.statuses[-1]
    assert (status.detail, status.code, cause) == (
        'it goes on with the version it runs',
        code,
        11,
    )
    desk.bar(1)
    await desk.answered(1)
    assert desk.reasons() == ['old 1 nan']


async def test_a_shadow_that_fails_never_takes_over(make):
    desk = await make(shadow_s=3600.0)
    change = await shadowed(
        desk, NEW.replace('self.count += 1', 'raise ValueError("no")')
    )
    desk.bar(1)
    await change
    assert 'ValueError: no' in desk.last.error
    desk.bar(2)
    await desk.answered(2)
    assert [r.split()[:2] for r in desk.reasons()] == [
        ['old', '1'],
        ['old', '2'],
    ]


async def test_an_end_in_the_last_moment_of_a_change_leaves_no_process(make):
    slow = NEW.replace(
        "self.count = state['count']",
        "import pathlib, time; self.count = state['count']\n"
        "        pathlib.Path(__file__).with_suffix('.here').touch()\n"
        '        while not pathlib.Path(__file__)'
        ".with_suffix('.go').exists(): time.sleep(0.01)",
    )
    desk = await make()
    desk.bar(1)
    await desk.answered(1)
    instance = desk.host._running['mine']
    change = asyncio.create_task(desk.change(text=slow))
    await processes.until(desk.path.with_suffix('.here').exists)
    new = instance.change.successor.process
    instance.process._give_up('the old one died')
    desk.path.with_suffix('.go').touch()
    await change
    assert new.failure is not None or new._killed
    await new.gone()
    assert 'mine' not in desk.host._running


async def test_parameters_set_by_hand_leave_the_code_as_it_runs(make):
    desk = await make(parameters={'size': 2})
    desk.bar(1)
    code = desk.host.ran('mine').code
    await desk.change(text=NEW, keep=True, given={'size': 3})
    desk.bar(2)
    await desk.answered(2)
    assert [(s.quantity, s.reason) for _, s in desk.said] == [
        (2, 'old 1 nan'), (3, 'old 2 nan'),
    ]  # fmt: skip
    assert (desk.last.detail, desk.last.parameters, desk.last.code) == (
        'set: size 3 (was 2)',
        {'size': 3},
        code,
    )
    assert [each.value for each in desk.host.settings('mine')] == [3]
    # A reload takes the new files and leaves what is set alone.
    await desk.change()
    assert desk.last.parameters is None
    assert desk.host.ran('mine').spec.values == {'size': 3}


async def test_parameters_that_cannot_be_leave_it_as_it_was(make):
    desk = await make()
    await desk.change(keep=True, given={'size': 10})
    assert desk.last.error.startswith('see: parameter size is 10')
    assert desk.last.parameters is None
    assert desk.host.ran('mine').spec.given == {}


async def test_a_rollback_takes_what_was_set_with_it(make):
    desk = await make()
    await desk.change(keep=True, given={'size': 4})
    await desk.change(back=True)
    assert desk.last.parameters == {}
    assert [each.value for each in desk.host.settings('mine')] == [1]


async def test_a_start_has_what_is_set_by_hand(make):
    desk = await make()
    await desk.host.stop('mine', seq=40)
    await desk.host.start('mine', seq=50, given={'size': 5})
    desk.bar(1)
    await desk.answered(1)
    assert [signal.quantity for _, signal in desk.said] == [5]
    assert desk.host.settings('nothing') == ()


async def test_a_version_rolled_back_to_stays_when_it_is_set(make):
    desk = await make()
    await desk.change(text=NEW)
    await desk.change(back=True)
    await desk.change(keep=True, given={'size': 2})
    versions = desk.host._records['mine'].versions
    assert versions.stays == versions.now.code
