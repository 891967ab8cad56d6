"""What a run assumes."""

import pytest

from sting.backtest import assumptions
from sting.model import errors
from sting.simulator import costs

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('wrong', 'named'),
    [
        ({'cash': 0.0}, 'cash 0'),
        ({'cash': float('nan')}, 'cash nan'),
        ({'cash': float('inf')}, 'cash inf'),
        ({'participation': 0.0}, 'participation 0'),
        ({'participation': 1.01}, 'participation 1.01'),
        ({'fill': 'worst'}, "fill 'worst'"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, named):
    with pytest.raises(errors.ConfigError, match=named):
        assumptions.Assumptions(**wrong)


def test_all_of_it_is_told():
    assumed = assumptions.Assumptions(
        costs=costs.CostModel(commission_bps=2.0, slippage_bps=1.0)
    )
    assert assumed.told() == {
        'fill': 'next_open',
        'touch_fills': False,
        'cash': 100_000.0,
        'commission_bps': 2.0,
        'slippage_bps': 1.0,
        'participation': 0.25,
    }


@pytest.mark.parametrize(
    ('fill', 'asked', 'told'),
    [
        ('next_open', False, False),
        ('path', True, True),
        ('optimistic', False, True),
        ('pessimistic', True, False),
    ],
)
def test_whether_touches_fill_is_told_as_it_holds(fill, asked, told):
    assumed = assumptions.Assumptions(fill=fill, touch_fills=asked)
    assert assumed.told()['touch_fills'] is told
