"""Files are written whole or not at all."""

import os
import stat

import pytest

from sting.data import outputs
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


def test_a_place_that_takes_no_file_is_told_before_it_is_written(tmp_path):
    for place in (tmp_path, tmp_path / 'none' / 'x'):
        with (
            pytest.raises(errors.InputError, match=r'cannot .*; name a file'),
            outputs.replacing(place),
        ):
            pytest.fail('it was written')
    assert list(tmp_path.iterdir()) == []


def test_what_is_raised_leaves_the_old_file(tmp_path):
    path = tmp_path / 'x'
    path.write_text('old')

    def broken(fresh):
        fresh.write_text('ne')
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outputs.write([(path, broken)])
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_takes_the_place_before_it_is_on_the_disk(
    tmp_path, monkeypatch
):
    def full(handle):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(outputs.os, 'fsync', full)
    with (
        pytest.raises(errors.InputError, match=r'x: cannot be.*No space left'),
        outputs.replacing(tmp_path / 'x') as fresh,
    ):
        fresh.write_text('new')
    assert list(tmp_path.iterdir()) == []


def test_others_may_read_it_as_the_umask_says(tmp_path):
    before = os.umask(0o027)
    try:
        with outputs.replacing(tmp_path / 'x') as fresh:
            fresh.write_text('new')
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / 'x').stat().st_mode) == 0o640
