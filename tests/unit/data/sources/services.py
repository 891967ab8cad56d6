"""Services on loopback that speak as the real ones do."""

import datetime
import zoneinfo

from aiohttp import web
import numpy as np

from sting.data import calendars
from sting.data import table
from sting.model import timeframes

MINUTE = 60 * 10**9
NEW_YORK = zoneinfo.ZoneInfo('America/New_York')
# 2013-03-08T14:30:00Z, a Friday, before the clocks change.
OPENING = 1_362_753_000 * 10**9


def stocks(days=2, every=1):
    """Minutes of two stocks over sessions around a change of clocks."""
    first = datetime.date(2013, 3, 8)
    sessions = [
        day
        for day in (first + datetime.timedelta(days=n) for n in range(9))
        if calendars.is_session(np.array([day], 'datetime64[D]'))[0]
    ][:days]
    stamps = np.concatenate([calendars.minutes(day) for day in sessions])
    return _tables(stamps[::every], '1m')


def small():
    """Bars of 30 seconds of two stocks, of twenty minutes."""
    return _tables(OPENING + MINUTE // 2 * np.arange(1, 41), '30s')


def halves(days=40):
    """Half hours of two stocks."""
    first = np.datetime64('2013-03-11')
    every = first + np.arange(2 * days)
    sessions = every[calendars.is_session(every)][:days]
    closes = calendars.session_closes(sessions)
    back = np.arange(12, -1, -1) * 30 * MINUTE
    return _tables(np.concatenate([each - back for each in closes]), '30m')


def days(count=300):
    """Days of two stocks."""
    all_days = np.arange(count * 2) + np.datetime64('2011-06-01')
    sessions = all_days[calendars.is_session(all_days)][:count]
    return _tables(calendars.session_closes(sessions), '1d')


def pairs(count=2500):
    """Minutes of two pairs that trade round the clock."""
    return _tables(OPENING + MINUTE * np.arange(1, count + 1), '1m')


def _tables(stamps, timeframe):
    parts = []
    for seed, name in enumerate(('AAA', 'BBB')):
        random = np.random.default_rng(seed)
        close = np.round(
            100 * np.exp(np.cumsum(random.normal(0, 1e-3, len(stamps)))), 2
        )
        opening = np.concatenate((close[:1], close[:-1]))
        parts.append(
            table.BarTable.single(
                name,
                timeframe,
                stamps,
                {
                    'open': opening,
                    'high': np.round(np.maximum(opening, close) + 0.01, 2),
                    'low': np.round(np.minimum(opening, close) - 0.01, 2),
                    'close': close,
                    'volume': random.integers(1, 1000, len(stamps)),
                },
            )
        )
    return table.BarTable.merge(parts)


class Binance:
    """`/api/v3/klines`."""

    def __init__(self, bars):
        self.bars = bars
        self.requests = 0

    async def __call__(self, request):
        self.requests += 1
        asked = request.query
        if asked['symbol'] not in self.bars.symbols:
            return web.json_response(
                {'code': -1121, 'msg': 'Invalid symbol.'}, status=400
            )
        step = timeframes.length(asked['interval'])
        rows = [
            [
                (bar.timestamp - step) // 10**6,
                *(f'{x:.8f}' for x in (bar.open, bar.high, bar.low, bar.close)),
                f'{bar.volume:.8f}',
                bar.timestamp // 10**6 - 1,
                '0',
                7,
                '0',
                '0',
                '0',
            ]
            for bar in self.bars.of(asked['symbol']).rows()
        ]
        rows = [
            row
            for row in rows
            if int(asked['startTime']) <= row[0] <= int(asked['endTime'])
        ]
        return web.json_response(
            rows[: min(int(asked['limit']), 1000)],
            headers={'X-MBX-USED-WEIGHT-1M': str(2 * self.requests)},
        )


class Yahoo:
    """`/v8/finance/chart/SYMBOL`."""

    def __init__(self, bars, currency='USD'):
        self.bars = bars
        self.currency = currency
        # By symbol, as the service writes them.
        self.events = {}

    async def __call__(self, request):
        symbol = request.path.rsplit('/', 1)[1]
        asked = request.query
        if symbol not in self.bars.symbols:
            error = {
                'code': 'Not Found',
                'description': f'No data found for {symbol}',
            }
            return web.json_response(
                {'chart': {'result': None, 'error': error}}, status=404
            )
        first, last = int(asked['period1']), int(asked['period2'])
        week = 8 * 86_400
        if asked['interval'] == '1m' and last - first > week:
            error = {
                'code': 'Unprocessable Entity',
                'description': 'Only 8 days worth of 1m granularity data are '
                'allowed to be fetched per request.',
            }
            return web.json_response(
                {'chart': {'result': None, 'error': error}}, status=422
            )
        daily = asked['interval'] == '1d'
        # A day is stamped with its opening: 6.5 hours before its close.
        step = 390 * MINUTE if daily else MINUTE
        bars = [
            bar
            for bar in self.bars.of(symbol).rows()
            if first <= (bar.timestamp - step) // 10**9 < last
        ]
        found = {
            'meta': {
                'symbol': symbol,
                'currency': self.currency,
                'gmtoffset': -18000,
                'exchangeTimezoneName': 'America/New_York',
            },
            'indicators': {'quote': [{}]},
        }
        if bars:
            found['timestamp'] = [(b.timestamp - step) // 10**9 for b in bars]
            found['indicators']['quote'] = [
                {
                    name: [getattr(bar, name) for bar in bars]
                    for name in ('open', 'high', 'low', 'close', 'volume')
                }
            ]
        if asked.get('events') == 'div,splits' and symbol in self.events:
            found['events'] = self.events[symbol]
        return web.json_response({'chart': {'result': [found], 'error': None}})


class AlphaVantage:
    """`/query`."""

    key = 'K3Y-OF-MINE'

    def __init__(self, bars):
        self.bars = bars

    async def __call__(self, request):
        asked = request.query
        if asked['apikey'] != self.key:
            return web.json_response(
                {
                    'Information': 'We have detected your API key as '
                    f'{asked["apikey"]} and our standard API rate limit is 25 '
                    'requests per day.'
                }
            )
        if asked['symbol'] not in self.bars.symbols:
            return web.json_response(
                {
                    'Error Message': 'Invalid API call. Please retry or visit '
                    'the documentation for TIME_SERIES_DAILY.'
                }
            )
        daily = asked['function'] == 'TIME_SERIES_DAILY'
        written = {}
        for bar in self.bars.of(asked['symbol']).rows():
            step = 0 if daily else MINUTE
            moment = datetime.datetime.fromtimestamp(
                (bar.timestamp - step) // 10**9, NEW_YORK
            )
            if not daily and f'{moment:%Y-%m}' != asked['month']:
                continue
            form = '%Y-%m-%d' if daily else '%Y-%m-%d %H:%M:%S'
            written[moment.strftime(form)] = {
                f'{at}. {name}': f'{getattr(bar, name):.4f}'
                for at, name in enumerate(
                    ('open', 'high', 'low', 'close', 'volume'), start=1
                )
            }
        series = 'Time Series (Daily)' if daily else 'Time Series (1min)'
        place = '5. Time Zone' if daily else '6. Time Zone'
        return web.json_response(
            {
                'Meta Data': {
                    '2. Symbol': asked['symbol'],
                    place: 'US/Eastern',
                },
                series: dict(reversed(written.items())),
            }
        )


class Alpaca:
    """`/v2/stocks/bars` and `/v2/stocks/bars/latest`.

    A symbol that is not there is answered as one without bars.
    """

    key = 'AK-OF-MINE'
    secret = 'S3CRET-OF-MINE'

    def __init__(self, bars, page=10_000):
        self.bars = bars
        self.page = page

    async def __call__(self, request):
        given = request.headers
        if (given['APCA-API-KEY-ID'], given['APCA-API-SECRET-KEY']) != (
            self.key,
            self.secret,
        ):
            return web.json_response({'message': 'forbidden.'}, status=403)
        asked = request.query
        symbol = asked['symbols']
        rows = []
        if symbol in self.bars.symbols:
            rows = [self._row(bar) for bar in self.bars.of(symbol).rows()]
        if request.path.endswith('/latest'):
            return web.json_response(
                {'bars': {symbol: rows[-1]} if rows else {}}
            )
        first, last = (
            datetime.datetime.fromisoformat(asked[name])
            for name in ('start', 'end')
        )
        rows = [
            row
            for row in rows
            if first <= datetime.datetime.fromisoformat(row['t']) <= last
        ]
        begin = int(asked.get('page_token', '|0').split('|')[1])
        end = begin + min(int(asked['limit']), self.page)
        return web.json_response(
            {
                'bars': {symbol: rows[begin:end]} if rows[begin:end] else {},
                'next_page_token': f'{symbol}|{end}'
                if end < len(rows)
                else None,
            }
        )

    def _row(self, bar):
        opens = datetime.datetime.fromtimestamp(
            bar.timestamp // 10**9, NEW_YORK
        )
        if bar.timeframe == '1d':
            opens = opens.replace(hour=0, minute=0)
        else:
            opens -= datetime.timedelta(minutes=1)
        opens = opens.astimezone(datetime.UTC)
        return {
            't': f'{opens:%Y-%m-%dT%H:%M:%SZ}',
            'o': bar.open,
            'h': bar.high,
            'l': bar.low,
            'c': bar.close,
            'v': int(bar.volume),
            'n': 7,
            'vw': bar.close,
        }
