"""A fork of the log that the journal shows: what a change would have made."""

from collections.abc import Sequence
import pathlib
from typing import Any
from typing import ClassVar

import msgspec
from rich import table
from rich import text
import textual
from textual import app as textual_app
from textual import containers
from textual import events
from textual import screen
from textual import widgets

from sting.model import errors
from sting.model import parameters
from tui import format as text_format
from tui import keymap
from tui.charts import sparkline
from tui.screens import backtest_form
from tui.screens import backtest_process

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
        changes: Each STRATEGY.PARAMETER=VALUE or RULE=VALUE.

    Returns:
        The words of `sting fork`, the command itself first.

    Raises:
        errors.InputError: One is written otherwise, or there is none.
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
        raise errors.InputError('nothing is changed yet: fill in a field')
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


class Form(containers.Vertical):
    """What can be changed: parameters of the strategies, limits of risk."""

    def __init__(self) -> None:
        super().__init__(id='fork-form')
        # By group: the name of a strategy, or nothing for the limits.
        self._groups: dict[str, backtest_form.Parameters] = {}

    async def put(
        self, offered: parameters.Offered, changes: Sequence[str]
    ) -> None:
        """Makes the fields.

        Args:
            offered: What can be changed.
            changes: What is changed already, as `arguments` takes it.
        """
        given = dict(each.partition('=')[::2] for each in changes)
        groups = {**offered.strategies, '': offered.limits}
        for number, (name, settings) in enumerate(groups.items()):
            if not settings:
                continue
            made = backtest_form.Parameters(f'group-{number}', sweeps=False)
            self._groups[name] = made
            title = text_format.clean(name) or 'limits of risk.yaml'
            await self.mount_all(
                [widgets.Label(title, classes='group', markup=False), made]
            )
            filled = {
                each.name: given[key]
                for each in settings
                if (key := _key(name, each.name)) in given
            }
            await made.put(settings, backtest_form.line_of(filled))

    @property
    def changes(self) -> list[str]:
        """What is filled in, as `arguments` takes it."""
        return [
            f'{_key(group, name)}={value}'
            for group, fields in self._groups.items()
            for name, value in fields.values.items()
        ]

    def check(self) -> str:
        """Marks what is not allowed; says why the first of it is not."""
        found = [fields.check() for fields in self._groups.values()]
        return next(filter(None, found), '')


def _key(group: str, name: str) -> str:
    return f'{group}.{name}' if group else name


class ForkScreen(screen.ModalScreen[None]):
    """Asks for the change, has it rerun in another process, and tells."""

    BINDINGS: ClassVar = keymap.bindings('fork')
    AUTO_FOCUS = None

    def __init__(
        self,
        path: pathlib.Path,
        seq: int,
        changes: Sequence[str] = (),
        program: Sequence[str] = backtest_process.PROGRAM,
    ) -> None:
        """Makes the screen.

        Args:
            path: The log's file.
            seq: The event of the fork.
            changes: Run at once, as `arguments` takes them; none waits.
            program: The `sting` command.
        """
        super().__init__()
        self.key_scope = 'fork'
        self._path = path
        self._seq = seq
        self._changes = changes
        self._program = program

    def compose(self) -> textual_app.ComposeResult:
        """Gives room for the form and for what comes of it."""
        with containers.Vertical(classes='dialog forked'):
            yield widgets.Label(
                f'Fork at event {self._seq:,}: what would other settings '
                'have made?',
                classes='question',
                markup=False,
            )
            with containers.VerticalScroll(id='fork-body', can_focus=False):
                yield Form()
                yield widgets.Static(
                    'asking what can be changed', id='outcome', markup=False
                )
            yield widgets.Label('', id='fork-about', markup=False)
            yield widgets.Label(
                '^r runs it, simulated: nothing is sent; pgdn scrolls, '
                'esc closes',
                classes='keys',
                markup=False,
            )

    def on_mount(self) -> None:
        """Asks what can be changed, and runs what was typed already."""
        self.run_worker(self._ask(), group='offer')
        if self._changes:
            self._start(self._changes)

    async def _ask(self) -> None:
        ended = await backtest_process.Process(self._program).execute(
            [
                *('fork', str(self._path), '--at', str(self._seq)),
                *('--offer', '--json'),
            ]
        )
        try:
            if ended.status:
                raise ValueError
            offered = msgspec.json.decode(
                ended.printed, type=parameters.Offered
            )
        except (ValueError, msgspec.DecodeError) as error:
            self._say(text_format.clean(ended.complaint or str(error)))
            return
        await self._form.put(offered, self._changes)
        if not self._changes:
            self._say(text_format.clean('\n'.join(offered.notes)))
        fields = self.query(backtest_form.ParameterField)
        if fields:
            # What was typed already is looked at, not filled in.
            fields.first().focus(scroll_visible=not self._changes)

    @property
    def _form(self) -> Form:
        return self.query_one(Form)

    @textual.on(widgets.Input.Changed)
    @textual.on(events.DescendantFocus)
    def _tell(self) -> None:
        """Marks what is not allowed; says why, or what the field is."""
        self._form.check()
        focused, complaint, about = self.focused, '', ''
        if isinstance(focused, backtest_form.ParameterField):
            complaint, about = focused.complaint, focused.about
        said = self.query_one('#fork-about', widgets.Label)
        said.update(complaint or about)
        said.set_class(bool(complaint), 'wrong')

    @textual.on(widgets.Input.Submitted)
    def _entered(self, event: widgets.Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    def action_run_fork(self) -> None:
        """Runs what is filled in."""
        wrong = self._form.check()
        if wrong:
            self._say(wrong)
        else:
            self._start(self._form.changes)

    def action_scroll(self, pages: int) -> None:
        """Scrolls what came of it."""
        body = self.query_one('#fork-body')
        if pages > 0:
            body.scroll_page_down(animate=False)
        else:
            body.scroll_page_up(animate=False)

    def _start(self, changes: Sequence[str]) -> None:
        try:
            words = arguments(self._path, self._seq, changes)
        except errors.InputError as error:
            self._say(text_format.clean(str(error)))
            return
        self._say('running in another process')
        self.run_worker(self._run(words), group='run', exclusive=True)

    async def _run(self, words: Sequence[str]) -> None:
        """Reruns it; the process ends with the screen."""
        child = backtest_process.Process(self._program)
        ended = await child.execute(words)
        if ended.status:
            self._say(text_format.clean(ended.complaint or 'it failed'))
        else:
            self._say(_outcome(msgspec.json.decode(ended.printed)))

    def _say(self, what: str | table.Table) -> None:
        outcome = self.query_one('#outcome', widgets.Static)
        outcome.update(what)
        self.call_after_refresh(
            outcome.scroll_visible, animate=False, top=True, force=True
        )


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
