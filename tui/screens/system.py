"""F5: how long things take, queues, memory, disk, feeds, brokers, errors."""

from collections.abc import Callable
from collections.abc import Iterator

from textual import containers
from textual import events
from textual import widget

from sting.model import views
from tui import keymap
from tui.screens import base
from tui.screens import dialogs
from tui.screens import drill
from tui.screens import sheet
from tui.screens import system_rows

# From so many cells on the sheets stand in two columns.
_WIDE = 160
_QUESTION = 'Drill the emergency stop?'
_WHAT = (
    'On paper, in another process, with the rules of profile {}: the stop is '
    'pulled in throw-away sessions and timed. This engine and its orders are '
    'not touched. Takes about half a minute.'
)


def _any_width(
    fill: Callable[[views.Snapshot], sheet.Rows],
) -> sheet.Fill:
    """Gives rows that are the same for any width."""

    def filled(snapshot: views.Snapshot, width: int) -> sheet.Rows:
        del width
        return fill(snapshot)

    return filled


def _pairs(snapshot: views.Snapshot, width: int) -> sheet.Rows:
    """Gives the engine's figures, two beside each other."""
    del width
    return sheet.paired(system_rows.engine_rows(snapshot))


class SystemScreen(base.BaseScreen):
    """How the engine is."""

    scope = 'system'
    _profile = ''
    BINDINGS = keymap.bindings('system')

    def body(self) -> Iterator[widget.Widget]:
        """Gives the sheets, in a box that scrolls."""
        yield containers.VerticalScroll(
            containers.Container(
                containers.Vertical(*self._measured(), classes='column'),
                containers.Vertical(*self._told(), classes='column'),
                id='columns',
            ),
            id='sheets',
        )

    def _measured(self) -> Iterator[widget.Widget]:
        """Gives the sheets of the first column: the engine itself."""
        yield sheet.Sheet('engine', _pairs, bold=(0, 2))
        yield sheet.Sheet(
            'health',
            _any_width(system_rows.health_rows),
            bold=(0,),
            tint=system_rows.health_tint,
        )
        yield sheet.Sheet(
            'errors: critical alerts',
            _any_width(system_rows.error_rows),
            bold=(),
            tint=system_rows.error_tint,
        )
        yield sheet.Sheet(
            'how long it took, the last 1,000 times',
            system_rows.latency_rows,
            heads=True,
            right=(2, 3, 4, 5),
        )
        yield sheet.Sheet(
            'lanes',
            _any_width(system_rows.queue_rows),
            heads=True,
            right=(1, 2, 3, 4, 5),
        )
        yield sheet.Sheet(
            'memory',
            _any_width(system_rows.process_rows),
            heads=True,
            right=(1, 2, 3, 4, 5),
        )
        yield sheet.Sheet('disk', _any_width(system_rows.disk_rows))

    def _told(self) -> Iterator[widget.Widget]:
        """Gives the sheets of the second column: what it works with."""
        yield sheet.Sheet(
            'feeds and brokers',
            _any_width(system_rows.link_rows),
            heads=True,
            tint=system_rows.link_tint,
        )
        yield sheet.Sheet(
            'strategies',
            _any_width(system_rows.strategy_rows),
            heads=True,
            right=(2, 3, 4),
            tint=system_rows.strategy_tint,
        )
        yield drill.DrillPanel()
        yield sheet.Sheet('risk', _any_width(system_rows.risk_rows))
        yield sheet.Sheet('versions', _any_width(system_rows.version_rows))

    def on_resize(self, event: events.Resize) -> None:
        """Has two columns where there is room for them."""
        self.query_one('#columns').set_class(event.size.width >= _WIDE, 'wide')

    def repaint(self) -> None:
        """Takes the colours of a new theme."""
        super().repaint()
        for each in self.query(sheet.Sheet):
            each.repaint()

    def action_drill(self) -> None:
        """Drills the stop on paper, after a question."""

        def then(agreed: bool | None) -> None:
            if agreed:
                self.query_one(drill.DrillPanel).drill(self._profile)

        self.app.push_screen(
            dialogs.Ask(_QUESTION, _WHAT.format(self._profile)), then
        )

    def show(self, snapshot: views.Snapshot) -> None:
        """Takes the newest picture of the engine."""
        super().show(snapshot)
        self._profile = snapshot.profile
        self.query_one(drill.DrillPanel).show(snapshot)
        for each in self.query(sheet.Sheet):
            each.show(snapshot)
