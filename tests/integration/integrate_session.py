"""A whole workstation: from its start to its end, and to its next start."""

import itertools
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import msgspec
import pytest

from sting import session
from sting.engine import chain
from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.session import workstation
from tests.unit.session import stations

pytestmark = pytest.mark.integration

S = orders.OrderStatus
T = stations.T
HALTED = records.TradingState.HALTED
TRADING = records.TradingState.TRADING
LIMIT = orders.OrderType.LIMIT
ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path):
    return stations.home_in(tmp_path)


def test_a_session_runs_from_its_start_to_an_end_in_order(home):
    with stations.running(home) as station:
        assert station.is_running
        first = station.snapshot()
        assert first.pid == os.getpid()
        assert first.generated
        later = stations.until(
            lambda: station.snapshot() if station.snapshot().seq > 50 else None
        )
        assert all(row.last for row in later.watch)
        assert station.bars('AAPL', 5)
    assert not station.is_running
    assert station.failure is None
    assert chain.verify(home.log('demo')).ok
    # The connection to the broker is closed behind it.
    *_, last = (
        event.data
        for event in stations.log_of(home, T.SYSTEM_STATUS)
        if event.data.component == 'engine'
    )
    assert (last.component, last.status) == ('engine', 'stopped')


def test_an_order_by_hand_fills_at_the_open_of_the_next_bar(home):
    with stations.running(home) as station:
        answer = stations.buy(station, 10.0)
        assert answer.ok
        assert answer.status == 'submitted'
        stations.wait_for(station, answer.order_id, S.FILLED)
        assert stations.until(lambda: station.marks('AAPL', 5))
    log = stations.log_of(home)
    # The acceptance may have come after a bar that closed meanwhile.
    accepted = next(
        one.seq
        for one in log
        if one.type is T.ORDER_UPDATE and one.data.order_id == answer.order_id
    )
    bar = next(
        one.data
        for one in log
        if one.seq > accepted
        and one.type is T.MARKET_DATA
        and one.symbol == 'AAPL'
    )
    (fill,) = [one.data for one in log if one.type is T.FILL]
    assert fill.timestamp == bar.timestamp
    assert fill.price == pytest.approx(bar.open * 1.0001, rel=1e-12)
    assert fill.fee == pytest.approx(fill.price * 10.0 * 0.0001, rel=1e-12)


def test_a_second_session_is_refused_and_the_first_is_named(home):
    with stations.running(home):
        second = session.open('demo', home=home, config=stations.config(home))
        with pytest.raises(
            errors.JournalLockedError, match=f'process {os.getpid()}, started'
        ):
            second.start()
        assert not second.is_running
    # The first has ended, so that another may start.
    with stations.running(home) as third:
        assert third.is_running


def test_a_restart_goes_on_where_the_log_ended(home):
    with stations.running(home) as station:
        bought = stations.buy(station, 7.0)
        stations.wait_for(station, bought.order_id, S.FILLED)
        far = stations.buy(station, 5.0, 'IBM', type=LIMIT, price=1.0)
        stations.wait_for(station, far.order_id, S.ACCEPTED)
    before = stations.state_of(home)
    ended = before.seq
    with stations.running(home, interval_s=stations.NEVER) as station:
        picture = station.snapshot()
        assert picture.cash == before.portfolio.cash
        assert stations.order_of(station, far.order_id).status is S.ACCEPTED
        (held,) = [row for row in picture.positions if row.quantity]
        assert (held.symbol, held.quantity) == ('AAPL', 7.0)
        # The first minute comes at once, the second never.
        stations.until(
            lambda: [
                one
                for one in stations.log_of(home, T.MARKET_DATA)
                if one.seq > ended
            ]
        )
    for one in stations.log_of(home, T.MARKET_DATA):
        if one.seq > ended:
            assert one.data.timestamp > before.last_bar[one.symbol]
    after = stations.state_of(home)
    assert after.portfolio.positions == before.portfolio.positions
    assert after.orders.keys() == before.orders.keys()
    assert after.log == before.log


def test_a_restart_misses_no_bar_and_repeats_none(home):
    with stations.running(home) as station:
        stations.until(lambda: station.snapshot().seq > 40)
    with stations.running(home) as station:
        more = station.snapshot().seq + 40
        stations.until(lambda: station.snapshot().seq > more)
    for symbol in ('AAPL', 'IBM'):
        stamps = [
            one.data.timestamp
            for one in stations.log_of(home, T.MARKET_DATA)
            if one.symbol == symbol
        ]
        minutes = {b - a for a, b in itertools.pairwise(stamps)}
        assert minutes == {60_000_000_000}


def test_an_order_that_works_across_a_restart_can_fill_and_be_cancelled(home):
    with stations.running(home) as station:
        first = stations.buy(station, type=LIMIT, price=1.0)
        second = stations.buy(station, type=LIMIT, price=1.0)
        stations.wait_for(station, second.order_id, S.ACCEPTED)
    with stations.running(home) as station:
        price = station.snapshot().watch[0].last
        change = commands.ReplaceOrder(
            order_id=first.order_id, price=price * 1.02
        )
        assert stations.ask(station, change).ok
        stations.wait_for(station, first.order_id, S.FILLED)
        cancel = commands.CancelOrder(order_id=second.order_id)
        assert stations.ask(station, cancel).ok
        stations.wait_for(station, second.order_id, S.CANCELLED)


def test_halted_stays_across_restarts_until_the_typed_word(home):
    sma = {'sma': 'sting.library.sma_cross'}
    with stations.running(home, strategies=sma) as station:
        station.emergency_stop('operator', 'enough')
        stations.until(lambda: station.snapshot().state is HALTED)
    for _ in range(2):
        with stations.running(home, strategies=sma) as station:
            picture = station.snapshot()
            assert picture.state is HALTED
            assert 'enough' in picture.reason
            (row,) = picture.strategies
            assert row.status == 'stopped'
            denied = stations.buy(station)
            assert not denied.ok
            assert 'HALTED' in denied.message
            wrong = stations.ask(station, commands.Resume(confirm='resume'))
            assert not wrong.ok
            assert 'RESUME' in wrong.message
    with stations.running(home, strategies=sma) as station:
        assert stations.ask(station, commands.Resume(confirm='RESUME')).ok
        stations.until(lambda: station.snapshot().state is TRADING)
        filled = stations.buy(station)
        stations.wait_for(station, filled.order_id, S.FILLED)
    with stations.running(home, strategies=sma) as station:
        assert station.snapshot().state is TRADING


def test_a_latch_set_before_the_start_halts_it(home):
    session.latch(home, 'demo', 'operator', 'no engine ran')
    sma = {'sma': 'sting.library.sma_cross'}
    with stations.running(home, strategies=sma) as station:
        picture = station.snapshot()
        assert picture.state is HALTED
        assert 'no engine ran' in picture.reason
        assert not stations.buy(station).ok
        (row,) = station.snapshot().strategies
        assert row.status == 'stopped'
    starts = [
        one
        for one in stations.log_of(home, T.COMMAND)
        if isinstance(one.data.command, commands.StartStrategy)
    ]
    assert starts == []


def test_a_stop_pulled_before_the_start_halts_it(home):
    station = session.open('demo', home=home, config=stations.config(home))
    station.emergency_stop('operator', 'early')
    station.start()
    try:
        stations.until(lambda: station.snapshot().state is HALTED)
        assert not stations.buy(station).ok
    finally:
        station.close()


def test_a_stop_pulled_during_the_start_halts_it_and_is_logged(home):
    with stations.running(home) as station:
        resting = stations.buy(station, type=LIMIT, price=1.0)
        stations.wait_for(station, resting.order_id, S.ACCEPTED)
    station = session.open('demo', home=home, config=stations.config(home))
    starting = threading.Thread(target=station.start)
    starting.start()
    stations.until(lambda: station._loop is not None)
    while starting.is_alive():
        station.emergency_stop('operator', 'while it starts')
        time.sleep(0.01)
    starting.join()
    try:
        stations.until(lambda: station.snapshot().state is HALTED)
        stations.until(lambda: not station.snapshot().halting)
        stations.wait_for(station, resting.order_id, S.CANCELLED)
        assert not stations.buy(station).ok
    finally:
        station.close()
    assert stations.state_of(home).trading is HALTED


def stop_while_blocked(station):
    """Pulls the stop while Python code blocks the engine's loop.

    Returns:
        Seconds until the call returned, and until the cancels were out.
    """
    ids = [
        stations.buy(station, type=LIMIT, price=1.0).order_id for _ in range(5)
    ]
    for one in ids:
        stations.wait_for(station, one, S.ACCEPTED)
    blocked, free = threading.Event(), threading.Event()

    def block():
        blocked.set()
        end = time.monotonic() + 2.0
        while time.monotonic() < end and not free.is_set():
            pass
        free.set()

    station._loop.call_soon_threadsafe(block)
    assert blocked.wait(stations.SOON)
    before = time.monotonic()
    station.emergency_stop('operator', 'now')
    returned = time.monotonic() - before
    assert station._stop.is_set
    while station._room._broker.working_ids():
        time.sleep(0.0005)
    cancelled = time.monotonic() - before
    # It did not wait for the loop, however slow the machine is.
    assert not free.is_set()
    free.set()
    stations.until(lambda: station.snapshot().state is HALTED)
    for one in ids:
        stations.wait_for(station, one, S.CANCELLED)
    assert not station.snapshot().halting
    return returned, cancelled


def test_the_stop_does_not_wait_for_a_blocked_loop(home):
    with stations.running(home) as station:
        took = []
        for _ in range(3):
            took.append(stop_while_blocked(station))
            resume = commands.Resume(confirm='RESUME')
            assert stations.ask(station, resume).ok
    # The best of three: others may use the machine as well.
    assert min(returned for returned, _ in took) < 0.05
    assert min(cancelled for _, cancelled in took) < 0.05


@pytest.mark.parametrize('before', [0, 100, 200])
def test_no_order_leaves_once_the_stop_is_pulled(home, before):
    """Orders that were decided before and not sent yet are kept back."""
    order = commands.SubmitOrder(symbol='AAPL', side=stations.BUY, quantity=1.0)
    with stations.running(home) as station:
        stations.buy(station, 1.0)
        answers = []
        market = station._room._played
        for number in range(300):
            answers.append(station.submit(order))
            if number == before:
                station.emergency_stop('operator', 'now')
                with market._lock:
                    sent = set(market._orders)
        for answer in answers:
            answer.result(stations.SOON)
        stations.until(lambda: station.snapshot().state is HALTED)
        stations.until(lambda: station.snapshot().open_orders == 0)
        stations.until(lambda: not station._room._broker.working_ids())
        assert set(market._orders) == sent
    log = stations.log_of(home)
    # What was sent before may be filled until its cancel is there.
    assert {one.data.order_id for one in log if one.type is T.FILL} <= sent
    # Being kept back is no fault to be warned of.
    assert not any(
        'cannot go' in one.data.message
        for one in log
        if one.type is T.RISK_ALERT
    )


def test_flatten_closes_what_a_halt_left_open(home):
    with stations.running(home) as station:
        bought = stations.buy(station, 10.0)
        stations.wait_for(station, bought.order_id, S.FILLED)
        station.emergency_stop('operator', '')
        stations.until(lambda: station.snapshot().state is HALTED)
        assert not stations.ask(station, commands.Flatten()).ok
        typed = commands.Flatten(confirm='FLATTEN')
        assert stations.ask(station, typed).ok
        stations.until(
            lambda: all(
                not row.quantity for row in station.snapshot().positions
            )
        )
        assert station.snapshot().state is HALTED


def test_why_walks_from_a_fill_to_the_order_and_the_key_press(home):
    with stations.running(home) as station:
        bought = stations.buy(station)
        stations.wait_for(station, bought.order_id, S.FILLED)
        (fill,) = stations.log_of(home, T.FILL)
        rows = station.why(fill.seq).result(stations.SOON)
        assert [row.type for row in rows] == [
            'fill',
            'risk_verdict',
            'order_request',
            'command',
        ]
        assert rows[-1].seq == bought.seq
        with pytest.raises(errors.JournalError, match='no event 999999'):
            station.why(999_999).result(stations.SOON)


def test_a_strategy_that_raises_fails_and_the_rest_goes_on(home):
    bad = stations.write_strategy(
        home,
        'bad.py',
        """
        async def on_market_data(self, data):
            raise RuntimeError('out of ideas')
        """,
    )
    good = stations.write_strategy(
        home,
        'good.py',
        """
        async def on_market_data(self, data):
            if data.symbol == 'AAPL' and not self.portfolio.held:
                self.buy('AAPL', 1)
        """,
    )
    with stations.running(
        home, strategies={'bad': bad, 'good': good}
    ) as station:

        def rows():
            return {row.name: row for row in station.snapshot().strategies}

        def failures():
            return [
                one.message
                for one in station.snapshot().alerts
                if one.severity is records.Severity.CRITICAL
            ]

        said = stations.until(failures)[-1]
        assert said.startswith('strategy bad failed')
        assert 'bad.py:7' in said
        assert 'out of ideas' in said
        stations.until(lambda: rows()['good'].trades >= 1)
        assert rows()['good'].status == 'running'
        assert station.snapshot().state is TRADING


def test_a_strategy_is_started_and_stopped_by_hand(home):
    entry = {'strategy': 'sting.library.sma_cross', 'enabled': False}
    with stations.running(home, strategies={'sma': entry}) as station:

        def status():
            return station.snapshot().strategies[0].status

        assert status() == 'stopped'
        start = commands.StartStrategy(name='sma')
        assert stations.ask(station, start).ok
        stations.until(lambda: status() == 'running')
        assert not stations.ask(station, start).ok
        assert stations.ask(station, commands.StopStrategy(name='sma')).ok
        stations.until(lambda: status() == 'stopped')
    assert stations.state_of(home).strategies['sma'].status == 'stopped'


def test_a_log_begun_in_another_mode_is_refused(home):
    with stations.running(home):
        pass
    paper = session.open(
        'demo',
        home=home,
        config=stations.config(home, mode=records.Mode.PAPER),
    )
    with pytest.raises(
        errors.ConfigError, match='is paper but its log was begun as demo'
    ):
        paper.start()
    with stations.running(home) as station:
        assert station.is_running


def test_a_log_with_a_changed_end_is_shown_halted_and_takes_no_order(home):
    with stations.running(home) as station:
        stations.until(lambda: station.snapshot().seq > 10)
    last = stations.log_of(home)[-1].seq
    stations.change(home, last)
    with stations.running(home) as again:
        picture = again.snapshot()
        assert picture.state is HALTED
        assert f'event {last}' in picture.reason
        answer = stations.ask(
            again,
            commands.SubmitOrder(symbol='AAPL', side=stations.BUY, quantity=1),
        )
        assert not answer.ok
        assert f'event {last}' in answer.message
        again.emergency_stop('operator', 'all the same')
    assert len(stations.log_of(home)) == last


def test_a_log_with_a_changed_past_is_halted_soon(home):
    with stations.running(home) as station:
        stations.until(lambda: station.snapshot().seq > 10)
    stations.change(home, 5)
    with stations.running(home) as again:
        stations.until(lambda: again.snapshot().state is HALTED)
        assert 'event 5' in again.snapshot().reason


REFUSE = """
CREATE TRIGGER refuse BEFORE INSERT ON events
BEGIN SELECT RAISE(ABORT, 'the disk is full'); END
"""


def test_a_log_that_cannot_be_written_halts_and_is_tried_again(home):
    with stations.running(home) as station:
        resting = stations.buy(station, type=LIMIT, price=1.0)
        stations.wait_for(station, resting.order_id, S.ACCEPTED)
        database = sqlite3.connect(home.log('demo'), isolation_level=None)
        database.execute(REFUSE)
        stations.until(lambda: station._stop.is_set)
        assert 'the disk is full' in station._stop.reason[1]
        stations.until(lambda: not station._room._broker.working_ids())
        stuck = len(stations.log_of(home))
        waiting = station.submit(
            commands.SubmitOrder(symbol='AAPL', side=stations.BUY, quantity=1)
        )
        time.sleep(0.2)
        assert not waiting.done()
        assert len(stations.log_of(home)) == stuck
        database.execute('DROP TRIGGER refuse')
        database.close()
        stations.until(lambda: station.snapshot().state is HALTED)
        assert not waiting.result(stations.SOON).ok
        stations.wait_for(station, resting.order_id, S.CANCELLED)
        seq = station.snapshot().seq
        stations.until(lambda: station.snapshot().seq > seq + 10)
    assert chain.verify(home.log('demo')).ok


def test_an_end_that_cannot_be_written_is_given_up(home, monkeypatch):
    monkeypatch.setattr(workstation, 'CLOSE_S', 0.5)
    with stations.running(home) as station:
        bought = stations.buy(station)
        stations.wait_for(station, bought.order_id, S.FILLED)
        database = sqlite3.connect(home.log('demo'), isolation_level=None)
        database.execute(REFUSE)
        stations.until(lambda: station._stop.is_set)
        station.close()
        assert not station.is_running
        assert isinstance(station.failure, errors.JournalWriteError)
        database.execute('DROP TRIGGER refuse')
        database.close()
    assert chain.verify(home.log('demo')).ok
    with stations.running(home) as again:
        assert again.snapshot().state is HALTED
        (held,) = [row for row in again.snapshot().positions if row.quantity]
        assert held.quantity == 10.0


def test_another_reader_of_the_log_holds_nothing_up(home):
    with stations.running(home) as station:
        database = sqlite3.connect(home.log('demo'), isolation_level=None)
        database.execute('BEGIN')
        database.execute('SELECT count(*) FROM events').fetchone()
        seq = station.snapshot().seq
        stations.until(lambda: station.snapshot().seq > seq + 20)
        database.close()


def test_a_file_is_played_to_its_end(home):
    folder = home.config
    folder.mkdir(parents=True)
    rows = ''.join(
        f'2024-01-0{day},100,101,99,100,1000\n' for day in (2, 3, 4, 5)
    )
    path = folder / 'few.csv'
    path.write_text('date,open,high,low,close,volume\n' + rows)
    loaded = stations.config(home, symbols=('few',), feed='few')
    feed = msgspec.structs.replace(
        loaded.feeds['sample'], path=str(path), bars_per_s=100.0
    )
    loaded = msgspec.structs.replace(
        loaded, feeds={**loaded.feeds, 'few': feed}
    )
    station = session.open('demo', home=home, config=loaded)
    station.start()
    try:
        stations.until(lambda: station.snapshot().feeds[0].status == 'ended')
        # The last bars may still be on their way through the lanes.
        stations.until(lambda: len(station.bars('few', 10)) == 4)
        assert not station.snapshot().generated
        assert stations.buy(station, symbol='few').ok
    finally:
        station.close()


PROGRAM = """
import sys
from sting.engine import signals
signals.hold_back()
from sting import session
from tests.unit.session import stations
home = stations.home_in(sys.argv[1])
station = session.open('demo', home=home, config=stations.config(home))
session.watch_signals(station)
station.start()
print('ready', flush=True)
sys.stdin.read()
station.close()
"""


@pytest.mark.parametrize('name', ['SIGUSR1', 'SIGQUIT'])
def test_a_signal_is_the_emergency_stop(home, tmp_path, name):
    program = subprocess.Popen(
        [sys.executable, '-c', PROGRAM, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout.readline() == 'ready\n'
        program.send_signal(getattr(signal, name))
        (change,) = stations.until(
            lambda: stations.log_of(home, T.TRADING_STATE)
        )
        assert (change.data.who, change.data.reason) == ('signal', name)
        assert change.data.state is HALTED
        program.stdin.close()
        assert program.wait(stations.SOON) == 0
    finally:
        program.kill()
        program.wait()
        program.stdout.close()
    assert stations.state_of(home).trading is HALTED


def block(station, seconds):
    """Keeps the engine's loop from doing anything else."""
    station._loop.call_soon_threadsafe(time.sleep, seconds)


def test_a_resume_typed_before_a_stop_does_not_lift_it(home):
    with stations.running(home, interval_s=stations.NEVER) as station:
        station.emergency_stop('operator', 'first')
        stations.until(lambda: station.snapshot().state is HALTED)
        block(station, 0.5)
        resumed = station.submit(commands.Resume(confirm='RESUME'))
        station.emergency_stop('operator', 'second')
        answer = resumed.result(stations.SOON)
        assert not answer.ok
        assert 'second' in answer.message
        time.sleep(0.3)
        assert station.snapshot().state is HALTED
        again = station.submit(commands.Resume(confirm='RESUME'))
        assert again.result(stations.SOON).ok


def test_a_latch_set_by_another_process_halts(home):
    with stations.running(home) as station:
        stations.until(lambda: station.snapshot().seq > 20)
        session.latch(home, 'demo', 'operator', 'from outside')
        halted = stations.until(
            lambda: (
                station.snapshot()
                if station.snapshot().state is HALTED
                else None
            )
        )
        assert 'from outside' in halted.reason


def test_a_typed_flatten_right_behind_the_halt_goes_out(home):
    with stations.running(home) as station:
        stations.buy(station, 10.0)
        stations.until(lambda: station.snapshot().positions)
        block(station, 0.3)
        station.emergency_stop('operator', 'enough')
        flatten = station.submit(commands.Flatten(confirm='FLATTEN'))
        assert flatten.result(stations.SOON).ok
        stations.until(
            lambda: not any(p.quantity for p in station.snapshot().positions)
        )


def test_every_order_is_accepted_before_it_is_filled(home):
    with stations.running(home, interval_s=0.001) as station:
        stations.until(lambda: station.snapshot().seq > 20)
        answers = [
            station.submit(
                commands.SubmitOrder(
                    symbol='IBM', side=side, quantity=1.0, reason='race'
                )
            )
            for _ in range(100)
            for side in (stations.BUY, stations.SELL)
        ]
        assert all(a.result(stations.SOON).ok for a in answers)
        done = stations.until(lambda: filled(station, 'race', 200))
        assert all(order.broker_id for order in done)


def filled(station, reason, count):
    done = [
        order
        for order in station.snapshot().orders
        if order.reason == reason and order.status is S.FILLED
    ]
    return done if len(done) == count else None
