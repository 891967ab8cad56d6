"""An engine that runs for long takes no more than at first.

`python -m pytest -m slow -s tests/integration/integrate_soak.py` prints what
it took; SOAK_MINUTES makes the hour another length.
"""

import collections
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from sting import control
from sting import settings
from sting.model import commands
from sting.model import errors
from sting.model import events
from sting.session import processes
from sting.session import scheduling
from tests.integration import soak_program
from tests.integration import terminal
from tests.unit.session import stations

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.timeout(2 * 3600),
]

MINUTES = float(os.environ.get('SOAK_MINUTES', '60'))
# Memory may grow by so much once it is warm.
GROWTH = 1.05
SAMPLE_S = 10.0
WARM_HOURS = 1
MIB = 2**20
T = events.EventType


def write(line):
    """Shows a figure to whoever runs it with -s."""
    sys.stdout.write(f'{line}\n')
    sys.stdout.flush()


def middle(values):
    """The median."""
    return sorted(values)[len(values) // 2]


@pytest.fixture
def child():
    """Starts programs, and ends those that still run."""
    made = []

    def start(arguments, home):
        one = subprocess.Popen(
            [sys.executable, *arguments],
            env=terminal.environment(home),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        made.append(one)
        return one

    yield start
    for one in made:
        if one.poll() is None:
            os.killpg(one.pid, signal.SIGKILL)
        one.wait()
        one.stdout.close()


def added_up(home):
    """What the fills of a log come to: units by symbol, and cash."""
    held, cash = collections.Counter(), soak_program.CASH
    for event in stations.log_of(home, T.FILL):
        fill = event.data
        signed = fill.side.sign * fill.quantity
        held[fill.symbol] += signed
        cash -= signed * fill.price + fill.fee
    return {symbol: units for symbol, units in held.items() if units}, cash


def test_soak_of_24_simulated_hours(tmp_path, child):
    one = child(
        ['-m', 'tests.integration.soak_program', str(tmp_path)], tmp_path
    )
    *hours, books = map(json.loads, one.stdout)
    assert one.wait() == 0
    for row in hours:
        write(
            f'hour {row["hour"]:>2}: {row["memory"] / MIB:6.1f} MiB, '
            f'{row["files"]} files, strategies {row["others"] / MIB:6.1f} MiB '
            f'({row["running"]}), {row["events"]:>7,} events'
        )
    assert [row['hour'] for row in hours] == [*range(1, soak_program.HOURS + 1)]

    # At midnight the strategies rest.
    both = [row for row in hours if row['running']]
    assert [row['running'] for row in both] == [2] * (soak_program.HOURS - 1)
    warm = both[WARM_HOURS - 1 :]
    for name in ('memory', 'others'):
        assert warm[-1][name] < GROWTH * warm[0][name], name
    files = [row['files'] for row in both]
    assert max(files[-6:]) <= max(files[:6])

    home = stations.home_in(tmp_path)
    held, cash = added_up(home)
    system = stations.state_of(home)
    assert held == books['held'] == system.portfolio.held
    assert cash == pytest.approx(books['cash']) == system.portfolio.cash
    told = [
        row.data.status
        for row in stations.log_of(home, T.SYSTEM_STATUS)
        if row.data.component == scheduling.NAME
    ]
    assert told == ['began', 'ended', 'began']


def test_soak_of_a_real_hour(tmp_path, child):
    folder = tmp_path / 'home'
    home = settings.Home.find({'STING_HOME': str(folder)})
    one = child(['-m', 'sting.cli.main', 'run', '--demo'], folder)
    assert 'runs: pid' in one.stdout.readline()
    engine = control.Client(home.socket('demo'))
    begun = time.monotonic()
    taken = []
    while time.monotonic() < begun + MINUTES * 60:
        time.sleep(SAMPLE_S)
        assert one.poll() is None
        # Before a request, whose connections take a moment to close.
        used = processes.look(one.pid)
        taken.append((time.monotonic() - begun, used.memory, used.files))
        trade(engine, len(taken))
        if len(taken) % 12 == 0:
            write(
                f'{taken[-1][0] / 60:5.1f} min: {used.memory / MIB:6.1f} MiB, '
                f'{used.files} files, {used.cpu_s:6.1f} s CPU'
            )
    one.send_signal(signal.SIGTERM)
    assert one.wait(60) == 0

    # The first quarter warms up.
    warm = taken[len(taken) // 4 :]
    part = max(1, len(warm) // 4)
    early = middle([memory for _, memory, _ in warm[:part]])
    late = middle([memory for _, memory, _ in warm[-part:]])
    write(f'warm {early / MIB:.1f} MiB, at the end {late / MIB:.1f} MiB')
    assert late < GROWTH * early
    files = [count for _, _, count in warm]
    assert middle(files[-part:]) <= middle(files[:part])


def trade(engine, nth):
    """An order by hand, and a look at the engine, as a person has them."""
    side = stations.SELL if nth % 2 else stations.BUY
    command = commands.SubmitOrder(symbol='AAPL', side=side, quantity=1.0)
    try:
        engine.submit(command)
    except errors.RefusedError as refused:
        write(f'refused: {refused}')
    assert engine.request('status')['state'] == 'TRADING'
