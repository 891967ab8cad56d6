"""What a market charges, as it is configured."""

import pytest

from sting.model import costs
from sting.model import errors

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('part', 'figures', 'named'),
    [
        (costs.Commission, {'bps': -1.0}, 'bps'),
        (costs.Commission, {'maker_bps': -10_000.0}, 'maker_bps'),
        (costs.Commission, {'minimum': float('inf')}, 'minimum'),
        (costs.Commission, {'maximum': 1.5}, 'maximum'),
        (costs.Levy, {'name': 'a', 'cap': 0.0}, 'cap'),
        (costs.Levy, {'name': 'a', 'side': 'short'}, 'side'),
        (costs.Spread, {'amount': float('nan')}, 'amount'),
        (costs.Volatility, {'share': 0.1, 'bars': 1}, 'bars'),
        (costs.Volume, {'exponent': 0.0}, 'exponent'),
        (costs.Impact, {'coefficient': -1.0}, 'coefficient'),
        (costs.Borrow, {'symbols': {'GME': -0.1}}, 'symbols'),
        (costs.Margin, {'interest': -0.1}, 'interest'),
        (costs.CostModel, {'latency_ms': -1.0}, 'latency_ms'),
    ],
)
def test_a_figure_out_of_its_range_is_refused_by_name(part, figures, named):
    with pytest.raises(errors.ConfigError, match=named):
        part(**figures)


def test_tiers_have_to_rise():
    tiers = tuple(costs.Tier(above=above) for above in (100.0, 100.0))
    with pytest.raises(errors.ConfigError, match='tiers must rise'):
        costs.Commission(tiers=tiers)


def test_a_maintenance_above_the_initial_margin_is_refused():
    with pytest.raises(errors.ConfigError, match='maintenance'):
        costs.Margin(initial=0.25, maintenance=0.5)


@pytest.mark.parametrize(
    'figures',
    [
        {'commission_bps': 1.0, 'commission': costs.Commission(bps=2.0)},
        {'slippage_bps': 1.0, 'slippage': costs.Spread(bps=2.0)},
    ],
)
def test_two_answers_to_one_question_are_refused(figures):
    with pytest.raises(errors.ConfigError, match='both given'):
        costs.CostModel(**figures)


@pytest.mark.parametrize(
    ('model', 'scalar'),
    [
        ({'commission_bps': 1.0, 'slippage_bps': 2.0}, True),
        ({'commission': costs.Commission(minimum=1.0)}, True),
        ({'commission': costs.Commission(bps=1.0, maker_bps=1.0)}, True),
        ({'commission': costs.Commission(bps=1.0, maker_bps=0.0)}, False),
        (
            {'commission': costs.Commission(tiers=(costs.Tier(above=1.0),))},
            False,
        ),
        (
            {'commission': costs.Commission(levies=(costs.Levy(name='x'),))},
            False,
        ),
        ({'slippage': costs.Spread(bps=1.0)}, True),
        ({'slippage': costs.Volatility(share=0.1)}, False),
        ({'impact': costs.Impact()}, False),
    ],
)
def test_what_a_fill_and_its_order_say_is_scalar(model, scalar):
    assert costs.CostModel(**model).is_scalar is scalar


@pytest.mark.parametrize(
    ('model', 'immediate'),
    [
        ({'commission_bps': 1.0, 'impact': costs.Impact()}, True),
        ({'latency_ms': 1.0}, False),
        ({'borrow': costs.Borrow()}, False),
        ({'margin': costs.Margin()}, False),
    ],
)
def test_time_and_loans_are_no_cost_of_a_fill(model, immediate):
    assert costs.CostModel(**model).is_immediate is immediate


def test_all_that_is_in_force_is_told_with_its_defaults():
    model = costs.CostModel(
        commission=costs.Commission(
            per_unit=0.005, levies=(costs.Levy(name='SEC', bps=0.278),)
        ),
        slippage=costs.Volume(),
        borrow=costs.Borrow(rate=0.01, symbols={'GME': 0.3}),
    )
    told = model.to_json()
    assert told['commission']['per_unit'] == 0.005
    assert told['commission']['levies'] == [
        {
            'name': 'SEC',
            'side': 'sell',
            'liquidity': 'both',
            'bps': 0.278,
            'per_unit': 0.0,
        }
    ]
    assert told['slippage'] == {
        'kind': 'volume',
        'coefficient': 0.1,
        'exponent': 2.0,
    }
    assert told['borrow'] == {'rate': 0.01, 'symbols': {'GME': 0.3}}
    assert 'margin' not in told
