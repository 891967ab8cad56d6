"""How the engine is, as tables."""

import io

import pytest
from rich import console
from textual import widgets

from sting.model import riskfigures
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.screens import system

pytestmark = pytest.mark.unit


def test_the_figures_of_the_engine():
    rows = dict(system.engine_rows(stations.snapshot()))
    assert rows['last event'] == '1,234'
    assert rows['loop lag'] == '0.7 ms'
    assert rows['process'] == '4711'


def test_lanes_feeds_brokers_and_strategies():
    snapshot = stations.snapshot()
    assert ('market', '3', '10,000', '1,200', '7', '0') in system.queue_rows(
        snapshot
    )
    links = system.link_rows(snapshot)
    assert ('feed', 'demo', 'connected', '', '0s', '') in links
    assert ('broker', 'paper', 'connected', '', '-', '') in links
    assert system.strategy_rows(snapshot)[1][0] == 'sma_demo'


def test_versions_are_those_that_run():
    rows = dict(system.version_rows(stations.snapshot()))
    assert rows['Python'].startswith('3.')
    assert rows['textual'][0].isdigit()


async def test_sheets_follow_the_engine_and_escape_leaves():
    app = apps.make()
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('f5')
        await pilot.pause()
        sheet = app.screen.query(system.Sheet).first()
        before = sheet.render()
        app.screen.show(stations.snapshot(seq=5555))
        assert sheet.render() is not before
        again = sheet.render()
        app.screen.show(stations.snapshot(seq=5555))
        assert sheet.render() is again
        assert isinstance(sheet, widgets.Static)
        await pilot.press('escape')
        assert app.screen.scope == 'trade'


@pytest.mark.parametrize('words', [3, 60])
def test_a_long_reason_takes_lines_and_no_room_of_what_is_before_it(words):
    rows = [('', 'name', 'detail'), ('feed', 'binance', 'reason ' * words)]
    sheet = system.Sheet('links', lambda _: rows, True)
    sheet.show(stations.snapshot())
    drawn = console.Console(width=40, file=io.StringIO())
    drawn.print(sheet.content)
    shown = drawn.file.getvalue()
    assert 'feed  binance' in shown
    assert shown.count('reason') == words


def test_the_risk_of_the_book_with_what_is_missing():
    assert system.risk_rows(stations.snapshot()) == [
        ('risk', 'nothing is measured yet')
    ]
    found = riskfigures.RiskMetrics(
        gross=800.0,
        leverage=0.8,
        tails=(riskfigures.TailRisk('normal', 0.99, 20.0, 25.0),),
        stresses=(riskfigures.Stress('fall', -80.0, -0.08),),
        missing={'beta': 'too few bars'},
    )
    rows = dict(system.risk_rows(stations.snapshot(risk=found)))
    assert rows['leverage'] == '0.800'
    assert rows['normal 99.0%'] == '20.00, beyond it 25.00'
    assert rows['fall'] == '-80.00'
    assert rows['no beta'] == 'too few bars'
