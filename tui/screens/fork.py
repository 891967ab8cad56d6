"""A fork of the log that the journal shows: what a change would have made."""

import asyncio
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import pathlib
import sys
from typing import Any
from typing import ClassVar

import msgspec
from rich import table
from rich import text
import textual
from textual import app as textual_app
from textual import containers
from textual import screen
from textual import widgets

from sting import settings
from sting.model import errors
from sting.model import views
from tui import format as text_format
from tui import keymap
from tui.charts import sparkline
from tui.screens import fork_fields

_LIVES = ('then', 'base', 'fork')
_CURVE = 40
_FIGURES = ('pnl', 'drawdown', 'fees', 'orders', 'denied', 'fills')
_COUNTS = frozenset({'orders', 'denied', 'fills'})


def arguments(
    path: pathlib.Path, seq: int, changes: Sequence[str]
) -> list[str]:
    """Gives the command for some changes.

    Args:
        path: The log's file.
        seq: The event of the fork.
        changes: STRATEGY.PARAMETER=VALUE and RULE=VALUE.

    Returns:
        The words of `sting fork`, the command itself first.

    Raises:
        errors.InputError: It is written otherwise.
    """
    words = ['fork', str(path), '--at', str(seq), '--json']
    for change in changes:
        name, equals, value = change.partition('=')
        if not (name and equals and value):
            raise errors.InputError(
                f'{change!r}: write STRATEGY.PARAMETER=VALUE or RULE=VALUE'
            )
        words.append(f'{"--set" if "." in name else "--limit"}={change}')
    if not changes:
        raise errors.InputError('fill in what is to be changed')
    return words


def drawn(found: dict[str, Any]) -> table.Table:
    """Writes the figures and the curves of the three lives."""
    grid = table.Table.grid(padding=(0, 2))
    grid.add_column(style='bold', no_wrap=True)
    for _ in _LIVES:
        grid.add_column(justify='right', no_wrap=True)
    grid.add_row('', *_LIVES)
    for name in _FIGURES:
        grid.add_row(name, *(_figure(name, found[life]) for life in _LIVES))
    return grid


def _figure(name: str, life: dict[str, Any]) -> str:
    value = life[name]
    if name in _COUNTS:
        return f'{value:,}'
    write = text_format.gain if name == 'pnl' else text_format.money
    return write(value)


def curves(found: dict[str, Any]) -> list[str]:
    """Draws the equity of each life in one line, all to the same scale."""
    rows: dict[str, Sequence[float]] = found['curves']
    low = min(map(min, rows.values()))
    high = max(map(max, rows.values()))
    lines = []
    for life in _LIVES:
        values = rows[life]
        width = min(_CURVE, len(values))
        seen = [values[n * len(values) // width] for n in range(width)]
        # Its ends are those of all three, which the sparkline is scaled by.
        line = sparkline.render([low, high, *seen[:-1], values[-1]], width + 2)
        lines.append(f'{life:<5}{line[2:]} {text_format.money(values[-1])}')
    return lines


class ForkScreen(screen.ModalScreen[None]):
    """Asks for the change, has it rerun in another process, and tells."""

    BINDINGS: ClassVar = keymap.bindings('fork')

    def __init__(
        self,
        path: pathlib.Path,
        seq: int,
        then: views.Snapshot,
        limits: Mapping[str, settings.Rule | settings.ScopedRule],
    ) -> None:
        """Makes the screen.

        Args:
            path: The log's file.
            seq: The event of the fork.
            then: The picture of that moment.
            limits: The rules of risk.yaml that have one, by name.
        """
        super().__init__()
        self.key_scope = 'fork'
        self._path = path
        self._seq = seq
        self._fields = fork_fields.Changes(then.strategies, limits)

    def compose(self) -> textual_app.ComposeResult:
        """Gives the fields, a line, and room for what comes of it."""
        with containers.VerticalScroll(classes='dialog forked'):
            yield widgets.Label(
                f'Fork at event {self._seq:,}: what would have come of it '
                'with other settings?',
                classes='question',
                markup=False,
            )
            yield self._fields
            yield widgets.Input(
                placeholder='or typed: STRATEGY.PARAMETER=VALUE RULE=VALUE',
                id='change',
                compact=True,
            )
            yield widgets.Static('', id='outcome', markup=False)
            yield widgets.Label(
                'enter runs it on the simulator, ↑ ↓ go from field to field, '
                'esc closes; nothing is sent',
                classes='keys',
                markup=False,
            )

    def on_mount(self) -> None:
        """Waits for the change to be typed."""
        self.query_one('#change', widgets.Input).focus()

    @textual.on(fork_fields.Changes.Told)
    def _told(self, event: fork_fields.Changes.Told) -> None:
        self._say(event.words)

    def action_step(self, fields_on: int) -> None:
        """Goes to the next field, or to the one before when negative."""
        lines = [*self.query(widgets.Input)]
        at = next((n for n, each in enumerate(lines) if each.has_focus), 0)
        lines[(at + fields_on) % len(lines)].focus()

    @textual.on(widgets.Input.Submitted)
    def _entered(self, event: widgets.Input.Submitted) -> None:
        event.stop()
        if wrong := self._fields.check():
            self._say(wrong)
            return
        typed = self.query_one('#change', widgets.Input).value.split()
        try:
            words = arguments(
                self._path, self._seq, [*typed, *self._fields.changes]
            )
        except errors.InputError as error:
            self._say(text_format.clean(str(error)))
            return
        self._say('running in another process')
        self.run_worker(self._run(words), exclusive=True)

    async def _run(self, words: Sequence[str]) -> None:
        """Reruns it; the process ends with the screen."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            '-m',
            'sting.cli.main',
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await process.communicate()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            self._say(text_format.clean(err.decode(errors='replace').strip()))
            return
        found = msgspec.json.decode(out)
        outcome = self.query_one('#outcome', widgets.Static)
        outcome.update(_outcome(found))
        self.call_after_refresh(outcome.scroll_visible, animate=False)

    def _say(self, what: str) -> None:
        self.query_one('#outcome', widgets.Static).update(what)


def _outcome(found: dict[str, Any]) -> table.Table:
    """Writes all that came of it, one below the other."""
    whole = table.Table.grid()
    changes = [f'{n}: {was} -> {now}' for n, was, now in found['changes']]
    whole.add_row(text.Text(text_format.clean('  '.join(changes))))
    whole.add_row(drawn(found))
    for line in curves(found):
        whole.add_row(text.Text(line))
    gain = text_format.gain(found['difference'])
    whole.add_row(text.Text(f'the change makes {gain}', style='bold'))
    for note in found['notes']:
        whole.add_row(text.Text(f'- {text_format.clean(note)}', style='dim'))
    return whole
