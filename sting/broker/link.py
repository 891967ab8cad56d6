"""Keeps the connection to one broker: watches, and makes it again."""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final
from typing import TypeVar
import zlib

import msgspec

from sting.broker import interface
from sting.model import errors
from sting.net import guard
from sting.net import monitor

_T = TypeVar('_T')

# So long a start waits for its first connection.
OPEN_S: Final = 20.0

Told = Callable[[monitor.Change], None]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How long what waits, in seconds, and how often what is tried.

    Attributes:
        patience_s: So long an order waits for a lost connection; then it is
            rejected, since an old order is not what its author wanted.
        settling_s: So long it waits on one that was made again, while what
            happened meanwhile is asked for.
        resend_s: An order that never arrived is sent again when it was decided
            at most so long ago.
        heartbeat_s: So often the broker is asked for its time.
        answer_s: So long it may take to answer that.
        misses: After so many heartbeats in a row without an answer the
            connection counts as silent, and is made anew.
        request_s: So long any other request may take, whatever the adapter
            thinks.
        first_s: The first wait before a lost connection is made again; each
            further one is twice as long, all shortened by chance.
        most_s: The longest of them.
        threshold: After so many failures in a row the broker is left alone
        rest_s: for so long each time.
        calm_s: A connection that lasted so long was no failure.
    """

    patience_s: float = 5.0
    settling_s: float = 20.0
    resend_s: float = 60.0
    heartbeat_s: float = 10.0
    answer_s: float = 10.0
    misses: int = 2
    request_s: float = 60.0
    first_s: float = 1.0
    most_s: float = 30.0
    threshold: int = 10
    rest_s: float = 60.0
    calm_s: float = 60.0


async def within(seconds: float, request: Coroutine[Any, Any, _T]) -> _T:
    """Gives a request so much time.

    Raises:
        errors.BrokerUnknownError: It took longer; it may have happened.
    """
    try:
        async with asyncio.timeout(seconds):
            return await request
    except TimeoutError:
        raise errors.BrokerUnknownError(
            f'no answer within {seconds:g} s'
        ) from None


class BrokerLink:
    """The connection to one broker, from the first to the last.

    What happened while it was lost is asked for before it counts as ready.
    """

    def __init__(
        self,
        broker: interface.BrokerInterface,
        connect: Callable[[], Coroutine[Any, Any, None]],
        reconcile: Callable[[], Awaitable[None]],
        policy: Policy,
        told: Told = monitor.nobody,
    ) -> None:
        """Sets up a link that is not connected.

        Args:
            broker: The broker.
            connect: Connects it once.
            reconcile: Asks what happened meanwhile, once.
            policy: How long it waits.
            told: Called with each change.
        """
        self._broker = broker
        self._connect_once = connect
        self._reconcile = reconcile
        self._policy = policy
        self._told = told
        self._monitor = broker.monitor
        self._monitor.reconciles = True
        self._monitor.watch(self._note)
        self._waits = guard.Waits(
            policy.first_s, policy.most_s, zlib.crc32(broker.name.encode())
        )
        self._working = asyncio.Event()
        self._ready = asyncio.Event()
        self._lost = asyncio.Event()
        self._look = asyncio.Event()
        # Who asks for the account before the start connects as well.
        self._quiet = True
        self._failures = 0
        self._missed = 0
        self._made = 0.0
        self._settled = False
        # When there was a connection last, seconds of the loop.
        self.lost_at = 0.0

    @property
    def ready(self) -> bool:
        """Whether orders may go out: connected, and nothing to be asked."""
        return self._ready.is_set()

    @property
    def works(self) -> bool:
        """Whether it is connected."""
        return self._monitor.works

    @property
    def status(self) -> str:
        """How it is, in one word."""
        return self._monitor.state.value

    @property
    def reason(self) -> str:
        """Why it is so; empty where nothing is wrong."""
        return self._monitor.reason

    def deadline(self, since: float) -> float:
        """Gives when something is given up that waits to be sent.

        Args:
            since: When it came, seconds of the loop.
        """
        if self.works:
            return max(since, self._made) + self._policy.settling_s
        return max(since, self.lost_at) + self._policy.patience_s

    async def until_works(self) -> None:
        """Waits until it is connected."""
        await self._working.wait()

    async def until_ready(self, seconds: float | None = None) -> bool:
        """Waits until orders may go out.

        Args:
            seconds: At most so long; None for ever.

        Returns:
            Whether they may.
        """
        await _passes(self._ready, seconds)
        return self.ready

    async def until_settled(self) -> None:
        """Waits while it is connected and orders may not go out yet."""
        while self.works and not self.ready:
            ready = asyncio.ensure_future(self._ready.wait())
            lost = asyncio.ensure_future(self._lost.wait())
            try:
                await asyncio.wait(
                    (ready, lost), return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                ready.cancel()
                lost.cancel()
                await asyncio.gather(ready, lost, return_exceptions=True)

    def doubt(self) -> None:
        """Has the next heartbeat now: a request was not answered."""
        self._look.set()

    async def open(self) -> None:
        """Tries to connect once; `run` goes on from there."""
        self.lost_at = _now()
        self._quiet = False
        # Whoever starts waits for this; later nobody does.
        await self._try(min(OPEN_S, self._policy.request_s))

    async def run(self) -> None:
        """Keeps the connection, until it is cancelled."""
        while True:
            if not self.works:
                await self._hang_up()
                await self._pause()
                await self._try(self._policy.request_s)
            elif not self._settled:
                await self._settle()
            else:
                await self._watch()

    async def close(self) -> None:
        """Ends the connection."""
        await self._broker.disconnect()

    async def _try(self, seconds: float) -> None:
        """Connects, if that can be had in so much time."""
        try:
            await within(seconds, self._connect_once())
        except errors.BrokerError as error:
            self._failures += 1
            self._monitor.lost(str(error))
        else:
            self._made = _now()
            self._missed = 0

    async def _hang_up(self) -> None:
        """Ends what a connection that fell silent has left."""
        if self._monitor.state is not monitor.Link.SILENT:
            return
        reason = self.reason
        self._quiet = True
        try:
            await within(self._policy.answer_s, self._broker.disconnect())
        except errors.BrokerError:
            pass
        finally:
            self._quiet = False
        self._monitor.lost(reason)

    async def _pause(self) -> None:
        """Waits before the next try, the longer the more have failed."""
        policy = self._policy
        wait = self._waits.after(max(1, self._failures))
        if self._failures >= policy.threshold:
            wait = policy.rest_s
            why = self.reason.partition(' (left alone')[0]
            self._monitor.lost(
                f'{why} (left alone for {wait:g} s after {self._failures} '
                'failures in a row)'
            )
        self._monitor.reconnecting()
        await asyncio.sleep(wait)

    async def _settle(self) -> None:
        """Asks for what happened without the connection, until that is told."""
        tries = 0
        while self.works:
            try:
                await self._reconcile()
            except errors.BrokerError as error:
                self._monitor.unsettled(str(error))
                tries += 1
                await _passes(self._lost, self._waits.after(tries))
            else:
                self._settled = True
                self._monitor.settled()
                return

    async def _watch(self) -> None:
        """Waits for a loss, or until it is time to ask whether it is there."""
        await _passes(self._look, self._policy.heartbeat_s)
        self._look.clear()
        if _now() - self._made >= self._policy.calm_s:
            self._failures = 0
        if self.works:
            await self._beat()

    async def _beat(self) -> None:
        """Asks for the time; no answer, again and again, is silence."""
        try:
            sent = await within(self._policy.answer_s, self._broker.get_time())
        except errors.BrokerUnknownError as error:
            await self._miss(str(error))
        except errors.BrokerError as error:
            # It answers, if not what was asked.
            self._missed = 0
            self._monitor.complain('heartbeat', str(error))
        else:
            self._missed = 0
            self._monitor.heard('', sent)

    async def _miss(self, why: str) -> None:
        self._missed += 1
        if not self.works:
            return
        if self._missed < self._policy.misses:
            self._monitor.complain('heartbeat', f'the heartbeat: {why}')
            await _passes(self._lost, self._policy.first_s)
            self._look.set()
            return
        self._monitor.silent(f'{self._missed} heartbeats unanswered: {why}')

    def _note(self, change: monitor.Change) -> None:
        """Is told of each change by the monitor."""
        if self.works:
            self._working.set()
            self._lost.clear()
        else:
            if self._working.is_set():
                self.lost_at = _now()
                self._failures += 1
                self._settled = False
            self._working.clear()
            self._lost.set()
            self._look.set()
        if self.works and change.state is not monitor.Link.RECONCILING:
            self._ready.set()
        else:
            self._ready.clear()
        if not self._quiet:
            self._told(msgspec.structs.replace(change, name=self._broker.name))


async def _passes(event: asyncio.Event, seconds: float | None) -> None:
    """Waits for something, or until so much time has passed."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass


def _now() -> float:
    return asyncio.get_running_loop().time()
