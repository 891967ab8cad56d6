"""The report of a stop in the terminal."""

import msgspec
import pytest
from textual import widgets

from sting.model import records
from sting.model import stops
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.screens import dialogs
from tui.screens import stopped

pytestmark = pytest.mark.unit

REPORT = stops.StopReport(
    who='operator',
    reason='emergency stop key',
    pull=1,
    pulled=stations.START + 1,
    took_ms=12.0,
    bare=(
        stops.BarePosition(symbol='AAPL', quantity=100.0, exits=('log-7-0-1',)),
    ),
    brokers=(
        stops.BrokerStop(
            broker='paper', cancelled=('log-7-0-1',), unknown=('log-8-0-1',)
        ),
    ),
)


def halted(report=REPORT):
    return stations.snapshot(
        state=records.TradingState.HALTED,
        reason='operator: emergency stop key',
        stop=report,
        stop_seq=1300,
    )


def said(app):
    return [str(each.content) for each in app.screen.query(widgets.Label)]


@pytest.mark.parametrize('size', [apps.SMALL, apps.WIDE])
async def test_it_comes_by_itself_with_the_bare_first(size):
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, size) as pilot:
        station.now = halted()
        app.tick()
        await pilot.pause()
        assert isinstance(app.screen, stopped.StopReport)
        assert said(app) == [
            'STOPPED by operator: emergency stop key',
            'BARE AAPL +100: lost log-7-0-1',
            'UNKNOWN log-8-0-1: it may work',
            'paper: 1 order cancelled',
            'look at the broker what still works there; until that is known '
            'the cancels are repeated',
            'esc closes; then :resume lets trading go on',
        ]


async def test_it_is_shown_once_and_again_when_asked_for():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        station.now = halted()
        app.tick()
        await pilot.pause()
        await pilot.press('escape')
        assert not isinstance(app.screen, stopped.StopReport)
        app.tick()
        await pilot.pause()
        assert not isinstance(app.screen, stopped.StopReport)
        await pilot.press('colon', *'stopped', 'enter')
        await pilot.pause()
        assert isinstance(app.screen, stopped.StopReport)


async def test_a_newer_report_takes_the_place_of_the_older():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        station.now = halted()
        app.tick()
        await pilot.pause()
        newer = msgspec.structs.replace(
            REPORT, who='signal', pulled=REPORT.pulled + 1
        )
        station.now = halted(newer)
        app.tick()
        await pilot.pause()
        assert said(app)[0].startswith('STOPPED by signal')
        await pilot.press('escape')
        assert not isinstance(app.screen, stopped.StopReport)


async def test_a_report_of_before_the_start_does_not_come_by_itself():
    older = msgspec.structs.replace(REPORT, pulled=stations.START - 1)
    app = apps.make(stations.Station(halted(older)))
    async with apps.run(app, apps.SMALL) as pilot:
        app.tick()
        await pilot.pause()
        assert not isinstance(app.screen, stopped.StopReport)


async def test_it_waits_until_a_question_is_answered():
    station = stations.Station(
        stations.snapshot(state=records.TradingState.HALTED, reason='you')
    )
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('ctrl+q')
        assert isinstance(app.screen, dialogs.Ask)
        station.now = halted()
        app.tick()
        await pilot.pause()
        assert isinstance(app.screen, dialogs.Ask)
        await pilot.press('n')
        app.tick()
        await pilot.pause()
        assert isinstance(app.screen, stopped.StopReport)


async def test_the_keys_of_the_app_work_over_it():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        station.now = halted()
        app.tick()
        await pilot.pause()
        await pilot.press('ctrl+q')
        assert isinstance(app.screen, dialogs.Ask)


async def test_without_a_report_it_says_so():
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('colon', *'stopped', 'enter')
        await pilot.pause()
        assert [one.message for one in app._notifications] == [
            'there is no report of a stop'
        ]


async def test_what_is_learnt_later_is_shown_while_it_is_open_and_not_after():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app) as pilot:
        station.now = halted()
        app.tick()
        await pilot.pause()
        (broker,) = REPORT.brokers
        broker = msgspec.structs.replace(broker, unknown=())
        more = msgspec.structs.replace(REPORT, brokers=(broker,), tries=2)
        station.now = halted(more)
        app.tick()
        await pilot.pause()
        assert 'nothing works any more; known after 12 ms' in said(app)
        await pilot.press('escape')
        station.now = halted(msgspec.structs.replace(more, tries=3))
        app.tick()
        await pilot.pause()
        assert not isinstance(app.screen, stopped.StopReport)
