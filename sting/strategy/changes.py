"""Changes of running strategies from one version of their code to another."""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
import functools
from typing import Any

from sting.model import errors
from sting.model import records
from sting.model import specs
from sting.strategy import handover
from sting.strategy import host
from sting.strategy import instances
from sting.strategy import process


class Changes:
    """Carries out changes, one at a time of each strategy."""

    def __init__(
        self,
        *,
        make: Callable[
            [instances.Instance, specs.StrategySpec, str], process.Process
        ],
        runs: Callable[[instances.Instance], bool],
        taken: Callable[[instances.Instance, process.Process], None],
        status: host.Status,
        note: Callable[[str, str], None],
        now: Callable[[], int],
    ) -> None:
        """Sets up the ways to a host.

        Args:
            make: Makes a process of an instance, as configured, of the
                version of a hash or, where that is empty, of the files.
            runs: Says whether an instance still runs.
            taken: Puts a process in the place of an instance's own.
            status: Is told each change.
            note: Is told a strategy's name and a line for its log.
            now: Gives the time, nanoseconds since the epoch, UTC.
        """
        self._make = make
        self._runs = runs
        self._taken = taken
        self._status = status
        self._note = note
        self._now = now

    async def carry_out(
        self,
        instance: instances.Instance,
        seq: int,
        *,
        past: Callable[[], handover.Past],
        spec: specs.StrategySpec | None = None,
        explain: Callable[[str], str] = str,
        keep: bool = False,
    ) -> None:
        """Has a running strategy go on with another version of its code.

        Its status tells how that ended, in answer to the event that asked for
        it; nothing is told of one that stopped meanwhile. A change that is
        under way is given up for this one.

        Args:
            instance: The strategy.
            seq: Number of the event that asked for it.
            past: Gives what it begins with, as of now.
            spec: What to run, as configured now, from the files as they are;
                None for the version before the one that runs, or to give up
                the one that is to take its place.
            explain: Adds to an error where its cause is written.
            keep: The code stays the version that runs, whatever the files
                are now.
        """
        await instance.ready()
        if spec is None and instance.change is not None:
            await end(instance)
            self._tell(instance, seq, 'it goes on with the version it runs')
            return
        # Another one may have waited for the same end, and begun.
        while instance.change is not None:
            await end(instance)
        if instance.stopping or not self._runs(instance):
            return
        version = instance.process.code if keep else ''
        back = spec is None
        if spec is None:
            if not instance.versions.past:
                error = 'there is no version before this one'
                self._tell(instance, seq, error=error)
                return
            spec, version, *_ = instance.versions.past[-1]
        change = instance.change = handover.Change(
            seq,
            instance.process,
            functools.partial(self._make, instance, spec),
            past,
            self._now,
        )
        try:
            tried = ''
            if spec.shadow_s and not back:
                version, tried = await self._try_out(
                    instance, change, spec, version
                )
            new = await change.prepare(version)
            self._taken(instance, new)
            what = instance.versions.take(handover.Ran.of(new), back=back)
            word = 'rolled back' if back else 'set' if keep else 'reloaded'
            self._tell(
                instance,
                seq,
                f'{word}: {what}{tried}',
                given=spec.given if back or keep else None,
            )
            self._note_unsent(spec.name, change)
        except errors.StrategyError as error:
            await change.undo()
            if change.given_up:
                self._tell(instance, seq, 'a change of version was given up')
            else:
                self._tell(instance, seq, error=explain(str(error)))
        finally:
            instance.change = None

    def _note_unsent(self, name: str, change: handover.Change) -> None:
        unsent = change.successor.unsent if change.successor else ()
        if unsent:
            self._note(
                name,
                f'on_start of the new version wants {handover.words(unsent)}; '
                'not sent, since the strategy goes on',
            )

    async def _try_out(
        self,
        instance: instances.Instance,
        change: handover.Change,
        spec: specs.StrategySpec,
        version: str,
    ) -> tuple[str, str]:
        """Runs a new version as a shadow; gives its hash and how it did."""
        self._tell(
            instance, 0, f'a new version is its shadow for {spec.shadow_s:g} s'
        )

        def differs(text: str) -> None:
            self._note(spec.name, text)
            if shadow.differ == 1:
                self._tell(instance, 0, f'its shadow differs: {text}')

        shadow = handover.Shadow(differs)
        version = await change.try_out(spec.shadow_s, shadow, version)
        return version, f'; as a shadow {shadow.summary()}'

    def _tell(
        self,
        instance: instances.Instance,
        seq: int,
        detail: str = '',
        error: str = '',
        given: Mapping[str, Any] | None = None,
    ) -> None:
        """Tells what came of a change, unless it stopped meanwhile."""
        if instance.stopping or not self._runs(instance):
            return
        self._status(
            records.StrategyStatus(
                strategy=instance.spec.name,
                status='running',
                detail=detail,
                code=instance.process.code,
                error=error,
                parameters=None if given is None else dict(given),
            ),
            seq,
        )


async def end(instance: instances.Instance) -> None:
    """Ends the change of version that is under way, if one is.

    Args:
        instance: The strategy.
    """
    change = instance.change
    if change is not None and change.task is not None:
        change.give_up()
        await asyncio.wait({change.task})
