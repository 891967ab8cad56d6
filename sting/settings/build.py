"""From trees of YAML to values of the schema, with errors that name places."""

import datetime
import enum
import math
import re
import types
import typing
from typing import Any

import msgspec

from sting.model import errors
from sting.settings import tree

# What msgspec calls the kinds of values, in the words of a YAML file.
_WORDS = {
    'str': 'text',
    'int': 'a whole number',
    'float': 'a number',
    'bool': 'true or false',
    'array': 'a list',
    'object': 'keys with values',
    'null': 'nothing',
    'date': 'a date',
}

# How msgspec writes them: `float | null`.
_KINDS = re.compile('`([^`]*)`')


def build(node: tree.Node, kind: Any, where: str = '') -> Any:
    """Makes a value of the schema.

    Args:
        node: What the YAML says.
        kind: The type that it has to have: a Struct, several Structs told
            apart by their tag, a dict by name, or anything msgspec converts.
        where: The dotted path to it, for messages.

    Returns:
        The value.

    Raises:
        errors.ConfigError: A key is not known or missing, or a value is not
            of its type.
    """
    origin = typing.get_origin(kind)
    if origin is dict:
        return _build_dict(node, kind, where)
    if origin is tuple:
        return _build_tuple(node, kind, where)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _build_struct(node, kind, where)
    if origin in (typing.Union, types.UnionType):
        structs = [
            choice
            for choice in typing.get_args(kind)
            if isinstance(choice, type) and issubclass(choice, msgspec.Struct)
        ]
        if len(structs) == 1 and structs[0].__struct_config__.tag is None:
            return _build_struct(node, structs[0], where)
        if structs:
            return _build_tagged(node, structs, where)
    return _build_leaf(node, kind, where)


def _mapping(node: tree.Node, where: str) -> dict[str, tree.Node]:
    if not isinstance(node.value, dict):
        raise node.error(
            f'{where or "this"}: expected keys with values, '
            f'got {_name(node.value)}'
        )
    return node.value


def _build_dict(node: tree.Node, kind: Any, where: str) -> dict[str, Any]:
    key_type, value_type = typing.get_args(kind)
    known = typing.get_args(key_type)
    result = {}
    for key, item in _mapping(node, where).items():
        if known and key not in known:
            raise item.error(tree.unknown('key', key, known))
        result[key] = build(item, value_type, _join(where, key))
    return result


def _build_tuple(node: tree.Node, kind: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(node.value, list):
        raise node.error(f'{where}: expected a list, got {_name(node.value)}')
    item_type = typing.get_args(kind)[0]
    return tuple(build(item, item_type, where) for item in node.value)


def _build_struct(
    node: tree.Node, kind: type[msgspec.Struct], where: str
) -> Any:
    given = _mapping(node, where)
    config = kind.__struct_config__
    fields = {
        field.encode_name: field for field in msgspec.structs.fields(kind)
    }
    known = [*fields, config.tag_field] if config.tag_field else [*fields]
    values = {}
    for key, item in given.items():
        if key not in known:
            raise item.error(tree.unknown('key', key, known))
        if key in fields:
            values[fields[key].name] = build(
                item, fields[key].type, _join(where, key)
            )
    for key, field in fields.items():
        if field.required and key not in given:
            raise node.error(f'{where or "this file"}: {key!r} is missing')
    try:
        return kind(**values)
    except (ValueError, errors.ConfigError) as error:
        raise node.error(f'{where}: {error}' if where else str(error)) from None


def _build_tagged(
    node: tree.Node, structs: list[type[msgspec.Struct]], where: str
) -> Any:
    by_tag = {str(kind.__struct_config__.tag): kind for kind in structs}
    field = structs[0].__struct_config__.tag_field or 'type'
    given = _mapping(node, where)
    if field not in given:
        raise node.error(
            f'{where}: {field!r} is missing; one of {", ".join(by_tag)}'
        )
    tag = given[field]
    if not isinstance(tag.value, str) or tag.value not in by_tag:
        raise tag.error(tree.unknown(field, str(tag.value), by_tag))
    return _build_struct(node, by_tag[tag.value], where)


def _build_leaf(node: tree.Node, kind: Any, where: str) -> Any:
    if isinstance(node.value, dict | list):
        raise node.error(f'{where}: expected one value, got several')
    if isinstance(node.value, float) and not math.isfinite(node.value):
        raise node.error(f'{where}: must be a finite number')
    try:
        return msgspec.convert(node.value, kind)
    except msgspec.ValidationError as error:
        raise node.error(
            f'{where}: {_explain(node.value, kind, str(error))}'
        ) from None


def _explain(value: object, kind: Any, message: str) -> str:
    """Puts msgspec's message into the words of a YAML file."""
    choices: list[str] = []
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        choices = [str(choice.value) for choice in kind]
    elif typing.get_origin(kind) is typing.Literal:
        choices = [str(choice) for choice in typing.get_args(kind)]
    if choices:
        return f'{value!r} is not one of: {", ".join(choices)}'
    bounds = _bounds(kind)
    if bounds and not isinstance(value, bool | str):
        return f'expected {bounds}, got {value!r}'
    message = message.partition(' - at ')[0]
    message = _KINDS.sub(_in_words, message)
    if isinstance(value, bool) and message.startswith('Expected text'):
        message += '; put it in quotes'
    return message[:1].lower() + message[1:]


def _in_words(found: re.Match[str]) -> str:
    kinds = found[1].split(' | ')
    return ' or '.join(_WORDS.get(kind, kind) for kind in kinds)


def _bounds(kind: Any) -> str:
    """Says what a bounded number has to be; '' for what has no bounds."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        # A number or nothing; what may be several things has several bounds.
        choices = [
            each for each in typing.get_args(kind) if each is not type(None)
        ]
        kind = choices[0] if len(choices) == 1 else None
    if typing.get_origin(kind) is not typing.Annotated:
        return ''
    number, meta = typing.get_args(kind)[:2]
    if number not in (int, float):
        return ''
    signs = {'>': meta.gt, '>=': meta.ge, '<': meta.lt, '<=': meta.le}
    allowed = ' and '.join(
        f'{sign} {limit:,}'
        for sign, limit in signs.items()
        if limit is not None
    )
    return f'{_WORDS[number.__name__]} {allowed}'


def _name(value: object) -> str:
    if isinstance(value, dict):
        return _WORDS['object']
    if isinstance(value, list):
        return _WORDS['array']
    if value is None:
        return _WORDS['null']
    if isinstance(value, datetime.date):
        return _WORDS['date']
    return _WORDS.get(type(value).__name__, 'something else')


def _join(where: str, key: str) -> str:
    return f'{where}.{key}' if where else key
