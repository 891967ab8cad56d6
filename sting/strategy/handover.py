"""A running strategy changes from one version of its code to another.

The new version gets a process of its own, which starts and warms up while the
old one goes on. Between two events the old one's state and book are handed
over and the new one takes its place: what the old one answered the new one
does not answer again, and what came meanwhile it is given. Whatever goes wrong
before that, the old version goes on and has missed nothing.

With `shadow_s` the new version first answers the same events unheard, and
where it wants something else is told.
"""

import asyncio
import collections
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import parameters
from sting.model import portfolio
from sting.model import specs
from sting.strategy import host
from sting.strategy import process
from sting.strategy import versions
from sting.strategy import wire

Tell = Callable[[str], None]


class Past(NamedTuple):
    """What a strategy begins with, at one moment.

    Attributes:
        book: What it holds.
        history: Closed bars of before, oldest first.
        working: Its orders that work.
    """

    book: portfolio.Portfolio
    history: Sequence[market.MarketData] = ()
    working: Sequence[orders.Order] = ()


class Ran(NamedTuple):
    """What ran, so that one can go back to it.

    Attributes:
        spec: The instance, with its parameters.
        code: Hash of its code, 16 hex digits.
        sources: Path and digest of each of its files, by name.
        settings: Its parameters, with what they are set to.
    """

    spec: specs.StrategySpec
    code: str
    sources: Mapping[str, tuple[str, str]]
    settings: tuple[parameters.Setting, ...] = ()

    @classmethod
    def of(cls, ran: process.Process) -> 'Ran':
        """Gives what a process runs."""
        return cls(ran.spec, ran.code, ran.sources, ran.settings)

    def same(self, other: 'Ran') -> bool:
        """Whether another is the same code with the same parameters."""
        return self.code == other.code and self.spec.values == other.spec.values

    def change_to(self, other: 'Ran') -> str:
        """Says in a few words what is different in another."""
        before, after = (
            {name: digest for name, (_, digest) in ran.sources.items()}
            for ran in (self, other)
        )
        given, now = self.spec.values, other.spec.values
        parts = [versions.describe_change(before, after)]
        parts += [
            f'{name} {_value(now, name)} (was {_value(given, name)})'
            for name in {**given, **now}
            if given.get(name) != now.get(name)
        ]
        return '; '.join(filter(None, parts)) or 'nothing changed'


def _value(parameters: Mapping[str, Any], name: str) -> str:
    return str(parameters.get(name, 'its default'))


class Versions:
    """What an instance ran, so that it can go back.

    Attributes:
        now: What it runs, or ran last; None before its first start.
        past: What it ran before, newest last.
        stays: Hash of the version that it was rolled back to, which it is
            also to have when it is started again after a failure.
    """

    def __init__(self) -> None:
        self.now: Ran | None = None
        self.past: list[Ran] = []
        self.stays = ''

    def take(self, ran: Ran, *, back: bool = False) -> str:
        """Notes what runs from here on.

        Args:
            ran: What does.
            back: It is the last of those before.

        Returns:
            What is different, in a few words.
        """
        before, self.now = self.now, ran
        if back:
            self.past.pop()
        elif before is not None and not before.same(ran):
            self.past = [*self.past, before][-versions.KEPT :]
        # Other parameters alone do not end a stay.
        self.stays = ran.code if back or self.stays == ran.code else ''
        return '' if before is None else before.change_to(ran)


class Successor:
    """A new process beside the one that runs, until it takes over.

    Attributes:
        process: The new process.
        unsent: What its `on_start` wanted. It is not sent: the strategy goes
            on, it does not begin.
    """

    def __init__(self, old: process.Process, new: process.Process) -> None:
        """Sets up a successor; events count for it from here on."""
        self.process = new
        self.unsent: list[orders.Signal] = []
        self._old = old
        self._heard = host.Subscription(new.spec)
        self._missed: list[tuple[int, market.MarketData]] = []
        # The history has them, and the old one may not come to them any more.
        for seq, frame in old.pending:
            told = wire.told(frame[wire.HEAD :])
            if isinstance(told, wire.Bar):
                bar = told.data
                self.deliver(
                    events.Event(
                        seq,
                        bar.timestamp,
                        events.EventType.MARKET_DATA,
                        '',
                        bar,
                        bar.symbol,
                    )
                )

    def deliver(self, event: events.Event) -> None:
        """Notes an event that the old process is given."""
        if event.type is events.EventType.MARKET_DATA:
            self._heard.takes(event, None)
            self._missed.append((event.seq, event.data))

    def hear(self, answer: wire.Answer) -> None:
        """Takes what the new process says before it counts."""
        self.unsent += answer.signals

    async def catch_up(self, seq: int, now: int, past: Past) -> None:
        """Brings the new process to where the old one is, which is then held.

        Args:
            seq: Number of the event that asked for it.
            now: The time, nanoseconds since the epoch, UTC.
            past: What the strategy begins with.

        Raises:
            errors.StrategyError: One of the two failed.
        """
        await self.process.spawn()
        await self.process.begin(
            seq=seq,
            now=now,
            book=past.book,
            history=[*self._heard.past(past.history)],
            working=past.working,
        )
        await self._old.hold()
        saved, _ = await self._old.save()
        await self.process.adopt(
            saved, [bar for seq, bar in self._missed if seq <= saved.seq]
        )


class Shadow:
    """Compares what two versions want in answer to the same events.

    Attributes:
        answers: Events that both answered.
        differ: Those of them to which they want something different.
    """

    def __init__(self, tell: Tell) -> None:
        """Sets up a comparison.

        Args:
            tell: Told of each difference.
        """
        self.answers = 0
        self.differ = 0
        self._tell = tell
        self._old: collections.deque[wire.Answer] = collections.deque()
        self._new: collections.deque[wire.Answer] = collections.deque()

    def hear(self, answer: wire.Answer, *, new: bool) -> None:
        """Takes an answer of one of the two."""
        (self._new if new else self._old).append(answer)
        while self._old and self._new:
            # One of them may have answered more before they were beside.
            if self._old[0].seq < self._new[0].seq:
                self._old.popleft()
            elif self._new[0].seq < self._old[0].seq:
                self._new.popleft()
            else:
                self._compare(self._old.popleft(), self._new.popleft())

    def summary(self) -> str:
        """Says how many answers differed."""
        return f'{self.differ} of {self.answers} answers differed'

    def _compare(self, old: wire.Answer, new: wire.Answer) -> None:
        self.answers += 1
        if [*map(_wish, old.signals)] != [*map(_wish, new.signals)]:
            self.differ += 1
            self._tell(
                f'to event {old.seq} the old version wants '
                f'{words(old.signals)}, the new one {words(new.signals)}'
            )


def _wish(signal: orders.Signal) -> tuple[Any, ...]:
    """Gives what counts when two wishes are compared."""
    return (
        signal.kind,
        signal.symbol,
        signal.side,
        signal.quantity,
        signal.weight,
        signal.type,
        signal.price,
        signal.stop_price,
        signal.trail,
        signal.take_profit,
        signal.stop_loss,
        signal.time_in_force,
        signal.oco,
        signal.extended_hours,
        signal.expires,
        signal.order_id if signal.kind is orders.SignalKind.CANCEL else '',
    )


def words(signals: Sequence[orders.Signal]) -> str:
    """Says in a few words what signals want."""
    return ' and '.join(map(_say, signals)) or 'nothing'


def _say(signal: orders.Signal) -> str:
    amount = signal.weight if signal.quantity is None else signal.quantity
    parts = (
        signal.side or signal.kind,
        '' if amount is None else f'{amount:g}',
        signal.symbol or signal.order_id,
        '' if signal.price is None else f'limit {signal.price:g}',
        '' if signal.stop_price is None else f'stop {signal.stop_price:g}',
    )
    return ' '.join(filter(None, parts))


class Change:
    """One change of a strategy's version, from its command to its end.

    Attributes:
        seq: Number of the event that asked for it.
        task: What carries it out.
        old: What runs before it.
        successor: What is to run after it, while that starts.
        shadow: Compares the two, while the new version runs as a shadow.
        given_up: It was told to end without a change.
    """

    def __init__(
        self,
        seq: int,
        old: process.Process,
        make: Callable[[str], process.Process],
        past: Callable[[], Past],
        now: Callable[[], int],
    ) -> None:
        """Sets up a change.

        Args:
            seq: Number of the event that asked for it.
            old: What runs.
            make: Makes the new process of a version by its hash; of the files
                as they are, where that is empty.
            past: Gives what the strategy begins with, as of now.
            now: Gives the time, nanoseconds since the epoch, UTC.
        """
        self.seq = seq
        self.task = asyncio.current_task()
        self.old = old
        self.successor: Successor | None = None
        self.shadow: Shadow | None = None
        self.given_up = False
        self._make = make
        self._past = past
        self._now = now
        self._broken = asyncio.Event()

    def deliver(self, event: events.Event, frame: bytes) -> None:
        """Takes an event that the old process is given as well."""
        if self.shadow is not None and self.successor is not None:
            self.successor.process.tell(event.seq, frame)
        elif self.successor is not None:
            self.successor.deliver(event)

    def hear(self, answer: wire.Answer, *, new: bool) -> None:
        """Takes an answer of the old process, or of the new one."""
        if self.shadow is not None:
            self.shadow.hear(answer, new=new)
        elif new and self.successor is not None:
            self.successor.hear(answer)

    def fail(self) -> None:
        """Hears that the new process failed."""
        self._broken.set()

    async def prepare(self, version: str) -> process.Process:
        """Starts the new process; the old one is held when it returns.

        Args:
            version: Hash of a version; empty for the files as they are.

        Returns:
            The new process, ready to take over before anything else is done.

        Raises:
            errors.StrategyError: It cannot take over; the old one goes on.
        """
        successor = Successor(self.old, self._make(version))
        self.successor = successor
        if self.given_up:
            raise errors.StrategyError('given up')
        await successor.catch_up(self.seq, self._now(), self._past())
        failure = successor.process.failure
        if self.given_up or failure is not None:
            raise errors.StrategyError(
                failure.detail if failure else 'given up'
            )
        return successor.process

    async def try_out(
        self, seconds: float, shadow: Shadow, version: str = ''
    ) -> str:
        """Runs the new version beside the old one, unheard.

        Args:
            seconds: For so long.
            shadow: Compares what the two want.
            version: As `prepare`.

        Returns:
            Hash of the version that was tried out.

        Raises:
            errors.StrategyError: It failed meanwhile.
        """
        new = await self.prepare(version)
        self.shadow = shadow
        waiting = self.old.take_waiting()
        self.old.inherit(waiting)
        new.inherit(waiting)
        self.old.resume()
        try:
            async with asyncio.timeout(seconds):
                await self._broken.wait()
        except TimeoutError:
            pass
        self.shadow = None
        self.successor = None
        new.kill()
        await new.gone()
        if new.failure is not None:
            raise errors.StrategyError(new.failure.detail)
        return new.code

    def give_up(self) -> None:
        """Has it end soon, and without a change."""
        self.given_up = True
        self._broken.set()
        if self.successor is not None:
            self.successor.process.kill()

    async def undo(self) -> None:
        """Gives up: the old process goes on, of the new one nothing stays."""
        successor, self.successor, self.shadow = self.successor, None, None
        self.old.resume()
        if successor is not None:
            successor.process.kill()
            await successor.process.gone()
