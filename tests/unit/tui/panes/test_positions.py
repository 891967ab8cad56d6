"""The positions pane: exposure, exits, and what can be done with one."""

import pytest

from sting.model import commands
from sting.model import orders
from sting.model import records
from sting.model import views
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.panes import fields
from tui.panes import positions

pytestmark = pytest.mark.unit

BUY, SELL = orders.OrderSide.BUY, orders.OrderSide.SELL
LONG = views.PositionRow('AAPL', 100.0, 57.1, 50.0, 50_000.0, 30.0, 0.0)
SHORT = views.PositionRow('IBM', -5.0, 150.1, 151.4, -757.0, -6.5, 12.0)
STOP = orders.OrderType.STOP
EXITS = (
    stations.order(1, side=SELL, type=STOP, price=None, stop_price=45.0),
    stations.order(2, side=SELL, type=STOP, price=None, stop_price=47.5),
    stations.order(3, side=SELL, parent='x-guard', price=60.0),
    stations.order(4, side=BUY, type=STOP, price=None, stop_price=70.0),
    # By hand, and so no target of the position.
    stations.order(5, side=SELL, price=52.0),
)


def make(**changes):
    station = stations.Station(
        stations.snapshot(
            positions=(LONG, SHORT),
            orders=EXITS,
            equity=100_000.0,
            **changes,
        )
    )
    return station, apps.make(station)


def test_the_nearest_exits_are_those_of_the_position():
    assert positions.exits(LONG, EXITS) == (47.5, 60.0)
    assert positions.exits(SHORT, EXITS) == (None, None)
    short = views.PositionRow('AAPL', -1.0, 1.0, 50.0, -50.0, 0.0, 0.0)
    assert positions.exits(short, EXITS) == (70.0, None)


async def test_exposure_and_exits_are_told_in_words_and_cells():
    _, app = make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('5', 'plus')
        await pilot.pause()
        found = apps.text_of(app.screen.focused)
        assert '████      50%' in found[1]
        assert '▒          1%' in found[2]
        assert '47.50 -5.00%' in found[1]
        assert '60.00 +20.00%' in found[1]


async def test_half_is_closed_after_a_question():
    station, app = make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('5', 'v')
        assert app.screen._question == 'Close half of AAPL, 100, at market?'
        await pilot.press('y')
        await pilot.pause()
        assert station.given == [commands.Flatten(symbol='AAPL', share=0.5)]


async def test_half_stays_half_while_halted():
    station, app = make(state=records.TradingState.HALTED, reason='x')
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('5', 'v', *'FLATTEN', 'enter')
        await pilot.pause()
        assert station.given == [
            commands.Flatten(symbol='AAPL', share=0.5, confirm='FLATTEN')
        ]


@pytest.mark.parametrize(
    ('keys', 'symbol', 'side', 'quantity'),
    [([], 'AAPL', SELL, 200.0), (['down'], 'IBM', BUY, 10.0)],
)
async def test_a_reverse_is_one_order_that_is_reviewed(
    keys, symbol, side, quantity
):
    station, app = make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('5', *keys, 'X')
        await pilot.pause()
        assert not station.given
        await pilot.pause(fields.ARM_S + 0.1)
        await pilot.press('y')
        await pilot.pause()
        (sent,) = station.given
        assert (sent.symbol, sent.side, sent.quantity) == (
            symbol,
            side,
            quantity,
        )


async def test_stop_and_target_are_changed_on_the_command_line():
    station, app = make()
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('5', 'p')
        assert app.screen.focused.value == 'protect AAPL stop 47.5 target 60'
        await pilot.press('enter')
        await pilot.pause()
        assert 'stop 47.5, target 60' in app.screen._question
        await pilot.press('y')
        await pilot.pause()
        assert station.given == [
            commands.Protect(symbol='AAPL', stop_loss=47.5, take_profit=60.0)
        ]


async def test_what_is_flat_cannot_be_reversed_halved_or_protected():
    flat = views.PositionRow('AAPL', 0.0, 0.0, 57.4, 0.0, 0.0, 12.0)
    station = stations.Station(stations.snapshot(positions=(flat,)))
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('5', 'X', 'v', 'p')
        await pilot.pause()
        assert app.screen.focused.id == 'positions'
        assert not station.given
