"""A session whose broker is outside the engine, of another package."""

import asyncio
import shutil

import pytest

from sting import session
from sting.broker import link
from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.risk import insisting
from tests.unit.broker import plugins
from tests.unit.session import stations

pytestmark = pytest.mark.unit

T = stations.T
S = orders.OrderStatus


@pytest.fixture
def home(tmp_path):
    return stations.home_in(tmp_path)


@pytest.fixture
def module(tmp_path, monkeypatch):
    return plugins.install(tmp_path, monkeypatch)


OUTSIDE = {'broker': 'mine', 'mode': records.Mode.PAPER, 'account': 'U1'}


def running(home, **more):
    return stations.running(home, interval_s=stations.NEVER, **(OUTSIDE | more))


def limit(station, price=1.0):
    return stations.buy(
        station, 10.0, type=orders.OrderType.LIMIT, price=price
    ).order_id


def test_an_order_goes_to_the_broker_and_what_it_reports_comes_back(
    home, module
):
    with running(home) as station:
        placed = limit(station)
        stations.wait_for(station, placed, S.ACCEPTED)
        assert module().VENUES[0].placed == {placed: 1}
        stations.ask(station, commands.CancelOrder(order_id=placed))
        stations.wait_for(station, placed, S.CANCELLED)
    sources = {event.source for event in stations.log_of(home, T.ORDER_UPDATE)}
    assert sources == {'broker:mine', 'engine'}


def test_the_picture_has_the_account_that_answers_and_the_brokers_name(
    home, module
):
    with running(home) as station:
        picture = stations.until(
            lambda: station.snapshot().account and station.snapshot()
        )
        assert picture.account == 'U1'
        assert picture.brokers[0].name == 'mine'


def test_a_new_log_begins_with_the_cash_of_the_account(home, module):
    with running(home, cash=123.0):
        pass
    begun = stations.log_of(home)[0].data
    assert (begun.cash, begun.broker, begun.account) == (50_000.0, 'mine', 'U1')


def test_what_was_traded_before_a_log_is_in_its_cash_and_not_booked_again(
    home, module
):
    with running(home):
        pass
    venue = module().VENUES[0]
    before = orders.Fill(
        order_id='by hand',
        execution_id='x1',
        symbol='AAPL',
        side=stations.BUY,
        quantity=10.0,
        price=100.0,
        timestamp=venue.time,
    )
    venue.fills.append(before)
    venue.portfolio.apply(before)
    shutil.rmtree(home.state('demo'))
    with running(home) as station:
        # The position is for the operator to settle.
        stations.until(lambda: station.snapshot().inbox)
    log = stations.log_of(home)
    assert log[0].data.cash == 49_000.0
    assert not [event for event in log if event.type is T.FILL]


def test_orders_that_work_there_are_there_after_a_restart(home, module):
    with running(home) as station:
        placed = limit(station)
        stations.wait_for(station, placed, S.ACCEPTED)
    with running(home) as station:
        stations.wait_for(station, placed, S.ACCEPTED)
    assert module().VENUES[0].placed == {placed: 1}


def test_the_emergency_stop_reaches_it(home, module):
    with running(home) as station:
        placed = limit(station)
        stations.wait_for(station, placed, S.ACCEPTED)
        station.emergency_stop('me', 'a test')
        stations.wait_for(station, placed, S.CANCELLED)
        assert module().VENUES[0].working() == []


def test_a_stop_that_finds_no_way_is_repeated_until_there_is_one(
    home, module, monkeypatch
):
    monkeypatch.setattr(insisting, 'FIRST_S', 0.05)
    with running(home) as station:
        placed = limit(station)
        stations.wait_for(station, placed, S.ACCEPTED)
        venue = module().VENUES[0]
        # It takes nothing, and the engine does not know yet.
        monkeypatch.setattr(venue, 'connected', False)
        station.emergency_stop('me', 'a test')
        first = stations.until(lambda: station.snapshot().stop)
        assert first.unknown == (placed,)
        monkeypatch.setattr(venue, 'connected', True)
        told = stations.until(
            lambda: (now := station.snapshot().stop).is_certain and now
        )
        assert told.cancelled == (placed,)
        assert (told.pull, told.tries > 1) == (first.pull, True)
        assert venue.working() == []


def test_what_the_guardian_cancels_before_the_halt_is_in_its_report(
    home, module
):
    with running(home) as station:
        placed = limit(station)
        stations.wait_for(station, placed, S.ACCEPTED)
        session.latch(home, 'demo', 'me', 'a test')
        module().VENUES[0].cancel(placed)
        stations.wait_for(station, placed, S.CANCELLED)
        station.emergency_stop('me', 'a test')
        told = stations.until(lambda: station.snapshot().stop)
        assert told.also == (placed,)


def test_another_account_ends_the_start_with_one_line_and_no_order(
    home, module
):
    module().ACCOUNT['account'] = 'U2'
    with (
        pytest.raises(errors.AccountError, match=r'for account U1.*for U2'),
        running(home),
    ):
        pass
    assert module().VENUES[0].placed == {}
    assert stations.log_of(home) == []


def test_another_account_at_a_later_start_ends_that_too(home, module):
    with running(home) as station:
        placed = limit(station)
        stations.wait_for(station, placed, S.ACCEPTED)
    module().ACCOUNT['simulated'] = False
    with pytest.raises(errors.AccountError, match='real money'), running(home):
        pass
    # Nor was anything cancelled there.
    assert [one.id for one in module().VENUES[0].working()] == [placed]


def test_live_starts_only_with_its_account_typed(home, module):
    module().ACCOUNT['simulated'] = False
    live = OUTSIDE | {'mode': records.Mode.LIVE}
    config = stations.config(home, interval_s=stations.NEVER, **live)
    for typed in ('', 'U2', 'u1'):
        with pytest.raises(errors.InputError, match=r'LIVE.*--confirm'):
            session.open('demo', home=home, config=config, confirm=typed)
    station = session.open('demo', home=home, config=config, confirm='U1')
    try:
        station.start()
        stations.until(lambda: station.snapshot().account == 'U1')
    finally:
        station.close()


def test_a_log_stays_with_the_account_in_which_it_was_begun(home, module):
    module().ACCOUNT['simulated'] = True
    with running(home):
        pass
    module().ACCOUNT['account'] = 'U2'
    with (
        pytest.raises(errors.AccountError, match=r'for account U1.*for U2'),
        running(home, account=''),
    ):
        pass


@pytest.mark.parametrize('other', [{'broker': 'paper'}, {'account': 'U2'}])
def test_a_log_is_not_taken_to_another_account(home, module, other):
    with running(home):
        pass
    with (
        pytest.raises(
            errors.ConfigError, match=r'begun for broker mine U1; use another'
        ),
        running(home, **other),
    ):
        pass


def test_an_order_goes_out_in_extended_hours_where_that_is_wanted(home, module):
    with running(home) as station:
        placed = stations.buy(
            station,
            10.0,
            type=orders.OrderType.LIMIT,
            price=1.0,
            extended_hours=True,
        ).order_id
        stations.wait_for(station, placed, S.ACCEPTED)
        assert module().VENUES[0].orders[placed].extended_hours


def test_the_first_start_needs_the_broker_and_says_so(
    home, module, monkeypatch
):
    async def refuse(self, sink, halted):
        raise errors.BrokerUnknownError('nobody there')

    plugin = module()
    connect = plugin.Mine.connect
    monkeypatch.setattr(plugin.Mine, 'connect', refuse)
    with (
        pytest.raises(
            errors.StingError, match=r'begins with the cash.*nobody there'
        ),
        running(home),
    ):
        pass
    monkeypatch.setattr(plugin.Mine, 'connect', connect)
    with running(home):
        pass
    # A later one does not wait for it, and has no account to show until then.
    monkeypatch.setattr(plugin.Mine, 'connect', refuse)
    with running(home) as station:
        assert station.snapshot().account == ''


def test_the_first_start_does_not_wait_for_ever(home, module, monkeypatch):
    async def hangs(self, *given):
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(link, 'OPEN_S', 0.2)
    monkeypatch.setattr(module().Mine, 'get_time', hangs)
    with (
        pytest.raises(errors.StingError, match=r'no answer within 0\.2 s'),
        running(home),
    ):
        pass


def status(station):
    """The state of the connection, as the newest picture has it."""
    return station.snapshot().brokers[0].status


def test_a_lost_broker_is_told_of_and_connected_again(home, module):
    with running(home, patience_s=0.2) as station:
        stations.until(lambda: status(station) == 'connected')
        first = limit(station)
        stations.wait_for(station, first, S.ACCEPTED)
        venue = module().VENUES[0]
        station._loop.call_soon_threadsafe(venue.drop)
        stations.until(lambda: status(station) in ('lost', 'reconnecting'))
        old = limit(station)
        found = stations.wait_for(station, old, S.REJECTED)
        assert 'not connected; nothing was sent' in found.message
        station._loop.call_soon_threadsafe(venue.cancel, first)
        station._loop.call_soon_threadsafe(venue.restore)
        stations.until(lambda: status(station) == 'connected')
        stations.wait_for(station, first, S.CANCELLED)
        fresh = limit(station)
        stations.wait_for(station, fresh, S.ACCEPTED)
        assert old not in venue.placed
    told = [
        event.data.status
        for event in stations.log_of(home, T.SYSTEM_STATUS)
        if event.data.component == 'broker:mine'
    ]
    again = told[told.index('lost') :]
    assert told[:2] == ['reconciling', 'connected']
    assert [one for one in again if one != 'reconnecting'][:3] == [
        'lost',
        'reconciling',
        'connected',
    ]


def unsent(home):
    """The alerts that name orders whose exits are not sent."""
    return [
        event.data.message
        for event in stations.log_of(home, T.RISK_ALERT)
        if 'its exits are sent only' in event.data.message
    ]


@pytest.mark.parametrize('policy', ['keep', 'cancel'])
def test_an_end_names_what_works_on_and_would_fill_without_exits(
    home, module, policy
):
    with running(home, on_disconnect=policy) as station:
        plain = limit(station)
        entry = stations.buy(
            station,
            10.0,
            type=orders.OrderType.LIMIT,
            price=1.0,
            stop_loss=0.5,
        ).order_id
        stations.wait_for(station, plain, S.ACCEPTED)
        stations.wait_for(station, entry, S.ACCEPTED)
    told = unsent(home)
    if policy == 'cancel':
        assert told == []
        return
    (text,) = told
    assert text.startswith(f'{entry} (AAPL): ')
    assert plain not in text
