"""Where strategies run while the engine trades: each in its own process.

What a strategy does cannot hurt the engine or the other strategies: a process
that raises, dies, sends nonsense, wants too much, or does not answer in time
is killed. Its failure is told with what is to become of its orders, and it is
started again a little later each time, until it has failed too often.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Sequence
import functools
import hashlib
import pathlib
import re
from typing import Any

from sting.engine import clock
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import portfolio
from sting.model import records
from sting.model import specs
from sting.strategy import context
from sting.strategy import frames
from sting.strategy import handover
from sting.strategy import host
from sting.strategy import process
from sting.strategy import wire

# After so many failures it is not started again by itself; one that ran well
# for so many seconds begins to count anew.
FAILURES = 3
GOOD_S = 600.0
BACKOFF_S = 1.0
BACKOFF_LIMIT_S = 60.0
LATE_NOTE_S = 60.0
# In the folder of what they print: copies of their code.
VERSIONS = 'versions'

_T = events.EventType


def backoff(name: str, failures: int) -> float:
    """Gives how long to wait before a strategy is started again.

    It doubles with each failure; up to a quarter of it more comes from a hash,
    so that strategies that failed together do not start together.

    Args:
        name: The instance's name.
        failures: How often it has failed, from 1.

    Returns:
        Seconds.
    """
    base = min(BACKOFF_LIMIT_S, BACKOFF_S * 2.0 ** (failures - 1))
    drawn = hashlib.blake2b(f'{name} {failures}'.encode(), digest_size=2)
    return base * (1 + int.from_bytes(drawn.digest(), 'big') / 0x40000)


def output_of(folder: pathlib.Path, name: str) -> pathlib.Path:
    """Gives the file that has what a strategy prints.

    Args:
        folder: Where such files are.
        name: The instance's name.
    """
    return folder / f'{re.sub(r"[^-.@+=,A-Za-z0-9_]", "_", name)}.log'


class _Record:
    """What is kept of an instance from one process to the next.

    Attributes:
        failures: How often it failed without having run well in between.
        restarts: How often it was started by itself.
        late: Late answers of processes that are gone.
        timer: What starts it again.
        again: It is being started by itself, not by the operator.
        versions: What it ran.
    """

    def __init__(self) -> None:
        self.failures = 0
        self.restarts = 0
        self.late = 0
        self.timer: asyncio.TimerHandle | None = None
        self.again = False
        self.versions = handover.Versions()

    def cancel(self) -> bool:
        """Forgets a start that was to come; says whether there was one."""
        timer, self.timer = self.timer, None
        if timer is not None:
            timer.cancel()
        return timer is not None


class Instance:
    """A strategy that runs.

    Attributes:
        spec: What was configured.
        heard: What it is to hear of.
        process: Its process.
        started: Set once it runs or has failed.
        running: It has been told to run.
        stopping: It was asked to stop.
        since: When it began to run, by the loop's time.
        told: How many late answers were noted, and when that was.
        task: What starts it.
        change: The change of its version that is under way.
    """

    def __init__(self, spec: specs.StrategySpec) -> None:
        self.spec = spec
        self.process: process.Process
        self.started = asyncio.Event()
        self.running = False
        self.stopping = False
        self.heard = host.Subscription(spec)
        self.since = 0.0
        self.told = (0, 0.0)
        self.task: asyncio.Task[None] | None = None
        self.change: handover.Change | None = None

    async def ready(self) -> None:
        """Waits until it runs or has failed."""
        await self.started.wait()


class IsolatedHost:
    """Runs each strategy in a process of its own; see `host.StrategyHost`."""

    def __init__(
        self,
        specs: Sequence[specs.StrategySpec],
        *,
        log: str,
        folder: pathlib.Path,
        time_source: clock.Clock,
        emit: host.Emit,
        status: host.Status,
        note: host.Note | None = None,
        sessions: frames.Sessions | None = None,
    ) -> None:
        """Sets up a host in which nothing runs yet.

        Args:
            specs: The instances that can be started.
            log: The id of the log, the start of every order id.
            folder: Where the files are that have what strategies print.
            time_source: Tells the time of starts and stops.
            emit: Told the strategy's name, the number of the event that it
                answered, and what it wants.
            status: Told each change of a strategy's state. When it is told
                `starting`, somebody has to call `start`.
            note: Told the strategy's name and each line of its log.
            sessions: Tells when the exchange trades, for longer bars.
        """
        self._specs = {spec.name: spec for spec in specs}
        self._records = {spec.name: _Record() for spec in specs}
        self._log = log
        self._folder = folder
        self._clock = time_source
        self._emit = emit
        self._status = status
        self._note = note
        self._sessions = sessions
        self._running: dict[str, Instance] = {}
        # Waits for the end of processes that were given up.
        self._burials: set[asyncio.Task[None]] = set()

    def start(
        self,
        name: str,
        *,
        seq: int,
        book: portfolio.Portfolio | None = None,
        history: Sequence[market.MarketData] = (),
    ) -> Coroutine[Any, Any, None]:
        """Starts a strategy; see `StrategyHost`."""
        spec = self._spec(name)
        if name in self._running:
            return self._running[name].ready()
        record = self._records[name]
        record.cancel()
        if not record.again:
            record.failures = 0
            record.versions.stays = ''
        record.again = False
        instance = self._running[name] = Instance(spec)
        instance.process = self._make(instance, spec, record.versions.stays)
        held = portfolio.Portfolio() if book is None else book.copy()
        instance.task = asyncio.create_task(
            self._run(instance, seq, held, tuple(history)),
            name=f'strategy {name}',
        )
        return instance.ready()

    async def stop(self, name: str, *, seq: int) -> None:
        """Stops a strategy; what it has not been given is dropped."""
        record = self._records.get(name)
        if record is not None and record.cancel():
            self._tell(name, 'stopped', 'not started again')
        instance = self._running.get(name)
        if instance is None:
            return
        if instance.stopping:
            await instance.process.gone()
            return
        instance.stopping = True
        await _end_change(instance)
        orderly = True
        if instance.running:
            orderly = await instance.process.end(seq=seq, now=self._clock.now())
        else:
            instance.process.kill()
        if self._leave(instance):
            detail = '' if orderly else 'it did not stop by itself'
            self._tell(name, 'stopped', detail)
        if instance.task is not None:
            await asyncio.wait({instance.task})
        await instance.process.gone()

    def deliver(
        self,
        event: events.Event,
        order: orders.Order | None = None,
        position: portfolio.Position | None = None,
    ) -> None:
        """Hands an event to the strategies that it concerns; never waits."""
        if event.type is _T.MARKET_DATA and not event.data.closed:
            return
        frame = b''
        for instance in tuple(self._running.values()):
            if not instance.heard.takes(event, order):
                continue
            frame = frame or wire.encode_event(event, order, position)
            if frame:
                instance.process.tell(event.seq, frame)
                if instance.change is not None:
                    instance.change.deliver(event, frame)

    async def change(
        self,
        name: str,
        *,
        seq: int,
        past: handover.Past,
        spec: specs.StrategySpec | None = None,
        explain: Callable[[str], str] = str,
    ) -> None:
        """Has a running strategy go on with another version of its code.

        Its status tells how that ended, in answer to the event that asked for
        it; nothing is told of one that stopped meanwhile. A change that is
        under way is given up for this one.

        Args:
            name: The instance's name.
            seq: Number of the event that asked for it.
            past: Gives what it holds and the bars of before.
            spec: What to run, as configured now, from the files as they are;
                None for the version before the one that runs.
            explain: Adds to an error where its cause is written.
        """
        instance = self._running.get(name)
        if instance is None:
            return
        await instance.ready()
        await _end_change(instance)
        if instance.stopping or self._running.get(name) is not instance:
            return
        record = self._records[name]
        version = ''
        back = spec is None
        if spec is None:
            if not record.versions.past:
                error = 'there is no version before this one'
                self._tell_change(instance, seq, error=error)
                return
            spec, version, _ = record.versions.past[-1]
        change = instance.change = handover.Change(
            seq,
            instance.process,
            functools.partial(self._make, instance, spec),
            past,
            self._clock.now,
        )
        try:
            tried = ''
            if spec.shadow_s and not back:
                version, tried = await self._try_out(instance, change, spec)
            new = await change.prepare(version)
            self._take_over(instance, new, seq, back=back, tried=tried)
        except errors.StrategyError as error:
            await change.undo()
            self._tell_change(instance, seq, error=explain(str(error)))
        except asyncio.CancelledError:
            await change.undo()
            self._tell_change(instance, seq, 'the change was given up')
            raise
        finally:
            instance.change = None

    async def _try_out(
        self,
        instance: Instance,
        change: handover.Change,
        spec: specs.StrategySpec,
    ) -> tuple[str, str]:
        """Runs a new version as a shadow; gives its hash and how it did."""
        for_so_long = (
            f'a new version runs as its shadow for {spec.shadow_s:g} s'
        )
        self._tell_change(instance, 0, for_so_long)
        shadow = handover.Shadow(functools.partial(self._note_text, spec.name))
        version = await change.try_out(spec.shadow_s, shadow)
        return version, f'; as a shadow {shadow.summary()}'

    def _take_over(
        self,
        instance: Instance,
        new: process.Process,
        seq: int,
        *,
        back: bool,
        tried: str,
    ) -> None:
        """Puts a new process in the place of the one that is held."""
        old, name = instance.process, instance.spec.name
        record = self._records[name]
        record.late += old.late
        instance.told = (0, 0.0)
        instance.process = new
        instance.spec = self._specs[name] = new.spec
        for number, frame in old.take_waiting():
            new.tell(number, frame)
        old.kill()
        ran = handover.Ran.of(new)
        what = record.versions.take(ran, back=back)
        word = 'rolled back' if back else 'reloaded'
        self._tell_change(instance, seq, f'{word}: {what}{tried}')

    def _tell_change(
        self, instance: Instance, seq: int, detail: str = '', error: str = ''
    ) -> None:
        """Tells what came of a change, unless it stopped meanwhile."""
        name = instance.spec.name
        if instance.stopping or self._running.get(name) is not instance:
            return
        self._status(
            records.StrategyStatus(
                strategy=name,
                status='running',
                detail=detail,
                code=instance.process.code,
                error=error,
            ),
            seq,
        )

    def ran(self, name: str) -> handover.Ran | None:
        """Gives what a strategy runs; None where it does not run."""
        if not self.is_running(name):
            return None
        return self._records[name].versions.now

    def is_running(self, name: str) -> bool:
        """Whether a strategy runs now."""
        instance = self._running.get(name)
        return instance is not None and instance.running

    def vitals(self, name: str) -> host.Vitals:
        """Says how a strategy's process is."""
        record = self._records.get(name) or _Record()
        instance = self._running.get(name)
        if instance is None:
            return host.Vitals(restarts=record.restarts, late=record.late)
        return host.Vitals(
            pid=instance.process.pid,
            restarts=record.restarts,
            late=record.late + instance.process.late,
            waiting=instance.process.waiting,
        )

    async def close(self, *, seq: int) -> None:
        """Stops them all; returns once nothing of them runs."""
        await asyncio.gather(
            *(self.stop(name, seq=seq) for name in self._records)
        )
        await asyncio.gather(*self._burials)

    def _spec(self, name: str) -> specs.StrategySpec:
        spec = self._specs.get(name)
        if spec is None:
            raise errors.StrategyError(
                f'there is no strategy {name!r}; there are '
                f'{", ".join(self._specs) or "none"}'
            )
        return spec

    async def _run(
        self,
        instance: Instance,
        seq: int,
        book: portfolio.Portfolio,
        history: Sequence[market.MarketData],
    ) -> None:
        """Starts a strategy; what goes wrong is told by `_fail`."""
        try:
            await instance.process.spawn()
            begun = instance.process.begin(
                seq=seq,
                now=self._clock.now(),
                book=book,
                history=[*instance.heard.past(history)],
            )
            await begun
        except errors.StrategyError:
            return
        if not instance.stopping:
            self._records[instance.spec.name].versions.take(
                handover.Ran.of(instance.process)
            )
            instance.running = True
            instance.since = asyncio.get_running_loop().time()
            self._tell(
                instance.spec.name, 'running', code=instance.process.code
            )
        instance.started.set()

    def _make(
        self, instance: Instance, spec: specs.StrategySpec, version: str
    ) -> process.Process:
        """Makes a process; what it says counts while it is the instance's."""

        def hear(answer: wire.Answer) -> None:
            new = made is not instance.process
            if instance.change is not None:
                instance.change.hear(answer, new=new)
            if not new:
                self._hear(instance, answer)

        def fail(failure: process.Failure) -> None:
            if made is instance.process:
                self._fail(instance, failure)
            elif instance.change is not None:
                instance.change.fail()

        made = process.Process(
            spec,
            log=self._log,
            output=output_of(self._folder, spec.name),
            hear=hear,
            fail=fail,
            sessions=self._sessions() if self._sessions else None,
            versions=self._folder / VERSIONS,
            version=version,
        )
        return made

    def _hear(self, instance: Instance, answer: wire.Answer) -> None:
        """Hands on what a strategy wants and what it wrote."""
        name = instance.spec.name
        if answer.signals:
            self._emit(name, answer.seq, answer.signals)
        if self._note is not None:
            for line in answer.lines:
                self._note(name, line)
        self._note_late(instance, answer)

    def _note_late(self, instance: Instance, answer: wire.Answer) -> None:
        """Notes late answers, once a minute."""
        count, when = instance.told
        late = instance.process.late
        now = asyncio.get_running_loop().time()
        if late == count or now < when:
            return
        instance.told = late, now + LATE_NOTE_S
        text = (
            f'answered event {answer.seq} in {answer.spent * 1000:.0f} ms, '
            f'above late_ms {instance.spec.process.late_ms:g}; '
            f'{late} late answers so far'
        )
        self._note_text(instance.spec.name, text)

    def _note_text(self, name: str, text: str) -> None:
        if self._note is not None:
            line = context.LogLine(self._clock.now(), 'warning', text)
            self._note(name, line)

    def _fail(self, instance: Instance, failure: process.Failure) -> None:
        """Tells of a failure, and what follows from it."""
        burial = asyncio.get_running_loop().create_task(instance.process.gone())
        self._burials.add(burial)
        burial.add_done_callback(self._burials.discard)
        if not self._leave(instance):
            return
        spec = instance.spec
        record = self._records[spec.name]
        now = asyncio.get_running_loop().time()
        if instance.running and now - instance.since >= GOOD_S:
            record.failures = 0
        record.failures += 1
        status = 'failed'
        # What cannot be loaded now cannot be loaded in a second either.
        restarts = not failure.loading and not instance.stopping
        if restarts and record.failures >= FAILURES:
            restarts = False
            status = 'quarantined'
        self._tell(spec.name, status, failure.detail, policy=spec.on_failure)
        if restarts:
            self._restart_later(spec.name, record)

    def _restart_later(self, name: str, record: _Record) -> None:
        delay = backoff(name, record.failures)
        self._tell(
            name,
            'restarting',
            f'in {delay:.1f} s, after failure {record.failures} of {FAILURES}',
        )
        record.timer = asyncio.get_running_loop().call_later(
            delay, self._restart, name
        )

    def _restart(self, name: str) -> None:
        """Asks for a start, which the engine decides on."""
        record = self._records[name]
        record.timer = None
        record.again = True
        record.restarts += 1
        self._tell(name, 'starting', f'after failure {record.failures}')

    def _leave(self, instance: Instance) -> bool:
        """Forgets an instance; says whether it was not forgotten before."""
        instance.started.set()
        name = instance.spec.name
        if self._running.get(name) is not instance:
            return False
        del self._running[name]
        self._records[name].late += instance.process.late
        return True

    def _tell(
        self, name: str, status: str, detail: str = '', **more: str
    ) -> None:
        self._status(
            records.StrategyStatus(
                strategy=name, status=status, detail=detail, **more
            )
        )


async def _end_change(instance: Instance) -> None:
    """Ends a change of version that is under way."""
    change = instance.change
    if change is not None and change.task is not None:
        change.task.cancel()
        await asyncio.wait({change.task})
