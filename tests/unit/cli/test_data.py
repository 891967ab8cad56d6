"""`sting data`."""

import json

import numpy as np
import pytest

from sting.data import store
from sting.data import table
from tests.unit.data.sources import databases
from tests.unit.data.sources import services
from tests.unit.net import servers

pytestmark = pytest.mark.unit

HEAD = 'timestamp,symbol,open,high,low,close,volume\n'
ROWS = ''.join(
    f'2013-03-01T14:{minute}:00Z,A,1,1,1,1,{minute}\n'
    for minute in range(30, 50)
)


@pytest.fixture
def check(sting, home, tmp_path):
    def call(text, *words):
        path = tmp_path / 'bars.csv'
        path.write_text(HEAD + text)
        return sting('data', 'check', str(path), *words)

    return call


def test_a_sound_file_has_nothing_wrong(check):
    found = check(ROWS)
    assert found.code == 0
    assert '20 bars of 1m, symbols: 1' in found.out
    assert 'nothing is wrong' in found.out


def test_what_is_rejected_is_a_failure_with_its_line(check):
    found = check(ROWS + '2013-03-01T14:50:00Z,A,1,1,1,x,5\n')
    assert found.code == 1
    assert found.err == 'sting: bars rejected: 1\n'
    assert 'rejected  A missing: 1 bar' in found.out
    assert 'line 22' in found.out


def test_a_line_of_time_shows_where_the_faults_lie(check):
    found = check(ROWS.replace('1,1,1,1,49', '1,1,1,1,0'))
    assert found.code == 0
    (line,) = [each for each in found.out.splitlines() if '|' in each]
    assert line.startswith('  idle      |')
    assert line.endswith('@|')
    assert max(map(len, found.out.splitlines()[1:])) <= 80


def test_an_action_may_be_named(check):
    words = '--rule', 'idle=reject', 'gap=off'
    found = check(ROWS.replace('1,1,1,1,49', '1,1,1,1,0'), *words)
    assert found.code == 1


def test_the_users_file_is_laid_over_the_shipped_one(check, home):
    home.config.mkdir(parents=True, exist_ok=True)
    (home.config / 'data.yaml').write_text('rules:\n  idle: reject\n')
    found = check(ROWS.replace('1,1,1,1,49', '1,1,1,1,0'))
    assert found.code == 1


def test_json_is_a_list_of_files(check):
    (found,) = json.loads(check(ROWS, '--json').out)
    assert (found['bars'], found['findings']) == (20, [])


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('--rule', 'gap'), 'has to be name=action'),
        (('--rule', 'gaps=warn'), "there is no rule 'gaps'"),
        (('--calendar', 'MOON'), "'MOON' is no calendar"),
    ],
)
def test_what_makes_no_sense_is_one_line(check, words, message):
    found = check(ROWS, *words)
    assert found.code == 2
    assert message in found.err
    assert len(found.err.splitlines()) == 1


def test_what_is_kept_is_listed(sting, home):
    assert sting('data', 'list').out == 'nothing is kept\n'
    values = np.ones(3)
    columns = dict.fromkeys(('open', 'high', 'low', 'close', 'volume'), values)
    stamps = np.array([1, 2, 3], np.int64) * 60 * 10**9
    for name in ('A', 'B'):
        bars = table.BarTable.single(name, '1m', stamps, columns)
        key = store.Key('yahoo', name, '1m', '1970-01')
        store.BarStore(home.bars).write(key, store.Month(bars, ()))
    lines = sting('data', 'list').out.splitlines()
    assert lines[1].split()[:6] == [
        'yahoo',
        'A',
        '1m',
        '1970-01-01',
        '1970-01-01',
        '3',
    ]
    assert len(lines) == 3
    (row,) = json.loads(sting('data', 'list', '--symbol', 'B', '--json').out)
    assert (row['symbol'], row['bars']) == ('B', 3)


@pytest.fixture
def service(home):
    """A service that stands for Binance's and for Yahoo's."""

    class Both:
        def __init__(self):
            self.down = False
            self.minutes = services.Binance(services.pairs(50))
            self.days = services.Yahoo(services.days(30))

        async def __call__(self, request):
            if self.down:
                return await servers.gives('sorry', 403)(request)
            if 'klines' in request.path:
                return await self.minutes(request)
            return await self.days(request)

    both = Both()
    seen = servers.Service(both)
    with servers.threaded(seen) as url:
        folder = home.config / 'exchanges'
        folder.mkdir(parents=True, exist_ok=True)
        for name in ('binance', 'yahoo'):
            (folder / f'{name}.yaml').write_text(f'base_url: {url}\n')
        both.seen = seen
        yield both


DAYS = ('--start', '2013-03-08', '--end', '2013-03-09')


def test_what_is_fetched_is_kept_and_listed(sting, service):
    words = ('data', 'fetch', 'binance', 'AAA', 'BBB', '--timeframe', '1m')
    found = sting(*words, *DAYS)
    assert found.code == 0, found.err
    assert found.out.splitlines()[:3] == [
        'AAA: 50 bars of 1m',
        'BBB: 50 bars of 1m',
        'requests: 2',
    ]
    assert 'requests: 0' in sting(*words, *DAYS).out
    rows = json.loads(sting('data', 'list', '--json').out)
    assert [(row['symbol'], row['bars']) for row in rows] == [
        ('AAA', 50),
        ('BBB', 50),
    ]


@pytest.mark.parametrize('ending', ['csv', 'parquet'])
@pytest.mark.parametrize(
    ('source', 'timeframe', 'start', 'calendar'),
    [
        ('binance', '1m', '2013-03-08', '24/7'),
        ('yahoo', '1d', '2011-06-01', 'XNYS'),
    ],
)
def test_what_is_written_can_be_backtested(
    sting, service, tmp_path, source, timeframe, start, calendar, ending
):
    place = str(tmp_path / f'bars.{ending}')
    found = sting(
        *('data', 'fetch', source, 'AAA', '--timeframe', timeframe),
        *('--start', start, '--end', '2013-03-09', '--out', place, '--json'),
    )
    assert found.code == 0, found.err
    told = json.loads(found.out)
    ran = sting(
        *('backtest', 'sting.library.buy_and_hold', '--data', place),
        *('--calendar', calendar, '--json'),
    )
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)['bars'] == told['bars']['AAA'] > 0


@pytest.mark.parametrize(
    ('words', 'fault'),
    [
        (('--out', 'a.txt'), 'has to end in .csv or .parquet'),
        (('--out', 'none/a.csv'), 'cannot be written there'),
        (('--actions', 'a.txt'), 'has to end in .csv, .parquet or .yaml'),
    ],
)
def test_what_cannot_be_written_is_refused_before_it_is_asked_for(
    sting, service, words, fault
):
    found = sting('data', 'fetch', 'yahoo', 'AAA', *DAYS, *words)
    assert found.code == 2
    assert fault in found.err
    assert not service.seen.requests


def test_what_nothing_is_kept_of_is_named(sting, home):
    found = sting('data', 'list', '--source', 'nobody', '--symbol', 'A')
    assert found.out == 'nothing is kept of A of nobody\n'


def test_a_source_that_says_no_is_one_line(sting, service):
    service.down = True
    found = sting('data', 'fetch', 'binance', 'AAA', '--timeframe', '1m', *DAYS)
    assert found.code == 1
    assert found.err == 'sting: binance /api/v3/klines: HTTP 403: sorry\n'


def test_what_is_kept_is_given_when_a_source_fails(sting, service):
    words = ('data', 'fetch', 'binance', 'AAA', '--timeframe', '1m')
    sting(*words, *DAYS)
    service.down = True
    found = sting(*words, '--start', '2013-03-08', '--end', '2013-03-10')
    assert found.code == 1
    assert 'AAA: 50 bars of 1m' in found.out
    assert 'what was kept before is all that there is' in found.err


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('binanse', 'A'), "unknown source 'binanse'; did you mean 'binance'"),
        (('yahoo', 'A', '--timeframe', '3m'), 'yahoo has no bars of 3m; it'),
        (('alphavantage', 'A'), 'set STING_ALPHAVANTAGE_KEY'),
        (('alpaca', 'A'), 'set STING_ALPACA_KEY'),
        (('binance', 'A', '--end', '2013-01-01'), 'is before the start'),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(
    sting, home, monkeypatch, words, message
):
    monkeypatch.delenv('STING_ALPHAVANTAGE_KEY', raising=False)
    monkeypatch.delenv('STING_ALPACA_KEY', raising=False)
    found = sting('data', 'fetch', *words, '--start', '2013-03-08')
    assert found.code == 2
    assert message in found.err


def test_a_source_without_bars_of_the_past_says_so(sting, home, monkeypatch):
    monkeypatch.setenv('STING_ALPACA_KEY', 'k')
    monkeypatch.setenv('STING_ALPACA_SECRET', 's')
    folder = home.config / 'exchanges'
    folder.mkdir(parents=True)
    (folder / 'alpaca.yaml').write_text('base_url: null\n')
    found = sting('data', 'fetch', 'alpaca', 'A', '--start', '2013-03-08')
    assert found.code == 2
    assert 'alpaca has no bars of 1d; it has streams alone' in found.err


def test_bars_of_alpaca_come_through_its_sdk(sting, home, monkeypatch):
    monkeypatch.setenv('STING_ALPACA_KEY', services.Alpaca.key)
    monkeypatch.setenv('STING_ALPACA_SECRET', services.Alpaca.secret)
    alone = servers.Service(services.Alpaca(services.days(30)))
    folder = home.config / 'exchanges'
    folder.mkdir(parents=True)
    with servers.threaded(alone) as url:
        (folder / 'alpaca.yaml').write_text(f'base_url: {url}\nfeed: sip\n')
        found = sting(
            *('data', 'fetch', 'alpaca', 'AAA'),
            *('--start', '2011-06-01', '--end', '2013-03-09'),
        )
    assert found.code == 0, found.err
    assert 'AAA: 30 bars of 1d' in found.out
    assert {query['feed'] for _, query, _ in alone.requests} == {'sip'}


def test_a_key_of_the_environment_reaches_its_source(
    sting, home, service, monkeypatch
):
    monkeypatch.setenv('STING_ALPHAVANTAGE_KEY', services.AlphaVantage.key)
    alone = services.AlphaVantage(services.days(30))
    with servers.threaded(servers.Service(alone)) as url:
        (home.config / 'exchanges' / 'alphavantage.yaml').write_text(
            f'base_url: {url}\n'
        )
        found = sting(
            *('data', 'fetch', 'alphavantage', 'AAA'),
            *('--start', '2011-06-01', '--end', '2013-03-09'),
        )
    assert found.code == 0, found.err
    assert 'AAA: 30 bars of 1d' in found.out


def test_bars_of_a_database_are_asked_for_each_time(sting, home, tmp_path):
    url = f'sqlite:///{tmp_path / "bars.db"}'
    databases.fill(url, services.pairs(50))
    home.config.mkdir(parents=True, exist_ok=True)
    (home.config / 'data.yaml').write_text(
        'databases:\n'
        '  prices:\n'
        f'    url: {url}\n'
        '    tables: {1m: bars}\n'
        '    columns: {timestamp: ts, symbol: ticker}\n'
        '    calendar: 24/7\n'
    )
    words = ('data', 'fetch', 'prices', 'AAA', 'BBB', '--timeframe', '1m')
    for _ in range(2):
        found = sting(*words, *DAYS)
        assert found.code == 0, found.err
        assert found.out.splitlines()[:3] == [
            'AAA: 50 bars of 1m',
            'BBB: 50 bars of 1m',
            'requests: 1',
        ]
    assert 'nothing is kept' in sting('data', 'list').out
    found = sting('data', 'fetch', 'prices', 'AAA', '--start', '2013-03-08')
    assert (found.code, found.err) == (
        2,
        'sting: prices has no bars of 1d; it has 1m\n',
    )
