"""An engine that is killed at any moment loses nothing and does nothing twice.

The state is held against what the log says, added up here by plain sums.
"""

import collections
import pathlib
import subprocess
import sys
import time

import numpy as np
import pytest

from sting import session
from sting.engine import chain
from sting.model import commands
from sting.model import orders
from tests.integration import engine_program
from tests.unit.session import stations

pytestmark = pytest.mark.integration

T = stations.T
ROOT = pathlib.Path(__file__).parents[2]
CASH = 100_000.0


def run_and_kill(folder, seed, seconds, *, starting=False):
    """Runs the engine for so long and kills it, or while it still starts."""
    program = subprocess.Popen(
        [
            sys.executable,
            '-m',
            'tests.integration.engine_program',
            str(folder),
            str(seed),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if not starting:
            assert program.stdout.readline() == 'ready\n'
        time.sleep(seconds)
        assert program.poll() is None
    finally:
        program.kill()
        program.wait()
        program.stdout.close()


def check_log(home):
    """Holds the log against what must be true after every crash."""
    found = chain.verify(home.log('demo'))
    assert found.ok, found.message
    log = stations.log_of(home)
    asked = [one.data.id for one in log if one.type is T.ORDER_REQUEST]
    assert len(set(asked)) == len(asked)
    fills = [one.data for one in log if one.type is T.FILL]
    executions = [one.execution_id for one in fills]
    assert len(set(executions)) == len(executions)
    approved = {
        one.data.order_id: one.data.quantity
        for one in log
        if one.type is T.RISK_VERDICT and one.data.decision == 'approve'
    }
    filled = collections.Counter()
    for one in fills:
        filled[one.order_id] += one.quantity
    for order_id, quantity in filled.items():
        assert quantity <= approved[order_id]
    # No report ever met an order that could not be where it said.
    alerts = [one.data.message for one in log if one.type is T.RISK_ALERT]
    assert [text for text in alerts if 'cannot go' in text] == []
    check_account(home, fills)
    check_times(log)
    return log


def check_account(home, fills):
    """Cash and positions are the sum of the fills, and nothing else."""
    cash = CASH
    held = collections.Counter()
    for one in fills:
        cash -= one.side.sign * one.quantity * one.price + one.fee
        held[one.symbol] += one.side.sign * one.quantity
    system = stations.state_of(home)
    assert system.portfolio.cash == pytest.approx(cash, rel=1e-12)
    for symbol, quantity in held.items():
        assert system.portfolio.quantity(symbol) == quantity


def check_times(log):
    """No bar is missing and none comes twice."""
    stamps = collections.defaultdict(list)
    for one in log:
        if one.type is T.MARKET_DATA:
            stamps[one.symbol].append(one.data.timestamp)
    for each in stamps.values():
        assert len(set(each)) == len(each)
        assert each == sorted(each)


def end_in_order(home):
    """Starts once more, has everything settled, and ends."""
    station = session.open(
        'demo',
        home=home,
        config=engine_program.config(home, interval_s=stations.NEVER),
    )
    station.start()
    try:
        # Whatever was on its way is known by now, or asked for.
        stations.until(
            lambda: (
                not any(
                    one.status is orders.OrderStatus.SUBMITTED
                    for one in station._room._engine.state.working()
                )
            )
        )
        stop = commands.StopStrategy(name='chatty')
        stations.until(lambda: stations.ask(station, stop).ok)
        stations.ask(station, commands.CancelAll())
        stations.until(lambda: station.snapshot().open_orders == 0)
        theirs = station._room._broker._portfolio
        ours = station._room._engine.state.portfolio
        assert theirs.cash == pytest.approx(ours.cash, rel=1e-12)
        assert theirs.held == ours.held
    finally:
        station.close()


def kill_often(folder, times, seed):
    home = stations.home_in(folder)
    random = np.random.default_rng(seed)
    for number in range(times):
        # Every third one dies while it reads its log and asks the broker.
        starting = number % 3 == 2
        seconds = (
            random.uniform(0.3, 1.5) if starting else random.uniform(0, 0.3)
        )
        run_and_kill(folder, seed + number, seconds, starting=starting)
        found = chain.verify(home.log('demo'))
        assert found.ok, found.message
    log = check_log(home)
    assert sum(one.type is T.FILL for one in log) > times
    end_in_order(home)
    check_log(home)


@pytest.mark.timeout(110)
def test_four_kills_lose_nothing_and_do_nothing_twice(tmp_path):
    kill_often(tmp_path, 4, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_fifty_kills_lose_nothing_and_do_nothing_twice(tmp_path):
    kill_often(tmp_path, 50, seed=1000)


def test_a_kill_while_halted_leaves_it_halted(tmp_path):
    home = stations.home_in(tmp_path)
    run_and_kill(tmp_path, 7, 0.1)
    session.latch(home, 'demo', 'operator', 'after the kill')
    with stations.running(home) as station:
        assert station.snapshot().state == 'HALTED'
        stations.until(lambda: station.snapshot().open_orders == 0)
    check_log(home)
