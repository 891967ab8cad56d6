"""A whole session whose broker trades elsewhere too, and is lost meanwhile."""

from concurrent import futures
import time

import pytest

from sting.model import commands
from sting.model import market
from sting.model import orders
from sting.model import records
from sting.testing import broker as scripted
from tests.unit.broker import plugins
from tests.unit.session import stations

pytestmark = pytest.mark.integration

S, H = orders.OrderStatus, commands.How
T = stations.T
LIMIT = orders.OrderType.LIMIT


class DropsInMidOrder(scripted.Script):
    """The connection is lost when an order has arrived, before the answer."""

    def __init__(self, venue):
        self._venue = venue

    def fate(self, request):
        if request != 'place':
            return super().fate(request)
        self._venue.later(0.05, self._venue.drop)
        return scripted.Fate(back_s=0.1)


class Account:
    """The venue behind a session, touched in the session's own thread."""

    def __init__(self, station, venue):
        self._station = station
        self.venue = venue

    def run(self, what, *args):
        done = futures.Future()

        def call():
            done.set_result(what(*args))

        self._station._loop.call_soon_threadsafe(call)
        return done.result(stations.SOON)

    def bar(self, symbol, price):
        stamp = time.time_ns()
        self.run(
            self.venue.trade,
            market.MarketData(symbol, stamp, price, price, price, price, 1e6),
        )

    def elsewhere(self, name, symbol, quantity, **terms):
        order = orders.Order(
            id=name,
            symbol=symbol,
            side=orders.OrderSide.BUY,
            quantity=quantity,
            **terms,
        )
        self.run(self.venue.place, order)

    def brought(self, symbol, quantity):
        """Units that come to the account without a fill."""
        fill = orders.Fill(
            order_id='transfer',
            execution_id='t',
            symbol=symbol,
            side=orders.OrderSide.BUY,
            quantity=quantity,
            price=0.0,
        )
        self.run(self.venue.portfolio.apply, fill)

    def book(self):
        book = self.venue.portfolio
        return (
            {symbol: book.quantity(symbol) for symbol in book.held},
            round(book.cash, 6),
            sorted(order.id for order in self.venue.working()),
        )


def ours(station):
    system = station._room._engine.state
    book = system.portfolio
    return (
        {symbol: book.quantity(symbol) for symbol in book.held},
        round(book.cash, 6),
        sorted(order.id for order in system.working()),
    )


def inbox(station):
    return {each.id: each for each in station.snapshot().inbox}


@pytest.fixture
def home(tmp_path):
    return stations.home_in(tmp_path)


def test_books_are_equal_after_an_outage_with_trades_elsewhere(
    home, tmp_path, monkeypatch
):
    module = plugins.install(tmp_path, monkeypatch)
    outside = {
        'broker': 'mine',
        'mode': records.Mode.PAPER,
        'account': 'U1',
        'reconcile_s': 0.5,
    }
    with stations.running(home, interval_s=stations.NEVER, **outside) as ran:
        first = stations.buy(ran, 10.0, type=LIMIT, price=1.0).order_id
        stations.wait_for(ran, first, S.ACCEPTED)
        venue = module().VENUES[0]
        account = Account(ran, venue)
        account.run(setattr, venue, 'script', DropsInMidOrder(venue))
        second = stations.buy(ran, 4.0, type=LIMIT, price=1.0).order_id
        stations.wait_for(ran, second, S.UNKNOWN)
        # While nobody looks: ours fills, others trade, units are brought in.
        account.bar('AAPL', 0.9)
        account.elsewhere('web-1', 'AAPL', 7.0, type=LIMIT, price=0.5)
        account.elsewhere('web-2', 'IBM', 3.0)
        account.bar('IBM', 50.0)
        account.bar('IBM', 50.0)
        account.brought('IBM', 5.0)
        account.run(setattr, venue, 'script', scripted.Script())
        account.run(venue.restore)
        stations.until(
            lambda: {'position-IBM', 'order-sim-web-1'} <= inbox(ran).keys()
        )
        stations.wait_for(ran, second, S.FILLED)
        denied = stations.buy(ran, 1.0, 'IBM')
        assert 'settle position-IBM first' in denied.message
        for name, how in (
            ('position-IBM', H.ACCEPT),
            ('order-sim-web-1', H.ADOPT),
        ):
            assert stations.ask(ran, commands.Settle(id=name, how=how)).ok
        stations.until(lambda: ours(ran) == account.book())
        account.bar('AAPL', 0.4)
        stations.wait_for(ran, 'web-1', S.FILLED)
        stations.until(lambda: ours(ran) == account.book())
        assert account.book()[0] == {'AAPL': 21.0, 'IBM': 8.0}
        assert {first: 1, second: 1}.items() <= venue.placed.items()
        stations.until(lambda: inbox(ran) == {})
    triggers = [e.data.trigger for e in stations.log_of(home, T.RECONCILIATION)]
    assert triggers[0] == 'start'
    assert 'reconnect' in triggers
