"""What the terminal is seen in, at three sizes: a picture, keys, and a word.

The snapshots beside this file hold what each looks like.
`python tools/make_snapshots.py` writes them again; whoever does looks at them.
"""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
import dataclasses
import pathlib
import tempfile

import msgspec

from sting.model import records
from sting.model import stops
from sting.model import views
from tests.unit.session import replays
from tests.unit.tui import apps
from tests.unit.tui import backtests
from tests.unit.tui import stations
from tui.screens import fork

FOLDER = pathlib.Path(__file__).parent / 'snapshots'
# Between two looks; what is the same in both is all that comes.
_APART_S = 0.15
_LOOKS = 150
SIZES = (apps.SMALL, apps.MIDDLE, apps.WIDE)

_NOW = stations.snapshot()
_HALTED = stations.snapshot(
    state=records.TradingState.HALTED,
    reason='operator: emergency stop key',
    stop=stops.StopReport(
        who='operator',
        reason='emergency stop key',
        pull=1,
        pulled=stations.START + 1,
        took_ms=12.0,
        bare=(
            stops.BarePosition(
                symbol='AAPL', quantity=100.0, exits=('log-7-0-1',)
            ),
        ),
        brokers=(
            stops.BrokerStop(
                broker='paper',
                cancelled=('log-7-0-1',),
                unknown=('log-8-0-1',),
            ),
        ),
    ),
    stop_seq=1300,
)
_DIFFERENT = stations.snapshot(
    inbox=(
        records.Difference(
            id='position-IBM',
            kind=records.DifferenceKind.POSITION,
            symbol='IBM',
            theirs=10.0,
            text='the broker has 10 IBM, our book 0',
        ),
    )
)
_LIVE = stations.snapshot(
    mode=records.Mode.LIVE, account='U1234567', generated=False
)
_EMPTY = stations.snapshot(
    orders=(), open_orders=0, positions=(), alerts=(), unseen=0, events=(),
    strategies=(), watch=(),
)  # fmt: skip
_WANTED = stations.snapshot(
    signals=(
        views.SignalRow(
            1231, stations.START, 'sma_demo', 'IBM', 'buy 10 at market',
            'fast 101.2 crossed above slow 100.9',
            fate='filled 10 at 99.5', is_done=True,
        ),
        views.SignalRow(
            1228, stations.START, 'sma_demo', 'FB', 'target 12',
            'fast 98.1 crossed above slow 98.0',
            fate='reached: it comes to 12 FB already', is_done=True,
        ),
        views.SignalRow(
            1219, stations.START, 'sma_demo', 'GOOG', 'sell 3 at 571.5',
            'fast 560.2 crossed below slow 561.9', fate='waits',
        ),
        views.SignalRow(
            1204, stations.START, 'sma_demo', 'AAPL', 'buy 5000 at market',
            'fast 57.4 crossed above slow 57.1',
            fate='denied: max_position: 5,000 units are above 2,000',
            is_done=True,
        ),
    )
)  # fmt: skip
_GROUPED = stations.snapshot(
    watch=tuple(
        msgspec.structs.replace(row, group=group)
        for row, group in zip(
            _NOW.watch, ('tech', 'old', 'tech', 'media', 'media'), strict=True
        )
    )
)
_LOSING = stations.snapshot(
    equity=98_765.43,
    day_pnl=-1_234.56,
    state=records.TradingState.REDUCING,
    reason='daily_loss',
    strategies=(
        msgspec.structs.replace(
            _NOW.strategies[0], status='error', error='dip.py:7: ValueError'
        ),
    ),
)


@dataclasses.dataclass(frozen=True)
class Scene:
    """Something to be seen.

    Attributes:
        keys: What is pressed.
        seen: What is on the screen once all is there.
        picture: What the engine shows.
        first: Done before the keys.
    """

    keys: tuple[str, ...]
    seen: str
    picture: views.Snapshot = _NOW
    first: Callable[[apps.Hands], Awaitable[object]] | None = None


async def _replay(pilot):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'events.db'
        replays.write(path, replays.traded())
        pilot.app.action_show_journal(str(path))
        replay = pilot.app.screen.replay
        await apps.wait(pilot, lambda: replay.place.read == 111)
    pilot.app.tick()


async def _fork(pilot):
    await pilot.app.push_screen(
        fork.ForkScreen(
            pathlib.Path('events.db'), 1_200, program=backtests.PROGRAM
        )
    )
    asks = pilot.app.screen
    await apps.wait(pilot, lambda: asks.focused is not None)


SCENES = {
    'trade': Scene((), 'AAPL'),
    'trade-empty': Scene((), 'no symbol', _EMPTY),
    'trade-groups': Scene(('down',) * 5 + ('space',), 'mean', _GROUPED),
    'trade-live': Scene((), 'LIVE', _LIVE),
    'trade-reducing': Scene((), 'REDUCING', _LOSING),
    'trade-halted': Scene(('escape',), 'HALTED', _HALTED),
    'chart': Scene(('2', 'plus'), 'AAPL'),
    'ticket': Scene(('b', '1', '0'), 'max_position'),
    'ticket-review': Scene(('b', '1', '0', *['enter'] * 3), 'y sends'),
    'orders': Scene(('4',), '0/10'),
    'positions': Scene(('5',), 'IBM'),
    'alerts': Scene(('6',), 'order of 60'),
    'strategies': Scene(('7',), 'sma_demo'),
    'events': Scene(('8', 'plus'), '1234'),
    'filter': Scene(('8', 'slash', *'fill', 'enter'), '/fill'),
    'command': Scene(('colon', *'buy a'), 'buy'),
    'palette': Scene(('ctrl+p',), 'earch'),
    'question': Scene(('4', 'C'), 'Cancel everything'),
    'typed': Scene(('colon', *'resume', 'enter'), 'RESUME', _LOSING),
    'help': Scene(('question_mark',), 'esc goes back'),
    'why': Scene(('8', 'w'), 'close 17'),
    'event': Scene(('8', 'enter'), '1234'),
    'strategy': Scene(('7', 'd'), 'filled 10 at', _WANTED),
    'inbox': Scene(('6', 'i'), 'position-IBM', _DIFFERENT),
    'stopped': Scene((), 'STOPPED', _HALTED),
    'system': Scene(('f5',), 'lanes'),
    'journal': Scene((), 'event 111 of 111', first=_replay),
    'fork': Scene(('x',), 'it must be an int', first=_fork),
    'forked': Scene(
        ('5', *['down'] * 3, *'60', 'ctrl+r'), 'the change', first=_fork
    ),
    'backtest': Scene(('f3',), 'quantity '),
    **{
        name: Scene(('f3', 'ctrl+o', page), seen, first=first)
        for name, page, seen, first in (
            ('result', '1', 'final equity', backtests.run),
            ('curve', '2', 'drawdown', backtests.run),
            ('months', '3', '2012', backtests.run),
            ('trades', '4', '975', backtests.run),
            ('runs', '7', '1.10', backtests.install),
            ('sweep', '8', 'by fast', backtests.sweep),
        )
    },
    'compared': Scene(
        ('f3', 'ctrl+o', '7', 'space', 'down', 'c'),
        'Sharpe',
        first=backtests.install,
    ),
    'jump': Scene(('ctrl+g',), ' a '),
    'welcome': Scene(('colon', *'welcome', 'enter'), 'welcome: what runs'),
}


def painted(running):
    """The whole screen, line by line."""
    strips = running.screen._compositor.render_strips()
    return '\n'.join(strip.text.rstrip() for strip in strips) + '\n'


async def play(pilot, scene):
    """Presses the keys; gives the screen once it does not change any more."""
    await pilot.pause()
    pilot.app.tick()
    if scene.first is not None:
        await scene.first(pilot)
    await pilot.press(*scene.keys)
    before = ''
    for _ in range(_LOOKS):
        await asyncio.sleep(_APART_S)
        await pilot.pause()
        shown = painted(pilot.app)
        if scene.seen in shown and shown == before:
            return shown
        before = shown
    raise AssertionError(f'never saw {scene.seen}:\n{before}')


def app_of(scene):
    """An app that shows a scene, once its keys are pressed."""
    return apps.make(stations.Station(scene.picture))


def path_of(name, size):
    """Where a snapshot lies."""
    return FOLDER / f'{name}.{size[0]}x{size[1]}.txt'
