"""Logs to read and to damage."""

import asyncio
import shutil

import pytest

from tests.unit.engine import logs


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'events.db'


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    """A log of five events, as the journal wrote it."""
    path = tmp_path_factory.mktemp('five') / 'events.db'
    asyncio.run(logs.written(path, logs.some_events(5)))
    return path


@pytest.fixture
def five(written, path):
    """A log of five events, to be damaged."""
    for file in written.parent.iterdir():
        shutil.copy(file, path.parent)
    return path
