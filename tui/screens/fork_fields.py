"""The fields of a fork: its strategies' parameters, the limits of risk."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib

from textual import app as textual_app
from textual import containers
from textual import message
from textual import widget
from textual import widgets

from sting import settings
from sting.model import errors
from sting.model import parameters as rules
from sting.model import views
from tui import format as text_format
from tui.screens import backtest_form
from tui.screens import backtest_process


class ChangeField(backtest_form.Field):
    """A field of one thing that may be another one; empty leaves it."""

    def __init__(self, name: str, now: str) -> None:
        super().__init__(
            placeholder=text_format.clean(now), compact=True, classes='change'
        )
        self.change = name

    @property
    def complaint(self) -> str:
        """Why the value is not allowed; empty where it is."""
        return ''

    @property
    def about(self) -> str:
        """What it is, and what it may be."""
        return ''


class LimitField(ChangeField):
    """A field of the limit of a rule."""

    def __init__(
        self, name: str, rule: settings.Rule | settings.ScopedRule
    ) -> None:
        super().__init__(name, f'{rule.limit:g}' if rule.enabled else 'off')
        self._now = rule

    @property
    def complaint(self) -> str:
        """Why the value is not allowed; empty where it is."""
        text = self.value.strip()
        try:
            is_right = not text or 0 <= float(text) < float('inf')
        except ValueError:
            is_right = False
        return '' if is_right else f'{self.change}: a number, 0 or more'

    @property
    def about(self) -> str:
        """What it is now."""
        now = f'{self._now.limit:g}' if self._now.enabled else 'off'
        return f'limit of the rule {self.change}: {now} in risk.yaml'


class ParameterField(ChangeField):
    """A field of a strategy's parameter."""

    def __init__(self, strategy: str, setting: rules.Setting, now: str) -> None:
        super().__init__(f'{strategy}.{setting.name}', now)
        self.setting = setting

    @property
    def complaint(self) -> str:
        """Why the value is not allowed; empty where it is."""
        text = self.value.strip()
        if text:
            try:
                self.setting.convert(text)
            except errors.StrategyError as error:
                return text_format.clean(str(error))
        return ''

    @property
    def about(self) -> str:
        """What the parameter does, and what it may be."""
        words = f'{self.change}: {self.setting.allowed}'
        if self.setting.doc:
            words += f'. {self.setting.doc}'
        return text_format.clean(words)


class Changes(containers.VerticalScroll, can_focus=False):
    """All fields. Those of strategies come once they told their parameters."""

    DEFAULT_CSS = """
    Changes {
        height: auto;
        max-height: 40vh;
        .field { height: 1; }
        .field Label { width: 30; }
    }
    """

    class Told(message.Message):
        """There is something to say of a field.

        Attributes:
            words: What.
        """

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def __init__(
        self,
        strategies: Sequence[views.StrategyRow],
        limits: Mapping[str, settings.Rule | settings.ScopedRule],
        program: Sequence[str] = backtest_process.PROGRAM,
    ) -> None:
        """Makes the fields.

        Args:
            strategies: As they were.
            limits: The rules of risk that have one, by name.
            program: The `sting` command, which knows parameters.
        """
        super().__init__()
        self._strategies = strategies
        self._limits = limits
        self._program = program
        self._asking: backtest_process.Process | None = None

    def compose(self) -> textual_app.ComposeResult:
        """Gives a line for each limit."""
        for name, rule in self._limits.items():
            yield _row(LimitField(name, rule))

    def on_mount(self) -> None:
        """Asks the strategies for their parameters."""
        self.run_worker(self._ask())

    async def on_unmount(self) -> None:
        """Leaves no process behind that is asked."""
        if self._asking is not None:
            await self._asking.cancel()

    @property
    def changes(self) -> list[str]:
        """What is filled in, as NAME=VALUE."""
        return [
            f'{field.change}={field.value.strip()}'
            for field in self._fields()
            if field.value.strip()
        ]

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
                mark = backtest_form.WRONG if complaint else ''
                row.query_one(widgets.Label).update(mark + field.change)
        return first

    def on_descendant_focus(self) -> None:
        """Says what the field is that is to be filled in."""
        focused = self.screen.focused
        if isinstance(focused, ChangeField):
            words = focused.complaint or focused.about
            self.post_message(self.Told(words))

    def on_input_changed(self, event: widgets.Input.Changed) -> None:
        """Says at once what is not allowed."""
        if isinstance(event.input, ChangeField) and event.input.has_focus:
            self.post_message(self.Told(self.check() or event.input.about))

    def _fields(self) -> Iterator[ChangeField]:
        yield from self.query(ChangeField)

    async def _ask(self) -> None:
        """Makes the fields of the strategies, above those of the limits."""
        made: list[widget.Widget] = []
        for row in self._strategies:
            self._asking = backtest_process.Process(self._program)
            # One whose file is gone can only be typed, and then says so.
            with contextlib.suppress(errors.StrategyError):
                found = await backtest_form.ask(self._asking, row.strategy)
                now = backtest_form.values_of(row.parameters) or {}
                made += [
                    _row(
                        ParameterField(
                            row.name,
                            setting,
                            now.get(setting.name, str(setting.default)),
                        )
                    )
                    for setting in found
                ]
        if made and self.is_mounted:
            await self.mount_all(made, before=0 if self.children else None)


def _row(field: ChangeField) -> containers.Horizontal:
    return containers.Horizontal(
        widgets.Label(text_format.clean(field.change), markup=False),
        field,
        classes='field',
    )
