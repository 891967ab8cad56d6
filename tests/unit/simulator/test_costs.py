"""What a market is given to charge."""

import pytest

from sting.model import errors
from sting.simulator import costs

pytestmark = pytest.mark.unit


@pytest.mark.parametrize('value', [-1.0, 10_000.0, float('nan'), float('inf')])
@pytest.mark.parametrize('name', ['commission_bps', 'slippage_bps'])
def test_a_figure_that_makes_no_sense_is_refused(name, value):
    with pytest.raises(errors.ConfigError, match=name):
        costs.CostModel(**{name: value})


def test_nothing_is_charged_unless_told():
    assert costs.CostModel() == costs.CostModel(
        commission_bps=0.0, slippage_bps=0.0
    )
