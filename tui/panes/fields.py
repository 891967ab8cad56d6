"""The fields of the ticket."""

from collections.abc import Sequence
from typing import ClassVar

from rich import segment
from textual import binding
from textual import events
from textual import geometry
from textual import message
from textual import strip
from textual import timer
from textual import widget
from textual import widgets

from tui import format as text_format
from tui import keymap
from tui import themes

ARM_S = 0.3


class Choice(widget.Widget, can_focus=True):
    """One of a few words: blank, left and right change it, a letter picks it.

    Attributes:
        options: The words.
        value: The one that is chosen.
    """

    BINDINGS: ClassVar[list[binding.BindingType]] = [
        binding.Binding('left', 'turn(-1)', show=False),
        binding.Binding('right,space', 'turn(1)', show=False),
    ]

    class Changed(message.Message):
        """Another word was chosen."""

    def __init__(self, options: Sequence[str], field: str) -> None:
        super().__init__(id=f'field-{field}')
        self.options = options
        self.value = options[0]

    def render(self) -> str:
        """Gives the word, with arrows while it can be changed."""
        word = self.value.replace('_', ' ')
        return f'◂ {word} ▸' if self.has_focus else f'  {word}'

    def set(self, value: str) -> None:
        """Chooses a word."""
        if value != self.value:
            self.value = value
            self.refresh()
            self.post_message(self.Changed())

    def action_turn(self, steps: int) -> None:
        """Chooses the next word, or the one before."""
        index = self.options.index(self.value) + steps
        self.set(self.options[index % len(self.options)])

    def on_key(self, event: events.Key) -> None:
        """Chooses the next word that begins with the letter typed."""
        letter = (event.character or '').casefold()
        start = self.options.index(self.value) + 1
        around = [*self.options[start:], *self.options[:start]]
        found = [word for word in around if letter and word[0] == letter]
        if found:
            event.stop()
            event.prevent_default()
            self.set(found[0])


class Entry(widgets.Input):
    """A line of text; up and down leave it to the ticket."""

    def __init__(self, field: str) -> None:
        super().__init__(id=f'field-{field}', compact=True)


class Review(widget.Widget, can_focus=True):
    """Says what would be sent, and takes the y that sends it.

    It arms only when no key came for a while, so that neither a held Enter
    nor a pasted text can send anything.

    Attributes:
        text: What would be sent; empty while the ticket is filled in.
        armed: Whether y sends.
    """

    BINDINGS = keymap.bindings('review')

    class Sent(message.Message):
        """The operator wants it sent."""

    class Left(message.Message):
        """The focus went elsewhere."""

    def __init__(self) -> None:
        super().__init__(id='review')
        self.display = False
        self.text = ''
        self.urgent = False
        self.armed = False
        self._armed_at = 0.0
        self._timer: timer.Timer | None = None

    def open(self, text: str, *, urgent: bool) -> None:
        """Shows what would be sent and starts to wait for quiet.

        Args:
            text: What would be sent, cleaned.
            urgent: Real money: said in the colour of errors.
        """
        self.text = text
        self.urgent = urgent
        self.display = True
        self.refresh(layout=True)
        self.focus()
        self.disarm()

    def close(self) -> None:
        """Shows nothing more, and sends nothing more."""
        self._stop_timer()
        self.text = ''
        self.armed = False
        # Its lines are for what risk says.
        self.display = False

    def disarm(self) -> None:
        """Waits again for a while without keys."""
        self._stop_timer()
        self.armed = False
        self._timer = self.set_timer(ARM_S, self._arm)
        self.refresh()

    def _arm(self) -> None:
        self._timer = None
        if self.text and self.has_focus:
            self.armed = True
            # By the clock that stamps keys when they are read.
            self._armed_at = events.Idle().time
            self.refresh()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def on_key(self, event: events.Key) -> None:
        """Any key but the y that sends starts the wait anew.

        A letter does nothing else here: it was meant for a field.
        """
        sends = self.armed and event.time >= self._armed_at
        if not self.text or (sends and event.key == 'y'):
            return
        self.disarm()
        if event.is_printable or event.key == 'enter':
            event.stop()
            event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text never sends."""
        event.stop()
        if self.text:
            self.disarm()

    def on_blur(self) -> None:
        """Leaving the line ends the review."""
        if self.text:
            self.post_message(self.Left())

    def action_send(self) -> None:
        """Sends, if it is armed."""
        if self.armed and self.text:
            self.post_message(self.Sent())

    def get_content_height(
        self, container: geometry.Size, viewport: geometry.Size, width: int
    ) -> int:
        """Has room for all that would be sent: nothing of it may be cut."""
        del container, viewport
        return 1 + len(text_format.wrap(self.text, max(1, width - 1)))

    def render_line(self, y: int) -> strip.Strip:
        """Gives a line: first what y does, then what would be sent."""
        width = self.size.width
        palette: themes.Palette = self.app.palette  # type: ignore[attr-defined]
        if not self.text:
            return strip.Strip.blank(width, palette.style(''))
        name = 'error!' if self.urgent else 'focus!'
        if y == 0:
            line = ' y sends, esc goes back' if self.armed else ' wait ...'
            style = palette.style('background!', name.rstrip('!'))
            if not self.armed:
                style = palette.style('muted', 'cursor')
        else:
            lines = text_format.wrap(self.text, max(1, width - 1))
            line = f' {lines[y - 1]}' if y <= len(lines) else ''
            style = palette.style('text!')
        return strip.Strip(
            [segment.Segment(text_format.fit(line, width), style)]
        )
