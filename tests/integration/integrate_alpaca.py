"""A whole session at Alpaca: its service goes and comes, exits are pairs."""

import asyncio

import pytest

from sting.model import commands
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.testing.brokers import venues
from tests.brokers.alpaca import server as servers
from tests.brokers.alpaca import world as worlds
from tests.unit.session import stations

pytestmark = pytest.mark.integration

S = orders.OrderStatus
LIMIT = orders.OrderType.LIMIT
# A lost connection is made again after pauses that grow.
PATIENCE_S = 60.0


class World(worlds.AlpacaWorld):
    """The market of the demo's symbols."""

    symbols = ('AAPL', 'IBM')

    def do(self, work):
        """Runs something in the service's thread, from the tests'."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def trades(self, symbol, price, volume=1e6):
        self.clock.advance(self.clock.now() + venues.MINUTE)
        bar = market.MarketData(
            symbol, self.clock.now(), price, price, price, price, volume
        )
        self.do(self._call(self.venue.trade, bar))

    def book(self):
        """What the account has, and what works."""
        found = self.venue.portfolio
        return (
            {symbol: found.quantity(symbol) for symbol in found.held},
            round(found.cash, 6),
            len(self.venue.working()),
        )


async def _made():
    return World()


@pytest.fixture
def there():
    made = asyncio.run(_made())
    yield made
    asyncio.run(made.close())


@pytest.fixture
def home(tmp_path, there, monkeypatch):
    monkeypatch.setenv('STING_ALPACA_KEY', servers.KEY)
    monkeypatch.setenv('STING_ALPACA_SECRET', servers.SECRET)
    found = stations.home_in(tmp_path)
    exchanges = found.config / 'exchanges'
    exchanges.mkdir(parents=True)
    (exchanges / 'alpaca.yaml').write_text(
        f'trading_url: http://127.0.0.1:{there.server.port}\n'
    )
    return found


BRACKET = {
    'type': LIMIT,
    'price': 95.0,
    'take_profit': 110.0,
    'stop_loss': 80.0,
}
OUTSIDE = {
    'broker': 'alpaca',
    'mode': records.Mode.PAPER,
    'reconcile_s': 0.5,
}


def ours(station):
    system = station._room._engine.state
    book = system.portfolio
    return (
        {symbol: book.quantity(symbol) for symbol in book.held},
        round(book.cash, 6),
        len(list(system.working())),
    )


def wait_for(station, order_id, status):
    def reached():
        found = stations.order_of(station, order_id)
        return found is not None and found.status == status

    stations.until(reached, PATIENCE_S)


def equal(station, there):
    stations.until(lambda: ours(station) == there.book(), PATIENCE_S)


@pytest.mark.slow
def test_a_session_ends_with_equal_books_over_an_outage_and_a_restart(
    home, there
):
    with stations.running(home, interval_s=stations.NEVER, **OUTSIDE) as ran:
        first = stations.buy(ran, 10.0, type=LIMIT, price=95.0).order_id
        second = stations.buy(ran, 5.0, type=LIMIT, price=50.0).order_id
        wait_for(ran, first, S.ACCEPTED)
        wait_for(ran, second, S.ACCEPTED)
        there.do(there.server.drop())
        there.trades('AAPL', 90.0)
        there.server.down = False
        wait_for(ran, first, S.FILLED)
        equal(ran, there)
        stations.ask(ran, commands.CancelOrder(order_id=second))
        wait_for(ran, second, S.CANCELLED)
        there.script.losses.append('answer')
        third = stations.buy(ran, 2.0, type=LIMIT, price=80.0).order_id
        wait_for(ran, third, S.ACCEPTED)
        assert there.venue.placed[third] == 1
        equal(ran, there)
    # What works goes on while nobody is there.
    there.trades('AAPL', 79.0)
    with stations.running(home, interval_s=stations.NEVER, **OUTSIDE) as ran:
        stations.until(lambda: ours(ran)[0] == {'AAPL': 12.0}, PATIENCE_S)
        equal(ran, there)
    kinds = {event.type for event in stations.log_of(home)}
    assert events.EventType.RECONCILIATION in kinds


def test_an_entry_with_exits_is_one_request_and_lives_over_a_restart(
    home, there
):
    with stations.running(home, interval_s=stations.NEVER, **OUTSIDE) as ran:
        entry = stations.buy(
            ran,
            10.0,
            type=LIMIT,
            price=95.0,
            take_profit=110.0,
            stop_loss=80.0,
        ).order_id
        wait_for(ran, entry, S.ACCEPTED)
        there.trades('AAPL', 90.0)
        for ending in ('tp', 'sl'):
            wait_for(ran, f'{entry}-{ending}', S.ACCEPTED)
        posts = [asked for asked in there.server.asked if asked[0] == 'POST']
        assert len(posts) == 1
    with stations.running(home, interval_s=stations.NEVER, **OUTSIDE) as ran:
        stations.until(lambda: ours(ran)[2] == 2, PATIENCE_S)
        there.trades('AAPL', 75.0)
        wait_for(ran, f'{entry}-sl', S.FILLED)
        wait_for(ran, f'{entry}-tp', S.CANCELLED)
        equal(ran, there)


def test_a_part_of_a_cancelled_entry_has_exits_once(home, there):
    with stations.running(home, interval_s=stations.NEVER, **OUTSIDE) as ran:
        entry = stations.buy(ran, **BRACKET).order_id
        wait_for(ran, f'{entry}-sl', S.ACCEPTED)
        there.trades('AAPL', 95.0, volume=16.0)
        wait_for(ran, entry, S.PARTIALLY_FILLED)
        stations.ask(ran, commands.CancelOrder(order_id=entry))
        for ending in ('', '-tp', '-sl'):
            wait_for(ran, f'{entry}{ending}', S.CANCELLED)
        stations.until(lambda: ours(ran)[2] == 2, PATIENCE_S)
        equal(ran, there)
    with stations.running(home, interval_s=stations.NEVER, **OUTSIDE) as ran:
        stations.until(lambda: ours(ran)[2] == 2, PATIENCE_S)
        there.trades('AAPL', 75.0)
        stations.until(lambda: ours(ran)[0] == {}, PATIENCE_S)
        equal(ran, there)


@pytest.mark.slow
def test_what_trades_before_an_answer_is_found_is_its_orders(home, there):
    with stations.running(home, interval_s=stations.NEVER, **OUTSIDE) as ran:
        there.script.losses.append('answer')
        entry = stations.buy(ran, **BRACKET).order_id
        stations.until(there.venue.working, PATIENCE_S)
        there.trades('AAPL', 95.0)
        there.trades('AAPL', 111.0)
        wait_for(ran, f'{entry}-tp', S.FILLED)
        wait_for(ran, f'{entry}-sl', S.CANCELLED)
        equal(ran, there)
    fills = stations.log_of(home, events.EventType.FILL)
    assert [event.data.order_id for event in fills] == [entry, f'{entry}-tp']


def test_a_halt_takes_everything_out(home, there):
    with stations.running(home, interval_s=stations.NEVER, **OUTSIDE) as ran:
        sent = stations.buy(ran, 10.0, type=LIMIT, price=95.0).order_id
        wait_for(ran, sent, S.ACCEPTED)
        ran.emergency_stop('me', 'a test')
        wait_for(ran, sent, S.CANCELLED)
        equal(ran, there)


def test_what_fills_while_nobody_is_there_gets_its_exits_once(home, there):
    with stations.running(home, interval_s=stations.NEVER, **OUTSIDE) as ran:
        entry = stations.buy(
            ran,
            10.0,
            type=LIMIT,
            price=95.0,
            take_profit=110.0,
            stop_loss=80.0,
            time_in_force=orders.TimeInForce.DAY,
        ).order_id
        wait_for(ran, entry, S.ACCEPTED)
    there.trades('AAPL', 90.0)
    assert there.book()[0] == {'AAPL': 10.0}
    exits = [f'{entry}-tp', f'{entry}-sl']
    for _ in range(2):
        # After the second start they are there, and nothing is sent.
        with stations.running(
            home, interval_s=stations.NEVER, **OUTSIDE
        ) as ran:
            for name in exits:
                wait_for(ran, name, S.ACCEPTED)
            equal(ran, there)
    posts = [asked for asked in there.server.asked if asked[0] == 'POST']
    assert len(posts) == 2
    alerts = stations.log_of(home, events.EventType.RISK_ALERT)
    assert [
        event.data.message.split()[0]
        for event in alerts
        if 'its exits are sent only' in event.data.message
    ] == [entry]


def test_what_fills_while_nobody_is_there_has_its_exits(home, there):
    with stations.running(home, interval_s=stations.NEVER, **OUTSIDE) as ran:
        entry = stations.buy(
            ran,
            10.0,
            type=LIMIT,
            price=95.0,
            take_profit=110.0,
            stop_loss=80.0,
        ).order_id
        for ending in ('', '-tp', '-sl'):
            wait_for(ran, f'{entry}{ending}', S.ACCEPTED)
    there.trades('AAPL', 90.0)
    there.trades('AAPL', 111.0)
    # In and out again, with nobody there.
    assert there.book()[0] == {}
    with stations.running(home, interval_s=stations.NEVER, **OUTSIDE) as ran:
        wait_for(ran, entry, S.FILLED)
        wait_for(ran, f'{entry}-tp', S.FILLED)
        wait_for(ran, f'{entry}-sl', S.CANCELLED)
        equal(ran, there)
    posts = [asked for asked in there.server.asked if asked[0] == 'POST']
    assert len(posts) == 1
    assert not [
        event
        for event in stations.log_of(home, events.EventType.RISK_ALERT)
        if 'its exits are sent only' in event.data.message
    ]
