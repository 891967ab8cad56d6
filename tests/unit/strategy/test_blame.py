import pathlib

import pytest

from sting import strategy
from sting.library import sma_cross
from sting.strategy import blame
from sting.strategy import parameters

pytestmark = pytest.mark.unit


class Parent(sma_cross.SmaCross):
    pass


def raised(action):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        action()
    return caught.value


def test_files_are_those_of_the_class_and_its_parents():
    assert blame.files_of(Parent) == [__file__, sma_cross.__file__]


def test_a_class_without_a_file_has_none():
    made = type('Made', (strategy.AbstractStrategy,), {'__module__': 'nope'})
    assert blame.files_of(made) == []


def test_without_a_frame_of_the_user_the_innermost_foreign_one_counts():
    error = raised(lambda: pathlib.Path('nowhere.txt').read_text())
    assert 'pathlib' in str(blame.failure(error, ['other.py']).path)


def test_without_any_frame_the_first_file_counts():
    error = ValueError('a\n b')
    assert str(blame.failure(error, ['x.py'])) == 'x.py: ValueError: a b'
    assert str(blame.failure(error, [])) == 'ValueError: a b'


def test_the_frames_of_sting_are_never_blamed():
    error = raised(lambda: parameters.Parameter([]))
    error.__traceback__ = error.__traceback__.tb_next.tb_next
    found = blame.failure(error, ['x.py'])
    assert (found.path, found.line) == ('x.py', None)


def test_the_remedy_comes_last():
    assert str(blame.failure(KeyError(), [], 'do this')) == 'KeyError; do this'
