"""A session as others see it: before its start, and when it fails."""

import asyncio
import threading

import pytest

from sting import session
from sting.engine import bus
from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.session import parts
from sting.strategy import isolated
from tests.unit.session import stations

pytestmark = pytest.mark.unit

HALTED = records.TradingState.HALTED


@pytest.fixture
def home(tmp_path):
    return stations.home_in(tmp_path)


@pytest.fixture
def idle(home):
    """A session that is not started."""
    made = session.open('demo', home=home, config=stations.config(home))
    yield made
    made.close()


def test_an_unknown_profile_is_refused_with_those_there_are(home):
    with pytest.raises(errors.ConfigError, match=r'are: .*crypto, demo, '):
        session.open('dmeo', home=home, config=stations.config(home))


def test_without_a_name_it_is_the_configured_default(home):
    made = session.open(home=home)
    assert (made.profile, made.mode) == ('demo', records.Mode.DEMO)
    made.close()


def test_the_home_is_found_when_none_is_given(monkeypatch, tmp_path):
    monkeypatch.setenv('STING_HOME', str(tmp_path))
    session.open('paper').close()
    assert (tmp_path / 'state' / 'paper').is_dir()


def test_before_the_start_there_is_a_picture_without_figures(idle):
    picture = idle.snapshot()
    assert (picture.profile, picture.seq) == ('demo', 0)
    assert [row.symbol for row in picture.watch] == ['AAPL', 'IBM']
    assert idle.bars('AAPL', 5) == ()
    assert idle.marks('AAPL', 5) == ()
    assert idle.lines('AAPL', 5) == ()
    assert not idle.is_running


def test_before_the_start_a_command_is_answered_that_nothing_runs(idle):
    asked = idle.submit(commands.CancelAll())
    with pytest.raises(errors.NotRunningError):
        asked.result(stations.SOON)


ORDER = commands.SubmitOrder(
    symbol='AAPL', side=orders.OrderSide.BUY, quantity=3.0
)


def test_before_the_start_nothing_is_judged(idle):
    with pytest.raises(errors.NotRunningError):
        idle.judge(ORDER)


def test_an_order_is_judged_without_being_sent(home):
    with stations.running(home) as station:
        # A price of before the start is no price to trade at.
        stations.until(lambda: station.snapshot().watch[0].age_s is not None)
        assert station.snapshot().watch[0].symbol == 'AAPL'
        found = station.judge(ORDER).result(stations.SOON)
        assert found.decision is records.Decision.APPROVE
        assert {rule.name for rule in found.rules} >= {'halted', 'buying_power'}
        assert not station.snapshot().orders


def test_an_engine_that_is_just_ending_by_itself_is_closed(idle):
    idle._loop = asyncio.new_event_loop()
    idle._loop.close()
    idle._ended = asyncio.Event()
    last = threading.Event()
    idle._thread = threading.Thread(target=last.wait)
    idle._thread.start()
    threading.Timer(0.05, last.set).start()
    idle.close()
    assert not idle.is_running


def test_before_the_start_there_is_no_why(idle):
    with pytest.raises(errors.NotRunningError):
        idle.why(1)


def test_what_a_strategy_wrote_is_read_while_the_engine_runs(idle, home):
    with pytest.raises(errors.NotRunningError):
        idle.output('sma', 10)
    folder = home.state('demo') / parts.STRATEGIES
    folder.mkdir()
    isolated.output_of(folder, 'sma').write_text('one\ntwo\n')
    with stations.running(home) as station:
        assert station.output('sma', 1).result(stations.SOON) == ('two',)


def test_after_the_end_commands_are_refused_and_the_picture_stays(home):
    with stations.running(home) as station:
        stations.until(lambda: station.snapshot().seq > 10)
    assert station.wait(0.0)
    assert station.snapshot().seq > 10
    with pytest.raises(errors.NotRunningError):
        station.submit(commands.CancelAll()).result(stations.SOON)
    station.close()


def test_a_stop_after_the_end_halts_the_next_start(home):
    with stations.running(home) as station:
        pass
    station.emergency_stop('signal', 'late')
    with stations.running(home) as again:
        assert again.snapshot().state is HALTED


def test_what_is_asked_while_it_ends_is_answered(home):
    with stations.running(home) as station:
        closing = threading.Thread(target=station.close)
        closing.start()
        asked = []
        while closing.is_alive():
            asked.append(station.submit(commands.CancelAll()))
            closing.join(0.001)
    for one in asked:
        try:
            assert one.result(stations.SOON).ok
        except errors.NotRunningError:
            continue
    assert asked


def test_a_command_that_was_cancelled_by_its_sender_is_no_harm(home):
    with stations.running(home) as station:
        for _ in range(20):
            station.submit(commands.CancelAll()).cancel()
        assert stations.ask(station, commands.CancelAll()).ok


def test_a_start_that_fails_says_why_and_leaves_nothing(home):
    home.config.mkdir(parents=True)
    missing = stations.config(home, symbols=('NONE',))
    made = session.open('demo', home=home, config=missing)
    with pytest.raises(errors.DataError, match='NONE'):
        made.start()
    assert not made.is_running
    assert made.wait(0.0)
    with stations.running(home) as station:
        assert station.snapshot().state is records.TradingState.TRADING


def test_an_engine_that_ends_by_itself_is_halted_and_says_so(home):
    with stations.running(home) as station:
        resting = stations.buy(station, type='limit', price=1.0)
        stations.wait_for(station, resting.order_id, 'accepted')
        # What no part of sting would send.
        station._room.bus.post(
            bus.Lane.REPORTS, bus.Incoming(stations.T.COMMAND, None, 'test')
        )
        assert station.wait(stations.SOON)
        assert isinstance(station.failure, AttributeError)
        picture = station.snapshot()
        assert picture.state is HALTED
        assert 'the engine ended' in picture.reason
        assert station._room._broker.working_ids() == ()
    with stations.running(home) as again:
        assert again.snapshot().state is HALTED
        assert 'AttributeError' in again.snapshot().reason
        stations.until(lambda: again.snapshot().open_orders == 0)


def test_a_latch_can_be_set_without_a_session(home):
    session.latch(home, 'demo', 'operator', 'by hand')
    made = session.open('demo', home=home, config=stations.config(home))
    assert made._stop.is_set
    assert made._stop.reason == ('operator', 'by hand')
    made.close()
