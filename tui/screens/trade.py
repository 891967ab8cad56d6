"""F2: the eight panes."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

import textual
from textual import containers
from textual import content
from textual import geometry
from textual import style as textual_style
from textual import widget

from sting.model import orders
from sting.model import views
from sting.model import workstation as workstation_model
from tui import format as text_format
from tui import keymap
from tui import layout as layout_model
from tui import requests
from tui import sizing
from tui import ticket as ticket_model
from tui.panes import alerts
from tui.panes import chart
from tui.panes import events
from tui.panes import hintbar
from tui.panes import orders as orders_pane
from tui.panes import pane
from tui.panes import positions
from tui.panes import prompt
from tui.panes import strategies
from tui.panes import table
from tui.panes import ticket
from tui.panes import watchlist
from tui.screens import base

# So many names stand in one title only with one blank between them.
_MANY = 6

# What an area shows that holds several panes, until one of them is chosen.
_FIRST_SEEN = (
    'watchlist',
    'chart',
    'ticket',
    'orders',
    'positions',
    'events',
    'alerts',
    'strategies',
)


class Grid(containers.Container):
    """Holds the panes, and places them by the plan.

    Attributes:
        panes: The panes by name.
        recent: Their names in the order in which they had the focus.
        zoomed: The first of them has everything.
    """

    def __init__(self, panes: Mapping[str, pane.Pane]) -> None:
        super().__init__(*panes.values(), id='grid')
        self.panes = panes
        self.recent = sorted(panes, key=_FIRST_SEEN.index)
        self.zoomed = False
        self._plan_layout = layout_model.PlanLayout(self.plan)

    @property
    def layout(self) -> layout_model.PlanLayout:
        """Places the panes; Textual's styles only take its own layouts."""
        return self._plan_layout

    @property
    def columns(self) -> tuple[layout_model.Column, ...]:
        """The layout that fits the terminal."""
        size = self.app.size
        return layout_model.choose(size.width, size.height)

    def plan(self, size: geometry.Size) -> dict[str, geometry.Region]:
        """Gives the regions of the panes that are seen."""
        return layout_model.plan(
            self.columns, size.width, size.height, self.recent, self.zoomed
        )

    def apply(self) -> None:
        """Shows the panes that the plan has, and names all of them."""
        seen = self.plan(self.size)
        for name, found in self.panes.items():
            found.display = name in seen
        self.refresh(layout=True)
        self.name_panes()

    def to_front(self, name: str) -> bool:
        """Makes a pane the one that had the focus last.

        Returns:
            Whether other panes are seen now.
        """
        seen = set(self.plan(self.size))
        self.recent.remove(name)
        self.recent.insert(0, name)
        if set(self.plan(self.size)) == seen:
            return False
        self.apply()
        return True

    def on_resize(self) -> None:
        """Takes the layout for the new size."""
        self.apply()

    def name_panes(self) -> None:
        """Writes the titles: number, name, and what the pane says of itself."""
        columns = self.columns
        for name, found in self.panes.items():
            if not found.display:
                continue
            area = layout_model.area_of(columns, name)
            if self.zoomed or len(area.panes) == 1:
                found.border_title = self._title(found)
            else:
                found.border_title = self._tabs(area, name)
            note = found.note
            if self.zoomed:
                note = f'{note} zoomed, + goes back'.strip()
            found.border_subtitle = content.Content(text_format.clean(note))

    def _title(self, found: pane.Pane) -> content.Content:
        """Gives number, name and the pane's own keys, as far as they fit."""
        name = keymap.SCOPES[found.scope][0]
        bold = textual_style.Style(bold=True)
        title = content.Content.styled(f' {name} ', bold)
        room = self.size.width if self.zoomed else found.size.width
        for action in keymap.own_hints(found.scope, found.actions):
            key = keymap.shown(action.keys[0])
            if len(title.plain) + len(key) + len(action.label) + 4 > room:
                break
            title += content.Content.styled(f' {key}', bold)
            title += content.Content(f' {action.label} ')
        return title

    def _tabs(self, area: layout_model.Area, shown: str) -> content.Content:
        title = content.Content(' ')
        blanks = '  ' if len(area.panes) < _MANY else ' '
        for name in area.panes:
            found = self.panes[name]
            style = textual_style.Style(
                bold=name == shown, reverse=name == shown
            )
            text = f'{found.number} {found.short}{found.flag}'
            title += content.Content.styled(text, style) + blanks
        return title


class TradeScreen(base.BaseScreen):
    """Watchlist, chart, ticket, orders, positions, alerts, strategies, events.

    Attributes:
        symbol: The instrument that the chart and the ticket take.
    """

    scope = 'trade'
    BINDINGS = keymap.bindings('trade')
    AUTO_FOCUS = None

    def __init__(
        self,
        workstation: workstation_model.Workstation,
        terms: sizing.Terms | None = None,
    ) -> None:
        super().__init__()
        self._workstation = workstation
        self.symbol = ''
        self.watchlist = watchlist.Watchlist()
        self.chart = chart.Chart(workstation)
        self.ticket = ticket.Ticket(workstation, terms or sizing.Terms())
        found: tuple[pane.Pane, ...] = (
            self.watchlist,
            self.chart,
            self.ticket,
            orders_pane.Orders(),
            positions.Positions(),
            alerts.Alerts(),
            strategies.Strategies(),
            events.Events(),
        )
        self.grid = Grid({each.scope: each for each in found})
        self._before_ticket = 'watchlist'

    def body(self) -> Iterator[widget.Widget]:
        """Gives the panes and the command line."""
        yield self.grid
        yield prompt.Prompt()

    def on_mount(self) -> None:
        """Starts in the watchlist, with the picture that there is."""
        self.query_one(prompt.Prompt).display = False
        self.watchlist.focus()
        self.show(self._workstation.snapshot())

    def show(self, snapshot: views.Snapshot) -> None:
        """Gives the newest picture to the panes that are seen."""
        super().show(snapshot)
        if not self.symbol and snapshot.watch:
            self.select(snapshot.watch[0].symbol)
        for found in self.grid.panes.values():
            found.show(snapshot)

    def repaint(self) -> None:
        """Takes the colours of a new theme."""
        super().repaint()
        for found in self.grid.panes.values():
            found.repaint()
        self.show_hints()

    # Where the focus is.

    def pane_of(self, focused: widget.Widget | None) -> pane.Pane | None:
        """Gives the pane that holds a widget."""
        if focused is None:
            return None
        return next(
            (
                node
                for node in focused.ancestors_with_self
                if isinstance(node, pane.Pane)
            ),
            None,
        )

    @property
    def focused_pane(self) -> pane.Pane | None:
        """The pane that has the keys."""
        return self.pane_of(self.focused)

    @property
    def key_scope(self) -> str:
        """The scope of the pane that has the keys."""
        found = self.focused_pane
        return self.scope if found is None else found.key_scope

    def on_descendant_focus(self) -> None:
        """Lets layout and hints follow the focus."""
        found = self.focused_pane
        if found is not None:
            self.grid.to_front(found.scope)
        self.show_hints()

    def go_to(self, name: str) -> None:
        """Moves the focus to a pane, and shows it where it was behind others.

        Args:
            name: The pane's name, as in the key table.
        """
        found = self.grid.panes[name]
        self.grid.to_front(name)
        if self.grid.zoomed:
            self.grid.apply()
        found.target.focus()

    def jump(self, name: str, key: object) -> None:
        """Goes to a row of a pane.

        Args:
            name: The pane's name.
            key: What the row is found by.
        """
        self.go_to(name)
        found = self.grid.panes[name]
        if isinstance(found, table.Table):
            found.move_to_key(key)

    # Symbols.

    def select(self, symbol: str) -> None:
        """Takes a symbol for the chart and the ticket."""
        self.symbol = symbol
        self.chart.select(symbol)
        self.ticket.symbol_selected(symbol)

    def step_symbol(self, lines: int) -> None:
        """Takes another symbol of the watchlist."""
        self.watchlist.step(lines)

    # The ticket.

    def open_ticket(self, side: str) -> None:
        """Starts an order for the selected symbol."""
        self._remember()
        self.go_to('ticket')
        self.ticket.open(side, self.symbol)

    def modify(self, order: orders.Order) -> None:
        """Starts to change a working order."""
        self._remember()
        self.go_to('ticket')
        self.ticket.modify(order)

    def review(self, draft: ticket_model.Draft) -> None:
        """Shows an order in the ticket's review line."""
        self._remember()
        self.go_to('ticket')
        self.ticket.review(draft)

    def _remember(self) -> None:
        found = self.focused_pane
        if found is not None and found is not self.ticket:
            self._before_ticket = found.scope

    @textual.on(requests.Renamed)
    def _renamed(self) -> None:
        if self.is_attached:
            self.grid.name_panes()
            self.show_hints()

    @textual.on(requests.TicketDone)
    def _ticket_done(self) -> None:
        if self.focused_pane in (self.ticket, None):
            self.leave_ticket()

    def leave_ticket(self) -> None:
        """Goes back to the pane from which the ticket was opened."""
        self.go_to(self._before_ticket)

    # The line for commands and filters.

    def open_prompt(
        self,
        kind: str,
        text: str,
        words: Sequence[str],
        before: Sequence[str] = (),
    ) -> None:
        """Opens the line over the hint bar."""
        self.query_one(hintbar.HintBar).display = False
        self.query_one(prompt.Prompt).open(kind, text, words, before)

    def close_prompt(self) -> None:
        """Closes the line; the pane that had the focus gets it back."""
        self.query_one(prompt.Prompt).close()
        self.query_one(hintbar.HintBar).display = True
        self.go_to(self.grid.recent[0])

    @property
    def current_list(self) -> table.Table[object] | None:
        """The list that had the focus last, if it was a list."""
        found = self.grid.panes[self.grid.recent[0]]
        return found if isinstance(found, table.Table) else None

    # Actions of the key table.

    def action_focus_pane(self, name: str) -> None:
        """Goes to a pane."""
        self.go_to(name)

    def action_next_pane(self, steps: int) -> None:
        """Goes to the next pane by number, or to the next field."""
        found = self.focused_pane
        if found is self.ticket and self.ticket.step(steps):
            return
        names = list(self.grid.panes)
        index = names.index(self.grid.recent[0]) + steps
        self.go_to(names[index % len(names)])

    def action_focus_beside(self, direction: str) -> None:
        """Goes to the pane at the left or the right."""
        here = self.grid.recent[0]
        name = layout_model.beside(
            self.grid.plan(self.grid.size), here, direction
        )
        if name is not None:
            self.go_to(name)
        elif len(self.grid.plan(self.grid.size)) == 1:
            self.action_next_pane(1 if direction == 'right' else -1)

    def action_zoom(self) -> None:
        """Gives the pane the whole screen, or takes it back."""
        self.grid.zoomed = not self.grid.zoomed
        self.grid.apply()

    def action_open_ticket(self, side: str) -> None:
        """Starts an order for the selected symbol."""
        self.open_ticket(side)

    def action_back(self) -> None:
        """Goes back one step: prompt, review, ticket, filter, zoom."""
        line = self.query_one(prompt.Prompt)
        found = self.focused_pane
        filtered = self.current_list
        if line.display:
            if line.kind == '/' and filtered is not None:
                filtered.set_filter('')
            self.close_prompt()
        elif found is self.ticket:
            if not self.ticket.back():
                self.leave_ticket()
        elif filtered is not None and filtered.filter_text:
            filtered.set_filter('')
        elif found is self.chart and self.chart.drop_cross():
            pass
        elif self.grid.zoomed:
            self.action_zoom()
