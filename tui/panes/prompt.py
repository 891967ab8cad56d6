"""The line in which commands and filters are typed."""

from collections.abc import Iterable
from collections.abc import Sequence
import os.path
from typing import ClassVar

import textual
from textual import app as textual_app
from textual import containers
from textual import message
from textual import suggester
from textual import widgets

from tui import keymap


class Prompt(containers.Horizontal):
    """Lies over the hint bar while something is typed.

    Attributes:
        kind: ':' for a command, '/' for a filter.
    """

    BINDINGS: ClassVar = keymap.bindings('prompt')

    class Changed(message.Message):
        """Another text stands in it."""

        def __init__(self, kind: str, text: str) -> None:
            super().__init__()
            self.kind = kind
            self.text = text

    class Entered(message.Message):
        """The text is meant."""

        def __init__(self, kind: str, text: str) -> None:
            super().__init__()
            self.kind = kind
            self.text = text

    def __init__(self) -> None:
        super().__init__()
        self.kind = ''
        self._words: list[str] = []
        # The lines typed before, and at the end the one being typed.
        self._lines: list[str] = ['']
        self._at = 0

    def compose(self) -> textual_app.ComposeResult:
        """Gives the mark and the line."""
        yield widgets.Label('', id='prompt-mark', markup=False)
        yield widgets.Input(
            id='prompt-line', compact=True, select_on_focus=False
        )
        yield widgets.Label('', id='prompt-help', markup=False)

    @property
    def line(self) -> widgets.Input:
        """The line itself."""
        return self.query_one('#prompt-line', widgets.Input)

    def open(
        self,
        kind: str,
        text: str,
        words: Iterable[str] = (),
        before: Sequence[str] = (),
    ) -> None:
        """Shows the line and takes the focus.

        Args:
            kind: ':' or '/'.
            text: What stands in it already.
            words: What can be completed; the right arrow takes it, tab as
                far as it is plain.
            before: The lines typed before, oldest first.
        """
        self.kind = kind
        self._words = list(words)
        self._lines = [*before, text]
        self._at = len(before)
        self.query_one('#prompt-mark', widgets.Label).update(kind)
        self.line.suggester = suggester.SuggestFromList(
            self._words, case_sensitive=False
        )
        self.line.value = text
        self.line.cursor_position = len(text)
        self.display = True
        self.line.focus()

    def action_complete(self) -> None:
        """Completes what is typed as far as all that begins so agrees."""
        text = self.line.value
        begun = text.casefold()
        found = [w for w in self._words if w.casefold().startswith(begun)]
        # By the character is what is wanted: these are no paths.
        common = os.path.commonprefix(found)  # noqa: RUF071
        if len(common) > len(text):
            self._put(common)
        elif found:
            self._put(min(found, key=len))

    def action_recall(self, steps: int) -> None:
        """Takes a line that was typed before, or the one being typed."""
        if self._at == len(self._lines) - 1:
            self._lines[-1] = self.line.value
        self._at = min(max(self._at + steps, 0), len(self._lines) - 1)
        self._put(self._lines[self._at])

    def _put(self, text: str) -> None:
        self.line.value = text
        self.line.cursor_position = len(text)

    def explain(self, text: str) -> None:
        """Says at the right what can be typed."""
        self.query_one('#prompt-help', widgets.Label).update(text)

    def close(self) -> None:
        """Goes away."""
        self.display = False

    @textual.on(widgets.Input.Changed)
    def _changed(self, event: widgets.Input.Changed) -> None:
        event.stop()
        if self.display:
            self.post_message(self.Changed(self.kind, event.value))

    @textual.on(widgets.Input.Submitted)
    def _submitted(self, event: widgets.Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Entered(self.kind, event.value))
