"""What panes ask of the app, as messages that rise to it."""

from collections.abc import Callable
from collections.abc import Mapping

from textual import message

from sting.model import commands
from sting.model import orders
from sting.model import views
from tui import ticket


class Give(message.Message):
    """Give a command to the engine.

    Attributes:
        command: What the operator wants.
        question: Asked first, answered with y or n; empty asks nothing.
        answered: Called with what the engine answers.
    """

    def __init__(
        self,
        command: commands.Command,
        question: str = '',
        answered: Callable[[commands.CommandResult], None] | None = None,
    ) -> None:
        super().__init__()
        self.command = command
        self.question = question
        self.answered = answered


class Why(message.Message):
    """Show what led to an event.

    Attributes:
        seq: The event's number.
    """

    def __init__(self, seq: int) -> None:
        super().__init__()
        self.seq = seq


class ShowStrategy(message.Message):
    """Show how a strategy does.

    Attributes:
        name: The instance's name.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class SetParameters(message.Message):
    """Have a strategy go on with other parameters, after a review.

    Attributes:
        name: The instance's name.
        parameters: Values, or their texts, by name; None takes what
            strategy.yaml has.
        strategy: The module or file that they were made for; empty for any.
    """

    def __init__(
        self,
        name: str,
        parameters: Mapping[str, bool | int | float | str | None],
        strategy: str = '',
    ) -> None:
        super().__init__()
        self.name = name
        self.parameters = parameters
        self.strategy = strategy


class Modify(message.Message):
    """Open the ticket to change a working order.

    Attributes:
        order: The order as it stands.
    """

    def __init__(self, order: orders.Order) -> None:
        super().__init__()
        self.order = order


class Select(message.Message):
    """Take a symbol for the chart and the ticket.

    Attributes:
        symbol: The instrument.
    """

    def __init__(self, symbol: str) -> None:
        super().__init__()
        self.symbol = symbol


class Step(message.Message):
    """Take another symbol of the watchlist.

    Attributes:
        lines: How many lines down; negative for up.
    """

    def __init__(self, lines: int) -> None:
        super().__init__()
        self.lines = lines


class ShowPane(message.Message):
    """Go to a pane.

    Attributes:
        name: The pane's name, as in the key table.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class Filter(message.Message):
    """Open the line in which a list's filter is typed."""


class Renamed(message.Message):
    """What a pane's title says has changed."""


class TicketDone(message.Message):
    """The ticket's order was taken; it is not needed any more."""


class Review(message.Message):
    """Show an order in the ticket's review line.

    Attributes:
        draft: The order.
    """

    def __init__(self, draft: ticket.Draft) -> None:
        super().__init__()
        self.draft = draft


class Line(message.Message):
    """Open the command line with a text to be changed.

    Attributes:
        text: What stands in it.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Jump(message.Message):
    """Go to a row of another pane.

    Attributes:
        pane: The pane's name.
        key: What its row is found by.
    """

    def __init__(self, pane: str, key: object) -> None:
        super().__init__()
        self.pane = pane
        self.key = key


class ShowEvent(message.Message):
    """Show all that is known of an event.

    Attributes:
        row: The event.
    """

    def __init__(self, row: views.EventRow) -> None:
        super().__init__()
        self.row = row
