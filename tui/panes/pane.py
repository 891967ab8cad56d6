"""What every pane of the trade screen has."""

from typing import Any
from typing import ClassVar

from textual import widget

from sting.model import views
from tui import keymap
from tui import requests
from tui import themes


class Pane(widget.Widget):
    """A numbered part of the trade screen.

    Attributes:
        number: The key that goes to it.
        scope: Its name, and its scope in the key table.
        short: Its name where there is little room.
        note: What its frame says of its content.
        flag: What its name says where it shares an area, when it is not seen.
    """

    number: ClassVar[int]
    scope: ClassVar[str]
    short: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(id=self.scope)
        self.note = ''
        self.flag = ''

    def show(self, snapshot: views.Snapshot) -> None:
        """Takes the newest picture of the engine; paints what changed."""

    def repaint(self) -> None:
        """Paints everything again, as after a change of theme."""
        self.refresh()

    def set_note(self, note: str, flag: str = '') -> None:
        """Changes what the frame says, and the flag at the name."""
        if (note, flag) != (self.note, self.flag):
            self.note, self.flag = note, flag
            self.post_message(requests.Renamed())

    @property
    def target(self) -> widget.Widget:
        """The widget that takes the focus for this pane."""
        return self

    @property
    def key_scope(self) -> str:
        """The scope of the key table that holds now."""
        return self.scope

    @property
    def actions(self) -> tuple[keymap.Action, ...]:
        """The table of actions, with the user's keys."""
        app: Any = self.app
        actions: tuple[keymap.Action, ...] = app.actions
        return actions

    @property
    def palette(self) -> themes.Palette:
        """The styles of the theme."""
        app: Any = self.app
        palette: themes.Palette = app.palette
        return palette
