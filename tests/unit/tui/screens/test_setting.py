"""Other parameters for a strategy, reviewed before they are sent."""

import msgspec
import pytest

from sting.model import commands
from sting.model import parameters
from sting.model import records
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui import requests
from tui.panes import fields
from tui.screens import setting

pytestmark = pytest.mark.unit

SETTINGS = (
    parameters.Setting('fast', 10, 'an int', value=12, low=2, high=50),
    parameters.Setting('slow', 30, 'an int', value=30, low=2, high=500),
)


def station(**changes):
    picture = stations.snapshot()
    row = msgspec.structs.replace(
        picture.strategies[0], settings=SETTINGS, given=('fast',)
    )
    return stations.Station(
        stations.snapshot(**{'strategies': (row,), **changes})
    )


async def ask(pilot, strategy='', **given):
    pilot.app.post_message(requests.SetParameters('sma_demo', given, strategy))
    await pilot.pause()
    await pilot.pause()


async def until_armed(pilot):
    line = pilot.app.screen.query_one(fields.Review)
    for _ in range(300):
        if line.armed:
            return
        await pilot.pause(0.1)
    raise AssertionError('never armed')


async def test_what_changes_is_shown_and_sent_by_y_once_it_is_armed():
    one = station()
    async with apps.run(apps.make(one), apps.SMALL) as pilot:
        await ask(pilot, 'sma.py', fast='20', slow=30)
        shown = pilot.app.screen.query_one('.changes Label').content
        assert shown == (
            'DEMO, account paper: sma_demo (running) goes on with\n'
            'fast 12 -> 20'
        )
        await until_armed(pilot)
        await pilot.press('y')
        assert one.given == [
            commands.SetParameters(
                name='sma_demo', parameters={'fast': '20'}, strategy='sma.py'
            )
        ]
        assert not isinstance(pilot.app.screen, setting.Review)


async def test_no_key_sets_anything_before_it_is_armed(monkeypatch):
    monkeypatch.setattr(fields, 'ARM_S', 3600.0)
    one = station()
    async with apps.run(apps.make(one), apps.SMALL) as pilot:
        await ask(pilot, fast=20)
        await pilot.press('y', 'enter', 'enter', 'y')
        assert one.given == []
        assert isinstance(pilot.app.screen, setting.Review)


async def test_esc_sets_nothing_and_a_halt_takes_the_question_back():
    one = station()
    async with apps.run(apps.make(one), apps.SMALL) as pilot:
        await ask(pilot, fast=None)
        label = pilot.app.screen.query_one('.changes Label')
        assert 'fast 12 -> what strategy.yaml has' in str(label.content)
        await pilot.press('escape')
        assert not isinstance(pilot.app.screen, setting.Review)
        await ask(pilot, fast=20)
        one.now = msgspec.structs.replace(
            one.now, state=records.TradingState.HALTED
        )
        pilot.app.tick()
        await pilot.pause()
        assert not isinstance(pilot.app.screen, setting.Review)
        assert one.given == []


@pytest.mark.parametrize(
    ('given', 'said'),
    [
        ({'fast': 1}, 'sma_demo: parameter fast is 1; it must be an int'),
        ({'fats': 5}, "did you mean 'fast'"),
        ({'fast': 12, 'slow': None}, 'sma_demo has these parameters already'),
    ],
)
async def test_what_needs_no_question_is_told_at_once(given, said):
    app = apps.make(station())
    async with apps.run(app, apps.SMALL) as pilot:
        await ask(pilot, **given)
        assert not isinstance(app.screen, setting.Review)
        (notice,) = app._notifications
        assert said in notice.message


async def test_a_strategy_that_is_gone_is_told():
    app = apps.make(station(strategies=()))
    async with apps.run(app, apps.SMALL) as pilot:
        await ask(pilot, fast=5)
        (notice,) = app._notifications
        assert notice.message == 'there is no strategy sma_demo'


async def test_without_known_bounds_all_that_is_asked_for_is_shown():
    row = stations.snapshot().strategies[0]
    asked = requests.SetParameters('sma_demo', {'fast': 5})
    assert setting.changed(row, asked) == {'fast': 'fast -> 5'}


async def test_the_command_line_reviews_it_too():
    async with apps.run(apps.make(station()), apps.SMALL) as pilot:
        await pilot.press('colon', *'set sma_demo slow=40', 'enter')
        await pilot.pause()
        label = pilot.app.screen.query_one('.changes Label')
        assert 'slow 30 -> 40' in str(label.content)
