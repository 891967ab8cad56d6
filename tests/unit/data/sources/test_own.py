"""Files and made-up bars as sources: the suite, and what each refuses."""

import datetime

import numpy as np
import pytest

from sting import settings
from sting.data import table
from sting.data import times
from sting.data import walks
from sting.data import writer
from sting.data.sources import base
from sting.data.sources import registry
from sting.engine import clock
from sting.model import errors
from sting.testing import sources
from tests.unit.data.sources import services

pytestmark = pytest.mark.unit

START = datetime.date(2013, 3, 1)


def made(configured, now):
    time_source = clock.VirtualClock(now)
    source = registry.build('own', configured, time_source, {})
    return source, time_source


def walked(timeframe, calendar, count, model='gbm'):
    parts = walks.bars(
        walks.names(2),
        timeframe,
        count,
        model=walks.Model(model),
        start=times.parse_moment('2013-03-01'),
        calendar=calendar,
    )
    return table.BarTable.merge(list(parts))


def generated(timeframe, calendar, count, model, folder):
    known = walked(timeframe, calendar, count, model)
    return known, settings.Generator(
        model=model, symbols=2, start=START, calendar=calendar
    )


def filed(ending, together, bars, calendar, folder):
    known = bars()
    if together:
        place = folder / f'bars.{ending}'
        writer.write(place, known, calendar)
    else:
        place = folder / 'set'
        for name in known.symbols:
            inner = place / f'timeframe={known.timeframe}' / f'symbol={name}'
            inner.mkdir(parents=True)
            writer.write(inner / f'a.{ending}', known.of(name), calendar)
    return known, settings.Archive(path=str(place), calendar=calendar)


CASES = {
    'gbm': (generated, '1m', 'XNYS', 20_000, 'gbm'),
    'regimes': (generated, '1h', '24/7', 500, 'regimes'),
    'gaps': (generated, '1d', 'XNYS', 300, 'gaps'),
    'csv': (filed, 'csv', True, services.stocks, 'XNYS'),
    'parquet': (filed, 'parquet', True, services.days, 'XNYS'),
    'set': (filed, 'parquet', False, services.pairs, '24/7'),
    'set of days': (filed, 'csv', False, services.days, 'XNYS'),
}


@pytest.fixture(params=CASES)
def case(request, tmp_path):
    make, *arguments = CASES[request.param]
    known, configured = make(*arguments, tmp_path)
    # The last bar of each symbol is open.
    last = int(np.unique(known.timestamp)[-1])
    source, time_source = made(configured, last - 10**9)
    return sources.Case(source, known.select(end=last - 1), time_source, 'ZZZ')


@pytest.mark.parametrize('check', sources.CHECKS, ids=lambda c: c.__name__)
async def test_it_is_a_source(check, case):
    await check(case)


def request(known, *symbols, **changes):
    given = {
        'symbols': symbols or known.symbols,
        'timeframe': known.timeframe,
        'start': int(known.timestamp[0]),
        'end': int(known.timestamp[-1]),
    }
    return base.Request(**(given | changes))


async def test_made_up_bars_are_the_same_in_whatever_order_they_are_asked_for():
    known = walked('1m', 'XNYS', 20_000)
    configured = settings.Generator(symbols=2, start=START)
    source, _ = made(configured, int(known.timestamp[-1]))
    stamps = known.timestamp
    for first, last in ((0, 10), (-10, -1), (9_000, 9_500), (-5, -1), (0, -1)):
        start, end = int(stamps[first]), int(stamps[last])
        found = await source.get_bars(request(known, start=start, end=end))
        assert found.digest() == known.select(start=start, end=end).digest()


async def test_bars_that_cannot_be_made_up_are_refused():
    known = walked('1d', 'XNYS', 5)
    source, _ = made(settings.Generator(symbols=2), 2 * 10**18)
    with pytest.raises(errors.SourceRefusedError, match='own: bars of 1w'):
        await source.get_bars(request(known, timeframe='1w'))


async def test_a_file_that_is_gone_is_refused_with_its_name(tmp_path):
    path = tmp_path / 'none.csv'
    source, _ = made(settings.Archive(path=str(path)), 2 * 10**18)
    with pytest.raises(errors.SourceRefusedError, match=r'none\.csv'):
        await source.get_bars(request(services.days(3)))


async def test_a_file_of_one_symbol_is_taken_for_no_other(tmp_path):
    path = tmp_path / 'AAA.csv'
    known = services.days(5).of('AAA')
    writer.write(path, known)
    text = path.read_text().replace('symbol', 'other')
    path.write_text(text)
    source, _ = made(settings.Archive(path=str(path)), 2 * 10**18)
    assert len(await source.get_bars(request(known))) == 5
    with pytest.raises(errors.SourceRefusedError, match="no symbol 'BBB'"):
        await source.get_bars(request(known, 'BBB'))


async def test_days_are_not_given_for_minutes(tmp_path):
    known = services.days(5)
    writer.write(tmp_path / 'days.csv', known)
    minutes = services.stocks(1)
    writer.write(tmp_path / 'minutes.csv', minutes)
    for name, timeframe in (('days', '1m'), ('days', '1h'), ('minutes', '5m')):
        configured = settings.Archive(path=str(tmp_path / f'{name}.csv'))
        source, _ = made(configured, 2 * 10**18)
        with pytest.raises(
            errors.SourceRefusedError,
            match=f'has bars of 1., not of {timeframe}',
        ):
            await source.get_bars(request(known, timeframe=timeframe))
