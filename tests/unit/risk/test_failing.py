"""Rules that raise deny, say so, and end nothing."""

import pytest

from sting.model import records
from sting.risk import acts
from sting.risk import exposure
from sting.risk import failing
from sting.risk import manager
from sting.risk import rules
from sting.risk import strategies
from tests.unit.engine import worlds as engines
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit

DENY, APPROVE = records.Decision.DENY, records.Decision.APPROVE


class Faulty(rules.RiskRule):
    """Raises for one symbol, for all others it passes."""

    name = 'faulty'
    unit = 'of nothing'

    def figure(self, order, system):
        if order.symbol == 'IBM':
            return 1 / 0
        return 0.0


class Word(Faulty):
    def figure(self, order, system):
        return 'much'


class Mute(Faulty):
    def figure(self, order, system):
        return 2.0

    def sentence(self, figure):
        raise KeyError('text')


def judged(*asked, symbol='IBM', **more):
    gate = manager.RiskManager(asked)
    world = worlds.World(IBM=100.0, X=100.0)
    order = worlds.order(symbol=symbol, **more)
    return gate.evaluate_order(order, world.system)


@pytest.mark.parametrize(
    'others', [(), (rules.MaxPosition(100.0),)], ids=['alone', 'of two']
)
def test_a_rule_that_raises_denies_and_says_how(others):
    verdict = judged(*others, Faulty(1.0))
    assert verdict.decision is DENY
    assert verdict.message == (
        'faulty failed: ZeroDivisionError: division by zero'
    )
    assert verdict.failed == (1 + len(others),)


def test_the_other_rules_still_give_their_figures():
    verdict = judged(rules.MaxPosition(5.0), Faulty(1.0), rules.MaxPosition())
    assert verdict.figures == (0.0, 10.0, None, 10.0)
    assert verdict.failed == (1, 2)


def test_what_it_does_not_raise_at_passes():
    assert judged(Faulty(1.0), symbol='X').decision is APPROVE


def test_a_soft_rule_that_raises_denies_too():
    rule = Faulty(1.0)
    rule.soft = True
    assert judged(rule).decision is DENY


def test_a_rule_without_a_limit_that_raises_denies_too():
    assert judged(Faulty()).decision is DENY


def test_a_figure_that_is_no_number_denies():
    verdict = judged(Word(1.0))
    assert verdict.decision is DENY
    assert verdict.message == (
        "faulty failed: TypeError: figure 'much' is not a number"
    )


def test_a_sentence_that_cannot_be_said_still_denies():
    verdict = judged(Mute(1.0))
    assert verdict.decision is DENY
    assert verdict.figures == (0.0, 2.0)
    assert 'faulty failed: KeyError' in verdict.message


def test_where_a_rule_raises_nothing_is_made_smaller():
    size = rules.MaxPosition(5.0)
    size.reduces = True
    faulty = Faulty(1.0)
    faulty.reduces = True
    assert judged(size, faulty).decision is DENY


def test_rules_that_do_not_apply_still_do_not():
    verdict = judged(rules.PriceCollar(0.1), Faulty(1.0))
    assert verdict.figures == (0.0, None, None)
    assert verdict.failed == (2,)


def test_nothing_is_shared_once_a_rule_has_raised():
    world = worlds.World(IBM=100.0)
    gate = manager.RiskManager([Faulty(1.0), Faulty(1.0)])
    gate.evaluate_order(worlds.order(symbol='IBM'), world.system)
    assert world.system.shared is None


def test_the_engine_goes_on_and_alerts():
    world = engines.World(Faulty(1.0))
    world.bar('IBM')
    world.bar('AAPL')
    world.order(symbol='IBM')
    assert not world.placed()
    assert 'faulty failed' in world.alerts()[0]
    world.order(symbol='AAPL')
    assert world.placed()


class Losing(exposure.DailyLoss):
    def standing(self, system):
        raise ValueError('no figures')


def test_an_act_that_raises_is_told_of_once_and_others_act():
    world = engines.World()
    faulty, whole = Losing(1.0), exposure.DailyLoss(1.0)
    gate = world.engine._gate
    gate.add_act(acts.Act(faulty, faulty, 'halt'))
    gate.add_act(acts.Act(whole, whole, 'reduce'))
    world.held(10.0)
    world.bar(price=50.0)
    assert world.state.trading is records.TradingState.REDUCING
    for _ in range(2):
        world.bar(price=50.0)
    told = [
        event.data.message
        for event in world.events
        if event.type is worlds.T.RISK_ALERT and 'failed' in event.data.message
    ]
    assert told == ['rule daily_loss failed: ValueError: no figures']


class Lossy(strategies.MaxLoss):
    def breach(self, system):
        raise ValueError('no book')


def test_a_loss_of_a_strategy_that_raises_is_told_of_once():
    world = worlds.World(X=100.0)
    gate = manager.RiskManager()
    gate._losses.append(Lossy(100.0, 'sma'))
    told = gate.breaches(world.system)
    assert len(told) == 1
    assert 'failed: ValueError: no book' in told[0]
    assert gate.breaches(world.system) == []


def test_a_fault_is_noted_once():
    faults = failing.Faults()
    for _ in range(2):
        faults.add('one', ValueError('x'))
    assert faults.take() == ['one failed: ValueError: x']
    faults.add('one', ValueError('x'))
    assert faults.take() == []
