"""What every full screen has: the status bar, the banner, the hint bar."""

from collections.abc import Iterator

from textual import app as textual_app
from textual import screen
from textual import widget

from sting.model import views
from tui.panes import hintbar
from tui.panes import line
from tui.panes import statusbar


class BaseScreen(screen.Screen[None]):
    """A screen between the status bar and the hint bar.

    Attributes:
        scope: Its scope in the key table.
        composed: Its parts are there.
    """

    scope = 'app'
    composed = False

    def on_mount(self) -> None:
        """Its parts are there from now on."""
        self.composed = True

    def on_unmount(self) -> None:
        """Its parts are gone."""
        self.composed = False

    def compose(self) -> textual_app.ComposeResult:
        """Gives the status bar, what `body` gives, and the hint bar."""
        yield statusbar.StatusBar()
        yield statusbar.Banner()
        yield from self.body()
        yield hintbar.HintBar()

    def body(self) -> Iterator[widget.Widget]:
        """Gives what lies between the bars."""
        yield from ()

    def show(self, snapshot: views.Snapshot) -> None:
        """Takes the newest picture of the engine."""
        self.query_one(statusbar.StatusBar).show(snapshot)
        self.query_one(statusbar.Banner).show(snapshot)

    def repaint(self) -> None:
        """Takes the colours of a new theme."""
        for found in self.query(line.Line):
            found.repaint()

    @property
    def key_scope(self) -> str:
        """The scope of the key table that holds where the focus is."""
        return self.scope

    def show_hints(self) -> None:
        """Lets the hint bar follow the focus."""
        self.query_one(hintbar.HintBar).show_scope(self.key_scope)

    def on_screen_resume(self) -> None:
        """Shows the keys that work here."""
        self.show_hints()
