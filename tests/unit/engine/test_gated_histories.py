"""No order without its approval, no limit passed, whatever comes."""

import collections
import contextlib

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st
import pytest

from sting.engine import step
from sting.model import commands
from sting.model import errors
from sting.model import records
from sting.risk import exposure
from sting.risk import rules
from sting.risk import scopes
from sting.risk import traffic
from tests.unit.engine import histories
from tests.unit.engine import worlds

pytestmark = pytest.mark.unit

T = worlds.T
STATE, DECISION = records.TradingState, records.Decision
MOST, MOST_OF_SMA, MOST_TOGETHER = 60.0, 30.0, 12_000.0
# The broker's own reports, which no rule can hold up, are not among them.
LEFT_OUT = {'fill', 'report', 'theirs', 'action', 'flatten', 'resume'}


def gate_rules():
    def scoped(rule, strategy='', **more):
        scope = scopes.Scope(strategy)
        return scopes.Scoped('own', rule, scope, **more)

    return (
        rules.MaxOrderNotional(5_000.0),
        rules.MaxPosition(MOST),
        rules.BuyingPower(0.15),
        rules.PriceCollar(0.2),
        scoped(rules.MaxPosition(MOST_OF_SMA), 'sma', reduces=True),
        scoped(rules.MaxPositionNotional(MOST_TOGETHER)),
        scoped(exposure.NetExposure(0.1), soft=True),
        scoped(traffic.MaxOpenOrders(12.0)),
    )


class Gated(histories.History):
    """A history in which each step is held against the gate's promises.

    What is held, what works and what risk said is read off the events alone.
    """

    def __init__(self):
        self.held = collections.Counter()
        self.of_sma = collections.Counter()
        self.made = {}
        self.verdicts = {}
        self.trading = STATE.TRADING
        self.flattening = set()
        self.counts = collections.Counter()
        super().__init__(*gate_rules())

    def keep(self, taken):
        for event in taken.events:
            look = getattr(self, f'see_{event.type.name.lower()}', None)
            if look is not None:
                look(event.data)
        for effect in taken.effects:
            if isinstance(effect, step.Place):
                self.check_place(effect.order)
            elif isinstance(effect, step.Replace):
                self.check_replace(effect)
        return super().keep(taken)

    def see_trading_state(self, change):
        self.trading = change.state
        self.flattening = set()

    def see_command(self, given):
        asked = given.command
        if isinstance(asked, commands.Flatten) and asked.confirm == 'FLATTEN':
            one = asked.symbol
            self.flattening |= {one} if one else set(worlds.SYMBOLS)

    def see_order_request(self, order):
        self.made[order.id] = order

    def see_risk_verdict(self, verdict):
        self.verdicts[verdict.order_id] = verdict
        self.counts[f'{self.trading} {verdict.decision}'] += 1
        order = self.made[verdict.order_id]
        if self.trading is STATE.TRADING or verdict.decision is DECISION.DENY:
            return
        held = self.held[order.symbol]
        assert held * order.side.sign < 0, 'it adds to the position'
        assert verdict.quantity <= abs(held), 'it turns the position'
        if self.trading is STATE.HALTED:
            assert order.symbol in self.flattening

    def see_fill(self, fill):
        order = self.made[fill.order_id]
        books = [(self.held, MOST)]
        if order.strategy == 'sma':
            books.append((self.of_sma, MOST_OF_SMA))
        for book, most in books:
            before = abs(book[fill.symbol])
            book[fill.symbol] += fill.side.sign * fill.quantity
            after = abs(book[fill.symbol])
            assert after <= max(before, most)
        self.counts['fills'] += 1

    def check_place(self, order):
        verdict = self.verdicts[order.id]
        assert verdict.decision is not DECISION.DENY
        assert order.quantity == verdict.quantity
        assert order.quantity <= self.made[order.id].quantity

    def check_replace(self, effect):
        assert self.verdicts[effect.order.id].decision is DECISION.APPROVE
        self.counts['changes'] += 1

    def check_worst(self):
        """Nothing that works can fill beyond a limit, in any order."""
        for symbol in worlds.SYMBOLS:
            for side in (worlds.BUY, worlds.SELL):
                working = [
                    one
                    for one in self.state.working(symbol)
                    if one.side is side
                ]
                worst = self.held[symbol] + side.sign * sum(
                    one.exposed for one in working
                )
                assert not working or abs(worst) <= max(
                    MOST, abs(self.held[symbol])
                )
            assert self.state.portfolio.quantity(symbol) == self.held[symbol]


other_acts = histories.rest.filter(lambda act: act[0] not in LEFT_OUT)
acts = st.one_of(
    histories.bars,
    histories.bars,
    histories.by_hand,
    histories.by_hand,
    histories.by_rule,
    histories.by_rule,
    st.tuples(
        st.just('flatten'), histories.symbols | st.none(), histories.words
    ),
    st.sampled_from([('resume',), ('reduce',)]),
    other_acts,
)


class Machine(stateful.RuleBasedStateMachine):
    """Any acts in any order."""

    def __init__(self):
        super().__init__()
        self.world = Gated()

    @stateful.rule(act=acts)
    def happens(self, act):
        if act[0] == 'reduce':
            with contextlib.suppress(errors.RefusedError):
                self.world.command(commands.Reduce)
        else:
            self.world.play(act)

    @stateful.invariant()
    def holds(self):
        self.world.check_worst()


def run(examples, steps):
    stateful.run_state_machine_as_test(
        Machine,
        settings=hypothesis.settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )


def test_the_gate_keeps_its_promises():
    run(25, 20)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_gate_keeps_its_promises_in_ten_thousand_histories():
    run(10_000, 50)
