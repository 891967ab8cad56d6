"""No flipped bit and no lost byte of a log goes unnoticed."""

import asyncio
import collections
import pathlib

import numpy as np
import pytest

from benchmarks import trader
from sting.engine import chain
from sting.engine import image
from sting.engine import journal
from sting.engine import mark
from sting.engine import reader
from sting.engine import recovery
from sting.engine import state
from sting.model import errors
from sting.model import events
from sting.model import records

pytestmark = pytest.mark.integration

# The events up to here are in the database, what follows is in its WAL.
IN_DATABASE = 2_000
IN_WAL = 1_000
NAMES = ('events.db', 'events.db-wal')


class Whole:
    """An intact log with checkpoints, as an engine that was killed leaves it.

    Attributes:
        files: By name, the bytes.
        rows: What stands in it.
        lived: The state at its end.
    """

    def __init__(self, folder):
        self.path = folder / 'events.db'
        self._live = trader.Trader()
        asyncio.run(self._write(IN_DATABASE, self._close))
        asyncio.run(self._write(IN_WAL, self._leave))
        self.lived = image.capture(self._live.state)

    async def _write(self, count, end):
        last = mark.read(mark.beside(self.path)) or mark.START
        log = await journal.Journal.open(
            self.path, seq=last.seq, head=last.head
        )
        for _ in range(2):
            await log.append(self._live.batch(count // 2))
            raw, digest = recovery.pack(image.capture(self._live.state))
            at = log.last
            await log.keep(at, raw)
            told = records.Checkpoint(up_to=at.seq, digest=digest)
            await log.append(self._live.tell(events.EventType.CHECKPOINT, told))
        await end(log)

    async def _close(self, log):
        await log.close()

    async def _leave(self, log):
        """Takes the files as they are while the writer has them open."""
        names = (*NAMES, mark.beside(self.path).name)
        self.files = {n: (self.path.parent / n).read_bytes() for n in names}
        self.rows = list(reader.rows(self.path, 0))
        await log.close()

    def copy(self, folder):
        """Lays the files anew; gives the path of the log."""
        for old in folder.iterdir():
            old.unlink()
        for name, raw in self.files.items():
            (folder / name).write_bytes(raw)
        return folder / 'events.db'


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    return Whole(tmp_path_factory.mktemp('whole'))


def is_changed(whole, path):
    """Whether a reader who trusts the file is given something else."""
    try:
        return list(reader.rows(path, 0)) != whole.rows
    except errors.JournalError:
        return True


def is_noticed(path):
    try:
        return not chain.verify(path).ok
    except errors.JournalError:
        return True


def start(path):
    """Does what a start does; gives the state, None where it is refused."""
    system = state.SystemState()
    try:
        found = recovery.restore(path, system, lambda event: None)
        recovery.verify_older(path, found.base)
    except errors.JournalError:
        return None
    return image.capture(system)


def flip(random, path):
    raw = bytearray(path.read_bytes())
    at = int(random.integers(len(raw)))
    bit = int(random.integers(8))
    raw[at] ^= 1 << bit
    path.write_bytes(raw)
    return f'bit {bit} of byte {at} of {path.name}'


def truncate(random, path):
    raw = path.read_bytes()
    at = int(random.integers(len(raw)))
    path.write_bytes(raw[:at])
    return f'{path.name} cut at {at} of {len(raw)}'


def damage_often(whole, folder, times, seed):
    """Damages a copy each time; gives how often what came of it."""
    random = np.random.default_rng(seed)
    counts = collections.Counter()
    for _ in range(times):
        path = whole.copy(folder)
        # A database cut short is rarer than a flipped bit.
        how = flip if random.random() < 0.8 else truncate
        done = how(random, folder / NAMES[int(random.integers(2))])
        noticed = is_noticed(path)
        if is_changed(whole, path):
            assert noticed, f'{done}: verify says that all is well'
            assert start(path) is None, f'{done}: it starts'
            counts['changed'] += 1
        else:
            lived = start(path)
            assert lived in (None, whole.lived), f'{done}: a wrong state'
            counts['as it was' if lived else 'refused'] += 1
    return counts


@pytest.mark.timeout(110)
def test_200_damages_to_database_and_wal_are_noticed(whole, tmp_path):
    counts = damage_often(whole, tmp_path, 200, seed=1)
    # Most of the bytes are events, so this cannot pass by doing nothing.
    assert counts['changed'] > 100
    assert counts['as it was'] > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_1000_damages_to_database_and_wal_are_noticed(whole, tmp_path):
    counts = damage_often(whole, tmp_path, 1_000, seed=2)
    assert counts['changed'] > 500


@pytest.mark.parametrize('name', [*NAMES, 'events.mark'])
def test_a_missing_file_never_gives_another_state(whole, tmp_path, name):
    path = whole.copy(tmp_path)
    (tmp_path / name).unlink()
    if name == 'events.mark':
        # The rows are all there, and nothing says that there were more.
        assert start(path) == whole.lived
    else:
        assert is_noticed(path)
        assert start(path) is None


def test_every_byte_of_a_checkpoint_counts(whole, tmp_path):
    """A flip in an image falls back on an older one, or on the events."""
    random = np.random.default_rng(3)
    path = whole.copy(tmp_path)
    images = checkpoint_images(path)
    raw = pathlib.Path(path).read_bytes()
    hits = 0
    for _ in range(40):
        path = whole.copy(tmp_path)
        each = images[int(random.integers(len(images)))]
        # In the database an image begins with what zlib writes first.
        place = raw.find(each[:64])
        if place < 0:
            continue
        at = place + int(random.integers(64))
        changed = bytearray(raw)
        changed[at] ^= 1 << int(random.integers(8))
        path.write_bytes(changed)
        assert start(path) == whole.lived
        hits += 1
    assert hits > 10


def checkpoint_images(path):
    connection = reader.open_reader(path)
    found = connection.execute('SELECT image FROM checkpoints').fetchall()
    connection.close()
    return [each for (each,) in found]
