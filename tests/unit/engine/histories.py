"""Histories for properties: whatever operator, market and broker may do."""

import contextlib

from hypothesis import strategies as st

from sting.engine import step
from sting.model import commands
from sting.model import errors
from sting.model import orders
from sting.model import records
from sting.simulator import costs
from sting.simulator import market as simulated
from tests.unit.engine import worlds

T, S = worlds.T, worlds.S
DAY = 86_400 * 10**9
NAMES = ('sma', 'mean')
KIND = orders.SignalKind

symbols = st.sampled_from(worlds.SYMBOLS)
sides = st.sampled_from([worlds.BUY, worlds.SELL])
sizes = st.sampled_from([1.0, 2.5, 10.0, 40.0])
prices = st.integers(90, 110).map(float)
names = st.sampled_from(NAMES)
# Which of the orders there are; any number will do.
picks = st.integers(0, 30)
words = st.sampled_from(['', 'FLATTEN'])


def terms(type, limit, stop):
    return {
        'type': orders.OrderType(type),
        'price': limit if 'limit' in type else None,
        'stop_price': stop if 'stop' in type else None,
    }


kinds = st.builds(
    terms,
    st.sampled_from(['market', 'market', 'limit', 'stop', 'stop_limit']),
    prices,
    prices,
)
bars = st.tuples(st.just('bar'), symbols, prices, st.sampled_from([5, 1_000]))
by_hand = st.tuples(st.just('submit'), symbols, sides, sizes, kinds)
by_rule = st.tuples(st.just('order'), names, symbols, sides, sizes, kinds)
resume = st.tuples(st.just('resume'))
rest = st.one_of(
    st.tuples(st.just('night')),
    st.tuples(
        st.just('target'),
        names,
        symbols,
        st.sampled_from([KIND.TARGET, KIND.TARGET_WEIGHT, KIND.CLOSE]),
        st.integers(-40, 40).map(float),
    ),
    st.tuples(st.just('drop'), names, picks),
    st.tuples(st.just('cancel'), picks),
    st.tuples(st.just('cancel_all'), symbols | st.none()),
    st.tuples(st.just('replace'), picks, sizes, prices),
    st.tuples(st.just('flatten'), symbols | st.none(), words),
    st.tuples(st.just('halt')),
    st.tuples(st.just('start'), names),
    st.tuples(st.just('stop'), names),
    st.tuples(
        st.just('status'), names, st.sampled_from(['running', 'failed'])
    ),
    st.tuples(st.just('restart')),
    st.tuples(st.just('report'), picks, st.sampled_from(list(S))),
    st.tuples(st.just('fill'), picks, sizes, prices, st.integers(0, 4)),
    st.tuples(st.just('theirs'), symbols, sides, sizes, prices),
    st.tuples(
        st.just('action'), symbols, st.sampled_from(list(records.ActionKind))
    ),
)  # fmt: skip
# Listed more often is more likely.
acts = st.sampled_from(
    [*[bars] * 6, *[by_hand, by_rule, resume] * 2, *[rest] * 6]
).flatmap(lambda chosen: chosen)
histories = st.lists(acts, min_size=12, max_size=60)


class History(worlds.World):
    """A world whose effects reach a simulated market at once."""

    def __init__(self, *rules):
        self.market = simulated.MarketSimulator(
            costs.CostModel(commission_bps=2.0, slippage_bps=3.0)
        )
        super().__init__(*rules, matcher=self.market.on_bar)
        self.ids = ['nobody']
        self.number = 0
        for symbol in worlds.SYMBOLS:
            self.bar(symbol, 100.0)

    def keep(self, taken):
        super().keep(taken)
        for effect in taken.effects:
            self.act(effect)
        return taken

    def act(self, effect):
        reports = []
        with contextlib.suppress(errors.BrokerRejectedError):
            if isinstance(effect, step.Place):
                self.ids.append(effect.order.id)
                reports = self.market.submit(effect.order, self.now)
            elif isinstance(effect, step.Cancel):
                reports = self.market.cancel(effect.order.id, self.now)
            elif isinstance(effect, step.Replace):
                reports = self.market.replace(
                    effect.order.id,
                    self.now,
                    effect.quantity,
                    effect.price,
                    effect.stop_price,
                )
        for report in reports:
            is_fill = isinstance(report, orders.Fill)
            kind = T.FILL if is_fill else T.ORDER_UPDATE
            self.tell(kind, report, 'broker:paper')

    def play(self, act):
        """Does one act; what the engine refuses has no effect."""
        name, *values = act
        with contextlib.suppress(errors.InputError, errors.RefusedError):
            getattr(self, f'do_{name}')(*values)

    def pick(self, number):
        return self.ids[number % len(self.ids)]

    def do_bar(self, symbol, price, volume):
        self.bar(symbol, price, high=price + 3, low=price - 3, volume=volume)

    def do_night(self):
        self.now += DAY

    def do_submit(self, symbol, side, quantity, terms):
        self.order(side, quantity, symbol, **terms)

    def next_id(self):
        self.number += 1
        return f'ab-{self.number}-1-1'

    def do_order(self, name, symbol, side, quantity, terms):
        self.signal(
            self.next_id(), symbol, strategy=name, side=side,
            quantity=quantity, **terms,
        )  # fmt: skip

    def do_target(self, name, symbol, kind, amount):
        self.signal(
            self.next_id(), symbol, strategy=name, kind=kind,
            quantity=amount, weight=amount / 100,
        )  # fmt: skip

    def do_drop(self, name, number):
        self.signal(self.pick(number), strategy=name, kind=KIND.CANCEL)

    def do_cancel(self, number):
        self.command(commands.CancelOrder, order_id=self.pick(number))

    def do_cancel_all(self, symbol):
        self.command(commands.CancelAll, symbol=symbol)

    def do_replace(self, number, quantity, price):
        order = self.state.orders.get(self.pick(number))
        limit = price if order is not None and order.price else None
        self.command(
            commands.ReplaceOrder, order_id=self.pick(number),
            quantity=quantity, price=limit,
        )  # fmt: skip

    def do_flatten(self, symbol, word):
        self.command(commands.Flatten, symbol=symbol, confirm=word)

    def do_halt(self):
        self.command(commands.Halt, who='operator', reason='enough')

    def do_reduce(self):
        self.command(commands.Reduce)

    def do_resume(self):
        self.command(commands.Resume, confirm='RESUME')

    def do_start(self, name):
        self.command(commands.StartStrategy, name=name)

    def do_stop(self, name):
        self.command(commands.StopStrategy, name=name)

    def do_status(self, name, status):
        self.tell(
            T.STRATEGY_STATUS,
            records.StrategyStatus(strategy=name, status=status),
            name,
        )

    def do_restart(self):
        self.tell(
            T.SYSTEM_STATUS,
            records.SystemStatus(component='engine', status='started'),
        )

    def do_action(self, symbol, kind):
        action = records.CorporateAction(
            symbol=symbol, kind=kind, ratio=2.0, amount=0.5, price=60.0
        )
        self.market.act(action, self.now)
        self.tell(T.CORPORATE_ACTION, action, 'data', symbol)

    def do_report(self, number, status):
        self.update(self.pick(number), status, broker_id='b')

    def do_fill(self, number, quantity, price, execution):
        order = self.state.orders.get(self.pick(number))
        if order is not None:
            self.fill(
                order.id, quantity, price, symbol=order.symbol,
                side=order.side, execution_id=f'y{execution}',
            )  # fmt: skip

    def do_theirs(self, symbol, side, quantity, price):
        self.fill('theirs', quantity, price, symbol=symbol, side=side)


def played(acts):
    world = History()
    for act in acts:
        world.play(act)
    return world
