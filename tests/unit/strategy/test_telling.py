"""What a strategy says reaches whoever keeps it."""

import pytest

from sting.model import specs
from tests.unit.strategy import processes
from tests.unit.strategy import test_isolated

pytestmark = pytest.mark.unit

BUYER = test_isolated.BUYER
COUNTER = test_isolated.COUNTER
make = test_isolated.make


async def test_late_answers_are_noted_once_a_minute_and_counted(make):
    body = processes.on_bar('__import__("time").sleep(0.01)')
    desk = make(
        {'late': body}, process=specs.Process(late_ms=5, deadline_ms=30_000)
    )
    await desk.host.start('late', seq=3)
    desk.bar(7)
    desk.bar(8)
    await processes.until(lambda: desk.host.vitals('late').late == 2)
    ((name, text),) = desk.notes
    assert name == 'late'
    assert 'answered event 7 in' in text
    await desk.host.stop('late', seq=9)
    assert desk.host.vitals('late').late == 2


async def test_its_state_is_saved_when_it_stops(make):
    desk = make({'counter': COUNTER})
    await desk.host.start('counter', seq=3)
    desk.bar(7, timestamp=70)
    await processes.until(lambda: desk.signals)
    await desk.host.stop('counter', seq=9)
    (saved,) = desk.saved
    assert (saved.strategy, saved.seq) == ('counter', 7)
    assert saved.saved == {'seen': [70]}
    assert len(saved.code) == 16


async def test_its_state_is_saved_from_time_to_time_when_it_changed(make):
    limits = specs.Process(
        deadline_ms=30_000, late_ms=30_000, state_every_s=1.0
    )
    desk = make({'counter': COUNTER}, process=limits)
    await desk.host.start('counter', seq=3)
    desk.bar(7, timestamp=70)
    await processes.until(lambda: desk.saved)
    await desk.host.stop('counter', seq=9)
    assert [saved.seq for saved in desk.saved[-1:]] == [7]


async def test_one_without_state_saves_nothing(make):
    desk = make({'buyer': BUYER})
    await desk.host.start('buyer', seq=3)
    desk.bar(7)
    await processes.until(lambda: desk.signals)
    await desk.host.stop('buyer', seq=9)
    assert desk.saved == []
