"""Pane 3: the form that makes an order."""

import asyncio

import textual
from textual import app as textual_app
from textual import containers
from textual import content
from textual import widget
from textual import widgets

from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.model import views
from sting.model import workstation
from tui import format as text_format
from tui import keymap
from tui import requests
from tui import ticket
from tui.panes import fields
from tui.panes import figures
from tui.panes import pane

_LABELS = {
    'side': 'side',
    'symbol': 'symbol',
    'quantity': 'quantity',
    'type': 'type',
    'price': 'limit',
    'stop_price': 'stop',
    'time_in_force': 'time',
}
# What stands in a field that was not filled in.
_EMPTY = {
    'symbol': 'symbol',
    'quantity': 'how many',
    'price': 'price',
    'stop_price': 'trigger',
}
# As prices move, the order in the ticket is held against the rules again.
AGAIN_S = 1.0
_CHOICES = {
    'side': ticket.SIDES,
    'type': ticket.TYPES,
    'time_in_force': ticket.TIMES,
}


class Ticket(pane.Pane, containers.Vertical):
    """Fields, then a review line, and only there a y that sends.

    Attributes:
        draft: What is filled in.
    """

    number = 3
    scope = 'ticket'
    short = 'ticket'
    BINDINGS = keymap.bindings('ticket')

    def __init__(self, station: workstation.Workstation) -> None:
        """Makes the form.

        Args:
            station: Asked what risk would say.
        """
        super().__init__()
        self._station = station
        self._order_id = ''
        self._snapshot: views.Snapshot | None = None
        self._reviewed: ticket.Draft | None = None
        self._last_field = 'symbol'

    def compose(self) -> textual_app.ComposeResult:
        """Gives a line for each field, the review and the answer."""
        for name in ticket.FIELDS:
            with containers.Horizontal(classes='field'):
                yield widgets.Label(_LABELS[name], classes='name')
                if name in _CHOICES:
                    yield fields.Choice(_CHOICES[name], name)
                else:
                    yield fields.Entry(name)
                yield widgets.Label(
                    '', id=f'said-{name}', classes='said', markup=False
                )
        yield fields.Review()
        yield widgets.Label('', id='answer', markup=False)
        yield figures.Figures()

    def on_mount(self) -> None:
        """Shows which fields count, and what risk says as prices move."""
        self._use_fields()
        self.set_interval(AGAIN_S, self._weigh)

    # What is filled in.

    def _field(self, name: str) -> fields.Choice | fields.Entry:
        found = self.query_one(f'#field-{name}')
        assert isinstance(found, (fields.Choice, fields.Entry))  # noqa: S101
        return found

    @property
    def draft(self) -> ticket.Draft:
        """What is filled in."""
        values = {name: self._field(name).value for name in ticket.FIELDS}
        return ticket.Draft(**values, order_id=self._order_id)

    def fill(self, draft: ticket.Draft) -> None:
        """Fills in every field."""
        self._order_id = draft.order_id
        for name in ticket.FIELDS:
            field = self._field(name)
            if isinstance(field, fields.Choice):
                field.set(getattr(draft, name))
            else:
                field.value = getattr(draft, name)
        self._end_review()
        self._use_fields()
        self._say('', ok=True)
        self.set_note('modify' if draft.order_id else '')

    def open(self, side: str, symbol: str) -> None:
        """Starts an order.

        Args:
            side: One of ticket.SIDES.
            symbol: The instrument; empty asks for it first.
        """
        self.fill(ticket.Draft(side=side, symbol=symbol))
        self._field('quantity' if symbol else 'symbol').focus()

    def modify(self, order: orders.Order) -> None:
        """Starts to change a working order."""
        self.fill(ticket.from_order(order))
        self._field('quantity').focus()

    def review(self, draft: ticket.Draft) -> None:
        """Fills in everything and goes to the review, as from a command."""
        self.fill(draft)
        self._review()

    def symbol_selected(self, symbol: str) -> None:
        """Takes the symbol of the watchlist while nothing is being typed."""
        if not self.has_focus_within and not self._order_id:
            field = self._field('symbol')
            field.value = symbol

    def show(self, snapshot: views.Snapshot) -> None:
        """Keeps the newest picture for the review, and the last price."""
        self._snapshot = snapshot
        draft_symbol = self._field('symbol').value.strip().upper()
        row = next(
            (r for r in snapshot.watch if r.symbol == draft_symbol), None
        )
        if row is None:
            text = ticket.unknown(self.draft, snapshot)
        elif row.last is None:
            text = 'no price yet'
        else:
            text = f'last {text_format.price(row.last)}'
        self._say_of('symbol', text)

    # Fields that count, and what is wrong with them.

    def _use_fields(self) -> None:
        used = ticket.fields(self.draft)
        for name in ticket.FIELDS:
            field = self._field(name)
            field.disabled = name not in used
            if isinstance(field, fields.Entry):
                empty = _EMPTY[name] if name in used else '-'
                field.placeholder = empty

    def _label(self, name: str) -> widgets.Label:
        return self.query_one(f'#said-{name}', widgets.Label)

    def _say_of(self, name: str, text: str) -> None:
        label = self._label(name)
        if str(label.content) != text:
            label.update(text)

    def _judge(self, name: str) -> bool:
        """Says what is wrong with a field; gives whether it is right."""
        text = ticket.problem(self.draft, name)
        if name == 'symbol' and not text and self._snapshot is not None:
            text = ticket.unknown(self.draft, self._snapshot)
        if name != 'symbol' or text:
            self._say_of(name, text)
        self._field(name).set_class(bool(text), 'wrong')
        self._label(name).set_class(bool(text), 'wrong')
        return not text

    @textual.on(fields.Choice.Changed)
    def _choice_changed(self) -> None:
        self._use_fields()
        self._weigh()

    @textual.on(fields.Entry.Changed)
    def _entry_changed(self, event: fields.Entry.Changed) -> None:
        name = (event.input.id or '').removeprefix('field-')
        if event.input.has_class('wrong'):
            self._judge(name)
        self._weigh()

    # What risk says of it.

    def _weigh(self) -> None:
        """Asks the engine what risk would say, once all is filled in."""
        draft = self.draft
        if ticket.problems(draft):
            self.query_one(figures.Figures).clear()
            return
        self._ask(ticket.to_command(draft))

    @textual.work(group='judge', exclusive=True)
    async def _ask(
        self, command: commands.SubmitOrder | commands.ReplaceOrder
    ) -> None:
        shown = self.query_one(figures.Figures)
        try:
            found = await asyncio.wrap_future(self._station.judge(command))
        except errors.StingError as error:
            shown.refuse(str(error))
        else:
            shown.show(found)

    # From field to field.

    @property
    def target(self) -> widget.Widget:
        """The field that was left last."""
        used = ticket.fields(self.draft)
        name = self._last_field if self._last_field in used else used[0]
        return self._field(name)

    @property
    def key_scope(self) -> str:
        """The review line has a key of its own."""
        return 'review' if self._reviewed is not None else 'ticket'

    def on_descendant_focus(self) -> None:
        """Remembers the field that has the focus."""
        name = self._focused_field()
        if name:
            self._last_field = name

    def _focused_field(self) -> str:
        focused = self.screen.focused
        if focused is None or focused.id is None:
            return ''
        name = focused.id.removeprefix('field-')
        return name if name in ticket.FIELDS else ''

    @textual.on(fields.Entry.Submitted)
    def _entry_submitted(self) -> None:
        self.action_next_field()

    def action_next_field(self) -> None:
        """Goes to the next field, after the last one to the review."""
        name = self._focused_field()
        if not name:
            return
        if not self._judge(name):
            return
        used = ticket.fields(self.draft)
        after = used[used.index(name) + 1 :]
        if after:
            self._field(after[0]).focus()
        else:
            self._review()

    def action_previous_field(self) -> None:
        """Goes to the field before."""
        used = ticket.fields(self.draft)
        name = self._focused_field()
        if not name:
            self._field(used[-1]).focus()
            return
        index = used.index(name)
        if index:
            self._field(used[index - 1]).focus()

    def step(self, fields_on: int) -> bool:
        """Moves the focus within the ticket, as tab does.

        Args:
            fields_on: 1 or -1.

        Returns:
            Whether there was a field that way.
        """
        used = ticket.fields(self.draft)
        name = self._focused_field()
        if not name:
            return False
        index = used.index(name) + fields_on
        if not 0 <= index < len(used):
            return False
        self._field(used[index]).focus()
        return True

    # The review.

    def _review(self) -> None:
        draft = self.draft
        wrong = [name for name in ticket.fields(draft) if not self._judge(name)]
        if wrong:
            self._field(wrong[0]).focus()
            return
        if self._snapshot is None:
            return
        self._reviewed = draft
        self._say('', ok=True)
        text = ticket.review(draft, self._snapshot)
        urgent = self._snapshot.mode is records.Mode.LIVE
        self.query_one(fields.Review).open(text, urgent=urgent)
        self.post_message(requests.Renamed())

    def _end_review(self) -> None:
        self._reviewed = None
        self.query_one(fields.Review).close()
        self.post_message(requests.Renamed())

    @textual.on(fields.Review.Left)
    def _review_left(self) -> None:
        self._end_review()

    def back(self) -> bool:
        """Goes back from the review to the fields, or ends a change.

        Returns:
            Whether there was something to go back from.
        """
        if self._reviewed is None:
            if self._order_id:
                self.fill(ticket.Draft())
            return False
        self._field(ticket.fields(self.draft)[-1]).focus()
        self._end_review()
        return True

    @textual.on(fields.Review.Sent)
    def _send(self) -> None:
        draft = self._reviewed
        if draft is None:
            return
        self._end_review()
        self._say('sent; waiting for the answer', ok=True)
        self.post_message(
            requests.Give(ticket.to_command(draft), answered=self._answered)
        )

    def _answered(self, result: commands.CommandResult) -> None:
        """Shows the answer; after a yes the ticket is ready for another."""
        if result.ok:
            self.fill(ticket.Draft(symbol=self._field('symbol').value))
        else:
            self._field('quantity').focus()
        self._say(text_format.clean(result.message), ok=result.ok)
        if result.ok:
            self.post_message(requests.TicketDone())

    def _say(self, text: str, *, ok: bool) -> None:
        label = self.query_one('#answer', widgets.Label)
        label.set_class(not ok, 'wrong')
        mark = '' if not text else '✓ ' if ok else '✗ '
        label.update(content.Content(mark + text))
