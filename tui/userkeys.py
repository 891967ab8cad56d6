"""The user's keys: keymap.yaml, laid over the table of actions.

A line names an action and its keys, written as the help shows them:

    zoom: [F11, +]
    buy: B
"""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import pathlib

from textual import keys as textual_keys

from sting.settings import tree
from tui import keymap

FILE = 'keymap.yaml'
_BY_SHOWN = {text: key for key, text in keymap.SHOWN.items()}
_NAMED = frozenset(
    key.value for key in textual_keys.Keys if key.value.isprintable()
)
# A terminal cannot tell these from the key beside them.
_SAME = {
    'ctrl+i': 'tab',
    'ctrl+m': 'enter',
    'ctrl+j': 'enter',
    'ctrl+h': 'backspace',
    'ctrl+left_square_bracket': 'escape',
}
_F_KEYS = 24


def load(path: pathlib.Path) -> tuple[keymap.Action, ...]:
    """Reads the user's keys.

    Args:
        path: The file, which need not exist.

    Returns:
        The whole table, with the user's keys in the place of the usual ones.

    Raises:
        errors.ConfigError: An action or a key that there is not, a key that
            means two things, or one that cannot be changed; with the line.
    """
    if not path.exists():
        return keymap.ACTIONS
    root = tree.parse(path)
    by_id = {action.id: action for action in keymap.ACTIONS}
    wanted: dict[str, tuple[str, ...]] = {}
    for name, node in root.value.items():
        if name not in by_id:
            raise node.error(tree.unknown('action', str(name), by_id))
        wanted[name] = _keys(by_id[name], node)
    table = tuple(
        dataclasses.replace(action, keys=wanted.get(action.id, action.keys))
        for action in keymap.ACTIONS
    )
    _check(table, root)
    return table


def changed(actions: Sequence[keymap.Action]) -> Mapping[str, str]:
    """Gives the keys that are not the usual ones, as Textual wants them.

    Args:
        actions: The whole table.

    Returns:
        The keys by the action's name, joined with commas.
    """
    usual = {action.id: action.keys for action in keymap.ACTIONS}
    return {
        action.id: ','.join(action.keys)
        for action in actions
        if action.keys != usual[action.id]
    }


def key_of(text: str) -> str:
    """Gives the name of a key that a person has written.

    Args:
        text: As the help shows it, or by its name: ^q, ctrl+q, F9, ?, plus.

    Returns:
        The name; empty when there is no such key.
    """
    if text in _BY_SHOWN:
        return _BY_SHOWN[text]
    if len(text) == 1:
        return (
            textual_keys._character_to_key(text) if text.isprintable() else ''
        )
    if text.startswith('^') and len(text) == 2:
        text = 'ctrl+' + text[1]
    name = text.casefold()
    if name[0] == 'f' and name[1:].isdecimal():
        return name if 1 <= int(name[1:]) <= _F_KEYS else ''
    if name in _NAMED or name in keymap.SHOWN:
        return name
    modifier, _, rest = name.partition('+')
    return f'alt+{rest}' if modifier == 'alt' and len(rest) == 1 else ''


def _keys(action: keymap.Action, node: tree.Node) -> tuple[str, ...]:
    """Reads the keys of one action."""
    if action.fixed:
        raise node.error(
            f'the keys of {action.id} cannot be changed: '
            f'{keymap.keys_text(action)}'
        )
    items = node.value if isinstance(node.value, list) else [node]
    if not items:
        raise node.error(f'{action.id} has no key; give it one, or no line')
    return tuple(_key(item) for item in items)


def _key(node: tree.Node) -> str:
    text = str(node.value) if isinstance(node.value, str | int) else ''
    key = key_of(text) if text else ''
    if not key or isinstance(node.value, bool):
        raise node.error(
            f'unknown key {node.value!r}; write one as the help shows it, in '
            'quotes: "b", "B", "^b", "F11", "?"'
        )
    if key in _SAME:
        raise node.error(
            f'the key {text} is {_SAME[key]} to a terminal; take another'
        )
    return key


def _check(table: Sequence[keymap.Action], root: tree.Node) -> None:
    """Finds clashes, and names the line that makes one."""
    found = keymap.clash(table)
    if found is None:
        return
    key, one, other = found
    usual = {action.id: action.keys for action in keymap.ACTIONS}
    guilty = other if key not in usual[other.id] else one
    raise root.value[guilty.id].error(keymap.clash_text(key, one, other))
