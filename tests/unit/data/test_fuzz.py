"""Broken files and answers: a DataError that names the place, or bars."""

import json

from aiohttp import web
import numpy as np
import pyarrow as pa
from pyarrow import parquet
import pytest

from sting.data import files
from sting.data import places
from sting.data import stamps
from sting.data import table
from sting.data import writer
from sting.data.quality import report
from sting.data.quality import validator
from sting.data.sources import alphavantage
from sting.data.sources import base
from sting.data.sources import binance
from sting.data.sources import yahoo
from sting.engine import clock
from sting.model import errors
from sting.net import guard
from sting.net import http
from sting.net import limits
from tests.unit.data import fuzzing
from tests.unit.data import tables
from tests.unit.data.sources import services
from tests.unit.net import servers

pytestmark = pytest.mark.unit

FEW = 150
MANY = 12_500
KEY = services.AlphaVantage.key


def csv_days(path):
    writer.write(path, services.days(6))


def csv_minutes(path):
    rows = [
        f'2013-03-01T14:{minute}:00Z,10,11,9,10.5,100'
        for minute in range(30, 38)
    ]
    tables.text(path, *rows)


def csv_epochs(path):
    rows = [f'{1_362_148_200 + 60 * n}, 10,11,9,10.5,100' for n in range(8)]
    tables.text(path, *rows)


def parquet_minutes(path):
    writer.write(path, services.pairs(20), '24/7')


def parquet_odd(path):
    """Kinds of columns that other programs write, packed."""
    rows = 12
    stamp = np.arange(rows) * 60_000 + 1_362_148_200_000
    columns = {
        'Timestamp': pa.array(stamp, pa.timestamp('ms')),
        'symbol': pa.array(['A', 'B'] * (rows // 2)).dictionary_encode(),
        'open': pa.array([10] * rows, pa.int32()),
        'high': pa.array(['11'] * rows),
        'low': pa.array([9.0] * rows, pa.float32()),
        'close': pa.array([10.5] * rows),
        'volume': pa.array([None, *range(rows - 1)], pa.int64()),
        'note': pa.array([{'a': [1]}] * rows),
    }
    columns['volume'] = columns['volume'].fill_null(7)
    parquet.write_table(
        pa.table(columns), path, compression='zstd', row_group_size=5
    )


KINDS = {
    'days.csv': csv_days,
    'minutes.csv': csv_minutes,
    'epochs.csv': csv_epochs,
    'minutes.parquet': parquet_minutes,
    'odd.parquet': parquet_odd,
}


def read_broken(folder, name, count, seed):
    """Reads a file that is broken anew each time; counts what is refused."""
    path = folder / name
    KINDS[name](path)
    whole = path.read_bytes()
    random = np.random.default_rng(seed)
    rules = validator.DataValidator()
    how = stamps.Reading()

    def read():
        bars = files.read(path).table
        assert len(bars) > 0
        assert np.isfinite(bars.close).all()

    def check():
        place = places.Place(path, alone=True)
        report.check(place, rules, how, 2 * services.OPENING).to_json()

    refused = 0
    for number in range(count):
        path.write_bytes(fuzzing.broken(random, whole))
        for what in (read, check):
            told = refusal(what)
            refused += bool(told)
            if told:
                assert str(path) in told, (seed, number, told)
                assert told.isprintable(), (seed, number, told)
    return refused


def refusal(what):
    """Does something; gives what it was refused with."""
    try:
        what()
    except errors.DataError as error:
        return str(error)
    return ''


@pytest.mark.parametrize('name', KINDS)
def test_a_broken_file_is_read_or_refused_with_its_place(tmp_path, name):
    assert read_broken(tmp_path, name, FEW, 1) > 0


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize('name', KINDS)
def test_many_broken_files_are_read_or_refused(tmp_path, name):
    assert read_broken(tmp_path, name, MANY, 2) > MANY / 10


SOURCES = {
    'binance': (services.Binance, services.pairs, binance.BinanceSource),
    'yahoo': (services.Yahoo, services.days, yahoo.YahooSource),
    'alphavantage': (
        services.AlphaVantage,
        services.days,
        lambda client, now: alphavantage.AlphaVantageSource(client, now, KEY),
    ),
}


async def ask_broken(name, count, seed):
    """Asks a source whose answers are broken; gives how often it refused."""
    service, bars, kind = SOURCES[name]
    known = bars(20)
    sound = service(known)
    random = np.random.default_rng(seed)
    whole: list[bytes] = []

    async def breaks(request):
        if not whole:
            answer = await sound(request)
            whole.append(answer.body)
        return web.Response(
            body=fuzzing.broken(random, whole[0]),
            content_type='application/json',
        )

    last = int(known.timestamp[-1])
    time_source = clock.VirtualClock(last + 10**9)
    request = base.Request(
        symbols=('AAA',),
        timeframe=known.timeframe,
        start=int(known.timestamp[0]),
        end=last,
    )
    refused = 0
    async with servers.serving(servers.Service(breaks)) as url:
        client = http.HttpClient(
            name,
            url,
            time_source,
            policy=guard.Policy(tries=1, threshold=10**9),
            limiter=limits.RateLimiter(1e9, 10**9),
            timeout_s=20,
        )
        source = kind(client, time_source)
        try:
            for number in range(count):
                told = ''
                try:
                    found = await source.get_bars(request)
                    assert isinstance(found, table.BarTable)
                except errors.SourceError as error:
                    told = str(error)
                refused += bool(told)
                assert not told or name in told, (seed, number, told)
        finally:
            await source.close()
    assert json.loads(whole[0])
    return refused


@pytest.mark.parametrize('name', SOURCES)
async def test_a_broken_answer_is_read_or_refused_by_its_source(name):
    assert await ask_broken(name, 100, 1) > 0


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize('name', SOURCES)
async def test_many_broken_answers_are_read_or_refused(name):
    assert await ask_broken(name, MANY, 2) > MANY / 10
