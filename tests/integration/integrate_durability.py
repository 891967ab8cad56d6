"""What was answered is kept, what was sent was decided: at every kill."""

import collections
import pathlib
import subprocess
import sys
import time

import msgspec
import numpy as np
import pytest

from sting.broker import answers
from sting.broker import registry
from sting.engine import chain
from sting.engine import recovery
from sting.engine import state
from sting.model import orders
from tests.integration import durable_program
from tests.unit.session import stations

pytestmark = pytest.mark.integration

T = stations.T
ROOT = pathlib.Path(__file__).parents[2]
RECOVERY_S = 2.0


def run_and_kill(folder, mode, seconds):
    """Kills the engine so long after it is ready; gives what it was told."""
    program = subprocess.Popen(
        [
            sys.executable,
            '-m',
            'tests.integration.durable_program',
            str(folder),
            mode,
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    try:
        assert program.stdout.readline().startswith(b'ready')
        time.sleep(seconds)
    finally:
        program.kill()
        said = program.stdout.read()
        program.wait()
        program.stdout.close()
    # The last line may have been cut.
    whole = said.decode().rpartition('\n')[0].splitlines()
    return [line.split()[1:] for line in whole]


def recover(home):
    """Brings a state back from the log, in time.

    The time that it computes, since tests run beside each other.
    """
    system = state.SystemState()
    before = time.process_time()
    recovery.restore(home.log('demo'), system, lambda event: None)
    assert time.process_time() - before < RECOVERY_S
    return system


def violations(home, answers):
    """What must never be, after a kill: one line each."""
    found = chain.verify(home.log('demo'))
    log = stations.log_of(home)
    by_seq = {event.seq: event for event in log}
    asked = {e.data.id for e in log if e.type is T.ORDER_REQUEST}
    sent = collections.Counter(o.id for o in durable_program.sent(home))
    wrong = [] if found.ok else [found.message]
    wrong += [f'{i} sent {n} times' for i, n in sent.items() if n > 1]
    wrong += [f'{i} is an orphan' for i in sent if i not in asked]
    for seq, *order_ids in answers:
        event = by_seq.get(int(seq))
        if event is None or event.type is not T.COMMAND:
            wrong.append(f'command {seq} was answered and is lost')
        wrong += [
            f'{i} was answered, lost' for i in order_ids if i not in asked
        ]
    return wrong


def kill_often(folder, mode, times, seed):
    """Kills again and again; stops at the first violation."""
    home = stations.home_in(folder)
    random = np.random.default_rng(seed)
    answers = []
    for _ in range(times):
        answers += run_and_kill(folder, mode, random.uniform(0.0, 0.25))
        wrong = violations(home, answers)
        if wrong:
            return wrong
        recover(home)
    assert len(answers) > 2 * times
    durable_program.end_in_order(home)
    return violations(home, answers) + unsettled(home)


def unsettled(home):
    """What was let through and never sent, or filled and never booked."""
    log = stations.log_of(home)
    let_through = {
        event.data.order_id
        for event in log
        if event.type is T.RISK_VERDICT and event.data.decision == 'approve'
    }
    sent = durable_program.sent(home)
    # Its bars come fast: what did not leave before a kill is soon too old.
    given_up = {
        event.data.order_id
        for event in log
        if event.type is T.ORDER_UPDATE
        and event.data.status is orders.OrderStatus.CANCELLED
        and event.data.message == answers.TOO_OLD
    }
    lost = let_through - {order.id for order in sent} - given_up
    booked = collections.Counter(
        event.data.order_id for event in log if event.type is T.FILL
    )
    held = sum(order.side.sign * order.quantity for order in sent)
    wrong = [f'{order_id} was never sent' for order_id in sorted(lost)]
    wrong += [
        f'{order.id} was sent and given up'
        for order in sent
        if order.id in given_up
    ]
    wrong += [
        f'{order.id} was booked {booked[order.id]} times'
        for order in sent
        if booked[order.id] != 1
    ]
    if recover(home).portfolio.quantity('AAPL') != held:
        wrong.append('the position is not the sum of the fills')
    return wrong


def test_a_restart_books_what_is_new_and_nothing_of_long_ago(
    tmp_path, monkeypatch
):
    """The broker tells of every fill again, of forgotten orders too."""
    home = stations.home_in(tmp_path)
    monkeypatch.setattr(state, 'DONE_ORDERS', 3)
    monkeypatch.setattr(durable_program.OutlivingBroker, 'home', home)
    monkeypatch.setattr(
        registry.paper, 'PaperBroker', durable_program.OutlivingBroker
    )
    with stations.running(home, interval_s=stations.NEVER) as station:
        for _ in range(8):
            stations.buy(station, quantity=1.0)
        stations.until(lambda: len(stations.log_of(home, T.FILL)) == 8)
    (old, *_) = durable_program.sent(home)
    theirs = msgspec.structs.replace(old, id='somebody-else', quantity=5.0)
    with durable_program.books(home).open('ab') as books:
        books.write(msgspec.json.encode(theirs) + b'\n')
    with stations.running(home, interval_s=stations.NEVER) as station:
        stations.until(lambda: len(stations.log_of(home, T.FILL)) == 9)
    assert recover(home).portfolio.quantity('AAPL') == 13.0


@pytest.mark.timeout(110)
def test_four_kills_lose_nothing_and_send_nothing_twice(tmp_path):
    assert kill_often(tmp_path, 'right', 4, seed=1) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_hundred_kills_lose_nothing_and_send_nothing_twice(tmp_path):
    assert kill_often(tmp_path, 'right', 200, seed=2) == []


@pytest.mark.timeout(110)
def test_with_intent_and_act_swapped_the_same_kills_are_noticed(tmp_path):
    assert kill_often(tmp_path, 'swapped', 20, seed=3) != []
