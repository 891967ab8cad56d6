"""The key table, and what is made of it."""

import pathlib

import pytest

from sting.model import errors
from tui import keymap

pytestmark = pytest.mark.unit

ROOT = pathlib.Path(__file__).parents[3]


def action(name, *keys, scope='app'):
    return keymap.Action(name, keys, scope, name, name, f'Does {name}.')


def test_the_table_has_no_clash():
    keymap.check(keymap.ACTIONS)


def test_one_key_twice_in_a_scope_is_an_error_that_names_both():
    with pytest.raises(errors.ConfigError, match=r'key x is both one.*two'):
        keymap.check([action('one', 'x'), action('two', 'x')])


def test_a_pane_may_not_take_a_key_of_the_screen_around_it():
    table = [action('one', 'x'), action('two', 'x', scope='orders')]
    with pytest.raises(errors.ConfigError, match='key x'):
        keymap.check(table)


def test_panes_beside_each_other_may_use_one_key():
    keymap.check(
        [
            action('one', 'x', scope='orders'),
            action('two', 'x', scope='alerts'),
        ]
    )


def test_ids_are_unique():
    ids = [each.id for each in keymap.ACTIONS]
    assert len(ids) == len(set(ids))


def test_the_emergency_stop_comes_first_and_cannot_be_remapped():
    stop = next(
        b for b in keymap.bindings('app') if b.action == 'emergency_stop'
    )
    assert stop.key == 'ctrl+backslash,f9'
    assert stop.priority
    assert stop.id is None


def test_all_else_but_the_answers_can_be_remapped_by_its_id():
    for scope in keymap.SCOPES:
        for each in keymap.bindings(scope):
            assert each.id or each.action in ('emergency_stop', 'send', 'yes')


def test_hints_of_a_pane_begin_with_the_stop_and_its_own_keys():
    found = [each.id for each in keymap.hints('orders')]
    assert found[:4] == ['stop', 'cancel', 'modify', 'cancel_all']


def test_hints_of_the_ticket_leave_out_letters_that_fields_take():
    for each in keymap.hints('ticket'):
        assert not any(len(key) == 1 for key in each.keys), each.id


def test_hints_of_the_review_tell_how_to_send():
    assert 'send' in [each.id for each in keymap.hints('review')]


@pytest.mark.parametrize(
    ('key', 'text'),
    [
        ('ctrl+q', '^q'),
        ('ctrl+backslash', '^\\'),
        ('f9', 'F9'),
        ('f', 'f'),
        ('question_mark', '?'),
        ('escape', 'esc'),
        ('C', 'C'),
    ],
)
def test_keys_are_written_as_people_know_them(key, text):
    assert keymap.shown(key) == text


def test_an_action_without_keys_is_in_the_palette():
    resume = next(a for a in keymap.ACTIONS if a.id == 'resume')
    assert keymap.keys_text(resume) == '^p'
    for each in keymap.ACTIONS:
        assert each.keys or each.palette, each.id


def test_the_guide_is_made_from_the_table():
    guide = ROOT / 'docs' / 'guides' / 'KEYS.md'
    assert guide.read_text(encoding='utf-8') == keymap.to_markdown(), (
        'run: python -m tui.keymap > docs/guides/KEYS.md'
    )


def test_the_guide_has_every_action():
    guide = keymap.to_markdown()
    for each in keymap.ACTIONS:
        assert each.help in guide
