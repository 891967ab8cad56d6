"""Bars of Interactive Brokers, through TWS or IB Gateway.

Source: `Historical Bar Data` and `Historical Data Limitations` of IB's TWS
API. A moment in an answer is the opening of a bar.
"""

from collections.abc import Mapping
import datetime
from typing import Final
from typing import NamedTuple

import numpy as np

from sting import settings
from sting.data import calendars
from sting.data import table
from sting.data.sources import base
from sting.data.sources import ibkr_link
from sting.data.sources import rows
from sting.engine import clock as clocks
from sting.model import market
from sting.model import timeframes
from sting.net import guard as guards
from sting.net import ib
from sting.net import limits

_SECOND: Final = market.NANOSECONDS
_DAY: Final = '1d'
# Of bars of 30 s and below, 60 requests are allowed in ten minutes, and five
# of one instrument in two seconds.
_SMALL: Final = 30 * _SECOND
BURST: Final = 5
RATE: Final = (60 - BURST) / 600
# Seconds in which no such request may be made twice.
_APART_S: Final = 15.0


class _Size(NamedTuple):
    """A length of a bar.

    Attributes:
        name: In their words.
        duration: The longest request, in their words.
        span: What that is at least, nanoseconds.
    """

    name: str
    duration: str
    span: int


# Bars of hours are left out: theirs begin at the full hour, so that the first
# one of a session that opens at half past is shorter than it says.
SIZES: Final[Mapping[str, _Size]] = {
    '1s': _Size('1 secs', '1800 S', 1800 * _SECOND),
    '5s': _Size('5 secs', '3600 S', 3600 * _SECOND),
    '10s': _Size('10 secs', '14400 S', 14_400 * _SECOND),
    '15s': _Size('15 secs', '14400 S', 14_400 * _SECOND),
    '30s': _Size('30 secs', '28800 S', 28_800 * _SECOND),
    '1m': _Size('1 min', '1 D', timeframes.DAY),
    '2m': _Size('2 mins', '2 D', 2 * timeframes.DAY),
    '3m': _Size('3 mins', '1 W', 7 * timeframes.DAY),
    '5m': _Size('5 mins', '1 W', 7 * timeframes.DAY),
    '10m': _Size('10 mins', '1 W', 7 * timeframes.DAY),
    '15m': _Size('15 mins', '1 W', 7 * timeframes.DAY),
    '20m': _Size('20 mins', '1 W', 7 * timeframes.DAY),
    '30m': _Size('30 mins', '1 M', 28 * timeframes.DAY),
    '1d': _Size('1 day', '1 Y', 365 * timeframes.DAY),
}


class IbkrSource(base.DataSource):
    """Bars of stocks and funds, of regular hours; adjusted for splits."""

    capabilities = base.Capabilities(
        timeframes=frozenset(SIZES), batch=1, adjusted=True
    )

    def __init__(
        self,
        gateway: settings.Gateway,
        time_source: clocks.Clock,
        *,
        policy: guards.Policy | None = None,
        name: str = 'ibkr',
    ) -> None:
        """Sets up the source; nothing is connected yet.

        Args:
            gateway: Where it is, and what it is asked for.
            time_source: Tells which bar is closed, and waits.
            policy: What is done about failures; None for the defaults.
            name: Its name in the configuration.

        Raises:
            errors.ConfigError: The broker's library is not installed.
        """
        ib.name()
        self.name = name
        self._gateway = gateway
        self._clock = time_source
        self._link = ibkr_link.Link(
            ibkr_link.Place(
                name=name,
                host=gateway.host,
                port=gateway.port,
                client_id=gateway.client_id,
                timeout_s=gateway.timeout_s,
            )
        )
        self._guard = guards.Guard(
            name, policy or guards.Policy(), time_source, seed=gateway.client_id
        )
        self._pacing = Pacing(time_source)

    async def get_bars(self, request: base.Request) -> table.BarTable:
        """Gives closed bars of the past; see the interface."""
        return table.BarTable.merge(
            [await self._bars(name, request) for name in request.symbols],
            checked=False,
        )

    async def close(self) -> None:
        """Ends its connection."""
        await self._link.close()

    async def _bars(self, symbol: str, request: base.Request) -> table.BarTable:
        """Asks backwards, each time for what is before the bars that came."""
        first = request.start
        last = min(request.end, self._clock.now())
        parts = [table.BarTable.empty(symbol, request.timeframe)]
        step = timeframes.length(request.timeframe)
        while (last := self._closing(request, last)) >= first:
            part = await self._part(symbol, request.timeframe, first, last)
            part = part.select(start=first, end=last)
            parts.append(part)
            if len(part):
                # At least one bar is new, so that this ends.
                earliest = int(part.timestamp[0])
                last = earliest - (1 if request.timeframe == _DAY else step)
            else:
                last -= max(SIZES[request.timeframe].span, step)
        return table.BarTable.merge(parts, checked=False)

    def _closing(self, request: base.Request, last: int) -> int:
        """Gives the last moment, from one back, at which a bar can close."""
        first = request.start
        if last < first:
            return last
        opens, closes = calendars.stretches(self._gateway.calendar, first, last)
        if request.timeframe == _DAY:
            place = int(np.searchsorted(closes, last, 'right')) - 1
        else:
            place = int(np.searchsorted(opens, last, 'left')) - 1
        return min(last, int(closes[place])) if place >= 0 else first - 1

    async def _part(
        self, symbol: str, timeframe: str, first: int, last: int
    ) -> table.BarTable:
        """Asks once for bars that close in a range, or for its end."""
        size = SIZES[timeframe]
        query = ibkr_link.Query(
            symbol=symbol,
            exchange=self._gateway.exchange,
            currency=self._gateway.currency,
            # Up to the next full second: what is too new is left out.
            end=market.to_datetime(-(-last // _SECOND) * _SECOND),
            duration=_duration(size, last - first, timeframe),
            size=size.name,
        )
        small = timeframes.length(timeframe) <= _SMALL

        async def ask() -> list[ibkr_link.Row]:
            if small:
                await self._pacing.wait(query)
            return await self._link.history(query)

        found = await self._guard.call(ask)
        return self._table(symbol, timeframe, found)

    def _table(
        self, symbol: str, timeframe: str, found: list[ibkr_link.Row]
    ) -> table.BarTable:
        opened = [row.opened for row in found]
        return rows.single(
            self.name,
            symbol,
            timeframe,
            self._stamps(symbol, timeframe, opened),
            {
                name: [getattr(row, name) for row in found]
                for name in ('open', 'high', 'low', 'close', 'volume')
            },
        )

    def _stamps(
        self, symbol: str, timeframe: str, opened: list[datetime.date]
    ) -> table.IntArray:
        """Gives the closes of bars that opened then."""
        moments = [
            each for each in opened if isinstance(each, datetime.datetime)
        ]
        if timeframe == _DAY:
            if moments:
                rows.broken(self.name, symbol, 'a bar of a day has a moment')
            days = np.array(opened, 'datetime64[D]')
            return rows.closes(self.name, symbol, days, self._gateway.calendar)
        if len(moments) < len(opened):
            rows.broken(self.name, symbol, 'a bar has a day and no moment')
        if any(each.tzinfo is None for each in moments):
            rows.broken(self.name, symbol, 'a moment is without a time zone')
        seconds = [int(each.timestamp()) for each in moments]
        step = timeframes.length(timeframe)
        return rows.moments(self.name, symbol, seconds, _SECOND) + step


class Pacing:
    """Keeps what IB allows of requests for bars of 30 s and below.

    Attributes:
        limiter: How often, in all.
    """

    def __init__(self, time_source: clocks.Clock) -> None:
        self.limiter = limits.RateLimiter(RATE, BURST)
        self._clock = time_source
        # When each request may be made again, seconds.
        self._again: dict[ibkr_link.Query, float] = {}

    async def wait(self, query: ibkr_link.Query) -> None:
        """Waits for the turn of a request."""
        await self.limiter.acquire()
        while (rest := self._rest(query)) > 0:
            await self._clock.sleep(rest)
        self._again[query] = self._clock.monotonic() + _APART_S

    def _rest(self, query: ibkr_link.Query) -> float:
        now = self._clock.monotonic()
        self._again = {
            each: until for each, until in self._again.items() if until > now
        }
        return self._again.get(query, now) - now


def _duration(size: _Size, reach: int, timeframe: str) -> str:
    """Says how far back to ask: no further than needed, where that is short.

    Args:
        size: Of the bars.
        reach: From the first close that is wanted to the last, nanoseconds.
        timeframe: Of the bars.
    """
    step = timeframes.length(timeframe)
    wanted = reach + step
    if wanted >= size.span:
        return size.duration
    if timeframe == _DAY:
        # One more, as a session may be longer than from close to close.
        return f'{-(-wanted // timeframes.DAY) + 1} D'
    if wanted > timeframes.DAY:
        return size.duration
    return f'{-(-wanted // step) * step // _SECOND} S'
