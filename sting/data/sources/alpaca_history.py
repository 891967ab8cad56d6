"""Bars of the past from Alpaca, through the broker's own SDK, alpaca-py.

Source: the historical and the latest bars of stocks of Alpaca's Market Data
API, version 2. A bar has the time at which it opened, one of a day midnight in
New York. A symbol that is not there is answered as one without bars, so that
the latest bar, which every symbol has that was ever traded, tells them apart.
"""

import asyncio
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import functools
from typing import Any
from typing import Final
from typing import Literal
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
from sting.net import guard as guards
from sting.net import limits
from sting.net import words

BARS: Final = '/stocks/bars'
LATEST: Final = '/stocks/bars/latest'
# Of one answer, at most.
PAGE: Final = 10_000
# Amounts and units of theirs.
INTERVALS: Final[Mapping[str, tuple[int, str]]] = {
    '1m': (1, 'Min'),
    '5m': (5, 'Min'),
    '15m': (15, 'Min'),
    '30m': (30, 'Min'),
    '1h': (1, 'Hour'),
    '1d': (1, 'Day'),
}
_ZONE: Final = 'America/New_York'
_MICROSECOND: Final = 1000
_COLUMNS: Final[Mapping[str, str]] = {
    'open': 'o',
    'high': 'h',
    'low': 'l',
    'close': 'c',
    'volume': 'v',
}
Feed = Literal['iex', 'sip']


class AlpacaHistory:
    """Bars of stocks and funds, of all hours; unadjusted.

    The SDK blocks, so that each request runs in a thread. It is asked for one
    page at a time and never tries again by itself: limits, tries and waits
    are those of all sources.
    """

    def __init__(
        self,
        base_url: str,
        time_source: clocks.Clock,
        key: str,
        secret: str,
        *,
        feed: Feed = 'iex',
        calendar: str = calendars.DEFAULT,
        limiter: limits.RateLimiter | None = None,
        policy: guards.Policy | None = None,
        timeout_s: float = 10.0,
        name: str = 'alpaca',
    ) -> None:
        """Sets up what asks; nothing is connected yet.

        Args:
            base_url: Where the service is.
            time_source: Tells which bar is closed, and waits.
            key: Of an account there.
            secret: The same.
            feed: Whose trades make the bars: iex, or sip for all exchanges.
            calendar: The exchange whose closes stamp the bars of a day.
            limiter: How often it may be asked; None for as often as one likes.
            policy: What is done about failures; None for the defaults.
            timeout_s: Seconds for one answer.
            name: Its name in the configuration.
        """
        self.name = name
        self._base_url = base_url.rstrip('/')
        self._clock = time_source
        self._secrets = (key, secret)
        self._feed = feed
        self._calendar = calendar
        self._limiter = limiter
        self._guard = guards.Guard(name, policy or guards.Policy(), time_source)
        self._timeout_s = timeout_s
        self._opening = asyncio.Lock()
        # The SDK's, which is imported late.
        self._client: Any = None
        # Symbols that are there.
        self._met: set[str] = set()

    async def get_bars(self, request: base.Request) -> table.BarTable:
        """Gives closed bars of the past; see `base.DataSource`."""
        return table.BarTable.merge(
            [await self._bars(name, request) for name in request.symbols],
            checked=False,
        )

    async def _bars(self, symbol: str, request: base.Request) -> table.BarTable:
        step = timeframes.length(request.timeframe)
        last = min(request.end, self._clock.now())
        # Theirs are the times at which bars open; a day closes before it ends.
        end = last if request.timeframe == '1d' else last - step
        found: list[Mapping[str, Any]] = []
        if request.start - step <= end:
            found = await self._pages(
                symbol,
                {
                    'symbols': symbol,
                    'timeframe': ''.join(
                        map(str, INTERVALS[request.timeframe])
                    ),
                    'start': market.to_iso(request.start - step),
                    'end': market.to_iso(end),
                    'limit': PAGE,
                    'adjustment': 'raw',
                    'feed': self._feed,
                    'sort': 'asc',
                },
            )
            await self._refuse_unknown(symbol, found)
        bars = rows.single(
            self.name,
            symbol,
            request.timeframe,
            self._stamps(symbol, request.timeframe, found),
            {
                column: [row[field] for row in found]
                for column, field in _COLUMNS.items()
            },
        )
        # The last one may still be open.
        return bars.select(start=request.start, end=last)

    async def _pages(
        self, symbol: str, asked: Mapping[str, Any]
    ) -> list[Mapping[str, Any]]:
        """Gives the rows of an answer and of those that follow it."""
        found: list[Mapping[str, Any]] = []
        seen: set[str] = set()
        while True:
            answer = await self._get(BARS, asked)
            found += self._rows(symbol, answer)
            token = answer.get('next_page_token')
            if token is None:
                return found
            if not isinstance(token, str) or not token or token in seen:
                rows.broken(self.name, symbol, 'its pages do not end')
            seen.add(token)
            asked = {**asked, 'page_token': token}

    def _rows(self, symbol: str, answer: Any) -> list[Mapping[str, Any]]:
        """Takes the rows out of a page."""
        by_symbol = self._by_symbol(symbol, answer)
        page = by_symbol.get(symbol) or []
        if not isinstance(page, list):
            rows.broken(self.name, symbol, 'the answer is no list of bars')
        for row in page:
            if not isinstance(row, dict) or not row.keys() >= {
                't',
                *_COLUMNS.values(),
            }:
                rows.broken(self.name, symbol, f'{str(row)[:60]} is no bar')
        return page

    def _by_symbol(self, symbol: str, answer: Any) -> dict[str, Any]:
        """Refuses an answer that is not about this symbol."""
        if not isinstance(answer, dict) or 'bars' not in answer:
            rows.broken(self.name, symbol, 'the answer has no bars')
        bars = {} if answer['bars'] is None else answer['bars']
        if not isinstance(bars, dict):
            rows.broken(self.name, symbol, 'the answer is no list of bars')
        if set(bars) - {symbol}:
            rows.broken(self.name, symbol, 'the answer has bars of others')
        return bars

    async def _refuse_unknown(
        self, symbol: str, found: Sequence[Mapping[str, Any]]
    ) -> None:
        """Refuses a symbol that has no bars because it is not there."""
        if not found and symbol not in self._met:
            asked = {'symbols': symbol, 'feed': self._feed}
            answer = await self._get(LATEST, asked)
            if not self._by_symbol(symbol, answer).get(symbol):
                raise errors.SourceRefusedError(
                    f'{self.name}: {symbol}: {self._feed} has no bar of it'
                )
        self._met.add(symbol)

    def _stamps(
        self, symbol: str, timeframe: str, found: Sequence[Mapping[str, Any]]
    ) -> table.IntArray:
        """Gives the closes of bars."""
        moments = []
        for row in found:
            try:
                moment = datetime.datetime.fromisoformat(row['t'])
            except (TypeError, ValueError):
                moment = None
            if moment is None or moment.tzinfo is None:
                what = f'the time {str(row["t"])[:40]} is none'
                rows.broken(self.name, symbol, what)
            moments.append(moment)
        opens = rows.moments(
            self.name,
            symbol,
            [market.to_nanoseconds(each) // _MICROSECOND for each in moments],
            _MICROSECOND,
        )
        if timeframe != '1d':
            return opens + timeframes.length(timeframe)
        zone = zoneinfo.ZoneInfo(_ZONE)
        days = [each.astimezone(zone).date() for each in moments]
        sessions = np.array(days, 'datetime64[D]')
        return rows.closes(self.name, symbol, sessions, self._calendar)

    async def _get(self, path: str, asked: Mapping[str, Any]) -> Any:
        """Makes a request, again where that may help."""
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(self._opened)
        client = self._client
        return await self._guard.call(lambda: self._once(client, path, asked))

    async def _once(
        self, client: Any, path: str, asked: Mapping[str, Any]
    ) -> Any:
        if self._limiter is not None:
            await self._limiter.acquire()
        try:
            # A thread that is left behind ends with its own time limit.
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.to_thread(self._ask, client, path, asked)
        except TimeoutError:
            raise self._late(path) from None

    def _opened(self) -> Any:
        """Makes a client, in a thread, as the SDK is slow to import."""
        try:
            from alpaca.data.historical import stock  # noqa: PLC0415
        except ImportError:
            raise errors.SourceRefusedError(
                f'{self.name}: bars of the past need the package alpaca-py; '
                'install sting[alpaca]'
            ) from None
        client = stock.StockHistoricalDataClient(
            *self._secrets, raw_data=True, url_override=self._base_url
        )
        # It would try again at its own pace, whatever the service asks for,
        # and wait for an answer for ever.
        client._retry = 0
        session = client._session
        # As all sources: no proxy, and no password out of a file.
        session.trust_env = False
        timed = functools.partial(session.request, timeout=self._timeout_s)
        setattr(session, 'request', timed)  # noqa: B010 - mypy
        return client

    def _ask(self, client: Any, path: str, asked: Mapping[str, Any]) -> Any:
        """Makes a request once, in a thread, with errors of ours."""
        from alpaca.common import exceptions as refusals  # noqa: PLC0415
        from requests import exceptions  # noqa: PLC0415

        where = f'{self.name} {path}'
        try:
            return client.get(path, dict(asked))
        except refusals.APIError as error:
            raise self._refusal(where, error.response, str(error)) from None
        except (exceptions.JSONDecodeError, RecursionError):
            raise errors.SourceBodyError(
                f'{where}: the answer is not JSON'
            ) from None
        except exceptions.Timeout:
            raise self._late(path) from None
        except (exceptions.InvalidHeader, UnicodeError):
            raise errors.SourceRefusedError(
                f'{self.name}: its key has characters that no key has'
            ) from None
        except (
            exceptions.InvalidURL,
            exceptions.InvalidSchema,
            exceptions.MissingSchema,
        ):
            raise errors.ConfigError(
                f'{self.name}: {self._base_url} is no address of a service'
            ) from None
        except OSError as error:
            # What went wrong stands behind the address, at the end.
            why = getattr(error.args[0] if error.args else None, 'reason', None)
            said = words.plain(str(why or error), self._secrets)
            raise errors.SourceUnavailableError(f'{where}: {said}') from None

    def _late(self, path: str) -> errors.SourceUnavailableError:
        return errors.SourceUnavailableError(
            f'{self.name} {path}: no answer within {self._timeout_s:g} s'
        )

    def _refusal(
        self, where: str, answer: Any, body: str
    ) -> errors.SourceError:
        """Makes an error of ours of a status that is one."""
        status = answer.status_code
        told = words.plain(body, self._secrets) or 'empty'
        said = f'{where}: HTTP {status}: {told}'
        wait = limits.retry_after(
            answer.headers.get('Retry-After', ''), self._clock.now()
        )
        if status == 429:
            return errors.SourceLimitedError(
                said, self._reset(answer) if wait is None else wait
            )
        if status >= 500 or status == 408:
            if wait is not None:
                return errors.SourceLimitedError(said, wait)
            return errors.SourceUnavailableError(said)
        return errors.SourceRefusedError(said)

    def _reset(self, answer: Any) -> float | None:
        """Reads when the limit is lifted, seconds from now."""
        text = answer.headers.get('X-Ratelimit-Reset', '')
        if not (text.isascii() and text.isdecimal() and len(text) < 12):
            return None
        return max(0.0, int(text) - self._clock.now() / market.NANOSECONDS)

    def wake(self) -> None:
        """Ends the rest after failures, as the service gives a sign of life."""
        self._guard.wake()

    async def close(self) -> None:
        """Ends its connections; the next request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            client._session.close()
