"""A profile on a market: the real programs before services on loopback."""

import contextlib
import subprocess
import textwrap
import time

import pytest

from sting import settings
from sting.engine import reader
from sting.model import events
from tests.integration import exchanges
from tests.integration import terminal

pytestmark = pytest.mark.integration

T = events.EventType
SYMBOL = 'BTCUSDT'
MINUTE = exchanges.MINUTE
SECONDS = 10**9
PATIENCE_S = 40.0
CONFIG = """\
profiles:
  mine:
    mode: paper
    broker: paper
    feed: mine
    symbols: [BTCUSDT]
    strategies: [told]
    cash: 100000
    currency: USDT
    calendar: 24/7
feeds:
  mine:
    kind: market
    sources: [binance, yahoo]
    names: {yahoo: {BTCUSDT: BTC-USD}}
"""
STRATEGY = """\
from sting import strategy


class Told(strategy.AbstractStrategy):
    async def on_market_data(self, data):
        self.buy(data.symbol, 1.0, reason=f'bar {data.timestamp}')

    async def on_data_issue(self, issue):
        self.buy('BTCUSDT', 2.0, reason=f'told: {issue.issue}')
"""


@pytest.fixture
def services():
    with exchanges.Exchanges() as running:
        yield running


@pytest.fixture
def home(tmp_path, services):
    made = terminal.make_home(tmp_path, CONFIG)
    (made / 'strategies').mkdir()
    (made / 'strategies' / 'told.py').write_text(STRATEGY)
    config = made / 'config'
    (config / 'strategy.yaml').write_text(
        'strategies: {told: {strategy: told.py}}\n'
    )
    (config / 'exchanges').mkdir()
    (config / 'exchanges' / 'binance.yaml').write_text(
        textwrap.dedent(f"""\
            base_url: {services.rest}
            data_stream_url: {services.streams}
            """)
    )
    (config / 'exchanges' / 'yahoo.yaml').write_text(
        f'base_url: {services.rest}\n'
    )
    return made


@contextlib.contextmanager
def running(home):
    """`sting run`, ended in order."""
    process = subprocess.Popen(
        [terminal.PROGRAMS / 'sting', 'run', '--profile', 'mine'],
        env=terminal.environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line.startswith('profile mine (PAPER, TRADING) runs'), (
            process.communicate(timeout=30)
        )
        yield process
        process.terminate()
        assert process.wait(30) == 0
        assert process.stderr.read() == ''
    finally:
        process.kill()
        process.communicate()


def until(condition):
    """Waits until something holds, and gives what was found."""
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < end, 'it did not happen in time'
        time.sleep(0.05)
    return found


def feed_of(home):
    (feed,) = terminal.sting(home, 'status', '--profile', 'mine')['feeds']
    return feed


def log_of(home, *kinds):
    path = settings.Home.find({'STING_HOME': str(home)}).log('mine')
    return [one for one in reader.read(path) if one.type in kinds]


def bars(home):
    """Close, in seconds, and price of the bars of the log."""
    return [
        (one.data.timestamp // SECONDS, one.data.close)
        for one in log_of(home, T.MARKET_DATA)
    ]


def test_the_terminal_shows_the_source_and_the_failover(home, services):
    services.fails.add('binance')
    known = services.upto['yahoo'] = exchanges.minute() - MINUTE
    shown = terminal.Terminal(home, arguments=('--profile', 'mine'))
    try:
        shown.until(r'feed failover yahoo')
        feed = feed_of(home)
        assert (feed['status'], feed['source']) == ('failover', 'yahoo')
        assert 'HTTP 451' in feed['detail']
        shown.until(r'told running')
        until(lambda: services.listening)
        # All since: a bar behind a hole would wait for what is missing.
        for close in range(known + MINUTE, exchanges.minute() + 1, MINUTE):
            services.push(SYMBOL, close)
        # A bar of the minute's last second is a minute old when it is shown.
        shown.until(r'feed (degraded )?binance \d+[sm]')
        shown.until(r'1,000\.00')
        until(lambda: signals_answer_all(home))
    finally:
        shown.close()
    found = bars(home)
    assert {price for _, price in found} == {exchanges.PRICES['binance']}
    issues = [one.data.issue for one in log_of(home, T.DATA_ISSUE)]
    assert issues.index('switched') < issues.index('restored')
    statuses = [
        one.data.status
        for one in log_of(home, T.SYSTEM_STATUS)
        if one.data.component == 'feed:mine'
    ]
    assert statuses[:2] == ['connecting', 'failover']
    alerts = [one.data.message for one in log_of(home, T.RISK_ALERT)]
    assert any('switched: yahoo gives its bars now' in text for text in alerts)


def signals_answer_all(home):
    """Whether the strategy was told of all bars, and of the way back."""
    told = {one.data.reason for one in log_of(home, T.SIGNAL)}
    stamps = {f'bar {close * SECONDS}' for close, _ in bars(home)}
    return stamps and stamps | {'told: restored'} <= told


def test_what_closed_while_it_was_down_is_told_before_strategies_start(
    home, services
):
    begun = exchanges.minute()
    services.upto['binance'] = begun - 5 * MINUTE
    services.upto['yahoo'] = begun - 5 * MINUTE
    with running(home):
        until(lambda: services.listening)
        services.push(SYMBOL, begun - 4 * MINUTE)
        until(lambda: bars(home))
    ended = log_of(home, *T)[-1].seq
    services.upto.clear()
    with running(home):
        running_again = until(
            lambda: [
                one
                for one in log_of(home, T.STRATEGY_STATUS)
                if one.seq > ended and one.data.status == 'running'
            ]
        )
    found = bars(home)
    closes = [close for close, _ in found]
    assert closes[:5] == [begun - n * MINUTE for n in (4, 3, 2, 1, 0)]
    assert closes == sorted(set(closes))
    missed = [one for one in log_of(home, T.MARKET_DATA) if one.seq > ended]
    assert missed[3].seq < running_again[0].seq
    # Nobody decides on what is over.
    reasons = {one.data.reason for one in log_of(home, T.SIGNAL)}
    assert not {f'bar {(begun - n * MINUTE) * SECONDS}' for n in (3, 2, 1)} & (
        reasons
    )


def test_paper_fills_on_quotes_as_they_come(home, services):
    main = home / 'config' / 'sting.yaml'
    main.write_text(
        main.read_text().replace(
            'kind: market\n', 'kind: market\n    ticks: [quotes, trades]\n'
        )
    )
    known = exchanges.minute() - MINUTE
    services.upto |= {'binance': known, 'yahoo': known}
    with running(home):
        until(lambda: services.listening)
        services.push(SYMBOL, known + MINUTE)
        # The strategy buys one at each bar.
        until(lambda: log_of(home, T.ORDER_UPDATE))
        services.quote(SYMBOL, 120.0, 121.0, 0.6)
        until(lambda: log_of(home, T.FILL))
        services.quote(SYMBOL, 120.0, 122.0, 0.3)
        until(lambda: len(log_of(home, T.FILL)) == 2)
    fills = [one.data for one in log_of(home, T.FILL)]
    assert [(one.quantity, one.price) for one in fills] == [
        (0.6, 121.0),
        (0.3, 122.0),
    ]


def test_status_says_how_much_of_the_sessions_it_was_there(home):
    with running(home):
        found = until(
            lambda: terminal.sting(home, 'status', '--profile', 'mine')[
                'availability'
            ]
        )
        assert found['share'] == pytest.approx(1.0, abs=0.2)
        (day,) = found['days'][-1:]
        assert 0 < day['up_s'] <= day['open_s'] < 60
