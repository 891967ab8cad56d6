"""What F5 says of the engine, as rows of text."""

from collections.abc import Sequence
import importlib.metadata
import platform

from sting.model import health
from sting.model import records
from sting.model import schedules
from sting.model import uptime
from sting.model import views
from tui import format as text_format
from tui.charts import histogram
from tui.screens import sheet

_NOT_YET = 'nothing is measured yet'
# What is no trouble of a feed or a broker.
_WELL = frozenset(
    {'connected', 'started', 'starting', 'running', 'closed', 'ended'}
)
_CONDITIONS = {'degraded': 'warning!', 'failing': 'error!'}
# So many of the last critical alerts are listed.
ERRORS = 8
# Cells that the figures beside a histogram take, with what is between them,
# and the least that are left for a name.
_FIGURES = 39
_NAME = 8


def engine_rows(snapshot: views.Snapshot) -> sheet.Rows:
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
        *_session(snapshot.session),
        *_available(snapshot.availability),
    ]


def _session(found: schedules.Session | None) -> sheet.Rows:
    """Says which session runs, or comes next."""
    return [] if found is None else [('session', found.phrase)]


def _available(found: uptime.Availability | None) -> sheet.Rows:
    """Says how much of the sessions trading was possible."""
    if found is None or found.share is None:
        return []
    last = found.days[-1]
    return [
        ('available', f'{found.share:.2%} of 30 days'),
        (last.day, f'{last.share:.2%}'),
    ]


def health_rows(snapshot: views.Snapshot) -> sheet.Rows:
    """Gives how the engine is, and why."""
    found = snapshot.verdict
    return [
        (row.state.value, row.area, row.reason) for row in found.reasons
    ] or [(found.state.value, '', '')]


def health_tint(row: Sequence[str]) -> str:
    """Gives the colour of a reason."""
    return _CONDITIONS.get(row[0], '')


def latency_rows(snapshot: views.Snapshot, width: int) -> sheet.Rows:
    """Gives how long things take, each with its histogram.

    Args:
        snapshot: The picture.
        width: Cells that the table may take.
    """
    found = snapshot.health
    timed = () if found is None else found.latencies
    room = width - _FIGURES
    longest = max((len(row.name) for row in timed), default=0)
    cells = 2 if longest + 2 * histogram.BUCKETS <= room else 1
    room = max(room - cells * histogram.BUCKETS, _NAME)
    rows: sheet.Rows = [
        ('', histogram.scale(cells), 'p50', 'p99', 'max', 'times')
    ]
    if not timed:
        return [*rows, (_NOT_YET, '', '', '', '', '')]
    return rows + [
        (
            text_format.fit(row.name, min(room, len(row.name))),
            histogram.render(row.counts, cells),
            text_format.took(row.p50_ms),
            text_format.took(row.p99_ms),
            text_format.took(row.max_ms),
            f'{row.taken:,}',
        )
        for row in timed
    ]


def queue_rows(snapshot: views.Snapshot) -> sheet.Rows:
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


def process_rows(snapshot: views.Snapshot) -> sheet.Rows:
    """Gives the engine's processes and what they use."""
    rows: sheet.Rows = [
        ('process', 'pid', 'memory', 'peak', 'growth', 'cpu'),
    ]
    found = snapshot.health
    if found is None or not found.processes:
        return [*rows, (_NOT_YET, '', '', '', '', '')]
    return rows + [
        (
            row.name,
            str(row.pid),
            text_format.size(row.memory),
            text_format.size(row.peak),
            text_format.growth(row.growth),
            text_format.NONE if row.cpu is None else f'{row.cpu:.0%}',
        )
        for row in found.processes
    ]


def disk_rows(snapshot: views.Snapshot) -> sheet.Rows:
    """Gives the size of the log and the room that it has."""
    found = snapshot.health
    if found is None:
        return [('disk', _NOT_YET)]
    free, share = text_format.size(found.free), ''
    if found.free is not None and found.disk:
        free = f'{free} of {text_format.size(found.disk)}'
        share = f', {found.free / found.disk:.0%}'
    return [
        ('event log', text_format.size(found.log)),
        ('grows', text_format.growth(found.log_growth)),
        ('free', f'{free}{share}'),
        ('full in', _full_in(found)),
    ]


def _full_in(found: health.Health) -> str:
    """Says how long the disk lasts, for the log alone."""
    if found.free is None or not found.log_growth or found.log_growth <= 0:
        return text_format.NONE
    return text_format.duration(found.free / found.log_growth * 3600)


def error_rows(snapshot: views.Snapshot) -> sheet.Rows:
    """Gives the last critical alerts, the newest first."""
    alerts = snapshot.alerts
    errors = [a for a in alerts if a.severity is records.Severity.CRITICAL]
    warnings = sum(a.severity is records.Severity.WARNING for a in alerts)
    rows: sheet.Rows = [
        (
            text_format.date_clock(row.timestamp),
            row.source,
            row.message,
        )
        for row in errors[:ERRORS]
    ]
    more = ['none'] if not errors else []
    if len(errors) > ERRORS:
        more.append(f'{len(errors) - ERRORS} older ones')
    if warnings:
        more.append(text_format.count(warnings, 'warning'))
    if len(errors) > ERRORS or warnings:
        more.append('see pane 6')
    if more:
        rows.append(('', '', ', '.join(more)))
    return rows


def error_tint(row: Sequence[str]) -> str:
    """Gives the colour of an error."""
    return 'error!' if row[0] else ''


def link_rows(snapshot: views.Snapshot) -> sheet.Rows:
    """Gives the feeds and the brokers."""
    rows: sheet.Rows = [('', 'name', 'status', 'source', 'last', 'detail')]
    for kind, links in (
        ('feed', snapshot.feeds),
        ('broker', snapshot.brokers),
        ('alerts', snapshot.channels),
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


def link_tint(row: Sequence[str]) -> str:
    """Gives the colour of a feed or a broker that is not well."""
    return '' if row[2] in _WELL else 'warning!'


def risk_rows(snapshot: views.Snapshot) -> sheet.Rows:
    """Gives the risk of the book; `sting risk` has all of it."""
    found = snapshot.risk
    if found is None:
        return [('risk', _NOT_YET)]
    rows: sheet.Rows = [
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


def strategy_rows(snapshot: views.Snapshot) -> sheet.Rows:
    """Gives the strategies: what waits for them, and how often they failed."""
    head = ('strategy', 'status', 'waiting', 'late', 'restarts', 'detail')
    return [
        head,
        *(
            (
                row.name,
                row.status,
                f'{row.waiting:,}',
                f'{row.late:,}',
                f'{row.restarts:,}',
                row.detail or row.strategy,
            )
            for row in snapshot.strategies
        ),
    ]


def strategy_tint(row: Sequence[str]) -> str:
    """Gives the colour of a strategy that is not well."""
    if row[1] in ('failed', 'quarantined'):
        return 'error!'
    return 'warning' if row[1] in ('restarting', 'lost') else ''


def version_rows(snapshot: views.Snapshot) -> sheet.Rows:
    """Gives the versions of what runs here."""
    del snapshot
    rows: sheet.Rows = [('Python', platform.python_version())]
    for name in ('sting', 'textual', 'rich', 'msgspec'):
        try:
            rows.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            rows.append((name, 'not installed as a package'))
    return rows
