"""The user's keys: read, checked, and taken by the whole terminal."""

import pytest

from sting.model import errors
from tests.unit.tui import apps
from tests.unit.tui import stations
from tui import keymap
from tui import userkeys
from tui.panes import hintbar
from tui.screens import dialogs
from tui.screens import help as help_screen

pytestmark = pytest.mark.unit


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / userkeys.FILE
        path.write_text(text, encoding='utf-8')
        return path

    return write


def keys(table, name):
    return next(each.keys for each in table if each.id == name)


def test_without_a_file_the_table_is_as_it_is(tmp_path):
    assert userkeys.load(tmp_path / 'none.yaml') is keymap.ACTIONS


def test_an_empty_file_changes_nothing(written):
    assert userkeys.load(written('')) == keymap.ACTIONS


def test_a_key_and_a_list_of_keys_are_taken(written):
    table = userkeys.load(written('buy: B\nzoom: [F11, "+"]\n'))
    assert keys(table, 'buy') == ('B',)
    assert keys(table, 'zoom') == ('f11', 'plus')
    assert keys(table, 'sell') == ('s',)


def test_two_actions_may_change_places(written):
    table = userkeys.load(written('buy: s\nsell: b\n'))
    assert userkeys.changed(table) == {'buy': 's', 'sell': 'b'}


@pytest.mark.parametrize(
    ('text', 'key'),
    [
        ('^q', 'ctrl+q'),
        ('ctrl+q', 'ctrl+q'),
        ('?', 'question_mark'),
        ('esc', 'escape'),
        ('↑', 'up'),
        ('F12', 'f12'),
        ('f25', ''),
        ('B', 'B'),
        ('7', '7'),
        ('alt+x', 'alt+x'),
        ('alt+xy', ''),
        ('space', 'space'),
        ('nokey', ''),
        ('\x07', ''),
    ],
)
def test_keys_are_written_as_the_help_shows_them_or_by_name(text, key):
    assert userkeys.key_of(text) == key


def test_every_key_of_the_table_can_be_written():
    for each in keymap.ACTIONS:
        for key in each.keys:
            assert userkeys.key_of(keymap.shown(key)) == key


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('\nbuyy: B', "keymap.yaml:2: unknown action 'buyy'; did you mean"),
        ('buy: nokey', "keymap.yaml:1: unknown key 'nokey'"),
        ('buy:\n- nokey', 'keymap.yaml:2: unknown key'),
        ('buy: true', 'unknown key True'),
        ('buy: {a: b}', 'unknown key'),
        ('buy: []', 'buy has no key'),
        ('buy: ^i', 'is tab to a terminal'),
        ('buy: s', 'keymap.yaml:1: the key s is both buy (trade) and sell'),
        ('why: ":"', 'the key : is both command (app) and why (list)'),
        ('sell: "1"\nbuy: B', 'keymap.yaml:1: the key 1 is both'),
        ('stop: x', 'the keys of stop cannot be changed: ^\\ F9'),
        ('buy: F9', 'the key F9 is both stop (app) and buy (trade)'),
        ('buy: ^\\', 'the key ^\\ is both stop (app) and buy (trade)'),
        ('send: enter', 'the keys of send cannot be changed: y'),
        ('yes: enter', 'the keys of yes cannot be changed: y'),
        ('buy: y', 'the key y is both'),
        ('buy: B\nbuy: x', "key 'buy' is given twice"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(written, text, said):
    with pytest.raises(errors.ConfigError) as caught:
        userkeys.load(written(text))
    assert said in str(caught.value)


async def test_the_keys_work_and_the_old_ones_no_longer_do(written):
    table = userkeys.load(written('buy: B\nsell: b\nsystem: F12\nreduce: ^u'))
    app = apps.make(actions=table)
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press('s')
        assert app.key_scope != 'ticket'
        await pilot.press('b')
        assert app._trade.ticket.draft.side == 'sell'
        await pilot.press('escape', 'escape', 'B')
        assert app._trade.ticket.draft.side == 'buy'
        await pilot.press('escape', 'f12')
        assert app.key_scope == 'system'
        await pilot.press('escape', 'ctrl+u')
        assert isinstance(app.screen, dialogs.Ask)


async def test_hints_titles_and_help_show_them(written):
    table = userkeys.load(written('cancel: K\nzoom: F11'))
    app = apps.make(actions=table)
    async with apps.run(app, apps.WIDE) as pilot:
        await pilot.press('4')
        shown = app.screen.query_one(hintbar.HintBar).text
        assert ' K cancel' in shown
        assert ' F11 zoom' in shown
        await pilot.press('question_mark')
        assert isinstance(app.screen, help_screen.Help)
    grid = help_screen.keys_table('orders', table)
    cells = [str(cell) for cell in grid.columns[0].cells]
    assert 'K' in cells
    assert 'F11' in cells


@pytest.mark.parametrize('key', ['ctrl+backslash', 'f9'])
@pytest.mark.parametrize('before', ['', 'B 1', 'colon x', 'f5', 'ctrl+p'])
async def test_the_stop_works_beside_them(written, key, before):
    table = userkeys.load(written('buy: B\nsell: b\nhelp: F12\ncancel: K'))
    station = stations.Station()
    app = apps.make(station, actions=table)
    async with apps.run(app, apps.MIDDLE) as pilot:
        await pilot.press(*before.split())
        await pilot.press(key)
        assert station.stopped == ['operator: emergency stop key']
