"""Figures in words."""

import pytest

from sting.model import views
from sting.model import wording

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ('value', 'text'),
    [(1234.5, '+1,234.50'), (-3.0, '-3.00'), (-0.001, '+0.00')],
)
def test_an_amount_has_a_sign_and_nothing_is_never_a_loss(value, text):
    assert wording.money(value) == text


def test_what_is_not_there_is_a_dash():
    words = dict(wording.performance(views.Performance()))
    assert words['round trips'] == '0, 0 won (-)'
    assert words['slippage'] == '+0.00 cost (- bps)'
    assert (words['bar to order'], words['since']) == ('-', '-')
    assert words['to the broker'] == 'p50 -, p99 -'


def test_every_figure_is_said():
    words = dict(
        wording.performance(
            views.Performance(
                since=1_362_171_600_000_000_000,
                realized=10.0,
                unrealized=5.0,
                fees=1.5,
                signals=9,
                orders=7,
                denied=2,
                untraded=1,
                fills=6,
                trips=3,
                wins=2,
                hit_rate=2 / 3,
                slippage=4.0,
                slippage_bps=1.25,
                bar_to_order_s=0.25,
                wire_p50_ms=0.8,
                wire_p99_ms=2.5,
            )
        )
    )
    assert words == {
        'P&L': '+13.50 after fees',
        'realized': '+10.00',
        'unrealized': '+5.00',
        'fees': '1.50',
        'round trips': '3, 2 won (67%)',
        'signals': '9, 1 not traded',
        'orders': '7, 2 denied',
        'fills': '6',
        'slippage': '+4.00 cost (+1.2 bps)',
        'bar to order': '0.250 s on average',
        'to the broker': 'p50 0.8 ms, p99 2.5 ms',
        'since': '2013-03-01T21:00:00Z',
    }


@pytest.mark.parametrize(('count', 'words'), [(1, ''), (20, ' (20 times)')])
def test_how_often_is_told_from_the_second_time_on(count, words):
    assert wording.times(count) == words


def test_income_is_shown_where_there_is_some():
    done = views.Performance(realized=5.0, income=2.0, fees=1.0)
    words = dict(wording.performance(done))
    assert words['income'] == '+2.00'
    assert words['P&L'] == '+6.00 after fees'
    assert 'income' not in dict(wording.performance(views.Performance()))
