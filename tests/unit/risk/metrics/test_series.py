"""Bars as arrays, and returns at the same moments."""

import numpy as np
import pytest

from sting.model import market
from sting.risk.metrics import series

pytestmark = pytest.mark.unit


def bars(symbol, closes, stamps=None, volume=100.0):
    return [
        market.MarketData(symbol, stamp, close, close, close, close, volume)
        for stamp, close in zip(
            stamps or range(1, len(closes) + 1), closes, strict=True
        )
    ]


def test_bars_are_taken_once_and_the_oldest_dropped():
    history = series.History(3)
    history.take('A', bars('A', [1.0, 2.0]))
    history.take('A', bars('A', [1.0, 2.0, 3.0, 4.0]))
    history.take('A', [])
    assert history.of('A').closes.tolist() == [2.0, 3.0, 4.0]
    assert history.last('A') == 4
    roomy = series.History(9)
    roomy.take('A', bars('A', [1.0, 2.0]))
    roomy.take('A', bars('A', [1.0, 2.0, 3.0]))
    assert roomy.of('A').closes.tolist() == [1.0, 2.0, 3.0]


def test_returns_of_bars_at_the_same_moments():
    history = series.History(9)
    history.take('A', bars('A', [1.0, 2.0, 1.0]))
    history.take('B', bars('B', [4.0, 2.0, 4.0]))
    found = history.returns(['A', 'B', 'A'], 9, 2)
    assert found.symbols == ('A', 'B')
    assert found.values.tolist() == [[1.0, -0.5], [-0.5, 1.0]]


def test_a_moment_without_a_bar_has_the_last_close():
    history = series.History(9)
    history.take('A', bars('A', [1.0, 2.0, 3.0], [1, 2, 3]))
    history.take('B', bars('B', [8.0, 4.0], [1, 3]))
    found = history.returns(['A', 'B'], 9, 1)
    assert found.values[:, 1].tolist() == [0.0, -0.5]


def test_moments_begin_where_all_have_a_bar():
    history = series.History(9)
    history.take('A', bars('A', [1.0, 2.0, 4.0]))
    history.take('B', bars('B', [4.0, 2.0], [2, 3]))
    assert history.returns(['A', 'B'], 9, 1).values.tolist() == [[1.0, -0.5]]


def test_symbols_with_too_few_bars_are_named():
    history = series.History(9)
    history.take('A', bars('A', [1.0, 2.0, 4.0]))
    found = history.returns(['A', 'B'], 1, 2)
    assert (found.symbols, found.short) == (('A',), {'B': 0})
    assert found.values.tolist() == [[1.0]]
    assert not history.returns(['B'], 1, 2).symbols


def test_a_year_of_minutes():
    scale = series.Scale(390.0, 252.0)
    assert scale.year() == pytest.approx(np.sqrt(390 * 252))
    assert scale.horizon(1.0) == pytest.approx(np.sqrt(390))
