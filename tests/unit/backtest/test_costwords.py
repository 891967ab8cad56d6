"""Costs in sentences."""

import pytest

from sting.backtest import assumptions
from sting.backtest import costwords
from sting.model import costs

pytestmark = pytest.mark.unit


def told(**parts):
    return assumptions.Assumptions(costs=costs.CostModel(**parts)).told()


@pytest.mark.parametrize(
    ('parts', 'words'),
    [
        ({'commission_bps': 3.0}, 'Commission is 3 basis points'),
        ({'slippage_bps': 2.0}, 'fill 2 basis points worse'),
        ({'slippage': costs.Spread(bps=4.0)}, 'half a spread of 4 basis'),
        ({'slippage': costs.Volatility(share=0.1)}, '0.1 of the mean true'),
        ({'slippage': costs.Volume()}, 'to the power of 2'),
        ({'impact': costs.Impact(days=9)}, 'of the 9 days before'),
        ({'latency_ms': 250.0}, 'take 250 ms to the market'),
        ({'borrow': costs.Borrow(rate=0.01)}, 'pay 0.01 a year for what they'),
        (
            {'borrow': costs.Borrow(symbols={'GME': 0.3})},
            'what they borrow (GME 0.3).',
        ),
        ({'margin': costs.Margin(interest=0.06)}, 'owed costs 0.06 a year'),
        (
            {
                'commission': costs.Commission(
                    per_unit=0.005, minimum=1.0, maximum=0.01, per_order=2.0
                )
            },
            'Commission is 0.005 a unit, 2 an order, at least 1 an order, '
            'at most '
            '0.01 of what it traded.',
        ),
        ({'commission': costs.Commission()}, 'Commission is nothing.'),
        (
            {'commission': costs.Commission(bps=10.0, maker_bps=-1.0)},
            '10 basis points of the value traded (-1 for limits that rested)',
        ),
        (
            {
                'commission': costs.Commission(
                    tiers=(costs.Tier(above=3000.0, per_unit=0.1),)
                )
            },
            'change above 3,000 units in a calendar month',
        ),
        (
            {
                'commission': costs.Commission(
                    levies=(
                        costs.Levy(name='TAF', per_unit=0.00002, cap=8.3),
                        costs.Levy(name='X', side='both', liquidity='taker'),
                    )
                )
            },
            'TAF: sales pay 0.00002 a unit, at most 8.3 a fill. '
            'X: fills pay nothing, takers only.',
        ),
    ],
)
def test_each_part_is_told(parts, words):
    assert words in ' '.join(costwords.sentences(told(**parts)))


def test_a_result_without_costs_says_nothing_of_them():
    assert costwords.sentences({}) == []


@pytest.mark.parametrize(
    ('part', 'words'),
    [
        ({'slippage_bps': 1.0}, 'spread'),
        ({'slippage': costs.Spread(bps=1.0)}, 'spread'),
        ({'impact': costs.Impact()}, 'impact'),
        ({'latency_ms': 1.0}, 'the time an order takes'),
        ({'borrow': costs.Borrow(rate=0.1)}, 'borrowing'),
        ({'margin': costs.Margin()}, 'margin calls'),
    ],
)
def test_only_what_is_not_modelled_is_left_out(part, words):
    assert any(words in each for each in costwords.left_out(told()))
    assert not any(words in each for each in costwords.left_out(told(**part)))


@pytest.mark.parametrize(
    ('given', 'words'),
    [
        ({}, 'dividends, splits and delistings: prices are taken'),
        ({'universe': '2 symbols'}, 'dividends and splits: the actions'),
        ({'actions': '1 delisting'}, 'dividends and splits: the actions'),
        ({'actions': '3 splits'}, 'dividends: the actions have none'),
        ({'actions': '1 dividend, 3 splits'}, None),
    ],
)
def test_the_kinds_of_actions_that_no_one_named_are_left_out(given, words):
    found = [
        each
        for each in costwords.left_out({**told(), **given})
        if each.startswith('dividends')
    ]
    assert len(found) == (words is not None)
    assert not words or found[0].startswith(words)


def test_over_quotes_the_spread_is_modelled():
    spread = 'the spread between bid and ask'
    assert spread in costwords.left_out({'timeframe': '1m'})
    assert spread not in costwords.left_out({'timeframe': 'quote'})
