"""F1: the keys, from the table, those that work here first."""

from collections.abc import Iterable
from typing import Any

from rich import table
from rich import text
from textual import app as textual_app
from textual import containers
from textual import screen
from textual import widgets

from tui import commands
from tui import keymap


class Help(screen.ModalScreen[None]):
    """Every key and every command; esc goes back."""

    BINDINGS = keymap.bindings('help')

    def __init__(self, scope: str) -> None:
        super().__init__()
        self._scope = scope

    def compose(self) -> textual_app.ComposeResult:
        """Gives the whole table in a box that scrolls."""
        with containers.VerticalScroll(classes='help') as box:
            box.border_title = 'help'
            box.border_subtitle = 'esc goes back'
            app: Any = self.app
            yield widgets.Static(keys_table(self._scope, app.actions))
            yield widgets.Static(commands_table())

    def on_mount(self) -> None:
        """Lets the arrows scroll at once."""
        self.query_one('.help').focus()


def order(scope: str) -> list[str]:
    """Gives every scope, those that hold in one first, inmost first."""
    here = keymap.around(scope)
    return here + [name for name in keymap.by_scope() if name not in here]


def _grid() -> table.Table:
    grid = table.Table.grid(padding=(0, 2), expand=True)
    grid.add_column(justify='right', no_wrap=True, style='bold')
    grid.add_column(ratio=1)
    return grid


def keys_table(
    scope: str, actions: Iterable[keymap.Action] = keymap.ACTIONS
) -> table.Table:
    """Draws the key table.

    Args:
        scope: Where the focus was; its keys come first.
        actions: The table, with the user's keys.

    Returns:
        A grid of keys and what they do, under a heading for each scope.
    """
    groups = keymap.by_scope(actions)
    grid = _grid()
    for name in order(scope):
        if name not in groups:
            continue
        grid.add_row('', '')
        grid.add_row('', text.Text(keymap.SCOPES[name][0], style='underline'))
        for action in groups[name]:
            grid.add_row(
                text.Text(keymap.keys_text(action)), text.Text(action.help)
            )
    return grid


def commands_table() -> table.Table:
    """Draws the commands of the command line."""
    grid = _grid()
    grid.add_row('', '')
    grid.add_row('', text.Text('Commands, after :', style='underline'))
    for name, word in commands.WORDS.items():
        grid.add_row(text.Text(name), text.Text(f'{word.help}  {word.usage}'))
    return grid
