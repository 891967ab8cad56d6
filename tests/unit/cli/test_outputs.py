"""Files that a command writes: all of them or none."""

import pytest

from sting.cli import outputs
from sting.model import errors

pytestmark = pytest.mark.unit


def test_all_are_written(tmp_path):
    one, two = tmp_path / 'one', tmp_path / 'two'
    one.write_text('old')
    outputs.write(
        [
            (one, lambda path: path.write_text('1')),
            (two, lambda path: path.write_text('2')),
        ]
    )
    assert (one.read_text(), two.read_text()) == ('1', '2')


def test_where_one_fails_none_is_written(tmp_path):
    def fails(path):
        raise OSError(28, 'No space left on device')

    one = tmp_path / 'one'
    with pytest.raises(errors.InputError, match='No space left'):
        outputs.write(
            [(one, lambda path: path.write_text('1')), (tmp_path / 'x', fails)]
        )
    assert list(tmp_path.iterdir()) == []


def test_a_place_twice_or_none_is_refused(tmp_path):
    with pytest.raises(errors.InputError, match='two outputs'):
        outputs.check([tmp_path / 'a', tmp_path / 'a'])
    with pytest.raises(errors.InputError, match='cannot be written there'):
        outputs.check([tmp_path])
    outputs.check([tmp_path / 'a'])
