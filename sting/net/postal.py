"""A connection to NATS servers that comes back by itself.

What is published while it is away is dropped; whoever needs it sends it again
(see `courier`). nats-py would keep it and send what is old first.
"""

import asyncio
import collections
from collections.abc import Callable
from collections.abc import Mapping
import contextlib
import importlib
import pathlib
import ssl
from typing import Any
from typing import Final

import msgspec

from sting.model import errors
from sting.net import words

# Seconds between two attempts.
_AGAIN_S: Final = 0.25
_ANSWER_S: Final = 5
# Bytes that wait for the way to take them; what is under way is bounded.
_PENDING: Final = 64 << 20

Take = Callable[[bytes], None]


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Where servers are, and what lets us in.

    Attributes:
        servers: Their addresses.
        name: What we are called there.
        token: What they want to hear; empty for nothing.
        credentials: A file of credentials; None without.
        ca: A file with the certificates of those who sign theirs.
        certificate: Files with our own certificate and its key.
    """

    servers: tuple[str, ...]
    name: str
    token: str = ''
    credentials: pathlib.Path | None = None
    ca: pathlib.Path | None = None
    certificate: tuple[pathlib.Path, pathlib.Path] | None = None

    def __repr__(self) -> str:
        """Shows no secret."""
        return f'Access({", ".join(self.servers)})'


def load() -> Any:
    """Gives the library.

    Raises:
        errors.ConfigError: It is not installed.
    """
    try:
        return importlib.import_module('nats')
    except ImportError:
        raise errors.ConfigError(
            "bus: needs nats-py: pip install 'sting[nats]'"
        ) from None


class Connection:
    """A way to publish and to hear.

    Attributes:
        told: Told whether there is a connection now, and what was wrong.
        renewed: Called when a connection is there, also again.
    """

    def __init__(self, access: Access) -> None:
        """Sets up without connecting.

        Raises:
            errors.ConfigError: The library or a file is not there.
        """
        self._access = access
        self._client: Any = load().NATS()
        self._options = _options(access)
        self._subjects: dict[str, Take] = {}
        self._out: collections.deque[tuple[str, bytes]] = collections.deque()
        self._some = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._task: asyncio.Task[None] | None = None
        self._said = ''
        self._up = False
        self.told: Callable[[bool, str], None] = lambda _up, _why: None
        self.renewed: Callable[[], None] = lambda: None

    @property
    def connected(self) -> bool:
        """Whether there is a connection now."""
        return self._up and bool(self._client.is_connected)

    @property
    def client(self) -> Any:
        """The library's own, for what is not published and dropped."""
        return self._client

    async def start(self) -> None:
        """Begins to connect; returns at once."""
        self._task = asyncio.create_task(self._run(), name='bus')

    async def stop(self) -> None:
        """Sends what waits, and closes the connection, which is not told."""
        self.told = lambda _up, _why: None
        if self._task is not None:
            if self.connected:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_AGAIN_S):
                        await self._empty.wait()
                        await self._client.flush()
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_ANSWER_S):
                await self._client.close()

    def subscribe(self, subject: str, take: Take) -> None:
        """Has messages heard; call it before `start`.

        Args:
            subject: Of which.
            take: Given the bytes of each.
        """
        self._subjects[subject] = take

    def publish(self, subject: str, data: bytes) -> None:
        """Sends a message, or drops it where there is no connection."""
        if self.connected:
            self._out.append((subject, data))
            self._some.set()
            self._empty.clear()

    async def _run(self) -> None:
        await self._client.connect(
            [*self._access.servers],
            name=self._access.name,
            max_reconnect_attempts=-1,
            reconnect_time_wait=_AGAIN_S,
            connect_timeout=_ANSWER_S,
            ping_interval=_ANSWER_S,
            pending_size=_PENDING,
            error_cb=self._wrong,
            disconnected_cb=self._down,
            reconnected_cb=self._back,
            **self._options,
        )
        for subject, take in self._subjects.items():
            await self._client.subscribe(
                subject,
                cb=_heard(take),
                pending_bytes_limit=_PENDING,
            )
        await self._back()
        while True:
            await self._some.wait()
            self._some.clear()
            while self._out:
                subject, data = self._out.popleft()
                if not self.connected:
                    continue
                try:
                    await self._client.publish(subject, data)
                # Whatever it raises, the message is sent again by its sender.
                except Exception as error:  # noqa: BLE001
                    await self._wrong(error)
            self._empty.set()

    async def _back(self) -> None:
        self._up = True
        self._said = ''
        self.told(True, '')
        self.renewed()

    async def _down(self) -> None:
        self._out.clear()
        if self._up:
            self._up = False
            self.told(False, 'the connection to the bus is lost')

    async def _wrong(self, error: Exception) -> None:
        """Tells what is wrong, the same thing once."""
        why = words.plain(
            str(error) or type(error).__name__, (self._access.token or '\0',)
        )
        if not self.connected and why != self._said:
            self._said = why
            self.told(False, why)


def _heard(take: Take) -> Callable[[Any], Any]:
    async def hear(message: Any) -> None:
        take(message.data)

    return hear


def _options(access: Access) -> Mapping[str, Any]:
    """Gives what lets us in, as the library wants it.

    Raises:
        errors.ConfigError: A file is not there, or not what it should be.
    """
    options: dict[str, Any] = {}
    if access.token:
        options['token'] = access.token
    if access.credentials is not None:
        if not access.credentials.is_file():
            raise errors.ConfigError(
                f'bus: credentials: there is no file {access.credentials}'
            )
        try:
            importlib.import_module('nkeys')
        except ImportError:
            raise errors.ConfigError(
                "bus: credentials: needs nkeys: pip install 'sting[nats]'"
            ) from None
        options['user_credentials'] = str(access.credentials)
    safe = any(each.startswith(('tls:', 'wss:')) for each in access.servers)
    if safe or access.ca is not None or access.certificate is not None:
        try:
            context = ssl.create_default_context(cafile=access.ca)
            if access.certificate is not None:
                context.load_cert_chain(*access.certificate)
        except OSError as error:
            raise errors.ConfigError(f'bus: certificates: {error}') from None
        options['tls'] = context
    return options
