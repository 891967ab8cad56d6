"""Requests to Alpaca, through its SDK: in threads, limited, with our errors.

Of the SDK these traps are known (alpaca-py 0.44): it sets no time limit; it
posts an order again by itself after a 504; it waits three seconds after a 429,
whatever that says; an error's `code` raises where the body is no JSON. So it
never tries again here, every request has a time limit, and bodies of errors
are read by us.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
from concurrent import futures
import contextlib
import functools
import json
import threading
from typing import Any
from typing import Final

import msgspec

from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.net import limits
from sting.net import words

# Seconds for making a connection, and for each answer to the emergency stop.
CONNECT_S: Final = 5.0
# Requests that may be under way at once; cancels have threads of their own.
_WORKERS: Final = 4
# Seconds that a request waits where too many were made, before it is given up:
# less than the minute after which whoever asks gives it up, and an order that
# is older is not what its author wanted.
PATIENCE_S: Final = 45.0
# What is urgent tries again after a second, whatever it was told to wait.
_URGENT_S: Final = 1.0
_NO_KEY: Final = frozenset({401})

Limited = Callable[[float], None]
# Held around the very sending of a request.
Around = Callable[[], contextlib.AbstractContextManager[None]]


class RefusalError(errors.BrokerRejectedError):
    """Alpaca said no, in words.

    Attributes:
        status: The HTTP status.
        code: Its own number; 0 where it gave none.
        said: Its words.
    """

    def __init__(self, message: str, status: int, code: int, said: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.said = said


class LimitedError(errors.BrokerRejectedError):
    """It was asked too often; nothing was done.

    Attributes:
        wait_s: Seconds in which it wants to be left alone.
    """

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Where the service is, and who asks.

    Attributes:
        name: Of the broker, for errors.
        url: Where it takes orders.
        key: Of an account there.
        secret: The same.
        timeout_s: Seconds for one answer.
    """

    name: str
    url: str
    key: str
    secret: str
    timeout_s: float

    def __repr__(self) -> str:
        """Says where it is, and nothing of the key."""
        return f'Access({self.name!r}, {self.url!r})'

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Says the same where rich prints it."""
        return [('name', self.name), ('url', self.url)]

    @property
    def secrets(self) -> tuple[str, str]:
        """Texts that never stand in an error."""
        return self.key, self.secret


def _nobody(seconds: float) -> None:
    del seconds


class Rest:
    """Asks, from an event loop."""

    def __init__(
        self,
        access: Access,
        time_source: clocks.Clock,
        limiter: limits.RateLimiter,
        limited: Limited = _nobody,
    ) -> None:
        """Sets up what asks; nothing is connected yet.

        Args:
            access: Where the service is, and who asks.
            time_source: Waits.
            limiter: How often it may be asked; also when it may be again, of
                whichever connection that was learned.
            limited: Told for how many seconds requests wait now.
        """
        self.access = access
        self._clock = time_source
        self._limiter = limiter
        self._limited = limited
        # A session of requests is for one thread.
        self._own = threading.local()
        self._sessions: list[Any] = []
        self._closed = False
        self._orders = _pool(access.name)
        self._cancels = _pool(f'{access.name}-cancel')

    @property
    def resting_s(self) -> float:
        """Seconds for which it wants to be left alone; 0 where it does not."""
        return max(0.0, self._limiter.rests_until - self._clock.monotonic())

    async def call(
        self,
        method: str,
        path: str,
        data: Mapping[str, Any] | None = None,
        *,
        urgent: bool = False,
        patience_s: float = PATIENCE_S,
        around: Around = contextlib.nullcontext,
    ) -> Any:
        """Makes a request; one that was too many is made again in time.

        Args:
            method: GET, POST, PATCH or DELETE.
            path: Behind the version: /orders.
            data: Fields of the question, or of the body.
            urgent: It is a cancel, and waits behind nothing else.
            patience_s: So long it may wait where too many were made.
            around: Held while it is sent; may raise instead.

        Returns:
            What the answer says; None where it is empty.

        Raises:
            RefusalError: It said no; nothing was done.
            LimitedError: It is asked too often, for longer than that; nothing
                was done.
            errors.BrokerRejectedError: There was no connection; nothing was
                sent.
            errors.BrokerUnknownError: No answer, or none that makes sense.
        """
        ask = functools.partial(self._ask, method, path, data, around)
        pool = self._cancels if urgent else self._orders
        end = self._clock.monotonic() + patience_s
        while True:
            await self._turn(urgent, end)
            try:
                return await self._within(pool, ask, path)
            except LimitedError as error:
                self.limit(error)
                wait = min(error.wait_s, _URGENT_S) if urgent else error.wait_s
                if self._clock.monotonic() + wait >= end:
                    raise
                if urgent:
                    await self._clock.sleep(wait)

    def limit(self, error: LimitedError) -> None:
        """Leaves it alone for as long as it wants, whoever asks."""
        until = self._clock.monotonic() + error.wait_s
        self._limiter.rests_until = max(self._limiter.rests_until, until)
        self._limited(self.resting_s)

    async def run(self, work: Callable[[], Any]) -> Any:
        """Runs something of the SDK in one of the threads."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._orders, work)

    def close(self) -> None:
        """Ends the connections, and the threads once they have answered."""
        self._closed = True
        for pool in (self._orders, self._cancels):
            pool.shutdown(wait=False, cancel_futures=True)
        for session in self._sessions:
            session.close()

    async def _turn(self, urgent: bool, end: float) -> None:
        """Waits for a turn; what is urgent does not sit out a rest.

        Raises:
            LimitedError: It is not to be had in time.
        """
        while True:
            rest = 0.0 if urgent else self.resting_s
            if rest and self._clock.monotonic() + rest > end:
                raise LimitedError(
                    f'{self.access.name} was asked too often (HTTP 429) and '
                    f'takes nothing for another {rest:.0f} s; nothing was sent',
                    rest,
                )
            if rest:
                await self._clock.sleep(rest)
            await self._limiter.acquire(urgent=urgent)
            if urgent or not self.resting_s:
                return

    async def _within(
        self,
        pool: futures.ThreadPoolExecutor,
        ask: Callable[[], Any],
        path: str,
    ) -> Any:
        """Runs a request in a thread; a dripping answer is given up, too."""
        loop = asyncio.get_running_loop()
        name = self.access.name
        limit = 2 * (self.access.timeout_s + CONNECT_S)
        try:
            asked = loop.run_in_executor(pool, ask)
        except RuntimeError:
            if not self._closed:
                # A thread that could not begin; another may do it.
                raise errors.BrokerUnknownError(
                    f'{name} {path}: there is no thread for it'
                ) from None
            raise self._ended() from None
        try:
            async with asyncio.timeout(limit):
                return await asked
        except TimeoutError:
            raise errors.BrokerUnknownError(
                f'{name} {path}: no answer within {limit:g} s'
            ) from None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # It waited for a thread when the threads were ended.
            raise self._ended() from None

    def _ended(self) -> errors.BrokerRejectedError:
        return errors.BrokerRejectedError(
            f'broker {self.access.name} is not connected; nothing was sent'
        )

    def _ask(
        self,
        method: str,
        path: str,
        data: Mapping[str, Any] | None,
        around: Around,
    ) -> Any:
        client = getattr(self._own, 'client', None)
        if client is None:
            client = self._own.client = make_client(self.access)
            self._sessions.append(client._session)
        try:
            with around():
                return ask(client, self.access, method, path, data, self._clock)
        finally:
            if self._closed:
                # It was made, or used again, while all were closed.
                client._session.close()


def _pool(name: str) -> futures.ThreadPoolExecutor:
    return futures.ThreadPoolExecutor(_WORKERS, thread_name_prefix=name)


def make_client(access: Access) -> Any:
    """Makes a client of the SDK for one thread; the SDK is slow to import.

    Args:
        access: Where the service is, and who asks.

    Raises:
        errors.BrokerRejectedError: The SDK is not there.
    """
    try:
        from alpaca.trading import client as trading  # noqa: PLC0415
    except ImportError:
        raise errors.BrokerRejectedError(
            f'broker {access.name} needs the package alpaca-py; install '
            'sting[alpaca]'
        ) from None
    client = trading.TradingClient(
        access.key,
        access.secret,
        raw_data=True,
        url_override=access.url.rstrip('/'),
    )
    # It would post again by itself, at its own pace.
    client._retry = 0
    session = client._session
    # No proxy, and no password out of a file.
    session.trust_env = False
    timed = functools.partial(
        session.request, timeout=(CONNECT_S, access.timeout_s)
    )
    setattr(session, 'request', timed)  # noqa: B010 - mypy
    return client


def ask(
    client: Any,
    access: Access,
    method: str,
    path: str,
    data: Mapping[str, Any] | None,
    time_source: clocks.Clock,
) -> Any:
    """Makes one request in this thread, with errors of ours.

    Args:
        client: Of `make_client`.
        access: What it was made of.
        method: GET, POST, PATCH or DELETE.
        path: Behind the version.
        data: Fields of the question, or of the body.
        time_source: Tells the time, for limits that name one.

    Raises:
        RefusalError: It said no.
        errors.BrokerRejectedError: Nothing was sent.
        errors.BrokerUnknownError: No answer, or none that makes sense.
    """
    from alpaca.common import exceptions as refusals  # noqa: PLC0415
    from requests import exceptions  # noqa: PLC0415

    where = f'{access.name} {method} {path}'
    try:
        return client._request(method, path, dict(data) if data else None)
    except refusals.APIError as error:
        raise _refusal(where, access, error.response, time_source) from None
    except (exceptions.JSONDecodeError, RecursionError):
        raise errors.BrokerUnknownError(
            f'{where}: the answer is not JSON'
        ) from None
    except exceptions.ReadTimeout:
        raise errors.BrokerUnknownError(
            f'{where}: no answer within {access.timeout_s:g} s'
        ) from None
    except (
        exceptions.InvalidHeader,
        exceptions.InvalidURL,
        exceptions.InvalidSchema,
        exceptions.MissingSchema,
        UnicodeError,
    ):
        raise errors.BrokerRejectedError(
            f'{access.name}: the key or the address {access.url} has '
            'characters that none has; nothing was sent'
        ) from None
    except OSError as error:
        raise _broken(where, access, error) from None


def _broken(
    where: str, access: Access, error: OSError
) -> errors.BrokerRejectedError | errors.BrokerUnknownError:
    """Tells a connection that was never there from one that broke."""
    from urllib3 import exceptions as urllib3  # noqa: PLC0415

    inner = error.args[0] if error.args else None
    why = getattr(inner, 'reason', None) or inner or error
    said = words.plain(str(why), access.secrets)
    if isinstance(
        why, urllib3.NewConnectionError | urllib3.ConnectTimeoutError
    ):
        return errors.BrokerRejectedError(f'{where}: {said}; nothing was sent')
    return errors.BrokerUnknownError(f'{where}: {said}')


def _refusal(
    where: str, access: Access, answer: Any, time_source: clocks.Clock
) -> errors.BrokerError:
    """Makes an error of ours of a status that is one."""
    status = int(answer.status_code)
    code, said = _read(answer.text)
    said = words.plain(said, access.secrets) or 'no words'
    told = f'{where}: HTTP {status}: {said}'
    if status == 429:
        told += '; nothing was done'
        return LimitedError(told, _wait(answer.headers, time_source))
    if status >= 500 or status == 408:
        # It may have been done all the same.
        return errors.BrokerUnknownError(told)
    if status in _NO_KEY:
        told += '; check STING_ALPACA_KEY and STING_ALPACA_SECRET'
    return RefusalError(told, status, code, said)


def _read(body: str) -> tuple[int, str]:
    """Reads code and words of an error, whatever its body is."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return 0, body
    if not isinstance(found, dict):
        return 0, body
    code = found.get('code')
    return (code if isinstance(code, int) else 0), str(
        found.get('message') or body
    )


def _wait(headers: Mapping[str, str], time_source: clocks.Clock) -> float:
    """Reads how long to wait after a 429, seconds."""
    asked = limits.retry_after(
        headers.get('Retry-After', ''), time_source.now()
    )
    if asked is not None:
        return asked
    text = headers.get('X-Ratelimit-Reset', '')
    if text.isascii() and text.isdecimal() and len(text) < 12:
        return max(0.0, int(text) - time_source.now() / market.NANOSECONDS)
    return 1.0
