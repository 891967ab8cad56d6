"""`sting reload` against an engine that really runs."""

import json

import pytest

from tests.unit.session import stations

pytestmark = pytest.mark.unit


@pytest.fixture
def running(engine):
    """The strategy of the demo runs."""
    stations.until(
        lambda: engine.station.snapshot().strategies[0].status == 'running'
    )


def test_reload_without_an_engine_exits_with_3(sting, home):
    assert sting('reload', 'sma_demo').code == 3


def test_reload_of_what_is_not_there_exits_with_1(sting, engine):
    outcome = sting('reload', 'nothing')
    assert outcome.code == 1
    assert 'there is no strategy nothing' in outcome.err


def test_a_strategy_is_reloaded(sting, engine, running):
    outcome = sting('reload', 'sma_demo')
    assert outcome.code == 0
    assert outcome.out == 'sma_demo running: reloaded: nothing changed\n'


def test_json_is_the_strategys_row(sting, engine, running):
    outcome = sting('reload', 'sma_demo', '--json')
    row = json.loads(outcome.out)
    assert (row['name'], row['status'], row['error']) == (
        'sma_demo',
        'running',
        '',
    )
    assert len(row['code']) == 16


def test_a_way_back_that_is_not_there_exits_with_1(sting, engine, running):
    outcome = sting('reload', 'sma_demo', '--back')
    assert (outcome.code, outcome.out) == (1, '')
    assert 'there is no version before this one' in outcome.err
