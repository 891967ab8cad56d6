"""Each place of the terminal that takes keys, and how one gets there."""

from collections.abc import Awaitable
from collections.abc import Callable
import contextlib
import dataclasses

from sting import settings
from sting.model import views
from tests.unit.session import replays
from tests.unit.tui import apps
from tests.unit.tui import backtests
from tests.unit.tui import scenes
from tests.unit.tui import stations
from tui.screens import journal

_ESCAPES = ('escape',) * 4


@dataclasses.dataclass(frozen=True)
class Focus:
    """A place that takes keys.

    Attributes:
        scope: Its scope in the key table.
        keys: What is pressed on the trade screen to get there.
        picture: What the engine shows.
        first: What is done before the keys.
    """

    scope: str
    keys: str
    picture: views.Snapshot = scenes.SCENES['trade'].picture
    first: Callable[[apps.Hands], Awaitable[None]] | None = None


async def _log(pilot):
    """The log that F4 opens."""
    del pilot
    home = settings.Home.find()
    home.state('demo')
    path = home.log('demo')
    if not path.exists():
        replays.write(path, replays.traded())


_SCENES = scenes.SCENES
ALL = {
    **{
        f'pane {number}': Focus(scope, number)
        for number, scope in (
            ('1', 'watchlist'),
            ('2', 'chart'),
            ('4', 'orders'),
            ('5', 'positions'),
            ('6', 'alerts'),
            ('7', 'strategies'),
            ('8', 'events'),
        )
    },
    'zoomed': Focus('orders', '4 plus'),
    'filter': Focus('prompt', '8 slash'),
    'ticket': Focus('ticket', 'b'),
    'ticket, quantity': Focus('ticket', 'b 1'),
    'ticket, further': Focus('ticket', 'b 1 enter enter'),
    'review': Focus('review', 'b 1 0 enter enter enter'),
    'modify': Focus('ticket', '4 m'),
    'protect': Focus('prompt', '5 p'),
    'flatten': Focus('dialog', '5 x'),
    'reverse': Focus('review', '5 X'),
    'half': Focus('dialog', '5 v'),
    'cancel all': Focus('dialog', '4 C'),
    'quit': Focus('dialog', 'ctrl+q'),
    'typed': Focus('typed', 'colon r e s u m e enter', scenes._LOSING),
    'line': Focus('prompt', 'colon'),
    'line, typed': Focus('prompt', 'colon b u y'),
    'palette': Focus('app', 'ctrl+p'),
    'help': Focus('help', 'f1'),
    'jump': Focus('jump', 'ctrl+g'),
    'system': Focus('system', 'f5'),
    'why': Focus('why', '8 w'),
    'event': Focus('event', '8 enter'),
    'strategy': Focus('strategy', '7 d right', scenes._WANTED),
    'signals': Focus('signals', '7 d', scenes._WANTED),
    'inbox': Focus('inbox', '6 i', scenes._DIFFERENT),
    'stopped': Focus('stopped', 'colon s t o p space r', scenes._HALTED),
    'welcome': Focus('welcome', 'colon w e l c o m e enter'),
    'journal': Focus('journal', 'f4', first=_log),
    'journal, a pane': Focus('journal', 'f4 4', first=_log),
    'journal, go to': Focus('journal', 'f4 g', first=_log),
    'logs': Focus('logs', 'f4 o', first=_log),
    'fork': Focus('fork', 'f4 f', first=_log),
    'backtest': Focus('backtest', 'f3', first=backtests.install),
    'results': Focus('results', 'f3 ctrl+o 1', first=backtests.run),
    'curve': Focus('results', 'f3 ctrl+o 2', first=backtests.run),
    'trips': Focus('trips', 'f3 ctrl+o 4', first=backtests.run),
    'trip': Focus('trip', 'f3 ctrl+o 4 w', first=backtests.run),
    'runs': Focus('runs', 'f3 ctrl+o 7', first=backtests.install),
    'compared': Focus(
        'compared', 'f3 ctrl+o 7 space down c', first=backtests.install
    ),
    'walk': Focus('results', 'f3 ctrl+o 9', first=backtests.run),
    'map': Focus('map', 'f3 ctrl+o 8', first=backtests.sweep),
}


@contextlib.asynccontextmanager
async def run(focus, folder):
    """A running app whose keys are in a focus, and its pilot."""
    station = stations.Station(focus.picture)
    app = apps.make(station, state=folder)
    async with apps.run(app, apps.MIDDLE) as pilot:
        await go(pilot, focus)
        yield pilot


def place(app):
    """Where the keys go."""
    focused = app.focused
    return (
        type(app.screen).__name__,
        app.key_scope,
        focused and (type(focused).__name__, focused.id),
    )


async def go(pilot, focus):
    """Goes to a focus from wherever the keys are."""
    app, station = pilot.app, pilot.app.workstation
    station.now = focus.picture
    while len(app.screen_stack) > 1:
        await app.pop_screen()
    app.tick()
    await pilot.pause()
    if len(app.screen_stack) > 1:
        await pilot.press('escape')
    await pilot.press(*_ESCAPES)
    if focus.first is not None:
        await focus.first(pilot)
    if focus.scope == 'stopped':
        app.action_show_stop()
        await pilot.pause()
    else:
        for key in focus.keys.split():
            await pilot.press(key)
            await _settled(pilot)
    station.given.clear()


async def _settled(pilot):
    """Waits for a journal that is still reading its log."""
    screen = pilot.app.screen
    if isinstance(screen, journal.JournalScreen):
        found = screen.replay

        def there():
            at = found.place
            return not at.is_moving and at.read == at.last > 0

        await apps.wait(pilot, there)
