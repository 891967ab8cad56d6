"""The line in which commands and filters are typed."""

from collections.abc import Iterable

import textual
from textual import app as textual_app
from textual import containers
from textual import message
from textual import suggester
from textual import widgets


class Prompt(containers.Horizontal):
    """Lies over the hint bar while something is typed.

    Attributes:
        kind: ':' for a command, '/' for a filter.
    """

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

    def open(self, kind: str, text: str, words: Iterable[str] = ()) -> None:
        """Shows the line and takes the focus.

        Args:
            kind: ':' or '/'.
            text: What stands in it already.
            words: What can be completed; the right arrow takes it.
        """
        self.kind = kind
        self.query_one('#prompt-mark', widgets.Label).update(kind)
        self.line.suggester = suggester.SuggestFromList(
            list(words), case_sensitive=False
        )
        self.line.value = text
        self.line.cursor_position = len(text)
        self.display = True
        self.line.focus()

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
