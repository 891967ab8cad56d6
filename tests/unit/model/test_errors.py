"""The exceptions and the tree that is drawn of them."""

import inspect
import re

import pytest

from sting.model import errors

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('path', 'line', 'message'),
    [
        (None, None, 'wrong'),
        ('a.yaml', None, 'a.yaml: wrong'),
        ('a.yaml', 3, 'a.yaml:3: wrong'),
        (None, 3, 'line 3: wrong'),
    ],
)
def test_an_input_error_names_its_place(path, line, message):
    error = errors.DataError('wrong', path=path, line=line)
    assert str(error) == message
    assert (error.path, error.line) == (path, line)


def test_a_corrupt_log_names_the_first_bad_event():
    assert errors.JournalCorruptError('wrong', 7).first_bad == 7


def test_the_tree_at_the_top_is_the_tree():
    drawn = re.findall(r'^\|( +)(\w+)', errors.__doc__, re.MULTILINE)
    above: dict[int, str] = {}
    parents = {}
    for indent, name in drawn:
        depth = len(indent) // 2
        above[depth] = name
        parents[name] = above.get(depth - 1)
    classes = inspect.getmembers(errors, inspect.isclass)
    assert set(parents) == {name for name, _ in classes}
    for name, cls in classes:
        if parents[name] is not None:
            assert cls.__base__.__name__ == parents[name]
