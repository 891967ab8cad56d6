"""The fields of the backtest screen: a line each, one for every parameter."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import shlex

import msgspec
from rich import cells
from rich import segment
from textual import app as textual_app
from textual import containers
from textual import message
from textual import strip
from textual import timer
from textual import widget
from textual import widgets

from sting.model import errors
from sting.model import parameters as rules
from tui import format as text_format
from tui.screens import backtest_child
from tui.screens import backtest_process

DEFAULTS = backtest_child.Form(
    strategy='sting.library.sma_cross',
    symbols='GOOG',
    cash='100000',
    parameters='fast=10 slow=30',
)
# Label and what an empty field means, by the form's field.
FIELDS: Mapping[str, tuple[str, str]] = {
    'strategy': ('strategy', 'module or file.py:Class'),
    'data': ('data', 'sample, or files'),
    'symbols': ('symbols', 'all'),
    'start': ('start', 'first day'),
    'end': ('end', 'last day'),
    'cash': ('cash', 'default'),
    'costs': ('costs', 'none'),
    'commission_bps': ('commission bps', 'of costs'),
    'slippage_bps': ('slippage bps', 'of costs'),
    'fill': ('fill', 'next_open; all'),
    'walk': ('walk forward', 'no; 500/250 days'),
    'parameters': ('parameters', 'name=value ...'),
}
# Until what is typed as a strategy is asked for its parameters, in seconds.
QUIET_S = 0.4
# Before the label of a field whose value is not allowed.
WRONG = '! '


class Field(widgets.Input):
    """A line of text that marks where it is cut."""

    def render_line(self, y: int) -> strip.Strip:
        """Gives the line, with an ellipsis at each end that is cut."""
        line = super().render_line(y)
        width = self.scrollable_content_region.width
        left = self.scroll_offset.x
        if left + width < cells.cell_len(self.value):
            line = strip.Strip.join([line.crop(0, width - 1), self._mark()])
        if left and self.value:
            line = strip.Strip.join([self._mark(), line.crop(1)])
        return line

    def _mark(self) -> strip.Strip:
        return strip.Strip([segment.Segment('…', self.rich_style)])


class ParameterField(Field):
    """A field of one parameter; empty for what it is set to.

    Attributes:
        setting: What it may be set to.
    """

    def __init__(
        self, setting: rules.Setting, value: str, *, sweeps: bool = True
    ) -> None:
        """Makes the field.

        Args:
            setting: What it may be set to.
            value: What it is set to here; empty where it is not.
            sweeps: Several values may be written.
        """
        super().__init__(
            value,
            placeholder=text_format.clean(
                str(setting.default) if sweeps else _now(setting)
            ),
            id=f'parameter-{setting.name}',
            compact=True,
        )
        self.setting = setting
        self._sweeps = sweeps

    @property
    def complaint(self) -> str:
        """Why the value is not allowed; empty where it is."""
        if not self.value.strip():
            return ''
        try:
            values = backtest_child.several(self.value) if self._sweeps else ()
            for each in values or (self.value,):
                self.setting.convert(each)
        except errors.StrategyError as error:
            return text_format.clean(str(error))
        return ''

    @property
    def about(self) -> str:
        """What the parameter does, and what it may be."""
        words = f'{self.setting.name}: {self.setting.allowed}'
        if self.setting.doc:
            words += f'. {self.setting.doc}'
        if self._sweeps:
            words += '. 5:20:5 or 5|10 sweeps'
        return text_format.clean(words)


def _now(setting: rules.Setting) -> str:
    """Writes what a parameter of a strategy that ran is set to."""
    value = setting.default if setting.value is None else setting.value
    return f'{value:.12g}' if isinstance(value, float) else str(value)


class Parameters(containers.Vertical):
    """A field for each parameter of a strategy; none where none is known."""

    DEFAULT_CSS = """
    Parameters { height: auto; }
    """

    def __init__(self, named: str = 'bounds', *, sweeps: bool = True) -> None:
        """Makes room for the fields.

        Args:
            named: Its id.
            sweeps: Several values may be written in a field.
        """
        super().__init__(id=named)
        self._sweeps = sweeps
        self._asking: backtest_process.Process | None = None

    async def on_unmount(self) -> None:
        """Leaves no process behind that is asked."""
        if self._asking is not None:
            await self._asking.cancel()

    async def ask(
        self, program: Sequence[str], reference: str
    ) -> tuple[rules.Setting, ...] | None:
        """Asks what a strategy can be set to; ends what was asked before.

        Args:
            program: The `sting` command.
            reference: The strategy, as `sting backtest` takes it.

        Returns:
            Its parameters; None where another one was asked for meanwhile.

        Raises:
            errors.StrategyError: It cannot be loaded.
        """
        before, child = self._asking, backtest_process.Process(program)
        self._asking = child
        if before is not None:
            await before.cancel()
        try:
            found = await ask(child, reference)
        except errors.StrategyError:
            if child.cancelled:
                return None
            raise
        return None if child.cancelled else found

    async def put(self, settings: Sequence[rules.Setting], text: str) -> bool:
        """Makes the fields of a strategy.

        Args:
            settings: Its parameters.
            text: What they are set to: name=value, separated by blanks.

        Returns:
            Whether there are fields now; not where the text says more than
            fields can.
        """
        await self.remove_children()
        given = values_of(text)
        names = {each.name for each in settings}
        if not settings or given is None or not names.issuperset(given):
            return False
        await self.mount_all(
            containers.Horizontal(
                widgets.Label(setting.name, markup=False),
                ParameterField(
                    setting, given.get(setting.name, ''), sweeps=self._sweeps
                ),
                classes='field',
            )
            for setting in settings
        )
        return True

    @property
    def values(self) -> dict[str, str]:
        """What is filled in, by name."""
        return {
            field.setting.name: field.value.strip()
            for field in self._fields()
            if field.value.strip()
        }

    @property
    def text(self) -> str:
        """What is filled in: name=value, separated by blanks."""
        return line_of(self.values)

    def check(self) -> str:
        """Marks the fields whose values are not allowed.

        Returns:
            Why the first of them is not; empty where all are.
        """
        first = ''
        for field in self._fields():
            complaint = field.complaint
            first = first or complaint
            field.set_class(bool(complaint), '-invalid')
            row = field.parent
            if isinstance(row, widget.Widget):
                mark = WRONG if complaint else ''
                row.query_one(widgets.Label).update(mark + field.setting.name)
        return first

    def _fields(self) -> Iterator[ParameterField]:
        yield from self.query(ParameterField)


class Fields(containers.VerticalScroll, can_focus=False):
    """All fields: of the run, and of the strategy's parameters."""

    DEFAULT_CSS = """
    Fields {
        height: auto;
        max-height: 67vh;
        .field { height: 1; }
        .field Label { width: 15; }
        .field Input { width: 1fr; }
    }
    """

    class Told(message.Message):
        """There is something to say of a field.

        Attributes:
            words: What; empty takes away what was said before.
        """

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def __init__(self, program: Sequence[str]) -> None:
        """Makes the fields.

        Args:
            program: The `sting` command, which knows the parameters.
        """
        super().__init__(id='fields')
        self._program = program
        # The strategy whose parameters are asked for, or are the fields.
        self._asked = ''
        self._pause: timer.Timer | None = None
        # What was filled in for a strategy is of no use to another one.
        self._remembered = {DEFAULTS.strategy: DEFAULTS.parameters}

    def compose(self) -> textual_app.ComposeResult:
        """Gives a line for each."""
        for name, (label, empty) in FIELDS.items():
            with containers.Horizontal(classes='field', id=f'{name}-row'):
                yield widgets.Label(label)
                yield Field(
                    getattr(DEFAULTS, name),
                    placeholder=empty,
                    id=name,
                    compact=True,
                )
        yield Parameters()

    def on_mount(self) -> None:
        """Asks for the parameters of the strategy that is there."""
        self._ask()

    @property
    def value(self) -> backtest_child.Form:
        """What is filled in."""
        return backtest_child.Form(
            **{name: self._line(name).value for name in FIELDS}
        )

    def fill(self, form: backtest_child.Form) -> None:
        """Fills in what was asked for once.

        Args:
            form: It.
        """
        # The line of the parameters follows that of the strategy.
        self._remembered[form.strategy] = form.parameters
        for name in FIELDS:
            self._line(name).value = getattr(form, name)
        self._ask_soon()

    def choose(self, values: Mapping[str, object]) -> None:
        """Fills in values of parameters, and takes no walk forward.

        Args:
            values: By name; the other parameters stay as they are.
        """
        form = self.value
        given = values_of(form.parameters) or {}
        given |= {name: str(value) for name, value in values.items()}
        self.fill(dataclasses.replace(form, walk='', parameters=line_of(given)))

    def check(self) -> str:
        """Says what is wrong with the first field that is; or nothing."""
        return self._parameters.check() if self._parameters.display else ''

    def on_input_changed(self, event: widgets.Input.Changed) -> None:
        """Keeps the parameters of each strategy beside it."""
        line, strategy = self._line('parameters'), self._line('strategy')
        if event.input is strategy:
            line.value = self._remembered.get(event.value, '')
            if event.value != self._asked:
                self._ask_soon()
        elif event.input is line:
            self._remembered[strategy.value] = line.value
        elif (
            isinstance(event.input, ParameterField)
            # Otherwise it is one of the strategy before.
            and self._parameters.display
        ):
            line.value = self._parameters.text
            about = event.input.about if event.input.has_focus else ''
            self._tell(self._parameters.check() or about)

    def on_descendant_focus(self) -> None:
        """Says what the field is that is to be filled in."""
        focused = self.screen.focused
        if isinstance(focused, ParameterField):
            self._tell(focused.complaint or focused.about)

    def _ask_soon(self) -> None:
        """Asks for the parameters once the typing rests."""
        self._asked = ''
        self._show_line(True)
        self._parameters.display = False
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(QUIET_S, self._ask)

    def _ask(self) -> None:
        reference = self._line('strategy').value.strip()
        self._asked = reference
        if reference:
            self.run_worker(self._know(reference), group='bounds')

    async def _know(self, reference: str) -> None:
        """Makes fields of what a strategy can be set to."""
        parameters, complaint = self._parameters, ''
        settings: Sequence[rules.Setting] | None = ()
        try:
            settings = await parameters.ask(self._program, reference)
        except errors.StrategyError as error:
            complaint = text_format.clean(str(error))
        # The screen may be gone, or another strategy be there.
        for line in self.query('#parameters').results(widgets.Input):
            if reference != self._asked or settings is None:
                return
            had = line.has_focus
            made = await parameters.put(settings, line.value)
            if reference == self._asked:
                parameters.display = made
                self._show_line(not made)
                self._tell(complaint or parameters.check())
            if had and made:
                parameters.query(ParameterField).first().focus()

    def _show_line(self, shown: bool) -> None:
        """Shows the parameters as one line, which fields replace."""
        self.query('#parameters-row').set(display=shown)

    def _tell(self, words: str) -> None:
        self.post_message(self.Told(words))

    def _line(self, name: str) -> widgets.Input:
        return self.query_one(f'#{name}', widgets.Input)

    @property
    def _parameters(self) -> Parameters:
        return self.query_one(Parameters)


def values_of(text: str) -> dict[str, str] | None:
    """Reads name=value words; None where they are something else."""
    try:
        pairs = [word.partition('=') for word in shlex.split(text)]
    except ValueError:
        return None
    if not all(equals for _, equals, _ in pairs):
        return None
    return {name: value for name, _, value in pairs}


def line_of(given: Mapping[str, str]) -> str:
    """Writes values as `values_of` reads them."""
    return ' '.join(
        shlex.quote(f'{name}={value}') for name, value in given.items()
    )


async def ask(
    child: backtest_process.Process, reference: str
) -> tuple[rules.Setting, ...]:
    """Asks what a strategy can be set to, in a process of its own.

    Args:
        child: Runs it.
        reference: The strategy, as `sting backtest` takes it.

    Returns:
        Its parameters.

    Raises:
        errors.StrategyError: It cannot be loaded.
    """
    ended = await child.execute(
        ['strategies', '--settings-json', '--json', '--', reference]
    )
    try:
        if ended.status:
            raise ValueError(f'{reference} cannot be loaded')
        return msgspec.json.decode(
            ended.printed, type=tuple[rules.Setting, ...]
        )
    except (ValueError, msgspec.DecodeError) as error:
        raise errors.StrategyError(ended.complaint or str(error)) from None
