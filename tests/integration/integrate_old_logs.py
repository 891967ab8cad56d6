"""A log of every version is read for ever; `tools/make_log.py` writes them."""

import pathlib
import shutil

import msgspec
import pytest

from sting import version
from sting.engine import chain
from sting.engine import reader
from sting.engine import recovery
from sting.engine import state
from sting.model import events

pytestmark = pytest.mark.integration

LOGS = pathlib.Path(__file__).parents[1] / 'mock_data' / 'logs'
VERSIONS = sorted(path.stem for path in LOGS.glob('*.db'))


def told(system):
    """What a person would be told of a state, as JSON holds it."""
    account = system.portfolio
    return {
        'log': system.log,
        'seq': system.seq,
        'time': system.time,
        'cash': account.cash,
        'held': {name: account.quantity(name) for name in account.held},
        'realized': {
            name: each.realized for name, each in account.positions.items()
        },
        'books': {name: book.cash for name, book in system.books.items()},
        'orders': {
            each.id: [str(each.status), each.filled, each.average_price]
            for each in system.orders.values()
        },
        'prices': system.prices,
        'trading': str(system.trading),
        'strategies': {
            name: each.status for name, each in system.strategies.items()
        },
    }


@pytest.fixture(params=VERSIONS)
def old(request, tmp_path):
    """An old log, to be opened, and what it said when it was written."""
    path = shutil.copy(LOGS / f'{request.param}.db', tmp_path / 'events.db')
    says = msgspec.json.decode((LOGS / f'{request.param}.json').read_bytes())
    return path, says


def test_it_verifies(old):
    path, says = old
    found = chain.verify(path)
    assert found.ok, found.message
    assert (found.head, found.events) == (says.pop('head'), says['seq'])


def test_a_start_gives_the_state_that_it_had(old):
    path, says = old
    del says['head']
    system = state.SystemState()
    found = recovery.restore(path, system, lambda event: None)
    # From the checkpoint, which is as old.
    assert found.base.seq > 1
    assert told(system) == says


def test_its_events_alone_give_the_same_state(old):
    path, says = old
    del says['head']
    system = state.SystemState()
    for event in reader.read(path):
        system.apply(event)
    assert told(system) == says


def test_this_version_has_one_with_every_type_of_event(tmp_path):
    assert version.__version__ in VERSIONS, 'run tools/make_log.py'
    source = LOGS / f'{version.__version__}.db'
    path = shutil.copy(source, tmp_path / 'events.db')
    kinds = {event.type for event in reader.read(path)}
    assert kinds == set(events.EventType), 'run tools/make_log.py'
