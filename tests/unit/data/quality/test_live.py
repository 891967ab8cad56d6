"""Bars one after the other get the verdicts that a file of them gets."""

import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from sting.data.quality import batch as batches
from sting.data.quality import live
from sting.data.quality import rules
from sting.data.quality import validator
from sting.model import market
from tests.unit.data.quality import worlds

pytestmark = pytest.mark.unit


def each(batch, **actions):
    """Holds the bars against the rules one by one."""
    rules_of = live.LiveValidator('X', '1m', batch.hours, actions)
    left, found = [], []
    for at in range(len(batch)):
        values = {
            name: getattr(batch, name)[at].item() for name in batches.COLUMNS
        }
        bar = market.MarketData(symbol='X', **values)
        after, said = rules_of.check(bar, batch.now)
        found += [(one.rule, one.rows.tolist()) for one in said]
        if after is not None:
            left.append(after)
    return left, found


FAULTS = st.sampled_from(
    [
        ('close', float('nan')),
        ('high', 1.0),
        ('close', 150.0),
        ('volume', 0.0),
        ('volume', 1e9),
        ('open', -1.0),
        ('close', 10_000.0),
    ]
)


@hypothesis.given(
    st.lists(st.tuples(st.integers(0, 179), FAULTS), max_size=6),
    st.sampled_from(['reject', 'repair']),
    st.integers(0, 5),
)
@hypothesis.settings(max_examples=25, deadline=None)
def test_both_find_the_same(faults, action, seed):
    batch = worlds.bars(
        worlds.wave(180, seed), hours=worlds.spans((0, 60), (70, 200))
    )
    for place, (name, value) in faults:
        getattr(batch, name)[place] = value
    # The rules see what those before them left.
    actions = {'range': action, 'price': action, 'missing': action}
    left, found = validator.DataValidator(actions).check(batch)
    bars, said = each(batch, **actions)
    whole = [(f.rule, row) for f in found for row in f.rows.tolist()]
    assert sorted(whole) == sorted((rule, rows[0]) for rule, rows in said)
    assert [bar.timestamp for bar in bars] == left.timestamp.tolist()
    assert [bar.high for bar in bars] == left.high.tolist()


def test_a_late_bar_cannot_be_put_in_order():
    batch = worlds.bars(worlds.wave(4))
    batch.timestamp[3] = batch.timestamp[1] + 1
    bars, said = each(batch, order='repair', gap='off')
    assert len(bars) == 3
    assert said == [('order', [3])]


def test_it_keeps_no_more_than_it_looks_back_on():
    rules_of = live.LiveValidator('X', '1m', None)
    batch = worlds.bars(worlds.wave(3 * rules.WINDOW))
    for at in range(len(batch)):
        values = {n: getattr(batch, n)[at].item() for n in batches.COLUMNS}
        rules_of.check(market.MarketData(symbol='X', **values), batch.now)
    assert len(rules_of._known) == rules.WINDOW
    assert np.array_equal(rules_of._known.close, batch.close[-rules.WINDOW :])
