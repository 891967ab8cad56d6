"""The guardian: a small process that cancels when the engine cannot.

A call into C that keeps the interpreter to itself stops every thread of the
engine, that of the emergency stop as well. So brokers whose orders can be
cancelled from elsewhere have a second way in a process of its own: it looks at
the latch, and at the pipes into which the engine's signals are written, and
when the stop is pulled it cancels on connections of its own, kept warm.

It acts on every pull, whatever the engine does: cancels may be sent twice.
It ends with the engine. If the engine is killed, it cancels only where the
profile wants no orders without it.
"""

from collections.abc import Callable
from collections.abc import Mapping
import contextlib
import importlib
import os
import pathlib
import queue
import select
import sys
import threading
from typing import Any
from typing import Final
from typing import NamedTuple
from typing import Protocol

import msgspec

from sting.engine import clock as clocks
from sting.risk import stop

# Milliseconds between two looks at the latch.
LOOK_MS: Final = 5
# Seconds between two questions that keep a connection warm.
KEEP_S: Final = 20.0
# Seconds for which cancels are repeated, and between two of them, at first.
LIMIT_S: Final = 10.0
_AGAIN_S: Final = 0.1
_MOST_S: Final = 2.0
# Seconds until it looks again whether anything works that arrived late. No
# more: a flatten that is typed after the stop is to be left alone.
_SETTLE_S: Final = (0.05, 0.1, 0.2)
_READ: Final = 1 << 16


class Way(Protocol):
    """A way to one broker, used in one thread.

    Each method raises an exception where there is no answer; the next call
    then connects anew.
    """

    def keep(self) -> None:
        """Connects where it is not connected, and asks something small."""

    def cancel(self, keep: frozenset[str]) -> None:
        """Has all orders cancelled but these.

        Args:
            keep: What is to work on, by our ids and those of the broker.
        """

    def working(self, keep: frozenset[str]) -> int:
        """Counts the orders that work, but for these."""

    def close(self) -> None:
        """Ends the connection."""


class Begin(msgspec.Struct, frozen=True, tag='begin'):
    """What the guardian is told first.

    Attributes:
        latch: The latch's file.
        path: Where modules are looked for.
        signals: Ends of pipes that become readable with a signal, by its name.
        cancel: Whether a killed engine leaves no orders behind.
    """

    latch: str
    path: tuple[str, ...] = ()
    signals: dict[str, int] = {}
    cancel: bool = False


class Arm(msgspec.Struct, frozen=True, tag='arm'):
    """A broker to guard.

    Attributes:
        broker: Its name.
        reference: What makes the way to it: package.module:function.
        options: What that is called with; keys of the account among them.
    """

    broker: str
    reference: str
    options: dict[str, Any]

    def __repr__(self) -> str:
        """Names the broker, and no key."""
        return f'Arm({self.broker!r}, {self.reference!r})'


class Keep(msgspec.Struct, frozen=True, tag='keep'):
    """What cancels leave alone from here on.

    Attributes:
        broker: At which broker.
        protective: Orders that protect positions, by our ids and those of the
            broker.
        later: Orders that were sent after the last stop; the next one takes
            them out.
    """

    broker: str
    protective: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()


class End(msgspec.Struct, frozen=True, tag='end'):
    """The engine ends in order."""


Order = Begin | Arm | Keep | End


class Told(msgspec.Struct, frozen=True):
    """What the guardian tells.

    Attributes:
        broker: The broker.
        who: Who pulled the stop; empty where it tells how its connection is.
        first_ms: From when it saw the stop until the first cancel had left;
            None where none did.
        last_ms: Until it was done, milliseconds.
        left: Orders that still work there; None where that is not known.
        error: What is wrong, for a person; empty where nothing is.
    """

    broker: str
    who: str = ''
    first_ms: float | None = None
    last_ms: float | None = None
    left: int | None = None
    error: str = ''


Tell = Callable[[Told], None]


class _Pull(NamedTuple):
    """One pull of the stop."""

    who: str
    holds: Callable[[], bool]


class Post:
    """Guards one broker, on a thread of its own.

    Attributes:
        broker: Its name.
        keep: What cancels leave alone.
    """

    def __init__(
        self, broker: str, way: Way, tell: Tell, time_source: clocks.Clock
    ) -> None:
        """Begins to keep the connection.

        Args:
            broker: The broker's name.
            way: The way to it.
            tell: Told how it goes.
            time_source: Measures.
        """
        self.keep = Keep(broker)
        self.broker = broker
        self._way = way
        self._tell = tell
        self._clock = time_source
        self._newer = threading.Event()
        self._pulls: queue.SimpleQueue[_Pull | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, name=f'guardian of {broker}', daemon=True
        )
        self._thread.start()

    def pull(self, who: str, holds: Callable[[], bool]) -> None:
        """Has everything cancelled.

        Args:
            who: Who wants it.
            holds: Whether that still stands: not after a resume.
        """
        self._pulls.put(_Pull(who, holds))
        self._newer.set()

    def end(self) -> None:
        """Ends once what was pulled is carried out."""
        self._pulls.put(None)

    def join(self, seconds: float) -> None:
        """Waits for that, but not for longer than so many seconds."""
        self._thread.join(seconds)

    def _run(self) -> None:
        known = 'not connected yet'
        while True:
            known = self._keep(known)
            try:
                pull = self._pulls.get(timeout=_MOST_S if known else KEEP_S)
            except queue.Empty:
                continue
            if pull is None:
                self._way.close()
                return
            if pull.holds():
                self._carry_out(pull)

    def _keep(self, known: str) -> str:
        """Keeps the connection; tells where that changes how it is."""
        found = ''
        # The boundary of a way: it may be of another package, and one that
        # fails is told and tried again.
        try:
            self._way.keep()
        except Exception as error:  # noqa: BLE001
            found = _said(error)
        if found != known:
            self._tell(Told(self.broker, error=found))
        return found

    def _carry_out(self, pull: _Pull) -> None:
        """Cancels until nothing works, or time is up."""
        self._newer.clear()
        began = self._clock.monotonic()
        first: float | None = None
        pause = _AGAIN_S
        # Looks at which nothing worked; an order may have been on its way.
        quiet = 0
        took = 0.0
        # A flatten of a stop before is no flatten of this one.
        before = self.keep.later
        while True:
            keep = self.keep.protective | (self.keep.later - before)
            left, said = None, ''
            # The boundary of a way, as above.
            try:
                if not quiet:
                    self._way.cancel(keep)
                    if first is None:
                        first = (self._clock.monotonic() - began) * 1000.0
                left = self._way.working(keep)
            except Exception as error:  # noqa: BLE001
                said = _said(error)
            quiet = quiet + 1 if left == 0 else 0
            passed = self._clock.monotonic() - began
            if quiet <= 1:
                took = passed
            if quiet > len(_SETTLE_S) or passed > LIMIT_S:
                break
            if quiet:
                pause = _AGAIN_S
                self._newer.wait(_SETTLE_S[quiet - 1])
            else:
                self._newer.wait(pause)
                pause = min(2 * pause, _MOST_S)
            # After a resume new orders are left alone; a newer pull, which
            # may come after one, does it all over.
            if self._newer.is_set() or not pull.holds():
                break
        self._tell(
            Told(self.broker, pull.who, first, took * 1000.0, left, said)
        )


class Guardian:
    """Looks at the latch, the signals and the engine's pipe."""

    def __init__(self, orders: int, tell: Tell) -> None:
        """Sets it up.

        Args:
            orders: Where the engine writes what it wants: a file's number.
            tell: Takes what is told; from any thread.
        """
        self._orders = orders
        self._tell = tell
        self._clock = clocks.LiveClock()
        self._posts: list[Post] = []
        self._keep: dict[str, Keep] = {}
        self._latch: stop.Latch | None = None
        self._seen = 0
        self._was_pulled = False
        # Signals that it has acted on and the engine has not counted yet.
        self._early = 0
        self._cancel = False
        self._signals: dict[int, str] = {}
        self._unread: set[int] = set()
        self._poll = select.poll()
        self._poll.register(orders, select.POLLIN)
        self._rest = b''
        self._decoder = msgspec.json.Decoder(Order)

    def run(self) -> None:
        """Guards until the engine ends."""
        ended = False
        while not ended:
            for number, event in self._poll.poll(LOOK_MS):
                if number == self._orders:
                    ended = self._read()
                else:
                    self._signalled(number, bool(event & select.POLLIN))
            self._look()
        for each in self._posts:
            each.end()
        limit = self._clock.monotonic() + LIMIT_S
        for each in self._posts:
            each.join(max(0.0, limit - self._clock.monotonic()))

    def _read(self) -> bool:
        """Takes what the engine wants; says whether it has ended."""
        found = os.read(self._orders, _READ)
        *lines, self._rest = (self._rest + found).split(b'\n')
        for line in lines:
            order = self._decoder.decode(line)
            if isinstance(order, End):
                return True
            self._take(order)
        if not found and self._cancel:
            self._pull('the end of the engine', _always)
        return not found

    def _take(self, order: Begin | Arm | Keep) -> None:
        if isinstance(order, Keep):
            self._keep[order.broker] = order
            for each in self._posts:
                if each.broker == order.broker:
                    each.keep = order
            return
        if isinstance(order, Begin):
            sys.path[:] = order.path or sys.path
            self._latch = stop.Latch(pathlib.Path(order.latch))
            self._seen = self._latch.pulls
            self._cancel = order.cancel
            for name, number in order.signals.items():
                self._signals[number] = name
                self._poll.register(number, select.POLLIN)
            return
        # The boundary of a way: what cannot be loaded is told.
        try:
            way = load(order)
        except Exception as error:  # noqa: BLE001
            self._tell(Told(order.broker, error=_said(error)))
            return
        post = Post(order.broker, way, self._tell, self._clock)
        post.keep = self._keep.get(order.broker, post.keep)
        self._posts.append(post)
        latch = self._latch
        if latch is not None and latch.is_set and self._was_pulled:
            # Pulled before there was a way to it.
            post.pull(latch.reason[0], self._holds)

    def _signalled(self, number: int, came: bool) -> None:
        """Sets the flag for a signal that the engine may not get to."""
        self._poll.unregister(number)
        if came and self._latch is not None:
            # It stays readable until the engine has read it.
            self._unread.add(number)
            # The engine counts it, or one stop would be carried out twice,
            # and the second cancels what was sent to flatten after the first.
            self._early += 1
            self._latch.set('signal', self._signals[number], counts=False)
            self._pull('signal', self._holds)

    def _look(self) -> None:
        for number in tuple(self._unread):
            if not select.select((number,), (), (), 0)[0]:
                self._unread.remove(number)
                self._poll.register(number, select.POLLIN)
        latch = self._latch
        if latch is None or not latch.is_set or latch.pulls == self._seen:
            return
        self._seen = latch.pulls
        who = latch.reason[0]
        if who == 'signal' and self._early:
            self._early -= 1
            return
        self._pull(who, self._holds)

    def _pull(self, who: str, holds: Callable[[], bool]) -> None:
        self._was_pulled = True
        for each in self._posts:
            each.pull(who, holds)

    def _holds(self) -> bool:
        return self._latch is not None and self._latch.is_set


def _always() -> bool:
    return True


def load(order: Arm) -> Way:
    """Makes the way to a broker.

    Args:
        order: Names what makes it.
    """
    module, _, name = order.reference.partition(':')
    make: Callable[[Mapping[str, Any]], Way]
    make = getattr(importlib.import_module(module), name)
    return make(order.options)


def _said(error: Exception) -> str:
    return ' '.join(str(error).split()) or type(error).__name__


def main() -> None:
    """Guards for the engine at the other end of the standard files."""
    lock = threading.Lock()
    # What a way of another package prints is not for the engine.
    engine = os.dup(1)
    os.dup2(2, 1)

    def tell(told: Told) -> None:
        # A killed engine hears nothing any more.
        with lock, contextlib.suppress(OSError):
            os.write(engine, msgspec.json.encode(told) + b'\n')

    Guardian(0, tell).run()


if __name__ == '__main__':
    main()
