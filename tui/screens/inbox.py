"""The inbox: in what the broker's book and ours differ, to be settled."""

from typing import ClassVar

from rich import text
from textual import app as textual_app
from textual import containers
from textual import screen
from textual import widgets
from textual.widgets import option_list

from sting.model import commands
from sting.model import records
from sting.model import views
from sting.model import workstation
from tui import format as text_format
from tui import keymap
from tui import requests
from tui.screens import dialogs

REFRESH_S = 0.5
EMPTY = 'both books agree'

_K, _H = records.DifferenceKind, commands.How
_HELP = 'a accept  o adopt  x flatten  esc closes'


def line(row: records.Difference) -> text.Text:
    """Writes a difference."""
    said = text.Text(text_format.clean(row.id), style='bold')
    said.append(f'  {text_format.clean(row.text)}', style='not bold')
    if row.accepted:
        said.append('  (accepted)', style='not bold dim')
    return said


def question(row: records.Difference, how: commands.How) -> str:
    """Asks what is about to be done, so that a yes can be meant."""
    text_of = text_format.clean(row.text)
    if how is _H.ADOPT:
        return f'Make it ours? {text_of}'
    if how is _H.FLATTEN:
        done = 'Close it at market' if row.kind is _K.POSITION else 'Cancel it'
        return f'{done}? {text_of}'
    if row.kind is _K.ORDER:
        return f'Leave it as it is? {text_of}'
    if row.kind is _K.MISSING:
        return f'Count it as cancelled? {text_of}'
    return f"Book what the broker's book says? {text_of}"


def dialog(
    picture: views.Snapshot,
    row: records.Difference,
    command: commands.Settle,
) -> tuple[screen.ModalScreen[bool], commands.Settle]:
    """Gives what asks before something is settled.

    Closing a position wants a typed word, and all of it in LIVE the account.

    Args:
        picture: The engine.
        row: What is to be settled.
        command: How.

    Returns:
        The dialog, and the command for a yes.
    """
    asked = question(row, command.how)
    if command.how is _H.FLATTEN and row.kind is _K.POSITION:
        word = commands.FLATTEN_WORD
        sure = commands.Settle(
            id=command.id,
            how=command.how,
            strategy=command.strategy,
            confirm=word,
        )
        return dialogs.TypeWord(asked, word), sure
    if picture.mode is records.Mode.LIVE and picture.account:
        return dialogs.TypeWord(asked, picture.account), command
    account = picture.account or picture.profile
    stake = f'{picture.mode.value.upper()}, account {account}'
    return dialogs.Ask(asked, text_format.clean(stake)), command


class InboxScreen(screen.ModalScreen[None]):
    """Shows what differs, and follows it while it is open."""

    BINDINGS: ClassVar = keymap.bindings('inbox')
    DEFAULT_CSS = """
    InboxScreen {
        align: center middle;
        #inbox {
            width: 95%;
            max-width: 120;
            height: auto;
            max-height: 80%;
            border: round $primary;
            background: $panel;
            padding: 0 1;
        }
        OptionList {
            height: auto;
            max-height: 16;
            border: none;
            background: $panel;
            padding: 0;
            &:focus { border: none; }
        }
        Static { height: auto; }
    }
    """

    def __init__(self, station: workstation.Workstation) -> None:
        """Makes the screen.

        Args:
            station: The engine, for its pictures.
        """
        super().__init__()
        self.key_scope = 'inbox'
        self._station = station
        self._rows: tuple[records.Difference, ...] | None = None

    def compose(self) -> textual_app.ComposeResult:
        """Gives a list that is filled at once and then again and again."""
        with containers.Vertical(id='inbox') as box:
            box.border_title = 'inbox'
            box.border_subtitle = _HELP
            yield widgets.Static(EMPTY, id='empty', markup=False)
            yield widgets.OptionList(id='differences', markup=False)

    def on_mount(self) -> None:
        """Shows the differences from now on."""
        self.show()
        self.query_one(widgets.OptionList).focus()
        self.set_interval(REFRESH_S, self.show)

    def show(self) -> None:
        """Writes the newest picture, with the cursor where it was."""
        rows = self._station.snapshot().inbox
        if rows == self._rows:
            return
        here = self._current
        self._rows = rows
        found = self.query_one(widgets.OptionList)
        found.clear_options()
        found.add_options(
            [option_list.Option(line(row), id=row.id) for row in rows]
        )
        names = [row.id for row in rows]
        if names:
            kept = here is not None and here.id in names
            found.highlighted = names.index(here.id) if kept and here else 0
        found.display = bool(rows)
        self.query_one('#empty').display = not rows

    @property
    def _current(self) -> records.Difference | None:
        """The difference under the cursor."""
        place = self.query_one(widgets.OptionList).highlighted
        if place is None or not self._rows or place >= len(self._rows):
            return None
        return self._rows[place]

    def action_accept(self) -> None:
        """Has our book take what the broker's says."""
        self._settle(_H.ACCEPT)

    def action_adopt(self) -> None:
        """Makes ours what was done elsewhere."""
        self._settle(_H.ADOPT)

    def action_flatten(self) -> None:
        """Cancels an order there, or closes a position."""
        self._settle(_H.FLATTEN)

    def _settle(self, how: commands.How) -> None:
        row = self._current
        if row is None:
            return
        asking, command = dialog(
            self._station.snapshot(), row, commands.Settle(id=row.id, how=how)
        )

        def then(yes: bool | None) -> None:
            if yes:
                self.post_message(requests.Give(command))

        self.app.push_screen(asking, then)
