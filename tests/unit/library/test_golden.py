import pytest

from sting import library
from tests.unit.library import golden

pytestmark = pytest.mark.unit


def test_every_strategy_that_ships_has_a_golden_run():
    names = {name.rpartition('.')[2] for name in library.names()}
    assert set(golden.RUNS) == names
    assert {path.stem for path in golden.FOLDER.glob('*.json')} == names


@pytest.mark.parametrize('name', golden.RUNS)
def test_a_run_ends_as_it_did(name):
    changed = list(golden.differences(golden.read(name), golden.run(name)))
    assert not changed, (
        f'{changed}; if this is wanted: python -m tests.unit.library.golden'
    )


@pytest.mark.parametrize('name', golden.RUNS)
def test_it_trades_often_enough_for_its_figures_to_mean_something(name):
    figures = golden.read(name)
    assert figures['fills'] >= (5 if name == 'buy_and_hold' else 100)


@pytest.mark.parametrize(
    ('was', 'found', 'expected'),
    [
        ({'a': 1}, {'a': 1, 'new': 2}, []),
        ({'a': 1}, {}, ["a: 1, now 'gone'"]),
        ({'a': {'b': 1}}, {'a': {'b': 2}}, ['a.b: 1, now 2']),
        ({'a': 1.0}, {'a': 1.0 + 1e-12}, []),
        ({'a': 1.0}, {'a': 1.0 + 1e-6}, ['a: 1.0, now 1.000001']),
        ({'a': 1.0}, {'a': None}, ['a: 1.0, now None']),
        ({'a': [1, 2]}, {'a': [1]}, ['a: 2 entries, now 1']),
        ({'a': [1, 'x']}, {'a': [1, 'y']}, ["a.1: 'x', now 'y'"]),
    ],
)
def test_a_figure_that_changed_is_told_with_its_place(was, found, expected):
    assert list(golden.differences(was, found)) == expected
