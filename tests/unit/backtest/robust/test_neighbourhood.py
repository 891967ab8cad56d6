"""Parameters a little off: which, and what their runs say."""

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.backtest.robust import neighbourhood
from sting.backtest.robust import parts
from sting.backtest.sweeping import cases
from sting.strategy import parameters
from tests.unit.backtest import bars as worlds

pytestmark = pytest.mark.unit

V = parts.Verdict
P = parameters.Parameter
# It holds as many units as its parameters say, and refuses one value.
HOLDER = """
from sting import strategy


class Mine(strategy.AbstractStrategy):
    parameters = {
        'size': strategy.Parameter(10, low=1),
        'word': strategy.Parameter('a'),
    }

    async def on_start(self):
        if self.parameters['size'] == 12:
            raise ValueError('twelve')

    async def on_market_data(self, data):
        if not self.portfolio.quantity('X'):
            size = self.parameters['size']
            self.buy('X', size) if WHEN else self.sell('X', size)
"""


@pytest.fixture
def case(tmp_path):
    def made(when='True', prices=(10.0, 10.0, 11.0, 10.5, 12.0)):
        path = tmp_path / 'mine.py'
        path.write_text(HOLDER.replace('WHEN', when))
        rows = [('X', 1440 * at, *[p] * 4) for at, p in enumerate(prices, 1)]
        return cases.Case(strategy=str(path), bars=worlds.make(rows))

    return made


@pytest.mark.parametrize(
    ('parameter', 'value', 'others'),
    [
        (P(10), 10, [8, 9, 11, 12]),
        (P(100), 100, [80, 90, 110, 120]),
        (P(3, low=2), 3, [2, 4, 5]),
        (P(0), 0, [-2, -1, 1, 2]),
        (P(2.0, low=0.0, high=2.2), 2.0, [1.6, 1.8, 2.2]),
        (P(0.0, low=-1.0, high=2.0), 0.0, [-0.2, -0.1, 0.1, 0.2]),
        (P(0.0), 0.0, [-0.2, -0.1, 0.1, 0.2]),
        (P(5, choices=(1, 5, 20, 60)), 5, [1, 20, 60]),
        (P('a'), 'a', []),
        (P(True), True, []),
    ],
)
def test_neighbours_are_one_and_two_steps_off(parameter, value, others):
    found = neighbourhood.around({'p': parameter}, {'p': value})
    assert [name for name, _ in found] == ['p'] * len(others)
    assert [other for _, other in found] == pytest.approx(others)


@hypothesis.given(st.integers(0, 1000), st.integers(0, 1000))
def test_neighbours_are_within_bounds_and_differ(one, two):
    low, high = sorted((one, two))
    value = (low + high) // 2
    found = neighbourhood.around(
        {'p': P(value, low=low, high=high)}, {'p': value}
    )
    values = [other for _, other in found]
    assert len(set(values)) == len(values)
    assert all(low <= other <= high and other != value for other in values)


def test_neighbours_that_earn_are_fine_and_refused_ones_are_counted(case):
    found = neighbourhood.check(case(), 'sharpe')
    assert found.verdict == V.OK
    assert found.figures['refused'] == 1
    assert [each['value'] for each in found.figures['neighbours']] == [8, 9, 11]
    assert found.figures['worst']['value'] == 8
    assert found.figures['positive'] == 1.0


def test_what_loses_as_it_stands_fails(case):
    found = neighbourhood.check(case('False'), 'sharpe')
    assert found.verdict == V.FAIL
    assert 'loses money' in found.reason


def test_what_earns_alone_fails(case):
    found = neighbourhood.check(case('size == 10'), 'sharpe')
    assert found.verdict == V.FAIL
    assert 'only 0%' in found.reason


@pytest.mark.parametrize(
    ('when', 'said'),
    [('size != 8', '67% of'), ('size == 10 or data.volume', '100%')],
)
def test_most_have_to_earn(case, when, said):
    assert said in neighbourhood.check(case(when), 'sharpe').reason


def test_a_peak_is_warned_of(case):
    # All but its own value hold a tenth for the last rise alone.
    found = neighbourhood.check(
        case('True', prices=(10.0, 10.0, 11.0, 12.0)), 'total_return'
    )
    assert found.verdict == V.OK
    made = [neighbourhood.Neighbour('p', n, 0.1, 0.01, 0.1) for n in range(4)]
    own = case().figures()
    peak = neighbourhood._judged('sharpe', own, made, 0)
    assert peak.verdict == V.WARN
    assert 'stands on a peak' in peak.reason


def test_without_numbers_there_is_nothing_to_vary(tmp_path):
    path = tmp_path / 'plain.py'
    path.write_text(
        'from sting import strategy\n\n\n'
        'class Plain(strategy.AbstractStrategy):\n    pass\n'
    )
    plain = cases.Case(strategy=str(path), bars=worlds.flat(1.0, 2.0))
    found = neighbourhood.check(plain, 'sharpe')
    assert found.verdict == V.OK
    assert 'no number' in found.reason


def test_where_all_neighbours_are_refused_nothing_is_known(case, tmp_path):
    refusing = case()
    path = tmp_path / 'mine.py'
    path.write_text(path.read_text().replace('== 12', '!= 10'))
    found = neighbourhood.check(refusing, 'sharpe')
    assert found.verdict == V.WARN
    assert 'refuses all' in found.reason
