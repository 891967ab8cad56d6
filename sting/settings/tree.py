"""YAML as a tree in which every value knows its file and line."""

from collections.abc import Iterable
import dataclasses
import difflib
import pathlib
import re
from typing import Any

import yaml

from sting.model import errors

# Aliases can make a document refer to itself.
_DEPTH = 16

# A number to any person, and to YAML 1.2; PyYAML takes it for text.
_POWER = re.compile(r'[-+]?\d+(\.\d*)?[eE][-+]?\d+', re.ASCII)

# The C parser reads ten times as fast, where PyYAML was built with it.
_Loader: Any = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


@dataclasses.dataclass(slots=True)
class Node:
    """A value of a YAML file, with its place.

    Attributes:
        value: A dict of nodes, a list of nodes, or a plain value.
        path: The file.
        line: The line, counted from 1; of the key where it has one.
    """

    value: Any
    path: pathlib.Path
    line: int

    def error(self, message: str) -> errors.ConfigError:
        """Makes an error that names this value's place."""
        return errors.ConfigError(message, path=self.path, line=self.line)


def parse(path: pathlib.Path) -> Node:
    """Reads a YAML file.

    Args:
        path: The file.

    Returns:
        Its tree; an empty file is an empty mapping.

    Raises:
        errors.ConfigError: It cannot be read, or is not YAML with a mapping
            at the top, or gives a key twice.
    """
    try:
        text = path.read_text(encoding='utf-8')
    except OSError as error:
        raise errors.ConfigError(
            f'cannot be read: {error.strerror}', path=path
        ) from None
    except UnicodeDecodeError:
        raise errors.ConfigError(
            'is not UTF-8 text; save it as UTF-8', path=path
        ) from None
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise errors.ConfigError(
            f'is not YAML: {error.problem or error.context}',
            path=path,
            line=None if mark is None else mark.line + 1,
        ) from None
    except yaml.YAMLError as error:
        raise errors.ConfigError(
            f'is not YAML: {" ".join(str(error).split())}', path=path
        ) from None
    if root is None:
        return Node({}, path, 1)
    tree = _convert(root, path, _DEPTH)
    if not isinstance(tree.value, dict):
        raise tree.error('expected keys with values at the top')
    return tree


def overlay(base: Node, top: Node) -> Node:
    """Lays one tree over another, key by key.

    Args:
        base: What holds where the other says nothing.
        top: What holds where it says something. Its lists replace lists,
            and a section of another `kind` replaces the whole section.

    Returns:
        A tree of both, in which every value keeps its own place.
    """
    if not isinstance(base.value, dict) or not isinstance(top.value, dict):
        return top
    if _kind(base) != _kind(top) and 'kind' in top.value:
        return top
    both = dict(base.value)
    for key, node in top.value.items():
        both[key] = overlay(both[key], node) if key in both else node
    return Node(both, top.path, top.line)


def _kind(node: Node) -> object:
    kind = node.value.get('kind')
    return None if kind is None else kind.value


def plain(node: Node) -> Any:
    """Gives what a tree says, without the places."""
    if isinstance(node.value, dict):
        return {key: plain(each) for key, each in node.value.items()}
    if isinstance(node.value, list):
        return [plain(each) for each in node.value]
    return node.value


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Says that a name is not known, and which was perhaps meant.

    Args:
        what: What the name stands for: key, profile, feed, ...
        name: The name.
        known: The names that there are.

    Returns:
        One sentence, with the nearest name or the list of all.
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f'unknown {what} {name!r}; did you mean {near[0]!r}?'
    if not names:
        return f'unknown {what} {name!r}; there are none'
    return f'unknown {what} {name!r}; there are: {", ".join(names)}'


def _convert(node: yaml.Node, path: pathlib.Path, depth: int) -> Node:
    line = node.start_mark.line + 1
    if depth == 0:
        raise errors.ConfigError('is nested too deeply', path=path, line=line)
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Node] = {}
        for key, item in node.value:
            at = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise errors.ConfigError(
                    'a key must be a word', path=path, line=at
                )
            if key.value in values:
                raise errors.ConfigError(
                    f'key {key.value!r} is given twice', path=path, line=at
                )
            value = _convert(item, path, depth - 1)
            value.line = at
            values[key.value] = value
        return Node(values, path, line)
    if isinstance(node, yaml.SequenceNode):
        items = [_convert(item, path, depth - 1) for item in node.value]
        return Node(items, path, line)
    plain = isinstance(node, yaml.ScalarNode) and not node.style
    if plain and _POWER.fullmatch(node.value):
        return Node(float(node.value), path, line)
    try:
        value = yaml.SafeLoader('').construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError):
        raise errors.ConfigError(
            f'{node.value!r} is not a value; put it in quotes if it is text',
            path=path,
            line=line,
        ) from None
    return Node(value, path, line)
