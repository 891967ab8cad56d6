"""Small questions that lie over a screen."""

import textual
from textual import app as textual_app
from textual import containers
from textual import screen
from textual import widgets

from tui import keymap


class Ask(screen.ModalScreen[bool]):
    """A question answered with y or n; Enter answers nothing."""

    BINDINGS = keymap.bindings('dialog')

    def __init__(self, question: str, detail: str = '') -> None:
        super().__init__()
        self._question = question
        self._detail = detail

    def compose(self) -> textual_app.ComposeResult:
        """Gives the question and the keys that answer it."""
        with containers.Vertical(classes='dialog'):
            yield widgets.Label(
                self._question, classes='question', markup=False
            )
            if self._detail:
                yield widgets.Label(
                    self._detail, classes='detail', markup=False
                )
            yield widgets.Label('y yes   n no', classes='keys', markup=False)

    def action_yes(self) -> None:
        """Answers yes."""
        self.dismiss(True)

    def action_no(self) -> None:
        """Answers no."""
        self.dismiss(False)


class TypeWord(screen.ModalScreen[bool]):
    """A question answered by typing a word in full."""

    BINDINGS = keymap.bindings('typed')

    def __init__(self, question: str, word: str) -> None:
        super().__init__()
        self._question = question
        self._word = word

    def compose(self) -> textual_app.ComposeResult:
        """Gives the question and the line for the word."""
        with containers.Vertical(classes='dialog'):
            yield widgets.Label(
                self._question, classes='question', markup=False
            )
            yield widgets.Input(placeholder=self._word, id='word')
            yield widgets.Label(
                f'type {self._word} and press enter; esc goes back',
                classes='keys',
                markup=False,
            )

    @textual.on(widgets.Input.Submitted)
    def _typed(self, event: widgets.Input.Submitted) -> None:
        if event.value == self._word:
            self.dismiss(True)
        else:
            label = self.query_one('.keys', widgets.Label)
            label.add_class('wrong')
            label.update(f'not {self._word}; esc goes back')

    def action_no(self) -> None:
        """Goes back."""
        self.dismiss(False)
