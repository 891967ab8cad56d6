"""Bars on the disk."""

import numpy as np
import pytest

from sting.data import store
from sting.data import table
from sting.model import errors

pytestmark = pytest.mark.unit

KEY = store.Key('yahoo', 'BRK/B', '1m', '2013-03')


def month(count=5, known=((1, 9),)):
    values = np.arange(1.0, count + 1)
    columns = dict.fromkeys(('open', 'high', 'low', 'close', 'volume'), values)
    stamps = np.arange(1, count + 1, dtype=np.int64)
    return store.Month(
        table.BarTable.single('BRK/B', '1m', stamps, columns), known
    )


@pytest.fixture
def kept(tmp_path):
    return store.BarStore(tmp_path / 'data')


def test_what_is_written_is_read(kept):
    kept.write(KEY, month())
    found = kept.read(KEY)
    assert found.bars.digest() == month().bars.digest()
    assert found.known == ((1, 9),)


def test_a_month_without_bars_is_known_to_have_none(kept):
    kept.write(KEY, store.Month(table.BarTable.empty('BRK/B', '1m'), ((1, 9),)))
    found = kept.read(KEY)
    assert (len(found.bars), found.known) == (0, ((1, 9),))


def test_what_was_never_written_is_not_there(kept):
    assert kept.read(KEY) is None
    assert list(kept.entries()) == []


@pytest.mark.parametrize('name', ['..', '.', '/etc', 'a/../b', 'Ä b', '%2F'])
def test_a_symbol_names_no_other_folder(kept, name):
    key = store.Key('..', name, '1m', '2013-03')
    assert len(kept.path(key).relative_to(kept.root).parts) == 4
    kept.write(key, month())
    assert [entry.key for entry in kept.entries()] == [key]


def test_damage_anywhere_is_found_or_did_no_harm(kept):
    kept.write(KEY, month(500))
    path = kept.path(KEY)
    sound, wanted = path.read_bytes(), month(500).bars.digest()
    found = 0
    for place in range(0, len(sound), 199):
        data = bytearray(sound)
        data[place] ^= 0x55
        path.write_bytes(bytes(data))
        read = kept.read(KEY)
        assert read is None or read.bars.digest() == wanted
        found += read is None
    assert found > 5


def test_a_damaged_file_is_set_aside(kept):
    kept.write(KEY, month())
    path = kept.path(KEY)
    path.write_bytes(b'\xff' * 8 + path.read_bytes()[8:])
    assert kept.read(KEY) is None
    assert not path.exists()
    assert path.with_name(path.name + store.CORRUPT).exists()
    kept.write(KEY, month())
    assert kept.read(KEY) is not None


def test_a_file_that_ends_early_is_set_aside(kept):
    kept.write(KEY, month(500))
    path = kept.path(KEY)
    path.write_bytes(path.read_bytes()[:-100])
    assert kept.read(KEY) is None


def test_a_parquet_file_of_somebody_else_is_set_aside(kept):
    import pyarrow as pa
    from pyarrow import parquet

    path = kept.path(KEY)
    path.parent.mkdir(parents=True)
    parquet.write_table(pa.table({'a': [1]}), path)
    assert kept.read(KEY) is None


def test_a_file_says_what_it_holds(kept):
    kept.write(KEY, month())
    (entry,) = kept.entries()
    assert entry.key == KEY
    assert entry.size == entry.path.stat().st_size
    assert entry.changed == entry.path.stat().st_mtime_ns


def test_other_files_are_not_listed(kept):
    kept.write(KEY, month())
    kept.path(KEY).with_name('notes.parquet').write_text('x')
    assert len(list(kept.entries())) == 1


def test_a_place_that_takes_no_files_is_told(tmp_path):
    (tmp_path / 'data').write_text('a file')
    with pytest.raises(errors.InputError, match='cannot be written'):
        store.BarStore(tmp_path / 'data').write(KEY, month())


def test_nothing_half_written_stays(kept, monkeypatch):
    def full(*args, **options):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('pyarrow.parquet.write_table', full)
    with pytest.raises(errors.InputError, match='No space left'):
        kept.write(KEY, month())
    assert list(kept.path(KEY).parent.iterdir()) == []
