"""F4: a log at any moment, and nothing that could be done in it."""

import asyncio

import pytest

from sting import settings
from sting.model import commands
from tests.unit.session import replays
from tests.unit.session import stations as sessions
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui import keymap
from tui.panes import prompt
from tui.panes import statusbar
from tui.panes import track
from tui.screens import journal
from tui.screens import why

pytestmark = pytest.mark.unit

SOON = 30.0
PANES = [a for a in keymap.ACTIONS if a.id.startswith('journal_pane_')]


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The log of the profile demo in a home of its own."""
    monkeypatch.setenv('STING_HOME', str(tmp_path))
    home = settings.Home.find()
    home.state('demo')
    return replays.write(home.log('demo'), replays.traded())


async def opened(app, pilot):
    await pilot.press('f4')
    assert isinstance(app.screen, journal.JournalScreen)
    await rests(app, pilot)
    return app.screen


async def rests(app, pilot):
    """Waits until the replay is where it was sent, and has been shown."""
    screen = app.screen

    def there():
        place = screen.replay.place
        return not place.is_moving and place.read == place.last > 0

    await asyncio.to_thread(sessions.until, there, SOON)
    app.tick()
    await pilot.pause()


def bar_of(screen):
    return screen.query_one(journal.ReplayBar).text


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    'size',
    [
        pytest.param(apps.WIDE, marks=SLOW),
        pytest.param(apps.MIDDLE, marks=SLOW),
        apps.SMALL,
    ],
)
async def test_it_cannot_be_mistaken_for_now(path, size):
    app = apps.make()
    async with apps.run(app, size) as pilot:
        screen = await opened(app, pilot)
        last = screen.replay.place.last
        assert bar_of(screen).startswith(' REPLAY  2013-')
        assert f'event {last} of {last}' in bar_of(screen)
        assert 'now: DEMO TRADING' in bar_of(screen)
        frame = screen.query_one('#replay')
        assert 'REPLAY, not now' in frame.border_title
        assert 'fill' in frame.border_subtitle
        assert frame.styles.border_top[0] == 'double'
        assert 'ticket' not in screen.grid.panes
        heights = [each.region.height for each in screen.children]
        assert heights == [1, 0, size[1] - 4, 2, 0, 1]
        await pilot.press('escape')
        assert app.screen.scope == 'trade'


async def test_steps_marks_and_panes_show_that_moment(path):
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        last = screen.replay.place.last
        await pilot.press('left', 'left', 'right')
        await rests(app, pilot)
        assert f'event {last - 1} of' in bar_of(screen)
        await pilot.press('comma')
        await rests(app, pilot)
        assert f'event {last - 101} of' in bar_of(screen)
        await pilot.press('full_stop', 'N')
        await rests(app, pilot)
        line = screen.query_one(track.Track)
        seq = screen.replay.place.seq
        assert any(m.seq == seq for m in screen.replay.timeline.marks())
        assert screen.replay.timeline.after(seq - 1).kind in line.text
        shown = apps.text_of(line)
        assert shown[0][shown[1].index('▲')] in '●!✗↻■▶'
        await pilot.press('n')
        await rests(app, pilot)
        assert screen.replay.place.seq > seq
        shown = screen.grid.panes['events'].rows
        assert {row.seq for row in shown} <= set(range(last + 1))
        assert max(row.seq for row in shown) == screen.replay.place.seq


@pytest.mark.slow
async def test_no_mark_is_said(path):
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        await opened(app, pilot)
        await pilot.press('n')
        await pilot.pause()
        assert 'no mark after' in [n.message for n in app._notifications][-1]


@pytest.mark.parametrize(
    ('typed', 'expected'),
    [
        ('20', 20),
        pytest.param('12:02', None, marks=SLOW),
        pytest.param('1', 1, marks=SLOW),
        pytest.param('2013-03-01 12:03:00', None, marks=SLOW),
    ],
)
async def test_it_goes_to_what_is_typed(path, typed, expected):
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        last = screen.replay.place.last
        keys = [
            {' ': 'space', ':': 'colon', '-': 'minus'}.get(c, c) for c in typed
        ]
        await pilot.press('g', *keys, 'enter')
        await rests(app, pilot)
        seq = screen.replay.place.seq
        assert seq == expected if expected else 1 < seq < last
        assert not screen.query_one(prompt.Prompt).display


async def test_what_is_no_moment_is_said_and_escape_leaves_the_line(path):
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        last = screen.replay.place.last
        await pilot.press('g', 'n', 'o', 'n', 'enter')
        await pilot.pause()
        said = [n.message for n in app._notifications][-1]
        assert "'non' is no event and no time" in said
        await pilot.press('g', '3', 'escape')
        assert screen.replay.place.seq == last
        await pilot.press('g', 'enter')
        assert app.screen is screen


async def test_it_plays_and_stops_at_the_end(path, monkeypatch):
    monkeypatch.setattr(journal, '_RUSH', 0)
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        await pilot.press('space')
        assert not screen.playing
        await pilot.press('comma')
        await rests(app, pilot)
        await pilot.press(*['right_square_bracket'] * 4)
        assert screen.speed == 0
        await pilot.press('space')
        assert screen.playing
        app.tick()
        assert 'playing, max' in screen.query_one('#replay').border_title
        monkeypatch.setattr(journal, '_RUSH', 200)

        def ended():
            return not screen.playing

        await asyncio.to_thread(sessions.until, ended, SOON)
        assert screen.replay.place.seq == screen.replay.place.last
        await pilot.press('left_square_bracket')
        assert screen.speed == 100


@pytest.mark.slow
async def test_at_a_speed_time_passes(path):
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        await pilot.press('comma')
        await rests(app, pilot)
        begun = screen.replay.place
        await pilot.press('space')

        def moved():
            return screen.replay.place.now > begun.now

        await asyncio.to_thread(sessions.until, moved, SOON)
        await pilot.press('space')
        assert not screen.playing


# They open a line, a list or another screen.
_ELSEWHERE = ('back', 'goto', 'logs', 'fork', 'filter', 'why', 'app.show_inbox')


async def test_nothing_is_sent_from_the_past_but_the_stop_works(path):
    station = stations.Station()
    app = apps.make(station)
    scopes = {'orders', 'positions'}
    keys = {
        key
        for action in keymap.ACTIONS
        for key in action.keys
        if action.scope in scopes and action.does not in _ELSEWHERE
    }
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        for number in ('4', '5'):
            screen.grid.panes['orders'].show(station.now)
            screen.grid.panes['positions'].show(station.now)
            await pilot.press(number)
            pane = screen.focused
            for key in sorted(keys - set('123456789')):
                screen.set_focus(pane)
                await pilot.app._press_keys([key])
            await pilot.pause()
            assert app.screen is screen
        assert station.given == []
        await pilot.press('g', 'f9')
        assert station.stopped == ['operator: emergency stop key']
        app.tick()
        assert screen.query_one(statusbar.Banner).display
        assert not any(
            isinstance(each, commands.SubmitOrder) for each in station.given
        )


@pytest.mark.slow
async def test_why_is_asked_of_the_log(path):
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        await pilot.press('8', 'w')
        assert isinstance(app.screen, why.WhyScreen)
        assert app.screen._station is screen.replay
        await pilot.press('escape')
        assert app.screen is screen


async def test_filter_zoom_and_escape_step_by_step(path):
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        await pilot.press('8', 'plus', 'slash')
        screen.query_one(prompt.Prompt).line.value = 'fill'
        await pilot.press('enter')
        assert screen.grid.zoomed
        found = screen.grid.panes['events']
        assert {row.type for row in found.rows} == {'fill'}
        await pilot.press('escape')
        assert not found.filter_text
        await pilot.press('escape')
        assert not screen.grid.zoomed
        await pilot.press('tab', 'shift+tab', '1', 'down')
        assert app.screen is screen
        await pilot.press('escape')
        assert app.screen.scope == 'trade'


@pytest.mark.slow
async def test_another_log_is_chosen_or_typed(path, tmp_path):
    other = tmp_path / 'state' / 'old'
    other.mkdir(parents=True)
    replays.write(other / 'copy.db', replays.traded(2))
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        screen = await opened(app, pilot)
        await pilot.press('o')
        assert isinstance(app.screen, journal.Logs)
        await pilot.press('escape', 'o', 'enter')
        await rests(app, pilot)
        assert app.screen is not screen
        assert app.screen.replay.path == other / 'copy.db'
        app.action_show_journal(str(path))
        await pilot.pause()
        assert app.screen.replay.path == path


@pytest.mark.slow
async def test_a_log_that_is_none_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv('STING_HOME', str(tmp_path))
    app = apps.make()
    async with apps.run(app) as pilot:
        await pilot.press('f4')
        await pilot.pause()
        assert app.screen.scope == 'trade'
        assert 'no log' in [n.message for n in app._notifications][-1]
        (tmp_path / 'x.db').write_bytes(b'no')
        app.action_show_journal(str(tmp_path / 'x.db'))
        await pilot.pause()
        screen = app.screen
        problem = lambda: screen.replay.place.problem  # noqa: E731
        await asyncio.to_thread(sessions.until, problem, SOON)
        app.tick()
        assert 'x.db' in [n.message for n in app._notifications][-1]


def test_the_line_of_marks_shows_what_matters_most():
    line = track.Track()
    line._buckets = [{'fill': 3, 'halt': 1}, {}, {'alert': 2}]
    assert [line.sign(n)[0] for n in range(4)] == ['■', '─', '!', '─']
    assert len({sign for sign, _, _ in track.SIGNS.values()}) == 7
    assert '● fill' in track.legend()


def test_a_moment_is_read_as_it_is_typed():
    noon = 1_362_139_200 * 10**9
    assert journal.read_goal('1,200', noon) == (1200, 0)
    assert journal.read_goal('12:02', noon) == (0, noon + 120 * 10**9)
    assert journal.read_goal('2013-03-01 12:03', noon) == (
        0,
        noon + 180 * 10**9,
    )


@pytest.mark.parametrize(
    'typed', ['~nobody-has-this-home/x', 'a' * 300, '/', 'no.db']
)
async def test_what_is_no_log_is_told(path, typed):
    app = apps.make()
    async with apps.run(app) as pilot:
        await pilot.press('colon')
        app.screen.query_one('#prompt-line').value = f'journal {typed}'
        await pilot.press('enter')
        await pilot.pause()
        assert app.screen.scope == 'trade'
        assert app._notifications


@pytest.mark.parametrize(
    ('typed', 'end'), [('9999-12-31', -1), ('0001-01-01', 0)]
)
async def test_a_moment_far_away_is_an_end_of_the_log(path, typed, end):
    app = apps.make()
    async with apps.run(app) as pilot:
        screen = await opened(app, pilot)
        _, time = journal.read_goal(typed, 0)
        screen.replay.to_time(time)
        await rests(app, pilot)
        place = screen.replay.place
        assert place.seq == (place.last if end else 1)
