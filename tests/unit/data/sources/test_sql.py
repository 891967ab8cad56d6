"""Databases: the suite that all sources pass, and the ways to fail."""

import asyncio
import datetime
import pathlib
import sqlite3

import numpy as np
import pytest
import sqlalchemy as sa

from sting import settings
from sting.data.sources import base
from sting.data.sources import registry
from sting.data.sources import sql
from sting.engine import clock
from sting.model import errors
from sting.net import guard
from sting.testing import sources
from tests.unit.data.sources import databases
from tests.unit.data.sources import services

pytestmark = pytest.mark.unit

ONCE = guard.Policy(tries=1)


def iso(moment):
    return moment.isoformat()


def epoch(moment):
    return int(moment.timestamp() * 1000)


def written(moment):
    return int(databases.day(moment).strftime('%Y%m%d'))


KINDS = {
    'datetime': (sa.DateTime, None),
    'text': (sa.String, iso),
    'epoch': (sa.BigInteger, epoch),
}
BY_DAY = {
    'date': (sa.Date, databases.day),
    'text': (sa.String, lambda moment: databases.day(moment).isoformat()),
    'written': (sa.Integer, written),
}
CASES = (
    ('sqlite', 'bars', 'datetime'),
    ('sqlite', 'bars', 'epoch'),
    ('sqlite', 'days', 'text'),
    ('duckdb', 'bars', 'datetime'),
    ('duckdb', 'bars', 'text'),
    ('duckdb', 'days', 'date'),
    ('duckdb', 'days', 'written'),
)


def url_of(engine, folder):
    return f'{engine}:///{folder / "bars.db"}'


def made(database, now=None, **options):
    time_source = clock.VirtualClock(now or services.OPENING * 2)
    return sql.SqlSource(
        'prices', database, time_source, policy=ONCE, **options
    )


@pytest.fixture(scope='module')
def filled(tmp_path_factory):
    """Makes the database of a case once."""
    found = {}

    def call(engine, known, kind, like):
        key = engine, known.timeframe, kind
        if key not in found:
            found[key] = url_of(engine, tmp_path_factory.mktemp('sql'))
            databases.fill(found[key], known, kind, like)
        return found[key]

    return call


@pytest.fixture(params=CASES, ids='-'.join)
def case(request, filled, monkeypatch):
    monkeypatch.setattr(sql, 'CHUNK', 37)
    engine, what, kind = request.param
    known = services.pairs(60) if what == 'bars' else services.days(40)
    last = int(np.unique(known.timestamp)[-1])
    closed = known.select(end=last - 1)
    kinds = KINDS if what == 'bars' else BY_DAY
    url = filled(engine, known, *kinds[kind])
    database = databases.described(url)
    if what == 'days':
        columns = settings.Columns(date='ts', symbol='ticker')
        database = databases.described(
            url, '1d', columns=columns, calendar='XNYS'
        )
    source = made(database, last - 10**9)
    return sources.Case(source, closed, source._clock, 'ZZZ')


@pytest.mark.parametrize('check', sources.CHECKS, ids=lambda c: c.__name__)
async def test_it_is_a_source(check, case):
    await check(case)


@pytest.fixture
def url(tmp_path):
    """A SQLite database with two pairs."""
    found = url_of('sqlite', tmp_path)
    databases.fill(found, services.pairs(20))
    return found


def request(**changes):
    bars = services.pairs(20)
    given = {
        'symbols': ('AAA',),
        'timeframe': '1m',
        'start': int(bars.timestamp[0]),
        'end': int(bars.timestamp[-1]),
    }
    return base.Request(**(given | changes))


async def refused(database, kind=errors.SourceRefusedError, **changes):
    source = made(database)
    with pytest.raises(kind) as caught:
        await source.get_bars(request(**changes))
    return str(caught.value)


async def test_stamps_may_be_closes(url):
    source = made(databases.described(url, stamp='close'))
    bars = await source.get_bars(request())
    assert len(bars) == 19
    assert bars.timestamp[0] == services.OPENING + services.MINUTE


async def test_a_table_that_is_not_there_is_told_with_those_that_are(url):
    told = await refused(databases.described(url, tables={'1m': 'minutes'}))
    assert told == 'prices: there is no table minutes; there are: bars'


async def test_a_column_that_is_not_there_is_told_with_those_that_are(url):
    columns = settings.Columns(timestamp='when', symbol='ticker')
    told = await refused(databases.described(url, columns=columns))
    assert told.startswith('prices: table bars has no column when; it has: ts')


async def test_a_symbol_that_is_not_there_is_named_beside_one_that_is(url):
    told = await refused(databases.described(url), symbols=('AAA', 'ZZZ'))
    assert told == 'prices: table bars has no symbol ZZZ'


async def test_a_database_that_is_not_there_is_no_empty_one(tmp_path):
    url = url_of('sqlite', tmp_path)
    told = await refused(
        databases.described(url), errors.SourceUnavailableError
    )
    assert told == 'prices: unable to open database file'
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('name', ['a#b', 'ä b'])
async def test_any_folder_may_hold_a_database(tmp_path, name):
    (tmp_path / name).mkdir()
    url = url_of('sqlite', tmp_path / name)
    databases.fill(url, services.pairs(2))
    bars = await made(databases.described(url)).get_bars(request())
    assert len(bars)
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize('engine', ['sqlite', 'duckdb'])
async def test_nothing_can_be_written(tmp_path, engine):
    url = url_of(engine, tmp_path)
    databases.fill(url, services.pairs(2))
    source = made(databases.described(url))
    with (
        source._engine.connect() as link,
        pytest.raises(sa.exc.DBAPIError, match=r'(?i)read.?only'),
    ):
        link.execute(sa.text('delete from bars'))


def damaged(url, statement):
    path = pathlib.Path(sa.make_url(url).database)
    with sqlite3.connect(path) as link:
        link.execute(statement)
    link.close()


@pytest.mark.parametrize(
    ('statement', 'told'),
    [
        ("update bars set close = 'x'", 'prices: AAA: close has a value'),
        ('update bars set ts = null', 'prices: bars: row 1: timestamp is'),
        ("update bars set ts = 'noon'", "'noon' is none"),
        (
            'update bars set ts = case rowid when 1 then null else rowid end '
            'where rowid < 4',
            'prices: bars: the values of timestamp are not of one kind',
        ),
    ],
)
async def test_what_makes_no_sense_is_told(url, statement, told):
    damaged(url, statement)
    assert told in await refused(
        databases.described(url), errors.SourceBodyError
    )


@pytest.mark.parametrize(
    ('odd', 'shown'),
    [('20130308', '20130308'), ("'03/08/2013'", "'03/08/2013'"),
     ('null', 'None')],
)  # fmt: skip
async def test_a_time_of_another_kind_is_told_and_not_left_out(url, odd, shown):
    damaged(url, f'update bars set ts = {odd} where rowid = 7')
    told = await refused(databases.described(url), errors.SourceBodyError)
    assert told.startswith(f'prices: table bars: ts has {shown} and ')
    assert told.endswith('write all of its times in one way')


async def test_a_text_among_numbers_is_told(url):
    damaged(url, 'update bars set ts = 1362753000 + 60 * rowid')
    damaged(url, "update bars set ts = 'noon' where rowid = 9")
    told = await refused(databases.described(url), errors.SourceBodyError)
    assert told.startswith("prices: table bars: ts has 'noon' and 1362753")


# A view whose rows never end.
ENDLESS = (
    'create view endless as with recursive more(n) as (select 0 union all '
    'select n + 1 from more) select ts, ticker, open, high, low, close, '
    'volume from bars, more where bars.rowid = 1'
)


async def test_a_request_that_takes_too_long_is_ended(url):
    damaged(url, ENDLESS)
    # What is loaded by the first request is no part of the time.
    assert len(await made(databases.described(url)).get_bars(request()))
    told = await refused(
        databases.described(url, timeout_s=0.2, tables={'1m': 'endless'})
    )
    assert told.startswith('prices: no answer within 0.2 s; give endless an')
    assert 'databases.prices.timeout_s' in told


async def test_a_request_that_is_not_waited_for_is_ended(url):
    damaged(url, ENDLESS)
    # What is loaded by the first request is no part of the time.
    assert len(await made(databases.described(url)).get_bars(request()))
    source = made(databases.described(url, tables={'1m': 'endless'}))
    asked = asyncio.ensure_future(source.get_bars(request()))
    await asyncio.wait({asked}, timeout=0.2)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    # Its thread would keep this from coming back.
    await asyncio.get_running_loop().shutdown_default_executor()


async def test_what_is_missing_is_nan_and_left_to_the_rules(url):
    damaged(url, 'update bars set close = null where rowid = 1')
    bars = await made(databases.described(url)).get_bars(request())
    assert np.isnan(bars.close).tolist() == [True] + [False] * 19


async def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / 'bars.db').write_text('nonsense ' * 100)
    told = await refused(databases.described(url_of('sqlite', tmp_path)))
    assert told == 'prices: file is not a database'


def test_an_address_that_is_none_is_told():
    with pytest.raises(errors.ConfigError, match=r'databases\.prices\.url'):
        made(databases.described('nonsense'))


@pytest.mark.parametrize(
    'url', ['nonsense://host/bars', 'mysql+pymysql://host/bars']
)
def test_a_driver_that_is_not_there_is_told(url):
    with pytest.raises(errors.ConfigError, match='is not installed'):
        made(databases.described(url))


async def test_a_password_of_the_environment_is_used_and_never_told():
    source = registry.build(
        'prices',
        databases.described('postgresql+psycopg://me:other@127.0.0.1:1/bars'),
        clock.VirtualClock(services.OPENING),
        {'STING_PRICES_PASSWORD': '127.0.0.1'},
    )
    assert source._engine.url.password == '127.0.0.1'
    source._guard = guard.Guard('prices', ONCE, source._clock)
    with pytest.raises(errors.SourceUnavailableError) as caught:
        await source.get_bars(request())
    assert '127.0.0.1' not in str(caught.value)
    assert '***' in str(caught.value)


def test_bounds_are_of_the_kind_of_the_column():
    day = 86_400 * 10**9
    zone = datetime.timezone(datetime.timedelta(hours=2))
    aware = datetime.datetime(2013, 3, 1, tzinfo=zone)
    assert sql._bounds(aware, 0, day)[1] == datetime.datetime(
        1970, 1, 2, tzinfo=datetime.UTC
    )
    assert sql._bounds(1_362_000_000, 0, day) == (0, 86_400)
    assert sql._bounds(1_362_000_000_000, 0, day) == (0, 86_400_000)
    assert sql._bounds(20130301, 0, day) is None
    assert sql._bounds('20130301', 0, day) is None
    assert sql._bounds(b'x', 0, day) is None
