"""A session of two brokers: what goes where, and what each is told."""

import asyncio
import contextlib
import threading

import msgspec
import pytest

from sting import session
from sting.broker import manager
from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.risk import stop
from tests.unit.broker import plugins
from tests.unit.session import stations

pytestmark = pytest.mark.unit

T = stations.T
S, H = orders.OrderStatus, commands.How
SECOND = plugins.BROKER.replace("'mine'", "'second'").replace("'U1'", "'V2'")
BOTH = {
    'broker': 'mine',
    'mode': records.Mode.PAPER,
    'account': '',
    'routes': {'I*': 'second'},
    'backup': 'second',
    'accounts': {'mine': 'U1', 'second': 'V2'},
    'reconcile_s': 0.2,
}


@pytest.fixture
def home(tmp_path):
    return stations.home_in(tmp_path)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    return plugins.install(tmp_path, monkeypatch)()


@pytest.fixture
def second(tmp_path, monkeypatch):
    return plugins.install(tmp_path, monkeypatch, 'second', SECOND)()


@pytest.fixture
def both(mine, second):
    return mine, second


def running(home, **more):
    return stations.running(home, **({'interval_s': 0.05} | BOTH | more))


def limit(station, symbol='AAPL', **more):
    """Sends an order that works until it is cancelled."""
    return stations.buy(
        station, 10.0, symbol, type=orders.OrderType.LIMIT, price=1.0, **more
    ).order_id


def accepted(station, symbol='AAPL', **more):
    placed = limit(station, symbol, **more)
    stations.wait_for(station, placed, S.ACCEPTED)
    return placed


def broker_of(station, order_id):
    return stations.order_of(station, order_id).broker


def links(station):
    return {row.name: row.status for row in station.snapshot().brokers}


def connected(station):
    stations.until(lambda: set(links(station).values()) == {'connected'})


def cut(station, module):
    """Cuts a broker off until bars have come that are past the patience."""
    station._loop.call_soon_threadsafe(module.VENUES[0].drop)
    system = station._room._engine.state
    name = module.Mine.name
    stations.until(lambda: name in system.lost)
    stations.until(
        lambda: system.time - system.lost.get(name, system.time) > 6e9
    )


def fill(station, module, order_id, price=100.0):
    """Has the rest of an order filled at a broker."""
    venue = module.VENUES[0]
    order = venue.orders[order_id]
    done = orders.Fill(
        order_id=order_id,
        execution_id=f'{order_id}-x',
        symbol=order.symbol,
        side=order.side,
        quantity=order.remaining,
        price=price,
        timestamp=venue.time,
    )
    station._loop.call_soon_threadsafe(venue._emit, [done])
    stations.wait_for(station, order_id, S.FILLED)


def test_orders_go_where_their_symbols_are_routed(home, both):
    mine, second = both
    with running(home) as station:
        one, two = accepted(station), accepted(station, 'IBM')
        assert mine.VENUES[0].placed == {one: 1}
        assert second.VENUES[0].placed == {two: 1}
        stations.ask(station, commands.CancelOrder(order_id=two))
        stations.wait_for(station, two, S.CANCELLED)
    by_source = {
        (event.source, event.data.order_id)
        for event in stations.log_of(home, T.ORDER_UPDATE)
        if event.source != 'engine'
    }
    assert by_source == {('broker:mine', one), ('broker:second', two)}


def test_a_new_log_begins_with_the_cash_of_both(home, both):
    with running(home) as station:
        assert station.snapshot().account == 'U1,V2'
    begun = stations.log_of(home)[0].data
    assert (begun.cash, begun.broker, begun.account) == (100_000.0, '', '')
    assert [(v.broker, v.account, v.cash) for v in begun.venues] == [
        ('mine', 'U1', 50_000.0),
        ('second', 'V2', 50_000.0),
    ]
    assert all(venue.began for venue in begun.venues)


def test_the_picture_says_what_is_in_each_account(home, both):
    with running(home) as station:
        connected(station)
        rows = stations.until(lambda: station.snapshot().brokers)
        assert {row.name: row.detail for row in rows} == {
            'mine': 'equity 50,000.00, cash 50,000.00',
            'second': 'equity 50,000.00, cash 50,000.00',
        }


def test_the_backup_takes_new_orders_while_the_first_is_cut(home, both):
    mine, second = both
    with running(home) as station:
        connected(station)
        cut(station, mine)
        moved = accepted(station)
        assert broker_of(station, moved) == 'second'
        assert second.VENUES[0].placed == {moved: 1}
        stations.ask(station, commands.CancelOrder(order_id=moved))
        stations.wait_for(station, moved, S.CANCELLED)
        station._loop.call_soon_threadsafe(mine.VENUES[0].restore)
        connected(station)
        again = accepted(station)
        assert broker_of(station, again) == 'mine'
    assert mine.VENUES[0].placed == {again: 1}


def test_a_close_goes_to_where_the_position_is(home, both):
    mine, second = both
    with running(home, patience_s=0.2) as station:
        bought = accepted(station)
        fill(station, mine, bought)
        cut(station, mine)
        sold = stations.ask(
            station,
            commands.SubmitOrder(
                symbol='AAPL', side=stations.SELL, quantity=10.0
            ),
        ).order_id
        closing = stations.until(
            lambda: (
                (one := stations.order_of(station, sold))
                and not one.is_working
                and one
            )
        )
        assert closing.broker == 'mine'
        assert 'mine is not connected' in closing.message
        assert second.VENUES[0].placed == {}


def test_after_a_restart_each_book_is_held_against_its_broker(home, both):
    mine, second = both
    with running(home) as station:
        one, two = accepted(station), accepted(station, 'IBM')
        fill(station, mine, one)
        fill(station, second, two, price=50.0)
        works = accepted(station, 'IBM')
        before = station._room._engine.state.venues
        assert before['mine'].cash == 49_000.0
        assert before['second'].cash == 49_500.0
    with running(home) as station:
        connected(station)
        stations.wait_for(station, works, S.ACCEPTED)
        assert station.snapshot().inbox == ()
        again = station._room._engine.state.venues
        assert again['mine'].quantity('AAPL') == 10.0
        assert again['second'].quantity('IBM') == 10.0
        assert again['second'].cash == 49_500.0
    assert second.VENUES[0].placed == {two: 1, works: 1}


def brought(module, symbol='AAPL'):
    """A position that comes to an account without a fill."""
    module.VENUES[0].portfolio.apply(
        orders.Fill(
            order_id='transfer',
            execution_id='t',
            symbol=symbol,
            side=stations.BUY,
            quantity=10.0,
            price=0.0,
        )
    )


def test_what_comes_to_one_account_is_settled_there_and_only_there(home, both):
    _, second = both
    with running(home) as station:
        accepted(station)
        brought(second, 'IBM')
        stations.until(
            lambda: (
                [each.id for each in station.snapshot().inbox]
                == ['position-IBM@second']
            )
        )
        assert stations.buy(station, 1.0).ok
        denied = stations.buy(station, 1.0, 'IBM')
        assert 'settle position-IBM@second first' in denied.message
        settled = stations.ask(
            station, commands.Settle(id='position-IBM@second', how=H.ADOPT)
        )
        assert settled.ok
        venues = station._room._engine.state.venues
        assert venues['second'].quantity('IBM') == 10.0
        assert venues['mine'].quantity('IBM') == 0.0


def test_fills_of_while_it_was_away_are_booked_at_their_broker(home, both):
    _, second = both
    with running(home) as station:
        placed = accepted(station, 'IBM')
    venue = second.VENUES[0]
    order = venue.orders[placed]
    done = orders.Fill(
        order_id=placed,
        execution_id='away',
        symbol='IBM',
        side=order.side,
        quantity=10.0,
        price=1.0,
        timestamp=venue.time,
    )
    venue.orders[placed] = msgspec.structs.replace(
        order, filled=10.0, status=S.FILLED
    )
    venue.fills.append(done)
    venue.portfolio.apply(done)
    with running(home) as station:
        stations.until(
            lambda: station._room._engine.state.venues['second'].held
        )
    assert stations.log_of(home, T.FILL)[0].data.broker == 'second'


@contextlib.contextmanager
def dead(module, monkeypatch):
    """Lets nobody connect to a broker."""

    async def refuse(self, sink, halted):
        raise errors.BrokerUnknownError('nobody there')

    with monkeypatch.context() as patch:
        patch.setattr(module.Mine, 'connect', refuse)
        yield


def test_a_second_broker_that_is_dead_does_not_hold_the_start(
    home, both, monkeypatch
):
    _, second = both
    with running(home):
        pass
    path = stations.write_strategy(home, 'mine.py', 'pass\n')
    quiet = {'strategies': {'hold': path}, 'patience_s': 0.2}
    with dead(second, monkeypatch), running(home, **quiet) as station:
        stations.until(lambda: links(station)['mine'] == 'connected')
        assert links(station)['second'] in ('lost', 'reconnecting')
        running_ones = station._room._engine.state.strategies
        stations.until(
            lambda: (
                running_ones.get('hold')
                and running_ones['hold'].status == 'running'
            )
        )
        accepted(station)
        late = limit(station, 'IBM')
        found = stations.until(
            lambda: (
                (one := stations.order_of(station, late))
                and not one.is_working
                and one
            )
        )
        assert found.broker == 'second'
        assert 'broker second' in found.message
    assert second.VENUES[0].placed == {}


def test_the_first_start_needs_both_and_says_which_is_missing(
    home, both, monkeypatch
):
    _, second = both
    with (
        dead(second, monkeypatch),
        pytest.raises(errors.StingError, match=r'broker second.*nobody there'),
        running(home),
    ):
        pass
    assert stations.log_of(home) == []


def test_a_broker_that_hangs_at_the_start_is_not_waited_for(
    home, both, monkeypatch
):
    _, second = both
    with running(home):
        pass
    monkeypatch.setattr(manager, 'FIRST_S', 0.2)
    answers = threading.Event()
    connect = second.Mine.connect

    async def hangs(self, sink, halted):
        await asyncio.to_thread(answers.wait, stations.SOON)
        await connect(self, sink, halted)

    monkeypatch.setattr(second.Mine, 'connect', hangs)
    with running(home) as station:
        accepted(station)
        assert links(station)['second'] != 'connected'
        answers.set()
        connected(station)
        accepted(station, 'IBM')


def test_the_emergency_stop_reaches_both(home, both):
    with running(home) as station:
        placed = [accepted(station), accepted(station, 'IBM')]
        station.emergency_stop('me', 'a test')
        for each in placed:
            stations.wait_for(station, each, S.CANCELLED)
        assert [m.VENUES[0].working() for m in both] == [[], []]


def test_a_halt_of_a_shell_is_one_pull_and_one_report_of_both(home, both):
    with running(home) as station:
        placed = {accepted(station), accepted(station, 'IBM')}
        folder = home.state(station.snapshot().profile)
        latch = stop.Latch(folder / stop.LATCH)
        latch.set('operator', 'from a shell')
        number = station.emergency_stop('operator', 'from a shell', latch.pulls)
        latch.close()
        told = stations.until(lambda: station.snapshot().stop)
    assert number == told.pull == 1
    assert set(told.cancelled) == placed
    assert [one.broker for one in told.brokers] == ['mine', 'second']
    types = [one.type for one in stations.log_of(home)]
    assert types.count(T.STOP_REPORT) == 1


def test_another_account_at_the_second_ends_the_start(home, both):
    _, second = both
    second.ACCOUNT['account'] = 'V9'
    with (
        pytest.raises(errors.AccountError, match=r'for account V2.*for V9'),
        running(home),
    ):
        pass


def test_live_starts_only_with_both_accounts_typed(home, both):
    for module in both:
        module.ACCOUNT['simulated'] = False
    live = BOTH | {'mode': records.Mode.LIVE}
    config = stations.config(home, **live)
    for typed in ('', 'U1', 'V2,U1', 'U1,V2,'):
        with pytest.raises(errors.InputError, match=r'those at mine, second'):
            session.open('demo', home=home, config=config, confirm=typed)
    station = session.open('demo', home=home, config=config, confirm='U1,V2')
    try:
        station.start()
        connected(station)
        assert station.snapshot().account == 'U1,V2'
    finally:
        station.close()


@pytest.mark.parametrize(
    'other',
    [
        {'routes': {}, 'backup': '', 'accounts': {}, 'account': 'U1'},
        {'accounts': {'mine': 'U1', 'second': 'V3'}},
    ],
)
def test_a_log_stays_with_its_brokers_and_accounts(home, both, other):
    with running(home):
        pass
    with (
        pytest.raises(
            errors.ConfigError,
            match=r'begun for broker mine U1 and second V2; use another',
        ),
        running(home, **other),
    ):
        pass
