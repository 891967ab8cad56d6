"""How the engine is, as tables."""

import io

import msgspec
import pytest
from rich import console
from textual import widgets

from sting.model import health
from sting.model import market
from sting.model import records
from sting.model import riskfigures
from sting.model import schedules
from sting.model import uptime
from sting.model import views
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.screens import sheet
from tui.screens import system_rows

pytestmark = pytest.mark.unit


def test_the_figures_of_the_engine():
    rows = dict(system_rows.engine_rows(stations.snapshot()))
    assert rows['last event'] == '1,234'
    assert rows['loop lag'] == '0.7 ms'
    assert rows['process'] == '4711'


def test_how_much_of_the_sessions_it_was_there():
    day = uptime.Day(day='2026-11-23', open_s=400.0, up_s=398.0)
    found = uptime.Availability(days=(day,), share=0.9987)
    rows = dict(system_rows.engine_rows(stations.snapshot(availability=found)))
    assert rows['available'] == '99.87% of 30 days'
    assert rows['2026-11-23'] == '99.50%'
    rows = dict(system_rows.engine_rows(stations.snapshot()))
    assert 'available' not in rows


def test_the_session_of_a_schedule():
    found = schedules.Session(
        calendar='XNYS',
        running=True,
        begins=1_000_000_000 * 10**9,
        ends=1_000_003_600 * 10**9,
    )
    rows = dict(system_rows.engine_rows(stations.snapshot(session=found)))
    assert rows['session'] == 'XNYS until 2001-09-09 02:46 UTC'
    rows = dict(system_rows.engine_rows(stations.snapshot()))
    assert 'session' not in rows


def test_lanes_feeds_brokers_and_strategies():
    snapshot = stations.snapshot()
    assert (
        'market',
        '3',
        '10,000',
        '1,200',
        '7',
        '0',
    ) in system_rows.queue_rows(snapshot)
    links = system_rows.link_rows(snapshot)
    assert ('feed', 'demo', 'connected', '', '0s', '') in links
    assert ('broker', 'paper', 'connected', '', '-', '') in links
    dead = views.LinkRow('phone', 'dead', '2 wait')
    links = system_rows.link_rows(stations.snapshot(channels=(dead,)))
    assert ('alerts', 'phone', 'dead', '', '-', '2 wait') in links
    assert system_rows.link_tint(links[-1]) == 'warning!'
    row = msgspec.structs.replace(
        snapshot.strategies[0], waiting=1_200, late=3, restarts=1
    )
    rows = system_rows.strategy_rows(stations.snapshot(strategies=(row,)))
    assert rows[1] == (
        'sma_demo',
        'running',
        '1,200',
        '3',
        '1',
        'sting.library.sma_cross',
    )


def test_versions_are_those_that_run():
    rows = dict(system_rows.version_rows(stations.snapshot()))
    assert rows['Python'].startswith('3.')
    assert rows['textual'][0].isdigit()


async def test_sheets_follow_the_engine_and_escape_leaves():
    app = apps.make()
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('f5')
        await pilot.pause()
        found = app.screen.query(sheet.Sheet).first()
        before = found.render()
        app.screen.show(stations.snapshot(seq=5555))
        assert found.render() is not before
        again = found.render()
        app.screen.show(stations.snapshot(seq=5555))
        assert found.render() is again
        assert isinstance(found, widgets.Static)
        await pilot.press('escape')
        assert app.screen.scope == 'trade'


@pytest.mark.parametrize('words', [3, 60])
def test_a_long_reason_takes_lines_and_no_room_of_what_is_before_it(words):
    rows = [('', 'name', 'detail'), ('feed', 'binance', 'reason ' * words)]
    made = sheet.Sheet('links', lambda _, width: rows, heads=True)
    made.show(stations.snapshot())
    drawn = console.Console(width=40, file=io.StringIO())
    drawn.print(made.content)
    shown = drawn.file.getvalue()
    assert 'feed  binance' in shown
    assert shown.count('reason') == words


def test_the_risk_of_the_book_with_what_is_missing():
    assert system_rows.risk_rows(stations.snapshot()) == [
        ('risk', 'nothing is measured yet')
    ]
    found = riskfigures.RiskMetrics(
        gross=800.0,
        leverage=0.8,
        tails=(riskfigures.TailRisk('normal', 0.99, 20.0, 25.0),),
        stresses=(riskfigures.Stress('fall', -80.0, -0.08),),
        missing={'beta': 'too few bars'},
    )
    rows = dict(system_rows.risk_rows(stations.snapshot(risk=found)))
    assert rows['leverage'] == '0.800'
    assert rows['normal 99.0%'] == '20.00, beyond it 25.00'
    assert rows['fall'] == '-80.00'
    assert rows['no beta'] == 'too few bars'


def test_health_with_its_reasons():
    assert system_rows.health_rows(stations.snapshot()) == [('ok', '', '')]
    found = health.Finding(health.Condition.FAILING, 'feed', 'demo is stale')
    rows = system_rows.health_rows(
        stations.snapshot(
            verdict=health.Verdict(health.Condition.FAILING, (found,))
        )
    )
    assert rows == [('failing', 'feed', 'demo is stale')]
    assert system_rows.health_tint(rows[0]) == 'error!'


MB = 1_000_000
COUNTS = tuple(3 if place == 4 else 0 for place in range(20))
HEALTH = health.Health(
    latencies=(
        health.Latency('loop late', COUNTS, 0.15, 0.2, 0.2),
        health.Latency('event to log', (*COUNTS[1:], 1), 0.3, 10e3, 12e3),
    ),
    processes=(
        health.ProcessRow('engine', 4711, 212 * MB, 230 * MB, 1.5 * MB, 0.07),
        health.ProcessRow('sma_demo', 4712),
    ),
    log=12 * MB,
    log_growth=2.5 * MB,
    free=600 * MB,
    disk=1000 * MB,
)


def alert(number, severity, message='no answer'):
    return views.AlertRow(
        number,
        stations.START + number * market.NANOSECONDS,
        severity,
        message,
        'broker',
        False,
    )


def test_how_long_things_take_with_their_histograms():
    picture = stations.snapshot(health=HEALTH)
    head, loop, log = system_rows.latency_rows(picture, 74)
    assert head[1].startswith('10µs')
    assert loop == ('loop late', ' ' * 4 + '█' + ' ' * 15, '0.15 ms',
                    '0.20 ms', '0.20 ms', '3')  # fmt: skip
    assert log[3:] == ('10.00 s', '12.00 s', '4')
    # With more room each bucket is two cells wide.
    wide = system_rows.latency_rows(picture, 120)
    assert '██' in wide[1][1]
    assert len(wide[1][1]) == 2 * len(loop[1])


def test_memory_and_processor_of_each_process():
    rows = system_rows.process_rows(stations.snapshot(health=HEALTH))
    assert rows[1:] == [
        ('engine', '4711', '212 MB', '230 MB', '+1.5 MB/h', '7%'),
        ('sma_demo', '4712', '-', '-', '-', '-'),
    ]


def test_the_log_the_disk_and_how_long_it_lasts():
    rows = dict(system_rows.disk_rows(stations.snapshot(health=HEALTH)))
    assert rows == {
        'event log': '12 MB',
        'grows': '+2.5 MB/h',
        'free': '600 MB of 1.0 GB, 60%',
        'full in': '10d',
    }


@pytest.mark.parametrize(
    'changes', [{'log_growth': None}, {'log_growth': -5.0}, {'free': None}]
)
def test_a_disk_that_does_not_fill_up_has_no_end(changes):
    found = health.Health(**{'log_growth': 1.0, 'free': 1, **changes})
    rows = dict(system_rows.disk_rows(stations.snapshot(health=found)))
    assert rows['full in'] == '-'


def test_before_anything_is_measured_it_says_so():
    picture = stations.snapshot()
    rows = system_rows.latency_rows(picture, 74)
    assert rows[1][0] == 'nothing is measured yet'
    assert 'nothing is measured yet' in system_rows.process_rows(picture)[1]
    assert dict(system_rows.disk_rows(picture))['disk'].startswith('nothing')


def test_errors_are_the_last_critical_alerts_with_time_and_source():
    critical = records.Severity.CRITICAL
    picture = stations.snapshot(
        alerts=(
            *(alert(30 - each, critical) for each in range(10)),
            alert(5, records.Severity.WARNING),
            alert(4, records.Severity.INFO),
        )
    )
    rows = system_rows.error_rows(picture)
    assert rows[0] == ('2012-05-31 21:33:50', 'broker', 'no answer')
    assert len(rows) == system_rows.ERRORS + 1
    assert rows[-1][2] == '2 older ones, 1 warning, see pane 6'
    assert system_rows.error_tint(rows[0]) == 'error!'
    assert system_rows.error_tint(rows[-1]) == ''


def test_without_errors_there_are_none():
    assert system_rows.error_rows(stations.snapshot(alerts=())) == [
        ('', '', 'none')
    ]


@pytest.mark.parametrize(
    ('status', 'link', 'strategy'),
    [
        ('connected', '', ''),
        ('running', '', ''),
        ('lost', 'warning!', 'warning'),
        ('failed', 'warning!', 'error!'),
        ('quarantined', 'warning!', 'error!'),
        ('restarting', 'warning!', 'warning'),
    ],
)
def test_what_is_not_well_has_a_colour_and_a_word(status, link, strategy):
    assert system_rows.link_tint(('feed', 'x', status)) == link
    assert system_rows.strategy_tint(('x', status)) == strategy


def test_names_and_figures_lie_in_two_columns():
    rows = [('a', '1'), ('b', '2'), ('c', '3')]
    assert sheet.paired(rows) == [('a', '1', 'c', '3'), ('b', '2', '', '')]
    assert sheet.paired(rows[:2]) == [('a', '1', 'b', '2')]


def shown(app):
    """All text on the screen, sheet by sheet."""
    return {
        each.border_title: '\n'.join(apps.text_of(each))
        for each in app.screen.query(sheet.Sheet)
    }


@pytest.mark.parametrize('size', [apps.SMALL, apps.MIDDLE, apps.WIDE])
async def test_at_every_size_the_figures_are_whole(size):
    name = 'a_strategy_with_a_rather_long_name'
    latencies = (
        *HEALTH.latencies,
        health.Latency(f'order: {name}', COUNTS, 0.15, 0.2, 0.2),
    )
    picture = stations.snapshot(
        health=msgspec.structs.replace(HEALTH, latencies=latencies)
    )
    station = stations.Station(picture)
    app = apps.make(station)
    async with apps.run(app, size) as pilot:
        await pilot.press('f5')
        await apps.wait(pilot, lambda: '0.15 ms' in str(shown(app)))
        found = shown(app)
        took = found['how long it took, the last 1,000 times']
        for figure in ('0.15 ms', '10.00 s', '12.00 s', 'times', '100ms'):
            assert figure in took
        assert '█' in took
        assert '+1.5 MB/h' in found['memory']
        columns = app.screen.query_one('#columns')
        assert columns.has_class('wide') is (size == apps.WIDE)


async def test_a_sheet_takes_the_colours_of_another_theme():
    lost = views.LinkRow('paper', 'lost', 'hung up')
    app = apps.make(stations.Station(stations.snapshot(brokers=(lost,))))
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('f5')
        await pilot.pause()
        found = list(app.screen.query(sheet.Sheet))
        before = [each.render() for each in found]
        app.action_take_theme('light')
        await apps.wait(
            pilot,
            lambda: all(
                each.render() is not old
                for each, old in zip(found, before, strict=True)
            ),
        )
