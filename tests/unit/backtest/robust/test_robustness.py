"""All tests of a strategy together."""

import pytest

from sting.backtest.robust import parts
from sting.backtest.robust import robustness
from sting.backtest.sweeping import cases
from sting.data import files
from sting.model import errors

pytestmark = pytest.mark.unit


@pytest.fixture(scope='module')
def case():
    bars = files.read(
        'sample', symbols=['IBM'], start='2008-01-01', end='2009-12-31'
    ).table
    return cases.Case(strategy='sting.library.sma_cross', bars=bars)


@pytest.fixture(scope='module')
def found(case):
    return robustness.run(
        case, case.play(), metric='sharpe', runs=19, cuts=2, seed=3
    )


def test_all_tests_run_in_order(found):
    assert tuple(test.name for test in found.tests) == robustness.PARTS
    assert found.verdict == parts.worst([t.verdict for t in found.tests])


def test_json_has_each_test_by_its_name(found):
    made = found.to_json()
    assert set(robustness.PARTS) < set(made)
    assert made['verdict'] == str(found.verdict)
    assert made['permutation']['runs'] == 19


def test_text_has_a_line_with_a_verdict_for_each(found):
    lines = robustness.text(found).splitlines()
    for test in found.tests:
        (line,) = (each for each in lines if each.startswith(test.name))
        assert line.split()[1] == str(test.verdict)
        assert line.endswith(test.reason)


def test_the_seed_reproduces_it(case, found):
    again = robustness.run(
        case, case.play(), metric='sharpe', runs=19, cuts=2, seed=3
    )
    assert again.tests == found.tests
    other = robustness.run(
        case, case.play(), metric='sharpe', runs=19, cuts=2, seed=4
    )
    assert other.tests != found.tests


def test_one_test_alone(case):
    told = []
    made = robustness.run(
        case,
        case.play(),
        metric='sharpe',
        only=['costs'],
        told=told.append,
    )
    assert [test.name for test in made.tests] == told == ['costs']


def test_a_metric_that_does_not_compare_is_refused(case):
    with pytest.raises(errors.InputError, match='volatility'):
        robustness.run(case, case.play(), metric='volatility')
