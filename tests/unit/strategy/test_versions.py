import importlib
import linecache
import os
import sys

from hypothesis import given
from hypothesis import strategies as st
import pytest

from sting import library
from sting.library import sma_cross
from sting.model import errors
from sting.strategy import loader
from sting.strategy import versions
from tests.unit.strategy import samples

pytestmark = pytest.mark.unit

CHILD = """\
from sting import strategy
from parent_v import Parent
import pack_v.helper

class Child(Parent):
    answer = pack_v.helper.ANSWER
"""
PARENT = """\
from sting import strategy

class Parent(strategy.AbstractStrategy):
    word = 'old'
"""


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """A process in which nothing of the user's was imported yet."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, 'path', list(sys.path))
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def path(tmp_path):
    """A strategy with a parent, and a helper in a package."""
    folder = tmp_path / 'mine'
    (folder / 'pack_v').mkdir(parents=True)
    samples.write(folder, 'parent_v.py', PARENT)
    samples.write(folder / 'pack_v', '__init__.py', '')
    samples.write(folder / 'pack_v', 'helper.py', 'ANSWER = 42\n')
    return samples.write(folder, 'child_v.py', CHILD)


@pytest.fixture
def store(tmp_path):
    return versions.Store(tmp_path / 'versions')


def load(reference, version=None):
    """Loads as a process of its own does; gives the class and the version."""
    for name in [n for n in sys.modules if n.partition('.')[0].endswith('_v')]:
        del sys.modules[name]
    importlib.invalidate_caches()
    with versions.Recorder(str(reference), version) as recorder:
        kind = loader.load(str(reference), recorder)
    return kind, recorder.version()


def names(version):
    return [source.name for source in version.sources]


def test_a_version_has_every_file_that_was_loaded(path):
    _, version = load(path)
    assert names(version) == [
        'child_v.py', 'pack_v', 'pack_v.helper', 'parent_v',
    ]  # fmt: skip
    assert version.sources[0].path == str(path)
    assert [s.name for s in version.sources if s.package] == ['pack_v']


def test_what_is_not_the_users_is_in_no_version(path):
    samples.write(
        path.parent,
        'parent_v.py',
        PARENT + 'import json.tool\nimport yaml\nimport sting.library\n',
    )
    _, version = load(path)
    assert len(names(version)) == 4


def test_a_strategy_that_ships_counts_with_its_own_file(monkeypatch):
    # Other tests go on with the module that they have.
    monkeypatch.setattr(library, 'sma_cross', sma_cross)
    monkeypatch.delitem(sys.modules, sma_cross.__name__)
    _, version = load('sting.library.sma_cross')
    assert names(version) == ['sting.library.sma_cross']


@pytest.mark.parametrize('file', ['child_v.py', 'parent_v.py'])
def test_the_hash_changes_with_any_of_its_files(path, file):
    _, first = load(path)
    changed = path.parent / file
    changed.write_text(changed.read_text() + '# more\n')
    _, second = load(path)
    assert len(first.code) == 16
    assert first.code != second.code


def test_the_hash_is_the_same_in_another_folder(path):
    _, first = load(path)
    moved = path.parent.rename(path.parent.with_name('theirs'))
    _, second = load(moved / path.name)
    assert first.code == second.code


@given(
    first=st.dictionaries(st.text(), st.binary(), max_size=3),
    second=st.dictionaries(st.text(), st.binary(), max_size=3),
)
def test_different_files_have_different_hashes(first, second):
    codes = [
        versions.Version(
            'x', tuple(versions.Source(n, '', files[n]) for n in sorted(files))
        ).code
        for files in (first, second)
    ]
    assert (codes[0] == codes[1]) == (first == second)


def test_an_edit_of_the_same_size_in_the_same_second_is_seen(path):
    parent = path.parent / 'parent_v.py'
    load(path)
    sys.path.insert(0, str(path.parent))
    # As the user's own tests would: it writes a .pyc.
    importlib.import_module('parent_v')
    stamp = parent.stat()
    parent.write_text(PARENT.replace('old', 'new'))
    os.utime(parent, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    kind, _ = load(path)
    assert kind.word == 'new'


def test_a_copy_is_given_back_as_it_was_loaded(path, store):
    _, version = load(path)
    store.save(version)
    assert store.load(version.code) == version


def test_a_version_is_loaded_from_its_copy_under_the_same_names(path, store):
    first, version = load(path)
    store.save(version)
    (path.parent / 'parent_v.py').write_text(PARENT.replace('old', 'new'))
    (path.parent / 'pack_v' / 'helper.py').unlink()
    path.unlink()
    again, loaded = load(path, store.load(version.code))
    assert again is not first
    assert (again.word, again.answer) == ('old', 42)
    assert again.__module__ == first.__module__
    assert loaded.code == version.code


def test_the_lines_of_a_traceback_are_those_that_ran(path, store):
    _, version = load(path)
    path.write_text('# now it says something else\n')
    load(path, version)
    linecache.checkcache()
    assert linecache.getline(str(path), 5) == 'class Child(Parent):\n'


def test_a_copy_is_the_owners_alone(path, store, tmp_path):
    _, version = load(path)
    store.save(version)
    place = tmp_path / 'versions' / version.code
    assert place.stat().st_mode & 0o777 == 0o700
    assert {f.stat().st_mode & 0o777 for f in place.iterdir()} == {0o600}
    assert [f.name for f in (tmp_path / 'versions').iterdir()] == [version.code]


def of(number, reference='x.py'):
    text = f'{number}'.encode()
    return versions.Version(
        reference, (versions.Source('x.py', '/x.py', text),)
    )


def test_the_oldest_copies_of_a_strategy_are_forgotten(store, tmp_path):
    made = [of(number) for number in range(versions.KEPT + 2)]
    other = of('other', 'y.py')
    for age, version in enumerate([other, *made]):
        store.save(version)
        os.utime(tmp_path / 'versions' / version.code, (age, age))
    store.save(made[0])  # Counts as new again.
    store.save(of('last'))
    kept = {place.name for place in (tmp_path / 'versions').iterdir()}
    assert len(kept) == versions.KEPT + 1
    assert {other.code, made[0].code, made[-1].code} < kept
    assert made[1].code not in kept


def test_a_copy_that_was_changed_is_refused(store, tmp_path):
    version = of(1)
    store.save(version)
    place = tmp_path / 'versions' / version.code
    (place / '01_x.py').write_text('2')
    with pytest.raises(errors.StrategyError, match='was changed'):
        store.load(version.code)


def test_a_copy_that_is_not_there_is_an_error(store):
    with pytest.raises(errors.StrategyError, match='no copy of version c0de'):
        store.load('c0de')


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / 'file').write_text('')
    store = versions.Store(tmp_path / 'file' / 'versions')
    with pytest.raises(errors.StrategyError, match='no copy of this version'):
        store.save(of(1))


def test_what_changed_is_told_by_name():
    before = {'a': '1', 'b': '1', 'c': '1'}
    after = {'a': '1', 'b': '2', 'd': '1'}
    told = versions.describe_change(before, after)
    assert told == 'b changed; d new; c gone'
    assert versions.describe_change(before, before) == ''
