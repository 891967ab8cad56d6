"""What the ticket says of risk."""

import msgspec
import pytest

from sting.model import errors
from sting.model import records
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.panes import figures

pytestmark = pytest.mark.unit


def rule(name, figure, limit=1.0, *, failed=False):
    return records.RuleFigure(name, figure, limit, 'units', failed)


def shown(app):
    return app.screen.query_one(figures.Figures).lines


async def typed(pilot, app, wanted):
    """Presses keys and waits until the figures are there."""
    await pilot.press('b', *wanted)
    for _ in range(200):
        await pilot.pause()
        if shown(app):
            return shown(app)
    return []


def test_what_said_no_comes_first_then_what_is_nearest_to_its_limit():
    found = figures.ordered(
        [
            rule('halted', 0.0, None),
            rule('far', 0.1),
            rule('near', 0.9),
            rule('unknown', None, failed=True),
            rule('none', None),
        ]
    )
    assert [each.name for each in found] == ['unknown', 'near', 'far', 'none']


def test_a_halt_is_shown_and_trading_is_not():
    halted = records.RuleFigure('halted', 1.0, None, 'state', True)
    assert figures.ordered([halted]) == [halted]


@pytest.mark.parametrize(
    ('figure', 'limit', 'used'),
    [(5.0, 10.0, 0.5), (None, 10.0, None), (5.0, 0.0, None), (5.0, None, None)],
)
def test_use_is_a_share_of_the_limit(figure, limit, used):
    assert figures.use(rule('any', figure, limit)) == used


async def test_as_the_order_is_typed_each_rule_is_shown_with_what_is_left():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        lines = await typed(pilot, app, ['1', '0'])
        assert lines[0] == '✓ risk would let it through'
        assert [line.split()[0] for line in lines[1:]] == [
            'buying_power',
            'max_position',
            'price_collar',
        ]
        assert '0.9 of 1' in lines[1]
        assert '0.1 left' in lines[1]
        assert '10 of 2.00k' in lines[2]
        assert '1.99k left' in lines[2]
        assert 'does not apply' in lines[3]
        assert station.weighed[-1].quantity == 10.0
        assert not station.given


async def test_an_order_without_a_quantity_is_not_held_against_rules():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        assert await typed(pilot, app, ['1'])
        await pilot.press('backspace')
        await pilot.pause()
        assert shown(app) == []


async def test_a_rule_that_says_no_tells_how_far_the_order_is_over():
    station = stations.Station()
    station.judgement = msgspec.structs.replace(
        stations.JUDGEMENT,
        decision=records.Decision.DENY,
        rules=(
            rule('max_position', 2500.0, 2000.0, failed=True),
            rule('stale', None, 5.0, failed=True),
        ),
    )
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        lines = await typed(pilot, app, ['1'])
        assert lines[0] == '✗ risk would deny it'
        assert lines[1].startswith('✗ max_position')
        assert '500 over' in lines[1]
        assert 'unknown' in lines[2]


async def test_a_smaller_size_is_said():
    station = stations.Station()
    station.judgement = msgspec.structs.replace(
        stations.JUDGEMENT, decision=records.Decision.REDUCE, quantity=4.0
    )
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        lines = await typed(pilot, app, ['9'])
        assert lines[0] == '▼ risk would reduce it to 4'


async def test_what_would_not_even_be_judged_says_why():
    station = stations.Station()
    station.judgement = errors.RefusedError('the engine is still starting')
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        lines = await typed(pilot, app, ['1'])
        assert lines == ['✗ the engine is still starting']


async def test_on_a_small_screen_every_line_fits():
    app = apps.make(stations.Station())
    async with apps.run(app, (80, 24)) as pilot:
        lines = await typed(pilot, app, ['1', '0'])
        pane = app.screen.query_one(figures.Figures)
        assert pane.size.width
        assert max(map(len, lines)) <= pane.size.width
