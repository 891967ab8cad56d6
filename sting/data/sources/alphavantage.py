"""Bars of Alpha Vantage, which says no in answers that look like yes.

Source: the TIME_SERIES_INTRADAY and TIME_SERIES_DAILY functions of Alpha
Vantage's API. Times are where the exchange is, of the opening of a bar.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import datetime
from typing import Any
from typing import Final
import zoneinfo

import numpy as np

from sting.data import calendars
from sting.data import table
from sting.data.sources import base
from sting.data.sources import rows
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.model import timeframes
from sting.net import http

PATH: Final = '/query'
_INTERVALS: Final[Mapping[str, str]] = {
    '1m': '1min',
    '5m': '5min',
    '15m': '15min',
    '30m': '30min',
    '1h': '60min',
}
_FIELDS: Final[Mapping[str, str]] = {
    'open': '1. open',
    'high': '2. high',
    'low': '3. low',
    'close': '4. close',
    'volume': '5. volume',
}
_SERIES: Final = 'Time Series'
_ZONE: Final = 'Time Zone'


class AlphaVantageSource(base.DataSource):
    """Bars of stocks and funds; unadjusted."""

    capabilities = base.Capabilities(
        timeframes=frozenset((*_INTERVALS, '1d')), batch=1
    )

    def __init__(
        self,
        client: http.HttpClient,
        time_source: clocks.Clock,
        key: str,
        *,
        calendar: str = calendars.DEFAULT,
        name: str = 'alphavantage',
    ) -> None:
        """Sets up the source.

        Args:
            client: Asks the service; it keeps the key out of errors.
            time_source: Tells which bar is closed.
            key: Of an account there.
            calendar: The exchange whose closes stamp the bars of a day.
            name: Its name in the configuration.
        """
        self.name = name
        self._client = client
        self._clock = time_source
        self._key = key
        self._calendar = calendar

    async def get_bars(self, request: base.Request) -> table.BarTable:
        """Gives closed bars of the past; see the interface."""
        found = []
        for symbol in request.symbols:
            parts = [table.BarTable.empty(symbol, request.timeframe)]
            for asked in self._queries(symbol, request):
                parts.append(await self._bars(symbol, request.timeframe, asked))
            found.append(table.BarTable.merge(parts, checked=False))
        return table.BarTable.merge(found, checked=False).select(
            start=request.start, end=request.end
        )

    async def close(self) -> None:
        """Ends its connections."""
        await self._client.close()

    def _queries(
        self, symbol: str, request: base.Request
    ) -> Iterator[dict[str, str]]:
        """Gives the queries that a request takes: one, or one a month."""
        common = {'symbol': symbol, 'outputsize': 'full', 'apikey': self._key}
        if request.timeframe == '1d':
            yield {'function': 'TIME_SERIES_DAILY', **common}
            return
        # A month is one of the exchange's, not of UTC.
        day = timeframes.DAY
        first = market.to_datetime(request.start - day).date().replace(day=1)
        last = market.to_datetime(min(request.end, self._clock.now())).date()
        month = first
        while month <= last:
            yield {
                'function': 'TIME_SERIES_INTRADAY',
                'interval': _INTERVALS[request.timeframe],
                'adjusted': 'false',
                'extended_hours': 'false',
                'month': f'{month:%Y-%m}',
                **common,
            }
            month = (month + datetime.timedelta(days=31)).replace(day=1)

    async def _bars(
        self, symbol: str, timeframe: str, asked: dict[str, str]
    ) -> table.BarTable:
        answer, known = await self._client.get_dated(PATH, asked)
        self._refuse(symbol, answer)
        series = next(
            (each for name, each in answer.items() if _SERIES in name), None
        )
        meta = answer.get('Meta Data')
        if not isinstance(series, dict) or not isinstance(meta, dict):
            rows.broken(self.name, symbol, 'the answer has no time series')
        zone = self._zone(symbol, meta)
        stamps = self._stamps(symbol, timeframe, list(series), zone)
        columns = {
            name: [self._field(symbol, bar, field) for bar in series.values()]
            for name, field in _FIELDS.items()
        }
        bars = rows.single(self.name, symbol, timeframe, stamps, columns)
        # The last one may still be open.
        return bars.select(end=known)

    def _refuse(self, symbol: str, answer: Any) -> None:
        """Raises what an answer says in place of bars."""
        if not isinstance(answer, dict):
            rows.broken(self.name, symbol, 'the answer is no object')
        if 'Error Message' in answer:
            said = self._client.plain(str(answer['Error Message']))
            raise errors.SourceRefusedError(f'{self.name}: {symbol}: {said}')
        for name in ('Note', 'Information'):
            if name in answer:
                said = self._client.plain(str(answer[name]))
                # It never says for how long: a minute, or until tomorrow.
                raise errors.SourceLimitedError(
                    f'{self.name}: {symbol}: {said}'
                )

    def _zone(self, symbol: str, meta: dict[str, Any]) -> zoneinfo.ZoneInfo:
        named = next(
            (str(each) for name, each in meta.items() if _ZONE in name), ''
        )
        try:
            return zoneinfo.ZoneInfo(named)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            rows.broken(self.name, symbol, f'{named!r} is no time zone')

    def _stamps(
        self,
        symbol: str,
        timeframe: str,
        written: list[str],
        zone: zoneinfo.ZoneInfo,
    ) -> table.IntArray:
        try:
            moments = [
                datetime.datetime.fromisoformat(each) for each in written
            ]
        except ValueError:
            rows.broken(self.name, symbol, 'a time in it is none')
        if timeframe == '1d':
            days = np.array([each.date() for each in moments], 'datetime64[D]')
            return rows.closes(self.name, symbol, days, self._calendar)
        opens = [int(each.replace(tzinfo=zone).timestamp()) for each in moments]
        step = timeframes.length(timeframe)
        return np.array(opens, np.int64) * market.NANOSECONDS + step

    def _field(self, symbol: str, bar: Any, name: str) -> Any:
        if not isinstance(bar, dict) or name not in bar:
            rows.broken(self.name, symbol, f'a bar lacks {name!r}')
        return bar[name]
