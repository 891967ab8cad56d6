"""What the engine's room puts together, seen in the log of a short run."""

import json
import os

import pytest

from sting.broker import way
from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.model import specs
from sting.session import feeds
from sting.session import parts
from sting.session import room
from tests.unit.session import stations

pytestmark = pytest.mark.unit

T = stations.T


@pytest.fixture
def home(tmp_path):
    return stations.home_in(tmp_path)


def test_a_new_log_begins_with_what_the_account_is(home):
    with stations.running(home, cash=5_000.0):
        pass
    first, rules, started, *_ = stations.log_of(home)
    assert first.type is T.LOG_CREATED
    assert first.data.profile == 'demo'
    assert first.data.mode is records.Mode.DEMO
    assert first.data.cash == 5_000.0
    assert len(first.data.log) == 8
    assert rules.type is T.RULE_SET
    assert started.data.status == 'started'
    assert started.data.detail == f'process {os.getpid()}'


def test_every_log_has_an_id_of_its_own(tmp_path):
    ids = set()
    for name in ('a', 'b'):
        home = stations.home_in(tmp_path / name)
        with stations.running(home):
            pass
        ids.add(stations.log_of(home)[0].data.log)
    assert len(ids) == 2


def test_the_rules_are_logged_when_they_change_and_only_then(home):
    for _ in range(2):
        with stations.running(home):
            pass
    assert len(stations.log_of(home, T.RULE_SET)) == 1


def test_bars_of_before_the_start_are_there_at_once(home):
    with stations.running(home, interval_s=stations.NEVER) as station:
        assert len(station.bars('AAPL', 10_000)) >= feeds.WARM_UP


def test_a_strategy_is_warm_when_it_starts(home):
    path = stations.write_strategy(
        home,
        'warm.py',
        """
        async def on_start(self):
            self.average = self.indicator(
                strategy.indicators.SMA, period=100
            )

        async def on_market_data(self, data):
            if not self.portfolio.held and self.average.ready:
                self.log.info('ready')
                self.buy(data.symbol, 1, reason='warm')
        """,
    )
    with stations.running(home, strategies={'warm': path}) as station:
        stations.until(lambda: station.marks('AAPL', 1))
    signal = stations.log_of(home, T.SIGNAL)[0]
    assert signal.data.reason == 'warm'
    bars = [
        one
        for one in stations.log_of(home, T.MARKET_DATA)
        if one.seq <= signal.cause
    ]
    assert len(bars) < 100
    lines = (home.state('demo') / parts.NOTES).read_text().splitlines()
    assert json.loads(lines[0])['event'] == 'ready'


def test_a_strategy_goes_on_with_its_own_book(home):
    path = stations.write_strategy(
        home,
        'once.py',
        """
        async def on_start(self):
            self.done = bool(self.portfolio.held)

        async def on_market_data(self, data):
            if data.symbol == 'AAPL' and not self.done:
                self.done = True
                self.buy('AAPL', 3)
        """,
    )
    strategies = {'once': path}
    with stations.running(home, strategies=strategies) as station:
        stations.until(lambda: station.snapshot().strategies[0].trades == 1)
    with stations.running(home, strategies=strategies) as station:
        seq = station.snapshot().seq
        stations.until(lambda: station.snapshot().seq > seq + 20)
        assert station.snapshot().strategies[0].trades == 1
    assert len(stations.log_of(home, T.FILL)) == 1


def test_an_order_of_a_strategy_can_be_followed_to_its_signal(home):
    with stations.running(
        home,
        strategies={
            'sma': {
                'strategy': 'sting.library.sma_cross',
                'parameters': {'fast': 2, 'slow': 3},
            }
        },
    ) as station:
        stations.until(lambda: station.marks('AAPL', 1))
        (request, *_) = stations.log_of(home, T.ORDER_REQUEST)
        rows = station.why(request.seq).result(stations.SOON)
    kinds = [row.type for row in rows]
    assert kinds == ['order_request', 'signal', 'market_data']
    signal = stations.log_of(home, T.SIGNAL)[0].data
    assert set(signal.indicators) == {'SMA(2)', 'SMA(3)'}


def test_resume_is_refused_on_a_log_that_does_not_verify(home):
    with stations.running(home) as station:
        stations.until(lambda: station.snapshot().seq > 10)
    stations.change(home, 5)
    with stations.running(home) as station:
        stations.until(
            lambda: station.snapshot().state is records.TradingState.HALTED
        )
        word = commands.Resume(confirm='RESUME')
        refused = stations.ask(station, word)
        assert not refused.ok
        assert 'event 5' in refused.message
        assert stations.ask(station, commands.CancelAll()).ok


def test_the_parts_say_how_they_are(home):
    with stations.running(home) as station:
        picture = stations.until(
            lambda: (
                station.snapshot()
                if station.snapshot().feeds[0].age_s is not None
                else None
            )
        )
    (feed,) = picture.feeds
    assert (feed.name, feed.status) == ('demo', 'connected')
    (broker,) = picture.brokers
    assert (broker.name, broker.status) == ('paper', 'connected')
    assert [row.name for row in picture.queues] == [
        'stop',
        'reports',
        'orders',
        'market',
        'brokers',
    ]
    assert picture.account == 'paper'


def test_a_strategy_is_given_longer_bars_of_what_warmed_it_up_too(home):
    path = stations.write_strategy(
        home,
        'framed.py',
        """
        async def on_start(self):
            self.average = self.indicator(strategy.indicators.SMA, period=5)

        async def on_market_data(self, data):
            assert data.timeframe == '1h' and self.average.ready
            self.log.info(f'hour {data.timestamp}')
            self.buy(data.symbol, 1, reason='hour')
        """,
    )
    framed = {'strategy': path, 'timeframes': ('1h',), 'symbols': ('AAPL',)}
    with stations.running(
        home, interval_s=0.001, strategies={'framed': framed}
    ):
        stations.until(lambda: len(stations.log_of(home, T.SIGNAL)) >= 3)
    bars = {
        event.seq: event.data for event in stations.log_of(home, T.MARKET_DATA)
    }
    answered = [bars[event.cause] for event in stations.log_of(home, T.SIGNAL)]
    # Every hour from the open on, and the last half hour.
    assert {bar.time.minute for bar in answered} <= {30, 0}
    assert all(bar.timeframe == '1m' for bar in answered)


def test_a_timeframe_that_cannot_be_built_keeps_the_engine_from_starting(home):
    framed = {'strategy': 'sting.library.sma_cross', 'timeframes': ('30s',)}
    with (
        pytest.raises(errors.ConfigError, match='ask for 1m or longer'),
        stations.running(home, strategies={'framed': framed}),
    ):
        pass


def test_a_calendar_that_is_none_is_told(home):
    with (
        pytest.raises(errors.ConfigError, match="profile demo: 'MOON' is no"),
        stations.running(home, calendar='MOON'),
    ):
        pass


def test_a_strategy_keeps_to_its_own_limits_while_others_trade_on(home):
    body = """
        async def on_market_data(self, data):
            if not self.portfolio.held:
                self.buy(data.symbol, 10, reason='ten')
        """
    path = stations.write_strategy(home, 'ten.py', body)
    limits = specs.Limits(max_position=5.0)
    entries = {
        'bound': {'strategy': path, 'symbols': ('IBM',), 'limits': limits},
        'free': {'strategy': path, 'symbols': ('IBM',), 'capital': 5_000.0},
    }
    with stations.running(home, strategies=entries):
        stations.until(
            lambda: (
                stations.log_of(home, T.FILL)
                and [
                    event
                    for event in stations.log_of(home, T.RISK_VERDICT)
                    if 'max_position(bound)' in event.data.message
                ]
            )
        )
    rules = stations.log_of(home, T.RULE_SET)[-1].data
    own = rules.names.index('strategy_max_position(bound)')
    assert (rules.limits[own], rules.units[own]) == (5.0, 'units')
    assert 'strategy_capital(free)' in rules.names
    verdicts = [event.data for event in stations.log_of(home, T.RISK_VERDICT)]
    denied = [verdict for verdict in verdicts if own in verdict.failed]
    assert {verdict.figures[own] for verdict in denied} == {10.0}
    # It is no rule for the other.
    passed = [verdict for verdict in verdicts if not verdict.failed]
    assert {verdict.figures[own] for verdict in passed} == {None}


def resting(station):
    """Places an order that works on."""
    placed = stations.buy(station, 1.0, type=orders.OrderType.LIMIT, price=1.0)
    assert placed.ok
    stations.until(
        lambda: (
            [row.status for row in station.snapshot().orders] == ['accepted']
        )
    )


@pytest.mark.parametrize(
    ('policy', 'status'),
    [('keep', 'accepted'), ('cancel', 'cancelled')],
)
def test_an_end_in_order_keeps_or_cancels_what_works(home, policy, status):
    with stations.running(home, on_disconnect=policy) as station:
        resting(station)
    (order,) = stations.state_of(home).orders.values()
    assert order.status == status


def test_an_order_of_paper_waits_with_its_exits_and_is_not_named(home):
    with stations.running(home) as station:
        stations.buy(
            station,
            1.0,
            type=orders.OrderType.LIMIT,
            price=1.0,
            stop_loss=0.5,
        )
    assert not any(
        'its exits are sent only' in event.data.message
        for event in stations.log_of(home, T.RISK_ALERT)
    )


def test_an_end_does_not_wait_for_ever_for_a_cancel(home, monkeypatch):
    monkeypatch.setattr(room, 'CANCEL_S', 0.1)
    with stations.running(home, on_disconnect='cancel') as station:
        resting(station)
        monkeypatch.setattr(way.Way, 'send', lambda self, errand: None)
    alerts = [
        event.data.message for event in stations.log_of(home, T.RISK_ALERT)
    ]
    assert any('look at the broker' in alert for alert in alerts)


def test_what_a_strategys_indicators_had_can_be_asked_for(home):
    with stations.running(
        home, strategies={'sma': 'sting.library.sma_cross'}
    ) as station:

        def live():
            found = station.lines('AAPL', 10_000)
            # Past what warmed it up.
            return found and len(found[0].times) > feeds.WARM_UP

        stations.until(live)
        stations.until(lambda: station.snapshot().watch[0].read > 1)
        lines = station.lines('AAPL', 10_000)
        bars = station.bars('AAPL', 10_000)
    closes = [bar.close for bar in bars]
    places = {bar.timestamp: place for place, bar in enumerate(bars)}
    for line in lines:
        assert line.strategy == 'sma'
        assert line.times == tuple(sorted(set(line.times)))
        length = int(line.name.removeprefix('SMA(').removesuffix(')'))
        for at in (len(line.times) // 2, -1):
            place = places[line.times[at]]
            mean = sum(closes[place + 1 - length : place + 1]) / length
            assert line.values[at] == pytest.approx(mean)
