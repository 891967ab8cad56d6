"""Pane 3: the form that makes an order."""

import asyncio
import dataclasses
import functools

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
from tui import sizing
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
    'trail': 'trail',
    'time_in_force': 'time',
    'expires': 'until',
    'stop_loss': 'stop loss',
    'take_profit': 'target',
    'hours': 'hours',
}
# What stands in a field that was not filled in.
_EMPTY = {
    'symbol': 'symbol',
    'quantity': 'how many',
    'price': 'price or near',
    'stop_price': 'trigger',
    'trail': '1.5 or 2%',
    'expires': '2026-12-01',
    'stop_loss': 'none',
    'take_profit': 'none',
}
# Said of a field that is empty.
_HOW = {
    'quantity': '5000$ 10% 1%r',
    'price': 'or near-0.1%',
    'stop_price': 'or last+1%',
    'stop_loss': 'price or 2%',
    'take_profit': 'price or 4%',
}
_PRICES = ('price', 'stop_price', 'trail', 'stop_loss', 'take_profit')
# As prices move, the order in the ticket is held against the rules again.
AGAIN_S = 1.0
_CHOICES = {
    'side': ticket.SIDES,
    'type': ticket.TYPES,
    'time_in_force': ticket.TIMES,
    'hours': ticket.HOURS,
}
# Fields that are only seen where they count.
_CONDITIONAL = frozenset(
    {'price', 'stop_price', 'trail', 'expires', *ticket.OPTIONAL}
)


class Ticket(pane.Pane, containers.Vertical):
    """Fields, then a review line, and only there a y that sends.

    Attributes:
        draft: What is filled in.
    """

    number = 3
    scope = 'ticket'
    short = 'ticket'
    BINDINGS = keymap.bindings('ticket')

    def __init__(
        self, station: workstation.Workstation, terms: sizing.Terms
    ) -> None:
        """Makes the form.

        Args:
            station: Asked what risk would say.
            terms: Presets and lots.
        """
        super().__init__()
        self._station = station
        self._terms = terms
        self._preset = ''
        self._order_id = ''
        self._snapshot: views.Snapshot | None = None
        self._reviewed: ticket.Draft | None = None
        self._last_field = 'symbol'

    def compose(self) -> textual_app.ComposeResult:
        """Gives a line for each field, the review and the answer."""
        for name in ticket.FIELDS:
            with containers.Horizontal(id=f'row-{name}', classes='field'):
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
        for name in ticket.FIELDS:
            self._field(name).remove_class('wrong')
            self._label(name).remove_class('wrong')
        self._say('', ok=True)
        self._say_sizes()
        self._preset = ''
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
        if self.has_focus_within or self._order_id:
            return
        draft = self.draft
        if symbol == draft.symbol.strip().upper():
            return
        # Prices and amounts of one symbol are none of another's.
        kept = {
            name: '' if _is_of_one(text := getattr(draft, name)) else text
            for name in _PRICES
        }
        moved = dataclasses.replace(draft, symbol=symbol)
        priceless = dataclasses.replace(moved, **kept)
        if priceless == moved:
            self._field('symbol').value = symbol
        else:
            self.fill(priceless)

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
        self._say_sizes()

    def _say_sizes(self) -> None:
        """Says what quantity and exits come to that are no plain numbers."""
        if self._snapshot is None:
            return
        draft = self.draft
        found, wrong = self._resolved(draft)
        for name, how in _HOW.items():
            if self._label(name).has_class('wrong'):
                continue
            text = getattr(draft, name).strip()
            said = how
            if text and name in wrong:
                said = wrong[name]
            elif text:
                amount = getattr(found, name).strip()
                said = _sum(found, name) if amount not in ('', text) else ''
            self._say_of(name, said)

    def _resolved(
        self, draft: ticket.Draft
    ) -> tuple[ticket.Draft, dict[str, str]]:
        if self._snapshot is None:
            return draft, ticket.problems(draft)
        return sizing.resolve(draft, self._snapshot, self._terms.lots)

    # Fields that count, and what is wrong with them.

    def _use_fields(self) -> None:
        used = ticket.fields(self.draft)
        for name in ticket.FIELDS:
            field = self._field(name)
            field.disabled = name not in used
            row = self.query_one(f'#row-{name}')
            row.display = name in used or name not in _CONDITIONAL
            if isinstance(field, fields.Entry):
                empty = _EMPTY[name] if name in used else '-'
                field.placeholder = empty

    def _label(self, name: str) -> widgets.Label:
        return self.query_one(f'#said-{name}', widgets.Label)

    def _say_of(self, name: str, text: str) -> None:
        label = self._label(name)
        if str(label.content) != text:
            # Its room is what the field leaves: to lay out the whole screen
            # again with every price was most of what the terminal computed.
            label.update(text, layout=False)

    def _judge(self, name: str) -> bool:
        """Says what is wrong with a field; gives whether it is right."""
        draft = self.draft
        text = ticket.problem(draft, name)
        if not text:
            text = self._resolved(draft)[1].get(name, '')
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
        self._say_sizes()
        self._weigh()

    @textual.on(fields.Entry.Changed)
    def _entry_changed(self, event: fields.Entry.Changed) -> None:
        name = (event.input.id or '').removeprefix('field-')
        if event.input.has_class('wrong'):
            self._judge(name)
        self._say_sizes()
        self._weigh()

    # What risk says of it.

    def _weigh(self) -> None:
        """Asks the engine what risk would say, once all is filled in.

        In the review of what would be sent, whatever prices do meanwhile.
        """
        if self._reviewed is not None:
            self._ask(ticket.to_command(self._reviewed))
            return
        draft, wrong = self._resolved(self.draft)
        if wrong:
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
        """Goes to the next field that is needed, or to the review."""
        self._go_on(ticket.OPTIONAL)

    def action_field_below(self) -> None:
        """Goes to the next field, after the last one to the review."""
        self._go_on(frozenset())

    def _go_on(self, passed_over: frozenset[str]) -> None:
        name = self._focused_field()
        if not name:
            return
        if not self._judge(name):
            return
        draft = self.draft
        used = ticket.fields(draft)
        wrong = self._resolved(draft)[1]
        after = [
            each
            for each in used[used.index(name) + 1 :]
            if each not in passed_over or each in wrong
        ]
        if after:
            self._field(after[0]).focus()
        else:
            self._review()

    def action_previous_field(self) -> None:
        """Goes to the field before."""
        used = ticket.fields(self.draft)
        name = self._focused_field()
        if not name:
            self._field(self._last_needed).focus()
            return
        index = used.index(name)
        if index:
            self._field(used[index - 1]).focus()

    @property
    def _last_needed(self) -> str:
        """The last field that may not be passed over."""
        used = ticket.fields(self.draft)
        return [name for name in used if name not in ticket.OPTIONAL][-1]

    def action_preset(self) -> None:
        """Takes the next preset."""
        names = [*self._terms.presets]
        if self._order_id:
            self.notify('a change of an order takes no preset')
        elif not names:
            self.notify('no presets; sting.yaml holds them under presets:')
        else:
            index = names.index(self._preset) if self._preset in names else -1
            self.take_preset(names[(index + 1) % len(names)])

    @property
    def presets(self) -> tuple[str, ...]:
        """The names of the presets."""
        return (*self._terms.presets,)

    def take_preset(self, name: str) -> None:
        """Takes a preset by its name, over what is filled in.

        Args:
            name: One of the presets.
        """
        preset = self._terms.presets[name]
        self.fill(sizing.take(self.draft, preset))
        self._preset = name
        self.set_note(f'preset {name}')
        self._field('quantity').focus()

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
        asked = draft.quantity
        # What is read is what is sent, whatever prices do meanwhile.
        draft, _ = self._resolved(draft)
        if draft.quantity == asked.strip():
            asked = ''
        self._reviewed = draft
        self._say('', ok=True)
        text = ticket.review(draft, self._snapshot, asked)
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
        self._field(self._last_needed).focus()
        self._end_review()
        return True

    def recall(self) -> None:
        """Ends a review: trading was halted since it was read."""
        if self._reviewed is None:
            return
        if self._has_keys:
            self._field(self._last_needed).focus()
        self._end_review()
        self._say('trading was halted; review it again', ok=False)

    @textual.on(fields.Review.Sent)
    def _send(self) -> None:
        draft = self._reviewed
        if draft is None:
            return
        self._end_review()
        self._say('sent; waiting for the answer', ok=True)
        answered = functools.partial(self._answered, self.draft)
        self.post_message(
            requests.Give(ticket.to_command(draft), answered=answered)
        )

    @property
    def _has_keys(self) -> bool:
        """Whether the keys go here, or to nobody, as after a review."""
        focused = self.screen.focused
        return focused is None or self in focused.ancestors_with_self

    def _answered(
        self, sent: ticket.Draft, result: commands.CommandResult
    ) -> None:
        """Shows the answer; after a yes the ticket is ready for another.

        An answer may be late: it takes nothing away of another order that is
        filled in by now, nor the keys from another pane.
        """
        if self.draft != sent:
            return
        if result.ok:
            self.fill(ticket.Draft(symbol=sent.symbol))
        elif self._has_keys:
            self._field('quantity').focus()
        self._say(text_format.clean(result.message), ok=result.ok)
        if result.ok:
            self.post_message(requests.TicketDone())

    def _say(self, text: str, *, ok: bool) -> None:
        label = self.query_one('#answer', widgets.Label)
        label.set_class(not ok, 'wrong')
        mark = '' if not text else '✓ ' if ok else '✗ '
        if str(label.content) != mark + text:
            label.update(content.Content(mark + text))


def _is_of_one(text: str) -> bool:
    """Whether a price says nothing of another symbol: 99.50, bid-0.05."""
    return '%' not in text and any(map(str.isdigit, text))


def _sum(draft: ticket.Draft, name: str) -> str:
    """Says what a field comes to."""
    value = ticket.number(getattr(draft, name))
    if name == 'quantity':
        return f'= {text_format.quantity(value)}'
    return f'= {text_format.price(value)}'
