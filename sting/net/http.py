"""Requests over HTTP, with answers that are JSON or an error of ours."""

from collections.abc import Mapping
from collections.abc import Sequence
from types import TracebackType
from typing import Any
from typing import Final
from typing import Self

import aiohttp
import msgspec

from sting.engine import clock as clocks
from sting.model import errors
from sting.model import market
from sting.net import guard as guards
from sting.net import limits
from sting.net import words

# An answer longer than this is none of ours, bytes.
LARGEST: Final = 64 * 2**20
# Of an answer, to find what is told in an error: bytes.
_READ: Final = 4096
_LIMITED: Final = frozenset({418, 429})
# Clocks that are further apart say nothing of each other, nanoseconds.
_CREDIBLE: Final = 3600 * market.NANOSECONDS


class HttpClient:
    """Asks one service, over connections that are kept.

    Every request passes the limiter, has a time limit, is made again where
    that may help, and ends in decoded JSON or in a SourceError. Parameters
    never stand in an error: a key may be one of them.

    Attributes:
        name: The service, for errors.
        base_url: What every path is added to.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        time_source: clocks.Clock,
        *,
        limiter: limits.RateLimiter | None = None,
        policy: guards.Policy | None = None,
        timeout_s: float = 10.0,
        headers: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
        seed: int = 0,
    ) -> None:
        """Sets up a client; nothing is connected yet.

        Args:
            name: The service.
            base_url: Where it is.
            time_source: Waits, and reads dates of `Retry-After`.
            limiter: How often it may be asked; None for as often as one likes.
            policy: What is done about failures; None for the defaults.
            timeout_s: Seconds for one answer, from the request to its end.
            headers: Sent with every request.
            secrets: Texts that never stand in an error, though a service says
                them: keys.
            seed: Of the waits between tries.
        """
        self.name = name
        self.base_url = base_url.rstrip('/')
        self._clock = time_source
        self._limiter = limiter
        self._guard = guards.Guard(
            name, policy or guards.Policy(), time_source, seed=seed
        )
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._headers = dict(headers or {})
        self._secrets = tuple(filter(None, secrets))
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Gives itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes its connections."""
        await self.close()

    def wake(self) -> None:
        """Ends the rest after failures, as the service gives a sign of life."""
        self._guard.wake()

    async def close(self) -> None:
        """Closes its connections; the next request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get_json(
        self,
        path: str,
        parameters: Mapping[str, str | int] | None = None,
        *,
        weight: float = 1.0,
    ) -> Any:
        """Asks for something.

        Args:
            path: Behind the base address.
            parameters: Of the query.
            weight: What it counts for with the limiter.

        Returns:
            The decoded answer.

        Raises:
            errors.SourceUnavailableError: No answer, a broken one, or an error
                of the service, after as many tries as the policy has.
            errors.SourceLimitedError: It was asked too often.
            errors.SourceRefusedError: It says no, and its words.
            errors.SourceBodyError: The answer is no JSON.
        """
        body, _ = await self.get_dated(path, parameters, weight=weight)
        return body

    async def get_dated(
        self,
        path: str,
        parameters: Mapping[str, str | int] | None = None,
        *,
        weight: float = 1.0,
    ) -> tuple[Any, int]:
        """Asks for something; as `get_json`.

        Returns:
            The decoded answer, and up to when it can tell what has happened,
            nanoseconds since the epoch, UTC: until it was asked, by the clock
            here, and by the service's own, which tells whole seconds (RFC
            9110, 6.6.1), where the two are no hour apart.
        """
        return await self._guard.call(
            lambda: self._get(path, parameters or {}, weight)
        )

    async def _get(
        self, path: str, parameters: Mapping[str, str | int], weight: float
    ) -> tuple[Any, int]:
        if self._limiter is not None:
            await self._limiter.acquire(weight)
        asked = self._clock.now()
        where = f'{self.name} {path}'
        try:
            async with self._opened().get(
                self.base_url + path, params=parameters, allow_redirects=False
            ) as answer:
                body = await self._read(answer, where)
        except TimeoutError:
            raise errors.SourceUnavailableError(
                f'{where}: no answer within {self._timeout.total:g} s'
            ) from None
        except aiohttp.InvalidURL:
            raise errors.ConfigError(
                f'{self.name}: {self.base_url} is no address of a service'
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            # What aiohttp adds, also where there is no TLS, helps nobody.
            said = self.plain(str(error).replace(' ssl:default', ''))
            said = said or type(error).__name__
            raise errors.SourceUnavailableError(f'{where}: {said}') from None
        self._refuse(answer, body, where)
        try:
            return msgspec.json.decode(body), _known_until(answer, asked)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise errors.SourceBodyError(
                f'{where}: the answer is not JSON: {self._start(body)}'
            ) from None

    def plain(self, text: str) -> str:
        """Makes words of the service fit for one line, without secrets."""
        return words.plain(text, self._secrets)

    def _start(self, body: bytes) -> str:
        """Gives the beginning of a body, or that there is none."""
        return self.plain(body[:_READ].decode('utf-8', 'replace')) or 'empty'

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                headers=self._headers,
                # A service's name may be an address of this machine.
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def _read(self, answer: aiohttp.ClientResponse, where: str) -> bytes:
        """Reads an answer whole, and no more than it may be long."""
        pieces: list[bytes] = []
        length = 0
        async for piece in answer.content.iter_any():
            length += len(piece)
            if length > LARGEST:
                raise errors.SourceBodyError(
                    f'{where}: the answer is longer than {LARGEST:,} bytes'
                )
            pieces.append(piece)
        return b''.join(pieces)

    def _refuse(
        self, answer: aiohttp.ClientResponse, body: bytes, where: str
    ) -> None:
        """Makes an error of ours of a status that is one."""
        status = answer.status
        if status < 300:
            return
        said = f'{where}: HTTP {status}: {self._start(body)}'
        if status in _LIMITED:
            raise errors.SourceLimitedError(said, self._wait_of(answer))
        if status >= 500 or status == 408:
            wait = self._wait_of(answer)
            if wait is not None:
                raise errors.SourceLimitedError(said, wait)
            raise errors.SourceUnavailableError(said)
        raise errors.SourceRefusedError(said)

    def _wait_of(self, answer: aiohttp.ClientResponse) -> float | None:
        """Reads how long the service wants to be left alone, seconds."""
        said = answer.headers.get('Retry-After', '')
        return limits.retry_after(said, self._clock.now())


def _known_until(answer: aiohttp.ClientResponse, asked: int) -> int:
    """Gives up to when an answer can tell what has happened.

    By a clock that is ahead, a bar that is not closed yet would be.

    Args:
        answer: May say when it was made.
        asked: When it was asked for, by the clock here.
    """
    made = limits.http_date(answer.headers.get('Date', ''))
    if made is None:
        return asked
    return min(asked, made) if abs(asked - made) < _CREDIBLE else asked
