"""The inbox in the terminal."""

import asyncio

import pytest

from sting.model import commands
from sting.model import orders
from sting.model import records
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui.screens import dialogs
from tui.screens import inbox

pytestmark = pytest.mark.unit

K, H = records.DifferenceKind, commands.How
POSITION = records.Difference(
    id='position-IBM',
    kind=K.POSITION,
    symbol='IBM',
    theirs=10.0,
    text='the broker has 10 IBM, our book 0',
)
ORDER = records.Difference(
    id='order-7',
    kind=K.ORDER,
    symbol='FB',
    text='buy 5 FB [/b] \x1b[2J works at the broker',
    order=orders.Order(
        id='web-1', symbol='FB', side=orders.OrderSide.BUY, quantity=5.0
    ),
)
LEFT = records.Difference(
    id='order-8', kind=K.ORDER, text='another one', accepted=True
)


def station(*rows, **changes):
    return stations.Station(stations.snapshot(inbox=rows, **changes))


def painted(app):
    strips = app.screen._compositor.render_strips()
    return '\n'.join(strip.text for strip in strips)


async def until(pilot, *words):
    """Waits until the terminal shows these."""
    for _ in range(400):
        await pilot.pause()
        shown = painted(pilot.app)
        if all(each in shown for each in words):
            return shown
        await asyncio.sleep(0.025)
    raise AssertionError(f'{words} are not in\n{shown}')


@pytest.mark.parametrize('size', [apps.SMALL, apps.WIDE])
async def test_i_in_the_alerts_shows_what_differs(size):
    app = apps.make(station(POSITION, ORDER, LEFT))
    async with apps.run(app, size) as pilot:
        await pilot.press('6', 'i')
        shown = await until(
            pilot, 'position-IBM', 'our book 0', 'buy 5 FB [/b]', '(accepted)'
        )
        assert '\x1b' not in shown
        await pilot.press('escape')
        assert app.screen is app._trade


async def test_equal_books_are_said():
    app = apps.make(station())
    async with apps.run(app) as pilot:
        app.action_show_inbox()
        await until(pilot, inbox.EMPTY)
        await pilot.press('a')
        await until(pilot, inbox.EMPTY)
        assert isinstance(app.screen, inbox.InboxScreen)


async def test_a_accepts_after_a_question():
    made = station(POSITION, ORDER)
    app = apps.make(made)
    async with apps.run(app, apps.WIDE) as pilot:
        app.action_show_inbox()
        await until(pilot, 'position-IBM')
        await pilot.press('a')
        await until(pilot, "Book what the broker's book says?", 'DEMO')
        await pilot.press('n')
        await until(pilot, 'position-IBM')
        assert made.given == []
        await pilot.press('down', 'o', 'y')
        await until(pilot, 'position-IBM')
        assert made.given == [commands.Settle(id='order-7', how=H.ADOPT)]


async def test_x_closes_a_position_after_the_typed_word():
    made = station(POSITION)
    app = apps.make(made)
    async with apps.run(app, apps.WIDE) as pilot:
        app.action_show_inbox()
        await until(pilot, 'position-IBM')
        await pilot.press('x')
        await until(pilot, 'Close it at market?')
        await pilot.press(*'FLATTEN', 'enter')
        await until(pilot, 'position-IBM')
        assert made.given == [
            commands.Settle(id='position-IBM', how=H.FLATTEN, confirm='FLATTEN')
        ]


async def test_it_follows_the_engine_and_keeps_the_cursor():
    made = station(POSITION, ORDER)
    app = apps.make(made)
    async with apps.run(app, apps.WIDE) as pilot:
        app.action_show_inbox()
        await until(pilot, 'order-7')
        await pilot.press('down')
        made.now = stations.snapshot(inbox=(LEFT, ORDER))
        await until(pilot, 'order-8')
        assert app.screen._current == ORDER
        made.now = stations.snapshot()
        await until(pilot, inbox.EMPTY)


def test_in_live_the_account_is_typed():
    picture = stations.snapshot(mode=records.Mode.LIVE, account='U1')
    accept = commands.Settle(id=POSITION.id, how=H.ACCEPT)
    asking, command = inbox.dialog(picture, POSITION, accept)
    assert isinstance(asking, dialogs.TypeWord)
    assert asking._word == 'U1'
    assert command == accept


@pytest.mark.parametrize(
    ('kind', 'how', 'words'),
    [
        (K.ORDER, H.FLATTEN, 'Cancel it?'),
        (K.ORDER, H.ACCEPT, 'Leave it as it is?'),
        (K.MISSING, H.ACCEPT, 'Count it as cancelled?'),
        (K.CASH, H.ACCEPT, 'Book what'),
        (K.POSITION, H.ADOPT, 'Make it ours?'),
    ],
)
def test_the_question_says_what_will_be_done(kind, how, words):
    row = records.Difference(id='x', kind=kind, text='what differs')
    assert inbox.question(row, how).startswith(words)
