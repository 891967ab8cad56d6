"""The last lines of what a strategy wrote and printed."""

import pytest

from sting.session import outputs
from sting.session import parts
from sting.strategy import isolated

pytestmark = pytest.mark.unit


def printed(folder, name, text, more=''):
    path = isolated.output_of(folder / parts.STRATEGIES, name)
    path.parent.mkdir(exist_ok=True)
    path.with_name(path.name + more).write_bytes(text)


def test_before_there_is_a_file_there_is_nothing(tmp_path):
    assert outputs.read(tmp_path, 'sma', 10) == ()


def test_the_last_lines_come_the_oldest_first(tmp_path):
    printed(tmp_path, 'sma', b'a\nb\nc\n')
    printed(tmp_path, 'a/b', b'of another\n')
    assert outputs.read(tmp_path, 'sma', 2) == ('b', 'c')
    assert outputs.read(tmp_path, 'a/b', 2) == ('of another',)


def test_of_a_long_file_only_whole_lines_of_its_end_are_read(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(outputs, 'TAIL', 100)
    printed(tmp_path, 'sma', b'x' * 300 + b'\nend \xff\n')
    found = outputs.read(tmp_path, 'sma', 99)
    assert found == ('end \N{REPLACEMENT CHARACTER}',)


def test_when_a_new_file_was_begun_the_one_before_is_read_too(tmp_path):
    printed(tmp_path, 'sma', b'old\n', '.1')
    printed(tmp_path, 'sma', b'new\n')
    assert outputs.read(tmp_path, 'sma', 9) == ('old', 'new')
    assert outputs.read(tmp_path, 'sma', 1) == ('new',)
