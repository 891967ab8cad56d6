"""An engine in another process, as a workstation."""

from collections.abc import Callable
from concurrent import futures
import dataclasses
import threading
from typing import Any

import msgspec

from sting import settings
from sting.control import client
from sting.control import errands
from sting.control import following
from sting.control import protocol
from sting.control import pulling
from sting.engine import clock as clocks
from sting.model import commands
from sting.model import errors
from sting.model import market
from sting.model import records
from sting.model import views

# Bars and fills of a symbol are asked for at most so often while none of its
# bars closes, and so many lists of them are kept.
AGAIN_S = 1.0
KEPT = 32
_CLOSE_S = 1.0
_TRADING = records.TradingState.TRADING


@dataclasses.dataclass(slots=True)
class _Kept:
    """Rows that were asked for, and when they were.

    Attributes:
        rows: What came last.
        asked: When it was asked for, in seconds of the clock.
        seq: Number of the newest event then.
        stamp: Of the symbol's newest bar then, and how often values of
            indicators had come; nothing so that it is asked for again.
        waiting: An answer is under way.
    """

    rows: tuple[Any, ...] = ()
    asked: float = 0.0
    seq: int = -1
    stamp: tuple[int, ...] = ()
    waiting: bool = False


class Remote:
    """Follows an engine by its control socket.

    It is a `model.workstation.Workstation`. Its pictures say how it is
    attached; while the engine is lost they stay as they were, with their age,
    and commands are refused at once.
    """

    def __init__(
        self,
        home: settings.Home,
        profile: str,
        *,
        read_only: bool = False,
        frames_per_s: float = 10.0,
        time_source: clocks.Clock | None = None,
    ) -> None:
        """Makes one that is not connected yet.

        Args:
            home: The user's folders.
            profile: The profile whose engine it is.
            read_only: It only watches; the emergency stop works all the same.
            frames_per_s: How many pictures it wants a second, at most.
            time_source: What measures; None for the machine's clock.
        """
        path = home.socket(profile)
        self._read_only = read_only
        self._clock = time_source or clocks.LiveClock()
        self._client = client.Client(path, profile, read_only=read_only)
        self._puller = pulling.Puller(home, profile, self._note)
        self._follower = following.Follower(
            path, profile, frames_per_s, self._take, self._lose
        )
        self._lock = threading.Lock()
        self._picture = views.Snapshot(profile=profile, mode=records.Mode.DEMO)
        self._attached = views.Attachment(read_only=read_only)
        self._heard = self._clock.monotonic()
        self._is_lost = False
        self._orders = errands.Errands('sting-orders')
        self._queries = errands.Errands('sting-queries')
        self._kept: dict[tuple[str, str, int], _Kept] = {}

    def open(self) -> None:
        """Connects, and takes the first picture.

        Raises:
            errors.NotRunningError: No engine of the profile runs.
            errors.StingError: It cannot be attached to.
        """
        self._follower.start()

    @property
    def pid(self) -> int:
        """The engine's process."""
        return self._follower.pid

    def snapshot(self) -> views.Snapshot:
        """Gives the newest picture; of a lost engine the last one, with age."""
        with self._lock:
            if self._is_lost:
                self._attached = msgspec.structs.replace(
                    self._attached,
                    lost_s=self._clock.monotonic() - self._heard,
                )
            if self._picture.attached is not self._attached:
                self._picture = msgspec.structs.replace(
                    self._picture, attached=self._attached
                )
            return self._picture

    def bars(self, symbol: str, limit: int) -> tuple[market.MarketData, ...]:
        """Gives the last closed bars of a symbol, as far as they have come."""
        return self._rows('bars', market.MarketData, symbol, limit)

    def marks(self, symbol: str, limit: int) -> tuple[views.Mark, ...]:
        """Gives the last fills of a symbol, as far as they have come."""
        return self._rows('marks', views.Mark, symbol, limit)

    def lines(self, symbol: str, limit: int) -> tuple[views.Line, ...]:
        """Gives the indicators that strategies have of a symbol."""
        return self._rows('lines', views.Line, symbol, limit)

    def submit(
        self, command: commands.Command
    ) -> futures.Future[commands.CommandResult]:
        """Puts a command into the sequence; see `Workstation.submit`.

        Raises:
            errors.RefusedError: It only watches.
            errors.NotRunningError: The engine is lost; nothing was sent.
        """
        if self._read_only:
            raise errors.RefusedError(protocol.WATCHES)
        self._check()
        # Whoever attached to LIVE has typed its account.
        account = self._picture.account

        def send() -> commands.CommandResult:
            # It may have waited behind one that got no answer.
            self._check()
            return self._client.submit(command, account)

        return self._orders.ask(send)

    def emergency_stop(self, who: str, reason: str, latched: int = 0) -> int:
        """Stops everything at once; see `pulling.Puller.pull`."""
        return self._puller.pull(who, reason, latched)

    def judge(
        self, command: commands.SubmitOrder | commands.ReplaceOrder
    ) -> futures.Future[views.Judgement]:
        """Asks what risk would say; see `Workstation.judge`."""
        return self._ask(views.Judgement, 'judge', command=command)

    def why(self, seq: int) -> futures.Future[tuple[views.Cause, ...]]:
        """Walks from an event back to what caused it."""
        return self._ask(tuple[views.Cause, ...], 'why', seq=seq)

    def output(
        self, strategy: str, limit: int
    ) -> futures.Future[tuple[str, ...]]:
        """Reads what a strategy wrote and printed last."""
        return self._ask(
            tuple[str, ...], 'output', strategy=strategy, limit=limit
        )

    def close(self) -> None:
        """Hangs up; the engine stays as it is."""
        self._follower.close()
        self._orders.close(_CLOSE_S)
        self._queries.close(_CLOSE_S)

    def _check(self) -> None:
        if self._is_lost:
            age = self._clock.monotonic() - self._heard
            raise errors.NotRunningError(
                f'the engine was lost {age:.0f} s ago; nothing was sent'
            )

    def _ask(
        self, kind: Any, request: str, **fields: Any
    ) -> futures.Future[Any]:
        self._check()
        return self._query(kind, request, **fields)

    def _query(
        self, kind: Any, request: str, **fields: Any
    ) -> futures.Future[Any]:
        """Asks in the background; what fails is the future's."""

        def ask() -> Any:
            found = self._client.request(request, **fields)
            try:
                return msgspec.convert(found, kind)
            except msgspec.ValidationError as error:
                raise errors.StingError(
                    f'what the engine answered is no {request}: {error}'
                ) from None

        return self._queries.ask(ask)

    # From the thread that follows.

    def _take(self, picture: views.Snapshot) -> None:
        with self._lock:
            self._heard = self._clock.monotonic()
            if self._is_lost:
                self._is_lost = False
                self._attached = msgspec.structs.replace(
                    self._attached, lost_s=None, detail=''
                )
            elif self._picture.state is not picture.state is _TRADING:
                # What became of a stop has been read by now.
                self._attached = msgspec.structs.replace(
                    self._attached, detail=''
                )
            self._picture = msgspec.structs.replace(
                picture, attached=self._attached
            )

    def _lose(self, why: str) -> None:
        with self._lock:
            known = self._attached.detail if self._is_lost else ''
            self._is_lost = True
            self._attached = msgspec.structs.replace(
                self._attached, detail=known or why
            )

    def _note(self, said: str) -> None:
        """Keeps what became of a stop that found nobody at the socket."""
        with self._lock:
            self._attached = msgspec.structs.replace(
                self._attached, detail=said
            )

    # Rows that are asked for in the background.

    def _rows(
        self, request: str, kind: Any, symbol: str, limit: int
    ) -> tuple[Any, ...]:
        with self._lock:
            key = request, symbol, limit
            kept = self._kept.pop(key, None) or _Kept()
            # The newest one asked for is dropped last.
            self._kept[key] = kept
            if len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
            watch = self._picture.watch
            stamp = next(
                ((r.timestamp, r.read) for r in watch if r.symbol == symbol),
                (0, 0),
            )
            now, seq = self._clock.monotonic(), self._picture.seq
            stale = kept.stamp != stamp or (
                kept.seq != seq and now - kept.asked >= AGAIN_S
            )
            if not stale or kept.waiting or self._is_lost:
                return kept.rows
            kept.asked, kept.seq, kept.stamp = now, seq, stamp
            kept.waiting = True
        # Who only looks gets no error, if the engine is lost just now.
        asked = self._query(
            tuple[kind, ...], request, symbol=symbol, limit=limit
        )
        asked.add_done_callback(self._taking(kept))
        return kept.rows

    def _taking(
        self, kept: _Kept
    ) -> Callable[[futures.Future[tuple[Any, ...]]], None]:
        """Gives what takes rows that were asked for."""

        def take(asked: futures.Future[tuple[Any, ...]]) -> None:
            with self._lock:
                kept.waiting = False
                if asked.exception() is not None:
                    # With the next picture it is asked for again.
                    kept.stamp = ()
                    return
                if asked.result() != kept.rows:
                    kept.rows = asked.result()
                    self._attached = msgspec.structs.replace(
                        self._attached, answers=self._attached.answers + 1
                    )

        return take
