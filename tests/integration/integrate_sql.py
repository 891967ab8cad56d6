"""A database that is served: PostgreSQL, of which bars are only read."""

import numpy as np
import pytest
import sqlalchemy as sa

from sting import settings
from sting.data.sources import sql
from sting.engine import clock
from sting.model import errors
from sting.net import guard
from sting.testing import sources
from tests import postgres
from tests.unit.data.sources import databases
from tests.unit.data.sources import services

pytestmark = pytest.mark.integration

KNOWN = services.stocks(1, every=5)
DAYS = services.days(40)
ONCE = guard.Policy(tries=1)


@pytest.fixture(scope='module')
def url():
    with postgres.serving() as found:
        databases.fill(
            found, KNOWN, sa.DateTime(timezone=True), lambda moment: moment
        )
        databases.fill(found, DAYS, sa.Date, databases.day, 'days')
        yield found


def made(database, now):
    return sql.SqlSource(
        'prices', database, clock.VirtualClock(now), policy=ONCE
    )


def case(known, database):
    last = int(np.unique(known.timestamp)[-1])
    closed = known.select(end=last - 1)
    source = made(database, last - 10**9)
    return sources.Case(source, closed, source._clock, 'ZZZ')


@pytest.mark.parametrize('check', sources.CHECKS, ids=lambda c: c.__name__)
async def test_postgresql_is_a_source(url, check, monkeypatch):
    monkeypatch.setattr(sql, 'CHUNK', 37)
    await check(case(KNOWN, databases.described(url)))
    columns = settings.Columns(date='ts', symbol='ticker')
    database = databases.described(
        url,
        tables={'1d': 'public.days'},
        columns=columns,
        calendar='XNYS',
    )
    await check(case(DAYS, database))


async def test_the_zone_of_the_server_does_not_matter(url):
    zone = f'{url}&options=-c%20timezone=Asia/Tokyo'
    one = case(KNOWN, databases.described(zone))
    await sources.keeps_to_the_range(one)
    await sources.gives_all_closed_bars(one)


async def test_nothing_can_be_written(url):
    source = made(databases.described(url), services.OPENING)
    with (
        source._engine.connect() as link,
        pytest.raises(sa.exc.DBAPIError, match='read-only transaction'),
    ):
        link.execute(sa.text('delete from bars'))


async def test_rows_come_a_chunk_at_a_time(url, monkeypatch):
    monkeypatch.setattr(sql, 'CHUNK', 10)
    seen = []
    part = sql._Query._part

    def looked(self, rows, done, last):
        seen.append(len(rows))
        return part(self, rows, done, last)

    monkeypatch.setattr(sql._Query, '_part', looked)
    await sources.gives_one_symbol(case(KNOWN, databases.described(url)))
    assert len(seen) > 3
    assert max(seen) == 10


async def test_a_role_that_may_not_read_is_refused(url):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as link:
        link.execute(sa.text('create role stranger login'))
    stranger = url.replace('postgres@', 'stranger@')
    source = made(databases.described(stranger), services.OPENING * 2)
    request = sources.Case(source, KNOWN, source._clock, '').request()
    with pytest.raises(errors.SourceRefusedError, match='permission denied'):
        await source.get_bars(request)


async def test_a_server_that_is_gone_may_come_back(url):
    away = url.replace('?host=', '?host=/nowhere')
    source = made(databases.described(away), services.OPENING)
    request = sources.Case(source, KNOWN, source._clock, '').request(0, 1)
    with pytest.raises(errors.SourceUnavailableError, match='prices: '):
        await source.get_bars(request)
