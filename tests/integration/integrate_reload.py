"""A running strategy changes its code and misses nothing."""

import contextlib
import os
import pathlib
import subprocess
import sys
import time

import pytest

from sting import session
from sting.model import commands
from sting.model import events
from sting.strategy import spawn
from tests.unit.session import stations

pytestmark = pytest.mark.integration

T = events.EventType
SOON = 60.0
STING = """\
profiles:
  demo: {symbols: [AAPL, IBM], strategies: [mine]}
feeds: {demo: {interval_s: 0.02}}
"""
STRATEGY = """\
strategies:
  mine:
    strategy: child.py
    symbols: [AAPL]
    parameters: {size: 1}
    process: {deadline_ms: 30000, late_ms: 30000}
    shadow_s: 0
"""
CHILD = """\
from parent import Parent


class Mine(Parent):
    pass
"""
PARENT = """\
from sting import strategy

WORD = 'old'


class Parent(strategy.AbstractStrategy):
    parameters = {'size': strategy.Parameter(1, low=1, high=9)}

    async def on_start(self):
        self.count = 0

    async def on_market_data(self, data):
        self.count += 1
        size = self.parameters['size']
        self.buy(data.symbol, size, reason=f'{WORD} {self.count}')

    def save_state(self):
        return {'count': self.count}

    def load_state(self, state):
        self.count = state['count']
"""


def write(path, text):
    """Writes a file so that nobody sees half of it."""
    new = path.with_suffix('.new')
    new.write_text(text)
    new.replace(path)


class Desk:
    """A workstation whose one strategy is edited."""

    def __init__(self, home):
        self.home = home
        home.config.mkdir(parents=True)
        home.strategies.mkdir(parents=True)
        (home.config / 'sting.yaml').write_text(STING)
        self.configure(STRATEGY)
        (home.strategies / 'child.py').write_text(CHILD)
        self.edit(PARENT)
        self.station = session.open('demo', home=home)

    def configure(self, text):
        write(self.home.config / 'strategy.yaml', text)

    def edit(self, text):
        """Writes the parent class, as an editor in another process does."""
        path = self.home.strategies / 'parent.py'
        new = path.with_suffix('.new')
        program = (
            'import os, sys; open(sys.argv[1], "w").write(sys.argv[3]); '
            'os.replace(*sys.argv[1:3])'
        )
        subprocess.run(
            [sys.executable, '-c', program, str(new), str(path), text],
            check=True,
        )

    def row(self):
        return self.station.snapshot().strategies[0]

    def until(self, condition):
        return stations.until(condition, SOON)

    def reasons(self):
        """What its newest signals say."""
        return [
            row.text
            for row in self.station.snapshot().events
            if row.type == 'signal'
        ]

    def until_says(self, *words):
        self.until(
            lambda: any(all(w in t for w in words) for t in self.newest())
        )

    def newest(self):
        return self.reasons()[-5:]

    def alerts(self):
        return [row.message for row in self.station.snapshot().alerts]


@pytest.fixture
def desk(tmp_path):
    made = Desk(stations.home_in(tmp_path))
    made.station.start()
    try:
        made.until_says('old')
        yield made
    finally:
        made.station.close()
    check_nothing_missed(made.home)


def check_nothing_missed(home):
    """Each bar was answered once, in order, with one state throughout."""
    log = stations.log_of(home)
    signals = [e for e in log if e.type is T.SIGNAL]
    answered = [signal.cause for signal in signals]
    last = answered[-1]
    bars = [
        e.seq
        for e in log
        if e.type is T.MARKET_DATA and e.symbol == 'AAPL' and e.data.closed
        if answered[0] <= e.seq <= last
    ]
    assert answered == bars
    counts = [int(e.data.reason.split()[1]) for e in signals]
    assert counts == list(range(1, len(counts) + 1))
    ids = [e.data.id for e in log if e.type is T.ORDER_REQUEST]
    assert len(ids) == len(set(ids))
    codes = {e.data.code for e in signals}
    assert all(len(code) == 16 for code in codes)


def test_a_parent_class_is_edited_broken_mended_and_rolled_back(desk, capsys):
    first = desk.row().code
    began = time.monotonic()
    desk.edit(PARENT.replace("'old'", "'new'"))
    desk.until_says('new')
    took = time.monotonic() - began
    with capsys.disabled():
        sys.stdout.write(f'\nnew behaviour {took:.2f} s after the edit\n')
    assert took < SOON / 2
    desk.until(lambda: desk.row().code != first)
    assert desk.row().detail == 'reloaded: parent changed'

    desk.edit(PARENT.replace('self.count += 1', 'self.count +='))
    desk.until(lambda: desk.row().error)
    path = desk.home.strategies / 'parent.py'
    assert f'{path}:13: SyntaxError' in desk.row().error
    assert [m for m in desk.alerts() if 'goes on as it was' in m] == [
        f'strategy mine goes on as it was: {desk.row().error}'
    ]
    seen = desk.station.snapshot().seq
    desk.until(lambda: desk.station.snapshot().seq > seen + 20)
    assert all('new' in text for text in desk.newest())

    desk.edit(PARENT.replace("'old'", "'mended'"))
    desk.until_says('mended')
    assert not desk.row().error

    desk.station.submit(commands.RollbackStrategy(name='mine')).result(SOON)
    desk.until(lambda: 'rolled back' in desk.row().detail)
    desk.until_says('new')
    desk.station.submit(commands.RollbackStrategy(name='mine')).result(SOON)
    desk.until_says('old')
    assert desk.row().code == first


def test_parameters_are_taken_anew_when_they_can_be(desk):
    desk.configure(STRATEGY.replace('size: 1', 'size: 10'))
    desk.until(lambda: desk.row().error)
    path = desk.home.config / 'strategy.yaml'
    assert f'{path}:5: ' in desk.row().error
    assert 'parameter size is 10' in desk.row().error
    desk.configure(STRATEGY.replace('size: 1', 'size: [1'))
    desk.until(lambda: any('keep what they have' in m for m in desk.alerts()))
    desk.station.submit(commands.ReloadStrategy(name='mine')).result(SOON)
    desk.until(lambda: f'{path}:' in desk.row().error.partition('size')[0])
    desk.until(lambda: 'parameter size' not in desk.row().error)
    desk.configure(STRATEGY.replace('size: 1', 'size: 3'))
    desk.until_says('buy 3 AAPL')
    desk.until(lambda: 'size 3 (was 1)' in desk.row().detail)
    assert desk.row().parameters == 'size=3'


def test_a_shadow_tells_where_it_differs_and_is_not_heard(desk):
    desk.configure(STRATEGY.replace('shadow_s: 0', 'shadow_s: 3600'))
    desk.edit(
        PARENT.replace("'old'", "'new'").replace('symbol, size', 'symbol, 2')
    )
    desk.until(lambda: any('its shadow differs' in m for m in desk.alerts()))
    notes = (desk.home.state('demo') / 'strategies.log').read_text()
    assert 'the old version wants buy 1 AAPL, the new one buy 2 AAPL' in notes
    assert all('old' in text for text in desk.newest())
    desk.configure(STRATEGY)
    desk.until_says('buy 2 AAPL', 'new')


def test_an_emergency_stop_ends_a_change_under_way(desk):
    desk.configure(STRATEGY.replace('shadow_s: 0', 'shadow_s: 3600'))
    desk.edit(PARENT.replace("'old'", "'new'"))
    desk.until(lambda: 'its shadow' in desk.row().detail)
    desk.until(lambda: len(strategy_processes()) == 2)
    desk.station.emergency_stop('operator', 'enough')
    desk.until(lambda: desk.row().status == 'stopped')
    desk.until(lambda: not strategy_processes())


def strategy_processes():
    """The processes of strategies that this one has."""
    found = []
    for pid in spawn.descendants(os.getpid()):
        with contextlib.suppress(OSError):
            words = pathlib.Path(f'/proc/{pid}/cmdline').read_bytes()
            if b'sting.strategy.child' in words:
                found.append(pid)
    return found
