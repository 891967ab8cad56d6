"""An engine in another process, as a workstation."""

from concurrent import futures
import threading

import msgspec
import pytest

from sting import control
from sting.control import remote
from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.model import views
from tests.unit.control import stations
from tests.unit.tui import stations as plain

pytestmark = pytest.mark.unit

ORDER = commands.SubmitOrder(
    symbol='AAPL', side=orders.OrderSide.BUY, quantity=3.0
)


@pytest.fixture
def home():
    with stations.home() as made:
        yield made


@pytest.fixture
def engine(home):
    with stations.Engine(home) as made:
        yield made


@pytest.fixture
def attach(home):
    """Attaches, and hangs up in the end."""
    made = []

    def one(**options):
        made.append(control.Remote(home, 'demo', frames_per_s=20.0, **options))
        made[-1].open()
        return made[-1]

    yield one
    for each in made:
        each.close()


@pytest.fixture
def station(engine, attach):
    return attach()


def test_the_picture_is_the_engines_and_says_that_it_is_attached(
    engine, station
):
    shown = station.snapshot()
    assert shown.attached == remote.views.Attachment()
    assert msgspec.structs.replace(shown, attached=None) == engine.station.now
    assert station.pid > 0


def test_without_an_engine_it_cannot_be_opened(home):
    one = control.Remote(home, 'demo')
    with pytest.raises(errors.NotRunningError):
        one.open()
    one.close()


def test_commands_reach_the_engine_in_their_order(engine, station):
    given = [commands.CancelOrder(order_id=f'x-{n}') for n in range(20)]
    answers = [station.submit(one) for one in given]
    assert [one.result(30) for one in answers] == [engine.station.answer] * 20
    assert engine.station.given == given


def test_in_live_the_account_that_was_typed_goes_along(engine, attach):
    engine.station.now = plain.snapshot(mode=records.Mode.LIVE, account='U1')
    station = attach()
    assert station.submit(ORDER).result(30).ok
    assert engine.station.given == [ORDER]


def test_what_the_engine_refuses_is_the_futures_error(engine, station):
    engine.station.judgement = errors.OrderError('no such symbol')
    with pytest.raises(errors.InputError, match='no such symbol'):
        station.judge(ORDER).result(30)


def test_orders_are_judged_and_events_asked_why(engine, station):
    assert station.judge(ORDER).result(30) == plain.JUDGEMENT
    assert engine.station.weighed == [ORDER]
    (row,) = station.why(1200).result(30)
    assert row == engine.station.why(1200).result(30)[0]


def test_a_strategys_lines_are_asked_for(engine, station):
    engine.station.outputs['sma'] = ('one', 'two', 'three')
    assert station.output('sma', 2).result(30) == ('two', 'three')


def test_what_is_no_answer_is_an_error(engine, station, monkeypatch):
    monkeypatch.setattr(
        control.Client, 'request', lambda *_, **__: {'decision': 'perhaps'}
    )
    with pytest.raises(errors.StingError, match='is no judge'):
        station.judge(ORDER).result(30)


@pytest.mark.parametrize('name', ['bars', 'marks', 'lines'])
def test_rows_come_in_the_background_and_the_picture_tells(
    engine, station, name
):
    engine.station.own_lines = (views.Line('one', 'A', (1,), (2.5,)),)
    ask = getattr(station, name)
    assert ask('AAPL', 50) == ()
    stations.wait_for(lambda: station.snapshot().attached.answers == 1)
    assert ask('AAPL', 50) == getattr(engine.station, name)('AAPL', 50)


def test_rows_are_asked_for_again_when_a_bar_closes(
    engine, station, monkeypatch
):
    monkeypatch.setattr(remote, 'AGAIN_S', 1e9)
    station.bars('AAPL', 5)
    stations.wait_for(lambda: station.bars('AAPL', 5))
    later = tuple(plain.bars('AAPL', 5, last=300))
    monkeypatch.setattr(engine.station, 'bars', lambda *_: later)
    # Another price alone asks for nothing.
    engine.station.now = plain.snapshot(seq=2000)
    stations.wait_for(lambda: station.snapshot().seq == 2000)
    assert station.bars('AAPL', 5) != later
    rows = tuple(
        msgspec.structs.replace(row, timestamp=row.timestamp + plain.MINUTE)
        for row in engine.station.now.watch
    )

    engine.station.now = plain.snapshot(seq=2001, watch=rows)

    stations.wait_for(lambda: station.bars('AAPL', 5) == later)


def test_values_of_indicators_are_asked_for_again_when_some_came(
    engine, station, monkeypatch
):
    monkeypatch.setattr(remote, 'AGAIN_S', 1e9)
    engine.station.own_lines = (views.Line('one', 'A', (1,), (2.5,)),)
    stations.wait_for(lambda: station.lines('AAPL', 5))
    later = (views.Line('one', 'A', (1, 2), (2.5, 3.5)),)
    engine.station.own_lines = later
    rows = tuple(
        msgspec.structs.replace(row, read=row.read + 1)
        for row in engine.station.now.watch
    )
    engine.station.now = plain.snapshot(seq=2001, watch=rows)
    stations.wait_for(lambda: station.lines('AAPL', 5) == later)


def test_rows_of_many_symbols_are_not_kept_for_ever(
    engine, station, monkeypatch
):
    monkeypatch.setattr(remote, 'KEPT', 3)
    for number in range(10):
        station.bars(f'S{number}', 5)
    assert [key[1] for key in station._kept] == ['S7', 'S8', 'S9']


def test_a_failed_question_is_asked_again(engine, station, monkeypatch):
    calls = []
    real = control.Client.request

    def request(self, name, **fields):
        calls.append(name)
        if len(calls) == 1:
            raise errors.StingError('not now')
        return real(self, name, **fields)

    monkeypatch.setattr(control.Client, 'request', request)
    stations.wait_for(lambda: station.bars('AAPL', 5))
    assert len(calls) >= 2


def test_a_watcher_gives_no_commands(engine, attach):
    station = attach(read_only=True)
    assert station.snapshot().attached.read_only
    with pytest.raises(errors.RefusedError, match='only watches'):
        station.submit(ORDER)
    assert station.judge(ORDER).result(30) == plain.JUDGEMENT


def test_several_watch_at_the_same_time(engine, attach):
    watching = [attach(read_only=True) for _ in range(3)]
    engine.station.now = plain.snapshot(seq=4711)
    for one in watching:
        stations.wait_for(lambda one=one: one.snapshot().seq == 4711)


@pytest.mark.parametrize('read_only', [False, True])
def test_the_stop_works_for_watchers_too(engine, attach, read_only):
    attach(read_only=read_only).emergency_stop('operator', 'enough')
    stations.wait_for(lambda: engine.station.stopped)
    assert engine.station.stopped == ['operator: enough']


def test_the_stop_does_not_wait_behind_a_command(engine, station):
    held = threading.Event()
    real = engine.station.submit

    def submit(command):
        held.wait(30)
        return real(command)

    engine.station.submit = submit
    # The server's own loop stands still: the latch is set all the same.
    waiting = station.submit(ORDER)
    station.emergency_stop('operator', 'enough')
    held.set()
    assert waiting.result(30).ok
    stations.wait_for(lambda: engine.station.stopped)


def test_a_lost_engine_looks_stale_and_takes_no_commands(home, attach):
    with stations.Engine(home):
        station = attach()
    lost = stations.wait_for(
        lambda: (
            (shown := station.snapshot()).attached.lost_s is not None and shown
        )
    )
    assert lost.equity == plain.snapshot().equity
    assert lost.attached.detail
    stations.wait_for(
        lambda: station.snapshot().attached.lost_s > lost.attached.lost_s
    )
    for ask in (station.submit, station.judge):
        with pytest.raises(errors.NotRunningError, match='nothing was sent'):
            ask(ORDER)
    assert station.bars('AAPL', 5) == ()


def test_a_command_that_waited_until_the_engine_was_lost_is_not_sent(
    engine, station, monkeypatch
):
    held = futures.Future()
    given = []
    monkeypatch.setattr(
        engine.station, 'submit', lambda one: given.append(one) or held
    )
    first, second = station.submit(ORDER), station.submit(ORDER)
    stations.wait_for(lambda: given)
    station._follower.close()
    station._lose('it says nothing')
    held.set_result(engine.station.answer)
    assert first.result(30).ok
    with pytest.raises(errors.NotRunningError, match='nothing was sent'):
        second.result(30)
    assert given == [ORDER]


def test_an_engine_that_is_found_again_is_fresh(home, attach, monkeypatch):
    monkeypatch.setattr('sting.control.following.RETRY_S', 0.01)
    with stations.Engine(home):
        station = attach()
    stations.wait_for(lambda: station.snapshot().attached.lost_s is not None)
    with stations.Engine(home) as again:
        stations.wait_for(lambda: station.snapshot().attached.lost_s is None)
        assert not station.snapshot().attached.detail
        assert station.submit(ORDER).result(30).ok
        assert again.station.given == [ORDER]


def test_what_became_of_a_stop_is_told_until_trading_goes_on(home, attach):
    with stations.Engine(home):
        station = attach()
    stations.wait_for(lambda: station.snapshot().attached.lost_s is not None)
    station.emergency_stop('operator', 'enough')
    stations.wait_for(
        lambda: 'next start is HALTED' in station.snapshot().attached.detail
    )


def test_a_note_goes_when_trading_goes_on(engine, station):
    halted = plain.snapshot(state=records.TradingState.HALTED, seq=2000)
    engine.station.now = halted
    stations.wait_for(lambda: station.snapshot().seq == 2000)
    station._note('went as a signal')
    engine.station.now = msgspec.structs.replace(halted, seq=2001)
    stations.wait_for(lambda: station.snapshot().seq == 2001)
    assert station.snapshot().attached.detail == 'went as a signal'
    engine.station.now = plain.snapshot(seq=2002)
    stations.wait_for(lambda: station.snapshot().seq == 2002)
    assert not station.snapshot().attached.detail
