"""Bars, splits and dividends of Yahoo's chart service, version 8.

It has no contract: what is read here is what it was seen to give. Its prices
are adjusted for splits, not for dividends.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import math
from typing import Any
from typing import Final
import urllib.parse

import msgspec
import numpy as np

from sting.data import actions
from sting.data import calendars
from sting.data import table
from sting.data.sources import base
from sting.data.sources import rows
from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.model import records
from sting.model import timeframes
from sting.net import http

PATH: Final = '/v8/finance/chart/'
_DAY_S: Final = 86_400
_COLUMNS: Final = ('open', 'high', 'low', 'close', 'volume')
_INTERVALS: Final[Mapping[str, str]] = {
    '1m': '1m',
    '5m': '5m',
    '15m': '15m',
    '30m': '30m',
    '1h': '60m',
    '1d': '1d',
}
_K = records.ActionKind
_SPLIT: Final = ('date', 'numerator', 'denominator')
_DIVIDEND: Final = ('date', 'amount')
# The most days of one answer, by interval; without one there is no limit.
_DAYS: Final = {'1m': 7, '5m': 59, '15m': 59, '30m': 59, '1h': 700}


class YahooSource(base.DataSource):
    """Bars of stocks, funds and indices.

    Attributes:
        currencies: What a symbol's prices are in, as the service says: GBp is
            pence.
    """

    capabilities = base.Capabilities(
        timeframes=frozenset(_INTERVALS), batch=1, adjusted=True, actions=True
    )

    def __init__(
        self,
        client: http.HttpClient,
        time_source: clocks.Clock,
        *,
        calendar: str = calendars.DEFAULT,
        name: str = 'yahoo',
    ) -> None:
        """Sets up the source.

        Args:
            client: Asks the service.
            time_source: Tells which bar is closed.
            calendar: The exchange whose closes stamp the bars of a day.
            name: Its name in the configuration.
        """
        self.name = name
        self.currencies: dict[str, str] = {}
        self._client = client
        self._clock = time_source
        self._calendar = calendar

    async def get_bars(self, request: base.Request) -> table.BarTable:
        """Gives closed bars of the past; see the interface."""
        parts = [
            table.BarTable.empty(n, request.timeframe) for n in request.symbols
        ]
        for symbol in request.symbols:
            for first, last in self._pieces(request):
                parts.append(
                    await self._bars(symbol, request.timeframe, first, last)
                )
        return _merged(parts).select(start=request.start, end=request.end)

    async def get_actions(
        self, symbols: Sequence[str], start: int
    ) -> tuple[actions.Action, ...]:
        """Gives splits and dividends until now; see the interface.

        Its dividends are for units of today; those of then were paid more for
        each, where they were split since.
        """
        found: list[actions.Action] = []
        for symbol in dict.fromkeys(symbols):
            found += await self._actions(symbol, start)
        return actions.in_order(found)

    async def close(self) -> None:
        """Ends its connections."""
        await self._client.close()

    async def _actions(self, symbol: str, start: int) -> list[actions.Action]:
        answer = await self._client.get_json(
            PATH + urllib.parse.quote(symbol, safe=''),
            {
                'period1': start // market.NANOSECONDS,
                'period2': self._clock.now() // market.NANOSECONDS + 1,
                'interval': '1d',
                'events': 'div,splits',
            },
        )
        found = self._result(symbol, answer)
        meta = found.get('meta')
        offset = meta.get('gmtoffset') if isinstance(meta, dict) else None
        if type(offset) is not int:
            rows.broken(self.name, symbol, 'the answer has no gmtoffset')
        events = found.get('events') or {}
        splits = [
            actions.Action(
                _day(each['date'], offset),
                symbol,
                _K.SPLIT,
                each['numerator'] / each['denominator'],
            )
            for each in self._events(symbol, events, 'splits', _SPLIT)
        ]
        dividends = [
            actions.Action(
                _day(each['date'], offset), symbol, _K.DIVIDEND, each['amount']
            )
            for each in self._events(symbol, events, 'dividends', _DIVIDEND)
        ]
        return [*splits, *(_then(each, splits) for each in dividends)]

    def _events(
        self, symbol: str, events: Any, kind: str, fields: tuple[str, ...]
    ) -> Iterator[dict[str, Any]]:
        """Gives the events of a kind, whose figures are above 0."""
        found = events.get(kind) if isinstance(events, dict) else None
        if found is None:
            return
        if not isinstance(found, dict):
            rows.broken(self.name, symbol, f'{kind} are no events')
        for each in found.values():
            if not isinstance(each, dict) or not all(
                type(each.get(name)) in (int, float)
                and 0 < each[name] < math.inf
                for name in fields
            ):
                rows.broken(self.name, symbol, f'one of the {kind} is none')
            yield each

    def _pieces(self, request: base.Request) -> Iterator[tuple[int, int]]:
        """Cuts a request into what one answer may have, seconds."""
        step = timeframes.length(request.timeframe)
        first = (request.start - step) // market.NANOSECONDS
        last = min(request.end, self._clock.now()) // market.NANOSECONDS + 1
        days = _DAYS.get(request.timeframe)
        width = last - first + 1 if days is None else days * 86_400
        # The end of one is the beginning of the next: it may be left out there.
        while first < last:
            yield first, min(first + width, last)
            first += width

    async def _bars(
        self, symbol: str, timeframe: str, first: int, last: int
    ) -> table.BarTable:
        answer, known = await self._client.get_dated(
            PATH + urllib.parse.quote(symbol, safe=''),
            {
                'period1': first,
                'period2': last,
                'interval': _INTERVALS[timeframe],
                'includePrePost': 'false',
            },
        )
        found = self._result(symbol, answer)
        meta = found.get('meta')
        if not isinstance(meta, dict):
            rows.broken(self.name, symbol, 'the answer has no meta')
        self.currencies[symbol] = str(meta.get('currency') or '')
        times = found.get('timestamp')
        if times is None:
            # So it tells that there was no trade.
            return table.BarTable.empty(symbol, timeframe)
        if not isinstance(times, list):
            rows.broken(self.name, symbol, 'timestamp is no list of seconds')
        quote = self._quote(symbol, found)
        opens = rows.moments(self.name, symbol, times, market.NANOSECONDS)
        stamps = self._stamps(symbol, timeframe, opens, meta)
        bars = rows.single(
            self.name,
            symbol,
            timeframe,
            stamps,
            {name: quote[name] for name in _COLUMNS},
        )
        # The last one may still be open.
        return bars.select(end=known)

    def _result(self, symbol: str, answer: Any) -> dict[str, Any]:
        """Gives what was found, or raises what the service says."""
        chart = answer.get('chart') if isinstance(answer, dict) else None
        if not isinstance(chart, dict):
            rows.broken(self.name, symbol, 'the answer has no chart')
        failed = chart.get('error')
        if isinstance(failed, dict):
            said = str(failed.get('description') or failed.get('code') or '')
            raise errors.SourceRefusedError(
                f'{self.name}: {symbol}: {self._client.plain(said)}'
            )
        found = chart.get('result')
        if not isinstance(found, list) or not found:
            rows.broken(self.name, symbol, 'the answer has no result')
        if not isinstance(found[0], dict):
            rows.broken(self.name, symbol, 'the result is none')
        return found[0]

    def _quote(self, symbol: str, found: dict[str, Any]) -> dict[str, Any]:
        try:
            quote = found['indicators']['quote'][0]
            columns = {name: quote[name] for name in _COLUMNS}
        except (KeyError, IndexError, TypeError):
            rows.broken(self.name, symbol, 'the answer lacks prices or volume')
        if not all(isinstance(each, list) for each in columns.values()):
            rows.broken(self.name, symbol, 'prices are no lists')
        return columns

    def _stamps(
        self,
        symbol: str,
        timeframe: str,
        opens: table.IntArray,
        meta: dict[str, Any],
    ) -> table.IntArray:
        """Turns openings into closes."""
        if timeframe != '1d':
            try:
                return self._intraday(opens, timeframes.length(timeframe))
            except errors.DataError as error:
                rows.broken(self.name, symbol, str(error))
        offset = meta.get('gmtoffset')
        if type(offset) is not int or abs(offset) > _DAY_S:
            rows.broken(self.name, symbol, 'the answer has no gmtoffset')
        local = opens // market.NANOSECONDS + offset
        days = local.astype('datetime64[s]').astype('datetime64[D]')
        return rows.closes(self.name, symbol, days, self._calendar)

    def _intraday(self, opens: table.IntArray, step: int) -> table.IntArray:
        """Gives closes; the last bar of a session is as long as it lasts."""
        stamps = opens + step
        if self._calendar == calendars.ALWAYS or not len(opens):
            return stamps
        begins, ends = calendars.stretches(
            self._calendar, int(opens.min()), int(opens.max())
        )
        place = np.searchsorted(begins, opens, side='right') - 1
        last = ends[np.maximum(place, 0)]
        within = (place >= 0) & (opens < last)
        return np.where(within, np.minimum(stamps, last), stamps)


def _day(seconds: float, offset: int) -> datetime.date:
    """Gives the day of a moment where the exchange is."""
    days, _ = divmod(int(seconds) + offset, 86_400)
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=days)


def _then(
    dividend: actions.Action, splits: Sequence[actions.Action]
) -> actions.Action:
    """Gives a dividend for a unit of its day."""
    since = [each.value or 1.0 for each in splits if each.day > dividend.day]
    amount = (dividend.value or 0.0) * math.prod(since)
    # Amounts for units of today are rounded to millionths there.
    return msgspec.structs.replace(dividend, value=round(amount, 6))


def _merged(parts: list[table.BarTable]) -> table.BarTable:
    """Puts pieces together; where they overlap the later one has the say."""
    by_symbol: dict[str, list[table.BarTable]] = {}
    for part in parts:
        by_symbol.setdefault(part.symbols[0], []).append(part)
    whole = []
    for pieces in by_symbol.values():
        ends: list[table.BarTable] = []
        for piece in pieces:
            if ends and len(piece):
                begins = int(piece.timestamp[0])
                ends = [each.select(end=begins - 1) for each in ends]
            ends.append(piece)
        whole.append(table.BarTable.merge(ends, checked=False))
    return table.BarTable.merge(whole, checked=False)
