"""A session and the book of a broker outside: compared, and settled."""

import pytest

from sting.engine import bus
from sting.model import commands
from sting.model import orders
from sting.model import records
from tests.unit.broker import plugins
from tests.unit.session import stations

pytestmark = pytest.mark.unit

T = stations.T
S, H = orders.OrderStatus, commands.How


@pytest.fixture
def home(tmp_path):
    return stations.home_in(tmp_path)


@pytest.fixture
def module(tmp_path, monkeypatch):
    return plugins.install(tmp_path, monkeypatch)


def running(home, **more):
    outside = {
        'broker': 'mine',
        'mode': records.Mode.PAPER,
        'account': 'U1',
        'reconcile_s': 0.2,
    }
    return stations.running(home, **(outside | more))


def brought(module, quantity=10.0, symbol='AAPL'):
    """A position that comes to the account without a fill."""
    module().VENUES[0].portfolio.apply(
        orders.Fill(
            order_id='transfer',
            execution_id='t',
            symbol=symbol,
            side=orders.OrderSide.BUY,
            quantity=quantity,
            price=0.0,
        )
    )


def inbox(station):
    return {each.id: each for each in station.snapshot().inbox}


def test_equal_books_are_told_once_at_the_start(home, module):
    with running(home) as station:
        stations.until(lambda: stations.log_of(home, T.RECONCILIATION))
        assert inbox(station) == {}
    (told,) = stations.log_of(home, T.RECONCILIATION)
    assert (told.data.trigger, told.data.differences) == ('start', ())
    assert told.source == 'broker:mine'


def test_what_comes_to_the_account_waits_in_the_inbox_and_is_settled(
    home, module
):
    with running(home) as station:
        stations.buy(station, 1.0, type=orders.OrderType.LIMIT, price=1.0)
        brought(module)
        stations.until(lambda: 'position-AAPL' in inbox(station))
        denied = stations.buy(station, 1.0)
        assert 'settle position-AAPL first' in denied.message
        assert stations.buy(station, 1.0, 'IBM').ok
        settled = stations.ask(
            station,
            commands.Settle(id='position-AAPL', how=H.ACCEPT),
        )
        assert settled.message == '+10 AAPL booked for the operator'
        assert stations.buy(station, 1.0).ok
    assert stations.state_of(home).portfolio.quantity('AAPL') >= 10.0


def test_what_is_open_is_open_after_a_restart(home, module):
    with running(home) as station:
        stations.until(lambda: 'AAPL' in station._room._engine.state.prices)
        brought(module)
        stations.until(lambda: 'position-AAPL' in inbox(station))
    with running(home) as station:
        assert 'position-AAPL' in inbox(station)
        denied = stations.buy(station, 1.0)
        assert 'settle position-AAPL first' in denied.message


def test_a_broker_that_is_played_here_is_not_looked_at(home):
    with stations.running(home) as station:
        assert stations.buy(station).ok
    assert stations.log_of(home, T.RECONCILIATION) == []


def test_an_adopted_position_is_told_to_its_strategy_as_it_runs(home):
    path = stations.write_strategy(
        home,
        'mine.py',
        """
        async def on_position_update(self, position):
            if position.quantity > 0:
                self.sell(position.symbol, position.quantity)
        """,
    )
    mine = {'mine': {'strategy': path}}
    with stations.running(home, strategies=mine) as station:
        system = station._room._engine.state
        stations.until(
            lambda: (
                'IBM' in system.prices
                and system.strategies.get('mine')
                and system.strategies['mine'].status == 'running'
            )
        )
        found = records.Difference(
            id='position-IBM',
            kind=records.DifferenceKind.POSITION,
            symbol='IBM',
            theirs=10.0,
        )
        station._room.submit(
            bus.Lane.REPORTS,
            bus.Incoming(
                T.RECONCILIATION,
                records.Reconciliation(trigger='timer', differences=(found,)),
                'broker:test',
            ),
        )
        stations.until(lambda: inbox(station))
        adopt = commands.Settle(id='position-IBM', how=H.ADOPT, strategy='mine')
        assert stations.ask(station, adopt).ok
        stations.until(
            lambda: any(
                order.strategy == 'mine' and order.side is stations.SELL
                for order in system.orders.copy().values()
            )
        )
    sold = [
        event.data
        for event in stations.log_of(home, T.ORDER_REQUEST)
        if event.data.side is stations.SELL
    ]
    assert [each.quantity for each in sold][:1] == [10.0]


def test_looks_that_fail_end_the_engine_and_are_told(home, module, monkeypatch):
    async def fails(self):
        raise KeyError('qty')

    with running(home) as station:
        stations.until(lambda: stations.log_of(home, T.RECONCILIATION))
        monkeypatch.setattr(module().Mine, 'get_positions', fails)
        failure = stations.until(lambda: station.failure)
    assert isinstance(failure, KeyError)
    assert station.snapshot().state is records.TradingState.HALTED
