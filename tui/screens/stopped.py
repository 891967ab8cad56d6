"""What came of an emergency stop, over whatever screen there is."""

from typing import ClassVar

from textual import app as textual_app
from textual import containers
from textual import screen
from textual import widgets

from sting.model import stops
from tui import format as text_format
from tui import keymap


class StopReport(screen.ModalScreen[None]):
    """The report of a stop: bare positions, then unknown, then cancelled.

    Attributes:
        report: What is shown.
    """

    # A modal screen hides the keys of the app; none may be lost to a report.
    BINDINGS: ClassVar = keymap.over('stopped')

    def __init__(self, report: stops.StopReport) -> None:
        """Makes the screen.

        Args:
            report: What came of the stop.
        """
        super().__init__()
        self.report = report

    @property
    def key_scope(self) -> str:
        """The scope of the key table that holds here."""
        return 'stopped'

    def compose(self) -> textual_app.ComposeResult:
        """Gives the lines of the report, the most important first."""
        report = self.report
        with containers.VerticalScroll(classes='dialog stopped'):
            yield widgets.Label(
                text_format.clean(
                    f'STOPPED by {report.who}: {report.reason}'.rstrip(': ')
                ),
                classes='question',
                markup=False,
            )
            for line in stops.lines(report):
                urgent = line.startswith(('BARE', 'UNKNOWN', 'look'))
                yield widgets.Label(
                    text_format.clean(line),
                    classes='urgent' if urgent else 'line',
                    markup=False,
                )
            yield widgets.Label(
                'esc closes; then :resume lets trading go on',
                classes='keys',
                markup=False,
            )
