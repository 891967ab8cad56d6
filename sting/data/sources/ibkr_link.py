"""A connection to TWS or IB Gateway, for data alone.

The library (`net.ib`) belongs to one event loop, and reads an answer of
thousands of bars in one go. So it has a loop and a thread of its own; nothing
of it runs in the caller's. Nothing is asked of the account, and no order can
be sent.
"""

import asyncio
from collections.abc import Callable
import datetime
from typing import Any
from typing import Final
from typing import TypeVar
import warnings

import msgspec

from sting.model import errors
from sting.net import ib as libraries
from sting.net import loops
from sting.net import words

T = TypeVar('T')
# Requests for bars that may be open at once, as IB publishes it.
OPEN: Final = 50
# Seconds for the other side to take note of an end.
_END_S: Final = 1.0
_HISTORY: Final = 17
# Of the gateway and not of a request: its own connection is lost.
_CUT: Final = frozenset({1100, 2110})
# Of the gateway's own connections, which come and go.
_NOTICES: Final = range(2100, 2200)
# What the library says of what it raises anyway.
_OWN: Final = 'API connection failed'
# A symbol, an account or a request that is none, and permissions.
_REFUSED: Final = frozenset(
    {200, 203, 320, 321, 354, 430, 10089, 10090, 10168, 10186, 10187}
)
# Too many messages a second; pacing.
_LIMITED: Final = {100: 1.0, 420: 600.0}
_NO_HISTORY: Final = 162
# Seconds: of their limits on small bars, the longest runs over ten minutes.
PACING_S: Final = 600.0


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the gateway is.

    Attributes:
        name: Of the source, for errors.
        host: Its address.
        port: Its port.
        client_id: The number of this connection; no two may have one.
        timeout_s: Seconds for one answer.
        connect_s: Seconds for a connection.
    """

    name: str
    host: str
    port: int
    client_id: int
    timeout_s: float
    connect_s: float = 10.0


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Bars of one stock, of regular hours, back from a moment.

    Attributes:
        symbol: The stock.
        exchange: Where; SMART for wherever it trades.
        currency: Of its price.
        end: The moment, UTC, whole seconds.
        duration: How far back, in their words: `1800 S`, `1 D`.
        size: Length of a bar, in their words: `1 min`.
    """

    symbol: str
    exchange: str
    currency: str
    end: datetime.datetime
    duration: str
    size: str


class Row(msgspec.Struct, frozen=True):
    """A bar as it came; `opened` is a day, or a moment."""

    opened: datetime.date
    open: float
    high: float
    low: float
    close: float
    volume: float


class Link:
    """One connection, made when it is first needed and again after it broke."""

    def __init__(self, place: Place) -> None:
        """Sets up the link; nothing is connected and no thread runs yet."""
        self._place = place
        self._thread: loops.LoopThread | None = None
        self._session: _Session | None = None

    async def history(self, query: Query) -> list[Row]:
        """Asks for bars, once.

        Args:
            query: What is wanted.

        Returns:
            The bars as they came; none where the service has none.

        Raises:
            errors.SourceUnavailableError: No gateway, no answer, or not now.
            errors.SourceLimitedError: It was asked too often.
            errors.SourceRefusedError: It says no, and its words; or the link
                was closed meanwhile.
            errors.SourceBodyError: The answer makes no sense.
        """
        thread, session = self._begun()
        asked = thread.send(session.history(query))
        try:
            return await asyncio.wrap_future(asked)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise errors.SourceRefusedError(
                f'{self._place.name} was closed'
            ) from None

    async def close(self) -> None:
        """Ends the connection and the thread; the next request begins anew.

        A thread that something blocks is warned of, and left behind.
        """
        thread, session = self._thread, self._session
        if thread is None or session is None:
            return
        self._thread = self._session = None
        left = await thread.finish(session.close())
        if left:
            warnings.warn(
                f'{self._place.name}: {left}', RuntimeWarning, stacklevel=2
            )

    def _begun(self) -> tuple[loops.LoopThread, '_Session']:
        if self._thread is None or self._session is None:
            self._thread = loops.LoopThread('ibkr data')
            self._session = _Session(self._place)
        return self._thread, self._session


class _Session:
    """What lives in the thread: the library, and what waits for answers."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._ib: Any = None
        self._library: Any = None
        self._connecting = asyncio.Lock()
        self._room = asyncio.Semaphore(OPEN)
        self._waiting: dict[int, asyncio.Future[list[Any]]] = {}
        # What the gateway said last that belongs to no request.
        self._said = ''

    async def history(self, query: Query) -> list[Row]:
        """Asks for bars; see Link."""
        async with self._room:
            ib = await self._connected()
            return [
                Row(*(getattr(bar, name) for name in _FIELDS))
                for bar in await self._asked(ib, query)
            ]

    async def close(self) -> None:
        """Ends whatever goes on, and the connection."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._drop()

    async def _connected(self) -> Any:
        """Gives the library, connected."""
        async with self._connecting:
            if self._ib is not None and self._ib.isConnected():
                return self._ib
            await self._drop()
            self._library = libraries.load()
            self._ib = self._made()
            try:
                await self._connect(self._ib.client)
            except errors.SourceError:
                await self._drop()
                raise
            return self._ib

    def _made(self) -> Any:
        ib = self._library.IB()
        ib.RaiseRequestErrors = True
        ib.wrapper.clientId = self._place.client_id
        ib.errorEvent += self._hear
        ib.client.apiError += self._note
        handlers = ib.client.decoder.handlers
        handlers[_HISTORY] = self._checked(handlers[_HISTORY])
        return ib

    async def _connect(self, client: Any) -> None:
        """Connects, which fails when the gateway hangs up meanwhile."""
        place = self._place
        limit = place.connect_s
        gone: asyncio.Future[None] = asyncio.Future()

        def hung_up(_said: str) -> None:
            if not gone.done():
                gone.set_result(None)

        self._said = ''
        client.conn.disconnected += hung_up
        # A version that is too old: it stays, and says nothing.
        client.apiError += hung_up
        # Of the client, and not of IB: that one asks for the account too.
        connecting = asyncio.ensure_future(
            client.connectAsync(place.host, place.port, place.client_id, limit)
        )
        try:
            await asyncio.wait(
                (connecting, gone), return_when=asyncio.FIRST_COMPLETED
            )
            if not connecting.done():
                raise ConnectionError('it hung up')
            await connecting
        except TimeoutError:
            raise self._unreachable(f'no answer within {limit:g} s') from None
        except OSError as error:
            raise self._unreachable(str(error)) from None
        finally:
            client.conn.disconnected -= hung_up
            client.apiError -= hung_up
            connecting.cancel()
            await asyncio.wait((connecting,))

    def _unreachable(self, why: str) -> errors.SourceUnavailableError:
        place = self._place
        told = words.plain(self._said or why)
        return errors.SourceUnavailableError(
            f'{place.name}: no TWS or IB Gateway at {place.host}:{place.port} '
            f'for client {place.client_id}: {told}'
        )

    async def _asked(self, ib: Any, query: Query) -> list[Any]:
        """Makes one request and waits for its end."""
        client = ib.client
        number = client.getReqId()
        stock = self._library.Stock(
            query.symbol, query.exchange, query.currency
        )
        future = ib.wrapper.startReq(number, stock)
        self._waiting[number] = future
        before = client.connectionStats().numMsgRecv
        client.reqHistoricalData(
            number,
            stock,
            self._library.util.formatIBDatetime(query.end),
            query.duration,
            query.size,
            'TRADES',
            True,
            # Moments as seconds since the epoch: without a time zone.
            2,
            False,
            [],
        )
        try:
            async with asyncio.timeout(self._place.timeout_s):
                found: list[Any] = await future
                return found
        except TimeoutError:
            if client.isReady():
                client.cancelHistoricalData(number)
                if client.connectionStats().numMsgRecv == before:
                    # It said nothing to anybody: it hangs.
                    self._fail('says nothing')
                    client.disconnect()
            raise errors.SourceUnavailableError(
                f'{self._place.name}: {query.symbol}: no answer within '
                f'{self._place.timeout_s:g} s'
            ) from None
        except asyncio.CancelledError:
            if client.isReady():
                client.cancelHistoricalData(number)
            raise
        except ConnectionError:
            raise self._gone('hung up') from None
        except self._library.RequestError as error:
            if error.code == _NO_HISTORY and _is_none(error.message):
                return []
            raise self._error(query.symbol, error) from None
        finally:
            del self._waiting[number]

    def _error(self, symbol: str, error: Any) -> errors.SourceError:
        """Makes an error of ours of one of theirs."""
        said = words.plain(error.message)
        told = f'{self._place.name}: {symbol}: error {error.code}: {said}'
        lower = said.lower()
        if error.code in _LIMITED:
            return errors.SourceLimitedError(told, _LIMITED[error.code])
        if error.code in _REFUSED:
            return errors.SourceRefusedError(told)
        if error.code == _NO_HISTORY:
            if 'pacing violation' in lower:
                return errors.SourceLimitedError(told, PACING_S)
            if 'permission' in lower or 'subscri' in lower:
                return errors.SourceRefusedError(told)
        return errors.SourceUnavailableError(told)

    def _checked(
        self, handler: Callable[[list[str]], None]
    ) -> Callable[[list[str]], None]:
        """Gives what reads bars and tells what cannot be read.

        The library writes such answers into its log, and the request would
        wait until its time is up.
        """

        def handle(fields: list[str]) -> None:
            try:
                handler(fields)
            except (ValueError, LookupError, StopIteration) as error:
                number = fields[1] if len(fields) > 1 else ''
                if number.isdecimal() and int(number) in self._waiting:
                    what = words.plain(str(error)) or 'it ends too early'
                    self._end(
                        self._waiting[int(number)],
                        errors.SourceBodyError(
                            f'{self._place.name}: bars that make no sense: '
                            f'{what}'
                        ),
                    )

        return handle

    def _hear(
        self, number: int, code: int, said: str, _contract: object
    ) -> None:
        """Is told of every error and notice."""
        if number in self._waiting:
            # ib_async takes some errors for warnings, and would go on waiting.
            if code in _REFUSED:
                error = self._library.RequestError(number, code, said)
                self._end(self._waiting[number], error)
            return
        if code in _CUT:
            self._fail(f'lost its own connection: {words.plain(said)}')
        elif code not in _NOTICES:
            self._note(f'error {code}: {said}')

    def _note(self, said: str) -> None:
        """Keeps the first that is said of a connection that fails."""
        if not said.startswith(_OWN):
            self._said = self._said or said

    def _gone(self, what: str) -> errors.SourceUnavailableError:
        return errors.SourceUnavailableError(
            f'{self._place.name}: the gateway {what}'
        )

    def _fail(self, what: str) -> None:
        """Ends all that waits."""
        for future in self._waiting.values():
            self._end(future, self._gone(what))

    def _end(self, future: asyncio.Future[list[Any]], error: Exception) -> None:
        if not future.done():
            future.set_exception(error)

    async def _drop(self) -> None:
        """Ends the connection there is, and waits until it is gone."""
        ib, self._ib = self._ib, None
        if ib is None:
            return
        connection = ib.client.conn
        gone: asyncio.Future[None] = asyncio.Future()
        if connection.isConnected():
            connection.disconnected += lambda _said: gone.set_result(None)
            transport = connection.transport
            ib.client.disconnect()
            await asyncio.wait((gone,), timeout=_END_S)
            if not gone.done():
                transport.abort()
                await gone


_FIELDS: Final = ('date', 'open', 'high', 'low', 'close', 'volume')


def _is_none(said: str) -> bool:
    """Whether it says that there are no bars, which is no failure."""
    return 'no data' in said.lower()
