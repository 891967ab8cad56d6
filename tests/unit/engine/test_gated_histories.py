"""No order without its approval, no limit passed, whatever comes."""

import collections

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st
import pytest

from sting.engine import desk
from sting.engine import step
from sting.model import commands
from sting.model import orders
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
MOST, MOST_OF_SMA, MOST_TOGETHER = 60.0, 30.0, 4_000.0


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

    What is held and what risk said is read off the events alone.
    """

    def __init__(self):
        self.held = collections.Counter()
        self.of_sma = collections.Counter()
        self.made = {}
        # What risk said and in which state; each verdict is good for once.
        self.verdicts = {}
        self.trading = STATE.TRADING
        self.typed = ()
        # Where a position may come to, by symbol and side.
        self.admitted = collections.defaultdict(float)
        self.counts = collections.Counter()
        super().__init__(*gate_rules())
        # Something is held from the start, long, short and by a strategy.
        self.order(worlds.BUY, 20.0, 'AAPL')
        self.order(worlds.SELL, 20.0, 'IBM')
        self.signal('ab-1', 'MSFT', side=worlds.BUY, quantity=20.0)
        for symbol in worlds.SYMBOLS:
            self.bar(symbol, 100.0)

    def keep(self, taken):
        for event in taken.events:
            look = getattr(self, f'see_{event.type.name.lower()}', None)
            if look is not None:
                look(event.data, event.seq)
        for effect in taken.effects:
            if isinstance(effect, step.Place):
                self.check_place(effect.order)
            elif isinstance(effect, step.Replace):
                self.check_replace(effect)
        return super().keep(taken)

    def see_trading_state(self, change, seq):
        del seq
        self.trading = change.state

    def see_command(self, given, seq):
        asked = given.command
        if isinstance(asked, commands.Flatten) and asked.confirm == 'FLATTEN':
            self.typed += (f'ab-{seq}-0-',)

    def see_order_request(self, order, seq):
        del seq
        self.made[order.id] = order

    def see_risk_verdict(self, verdict, seq):
        del seq
        self.verdicts[verdict.order_id] = verdict, self.trading
        self.counts[f'{self.trading} {verdict.decision}'] += 1

    def see_fill(self, fill, seq):
        del seq
        order = self.made[fill.order_id]
        where = fill.symbol, fill.side
        books = [(self.held, MOST), (self.held, self.admitted[where])]
        if order.strategy == 'sma':
            books.append((self.of_sma, MOST_OF_SMA))
        came = fill.side.sign * fill.quantity
        for book, most in books:
            before, after = book[fill.symbol], book[fill.symbol] + came
            assert abs(after) <= max(abs(before), most) + orders.DUST
        self.held[fill.symbol] += came
        if order.strategy == 'sma':
            self.of_sma[fill.symbol] += came
        self.counts['fills'] += 1

    def approved(self, order_id):
        verdict, trading = self.verdicts.pop(order_id)
        assert verdict.decision is not DECISION.DENY
        return verdict, trading

    def check_place(self, order):
        verdict, trading = self.approved(order.id)
        assert order.quantity == verdict.quantity
        assert order.quantity <= self.made[order.id].quantity
        if trading is STATE.HALTED:
            assert order.id.startswith(self.typed)
            assert order.type is orders.OrderType.MARKET
        self.check_reach(order, order.quantity, trading)
        self.counts[f'{trading} placed'] += 1

    def check_replace(self, effect):
        verdict, trading = self.approved(effect.order.id)
        assert verdict.decision is DECISION.APPROVE
        assert trading is not STATE.HALTED
        changed = desk.replaced(
            effect.order, effect.quantity, effect.price, effect.stop_price
        )
        self.check_reach(changed, changed.quantity - changed.filled, trading)
        self.counts[f'{trading} changed'] += 1

    def check_reach(self, order, units, trading):
        """Holds what an order may come to against the state and the limits."""
        symbol, side = order.symbol, order.side
        held = self.held[symbol]
        others = [
            one
            for one in self.state.working(symbol)
            if one.side is side and one.id != order.id
        ]
        coming = side.sign * (units + sum(one.exposed for one in others))
        after = held + coming
        if held * coming < 0 and after * held > -orders.DUST:
            return
        assert trading is STATE.TRADING, 'it does not shrink the position'
        assert abs(after) <= MOST + orders.DUST
        prices = [self.state.prices[symbol]]
        prices += [one.price for one in [order, *others] if one.price]
        assert abs(after) * min(prices) <= MOST_TOGETHER * 1.000001
        self.admitted[symbol, side] = abs(after)

    def check_worst(self):
        """Nothing that works can fill beyond a limit, in any order."""
        for symbol in worlds.SYMBOLS:
            held = self.held[symbol]
            booked = self.state.portfolio.quantity(symbol)
            assert booked == pytest.approx(held, abs=orders.DUST)
            if self.trading is not STATE.TRADING:
                self.check_shrinking(symbol)
            for side in (worlds.BUY, worlds.SELL):
                coming = sum(
                    one.exposed
                    for one in self.state.working(symbol)
                    if one.side is side
                )
                after = abs(held + side.sign * coming)
                most = max(MOST, abs(held)) + orders.DUST
                assert not coming or after <= most

    def check_shrinking(self, symbol):
        """What works while trading is not allowed can only shrink."""
        held = self.held[symbol]
        coming = sum(
            one.side.sign * one.exposed for one in self.state.working(symbol)
        )
        assert held * coming <= 0
        assert abs(coming) <= abs(held) + orders.DUST


symbols, sides = histories.symbols, histories.sides
KINDS = ['market', 'market', 'market', 'limit', 'stop']
kinds = st.sampled_from(
    [
        histories.terms(kind, price, price)
        for kind in KINDS
        for price in (90.0, 99.0, 101.0, 110.0)
    ]
)
owners = st.sampled_from(['', '', 'sma', 'mean'])
sizes = st.sampled_from([1.0, 2.5, 10.0, 40.0])
prices = st.sampled_from([91.0, 97.0, 100.0, 103.0, 109.0])
picks = st.integers(0, 15)


class Machine(stateful.RuleBasedStateMachine):
    """Any acts in any order."""

    def __init__(self):
        super().__init__()
        self.world = Gated()

    def send(self, owner, symbol, side, size, terms):
        if owner:
            self.world.play(('order', owner, symbol, side, size, terms))
        else:
            self.world.play(('submit', symbol, side, size, terms))

    def last(self, number):
        """One of the last orders, counted from the end."""
        return len(self.world.ids) - 1 - number

    @stateful.rule(price=prices, volume=st.sampled_from([50, 1_000, 1_000]))
    def bars_come(self, price, volume):
        for symbol in worlds.SYMBOLS:
            self.world.play(('bar', symbol, price, volume))

    @stateful.rule(
        owner=owners, symbol=symbols, side=sides, size=sizes, terms=kinds
    )
    def order_is_sent(self, owner, symbol, side, size, terms):
        self.send(owner, symbol, side, size, terms)

    @stateful.precondition(lambda self: self.world.state.portfolio.held)
    @stateful.rule(
        owner=owners,
        nth=st.integers(0, 2),
        share=st.sampled_from([0.5, 1.0, 1.5]),
        terms=kinds,
    )
    def order_is_sent_against_what_is_held(self, owner, nth, share, terms):
        held = [*self.world.state.portfolio.held]
        symbol = held[nth % len(held)]
        has = self.world.held[symbol]
        side = worlds.SELL if has > 0 else worlds.BUY
        self.send(owner, symbol, side, abs(has) * share, terms)

    @stateful.rule(
        name=histories.names,
        symbol=symbols,
        kind=st.sampled_from(
            [
                orders.SignalKind.TARGET,
                orders.SignalKind.TARGET_WEIGHT,
                orders.SignalKind.CLOSE,
            ]
        ),
        amount=st.sampled_from([-40.0, -5.0, 0.0, 5.0, 40.0]),
    )
    def target_is_set(self, name, symbol, kind, amount):
        self.world.play(('target', name, symbol, kind, amount))

    @stateful.rule(number=picks, size=sizes, price=prices)
    def order_is_changed(self, number, size, price):
        self.world.play(('replace', self.last(number), size, price))

    @stateful.rule(number=picks, name=histories.names, how=st.integers(0, 2))
    def orders_are_cancelled(self, number, name, how):
        nth = self.last(number)
        all_of = 'cancel_all', worlds.SYMBOLS[number % 3]
        self.world.play([('cancel', nth), ('drop', name, nth), all_of][how])

    @stateful.rule(
        symbol=symbols | st.none(),
        word=st.sampled_from(['', 'FLATTEN', 'FLATTEN']),
    )
    def positions_are_flattened(self, symbol, word):
        self.world.play(('flatten', symbol, word))

    @stateful.rule(to=st.sampled_from(['halt', 'reduce', 'resume', 'resume']))
    def trading_is_changed(self, to):
        self.world.play((to,))

    @stateful.rule(
        act=st.sampled_from(
            [('night',), ('restart',), ('start', 'sma'), ('stop', 'sma')]
        )
    )
    def something_else_happens(self, act):
        self.world.play(act)

    @stateful.invariant()
    def holds(self):
        self.world.check_worst()

    def teardown(self):
        TOTAL.update(self.world.counts)


# What the histories of this process came to.
TOTAL = collections.Counter()


def run(examples, steps, **more):
    stateful.run_state_machine_as_test(
        Machine,
        settings=hypothesis.settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
            **more,
        ),
    )


def test_the_gate_keeps_its_promises():
    run(120, 25)


def test_a_changed_order_counts_at_its_new_price():
    world = Gated()
    world.play(('bar', 'IBM', 103.0, 0))
    world.play(
        ('submit', 'IBM', worlds.BUY, 20.0, histories.terms('market', 0, 0))
    )
    limit = histories.terms('limit', 101.0, 0)
    world.play(('submit', 'IBM', worlds.BUY, 10.0, limit))
    # 20 are held short: 40 at 91 are 3,640 in all, at 101 they were 4,040.
    world.play(('replace', len(world.ids) - 1, 40.0, 91.0))
    assert world.counts['TRADING changed'] == 1


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_gate_keeps_its_promises_in_ten_thousand_histories():
    run(10_000, 50)
