"""Each rule on bars made by hand."""

import dataclasses

import numpy as np
import pytest

from sting.data.quality import rules
from tests.unit.data.quality import worlds

pytestmark = pytest.mark.unit

MINUTE = worlds.MINUTE
NAN = float('nan')


def found(name, batch):
    """The places that a rule finds."""
    return np.flatnonzero(rules.BY_NAME[name].find(batch)).tolist()


def changed(place, count=150, **values):
    """A quiet walk with some values of one bar changed."""
    batch = worlds.bars(worlds.wave(count))
    for name, value in values.items():
        column = getattr(batch, name).copy()
        column[place] = value
        batch = dataclasses.replace(batch, **{name: column})
    return batch


@pytest.mark.parametrize('rule', rules.RULES, ids=lambda rule: rule.name)
def test_a_quiet_walk_has_nothing_wrong(rule):
    batch = worlds.bars(worlds.wave(300), hours=worlds.spans((0, 300)))
    assert not rule.find(batch).any()


@pytest.mark.parametrize('rule', rules.RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize('count', [0, 1, 2])
def test_every_rule_takes_few_bars(rule, count):
    batch = worlds.bars(worlds.wave(count), hours=worlds.spans((0, 9)))
    assert len(rule.find(batch)) == count


@pytest.mark.parametrize('name', ['open', 'high', 'low', 'close', 'volume'])
@pytest.mark.parametrize('value', [NAN, float('inf')])
def test_what_is_no_number_is_missing(name, value):
    assert found('missing', changed(7, **{name: value})) == [7]


@pytest.mark.parametrize(
    'values', [{'open': 0.0}, {'low': -1.0}, {'volume': -1.0}]
)
def test_prices_are_above_zero_and_volumes_not_below(values):
    assert found('price', changed(7, **values)) == [7]


@pytest.mark.parametrize(
    'values', [{'high': 50.0}, {'low': 200.0}, {'close': 300.0}]
)
def test_open_and_close_lie_in_the_range(values):
    assert 7 in found('range', changed(7, **values))


def test_a_range_is_repaired_by_widening_it():
    batch = changed(7, high=50.0, low=200.0)
    rule = rules.BY_NAME['range']
    after = rule.repair(batch, rule.find(batch))
    assert not rule.find(after).any()
    assert after.high[7] == max(batch.open[7], batch.close[7])
    assert after.low[7] == min(batch.open[7], batch.close[7])


def test_a_bar_that_closes_after_now_is_of_the_future():
    now = worlds.OPENING + 3 * MINUTE
    assert found('future', worlds.bars(worlds.wave(5), now=now)) == [3, 4]


def test_a_bar_after_a_later_one_is_out_of_order():
    stamps = worlds.OPENING + MINUTE * np.array([1, 4, 2, 3, 5])
    batch = worlds.bars(worlds.wave(5), timestamp=stamps)
    rule = rules.BY_NAME['order']
    assert found('order', batch) == [2, 3]
    assert rule.repair(batch, rule.find(batch)).row.tolist() == [0, 2, 3, 1, 4]


def test_the_second_bar_of_a_stamp_is_a_duplicate():
    stamps = worlds.OPENING + MINUTE * np.array([1, 2, 3, 2, 3])
    batch = worlds.bars(worlds.wave(5), timestamp=stamps)
    assert found('duplicate', batch) == [3, 4]


def test_bars_that_repeat_themselves_are_stale_from_the_fourth_on():
    values = [5.0, 7.0, 7.0, 7.0, 7.0, 7.0, 8.0]
    batch = worlds.bars(
        values, open=values, high=values, low=values, volume=[9.0] * 7
    )
    assert found('stale', batch) == [4, 5]


def test_an_idle_market_that_stands_is_not_stale():
    values = [7.0] * 9
    batch = worlds.bars(values, volume=[0.0] * 9)
    assert found('stale', batch) == []
    assert found('idle', batch) == list(range(9))


def test_a_volume_far_above_those_before_is_found():
    assert found('volume', changed(120, volume=1e9)) == [120]
    # Too few bars came before.
    assert found('volume', changed(10, volume=1e9)) == []


@pytest.mark.parametrize('factor', [100.0, 0.01])
def test_a_change_of_unit_is_told_from_a_split_and_from_a_spike(factor):
    closes = worlds.wave(150)
    closes[120:] *= factor
    opening = np.concatenate((closes[:1], closes[:-1]))
    opening[120] *= factor
    batch = worlds.bars(closes, open=opening, step=worlds.DAY)
    assert found('unit', batch) == [120]
    assert found('split', batch) == []
    assert found('spike', batch) == []


@pytest.mark.parametrize('ratio', [2.0, 3.0, 1.5, 0.1])
def test_a_jump_from_day_to_day_is_a_split(ratio):
    closes = worlds.wave(150)
    closes[120:] /= ratio
    opening = np.concatenate((closes[:1], closes[:-1]))
    opening[120] /= ratio
    batch = worlds.bars(closes, open=opening, step=worlds.DAY)
    assert found('split', batch) == [120]
    assert found('spike', batch) == []
    jump = np.log(batch.open[120] / batch.close[119])
    assert rules.split_ratio(jump) == pytest.approx(ratio)


def test_a_jump_within_a_day_is_no_split():
    closes = worlds.wave(150)
    closes[120:] /= 2.0
    opening = np.concatenate((closes[:1], closes[:-1]))
    opening[120] /= 2.0
    assert found('split', worlds.bars(closes, open=opening)) == []


def test_a_spike_is_far_outside_of_the_changes_before():
    # There and back.
    assert found('spike', changed(120, close=103.0)) == [120, 121]
    assert found('spike', changed(120, close=100.2)) == []


def test_a_market_that_always_moves_much_has_no_spikes():
    batch = worlds.bars(worlds.wave(300, size=0.02))
    assert found('spike', batch) == []


def test_bars_outside_of_the_hours_are_found():
    batch = worlds.bars(worlds.wave(10), hours=worlds.spans((2, 5), (7, 9)))
    # They close after 1, 2, ... 10 minutes.
    assert found('hours', batch) == [0, 1, 5, 6, 9]


def test_days_have_no_hours():
    batch = worlds.bars(
        worlds.wave(10), step=worlds.DAY, hours=worlds.spans((2, 5))
    )
    assert found('hours', batch) == []


def test_missing_bars_are_counted_over_breaks_and_nights():
    minutes = np.array([1, 2, 5, 11, 12, 14, 102, 103])
    batch = worlds.bars(
        worlds.wave(8),
        timestamp=worlds.OPENING + MINUTE * minutes,
        hours=worlds.spans((0, 5), (10, 14), (100, 110)),
    )
    assert rules.missing_before(batch).tolist() == [0, 0, 2, 0, 0, 1, 1, 0]
    assert found('gap', batch) == [2, 5, 6]


def test_bars_outside_of_the_hours_make_no_gap():
    minutes = np.array([4, 5, 8, 11, 12])
    batch = worlds.bars(
        worlds.wave(5),
        timestamp=worlds.OPENING + MINUTE * minutes,
        hours=worlds.spans((0, 5), (10, 14)),
    )
    assert found('gap', batch) == []


def test_without_hours_every_minute_is_expected():
    minutes = np.array([1, 2, 5])
    batch = worlds.bars(
        worlds.wave(3), timestamp=worlds.OPENING + MINUTE * minutes
    )
    assert rules.missing_before(batch).tolist() == [0, 0, 2]


def test_a_missing_session_is_a_gap_between_days():
    hours = worlds.spans((0, 390), (1440, 1830), (2880, 3270), (4320, 4710))
    stamps = hours.closes[[0, 1, 3]]
    batch = worlds.bars(
        worlds.wave(3), timestamp=stamps, step=worlds.DAY, hours=hours
    )
    assert rules.missing_before(batch).tolist() == [0, 0, 1]


def test_what_is_no_bar_is_left_out_or_rejected_and_nothing_else():
    for name in ('missing', 'price'):
        rule = rules.BY_NAME[name]
        assert [a.value for a in rules.Action if rule.may(a)] == [
            'repair',
            'reject',
        ]
    assert not rules.BY_NAME['gap'].may(rules.Action.REPAIR)


def test_every_repair_says_what_it_does():
    for rule in rules.RULES:
        assert bool(rule.repaired) == (rule.repair is not None)
        assert rule.may(rule.default)
