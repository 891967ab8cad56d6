import os
import types

import pytest

from sting.strategy import codecache
from sting.strategy import jit

pytestmark = pytest.mark.unit


def double(value):
    return value + value


@pytest.fixture
def compiled(tmp_path, monkeypatch):
    """Compiles as a new process would."""

    def make():
        monkeypatch.setattr(jit, '_known', {})
        return jit.compile(double, (1.0,), tmp_path)

    return make


def test_the_second_time_the_code_comes_from_the_file(compiled, tmp_path):
    first = compiled()
    assert not first._cache.hit
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    second = compiled()
    assert second._cache.hit
    assert first(2.5) == second(2.5) == 5.0
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    'spoil',
    [
        lambda raw: raw[:-1],
        lambda raw: raw[:-100] + bytes([raw[-100] ^ 1]) + raw[-99:],
        lambda raw: b'',
        lambda raw: raw[:40],
        lambda raw: bytes(32) + raw[32:],
    ],
    ids=['short', 'flipped', 'empty', 'cut', 'digest'],
)
def test_a_file_that_is_not_whole_is_set_aside(compiled, tmp_path, spoil):
    compiled()
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(spoil(whole))
    again = compiled()
    assert not again._cache.hit
    assert again(2.0) == 4.0
    aside = file.with_suffix('.corrupt')
    assert aside.read_bytes() == spoil(whole)
    assert compiled()._cache.hit


def test_code_that_names_what_is_gone_is_set_aside(compiled, tmp_path):
    compiled()
    (file,) = tmp_path.iterdir()
    payload = b'cno_such_module\nthing\n.'
    file.write_bytes(codecache._digest(payload) + payload)
    assert not compiled()._cache.hit
    assert file.with_suffix('.corrupt').exists()


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path, monkeypatch):
    monkeypatch.setattr(jit, '_known', {})
    file = tmp_path / 'file'
    file.write_text('')
    made = jit.compile(double, (1.0,), file / 'below')
    assert made(1.0) == 2.0


def test_a_failed_write_leaves_nothing_behind(compiled, tmp_path, monkeypatch):
    def full(*_):
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(codecache.pathlib.Path, 'replace', full)
        assert compiled()(1.0) == 2.0
    assert not list(tmp_path.iterdir())


def test_only_so_many_files_are_kept_the_newest_of_them(
    compiled, tmp_path, monkeypatch
):
    monkeypatch.setattr(codecache, 'KEPT', 2)
    for age, name in enumerate(('newer.code', 'older.corrupt', 'oldest.x')):
        file = tmp_path / name
        file.write_text('')
        os.utime(file, (1000 - age, 1000 - age))
    compiled()
    names = sorted(each.name.partition('-')[0] for each in tmp_path.iterdir())
    assert names == ['double', 'newer.code']


def test_code_that_points_into_this_process_is_not_kept(tmp_path):
    library = types.SimpleNamespace(has_dynamic_globals=True)
    result = types.SimpleNamespace(library=library, lifted=())
    codecache.CodeFile(tmp_path / 'a.code').save_overload(None, result)
    assert not list(tmp_path.iterdir())
