"""What all that works can come to, held against a plain sum of it.

Most of it is kept from order to order: a long history shows that what is
kept is never old, and that no rule had to be asked again without it.
"""

import numpy as np
import pytest

from sting.model import orders
from sting.risk import catalog
from sting.risk import manager
from sting.risk import rules
from sting.risk import scopes
from tests.unit.risk import worlds

pytestmark = pytest.mark.unit

BUY, SELL = worlds.BUY, worlds.SELL
SYMBOLS = ('A', 'B', 'C', 'D')
SOME = frozenset({'A', 'C', 'E'})
SCOPES = {
    'all': scopes.Scope(),
    'some': scopes.Scope('', SOME),
    'own': scopes.Scope('s'),
    'own some': scopes.Scope('s', SOME),
}
STATUS = orders.OrderStatus
EACH = 20.0


class Counted(rules.AccountRule):
    """Counts how often it is asked."""

    name, unit = 'counted', 'times'

    def __init__(self):
        super().__init__(1e9)
        self.asked = 0

    def figure(self, order, system):
        self.asked += 1
        return float(self.asked)


def gate():
    """A gate that counts, and has the gross and the net of each scope."""
    made = manager.RiskManager([Counted()])
    for kind in ('gross_exposure', 'net_exposure'):
        rule = (catalog.OF_ACCOUNT | catalog.OF_SCOPE)[kind]
        for name, scope in SCOPES.items():
            made.add_risk_rule(scopes.Scoped(name, rule(1e9), scope))
    return made


def price_of(one, last):
    """What a unit of a working order may cost, at the most."""
    limit = max(one.price or 0.0, one.changing_price or 0.0)
    stop = max(one.stop_price or 0.0, one.changing_stop or 0.0)
    if one.side is BUY and limit:
        return limit
    return max(last, limit, stop)


def plain(system, scope, side):
    """The gross and the net of a scope with one unit of E more, in cash."""
    book = system.book('s') if scope.strategy else system.portfolio
    symbols = [s for s in SYMBOLS if scope.covers('s', s)]
    working = [
        one
        for one in system.working()
        if scope.covers(one.strategy, one.symbol)
    ]
    gross, net = EACH, side.sign * EACH
    for symbol in symbols:
        held = book.quantity(symbol)
        last = system.prices[symbol]
        mine = [one for one in working if one.symbol == symbol]
        bought = sum(one.exposed for one in mine if one.side is BUY)
        sold = sum(one.exposed for one in mine if one.side is SELL)
        most = max([last, *(price_of(one, last) for one in mine)])
        gross += max(abs(held + bought), abs(held - sold)) * most
        net += held * last
        for one in mine:
            if one.side is side:
                net += side.sign * one.exposed * price_of(one, last)
    return gross, net


def happen(world, chance, nth):
    """Has one thing happen, drawn at random; gives what."""
    what = chance.choice(
        ['price', 'hold', 'close', 'pend', 'pend', 'fill', 'cancel', 'change']
    )
    symbol = str(chance.choice(SYMBOLS))
    units = float(chance.integers(1, 30)) * float(chance.choice([-1.0, 1.0]))
    price = round(float(chance.uniform(50.0, 150.0)), 2)
    works = list(world.system.working(symbol))
    if what == 'price':
        world.price(symbol, price)
    elif what == 'hold':
        world.hold(symbol, units, price)
    elif what == 'close' and world.system.quantity(symbol):
        world.hold(symbol, -world.system.quantity(symbol), price)
    elif what == 'pend':
        terms = [{}, {'price': price}, {'stop_price': price}]
        one = worlds.order(
            BUY if units > 0 else SELL,
            abs(units),
            symbol,
            f'o{nth}',
            strategy=str(chance.choice(['', 's'])),
            **terms[chance.integers(3)],
        )
        world.pend(one)
    elif what == 'fill' and works:
        world.fill(works[0], min(works[0].remaining, abs(units)), price)
    elif what == 'cancel' and works:
        world.cancel(works[-1])
    elif what == 'change' and works:
        change(world, works[0], price, abs(units))


def change(world, one, price, units):
    """Asks the broker for another price or size, unless that is done."""
    asked = {'price': price} if one.price else {'quantity': units}
    updates = {
        STATUS.SUBMITTED: [{'status': STATUS.ACCEPTED}],
        STATUS.PENDING_REPLACE: [],
    }.get(one.status, [{'status': STATUS.PENDING_REPLACE, **asked}])
    for update in updates:
        made = orders.OrderUpdate(order_id=one.id, **update)
        world.take(worlds.T.ORDER_UPDATE, made)


@pytest.mark.parametrize('seed', range(4))
def test_over_a_long_history_the_figures_are_those_of_a_plain_sum(seed):
    chance = np.random.default_rng(seed)
    world = worlds.World(cash=1e7, E=EACH, **dict.fromkeys(SYMBOLS, 100.0))
    asked, system = gate(), world.system
    for nth in range(250):
        happen(world, chance, nth)
        side = BUY if nth % 2 else SELL
        one = worlds.order(side, 1.0, 'E', f'new{nth}', strategy='s')
        figures = asked.evaluate_order(one, system).figures
        # Whatever was found, it was found at the first try.
        assert figures[1] == nth + 1
        both = [plain(system, scope, side) for scope in SCOPES.values()]
        equity = system.portfolio.cash + sum(
            units * system.prices[symbol]
            for symbol, units in system.portfolio.held.items()
        )
        wanted = [gross / equity for gross, _ in both]
        assert figures[2:6] == pytest.approx(wanted)
        for figure, (_, net) in zip(figures[6:], both, strict=True):
            before = net - side.sign * EACH
            assert figure is None or figure == pytest.approx(abs(net) / equity)
            # What takes from it is not held up.
            if abs(net) > abs(before):
                assert figure is not None


def test_what_works_without_a_price_is_not_known_until_there_is_one():
    world = worlds.World(E=EACH, A=100.0)
    world.pend(worlds.order(BUY, 10.0, 'Z', 'p'))
    asked = gate()
    one = worlds.order(BUY, 1.0, 'E', strategy='s')
    assert asked.evaluate_order(one, world.system).figures[2] is None
    world.price('Z', 50.0)
    figures = asked.evaluate_order(one, world.system).figures
    assert figures[2] == pytest.approx((EACH + 500.0) / worlds.CASH)
    world.price('Z', 60.0)
    figures = asked.evaluate_order(one, world.system).figures
    assert figures[2] == pytest.approx((EACH + 600.0) / worlds.CASH)


def test_a_scope_has_nothing_of_what_is_not_in_it():
    world = worlds.World(E=EACH, A=100.0, B=100.0)
    world.hold('B', 10.0)
    world.pend(worlds.order(BUY, 10.0, 'B', 'p', strategy='s'))
    asked = gate()
    for sold in (0.0, 4.0):
        if sold:
            world.hold('A', -sold)
        one = worlds.order(BUY, 1.0, 'E', strategy='s')
        figures = asked.evaluate_order(one, world.system).figures
        scale = worlds.CASH
        assert figures[2] * scale == pytest.approx(2020.0 + sold * 100.0)
        assert figures[3] * scale == pytest.approx(EACH + sold * 100.0)
        assert figures[4] * scale == pytest.approx(1020.0)
        assert figures[5] * scale == pytest.approx(EACH)
