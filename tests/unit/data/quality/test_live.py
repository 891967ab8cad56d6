"""Bars one after the other get the verdicts that a file of them gets."""

import hypothesis
from hypothesis import strategies as st
import pytest

from sting.data.quality import batch as batches
from sting.data.quality import live
from sting.data.quality import rules
from sting.data.quality import validator
from sting.model import market
from tests.unit.data.quality import worlds

pytestmark = pytest.mark.unit


def each(batch, timeframe='1m', **actions):
    """Holds the bars against the rules one by one."""
    rules_of = live.LiveValidator('X', timeframe, batch.hours, actions)
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


HOURS = st.sampled_from(
    [
        None,
        worlds.spans((0, 60), (70, 130), (150, 400)),
        worlds.spans((-100, -50), (3, 8), (20, 31), (31, 90), (200, 260)),
    ]
)
# Of a stretch of 1,440 minutes, in which the days of a session lie.
DAYS = worlds.spans(*((1440 * n, 1440 * n + 390) for n in range(320)))
MILD = st.sampled_from(
    [
        ('close', 150.0),
        ('close', 50.0),
        ('open', 51.0),
        ('open', 10_000.0),
        ('volume', 0.0),
        ('volume', 1e9),
        ('close', 101.2),
    ]
)
LOOSE = ('hours', 'spike', 'stale', 'volume', 'idle', 'gap', 'split', 'unit')


@hypothesis.given(st.data(), st.integers(0, 9))
@hypothesis.settings(max_examples=40, deadline=None)
def test_each_rule_finds_the_same_behind_what_others_leave_out(data, seed):
    daily = data.draw(st.booleans())
    step = worlds.DAY if daily else worlds.MINUTE
    hours = DAYS if daily else data.draw(HOURS)
    count = data.draw(st.integers(1, 240))
    size = data.draw(st.sampled_from([0.0, 1e-3, 2e-2]))
    batch = worlds.bars(worlds.wave(count, seed, size), hours=hours, step=step)
    if data.draw(st.booleans()):
        # So that bars repeat themselves.
        batch.volume[:] = 7.0
    places = st.integers(0, count - 1)
    for place, (name, value) in data.draw(
        st.lists(st.tuples(places, MILD), max_size=6)
    ):
        getattr(batch, name)[place] = value
    # Some did not come, some a little later than the others of their minute.
    lacking = data.draw(st.sets(places, max_size=8))
    if hours is not None and not daily and data.draw(st.booleans()):
        lacking |= set(rules.outside(hours, batch.timestamp).nonzero()[0])
    kept = [at for at in range(count) if at not in lacking] or [0]
    batch = batch.take(kept)
    late = data.draw(st.sets(st.integers(0, len(kept) - 1), max_size=3))
    batch.timestamp[list(late)] += step // 3
    loose = data.draw(st.sets(st.sampled_from(LOOSE)))
    actions = {
        **dict.fromkeys(loose, 'reject'),
        'range': data.draw(st.sampled_from(['repair', 'warn'])),
    }
    timeframe = '1d' if daily else '1m'
    left, found = validator.DataValidator(actions).check(batch)
    bars, said = each(batch, timeframe, **actions)
    whole = [(f.rule, row) for f in found for row in f.rows.tolist()]
    assert sorted(whole) == sorted((rule, kept[rows[0]]) for rule, rows in said)
    assert [bar.timestamp for bar in bars] == left.timestamp.tolist()
    assert [bar.high for bar in bars] == left.high.tolist()


@pytest.mark.parametrize('lacking', [{}, {59}, {70}, {59, 70, 71}])
@pytest.mark.parametrize('hours', [((0, 60), (70, 200)), ((0, 61), (61, 200))])
def test_gaps_around_a_break_are_the_same(lacking, hours):
    batch = worlds.bars(worlds.wave(90), hours=worlds.spans(*hours))
    away = rules.outside(batch.hours, batch.timestamp)
    kept = [at for at in range(90) if not away[at] and at not in lacking]
    batch = batch.take(kept)
    _, found = validator.DataValidator().check(batch)
    whole = [('gap', row) for f in found for row in f.rows.tolist()]
    said = each(batch)[1]
    assert bool(said) == bool(lacking)
    assert [(rule, kept[rows[0]]) for rule, rows in said] == whole


@pytest.mark.parametrize('order', ['warn', 'reject'])
@pytest.mark.parametrize('duplicate', ['warn', 'reject'])
def test_stamps_out_of_order_and_twice_are_found_the_same(order, duplicate):
    batch = worlds.bars(worlds.wave(60))
    batch.timestamp[20] = batch.timestamp[18]
    batch.timestamp[30] = batch.timestamp[29]
    batch.timestamp[40] = batch.timestamp[44]
    actions = {'order': order, 'duplicate': duplicate}
    left, found = validator.DataValidator(actions).check(batch)
    bars, said = each(batch, **actions)
    whole = [(f.rule, row) for f in found for row in f.rows.tolist()]
    assert {rule for rule, _ in whole} >= {'order', 'duplicate'}
    assert sorted(whole) == sorted((rule, rows[0]) for rule, rows in said)
    assert [bar.timestamp for bar in bars] == left.timestamp.tolist()


def test_what_closes_after_now_is_found():
    batch = worlds.bars(worlds.wave(3), now=worlds.OPENING + 2 * worlds.MINUTE)
    bars, said = each(batch)
    assert len(bars) == 2
    assert said == [('future', [2])]


def test_what_is_off_is_not_looked_for():
    batch = worlds.bars([1.0, 1.0], volume=[0.0, 5.0])
    assert each(batch)[1] == [('idle', [0])]
    assert each(batch, idle='off')[1] == []


def test_a_copy_goes_its_own_way():
    batch = worlds.bars(worlds.wave(3))
    first, *following = (
        market.MarketData(
            symbol='X',
            **{n: getattr(batch, n)[at].item() for n in batches.COLUMNS},
        )
        for at in range(3)
    )
    rules_of = live.LiveValidator('X', '1m', None)
    rules_of.check(first, batch.now)
    rules_of.copy().check(following[1], batch.now)
    for bar in following:
        assert rules_of.check(bar, batch.now) == (bar, ())
    (again,) = rules_of.check(first, batch.now)[1][1:]
    assert again.rule == 'duplicate'
    assert again.rows.tolist() == [3]
