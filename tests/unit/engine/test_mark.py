"""The high-water mark."""

import stat

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from sting.engine import mark

pytestmark = pytest.mark.unit

SLOT = 512


def head(number):
    return number.to_bytes(32, 'big')


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'events.mark'


def moved(path, *numbers):
    water = mark.HighWater(path)
    for number in numbers:
        water.move(number, head(number))
    water.close()


def test_a_mark_is_read_back(path):
    moved(path, 7)
    assert mark.read(path) == mark.Mark(7, head(7))


def test_the_furthest_counts(path):
    moved(path, 1, 2, 3)
    assert mark.read(path).seq == 3
    moved(path, 4)
    assert mark.read(path).seq == 4


def test_it_is_read_while_it_is_open(path):
    water = mark.HighWater(path)
    water.move(1, head(1))
    assert mark.read(path).seq == 1
    water.sync()
    water.close()


def test_no_file_is_no_mark(path):
    assert mark.read(path) is None


@pytest.mark.parametrize('content', [b'', b'short', bytes(2 * SLOT)])
def test_a_file_without_a_whole_mark_is_none(path, content):
    path.write_bytes(content)
    assert mark.read(path) is None


@given(st.integers(0, 55), st.integers(1, 255))
@settings(deadline=None)
def test_a_torn_write_leaves_the_mark_before_it(tmp_path_factory, at, change):
    path = tmp_path_factory.mktemp('marks') / 'events.mark'
    moved(path, 1, 2, 3)
    raw = bytearray(path.read_bytes())
    # The third stands in the first slot again.
    raw[at] ^= change
    path.write_bytes(raw)
    assert mark.read(path) == mark.Mark(2, head(2))


def test_the_file_is_its_owners_only_and_lies_beside_the_log(path):
    moved(path, 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert mark.beside(path.with_suffix('.db')) == path
