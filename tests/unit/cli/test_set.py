"""`sting set` against an engine that really runs."""

import json

import pytest

from tests.unit.session import stations

pytestmark = pytest.mark.unit


def row(engine):
    return engine.station.snapshot().strategies[0]


@pytest.fixture
def running(engine):
    """The strategy of the demo runs."""
    stations.until(lambda: row(engine).status == 'running')


def test_set_without_an_engine_exits_with_3(sting, home):
    assert sting('set', 'sma_demo', 'fast=5').code == 3


def test_a_parameter_is_set_and_taken_back(sting, engine, running):
    outcome = sting('set', 'sma_demo', 'fast=7')
    assert outcome.code == 0
    assert outcome.out.startswith('sma_demo running: set: fast 7 (was ')
    assert row(engine).given == ('fast',)
    outcome = sting('set', 'sma_demo', 'fast=', '--json')
    assert json.loads(outcome.out)['given'] == []


@pytest.mark.parametrize(
    ('words', 'code', 'why'),
    [
        (['fast=0'], 1, 'parameter fast is'),
        (['fats=5'], 1, 'did you mean'),
        (['fast'], 2, 'write NAME=VALUE'),
        (['=5'], 2, 'write NAME=VALUE'),
        ([], 2, 'Missing argument'),
    ],
)
def test_what_cannot_be_set_is_told(sting, engine, running, words, code, why):
    outcome = sting('set', 'sma_demo', *words)
    assert outcome.code == code
    assert why in outcome.err


def test_a_stopped_strategy_takes_it_with_its_start(sting, engine, running):
    engine.station.emergency_stop('operator', 'enough')
    stations.until(lambda: row(engine).status == 'stopped')
    outcome = sting('set', 'sma_demo', 'fast=6')
    assert outcome.code == 0
    assert 'takes this with its next start' in outcome.out
