"""What running strategies say, handed on to whoever keeps it."""

import asyncio
from collections.abc import Callable
import contextlib

from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.strategy import context
from sting.strategy import host
from sting.strategy import instances
from sting.strategy import reading
from sting.strategy import wire

LATE_NOTE_S = 60.0
_CANCEL = orders.SignalKind.CANCEL


class Teller:
    """Hands on what strategies want, write, and want to know again."""

    def __init__(
        self,
        *,
        now: Callable[[], int],
        emit: host.Emit,
        note: host.Note | None,
        keep: host.Keep | None,
        stale: host.Emit | None,
        late: host.Emit | None = None,
        show: reading.Show | None = None,
    ) -> None:
        """Sets up the ways out.

        Args:
            now: Gives the time, nanoseconds since the epoch, UTC.
            emit: Told what is wanted.
            note: Told each line that is written.
            keep: Told the states; without it none is asked for.
            stale: Told what is wanted in answer to what was missed.
            late: Told what is wanted so late that it is not to be done.
            show: Told what the indicators have, by the strategy's name.
        """
        self._now = now
        self._emit = emit
        self._note = note
        self._keep = keep
        self._stale = stale
        self._late = late
        self._show = show

    def hear(self, instance: instances.Instance, answer: wire.Answer) -> None:
        """Hands on what a strategy wants, what it wrote, what was read off.

        Args:
            instance: The strategy.
            answer: What it said.
        """
        name = instance.spec.name
        if answer.signals and answer.seq < instance.began:
            self._sort_out(instance, answer)
        elif answer.signals:
            self._hand_on(instance, answer)
        if self._note is not None:
            for line in answer.lines:
                self._note(name, line)
        if self._show is not None:
            for told in answer.read:
                self._show(name, told)
        self._note_late(instance, answer)

    def _hand_on(
        self, instance: instances.Instance, answer: wire.Answer
    ) -> None:
        """Tells what is wanted; of what comes late only the cancels."""
        name, wanted = instance.spec.name, answer.signals
        if self._late is not None and instance.process.overdue(answer.seq):
            late = [each for each in wanted if each.kind is not _CANCEL]
            wanted = [each for each in wanted if each.kind is _CANCEL]
            if late:
                self._late(name, answer.seq, late)
        if wanted:
            self._emit(name, answer.seq, wanted)

    def _sort_out(
        self, instance: instances.Instance, answer: wire.Answer
    ) -> None:
        """Drops what is in the log already; the rest comes too late."""
        fresh = [
            each
            for each in answer.signals
            if (answer.seq, each.kind, each.order_id) not in instance.answers
        ]
        if fresh and self._stale is not None:
            self._stale(instance.spec.name, answer.seq, fresh)

    def _note_late(
        self, instance: instances.Instance, answer: wire.Answer
    ) -> None:
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
        self.note(instance.spec.name, text)

    def note(self, name: str, text: str) -> None:
        """Writes a line in a strategy's name.

        Args:
            name: The strategy.
            text: The line.
        """
        if self._note is not None:
            line = context.LogLine(self._now(), 'warning', text)
            self._note(name, line)

    async def save_often(self, instance: instances.Instance) -> None:
        """Saves a strategy's state from time to time, until cancelled.

        Args:
            instance: The strategy.
        """
        while True:
            await asyncio.sleep(instance.spec.process.state_every_s)
            # Another process may have taken its place, or it has failed.
            with contextlib.suppress(errors.StrategyError):
                await self.save(instance)

    async def save(self, instance: instances.Instance) -> None:
        """Hands on a strategy's state, if it has changed and has any.

        Args:
            instance: The strategy.

        Raises:
            errors.StrategyError: It failed.
        """
        asked = instance.process
        if self._keep is None or asked.last_seq == instance.saved:
            return
        saved, state = await asked.save()
        instance.saved = saved.seq
        if state:
            self._keep(
                records.StrategyState(
                    strategy=instance.spec.name,
                    seq=saved.seq,
                    saved=state,
                    cash=saved.cash,
                    positions=tuple(saved.positions.values()),
                    code=asked.code,
                )
            )
