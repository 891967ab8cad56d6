"""Symbols that are added to a running session."""

import itertools

import pytest

from sting.model import commands
from sting.model import orders
from tests.unit.session import stations

pytestmark = pytest.mark.unit

T = stations.T


@pytest.fixture
def home(tmp_path):
    return stations.home_in(tmp_path)


def followed(station):
    return [row.symbol for row in station.snapshot().watch]


def watch(station, symbol):
    return stations.ask(station, commands.WatchSymbol(symbol=symbol))


def bars_of(home, symbol):
    return [
        event.data.timestamp
        for event in stations.log_of(home, T.MARKET_DATA)
        if event.symbol == symbol
    ]


def last_of(station, symbol):
    rows = {row.symbol: row for row in station.snapshot().watch}
    return rows[symbol].timestamp if symbol in rows else 0


def test_one_more_symbol_is_followed_with_its_past(home):
    with stations.running(home) as station:
        answer = watch(station, 'MSFT')
        assert answer.ok, answer.message
        assert answer.message == 'MSFT is followed'
        before = stations.until(lambda: last_of(station, 'MSFT'))
        stations.until(lambda: last_of(station, 'MSFT') > before)
        assert followed(station) == ['AAPL', 'IBM', 'MSFT']
        assert len(station.bars('MSFT', 500)) == 500
    for symbol in ('AAPL', 'IBM', 'MSFT'):
        stamps = bars_of(home, symbol)
        assert stamps == sorted(set(stamps))
        gaps = {b - a for a, b in itertools.pairwise(stamps)}
        assert min(gaps) == 60 * 10**9


def test_it_is_traded_by_hand_and_stays_after_a_restart(home):
    with stations.running(home) as station:
        watch(station, 'MSFT')
        stations.until(lambda: last_of(station, 'MSFT'))
        order = stations.buy(station, 10.0, 'MSFT').order_id
        stations.wait_for(station, order, orders.OrderStatus.FILLED)
    with stations.running(home) as station:
        assert followed(station) == ['AAPL', 'IBM', 'MSFT']
        before = last_of(station, 'MSFT')
        stations.until(lambda: last_of(station, 'MSFT') > before)
        refused = stations.ask(station, commands.UnwatchSymbol(symbol='MSFT'))
        assert refused.message == '10 MSFT are held; close that first'


def test_it_is_taken_away_again(home):
    with stations.running(home) as station:
        watch(station, 'MSFT')
        assert stations.ask(station, commands.UnwatchSymbol(symbol='MSFT')).ok
        stations.until(lambda: followed(station) == ['AAPL', 'IBM'])
        order = commands.SubmitOrder(
            symbol='MSFT', side=stations.BUY, quantity=1.0
        )
        refused = stations.ask(station, order)
        assert 'MSFT is not in this profile' in refused.message
    with stations.running(home) as station:
        assert followed(station) == ['AAPL', 'IBM']


@pytest.mark.parametrize(
    ('command', 'said'),
    [
        (commands.WatchSymbol(symbol='AAPL'), 'AAPL is followed already'),
        (commands.WatchSymbol(symbol='NONE'), "no symbol 'NONE' in the feed"),
        (commands.WatchSymbol(symbol='A B'), "no symbol 'A B' in the feed"),
        (
            commands.UnwatchSymbol(symbol='AAPL'),
            'AAPL was not added; what the profile names is taken out of '
            'sting.yaml',
        ),
        (commands.UnwatchSymbol(symbol='FB'), 'FB is not followed'),
    ],
)
def test_what_cannot_be_is_said(home, command, said):
    with stations.running(home) as station:
        answer = stations.ask(station, command)
        assert not answer.ok
        assert said in answer.message
        assert followed(station) == ['AAPL', 'IBM']


def test_a_strategy_goes_on_with_the_symbols_of_the_profile(home):
    path = stations.write_strategy(
        home,
        'sees.py',
        """
        async def on_start(self):
            self.seen = set()

        async def on_market_data(self, data):
            if data.symbol not in self.seen:
                self.seen.add(data.symbol)
                self.log.info(data.symbol)
        """,
    )
    with stations.running(home, strategies={'sees': path}) as station:
        stations.until((home.state('demo') / 'strategies.log').exists)
        watch(station, 'MSFT')
        before = stations.until(lambda: last_of(station, 'MSFT'))
        stations.until(lambda: last_of(station, 'MSFT') > before)
    with stations.running(home, strategies={'sees': path}) as station:
        before = last_of(station, 'MSFT')
        stations.until(lambda: last_of(station, 'MSFT') > before)
    lines = (home.state('demo') / 'strategies.log').read_text()
    assert 'AAPL' in lines
    assert 'MSFT' not in lines
