"""What someone who is here for the first time has to know, on four cards."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import ClassVar
from typing import NamedTuple

from rich import table
from rich import text
from textual import app as textual_app
from textual import containers
from textual import screen
from textual import widgets

from sting.model import records
from sting.model import views
from tui import format as text_format
from tui import keymap

# By mode: what becomes of an order.
_RUNS: Mapping[records.Mode, str] = {
    records.Mode.DEMO: 'Prices are made up, and orders are filled on paper: '
    'nothing here reaches a broker.',
    records.Mode.PAPER: 'No order of it touches real money.',
    records.Mode.LIVE: 'Orders go to a real account.',
    records.Mode.REPLAY: 'What was is shown again.',
}
_ABOUT = ('next_pane', 'zoom', 'filter', 'why', 'command', 'palette', 'help')
_ORDER = ('buy', 'sell', 'next_field', 'send', 'cancel', 'modify')


class Card(NamedTuple):
    """One of the cards.

    Attributes:
        title: What it is about.
        lines: A key or a name, and what is to be said of it.
    """

    title: str
    lines: Sequence[tuple[str, str]]


def cards(
    snapshot: views.Snapshot,
    actions: Iterable[keymap.Action],
    places: Mapping[str, str],
) -> list[Card]:
    """Writes the cards.

    Args:
        snapshot: For what runs.
        actions: The key table, with the user's keys.
        places: Where files lie, by what is in them.

    Returns:
        What runs, how to get about, how to trade and stop, where things are.
    """
    known = {action.id: action for action in actions}

    def told(names: Iterable[str]) -> list[tuple[str, str]]:
        return [
            (keymap.keys_text(known[name]), known[name].help) for name in names
        ]

    stop = known['stop']
    return [
        Card('what runs', _running(snapshot)),
        Card(
            'how to get about',
            [
                ('1 to 8', 'Go to the panes; the number is in the title.'),
                *told(_ABOUT),
            ],
        ),
        Card(
            'an order, and the stop',
            [*told(_ORDER), (keymap.keys_text(stop), stop.help)],
        ),
        Card(
            'where things are',
            [
                *places.items(),
                ('sting', 'The same engine on the command line: sting --help.'),
                (':welcome', 'Shows these cards again.'),
            ],
        ),
    ]


def _running(snapshot: views.Snapshot) -> list[tuple[str, str]]:
    """Says what is open, and what it may touch."""
    lines = [
        (snapshot.mode.value.upper(), _RUNS.get(snapshot.mode, '')),
        ('profile', snapshot.profile),
    ]
    names = ', '.join(row.name for row in snapshot.strategies)
    if names:
        lines.append(
            ('beside you', f'{names}; pane 7 stops and starts a strategy.')
        )
    lines.append(
        (
            'first line',
            'Says at any time what this is, what you have, and whether '
            'trading goes on.',
        )
    )
    return lines


class Welcome(screen.ModalScreen[None]):
    """Shows the cards one by one; esc skips them."""

    BINDINGS: ClassVar = keymap.over('welcome')
    DEFAULT_CSS = """
    Welcome {
        align: center middle;
        #welcome {
            width: 72;
            max-width: 95%;
            height: auto;
            max-height: 95%;
            border: round $primary;
            background: $panel;
            padding: 1 2;
        }
        Static { height: auto; }
    }
    """

    def __init__(self, found: Sequence[Card]) -> None:
        """Makes the screen.

        Args:
            found: The cards, at least one.
        """
        super().__init__()
        self.key_scope = 'welcome'
        self._cards = found
        self._index = 0

    def compose(self) -> textual_app.ComposeResult:
        """Gives a box for one card at a time."""
        with containers.VerticalScroll(id='welcome'):
            yield widgets.Static(id='card', markup=False)

    def on_mount(self) -> None:
        """Shows the first card."""
        self._show()

    def action_turn(self, cards_on: int) -> None:
        """Shows another card; after the last one trading begins.

        Args:
            cards_on: 1 or -1.
        """
        index = self._index + cards_on
        if index >= len(self._cards):
            self.dismiss()
            return
        self._index = max(index, 0)
        self._show()

    def _show(self) -> None:
        card = self._cards[self._index]
        box = self.query_one('#welcome')
        box.border_title = f'welcome: {card.title}'
        app: Any = self.app
        keys = {
            action.id: keymap.shown(action.keys[0])
            for action in app.actions
            if action.scope == 'welcome' and action.keys
        }
        following = 'next'
        if self._index + 1 == len(self._cards):
            following = 'begins'
        box.border_subtitle = (
            f'{self._index + 1} of {len(self._cards)}  '
            f'{keys["next_card"]} {following}  {keys["skip_cards"]} skips'
        )
        self.query_one('#card', widgets.Static).update(_grid(card))


def _grid(card: Card) -> table.Table:
    """Draws a card."""
    grid = table.Table.grid(padding=(0, 2), expand=True)
    grid.add_column(no_wrap=True, style='bold')
    grid.add_column(ratio=1, overflow='fold')
    for name, said in card.lines:
        grid.add_row(
            text.Text(text_format.clean(name)),
            text.Text(text_format.clean(said)),
        )
    return grid
