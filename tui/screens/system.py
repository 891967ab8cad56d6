"""F5: queues, lag, feeds, brokers, strategies, versions, log numbers."""

from collections.abc import Callable
from collections.abc import Iterator
import importlib.metadata
import platform

from rich import table
from rich import text
from textual import containers
from textual import widget
from textual import widgets

from sting.model import views
from tui import format as text_format
from tui import keymap
from tui.screens import base
from tui.screens import drill

_Rows = list[tuple[str, ...]]


def engine_rows(snapshot: views.Snapshot) -> _Rows:
    """Gives the engine's figures."""
    return [
        ('profile', snapshot.profile),
        ('mode', snapshot.mode.value),
        ('account', snapshot.account),
        ('process', str(snapshot.pid)),
        ('started', text_format.date_clock(snapshot.started)),
        ('up', text_format.duration(snapshot.uptime_s)),
        ('engine time', text_format.date_clock(snapshot.time)),
        ('last event', f'{snapshot.seq:,}'),
        ('loop lag', f'{snapshot.loop_lag_ms:.1f} ms'),
        ('state', f'{snapshot.state.value} {snapshot.reason}'.strip()),
    ]


def queue_rows(snapshot: views.Snapshot) -> _Rows:
    """Gives the lanes, with what waits in them."""
    head = ('lane', 'waiting', 'limit', 'taken', 'replaced', 'blocked')
    return [
        head,
        *(
            (
                row.name,
                f'{row.waiting:,}',
                f'{row.limit:,}',
                f'{row.taken:,}',
                f'{row.replaced:,}',
                f'{row.blocked:,}',
            )
            for row in snapshot.queues
        ),
    ]


def link_rows(snapshot: views.Snapshot) -> _Rows:
    """Gives the feeds and the brokers."""
    rows: _Rows = [('', 'name', 'status', 'source', 'last', 'detail')]
    for kind, links in (
        ('feed', snapshot.feeds),
        ('broker', snapshot.brokers),
    ):
        rows += [
            (
                kind,
                row.name,
                row.status,
                row.source,
                text_format.duration(row.age_s),
                row.detail,
            )
            for row in links
        ]
    return rows


def risk_rows(snapshot: views.Snapshot) -> _Rows:
    """Gives the risk of the book; `sting risk` has all of it."""
    found = snapshot.risk
    if found is None:
        return [('risk', 'nothing is measured yet')]
    rows: _Rows = [
        ('gross, net', f'{found.gross:,.2f}, {found.net:,.2f}'),
        ('leverage', _figure(found.leverage)),
        (
            'volatility, beta',
            f'{_figure(found.volatility)}, '
            f'{_figure(found.beta)} to {found.benchmark}',
        ),
        ('days to get out', _figure(found.exit_days)),
    ]
    rows += [
        (
            f'{row.method} {row.confidence:.1%}',
            f'{row.value_at_risk:,.2f}, beyond it {row.shortfall:,.2f}',
        )
        for row in found.tails
    ]
    rows += [(row.scenario, f'{row.pnl:,.2f}') for row in found.stresses]
    return rows + [(f'no {k}', why) for k, why in found.missing.items()]


def _figure(value: float | None) -> str:
    return '-' if value is None else f'{value:,.3f}'


def strategy_rows(snapshot: views.Snapshot) -> _Rows:
    """Gives the strategies."""
    head = ('strategy', 'status', 'fills', 'working', 'runs', 'detail')
    return [
        head,
        *(
            (
                row.name,
                row.status,
                str(row.trades),
                str(row.working),
                row.strategy,
                row.detail,
            )
            for row in snapshot.strategies
        ),
    ]


def version_rows(snapshot: views.Snapshot) -> _Rows:
    """Gives the versions of what runs here."""
    del snapshot
    rows: _Rows = [('Python', platform.python_version())]
    for name in ('sting', 'textual', 'rich', 'msgspec'):
        try:
            rows.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            rows.append((name, 'not installed as a package'))
    return rows


class Sheet(widgets.Static):
    """A small table that is drawn again only when a figure changed."""

    def __init__(
        self, title: str, rows: Callable[[views.Snapshot], _Rows], heads: bool
    ) -> None:
        super().__init__(classes='sheet')
        self.border_title = title
        self._rows = rows
        self._heads = heads
        self._shown: _Rows | None = None

    def show(self, snapshot: views.Snapshot) -> None:
        """Takes the newest figures."""
        rows = self._rows(snapshot)
        if rows == self._shown:
            return
        self._shown = rows
        grid = table.Table.grid(padding=(0, 2))
        last = len(rows[0]) - 1
        for index in range(last + 1):
            # Sentences stand last: they take more lines, so that what is
            # before them keeps its room.
            grid.add_column(no_wrap=index < last, style='' if index else 'bold')
        for number, row in enumerate(rows):
            style = 'dim' if self._heads and number == 0 else ''
            grid.add_row(
                *(text.Text(text_format.clean(cell)) for cell in row),
                style=style,
            )
        self.update(grid)


class SystemScreen(base.BaseScreen):
    """How the engine is."""

    scope = 'system'
    _profile = ''
    BINDINGS = keymap.bindings('system')

    def body(self) -> Iterator[widget.Widget]:
        """Gives the sheets, in a box that scrolls."""
        yield containers.VerticalScroll(
            Sheet('engine', engine_rows, False),
            Sheet('lanes', queue_rows, True),
            Sheet('feeds and brokers', link_rows, True),
            Sheet('strategies', strategy_rows, True),
            Sheet('risk', risk_rows, False),
            drill.DrillPanel(),
            Sheet('versions', version_rows, False),
            id='sheets',
        )

    def action_drill(self) -> None:
        """Drills the stop on paper, in another process."""
        self.query_one(drill.DrillPanel).drill(self._profile)

    def show(self, snapshot: views.Snapshot) -> None:
        """Takes the newest picture of the engine."""
        super().show(snapshot)
        self._profile = snapshot.profile
        self.query_one(drill.DrillPanel).show(snapshot)
        for sheet in self.query(Sheet):
            sheet.show(snapshot)
