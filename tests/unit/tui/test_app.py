"""The app: keys that work everywhere, commands, questions, themes."""

import asyncio
from concurrent import futures
import gc

import msgspec
import pytest
from textual import command as textual_command
from textual import widgets

from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.model import views
from tests.unit.tui import apps
from tests.unit.tui import scenes
from tests.unit.tui import stations
from tui import app as tui_app
from tui import keymap
from tui import opening
from tui import themes
from tui.panes import statusbar
from tui.screens import dialogs
from tui.screens import help as help_screen
from tui.screens import system
from tui.screens import trade

pytestmark = pytest.mark.unit


def notices(app):
    return [notice.message for notice in app._notifications]


@pytest.mark.parametrize(
    ('key', 'before'),
    [
        ('ctrl+backslash', ''),
        ('f9', ''),
        ('ctrl+backslash', 'b 1 0'),
        ('f9', 'b 1 enter enter enter'),
        ('ctrl+backslash', 'colon b u y'),
        ('ctrl+backslash', '8 slash x'),
        ('ctrl+backslash', 'question_mark'),
        ('ctrl+backslash', 'f3'),
        ('ctrl+backslash', 'f5'),
        ('ctrl+backslash', '4 C'),
        ('f9', 'ctrl+p'),
        ('ctrl+backslash', 'ctrl+p t h'),
        ('ctrl+backslash', 'ctrl+q'),
        ('ctrl+backslash', '8 w'),
        ('f9', '8 enter'),
        ('ctrl+backslash', '5 p'),
        ('ctrl+backslash', '5 X'),
        ('f9', '5 v'),
        ('ctrl+backslash', 'b ctrl+t down down'),
    ],
)
async def test_the_stop_works_wherever_the_focus_is(key, before):
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press(*before.split())
        await pilot.press(key)
        assert station.stopped == ['operator: emergency stop key']


async def test_a_stop_shows_the_banner_and_says_how_to_resume():
    app = apps.make()
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('ctrl+backslash')
        await pilot.pause()
        banner = app.screen.query_one(statusbar.Banner)
        assert banner.display
        assert 'HALTED' in banner.text
        assert ':resume' in banner.text
        assert 'HALTED' in app.screen.query_one(statusbar.StatusBar).text


async def test_resume_takes_the_typed_word_and_nothing_else():
    station = stations.Station(
        stations.snapshot(state=records.TradingState.HALTED, reason='you')
    )
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('colon', *'resume', 'enter')
        assert isinstance(app.screen, dialogs.TypeWord)
        await pilot.press(*'resume', 'enter')
        assert isinstance(app.screen, dialogs.TypeWord)
        assert not station.given
        app.screen.query_one(widgets.Input).value = 'RESUME'
        await pilot.press('enter')
        await pilot.pause()
        assert station.given == [commands.Resume(confirm='RESUME')]


async def test_resume_while_trading_says_so():
    app = apps.make()
    async with apps.run(app) as pilot:
        await pilot.press('colon', *'resume', 'enter')
        await pilot.pause()
        assert notices(app) == ['trading is not halted']


async def test_flatten_asks_and_n_does_nothing():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app) as pilot:
        await pilot.press('5', 'x')
        assert isinstance(app.screen, dialogs.Ask)
        await pilot.press('n')
        assert not station.given
        await pilot.press('x', 'enter', 'y')
        await pilot.pause()
        assert station.given == [commands.Flatten(symbol='AAPL')]


async def test_flatten_while_halted_wants_the_typed_word():
    station = stations.Station(
        stations.snapshot(state=records.TradingState.HALTED, reason='you')
    )
    app = apps.make(station)
    async with apps.run(app) as pilot:
        await pilot.press('5', 'x')
        assert isinstance(app.screen, dialogs.TypeWord)
        await pilot.press(*'FLATTEN', 'enter')
        await pilot.pause()
        assert station.given == [
            commands.Flatten(symbol='AAPL', confirm='FLATTEN')
        ]


async def test_a_typed_flatten_on_the_command_line_needs_no_dialog():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app) as pilot:
        await pilot.press('colon', *'flatten FLATTEN', 'enter')
        await pilot.pause()
        assert station.given == [commands.Flatten(confirm='FLATTEN')]


async def test_flatten_all_asks():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app) as pilot:
        await pilot.press('colon', *'flatten', 'enter')
        await pilot.pause()
        assert isinstance(app.screen, dialogs.Ask)
        await pilot.press('y')
        await pilot.pause()
        assert station.given == [commands.Flatten()]


async def test_a_refusal_is_shown_as_an_error():
    station = stations.Station()
    station.answer = commands.CommandResult(
        ok=False, message='denied\x1b[31m by risk'
    )
    app = apps.make(station)
    async with apps.run(app) as pilot:
        await pilot.press('4', 'c')
        await pilot.pause()
        assert station.given == [commands.CancelOrder(order_id='log-101-0-1')]
        notice = next(iter(app._notifications))
        assert notice.severity == 'error'
        assert notice.message == 'denied\ufffd[31m by risk'


class Closed(stations.Station):
    """A workstation that takes nothing."""

    def submit(self, command):
        raise errors.NotRunningError('the engine is not running')


async def test_an_engine_that_is_gone_is_said():
    app = apps.make(Closed())
    async with apps.run(app) as pilot:
        await pilot.press('4', 'c')
        await pilot.pause()
        assert notices(app) == ['the engine is not running']


class Slow(stations.Station):
    """A workstation that answers when it is told to."""

    def submit(self, command):
        self.future = futures.Future()
        return self.future


async def test_a_slow_answer_is_said_and_waited_for(monkeypatch):
    monkeypatch.setattr(tui_app, '_SLOW_ANSWER_S', 0.05)
    station = Slow()
    app = apps.make(station)
    async with apps.run(app) as pilot:
        await pilot.press('4', 'c')
        await pilot.pause(0.2)
        assert notices(app) == ['the engine has not answered yet']
        station.future.set_result(station.answer)
        await pilot.pause(0.1)
        assert 'done' in notices(app)


async def test_quitting_asks_while_something_is_live():
    app = apps.make()
    async with apps.run(app) as pilot:
        await pilot.press('ctrl+q')
        assert isinstance(app.screen, dialogs.Ask)
        await pilot.press('n')
        assert app.is_running
        await pilot.press('ctrl+q', 'y')
        await pilot.pause()
        assert app._exit


async def test_leaving_an_engine_that_is_attached_says_that_it_goes_on():
    now = stations.snapshot(attached=views.Attachment())
    app = apps.make(stations.Station(now))
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('ctrl+q')
        await pilot.pause()
        assert isinstance(app.screen, dialogs.Ask)
        said = app.screen.query(widgets.Label)
        assert 'alone?' in str(said[0].content)
        assert 'goes on' in str(said[1].content)


async def test_a_terminal_that_cannot_keep_up_is_painted_less_often():
    app = apps.make()
    async with apps.run(app) as pilot:
        await pilot.pause()
        usual = app._ticking
        app._pace.frames_per_s = 4
        app._begin_ticking()
        assert app._ticking is not usual
        assert app._ticking._interval == 0.25


async def test_a_last_tick_after_the_screens_are_gone_paints_nothing():
    shown = scenes.SCENES['trade-halted']
    ended = scenes.app_of(shown)
    async with apps.run(ended, apps.SMALL) as pilot:
        await pilot.pause()
    assert not ended.screen_stack
    ended.tick()
    assert ended.snapshot.stop is not None


async def test_quitting_does_not_ask_when_nothing_is_live():
    app = apps.make(
        stations.Station(stations.snapshot(open_orders=0, strategies=()))
    )
    async with apps.run(app) as pilot:
        await pilot.press('ctrl+q')
        await pilot.pause()
        assert app._exit


async def test_ctrl_c_only_says_how_to_quit():
    app = apps.make()
    async with apps.run(app) as pilot:
        await pilot.press('ctrl+c')
        assert not app._exit
        assert '^q quits' in notices(app)[0]


async def test_screens_by_their_keys():
    app = apps.make()
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('f5')
        assert isinstance(app.screen, system.SystemScreen)
        await pilot.press('f3')
        assert app.screen.key_scope == 'backtest'
        await pilot.press('f3')
        assert len(app.screen_stack) == 2
        await pilot.press('f2')
        assert isinstance(app.screen, trade.TradeScreen)
        await pilot.press('f1')
        assert isinstance(app.screen, help_screen.Help)
        await pilot.press('escape')
        assert isinstance(app.screen, trade.TradeScreen)


async def test_the_palette_offers_the_table_and_the_themes():
    app = apps.make()
    async with apps.run(app) as pilot:
        titles = [c.title for c in app.get_system_commands(app.screen)]
        assert 'theme light' in titles
        assert 'STOP' in titles
        await pilot.press('ctrl+p')
        assert isinstance(app.screen, textual_command.CommandPalette)


async def test_the_palette_stops_when_it_is_typed_and_not_by_enter_alone():
    app = apps.make()
    async with apps.run(app) as pilot:
        for letters in ('', 'f'):
            await pilot.press('ctrl+p', *letters)
            await pilot.pause(0.5)
            await pilot.press('enter')
            await pilot.pause()
            assert not app.workstation.stopped
    app = apps.make()
    async with apps.run(app) as pilot:
        await pilot.press('ctrl+p', *'stop')
        await pilot.pause(0.5)
        await pilot.press('enter')
        await pilot.pause()
        assert app.workstation.stopped


@pytest.mark.parametrize(
    ('name', 'check'),
    [
        ('pane_5', lambda app: app.screen.focused.id == 'positions'),
        ('zoom', lambda app: app.screen.grid.zoomed),
        ('system', lambda app: isinstance(app.screen, system.SystemScreen)),
        ('theme', lambda app: app.theme == 'light'),
        ('stop', lambda app: bool(app.workstation.stopped)),
    ],
)
async def test_what_the_palette_runs(name, check):
    app = apps.make()
    action = next(each for each in keymap.ACTIONS if each.id == name)
    async with apps.run(app, apps.WIDE) as pilot:
        await app._run_action_of(action)
        await pilot.pause()
        assert check(app)


async def test_a_theme_is_taken_at_once():
    app = apps.make()
    async with apps.run(app, apps.WIDE) as pilot:
        before = app.screen.query_one(statusbar.StatusBar).render_line(0)
        await pilot.press('colon', *'theme light', 'enter')
        await pilot.pause()
        assert app.theme == 'light'
        after = app.screen.query_one(statusbar.StatusBar).render_line(0)
        assert after.text == before.text
        assert list(after) != list(before)


async def test_an_unknown_theme_is_said():
    app = apps.make()
    async with apps.run(app) as pilot:
        await pilot.press('colon', *'theme pink', 'enter')
        await pilot.pause()
        assert 'dark, light' in notices(app)[0]


async def test_a_wrong_command_is_said():
    app = apps.make()
    async with apps.run(app) as pilot:
        await pilot.press('colon', *'byu', 'enter')
        await pilot.pause()
        assert 'did you mean buy' in notices(app)[0]


async def test_why_opens_the_chain():
    app = apps.make()
    async with apps.run(app) as pilot:
        await pilot.press('8', 'w')
        await pilot.pause()
        assert type(app.screen).__name__ == 'WhyScreen'


async def test_the_symbol_command_moves_the_watchlist():
    app = apps.make()
    async with apps.run(app) as pilot:
        await pilot.press('colon', *'symbol msft', 'enter')
        await pilot.pause()
        assert app.screen.symbol == 'MSFT'
        assert app.screen.watchlist.current.symbol == 'MSFT'


async def test_new_pictures_are_painted():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        station.now = msgspec.structs.replace(
            station.now, equity=123_456.0, open_orders=7
        )
        app.tick()
        await pilot.pause()
        bar = app.screen.query_one(statusbar.StatusBar)
        assert '123,456.00' in bar.text


async def test_markup_in_foreign_text_is_shown_as_it_is():
    station = stations.Station()
    station.answer = commands.CommandResult(ok=True, message='[red]x[/red] [b')
    app = apps.make(station)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4', 'c')
        await pilot.pause()
        assert notices(app) == ['[red]x[/red] [b']


async def test_an_opening_engine_appears_when_it_is_open():
    station = stations.Station()
    first = stations.snapshot(pid=0, watch=(), seq=0)
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def opener(_):
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()
        return station

    app = apps.make(opening.Opening(opener, first))
    async with apps.run(app, apps.WIDE) as pilot:
        bar = app.screen.query_one(statusbar.StatusBar)
        assert 'OPENING' in bar.text
        gate.set()
        await pilot.pause(0.3)
        assert 'TRADING' in bar.text


async def test_an_engine_that_cannot_be_opened_ends_the_app():
    def opener(_):
        raise errors.ConfigError('no such file')

    app = apps.make(opening.Opening(opener, stations.snapshot()))
    async with apps.run(app) as pilot:
        await pilot.pause(0.2)
    assert isinstance(app.failure, errors.ConfigError)
    assert app.return_code == 1


async def test_an_end_asked_for_before_the_start_is_kept():
    app = apps.make()
    app.ask_to_exit()
    async with apps.run(app) as pilot:
        await pilot.pause()
        assert app._exit


async def test_an_end_asked_for_by_a_signal():
    app = apps.make()
    async with apps.run(app) as pilot:
        app.ask_to_exit()
        await pilot.pause()
        assert app._exit


async def test_tests_leave_collection_as_it_is():
    app = apps.make()
    async with apps.run(app):
        assert gc.isenabled()


async def test_modify_opens_the_ticket():
    station = stations.Station()
    app = apps.make(station)
    async with apps.run(app, apps.SMALL) as pilot:
        await pilot.press('4', 'm')
        await pilot.pause()
        draft = app.screen.ticket.draft
        assert draft.order_id == 'log-101-0-1'
        assert draft.price == '99.5'
        assert orders.OrderType(draft.type) is orders.OrderType.LIMIT


async def test_without_colour_no_colour_is_used(monkeypatch):
    monkeypatch.setenv('NO_COLOR', '1')
    app = apps.make()
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('4')
        await pilot.press('ctrl+backslash')
        await pilot.press('question_mark', 'escape', 'f5', 'f2', '4', 'C')
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        colors = {
            color
            for strip in strips
            for segment in strip
            if segment.style is not None
            for color in (segment.style.color, segment.style.bgcolor)
            if color is not None and not color.is_default
        }
        assert not colors
        cursor = app.screen_stack[0].grid.panes['orders'].render_line(1)
        assert all(segment.style.reverse for segment in cursor)


async def test_garbage_is_collected_by_the_clock(monkeypatch):
    collected = []

    def note(phase, info):
        if phase == 'stop':
            collected.append(info['generation'])

    monkeypatch.setattr(tui_app, '_COLLECT_S', 0.02)
    monkeypatch.setattr(tui_app, '_COLLECT_ALL_S', 0.05)
    app = apps.make(stations.Station())
    try:
        async with apps.run(app) as pilot:
            app.collect_by_the_clock()
            gc.callbacks.append(note)
            await pilot.pause(0.3)
        assert not gc.isenabled()
        assert {1, 2} <= set(collected)
    finally:
        gc.callbacks.remove(note)
        gc.enable()
        gc.unfreeze()


async def test_a_theme_whose_file_is_changed_is_painted(tmp_path):
    text = (themes.folder() / 'dark.yaml').read_text(encoding='utf-8')
    path = tmp_path / 'dark.yaml'
    path.write_text(text, encoding='utf-8')
    watch = themes.Watch(tmp_path)
    app = apps.make(theme_files=watch)
    async with apps.run(app) as pilot:
        app.reload_themes()
        assert app.palette.theme.colors['surface'] == '#141b22'
        path.write_text(text.replace('#141b22', '#000000') + '\n')
        app.reload_themes()
        assert app.palette.theme.colors['surface'] == '#000000'
        path.write_text('name: dark\n')
        app.reload_themes()
        await pilot.press()
        assert 'dark.yaml' in notices(app)[-1]
        assert app.palette.theme.colors['surface'] == '#000000'
