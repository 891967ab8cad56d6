"""What is done about what the rules find."""

import dataclasses
import typing

import numpy as np
import pytest

from sting import settings
from sting.data.quality import rules
from sting.data.quality import validator
from sting.model import errors
from sting.settings import schema
from tests.unit.data.quality import worlds

pytestmark = pytest.mark.unit

MINUTE = worlds.MINUTE


def check(batch, **actions):
    return validator.DataValidator(actions).check(batch)


def broken(count=6):
    """Bars of which the third is no bar and the fifth has a wrong range."""
    batch = worlds.bars(worlds.wave(count))
    close, high = batch.close.copy(), batch.high.copy()
    close[2], high[4] = np.nan, 1.0
    return dataclasses.replace(batch, close=close, high=high)


def test_what_is_rejected_is_not_used_and_told():
    left, found = check(broken())
    assert left.row.tolist() == [0, 1, 3, 5]
    assert [(f.rule, f.action, f.rows.tolist()) for f in found] == [
        ('missing', rules.Action.REJECT, [2]),
        ('range', rules.Action.REJECT, [4]),
        ('gap', rules.Action.WARN, [3, 5]),
    ]


def test_what_is_repaired_is_told_too():
    left, found = check(broken(), range='repair', gap='off')
    assert left.row.tolist() == [0, 1, 3, 4, 5]
    assert left.high[3] >= left.open[3]
    assert [(f.rule, f.action) for f in found] == [
        ('missing', rules.Action.REJECT),
        ('range', rules.Action.REPAIR),
    ]


def test_what_is_off_is_not_looked_for():
    _, found = check(broken(), range='off', gap='off')
    assert [f.rule for f in found] == ['missing']


def test_the_bars_that_are_missing_are_counted():
    minutes = np.array([1, 2, 5, 9])
    batch = worlds.bars(
        worlds.wave(4), timestamp=worlds.OPENING + MINUTE * minutes
    )
    _, (found,) = check(batch)
    assert (found.rule, len(found)) == ('gap', 2)
    assert found.detail == '5 bars missing'


@pytest.mark.parametrize(('ratio', 'said'), [(2.0, '2:1'), (0.2, '1:5')])
def test_a_split_is_told_with_its_ratio(ratio, said):
    closes = worlds.wave(30)
    closes[20:] /= ratio
    opening = np.concatenate((closes[:1], closes[:-1]))
    opening[20] /= ratio
    batch = worlds.bars(closes, open=opening, step=worlds.DAY)
    _, found = check(batch, gap='off')
    assert [(f.rule, f.detail) for f in found] == [
        ('split', f'the first as {said}')
    ]


def test_a_wrong_time_zone_is_told():
    hours = worlds.spans(*[(1440 * day, 1440 * day + 390) for day in range(9)])
    stamps = np.concatenate(
        [
            worlds.OPENING + MINUTE * (1440 * day + np.arange(1, 391) - 300)
            for day in range(9)
        ]
    )
    batch = worlds.bars(worlds.wave(len(stamps)), timestamp=stamps, hours=hours)
    _, found = check(batch, gap='off', split='off')
    assert found[0].rule == 'hours'
    assert found[0].detail.startswith('+5 h would set them right')


def test_no_bars_have_nothing_wrong():
    left, found = check(worlds.bars([]))
    assert (len(left), found) == (0, ())


def test_all_bars_may_be_rejected():
    batch = worlds.bars(worlds.wave(3), close=[np.nan] * 3)
    left, found = check(batch)
    assert len(left) == 0
    assert [f.rule for f in found] == ['missing']


@pytest.mark.parametrize(
    ('given', 'message'),
    [
        ({'gaps': 'warn'}, "there is no rule 'gaps'; there are: missing, "),
        ({'gap': 'ignore'}, "gap: 'ignore' is not one of off, warn, repair"),
        ({'gap': 'repair'}, 'gap takes no repair; use off, warn, reject'),
        ({'missing': 'warn'}, 'missing takes no warn; use repair, reject'),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(given, message):
    with pytest.raises(errors.ConfigError, match=message):
        validator.DataValidator(given)


def test_the_configuration_ships_the_defaults(tmp_path, monkeypatch):
    monkeypatch.setenv('STING_HOME', str(tmp_path))
    shipped = settings.load(settings.Home.find()).data.rules
    assert shipped == {rule.name: rule.default.value for rule in rules.RULES}
    assert list(typing.get_args(schema.DataRule)) == list(rules.BY_NAME)
