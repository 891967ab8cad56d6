"""What a combination needs is asked for at little cost."""

import pytest

from sting import strategy
from sting.backtest import compiled
from sting.backtest.sweeping import askers
from sting.library import sma_cross_compiled
from sting.model import errors
from tests.unit.backtest import bars as made
from tests.unit.backtest import deciders
from tests.unit.backtest import swept

pytestmark = pytest.mark.unit

SMA = sma_cross_compiled.SmaCrossCompiled


def asker(kind, **parameters):
    return askers.Asker(kind, made.walk(50, 1), parameters)


def keys(asked):
    return [(wanted.key, line) for wanted, line in asked.lines]


def test_the_same_indicator_has_the_same_key():
    own = asker(SMA, quantity=5.0)
    one, other = own.ask({'fast': 3}), own.ask({'fast': 4})
    assert keys(one)[1] == keys(other)[1]
    assert keys(one)[0] != keys(other)[0]
    assert keys(own.ask({'fast': 3})) == keys(one)
    assert one.kind is other.kind
    assert one.figures == (3, 30, 5.0)


def test_lines_of_an_indicator_share_it():
    (upper, middle) = keys(asker(swept.Awkward).ask({'period': 5}))
    assert upper[0] == middle[0]
    assert upper[1] != middle[1]


def test_columns_are_those_of_the_indicator():
    own = asker(SMA)
    wanted, line = own.ask({'fast': 3}).lines[0]
    bars = made.walk(50, 1)
    (column,) = wanted.make()
    assert line == 0
    expected = strategy.indicators.SMA(3).over(bars.close)
    assert column.tobytes() == expected.tobytes()


def test_after_many_indicators_an_instance_is_made_anew(monkeypatch):
    monkeypatch.setattr(askers, '_HANDLES', 3)
    own = asker(SMA)
    first = own.ask({'fast': 3})
    instances = set()
    for fast in range(4, 20):
        own.ask({'fast': fast})
        instances.add(id(own._now.strategy))
        assert len(own._known) <= 4
    assert len(instances) > 1
    assert keys(own.ask({'fast': 3})) != keys(first)


def test_whoever_sets_up_more_is_made_for_each():
    own = asker(swept.Own)
    assert own.ask({'seed': 4}).state == (9, 0.0, False)
    assert own.ask({'seed': 5}).state == (11, 0.0, False)


@pytest.mark.parametrize(
    ('way', 'words'),
    [(2, 'longer timeframes'), (4, 'another symbol'), (7, 'a state of')],
)
def test_what_needs_the_events_is_told(way, words):
    with pytest.raises(compiled.OutsideError, match=words):
        asker(swept.Awkward).ask({'way': way})


def test_what_is_no_indicator_is_told():
    with pytest.raises(compiled.OutsideError, match='made up'):
        asker(deciders.Foreign).ask({})


def test_what_is_refused_names_the_line():
    with pytest.raises(errors.StrategyError, match=r'swept\.py:\d+: .*refused'):
        asker(swept.Awkward).ask({'way': 1})


def test_an_indicator_that_raises_names_the_line():
    (wanted, _), _ = asker(swept.Awkward).ask({'way': 6}).lines
    with pytest.raises(errors.StrategyError, match='ArithmeticError: no value'):
        wanted.make()


class Bound(SMA):
    """Has a decision that takes self."""

    def decide(self):
        return None


def test_a_decision_that_cannot_be_called_is_told():
    with pytest.raises(errors.StrategyError, match='decide takes no self'):
        asker(Bound).ask({})
