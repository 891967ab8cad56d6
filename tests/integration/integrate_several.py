"""One session at Alpaca and Interactive Brokers: each has its own book."""

import asyncio

import pytest

from sting.model import commands
from sting.model import orders
from sting.model import records
from tests.brokers.alpaca import server as servers
from tests.brokers.ibkr import wire
from tests.integration import integrate_alpaca
from tests.integration import integrate_ibkr
from tests.unit.session import stations

pytestmark = pytest.mark.integration

S = orders.OrderStatus
LIMIT = orders.OrderType.LIMIT
PATIENCE_S = 60.0


async def _made(kind):
    return kind.World()


@pytest.fixture
def alpaca():
    made = asyncio.run(_made(integrate_alpaca))
    yield made
    asyncio.run(made.close())


@pytest.fixture
def ibkr():
    made = asyncio.run(_made(integrate_ibkr))
    yield made
    asyncio.run(made.close())


@pytest.fixture
def home(tmp_path, alpaca, ibkr, monkeypatch):
    monkeypatch.setenv('STING_ALPACA_KEY', servers.KEY)
    monkeypatch.setenv('STING_ALPACA_SECRET', servers.SECRET)
    found = stations.home_in(tmp_path)
    exchanges = found.config / 'exchanges'
    exchanges.mkdir(parents=True)
    (exchanges / 'alpaca.yaml').write_text(
        f'trading_url: http://127.0.0.1:{alpaca.server.port}\n'
    )
    (exchanges / 'ibkr.yaml').write_text(f'port: {ibkr.gateway.port}\n')
    return found


def running(home):
    return stations.running(
        home,
        interval_s=stations.NEVER,
        broker='alpaca',
        mode=records.Mode.PAPER,
        routes={'IBM': 'ibkr'},
        accounts={'alpaca': 'PA2JWFLA2OZ5', 'ibkr': wire.ACCOUNT},
        reconcile_s=0.5,
    )


def ours(station, broker):
    system = station._room._engine.state
    book = system.venues[broker]
    return (
        {symbol: book.quantity(symbol) for symbol in book.held},
        round(book.cash, 6),
        sum(order.broker == broker for order in system.working()),
    )


def theirs(there):
    held, cash, working = there.book()
    return held, cash, working if isinstance(working, int) else len(working)


def wait_for(station, order_id, status):
    def reached():
        found = stations.order_of(station, order_id)
        return found is not None and found.status == status

    stations.until(reached, PATIENCE_S)


def limit(station, symbol, price):
    placed = stations.buy(
        station, 10.0, symbol, type=LIMIT, price=price
    ).order_id
    wait_for(station, placed, S.ACCEPTED)
    return placed


def test_two_real_protocols_in_one_profile_end_with_equal_books(
    home, alpaca, ibkr
):
    def equal(station):
        for name, there in (('alpaca', alpaca), ('ibkr', ibkr)):
            stations.until(
                lambda name=name, there=there: (
                    ours(station, name) == theirs(there)
                ),
                PATIENCE_S,
            )

    with running(home) as ran:
        one, two = limit(ran, 'AAPL', 95.0), limit(ran, 'IBM', 95.0)
        assert alpaca.venue.placed == {one: 1}
        assert ibkr.venue.placed == {two: 1}
        # One of both is cut off, and the other one trades on.
        ibkr.goes()
        alpaca.trades('AAPL', 90.0)
        ibkr.trades('IBM', 90.0)
        wait_for(ran, one, S.FILLED)
        ibkr.comes()
        wait_for(ran, two, S.FILLED)
        equal(ran)
        rest = limit(ran, 'IBM', 50.0)
    with running(home) as ran:
        wait_for(ran, rest, S.ACCEPTED)
        equal(ran)
        assert ran.snapshot().inbox == ()
        stations.ask(ran, commands.CancelOrder(order_id=rest))
        wait_for(ran, rest, S.CANCELLED)
        ran.emergency_stop('me', 'a test')
        equal(ran)
