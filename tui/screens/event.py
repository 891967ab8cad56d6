"""All that is known of one event."""

from textual import app as textual_app
from textual import containers
from textual import screen
from textual import widgets

from sting.model import views
from tui import format as text_format
from tui import keymap
from tui import requests


class EventDetail(screen.ModalScreen[None]):
    """An event with its whole text; w shows what led to it."""

    BINDINGS = keymap.bindings('event')
    key_scope = 'event'

    def __init__(self, row: views.EventRow) -> None:
        super().__init__()
        self._row = row

    def compose(self) -> textual_app.ComposeResult:
        """Gives a line for each field, and the text wrapped below."""
        row = self._row
        lines = [
            f'{row.seq:,}  {row.type}  {row.symbol}'.rstrip(),
            f'at      {text_format.date_clock(row.timestamp)} UTC',
            f'source  {row.source}',
            f'cause   {row.cause or text_format.NONE}',
        ]
        with containers.VerticalScroll(classes='dialog'):
            for line in lines:
                yield widgets.Label(text_format.clean(line), markup=False)
            yield widgets.Label(
                text_format.clean(row.text), classes='detail', markup=False
            )
            yield widgets.Label(
                'w why   esc back', classes='keys', markup=False
            )

    def action_why(self) -> None:
        """Shows what led to it."""
        # The screen below knows of which log it is.
        below = self.app.screen_stack[-2]
        self.dismiss()
        below.post_message(requests.Why(self._row.seq))
