"""A letter over each place that can take the keys; the letter goes there."""

from collections.abc import Mapping

from textual import app as textual_app
from textual import errors as textual_errors
from textual import events
from textual import screen
from textual import widget
from textual import widgets

from tui import keymap

# Those under the fingers first; none that would answer a question or send.
LETTERS = 'asdfghjklqwertuiopzxcvbm1234567890'


def places(shown: screen.Screen[None]) -> dict[str, widget.Widget]:
    """Gives what can take the keys on a screen, by the letter that goes there.

    Args:
        shown: The screen; what is scrolled out of sight has no letter.
    """
    seen = [each for each in shown.focus_chain if _is_seen(shown, each)]
    return dict(zip(LETTERS, seen, strict=False))


def _is_seen(shown: screen.Screen[None], place: widget.Widget) -> bool:
    try:
        return bool(shown.find_widget(place).visible_region)
    except textual_errors.NoWidget:
        # It was made a moment ago.
        return False


class Jump(screen.ModalScreen[widget.Widget | None]):
    """Waits for one key: a letter's place, or any other that leaves."""

    BINDINGS = keymap.bindings('jump')

    def __init__(self, found: Mapping[str, widget.Widget]) -> None:
        """Lays the letters out.

        Args:
            found: What the letters go to.
        """
        super().__init__()
        self._found = found
        self._room = self.app.size
        self._left = False

    def compose(self) -> textual_app.ComposeResult:
        """Gives the letters, each where its place begins."""
        taken: set[tuple[int, int]] = set()
        for letter, place in self._found.items():
            x, y, *_ = place.region
            while (x, y) in taken:
                # What lies in another one may begin where that does.
                x += 4
            taken.add((x, y))
            tag = widgets.Static(f' {letter} ', markup=False, classes='tag')
            tag.styles.offset = (x, y)
            yield tag

    def on_key(self, event: events.Key) -> None:
        """Leaves, to the place of the letter if it is one."""
        event.stop()
        event.prevent_default()
        self._leave(self._found.get(event.key))

    def on_resize(self) -> None:
        """Leaves, since all places are elsewhere now."""
        if self.app.size != self._room:
            self._leave(None)

    def action_leave(self) -> None:
        """Leaves."""
        self._leave(None)

    def _leave(self, place: widget.Widget | None) -> None:
        if not self._left:
            self._left = True
            self.dismiss(place)
