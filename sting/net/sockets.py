"""WebSockets that come back: one connection after the other."""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from sting.engine import clock as clocks
from sting.model import errors
from sting.net import guard
from sting.net import limits
from sting.net import monitor as monitors
from sting.net import wires

Greet = Callable[[wires.Wire], Awaitable[None]]


async def no_greeting(wire: wires.Wire) -> None:
    """Says nothing."""


class Socket:
    """Connections to one service, one after the other.

    It belongs to whoever reads it: there is no task behind it. What comes
    waits in a bounded queue, and beyond that the other end waits. A connection
    that ends makes `receive` raise; `open` then makes the next one, however
    often that takes, with waits between that grow while connections do not
    hold. Greeting is part of opening, so that every subscription is back on
    each connection.

    Attributes:
        name: The service, for errors.
    """

    def __init__(
        self,
        name: str,
        url: str,
        time_source: clocks.Clock,
        monitor: monitors.ConnectionMonitor,
        *,
        policy: wires.Policy | None = None,
        greet: Greet = no_greeting,
        is_open: Callable[[], bool] = lambda: True,
        limiter: limits.RateLimiter | None = None,
        headers: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
        seed: int = 0,
    ) -> None:
        """Sets up a socket; nothing is connected yet.

        Args:
            name: The service.
            url: Where it is: ws:// or wss://.
            time_source: Waits, and measures how long a connection held.
            monitor: Is told how the connection is.
            policy: How it is kept; None for the defaults.
            greet: Says on a new connection who is there and what is wanted.
            is_open: Whether messages are to be expected now.
            limiter: How often something may be sent.
            headers: Sent when connecting.
            secrets: Texts that never stand in an error.
            seed: Of the waits between tries.
        """
        self.name = name
        self._url = url
        self._clock = time_source
        self._monitor = monitor
        self._policy = policy or wires.Policy()
        self._greet = greet
        self._is_open = is_open
        self._limiter = limiter
        self._headers = dict(headers or {})
        self._secrets = tuple(filter(None, secrets))
        self._waits = guard.Waits(
            self._policy.wait_s, self._policy.most_wait_s, seed
        )
        self._wire: wires.Wire | None = None
        self._closing = asyncio.Event()
        self._pausing: asyncio.Task[None] | None = None
        self._since = 0.0
        self._failures = 0
        self._asked_s = 0.0
        self._received = 0
        self._pauses = 0
        self._was_paused = False

    @property
    def is_closed(self) -> bool:
        """Whether it was closed on purpose; it stays so."""
        return self._closing.is_set()

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection to read from."""
        return self._wire is not None

    async def open(self) -> None:
        """Connects and greets, again and again until it works.

        Raises:
            errors.SourceRefusedError: The other end says no, and would again.
            errors.ConfigError: The address is none.
            errors.SourceUnavailableError: It was closed meanwhile.
        """
        while not self._closing.is_set() and self._wire is None:
            if self._failures:
                self._monitor.reconnecting()
                await self._pause()
                if self._closing.is_set():
                    break
            try:
                await self._connect()
            except (errors.SourceRefusedError, errors.ConfigError) as error:
                self._lose(error, final=True)
                raise
            except errors.SourceError as error:
                self._lose(error)
                continue
            if not self._closing.is_set():
                self._monitor.connected()
        if self._closing.is_set():
            # Meanwhile; what was connected since is of no use.
            self._let_go()
            raise self._ended()

    async def receive(self) -> wires.Frame:
        """Gives the next message of the connection that `open` made.

        Raises:
            errors.SourceUnavailableError: It is gone; `open` makes another.
        """
        if self._wire is None:
            raise self._ended()
        paused = self._wire.paused
        self._pauses += paused and not self._was_paused
        self._was_paused = paused
        try:
            frame = await self._wire.receive()
        except errors.SourceUnavailableError as error:
            self._lose(error)
            raise
        self._received += 1
        return frame

    def drop(self, reason: str) -> None:
        """Ends a connection that is of no use; `open` makes another.

        Args:
            reason: One sentence that names the service.
        """
        if self._wire is not None:
            self._lose(errors.SourceUnavailableError(reason))

    async def close(self) -> None:
        """Ends it for good; nothing of it runs afterwards."""
        if self._closing.is_set():
            return
        self._closing.set()
        wire, self._wire = self._wire, None
        self._monitor.closed()
        if self._pausing is not None:
            self._pausing.cancel()
        if wire is not None:
            await wire.close()

    def statistics(self) -> dict[str, float]:
        """Says how it is.

        Returns:
            waiting: Messages that wait; the limit and what one more read of the
                network brings, at most.
            limit: Where the other end has to wait.
            received: Messages that came, over all connections.
            pauses: How often the other end had to wait.
            failures: Connections in a row that failed or did not hold.
        """
        return {
            'waiting': float(self._wire.waiting if self._wire else 0),
            'limit': float(self._policy.queue),
            'received': float(self._received),
            'pauses': float(self._pauses),
            'failures': float(self._failures),
        }

    async def _connect(self) -> None:
        self._wire = await wires.Wire.dial(
            self.name,
            self._url,
            self._policy,
            is_open=self._is_open,
            limiter=self._limiter,
            headers=self._headers,
            secrets=self._secrets,
            time_source=self._clock,
        )
        self._since = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._policy.open_s):
                await self._greet(self._wire)
        except TimeoutError:
            raise errors.SourceUnavailableError(
                f'{self.name}: no greeting within {self._policy.open_s:g} s'
            ) from None

    async def _pause(self) -> None:
        """Waits as long as is due, or until it is closed."""
        wait = max(self._waits.after(self._failures), self._asked_s)
        self._pausing = asyncio.create_task(self._clock.sleep(wait))
        try:
            await asyncio.wait({self._pausing})
        finally:
            self._pausing.cancel()
            self._pausing = None

    def _let_go(self) -> bool:
        """Ends the connection at once; says whether there was one."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.abort()
        return wire is not None

    def _lose(self, error: errors.StingError, *, final: bool = False) -> None:
        if self._let_go():
            held = self._clock.monotonic() - self._since
            if held >= self._policy.steady_s:
                self._failures = 0
        self._failures += 1
        self._asked_s = getattr(error, 'wait_s', None) or 0.0
        if isinstance(error, wires.SilentError):
            self._monitor.silent(str(error))
        elif not self._closing.is_set():
            self._monitor.lost(str(error), final=final)

    def _ended(self) -> errors.SourceUnavailableError:
        return errors.SourceUnavailableError(f'{self.name}: it is not open')
