"""One connection of a WebSocket, from its opening to its end."""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import logging
from typing import Final
from typing import Self

import msgspec
from websockets import exceptions
from websockets.asyncio import client

from sting.engine import clock as clocks
from sting.model import errors
from sting.net import limits
from sting.net import words

Frame = str | bytes
# Messages that wait are read so many at a time.
_AT_ONCE: Final = 64
_LIMITED: Final = frozenset({418, 429})
# What happens to connections is told by the monitor, not on a terminal.
_logger = logging.getLogger(__name__)
_logger.addHandler(logging.NullHandler())
_logger.propagate = False


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How a connection is kept.

    Attributes:
        open_s: Seconds for connecting, greeting included.
        ping_s: Seconds between our pings, and for the answer to one.
        silence_s: Seconds without a message, while some should come, after
            which the connection is made anew.
        close_s: Seconds for an orderly end.
        wait_s: Seconds before the second try; each further wait is twice the
            one before, all of them made shorter by chance, by half at most.
        most_wait_s: The longest wait, seconds.
        steady_s: A connection that held so long begins with short waits again.
        queue: Messages that wait to be read; beyond them the network is not
            read, and the other end waits.
        largest: Of one message, bytes; a longer one ends the connection.
    """

    open_s: float = 10.0
    ping_s: float = 20.0
    silence_s: float = 90.0
    close_s: float = 2.0
    wait_s: float = 0.5
    most_wait_s: float = 30.0
    steady_s: float = 60.0
    queue: int = 1024
    largest: int = 2**20

    def __post_init__(self) -> None:
        """Refuses figures that make no sense.

        Raises:
            errors.ConfigError: Naming the figure.
        """
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not 0 < value < float('inf'):
                raise errors.ConfigError(f'{name} {value:g} must be above 0')


class SilentError(errors.SourceUnavailableError):
    """The connection is there, and nothing comes though something should."""


class Wire:
    """One connection, from its opening to its end."""

    def __init__(
        self,
        name: str,
        connection: client.ClientConnection,
        policy: Policy,
        *,
        is_open: Callable[[], bool],
        limiter: limits.RateLimiter | None,
        secrets: Sequence[str],
    ) -> None:
        """Takes a connection that is open; `dial` makes one."""
        self._name = name
        self._connection = connection
        self._policy = policy
        self._is_open = is_open
        self._limiter = limiter
        self._secrets = secrets
        self._at_once = 0

    @classmethod
    async def dial(
        cls,
        name: str,
        url: str,
        policy: Policy,
        *,
        is_open: Callable[[], bool],
        limiter: limits.RateLimiter | None,
        headers: Mapping[str, str],
        secrets: Sequence[str],
        time_source: clocks.Clock,
    ) -> Self:
        """Connects.

        Raises:
            errors.SourceUnavailableError: Nobody answers, or not now.
            errors.SourceRefusedError: The other end says no.
            errors.ConfigError: The address is none.
        """
        try:
            connection = await _Connecting(
                url,
                additional_headers=headers,
                # As over HTTP: the environment does not send keys elsewhere.
                proxy=None,
                open_timeout=policy.open_s,
                ping_interval=policy.ping_s,
                ping_timeout=policy.ping_s,
                close_timeout=policy.close_s,
                max_size=policy.largest,
                max_queue=policy.queue,
                logger=_logger,
            )
        except TimeoutError:
            raise errors.SourceUnavailableError(
                f'{name}: no answer within {policy.open_s:g} s'
            ) from None
        except exceptions.InvalidURI:
            raise errors.ConfigError(
                f'{name}: {url} is no address of a WebSocket'
            ) from None
        except exceptions.InvalidStatus as error:
            raise _refusal(name, error, secrets, time_source) from None
        except (OSError, exceptions.InvalidHandshake) as error:
            said = words.plain(str(error), secrets) or type(error).__name__
            raise errors.SourceUnavailableError(f'{name}: {said}') from None
        return cls(
            name,
            connection,
            policy,
            is_open=is_open,
            limiter=limiter,
            secrets=secrets,
        )

    @property
    def waiting(self) -> int:
        """How many messages wait to be read."""
        return len(self._connection.recv_messages.frames)

    @property
    def paused(self) -> bool:
        """Whether the other end waits, since too many do."""
        return self._connection.recv_messages.paused

    async def send(self, message: Frame) -> None:
        """Sends a message, when its turn has come.

        Raises:
            errors.SourceUnavailableError: The connection is gone.
        """
        if self._limiter is not None:
            await self._limiter.acquire()
        try:
            await self._connection.send(message)
        except exceptions.ConnectionClosed as error:
            raise self._gone(error) from None

    async def receive(self) -> Frame:
        """Gives the next message.

        Raises:
            SilentError: None came for so long, though the market is open.
            errors.SourceUnavailableError: The connection is gone.
        """
        try:
            if not self.waiting:
                return await self._awaited()
            self._at_once += 1
            if self._at_once % _AT_ONCE == 0:
                # What waits is taken without a pause; others have a turn too.
                await asyncio.sleep(0)
            return await self._connection.recv()
        except exceptions.ConnectionClosed as error:
            raise self._gone(error) from None

    def abort(self) -> None:
        """Ends it at once."""
        self._connection.transport.abort()

    async def close(self) -> None:
        """Ends it in order."""
        await self._connection.close()

    async def _awaited(self) -> Frame:
        while True:
            was_open = self._is_open()
            try:
                async with asyncio.timeout(self._policy.silence_s):
                    return await self._connection.recv()
            except TimeoutError:
                # A reader that was held up is no silence of the other end.
                if was_open and self._is_open() and not self.waiting:
                    raise SilentError(
                        f'{self._name}: nothing came for '
                        f'{self._policy.silence_s:g} s'
                    ) from None

    def _gone(
        self, error: exceptions.ConnectionClosed
    ) -> errors.SourceUnavailableError:
        sent = error.rcvd or error.sent
        said = '' if sent is None else f'{sent.code} {sent.reason}'.strip()
        said = words.plain(said, self._secrets) or 'without a word'
        whose = 'closed from here' if error.rcvd is None and sent else 'closed'
        return errors.SourceUnavailableError(
            f'{self._name}: the connection was {whose}: {said}'
        )


class _Connecting(client.connect):
    """Connects to the address given, and to no other."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Follows nothing: keys are sent to whom they belong."""
        return exc


def _refusal(
    name: str,
    error: exceptions.InvalidStatus,
    secrets: Sequence[str],
    time_source: clocks.Clock,
) -> errors.SourceError:
    """Makes an error of ours of a status that is no connection."""
    answer = error.response
    status = answer.status_code
    body = bytes(answer.body or b'')[:4096].decode('utf-8', 'replace')
    said = f'{name}: HTTP {status}: {words.plain(body, secrets) or "empty"}'
    wait = limits.retry_after(
        answer.headers.get('Retry-After', ''), time_source.now()
    )
    if status in _LIMITED or (status >= 500 and wait is not None):
        return errors.SourceLimitedError(said, wait)
    if status >= 500 or status == 408:
        return errors.SourceUnavailableError(said)
    return errors.SourceRefusedError(said)
