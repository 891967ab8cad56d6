"""Scenarios on a book."""

import pytest

from sting.risk.metrics import stress
from sting.settings import metrics as settings

pytestmark = pytest.mark.unit

SHOCKS = settings.Scenario(
    symbols={'AAPL': 0.1}, sectors={'tech': -0.2}, all=-0.5
)


@pytest.mark.parametrize(
    ('symbol', 'sector', 'change'),
    [('AAPL', 'tech', 0.1), ('IBM', 'tech', -0.2), ('GLD', '', -0.5)],
)
def test_the_most_particular_shock_counts(symbol, sector, change):
    assert stress.shock(SHOCKS, symbol, sector) == change


def test_a_scenario_may_name_those_without_a_sector():
    scenario = settings.Scenario(sectors={'': -0.3}, all=-0.5)
    found = stress.profit(scenario, {'A': 100.0, 'B': 100.0}, {'B': 'tech'})
    assert found == pytest.approx(-80.0)


def test_a_short_position_gains_from_a_fall():
    values = {'AAPL': 100.0, 'IBM': 200.0, 'GLD': -50.0}
    sectors = {'AAPL': 'tech', 'IBM': 'tech'}
    assert stress.profit(SHOCKS, values, sectors) == pytest.approx(-5.0)
