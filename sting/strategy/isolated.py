"""Where strategies run while the engine trades: each in its own process.

What a strategy does cannot hurt the engine or the other strategies: a process
that raises, dies, sends nonsense, wants too much, or does not answer in time
is killed. Its failure is told with what is to become of its orders, and it is
started again a little later each time, until it has failed too often.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import functools
import hashlib
import pathlib
import re
from typing import Any
from typing import Protocol

import msgspec

from sting import settings
from sting.engine import clock
from sting.engine import latency
from sting.model import errors
from sting.model import events
from sting.model import market
from sting.model import orders
from sting.model import parameters
from sting.model import portfolio
from sting.model import records
from sting.model import specs
from sting.strategy import changes
from sting.strategy import frames
from sting.strategy import handover
from sting.strategy import host
from sting.strategy import instances
from sting.strategy import process
from sting.strategy import reading
from sting.strategy import remote
from sting.strategy import telling
from sting.strategy import watched
from sting.strategy import wire

# Missed events that are prepared without a pause, a millisecond's worth.
SLICE = 200
VERSIONS = 'versions'
_T = events.EventType


def output_of(folder: pathlib.Path, name: str) -> pathlib.Path:
    """Gives the file that has what a strategy prints.

    Args:
        folder: Where such files are.
        name: The instance's name; two of them never share a file.
    """
    plain = re.sub(r'[^-.@+=,A-Za-z0-9_]', '_', name)
    if plain != name:
        plain += f'~{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}'
    return folder / f'{plain}.log'


def _after(record: instances.Record) -> str:
    if not record.failures:
        return 'its node was away'
    return f'after failure {record.failures}'


class Elsewhere(Protocol):
    """Makes processes on other nodes; see `nodes.Nodes`."""

    def has(self, strategy: str) -> bool:
        """Whether a strategy is to run on another node."""
        ...

    def make(self, spec: specs.StrategySpec, **fields: Any) -> process.Process:
        """Makes what stands here for a process there."""
        ...


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
        keep: host.Keep | None = None,
        stale: host.Emit | None = None,
        late: host.Emit | None = None,
        sessions: frames.Sessions | None = None,
        show: reading.Show | None = None,
        elsewhere: Elsewhere | None = None,
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
            keep: Told the states that strategies save; without it none is
                saved.
            stale: As `emit`, of what a strategy wants in answer to what it
                missed; it is too late for that.
            late: As `emit`, of what came so late that it is not to be done.
            sessions: Tells when the exchange trades, for longer bars.
            show: Told the strategy's name and what its indicators have after
                each bar.
            elsewhere: Makes processes on other nodes; without it all run here.
        """
        self._specs = {spec.name: spec for spec in specs}
        self._records = {spec.name: instances.Record() for spec in specs}
        self._log = log
        self._folder = folder
        self._clock = time_source
        self._teller = telling.Teller(
            now=time_source.now,
            emit=emit,
            note=note,
            keep=keep,
            stale=stale,
            late=late,
            show=show,
        )
        self._status = status
        self._sessions = sessions
        self._elsewhere = elsewhere
        self._running: dict[str, instances.Instance] = {}
        self._changes = changes.Changes(
            make=self._make,
            runs=lambda one: self._running.get(one.spec.name) is one,
            taken=self._take_over,
            status=status,
            note=self._teller.note,
            now=time_source.now,
        )
        # Waits for the end of processes that were given up.
        self._burials: set[asyncio.Task[None]] = set()

    def start(
        self,
        name: str,
        *,
        seq: int,
        book: portfolio.Portfolio | None = None,
        history: Sequence[market.MarketData] = (),
        working: Sequence[orders.Order] = (),
        recall: host.Recall | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> Coroutine[Any, Any, None]:
        """Starts a strategy; see `StrategyHost`."""
        spec = self._spec(name)
        if name in self._running:
            return self._running[name].ready()
        if given is not None:
            spec = msgspec.structs.replace(spec, given=given)
            self._specs[name] = spec
        record = self._records[name]
        record.cancel()
        if not record.again:
            record.failures = 0
            record.versions.stays = ''
        record.again = False
        instance = self._running[name] = instances.Instance(
            spec, record.versions
        )
        instance.process = self._make(instance, spec, record.versions.stays)
        held = portfolio.Portfolio() if book is None else book.copy()
        past = host.Missed(b'', held, tuple(working))
        instance.began = seq
        instance.task = asyncio.create_task(
            self._run(instance, past, tuple(history), recall),
            name=f'strategy {name}',
        )
        return instance.ready()

    async def stop(self, name: str, *, seq: int) -> None:
        """Stops a strategy; what it has not been given is dropped."""
        record = self._records.get(name)
        # Also where it has just asked for a start, which may not be let.
        waits = record is not None and (record.cancel() or record.again)
        if record is not None:
            record.again = False
        if waits:
            self._tell(name, 'stopped', 'not started again')
        instance = self._running.get(name)
        if instance is None:
            return
        if instance.stopping:
            await instance.process.gone()
            return
        instance.stopping = True
        await changes.end(instance)
        orderly = True
        if instance.running:
            instance.process.take_waiting()
            with contextlib.suppress(errors.StrategyError, TimeoutError):
                async with asyncio.timeout(process.GRACE_S):
                    await self._teller.save(instance)
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
        frame = b''
        for instance in tuple(self._running.values()):
            if instance.stopping or not instance.heard.takes(event, order):
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
        past: Callable[[], handover.Past],
        spec: specs.StrategySpec | None = None,
        explain: Callable[[str], str] = str,
        keep: bool = False,
    ) -> None:
        """Has a running strategy change its version; see `changes`."""
        instance = self._running.get(name)
        if instance is not None:
            await self._changes.carry_out(
                instance,
                seq,
                past=past,
                spec=spec,
                explain=explain,
                keep=keep,
            )

    def _take_over(
        self, instance: instances.Instance, new: process.Process
    ) -> None:
        """Puts a new process in the place of the one that is held."""
        old = instance.process
        self._records[instance.spec.name].late += old.late
        instance.told = (0, 0.0)
        instance.process = new
        instance.spec = self._specs[new.spec.name] = new.spec
        new.inherit(old.take_waiting())
        old.kill()
        self._bury(old)

    def ran(self, name: str) -> handover.Ran | None:
        """Gives what a strategy runs; None where it does not run."""
        if not self.is_running(name):
            return None
        return self._records[name].versions.now

    def settings(self, name: str) -> tuple[parameters.Setting, ...]:
        """Gives the parameters of what a strategy runs, or ran last."""
        record = self._records.get(name)
        last = None if record is None else record.versions.now
        return () if last is None else last.settings

    def is_running(self, name: str) -> bool:
        """Whether a strategy runs now."""
        instance = self._running.get(name)
        return instance is not None and instance.running

    def vitals(self, name: str) -> host.Vitals:
        """Says how a strategy's process is."""
        record = self._records.get(name) or instances.Record()
        instance = self._running.get(name)
        if instance is None:
            return host.Vitals(restarts=record.restarts, late=record.late)
        return host.Vitals(
            pid=instance.process.pid,
            restarts=record.restarts,
            late=record.late + instance.process.late,
            waiting=instance.process.waiting,
        )

    def answers(self, name: str) -> latency.Recent | None:
        """Gives the seconds that a strategy's last answers took it.

        None where it does not run.
        """
        instance = self._running.get(name)
        return None if instance is None else instance.process.spent

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
        instance: instances.Instance,
        past: host.Missed,
        history: Sequence[market.MarketData],
        recall: host.Recall | None,
    ) -> None:
        """Starts a strategy; what goes wrong is told by `_fail`."""
        try:
            settings.check_code(instance.spec.reference)
            if recall is not None:
                past = await asyncio.to_thread(recall)
            await instance.process.spawn()
            await self._begin(instance, past, history)
        except errors.ConfigError as error:
            self._fail(
                instance, watched.Failure(detail=str(error), loading=True)
            )
            return
        except errors.JournalError as error:
            detail = f'what it missed cannot be read: {error}'
            self._fail(instance, watched.Failure(detail=detail))
            return
        except errors.StrategyError:
            return
        # It may have failed on its first event in the same moment.
        here = self._running.get(instance.spec.name) is instance
        if here and not instance.stopping:
            instance.versions.take(handover.Ran.of(instance.process))
            instance.running = True
            instance.since = asyncio.get_running_loop().time()
            self._tell(
                instance.spec.name, 'running', code=instance.process.code
            )
            instance.saving = asyncio.create_task(
                self._teller.save_often(instance)
            )
        instance.started.set()

    async def _begin(
        self,
        instance: instances.Instance,
        past: host.Missed,
        history: Sequence[market.MarketData],
    ) -> None:
        """Tells a strategy where it stood, then what it missed."""
        instance.answers = past.answers
        if past.note:
            self._teller.note(instance.spec.name, past.note)
        missed = []
        for count, told in enumerate(past.events, start=1):
            if instance.heard.takes(told.event, told.order):
                frame = wire.encode_event(told.event, told.order, told.position)
                if frame:
                    missed.append((told.event.seq, frame))
            if count % SLICE == 0:
                # They may be many, and the others are not to wait for them.
                await asyncio.sleep(0)
        await instance.process.begin(
            seq=instance.began,
            now=self._clock.now(),
            book=past.book,
            history=[*instance.heard.past(history)],
            state=past.state,
            working=past.working,
            missed=missed,
        )

    def _make(
        self,
        instance: instances.Instance,
        spec: specs.StrategySpec,
        version: str,
    ) -> process.Process:
        """Makes a process; what it says counts while it is the instance's."""

        def hear(answer: wire.Answer) -> None:
            new = made is not instance.process
            if instance.change is not None:
                instance.change.hear(answer, new=new)
            if not new:
                self._teller.hear(instance, answer)

        def fail(failure: watched.Failure) -> None:
            if made is instance.process:
                self._fail(instance, failure)
            elif instance.change is not None:
                instance.change.fail()

        made: process.Process = self._kind(spec.name)(
            spec,
            log=self._log,
            output=output_of(self._folder, spec.name),
            hear=hear,
            fail=fail,
            sessions=self._sessions() if self._sessions else None,
            versions=self._folder / VERSIONS,
            version=version,
        )
        if isinstance(made, remote.Remote):
            made.told = functools.partial(self._tell_heard, instance, made)
        return made

    def _kind(self, name: str) -> Callable[..., process.Process]:
        if self._elsewhere is not None and self._elsewhere.has(name):
            return self._elsewhere.make
        return process.Process

    def _tell_heard(
        self,
        instance: instances.Instance,
        asked: process.Process,
        heard: bool,
        why: str,
    ) -> None:
        """Tells that the node of a strategy is lost, or back."""
        if instance.running and asked is instance.process:
            name = instance.spec.name
            if heard:
                self._tell(name, 'running', why, code=asked.code)
            else:
                self._tell(name, 'lost', why)

    def _bury(self, ended: process.Process) -> None:
        """Has `close` wait until nothing is left of a process."""
        burial = asyncio.get_running_loop().create_task(ended.gone())
        self._burials.add(burial)
        burial.add_done_callback(self._burials.discard)

    def _fail(
        self, instance: instances.Instance, failure: watched.Failure
    ) -> None:
        """Tells of a failure, and what follows from it."""
        self._bury(instance.process)
        if not self._leave(instance):
            return
        spec = instance.spec
        if failure.away and instance.stopping:
            # It was to end, and has.
            self._tell(spec.name, 'stopped', failure.detail)
            return
        record = self._records[spec.name]
        now = asyncio.get_running_loop().time()
        if instance.running and now - instance.since >= instances.GOOD_S:
            record.failures = 0
        record.failures += not failure.away
        status = 'failed'
        # What cannot be loaded now cannot be loaded in a second either.
        restarts = not failure.loading and not instance.stopping
        if restarts and record.failures >= instances.FAILURES:
            restarts = False
            status = 'quarantined'
        self._tell(spec.name, status, failure.detail, policy=spec.on_failure)
        if restarts:
            self._restart_later(spec.name, record)

    def _restart_later(self, name: str, record: instances.Record) -> None:
        delay = instances.backoff(name, max(1, record.failures))
        self._tell(
            name,
            'restarting',
            f'in {delay:.1f} s, {_after(record)} of {instances.FAILURES}'
            if record.failures
            else f'in {delay:.1f} s, when its node is there',
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
        self._tell(name, 'starting', _after(record))

    def _leave(self, instance: instances.Instance) -> bool:
        """Forgets an instance; says whether it was not forgotten before."""
        instance.started.set()
        if instance.saving is not None:
            instance.saving.cancel()
        if instance.change is not None:
            # What would take over has nothing left to take.
            instance.change.give_up()
        name = instance.spec.name
        if self._running.get(name) is not instance:
            return False
        del self._running[name]
        self._records[name].late += instance.process.late
        return True

    def _tell(
        self,
        name: str,
        status: str,
        detail: str = '',
        *,
        policy: str = '',
        code: str = '',
    ) -> None:
        self._status(
            records.StrategyStatus(
                strategy=name,
                status=status,
                detail=detail,
                policy=policy,
                code=code,
            )
        )
